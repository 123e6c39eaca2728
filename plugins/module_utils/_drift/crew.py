# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to servers asked side by side, within a budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from .._dam.prefetch import Prefetcher
from .._errors import DamError

T = TypeVar("T")
K = TypeVar("K")

Question = Callable[[], Any]
# What yields questions, is sent the answers in the same order, and returns what it made of them. The error of a
# question is thrown into it.
Asking = Generator[Sequence[Question], list[Any], T]


class Spent(DamError):  # noqa: N818
    """The budget of requests or seconds is used up."""


class Budget:
    """How many requests may be sent, and for how many seconds; None is no limit. ``clock`` has to be monotonic."""

    def __init__(
        self,
        max_requests: int | None = None,
        max_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = max_requests
        self._seconds = max_seconds
        self._clock = clock
        self._begin = clock()
        self.requests = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begin

    def left(self) -> float | None:
        """Seconds that are left; None without a limit. Raises Spent where none are."""
        if self._seconds is None:
            return None
        left = self._seconds - self.elapsed
        if left <= 0:
            raise Spent(f"max_seconds: the {self._seconds:g} s are over.")
        return left

    def take(self) -> None:
        """Count a request that is about to be sent. Raises Spent where it must not be."""
        self.left()
        if self._most is not None and self.requests >= self._most:
            raise Spent(f"max_requests: all {self._most} requests were sent.")
        self.requests += 1


class Crew:
    """Threads that ask questions, shared by everything that is asked within one budget.

    With one thread the questions are asked by the caller's own, one after the other.
    """

    def __init__(self, threads: int, budget: Budget) -> None:
        self.threads = threads
        self.budget = budget
        self._threads: Prefetcher[None] | None = Prefetcher(threads) if threads > 1 else None

    def submit(self, question: Callable[[], None]) -> None:
        """Have a question asked; it says itself where its answer goes, and raises nothing."""
        if self._threads is None:
            question()
        else:
            self._threads.submit(question)

    def close(self) -> None:
        """Let the threads end. What a server has not answered yet is not waited for."""
        if self._threads is not None:
            self._threads.close()

    def ask(self, asking: Asking[T]) -> T:
        """Run one such generator to its end."""
        jobs: Jobs[None, T] = Jobs(self)
        jobs.add(None, asking)
        return next(iter(jobs.results()))[1]


class _Job(Generic[K, T]):
    """A generator that waits for answers."""

    def __init__(self, key: K, asking: Asking[T]) -> None:
        self.key = key
        self.asking = asking
        self.answers: list[Any] | None = None
        self.missing = 0
        self.error: BaseException | None = None


class Jobs(Generic[K, T]):
    """Generators that ask questions, several at a time, the one that was added last first."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._waiting: list[_Job[K, T]] = []
        self._done: SimpleQueue[tuple[_Job[K, T], int, Any, BaseException | None]] = SimpleQueue()
        self._asked = 0
        self._given_up = False

    def add(self, key: K, asking: Asking[T]) -> None:
        """Have one more run; also while the results of others are taken."""
        self._waiting.append(_Job(key, asking))

    def results(self) -> Iterator[tuple[K, T]]:
        """Yield what each generator returned, with its key, in the order in which they end.

        Raises what one of them raises, and Spent; questions not asked yet are then never asked.
        """
        try:
            while self._waiting or self._asked:
                if self._waiting and self._asked < self._crew.threads:
                    yield from self._go_on(self._waiting.pop())
                    continue
                job, place, answer, error = self._next()
                self._asked -= 1
                cast("list[Any]", job.answers)[place] = answer  # it has asked
                job.error = job.error or error
                job.missing -= 1
                if not job.missing:
                    yield from self._go_on(job)
        finally:
            self._given_up = True

    def _next(self) -> tuple[_Job[K, T], int, Any, BaseException | None]:
        try:
            return self._done.get(timeout=self._crew.budget.left())
        except Empty:
            self._crew.budget.left()
            raise

    def _go_on(self, job: _Job[K, T]) -> Iterator[tuple[K, T]]:
        answers, error = job.answers, job.error
        job.error = None
        try:
            while True:
                questions = job.asking.throw(error) if error else job.asking.send(answers)  # type: ignore[arg-type]
                if questions:
                    break
                answers, error = [], None
        except StopIteration as end:
            yield job.key, end.value
            return
        job.answers, job.missing = [None] * len(questions), len(questions)
        for place, question in enumerate(questions):
            self._crew.budget.take()
            self._asked += 1
            self._crew.submit(self._call(job, place, question))

    def _call(self, job: _Job[K, T], place: int, question: Question) -> Callable[[], None]:
        def call() -> None:
            if self._given_up:
                return
            try:
                self._done.put((job, place, question(), None))
            except BaseException as error:  # noqa: BLE001 - raised again in the generator that asked
                self._done.put((job, place, None, error))

        return call
