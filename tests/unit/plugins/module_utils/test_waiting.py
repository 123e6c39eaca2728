# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The polling loop, by a clock that moves only when the loop sleeps or a look takes its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    OptionError,
    ServerError,
    TimedOut,
    Unreachable,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._waiting import MOST_STATES, Left, Look, look_for
from support.fakes import Clock

PASSING = [
    Unreachable("gone", sent=False),
    Unreachable("cut", sent=True),
    ServerError("no JSON", status=200),
    ServerError("slow down", status=429),
    *(ServerError("down", status=status) for status in (500, 502, 503, 504, 599)),
]
LASTING = [
    Unreachable("certificate", sent=False, final=True),
    *(ServerError("no", status=status) for status in (400, 401, 403, 404, 405, 409, 499)),
    DamError("something else"),
    OptionError("dest"),
]


class Script:
    """A look that gives one status after the other, and is done at ``end``; exceptions among them are raised.

    ``takes`` is how many seconds each look takes. The last status is repeated.
    """

    def __init__(self, clock: Clock, statuses: list[Any], takes: float = 0.0) -> None:
        self._clock = clock
        self._statuses = statuses
        self._takes = takes
        self.looked_at: list[float] = []

    def __call__(self) -> Look[str]:
        self.looked_at.append(self._clock.now)
        self._clock.now += self._takes
        status = self._statuses[min(len(self.looked_at), len(self._statuses)) - 1]
        if isinstance(status, Exception):
            raise status
        return Look(status, status == "end", f"value of {status}")


def test_what_is_so_already_costs_one_look_and_no_sleep() -> None:
    clock = Clock()
    assert clock.waiter().until(Script(clock, ["end"]), "the end") == "value of end"
    assert clock.pauses == []


def test_it_looks_first_and_sleeps_after() -> None:
    clock = Clock()
    look = Script(clock, ["begun", "end"])
    clock.waiter().until(look, "the end")
    assert look.looked_at == [0.0, 1.0]


def test_pauses_are_a_twentieth_of_the_time_gone_by_from_one_second_to_the_most() -> None:
    clock = Clock()
    with pytest.raises(TimedOut):
        clock.waiter(2000, most_sleep=15).until(Script(clock, ["x"]), "the end")
    gone = 0.0
    for pause in clock.pauses[:-1]:
        assert pause == pytest.approx(max(1.0, min(gone / 20, 15.0)))
        gone += pause
    assert max(clock.pauses) == 15.0
    assert clock.pauses[:20] == [1.0] * 20


def test_the_pauses_of_a_second_wait_start_small_again() -> None:
    clock = Clock()
    waiter = clock.waiter()
    clock.now = 500
    waiter.until(Script(clock, ["x", "end"]), "the end")
    assert clock.pauses == [1.0]


def test_the_limit_counts_from_the_making_of_the_waiter_over_all_waits() -> None:
    clock = Clock()
    waiter = clock.waiter(10)
    clock.now = 9.5
    look = Script(clock, ["x"])
    with pytest.raises(TimedOut, match=r"Waited 10 s \(wait_timeout\) for the end; the last status seen was 'x'"):
        waiter.until(look, "the end")
    assert look.looked_at == [9.5, 10.0]


@given(
    timeout=st.integers(0, 5000),
    most_sleep=st.integers(1, 100),
    takes=st.integers(0, 50),
    share=st.sampled_from([1.0, 0.5, 0.1]),
)
def test_it_never_sleeps_past_the_deadline_and_takes_one_last_look_at_it(
    timeout: int, most_sleep: int, takes: int, share: float
) -> None:
    clock = Clock()
    look = Script(clock, ["x"], takes)
    with pytest.raises(TimedOut) as caught:
        clock.waiter(timeout, most_sleep=most_sleep).until(look, "the end", share)
    *before, last = look.looked_at
    assert last >= timeout
    assert last == pytest.approx(timeout) or last == pytest.approx(before[-1] + takes)
    assert all(at < timeout for at in before)
    assert caught.value.context["duration"] == pytest.approx(clock.now, abs=0.001)


@given(takes=st.integers(0, 100), share=st.sampled_from([0.5, 0.1]))
def test_looking_takes_no_more_than_its_share_of_the_time(takes: int, share: float) -> None:
    clock = Clock()
    look = Script(clock, ["x"] * 5 + ["end"], takes)
    clock.waiter(10**6).until(look, "the end", share)
    assert takes * 5 <= share * look.looked_at[-1] + 1e-6


def test_with_no_time_at_all_it_looks_once() -> None:
    clock = Clock()
    look = Script(clock, ["x"])
    with pytest.raises(TimedOut):
        clock.waiter(0).until(look, "the end")
    assert len(look.looked_at) == 1
    assert clock.pauses == []
    assert clock.waiter(0).until(Script(clock, ["end"]), "the end") == "value of end"


def test_what_ends_just_at_the_deadline_is_still_seen() -> None:
    clock = Clock()
    assert clock.waiter(2).until(Script(clock, ["a", "b", "end"]), "the end") == "value of end"
    assert clock.now == 2


def test_a_timeout_says_what_was_seen_and_when() -> None:
    clock = Clock()
    with pytest.raises(TimedOut) as caught:
        clock.waiter(5).until(Script(clock, ["a", "a", "b"]), "the end")
    assert caught.value.context == {
        "last": "b",
        "duration": 5.0,
        "states": [{"status": "a", "elapsed": 0.0}, {"status": "b", "elapsed": 2.0}],
    }
    assert "Nothing was stopped at the server: run again" in caught.value.message


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_an_error_that_may_pass_is_waited_through(error: DamError) -> None:
    clock = Clock()
    look = Script(clock, ["a", error, error, "end"])
    waiter = clock.waiter()
    assert waiter.until(look, "the end") == "value of end"
    assert [state["status"] for state in waiter.states] == ["a", "end"]


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_an_error_that_waiting_does_not_mend_ends_it_at_once(error: DamError) -> None:
    clock = Clock()
    look = Script(clock, ["a", error])
    with pytest.raises(type(error)) as caught:
        clock.waiter().until(look, "the end")
    assert caught.value is error
    assert len(look.looked_at) == 2
    assert {"last": "a", "duration": 1.0}.items() <= caught.value.context.items()


def test_errors_end_it_after_so_long_without_one_good_answer() -> None:
    clock = Clock()
    error = Unreachable("gone", sent=False)
    with pytest.raises(Unreachable) as caught:
        clock.waiter(error_timeout=60).until(Script(clock, ["a", error]), "the end")
    assert 60 <= clock.now < 65
    assert caught.value.context["last"] == "a"


def test_a_good_answer_starts_the_patience_with_errors_anew() -> None:
    clock = Clock()
    error = Unreachable("gone", sent=False)
    statuses = [*[error] * 8, "a", *[error] * 8, "end"]
    assert clock.waiter(error_timeout=10).until(Script(clock, statuses), "the end") == "value of end"


def test_without_patience_the_first_error_ends_it() -> None:
    clock = Clock()
    look = Script(clock, ["a", Unreachable("gone", sent=False)])
    with pytest.raises(Unreachable):
        clock.waiter(error_timeout=0).until(look, "the end")
    assert len(look.looked_at) == 2


def test_an_error_at_the_deadline_is_raised_itself() -> None:
    clock = Clock()
    with pytest.raises(Unreachable) as caught:
        clock.waiter(3).until(Script(clock, ["a", Unreachable("gone", sent=False)]), "the end")
    assert clock.now == 3
    assert caught.value.context["duration"] == 3.0


def test_other_exceptions_are_not_held_back() -> None:
    clock = Clock()
    with pytest.raises(KeyError):
        clock.waiter().until(Script(clock, [KeyError("a defect")]), "the end")


def test_a_server_that_flaps_fills_no_memory_and_the_first_and_last_states_stay() -> None:
    clock = Clock()
    waiter = clock.waiter()
    for number in range(1000):
        waiter.note(str(number))
        waiter.note(str(number))
    kept = [int(state["status"]) for state in waiter.states]
    assert len(kept) == MOST_STATES
    assert kept[:50] == list(range(50))
    assert kept[-50:] == list(range(950, 1000))


def looker(clock: Clock, outcomes: list[Any]) -> Callable[[], Any]:
    """Make a look that raises or returns one outcome after the other, and the last one again and again."""
    waiting = list(outcomes)

    def look() -> Any:
        outcome = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return look


@pytest.mark.parametrize("outcomes", [["found"], [None, "found"], [Unreachable("gone", sent=False), None, "found"]])
def test_what_is_looked_for_is_returned_as_soon_as_it_is_found(outcomes: list[Any]) -> None:
    clock = Clock()
    assert look_for(looker(clock, outcomes), clock, clock.sleep) == "found"
    assert clock.pauses == [1.0] * (len(outcomes) - 1)


@pytest.mark.parametrize("before", [None, *PASSING], ids=repr)
def test_what_is_not_found_in_time_is_given_up(before: Any) -> None:
    clock = Clock()
    assert look_for(looker(clock, [before, None]), clock, clock.sleep, 10.0) is None
    assert clock.now == 10 + (before is not None), "the seconds begin with the first answer"


@pytest.mark.parametrize("patience", [0, 20])
@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_not_having_looked_is_not_taken_for_nothing_found(error: DamError, patience: float) -> None:
    clock = Clock()
    with pytest.raises(DamError, match=r"^Lost\. Whether that took effect is not known: .*again is safe") as caught:
        look_for(looker(clock, [None, error]), clock, clock.sleep, 10.0, patience=patience, why="Lost.")
    assert clock.now == 10 + patience
    assert error.message in caught.value.message
    assert caught.value.context == error.context


def test_after_an_outage_it_is_looked_for_as_long_as_ever() -> None:
    clock = Clock()
    gone = [Unreachable("gone", sent=False)] * 15
    assert look_for(looker(clock, [*gone, None]), clock, clock.sleep, 10.0, patience=20) is None
    assert clock.now == 25
    assert look_for(looker(clock, [*gone, None, None, "found"]), clock, clock.sleep, 10.0, patience=20) == "found"


def test_answers_that_come_and_go_do_not_make_it_look_for_ever() -> None:
    clock = Clock()
    flapping = [None, Unreachable("gone", sent=False)] * 40
    with pytest.raises(DamError, match="Whether that took effect is not known"):
        look_for(looker(clock, flapping), clock, clock.sleep, 10.0, patience=20)
    assert clock.now == 31


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_looking_ends_with_an_error_that_waiting_does_not_mend(error: DamError) -> None:
    clock = Clock()
    with pytest.raises(type(error)):
        look_for(looker(clock, [None, error]), clock, clock.sleep)
    assert clock.now == 1


@pytest.mark.parametrize(("share", "pause"), [(1.0, 1.0), (0.5, 10.0), (0.1, 90.0)])
def test_the_pause_after_a_slow_look_makes_looking_just_its_share(share: float, pause: float) -> None:
    clock = Clock()
    clock.waiter().until(Script(clock, ["x", "end"], takes=10), "the end", share)
    assert clock.pauses == [pytest.approx(pause)]


def test_the_patience_that_is_left_is_that_with_errors_and_no_more_than_the_time() -> None:
    clock = Clock(1000.0)
    waiter = clock.waiter(timeout=100, error_timeout=30)
    patience = []
    for now in (1000.0, 1070.0, 1090.0, 1099.5, 1120.0):
        clock.now = now
        patience.append(waiter.patience)
    assert patience == [30, 30, 10, 0.5, 0]


def test_a_watcher_is_told_what_is_left_until_the_end() -> None:
    clock, told = Clock(), []
    looks = iter([Look("a", False, None, left=lambda: 3), Look("b", True, None, left=lambda: 0)])
    clock.waiter(watch=lambda status, left: told.append((status, left and left()))).until(
        lambda: next(looks), "the end"
    )
    assert told == [("a", 3), ("b", None)]


def test_what_a_watcher_takes_does_not_stretch_the_pause() -> None:
    clock = Clock()

    def watch(_status: str, _left: Left | None) -> None:
        clock.now += 10

    clock.waiter(watch=watch).until(Script(clock, ["x", "end"], takes=1), "the end", 0.1)
    assert clock.pauses == [9.0]


def test_the_patience_with_errors_ends_on_the_second() -> None:
    clock = Clock()
    with pytest.raises(Unreachable):
        clock.waiter(error_timeout=10).until(Script(clock, ["a", Unreachable("gone", sent=False)]), "the end")
    assert clock.now == 10


def test_what_is_looked_for_with_pauses_that_do_not_fit_is_given_up_after_the_time() -> None:
    clock = Clock()
    assert look_for(looker(clock, [None]), clock, clock.sleep, 10.0, pause=3.0) is None
    assert clock.now == 12


def test_the_limits_that_nobody_set_are_the_documented_ones() -> None:
    clock = Clock()
    waiter = clock.waiter()
    assert (waiter.most_sleep, waiter.error_timeout, MOST_STATES) == (15.0, 300.0, 100)
    assert look_for(looker(clock, [None]), clock, clock.sleep) is None
    assert clock.now == 10


def test_times_are_given_in_milliseconds() -> None:
    clock = Clock()
    waiter = clock.waiter()
    clock.now = 1.23456
    assert waiter.elapsed == 1.235


def test_it_does_not_matter_what_the_clock_shows_at_the_beginning() -> None:
    clock = Clock(5000.0)
    waiter = clock.waiter(10)
    with pytest.raises(TimedOut) as caught:
        waiter.until(Script(clock, ["x"]), "the end")
    assert (clock.now, waiter.elapsed, caught.value.context["duration"]) == (5010.0, 10.0, 10.0)


def test_what_a_look_saw_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Look("x", False, None).done = True  # type: ignore[misc]
