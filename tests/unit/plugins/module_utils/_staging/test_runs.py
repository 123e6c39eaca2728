# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting a run once, whatever becomes of the trigger's answer, and following it to its own end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    ServerError,
    TimedOut,
    Unreachable,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.runs import (
    COMPARISON,
    RESYNC,
    TRANSITIONS,
    Kind,
    Reading,
    Run,
    Stage,
    Started,
    follow,
    look_again,
    start,
)
from support.fakes import NEVER_MOVED, Clock, FakeDam, operation_row, queue_of, subscriber

LATER = "2026-11-02T09:00:00.000Z"
IDLE = subscriber("FIND_MISMATCH_COMPLETED")
COMPARING = subscriber("FIND_MISMATCH_START")
RESYNCING = subscriber("RESYNC_TRIGGER_START")
# A run that began and ended between two looks: only its time tells.
COMPARED_SINCE = subscriber("FIND_MISMATCH_COMPLETED", LATER)
RESYNCED_SINCE = subscriber("RESYNC_TRIGGER_COMPLETED", LATER)

AMBIGUOUS: list[DamError] = [
    Unreachable("refused", sent=False),
    Unreachable("reset", sent=True),
    *(ServerError("down", status=status) for status in (200, 500, 502, 503, 504)),
]
CLEAR: list[DamError] = [
    Unreachable("certificate", sent=False, final=True),
    *(ServerError("no", status=status) for status in (400, 401, 403, 404, 405, 422, 429)),
]
CONFLICT = ServerError("PATCH was answered with 409.", status=409, url="https://pub")

kinds = pytest.mark.parametrize("kind", [COMPARISON, RESYNC], ids=lambda kind: kind.name)


def running(kind: Kind) -> Subscriber:
    """Return a subscriber in a run of this kind."""
    return COMPARING if kind is COMPARISON else RESYNCING


def since(kind: Kind) -> Subscriber:
    """Return a subscriber after a run of this kind that was not seen."""
    return COMPARED_SINCE if kind is COMPARISON else RESYNCED_SINCE


def looked(kind: Kind, *looks: Any) -> list[Any]:
    """Return what the looks at the subscriber see, the one before a resync's trigger included."""
    return [*([IDLE] if kind is RESYNC else []), *looks]


# Starting


@kinds
def test_a_trigger_that_is_answered_is_sent_once_and_nothing_is_looked_for(kind: Kind) -> None:
    clock = Clock()
    dam = FakeDam(set_resync_status=[running(kind)], subscriber=looked(kind))
    assert start(dam.dam, IDLE, kind, clock.waiter()) == Started(running(kind), triggered=True, joined=False)
    assert dam.calls[-1] == ("set_resync_status", "id-1", kind.trigger)
    assert dam.count("set_resync_status") == 1
    dam.finish()
    assert clock.pauses == []


@kinds
@pytest.mark.parametrize("error", AMBIGUOUS, ids=repr)
@pytest.mark.parametrize("seen", [running, since])
def test_a_trigger_that_arrived_though_its_answer_did_not_is_joined(
    kind: Kind, error: DamError, seen: Callable[[Kind], Subscriber]
) -> None:
    clock = Clock()
    dam = FakeDam(set_resync_status=[error], subscriber=looked(kind, seen(kind)))
    assert start(dam.dam, IDLE, kind, clock.waiter()) == Started(seen(kind), triggered=True, joined=True)
    dam.finish()
    assert clock.pauses == []


@kinds
@pytest.mark.parametrize("error", AMBIGUOUS, ids=repr)
def test_a_trigger_that_arrives_late_is_joined_and_not_sent_again(kind: Kind, error: DamError) -> None:
    clock = Clock()
    dam = FakeDam(set_resync_status=[error], subscriber=looked(kind, *[IDLE] * 10, running(kind)))
    assert start(dam.dam, IDLE, kind, clock.waiter()).joined
    dam.finish()
    assert clock.now == 10


@pytest.mark.parametrize("error", AMBIGUOUS, ids=repr)
def test_a_comparison_that_did_not_arrive_is_sent_once_more(error: DamError) -> None:
    clock = Clock()
    dam = FakeDam(repeat=("subscriber",), set_resync_status=[error, COMPARING], subscriber=[IDLE])
    assert start(dam.dam, IDLE, COMPARISON, clock.waiter()) == Started(COMPARING, triggered=True, joined=False)
    assert clock.now == 10


@pytest.mark.parametrize("error", AMBIGUOUS, ids=repr)
def test_a_comparison_that_does_not_arrive_twice_is_given_up(error: DamError) -> None:
    clock = Clock()
    dam = FakeDam(repeat=("subscriber",), set_resync_status=[error, error], subscriber=[IDLE])
    with pytest.raises(
        DamError, match=r"^The comparison was not started: .*showed no new run.*again is safe"
    ) as caught:
        start(dam.dam, IDLE, COMPARISON, clock.waiter())
    dam.finish()
    assert error.message in caught.value.message
    assert caught.value.context == error.context
    assert clock.now == 20


@pytest.mark.parametrize("error", AMBIGUOUS, ids=repr)
def test_a_resync_that_did_not_arrive_is_never_sent_again(error: DamError) -> None:
    clock = Clock()
    dam = FakeDam(repeat=("subscriber",), set_resync_status=[error], subscriber=[IDLE])
    with pytest.raises(
        DamError, match=r"^The resync was not started: .*Nothing was changed, and running again is safe"
    ):
        start(dam.dam, IDLE, RESYNC, clock.waiter())
    assert dam.count("set_resync_status") == 1
    assert clock.now == 10


@kinds
@pytest.mark.parametrize("error", CLEAR, ids=repr)
def test_a_refusal_is_raised_as_it_is_and_nothing_is_looked_for(kind: Kind, error: DamError) -> None:
    clock = Clock()
    dam = FakeDam(set_resync_status=[error], subscriber=looked(kind))
    with pytest.raises(type(error)) as caught:
        start(dam.dam, IDLE, kind, clock.waiter())
    assert caught.value is error
    dam.finish()
    assert clock.pauses == []


@kinds
def test_a_conflict_with_a_run_of_this_subscriber_joins_it_and_is_no_trigger(kind: Kind) -> None:
    dam = FakeDam(set_resync_status=[CONFLICT], subscriber=looked(kind, running(kind)))
    started = start(dam.dam, IDLE, kind, Clock().waiter())
    assert started == Started(running(kind), triggered=False, joined=True)


@kinds
def test_a_conflict_with_another_run_of_the_publisher_is_an_error(kind: Kind) -> None:
    clock = Clock()
    dam = FakeDam(repeat=("subscriber",), set_resync_status=[CONFLICT], subscriber=[IDLE])
    with pytest.raises(DamError, match=r"409. So something is running at the publisher.*Wait for the other") as caught:
        start(dam.dam, IDLE, kind, clock.waiter())
    assert caught.value.context == CONFLICT.context
    assert dam.count("set_resync_status") == 1


def test_a_conflict_of_the_second_trigger_is_most_likely_with_the_first_one() -> None:
    lost = Unreachable("reset", sent=True)
    dam = FakeDam(set_resync_status=[lost, CONFLICT], subscriber=[*[IDLE] * 11, COMPARING])
    assert start(dam.dam, IDLE, COMPARISON, Clock().waiter()) == Started(COMPARING, triggered=True, joined=True)


@kinds
def test_a_status_that_nobody_knows_counts_as_a_run(kind: Kind) -> None:
    new = subscriber("SOMETHING_NEW")
    dam = FakeDam(set_resync_status=[ServerError("down", status=502)], subscriber=looked(kind, new))
    assert start(dam.dam, IDLE, kind, Clock().waiter()).subscriber == new


def test_errors_while_looking_whether_it_arrived_are_looked_past() -> None:
    looks: list[Any] = [Unreachable("gone", sent=False), ServerError("down", status=503), COMPARING]
    dam = FakeDam(set_resync_status=[Unreachable("reset", sent=True)], subscriber=looks)
    assert start(dam.dam, IDLE, COMPARISON, Clock().waiter()).joined


@kinds
def test_without_an_answer_nobody_says_that_it_did_not_arrive_and_nothing_is_sent_again(kind: Kind) -> None:
    clock = Clock()
    gone = Unreachable("GET: refused.", sent=False, url="https://pub")
    lost = Unreachable("PATCH: reset.", sent=True)
    dam = FakeDam(repeat=("subscriber",), set_resync_status=[lost], subscriber=looked(kind, gone))
    with pytest.raises(
        DamError, match=r"^PATCH: reset\. Whether that took effect is not kno.* 50 s: GET: re"
    ) as caught:
        start(dam.dam, IDLE, kind, clock.waiter(error_timeout=40))
    assert caught.value.context == gone.context
    assert dam.count("set_resync_status") == 1


def test_a_trigger_that_shows_after_an_outage_is_joined() -> None:
    gone = Unreachable("GET: refused.", sent=False)
    dam = FakeDam(set_resync_status=[Unreachable("reset", sent=True)], subscriber=[IDLE, *[gone] * 30, COMPARING])
    assert start(dam.dam, IDLE, COMPARISON, Clock().waiter()).joined


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_error_that_stays_ends_the_looking(status: int) -> None:
    dam = FakeDam(
        set_resync_status=[Unreachable("reset", sent=True)], subscriber=[IDLE, IDLE, ServerError("no", status=status)]
    )
    with pytest.raises(ServerError) as caught:
        start(dam.dam, IDLE, RESYNC, Clock().waiter())
    assert caught.value.status == status


# The look before the trigger of a resync


@pytest.mark.parametrize("now", [RESYNCING, subscriber("RESYNC_TRIGGER_START", LATER), RESYNCED_SINCE], ids=repr)
def test_a_resync_that_began_since_is_joined_be_it_over_or_not_and_none_is_triggered(now: Subscriber) -> None:
    dam = FakeDam(subscriber=[now])
    assert start(dam.dam, IDLE, RESYNC, Clock().waiter()) == Started(now, triggered=False, joined=True)


@pytest.mark.parametrize(
    "now",
    [
        COMPARING,
        COMPARED_SINCE,
        subscriber("DYNAMIC_STATUS_COMPUTATION_REQUIRED"),
        subscriber("FIND_MISMATCH_FAILED", LATER),
        subscriber("RESYNC_TRIGGER_FAILED", LATER),
        subscriber("RESYNC_TRIGGER_COMPLETED"),  # of an earlier run, since its time has not moved
        subscriber("SOMETHING_NEW"),
        subscriber("FIND_MISMATCH_COMPLETED", None),
        subscriber(None),
        subscriber(None, None),
    ],
    ids=repr,
)
def test_where_anything_else_has_moved_since_the_guards_looked_no_resync_is_triggered(now: Subscriber) -> None:
    dam = FakeDam(subscriber=[now])
    with pytest.raises(DamError, match=r"^Nothing was changed: the resync was not started. While it was ch") as caught:
        start(dam.dam, IDLE, RESYNC, Clock().waiter())
    assert f"to {now.resync_status or 'empty'} ({now.last_resync_time or 'no time'})" in caught.value.message
    assert caught.value.context == {"last": now.resync_status}


def test_what_has_nothing_to_do_with_runs_may_change_before_a_resync() -> None:
    now = subscriber(IDLE.resync_status, updated=LATER, lastSyncTime=LATER, cycleLength=1440)
    dam = FakeDam(subscriber=[now], set_resync_status=[RESYNCING])
    assert start(dam.dam, IDLE, RESYNC, Clock().waiter()).triggered


def test_without_that_look_no_resync_is_triggered() -> None:
    dam = FakeDam(subscriber=[Unreachable("gone", sent=False)])
    with pytest.raises(Unreachable):
        start(dam.dam, IDLE, RESYNC, Clock().waiter())


@pytest.mark.parametrize("now", [COMPARING, subscriber("FIND_MISMATCH_START", LATER), COMPARED_SINCE], ids=repr)
def test_a_comparison_that_began_since_is_joined_be_it_over_or_not(now: Subscriber) -> None:
    dam = FakeDam(subscriber=[now])
    assert look_again(dam.dam, IDLE, COMPARISON) == Started(now, triggered=False, joined=True)


@pytest.mark.parametrize("now", [RESYNCING, subscriber("SOMETHING_NEW")], ids=repr)
def test_while_something_else_runs_no_comparison_may_be_sent(now: Subscriber) -> None:
    dam = FakeDam(subscriber=[now])
    with pytest.raises(DamError, match=r"^Nothing was changed: the comparison was not started. While it was checked"):
        look_again(dam.dam, IDLE, COMPARISON)


@pytest.mark.parametrize(
    "now",
    [IDLE, RESYNCED_SINCE, subscriber("FIND_MISMATCH_FAILED", LATER), subscriber(None), subscriber(None, None)],
    ids=repr,
)
def test_a_comparison_may_be_sent_where_nothing_runs_and_none_was_completed_since(now: Subscriber) -> None:
    assert look_again(FakeDam(subscriber=[now]).dam, IDLE, COMPARISON) is None


def test_a_subscriber_that_was_never_compared_is_named_so() -> None:
    dam = FakeDam(subscriber=[RESYNCING])
    with pytest.raises(DamError, match=r"went from empty \(no time\) to RESYNC_TRIGGER_START \(2026.*Z\): something"):
        look_again(dam.dam, subscriber(None, None), COMPARISON)


# Following

TRIGGERED = Started(COMPARING, triggered=True, joined=False)
SILENT = Started(IDLE, triggered=True, joined=False)  # the answer to the trigger shows no run yet


# A run that was triggered while the subscriber was as in IDLE, at each stage: what the next reading leads to.
UNSEEN, STARTED, DOUBTED, ENDED = Stage.UNSEEN, Stage.STARTED, Stage.DOUBTED, Stage.ENDED
NEXT_STAGES = [
    # the next reading, and the stage that it leads to from UNSEEN, STARTED, DOUBTED and RUNNING
    (COMPARING, (Stage.RUNNING, Stage.RUNNING, Stage.RUNNING, Stage.RUNNING)),
    (subscriber("DYNAMIC_STATUS_COMPUTATION_REQUIRED"), (Stage.RUNNING,) * 4),
    (subscriber("SOMETHING_NEW"), (Stage.RUNNING,) * 4),
    (COMPARED_SINCE, (ENDED, ENDED, ENDED, ENDED)),
    (subscriber("FIND_MISMATCH_FAILED", LATER), (ENDED, ENDED, ENDED, ENDED)),
    (IDLE, (UNSEEN, DOUBTED, ENDED, ENDED)),
    (subscriber("FIND_MISMATCH_FAILED"), (UNSEEN, ENDED, ENDED, ENDED)),
    (subscriber(None), (UNSEEN, ENDED, ENDED, ENDED)),
    (RESYNCING, (ENDED, ENDED, ENDED, ENDED)),
    (RESYNCED_SINCE, (ENDED, ENDED, ENDED, ENDED)),
]


@pytest.mark.parametrize(("reading", "stages"), NEXT_STAGES, ids=repr)
def test_each_reading_leads_from_each_stage_to_the_next(reading: Subscriber, stages: tuple[Stage, ...]) -> None:
    for (started, earlier, stage), expected in zip(
        [
            (SILENT, [], UNSEEN),
            (TRIGGERED, [], STARTED),
            (TRIGGERED, [IDLE], DOUBTED),
            (TRIGGERED, [COMPARING], Stage.RUNNING),
        ],
        stages,
    ):
        run = Run(IDLE, started, COMPARISON)
        for one in earlier:
            run.take(one)
        assert run.stage is stage
        assert run.take(reading) is expected


@pytest.mark.parametrize("moved", [NEVER_MOVED, LATER])
def test_a_status_from_before_that_is_no_end_of_this_kind_is_waited_through(moved: str) -> None:
    before = subscriber("RESYNC_TRIGGER_COMPLETED")
    run = Run(before, Started(before, triggered=True, joined=False), COMPARISON)
    assert run.take(subscriber("RESYNC_TRIGGER_COMPLETED", moved)) is UNSEEN
    assert run.take(COMPARED_SINCE) is ENDED
    run = Run(before, TRIGGERED, COMPARISON)
    assert [run.take(each) for each in (before, COMPARING, before)] == [STARTED, Stage.RUNNING, ENDED]
    assert Run(IDLE, Started(COMPARING, triggered=False, joined=True), COMPARISON).stage is Stage.RUNNING
    assert Run(IDLE, Started(IDLE, triggered=False, joined=True), COMPARISON).stage is STARTED


def test_the_table_of_transitions_is_complete() -> None:
    assert set(TRANSITIONS) == set(Stage) - {ENDED}
    assert all(set(row) == set(Reading) for row in TRANSITIONS.values())


def test_the_end_of_a_run_is_the_subscriber_as_it_was_then() -> None:
    clock = Clock()
    waiter = clock.waiter()
    dam = FakeDam(subscriber=[COMPARING, subscriber("DYNAMIC_STATUS_COMPUTATION_REQUIRED"), COMPARED_SINCE])
    assert follow(dam.dam, IDLE, TRIGGERED, COMPARISON, waiter) == COMPARED_SINCE
    assert [state["status"] for state in waiter.states] == [
        "FIND_MISMATCH_START",
        "DYNAMIC_STATUS_COMPUTATION_REQUIRED",
        "FIND_MISMATCH_COMPLETED",
    ]


def test_a_run_that_was_over_at_once_is_told_by_the_answer_to_the_trigger_and_two_looks() -> None:
    dam = FakeDam(subscriber=[IDLE, IDLE])
    assert follow(dam.dam, IDLE, TRIGGERED, COMPARISON, Clock().waiter()) == IDLE


@pytest.mark.parametrize("stale", ["FIND_MISMATCH_COMPLETED", "FIND_MISMATCH_FAILED"])
def test_a_status_left_from_an_earlier_run_is_not_taken_for_the_end(stale: str) -> None:
    before = subscriber(stale)
    started = Started(before, triggered=True, joined=False)
    dam = FakeDam(subscriber=[before, before, before, COMPARING, COMPARED_SINCE])
    assert follow(dam.dam, before, started, COMPARISON, Clock().waiter()) == COMPARED_SINCE
    dam.finish()


@pytest.mark.parametrize(
    "status", ["RESYNC_TRIGGER_COMPLETED", "FIND_MISMATCH_COMPLETED", "FIND_MISMATCH_FAILED", None]
)
def test_one_old_answer_after_the_trigger_was_taken_is_not_taken_for_the_end(status: str | None) -> None:
    before = subscriber(status)
    dam = FakeDam(subscriber=[before, COMPARING, COMPARED_SINCE])
    assert follow(dam.dam, before, Started(COMPARING, True, False), COMPARISON, Clock().waiter()) == COMPARED_SINCE
    dam.finish()


def test_a_moved_time_is_enough_to_tell_the_end_of_a_run_that_was_never_seen_running() -> None:
    dam = FakeDam(subscriber=[IDLE, COMPARED_SINCE])
    assert follow(dam.dam, IDLE, SILENT, COMPARISON, Clock().waiter()) == COMPARED_SINCE


def test_a_run_that_never_shows_is_a_timeout() -> None:
    dam = FakeDam(repeat=("subscriber", "operations"), subscriber=[IDLE], operations=[[]])
    with pytest.raises(DamError, match=r"^Waited 60 s .*for the comparison for 'sub.example.com' to end") as caught:
        follow(dam.dam, IDLE, SILENT, COMPARISON, Clock().waiter(60))
    assert isinstance(caught.value.__cause__, TimedOut)
    assert caught.value.context["last"] == "FIND_MISMATCH_COMPLETED"


def test_an_unknown_status_keeps_waiting_and_is_named_on_the_timeout() -> None:
    dam = FakeDam(repeat=("subscriber",), subscriber=[subscriber("SOMETHING_NEW")])
    with pytest.raises(TimedOut, match="the last status seen was 'SOMETHING_NEW'") as caught:
        follow(dam.dam, IDLE, Started(RESYNCING, triggered=True, joined=False), RESYNC, Clock().waiter(60))
    assert caught.value.context["states"] == [{"status": "SOMETHING_NEW", "elapsed": 0.0}]


def test_an_empty_status_has_a_name_in_the_states() -> None:
    waiter = Clock().waiter()
    dam = FakeDam(subscriber=[subscriber(None), COMPARED_SINCE])
    follow(dam.dam, IDLE, SILENT, COMPARISON, waiter)
    assert waiter.states[0]["status"] == "(none)"


def test_a_failed_comparison_is_an_error() -> None:
    dam = FakeDam(subscriber=[subscriber("FIND_MISMATCH_FAILED", LATER)], operations=[[]])
    with pytest.raises(
        DamError, match=r"^The comparison for 'sub.example.com' failed: its status is FIND_MISMATCH_F"
    ) as caught:
        follow(dam.dam, IDLE, TRIGGERED, COMPARISON, Clock().waiter())
    assert caught.value.context["last"] == "FIND_MISMATCH_FAILED"
    assert caught.value.context["subscriber"]["resync_status"] == "FIND_MISMATCH_FAILED"
    assert caught.value.context["too_much_data"] is False


def test_a_failed_resync_is_an_error_without_a_diagnosis_of_comparisons() -> None:
    dam = FakeDam(subscriber=[subscriber("RESYNC_TRIGGER_FAILED", LATER)])
    with pytest.raises(DamError, match=r"^The resync for 'sub.example.com' failed"):
        follow(dam.dam, IDLE, Started(RESYNCING, triggered=True, joined=False), RESYNC, Clock().waiter())


@pytest.mark.parametrize(
    ("kind", "foreign"),
    [
        (COMPARISON, RESYNCING),
        (COMPARISON, RESYNCED_SINCE),
        (COMPARISON, subscriber("RESYNC_TRIGGER_FAILED", LATER)),
        (COMPARISON, subscriber(None)),
        (RESYNC, COMPARING),
        (RESYNC, IDLE),
        (RESYNC, subscriber("FIND_MISMATCH_FAILED", LATER)),
        (RESYNC, subscriber(None, None)),
    ],
)
def test_another_run_that_takes_the_place_of_this_one_is_an_error(kind: Kind, foreign: Subscriber) -> None:
    dam = FakeDam(subscriber=[running(kind), foreign])
    with pytest.raises(DamError, match=r"was not seen to end: .*so something else was started") as caught:
        follow(dam.dam, IDLE, Started(running(kind), triggered=True, joined=False), kind, Clock().waiter())
    assert caught.value.context["last"] == foreign.resync_status
    assert f"went to {foreign.resync_status or 'empty'}, so" in caught.value.message
    dam.finish()


def test_a_moved_time_beside_a_status_from_before_may_be_ahead_of_the_status() -> None:
    before = subscriber("RESYNC_TRIGGER_COMPLETED")
    started = Started(before, triggered=True, joined=False)
    dam = FakeDam(subscriber=[RESYNCED_SINCE, COMPARING, COMPARED_SINCE])
    assert follow(dam.dam, before, started, COMPARISON, Clock().waiter()) == COMPARED_SINCE


def test_each_look_that_sees_the_run_is_told_and_no_other() -> None:
    looks: list[Any] = [IDLE, COMPARING, subscriber("SOMETHING_NEW"), COMPARED_SINCE]
    told: list[int] = []
    dam = FakeDam(subscriber=looks)
    follow(dam.dam, IDLE, SILENT, COMPARISON, Clock().waiter(), lambda: told.append(len(dam.calls)))
    assert told == [2, 3]


def test_a_joined_run_needs_no_further_proof() -> None:
    dam = FakeDam(subscriber=[IDLE, IDLE])
    assert follow(dam.dam, IDLE, Started(IDLE, triggered=False, joined=True), COMPARISON, Clock().waiter()) == IDLE


FAILED_FIND = operation_row("findStagingMismatch", "FAILED", retryCounter=3)
ADVICE = "there may be too much data to compare. For that the vendor advises to deregister the subscriber"


@pytest.mark.parametrize(
    ("queue", "number"),
    [
        ([FAILED_FIND], 1),
        ([FAILED_FIND] * 1 + [operation_row("findStagingMismatch", "FAILED", retryCounter=1, id="other")], 2),
        ([operation_row("findStagingMismatch", "FAILED", retryCounter=0)], 0),
        ([operation_row("findStagingMismatch", "RETRY", retryCounter=3)], 0),
        ([operation_row("compareRecords", "FAILED", retryCounter=3)], 0),
        ([], 0),
    ],
)
@pytest.mark.parametrize("status", ["FIND_MISMATCH_FAILED", "FIND_MISMATCH_START"])
def test_a_comparison_that_fails_or_lasts_looks_for_the_sign_of_too_much_data(
    status: str, queue: list[dict[str, Any]], number: int
) -> None:
    dam = FakeDam(
        repeat=("subscriber", "operations"), subscriber=[subscriber(status, LATER)], operations=[queue_of(queue)]
    )
    with pytest.raises(DamError) as caught:
        follow(dam.dam, IDLE, TRIGGERED, COMPARISON, Clock().waiter(100))
    assert (ADVICE in caught.value.message) is (number > 0)
    assert (f"{number} findStagingMismatch operations" in caught.value.message) is (number > 0)


def test_a_publisher_that_cannot_be_asked_for_the_reason_is_no_second_error() -> None:
    dam = FakeDam(subscriber=[subscriber("FIND_MISMATCH_FAILED", LATER)], operations=[Unreachable("gone", sent=False)])
    with pytest.raises(DamError, match=r"its status is FIND_MISMATCH_FAILED\.$"):
        follow(dam.dam, IDLE, TRIGGERED, COMPARISON, Clock().waiter())


def test_passing_errors_are_waited_through_and_lasting_ones_keep_what_was_learnt() -> None:
    dam = FakeDam(subscriber=[RESYNCING, Unreachable("gone", sent=False), RESYNCED_SINCE])
    started = Started(RESYNCING, triggered=True, joined=False)
    assert follow(dam.dam, IDLE, started, RESYNC, Clock().waiter()) == RESYNCED_SINCE
    dam = FakeDam(subscriber=[RESYNCING, ServerError("no", status=403)])
    with pytest.raises(ServerError) as caught:
        follow(dam.dam, IDLE, started, RESYNC, Clock().waiter())
    assert caught.value.context["last"] == "RESYNC_TRIGGER_START"
