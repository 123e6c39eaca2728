# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in an operation queue, and when it is idle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.queue import (
    MOST_NAMES,
    OTHERS,
    SHOWN,
    Queue,
    Tally,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Row
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError, TimedOut, Unreachable
from support.fakes import Clock, FakeDam, operation, operation_row, queue_of

UNFINISHED = ["TODO", "PENDING", "WAIT", "RETRY", "READ", "PROCESSING", "SUCCESS"]
FOREIGN = "createRendition"


def queue(rows: list[Row], scope: str = "all") -> tuple[Queue, FakeDam]:
    """Make a queue that holds these rows all the time."""
    dam = FakeDam(repeat=("operations",), operations=[queue_of(rows)])
    return Queue(dam.dam, scope), dam


@pytest.mark.parametrize("scope", ["all", "sync"])
@pytest.mark.parametrize("status", [*UNFINISHED, "SOMETHING_NEW"])
def test_a_queue_with_an_unfinished_operation_is_not_idle(status: str, scope: str) -> None:
    look = queue([operation_row(status=status)], scope)[0].look()
    assert (look.done, look.status) == (False, status)


@pytest.mark.parametrize("scope", ["all", "sync"])
@pytest.mark.parametrize("status", ["FAILED", "ABORT"])
def test_what_failed_or_was_aborted_does_not_keep_a_queue_from_being_idle(status: str, scope: str) -> None:
    look = queue([operation_row(status=status)], scope)[0].look()
    assert (look.done, look.status) == (True, "idle")
    assert look.value.by_status == {status: 1}


@pytest.mark.parametrize("status", UNFINISHED)
def test_operations_that_are_not_of_staging_count_with_scope_all_alone(status: str) -> None:
    rows = [operation_row(FOREIGN, status)]
    assert not queue(rows, "all")[0].look().done
    assert queue(rows, "sync")[0].look().done


def test_an_empty_queue_costs_one_small_request() -> None:
    idle, dam = queue([])
    assert idle.look().done
    assert dam.calls == [("operations", 0, 1)]


def test_a_busy_queue_costs_at_most_eight_small_requests() -> None:
    busy, dam = queue([operation_row(status="SUCCESS")])
    assert not busy.look().done
    assert len(dam.calls) == 8
    assert all(call[2] == 1 for call in dam.calls)


def test_an_operation_that_moves_on_between_two_questions_is_found_by_the_count() -> None:
    statuses = iter(["TODO", "TODO", *["moved"] * 20])

    def operations(offset: int, limit: int, status: str | None = None) -> list[Row]:
        # Whenever a status is asked for, the operation has just another one.
        now = next(statuses)
        row = operation_row(status="PROCESSING" if now == "moved" else now)
        return [row] if offset == 0 and status is None else []

    dam = FakeDam(repeat=("operations",), operations=[operations])
    look = Queue(dam.dam).look()
    assert (look.done, look.status) == (False, "PROCESSING")
    assert look.value.unfinished == 1


def test_a_queue_is_read_page_by_page_and_filtered_on_our_side() -> None:
    rows = [operation_row(FOREIGN if number % 3 else "syncX", "TODO", id=str(number)) for number in range(2500)]
    everything, dam = queue(rows)
    assert len(list(everything.operations())) == 2500
    assert [call[1] for call in dam.calls] == [0, 1000, 2000, 2500]
    assert all(one.is_sync for one in queue(rows, "sync")[0].operations())
    assert len(list(queue(rows, "sync")[0].operations("TODO"))) == 834


@given(st.lists(st.tuples(st.sampled_from(["syncA", "syncB", FOREIGN]), st.sampled_from([*UNFINISHED, "FAILED", "X"]))))
def test_counts_add_up(pairs: list[tuple[str, str]]) -> None:
    rows = [operation_row(function, status, id=str(number)) for number, (function, status) in enumerate(pairs)]
    counted = queue(rows)[0].tally()
    left = queue(rows)[0].unfinished()
    assert sum(counted.by_status.values()) == len(pairs)
    assert sum(sum(found.values()) for found in counted.by_trigger_function.values()) == len(pairs)
    assert counted.unfinished == left.unfinished == sum(status != "FAILED" for _function, status in pairs)
    assert counted.failed_count == len(pairs) - counted.unfinished
    assert len(counted.failed) == min(counted.failed_count, SHOWN)
    assert left.failed_count == 0
    assert "FAILED" not in left.by_status


def test_the_first_ten_failures_are_kept_whole_and_all_are_counted() -> None:
    counted = Tally()
    for number in range(25):
        counted.add(operation(status="FAILED", id=str(number), errorInfo=f"reason {number}"))
    assert counted.failed_count == 25
    assert [failure["error_info"] for failure in counted.failures()] == [f"reason {number}" for number in range(10)]


def test_the_errors_of_failures_are_cut_to_what_an_event_can_hold() -> None:
    counted = Tally()
    counted.add(operation(status="FAILED", errorInfo="x" * 5000))
    counted.add(operation(status="FAILED", errorInfo=None))
    assert [len(failure["error_info"] or "") for failure in counted.failures()] == [300, 0]
    assert len(str(counted.failed[0].error_info)) == 2000


def test_names_that_a_server_makes_up_do_not_grow_a_result_without_bound() -> None:
    counted = Tally()
    for number in range(1000):
        counted.add(operation(f"function-{number}", f"status-{number}"))
    for number in range(1000):
        counted.add(operation("function-0", f"status-{number}"))
    assert len(counted.by_status) == MOST_NAMES + 1
    assert counted.by_status[OTHERS] == 2 * (1000 - MOST_NAMES)
    assert len(counted.by_trigger_function) == MOST_NAMES + 1
    assert len(counted.by_trigger_function["function-0"]) == MOST_NAMES + 1


def test_counts_in_words_name_the_most_frequent_first_and_end() -> None:
    counted = Tally()
    for number in range(12):
        for _turn in range(number + 1):
            counted.add(operation(f"f{number}"))
    words = counted.in_words()
    assert words.startswith("f11: 12, f10: 11, ")
    assert words.endswith("f2: 3 and 2 more")
    assert Tally().in_words() == ""


# Waiting


def emptied_after(looks: int, rows: list[Row]) -> Any:
    """Answer from a queue that is empty once it was asked so often for its first row."""
    asked = 0

    def operations(offset: int, limit: int, status: str | None = None) -> list[Row]:
        nonlocal asked
        asked += status is None
        return queue_of(rows)(offset, limit, status) if asked <= looks else []

    return operations


def test_waiting_ends_with_the_counts_of_the_idle_queue() -> None:
    dam = FakeDam(repeat=("operations",), operations=[emptied_after(3, [operation_row()])])
    clock = Clock()
    assert Queue(dam.dam).wait_until_idle(clock.waiter(), "sub").by_status == {}
    assert clock.now == 3


def test_a_timeout_names_what_is_left() -> None:
    rows = [
        operation_row(id="1"),
        operation_row(id="2"),
        operation_row(FOREIGN, "WAIT"),
        operation_row(FOREIGN, "FAILED"),
    ]
    with pytest.raises(
        TimedOut, match=r"for the operations on 'sub' to end.* Left: syncStagingMediaContent: 2, cr"
    ) as caught:
        queue(rows)[0].wait_until_idle(Clock().waiter(30), "sub")
    assert caught.value.context["operation_counts"] == {"TODO": 2, "WAIT": 1}
    assert caught.value.context["last"] == "TODO"
    assert "operation_scope=sync" not in caught.value.message


def test_a_timeout_over_what_is_not_of_staging_suggests_the_scope_sync() -> None:
    with pytest.raises(
        TimedOut, match=r"Left: createRendition: 1\. None of it belongs to staging: operation_scope=sync"
    ):
        queue([operation_row(FOREIGN, "WAIT")])[0].wait_until_idle(Clock().waiter(30), "sub")


def test_a_timeout_after_which_nothing_is_left_says_so_and_suggests_nothing() -> None:
    clock = Clock()

    def operations(offset: int, limit: int, status: str | None = None) -> list[Row]:
        return [operation_row()] if clock.now < 30 or (status is None and limit == 1) or status == "TODO" else []

    dam = FakeDam(repeat=("operations",), operations=[operations])
    with pytest.raises(TimedOut, match=r"Left: nothing any more\.$"):
        Queue(dam.dam).wait_until_idle(clock.waiter(30), "sub")


@pytest.mark.parametrize("error", [Unreachable("gone", sent=False), ServerError("down", status=503)])
def test_a_timeout_stays_one_where_the_server_cannot_say_what_is_left(error: Exception) -> None:
    def operations(offset: int, limit: int, status: str | None = None) -> list[Row]:
        if limit > 1:
            raise error
        return [operation_row()]

    dam = FakeDam(repeat=("operations",), operations=[operations])
    with pytest.raises(TimedOut) as caught:
        Queue(dam.dam).wait_until_idle(Clock().waiter(30), "sub")
    assert caught.value.context["last"] == "TODO"


def test_with_scope_sync_looking_through_a_long_queue_takes_a_tenth_of_the_time() -> None:
    clock = Clock()
    rows = [operation_row(FOREIGN, "WAIT", id=str(number)) for number in range(1500)] + [operation_row()]
    looking = 0.0

    def operations(offset: int, limit: int, status: str | None = None) -> list[Row]:
        nonlocal looking
        clock.now += 2
        looking += 2
        return queue_of(rows)(offset, limit, status)

    dam = FakeDam(repeat=("operations",), operations=[operations])
    with pytest.raises(TimedOut):
        Queue(dam.dam, "sync").wait_until_idle(clock.waiter(3600), "sub")
    assert looking <= 0.12 * clock.now


@pytest.mark.parametrize(("scope", "left"), [("all", 1507), ("sync", 1503)])
def test_what_is_left_is_counted_whatever_its_status(scope: str, left: int) -> None:
    rows = [operation_row(status=status, id=f"{status}-1") for status in ("PROCESSING", "SUCCESS", "RETRY", "FAILED")]
    rows += [operation_row(id=str(number)) for number in range(1500)]
    rows += [operation_row(FOREIGN, "PENDING", id=f"other-{number}") for number in range(4)]
    look = queue(rows, scope)[0].look()
    assert look.left is not None
    assert look.left() == left


def test_counting_what_is_left_of_a_long_queue_takes_few_small_requests() -> None:
    long, dam = queue([operation_row(id=str(number)) for number in range(30000)])
    assert long.left() == 30000
    assert {limit for _name, _offset, limit, _status in dam.calls} == {1}
    assert len(dam.calls) < 40


def test_what_is_left_is_known_where_everything_was_counted_anyway() -> None:
    unknown, dam = queue([operation_row(status="SOMETHING_NEW")])
    look = unknown.look()
    before = len(dam.calls)
    assert look.left is not None
    assert (look.left(), len(dam.calls)) == (1, before)
