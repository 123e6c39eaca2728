# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions asked side by side: every answer comes to who asked, errors too, and nothing is asked beyond the budget."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.crew import Asking, Budget, Crew, Jobs, Spent
from support.fakes import Clock


def answer(value: Any) -> Callable[[], Any]:
    """Make a question with a given answer."""
    return lambda: value


def refuse(error: Exception) -> Callable[[], Any]:
    """Make a question that ends in an error."""

    def ask() -> Any:
        raise error

    return ask


def adding(*rounds: list[int]) -> Asking[int]:
    """Add up the answers of several rounds of questions."""
    total = 0
    for numbers in rounds:
        answers = yield [answer(number) for number in numbers]
        assert answers == numbers
        total += sum(answers)
    return total


def careful() -> Asking[str]:
    """Ask in vain, and go on."""
    try:
        yield [answer(1), refuse(ValueError("no")), answer(2)]
    except ValueError as error:
        (more,) = yield [answer("more")]
        return f"{error}, {more}"
    return "nothing was refused"


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_answers_come_to_who_asked_in_the_order_of_the_questions(threads: int) -> None:
    budget = Budget()
    crew = Crew(threads, budget)
    jobs: Jobs[int, int] = Jobs(crew)
    for number in range(20):
        jobs.add(number, adding([number, 1, 2], [], [number]))
    results = dict(jobs.results())
    crew.close()
    assert results == {number: 2 * number + 3 for number in range(20)}
    assert budget.requests == 20 * 4


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_is_thrown_into_the_one_that_asked(threads: int) -> None:
    crew = Crew(threads, Budget())
    assert crew.ask(careful()) == "no, more"
    crew.close()


def test_an_error_that_nobody_handles_is_raised() -> None:
    def careless() -> Asking[None]:
        yield [refuse(KeyError("gone"))]

    with pytest.raises(KeyError, match="gone"):
        Crew(1, Budget()).ask(careless())


def test_jobs_can_be_added_while_results_are_taken_and_the_last_goes_first() -> None:
    jobs: Jobs[str, int] = Jobs(Crew(1, Budget()))
    jobs.add("first", adding([1]))
    jobs.add("second", adding([2]))
    order = []
    for key, _total in jobs.results():
        order.append(key)
        if key == "second":
            jobs.add("third", adding([3]))
    assert order == ["second", "third", "first"]


def test_no_more_questions_are_under_way_than_there_are_threads() -> None:
    lock, running, most = threading.Lock(), 0, 0
    both = threading.Barrier(2, timeout=10)

    def question() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()
        with lock:
            running -= 1

    def asking() -> Asking[None]:
        yield [question]

    crew = Crew(2, Budget())
    jobs: Jobs[int, None] = Jobs(crew)
    for number in range(10):
        jobs.add(number, asking())
    assert len(list(jobs.results())) == 10
    crew.close()
    assert most == 2


def test_the_budget_of_requests_is_kept_to_the_last_one() -> None:
    budget = Budget(max_requests=5)
    asked: list[int] = []

    def asking() -> Asking[None]:
        for number in range(10):
            yield [partial(asked.append, number)]

    with pytest.raises(Spent, match="max_requests: all 5 requests were sent"):
        Crew(1, budget).ask(asking())
    assert asked == [0, 1, 2, 3, 4]
    assert budget.requests == 5


def test_the_budget_of_seconds_ends_before_the_next_question() -> None:
    clock = Clock()
    budget = Budget(max_seconds=10, clock=clock)

    def asking() -> Asking[None]:
        while True:
            yield [lambda: clock.sleep(4)]

    with pytest.raises(Spent, match="max_seconds: the 10 s are over"):
        Crew(1, budget).ask(asking())
    assert clock.now == 12


def test_a_question_without_an_answer_does_not_outlast_the_budget() -> None:
    answered = threading.Event()

    def asking() -> Asking[None]:
        yield [answered.wait]

    crew = Crew(2, Budget(max_seconds=0.05))
    with pytest.raises(Spent):
        crew.ask(asking())
    answered.set()
    crew.close()


class Slow(Crew):
    """Threads that have not come to anything yet when the time is over."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(1, Budget(max_seconds=10, clock=clock))
        self.clock = clock
        self.waiting: list[Callable[[], None]] = []

    def submit(self, question: Callable[[], None]) -> None:
        self.waiting.append(question)
        self.clock.sleep(20)


def test_what_was_not_asked_when_it_ended_is_never_asked() -> None:
    asked = []
    crew = Slow(Clock())

    def asking() -> Asking[None]:
        yield [lambda: asked.append(1)]

    with pytest.raises(Spent):
        crew.ask(asking())
    assert len(crew.waiting) == 1
    for question in crew.waiting:
        question()
    assert asked == []
