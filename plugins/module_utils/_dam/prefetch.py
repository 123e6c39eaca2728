# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few threads that work ahead of the one who needs the results."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

# Seconds that closing waits for threads that have nothing to do any more. One that still waits for a server is left.
_CLOSING = 0.5


class _Outcome(Generic[T]):
    """What a call returned or raised, once it is done."""

    def __init__(self) -> None:
        self._done = Event()
        self._value: list[T] = []
        self._error: BaseException | None = None

    def run(self, call: Callable[[], T]) -> None:
        try:
            self._value.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        self._done.set()

    def result(self) -> T:
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._value.pop()


class Prefetcher(Generic[T]):
    """Runs calls in ``threads`` threads, in the order in which they were handed over.

    The threads are daemons: a call that hangs keeps neither ``close`` nor the end of the program waiting, as the
    standard library's executor would.
    """

    def __init__(self, threads: int) -> None:
        self._queue: SimpleQueue[tuple[_Outcome[T], Callable[[], T]] | None] = SimpleQueue()
        self._closed = Event()
        self._threads = [Thread(target=self._work, name="dam-prefetch", daemon=True) for _unused in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, call: Callable[[], T]) -> Callable[[], T]:
        """Have ``call`` run; what is returned waits for its result, or raises what it raised. To be called once."""
        outcome: _Outcome[T] = _Outcome()
        self._queue.put((outcome, call))
        return outcome.result

    def close(self) -> None:
        """Let the threads end; calls not begun yet are never made."""
        self._closed.set()
        for _unused in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + _CLOSING
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            if job is None or self._closed.is_set():
                return
            outcome, call = job
            outcome.run(call)
            # A finished page must not be kept alive until the next job comes.
            del job, outcome, call
