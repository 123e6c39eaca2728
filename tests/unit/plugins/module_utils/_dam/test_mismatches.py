# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mismatch logs as a whole: counted, planned from, and deleted with proof."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import (
    Planned,
    count_mismatches,
    delete_logs,
    plan,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import (
    RECORD_ACTIONS,
    RECORD_TYPES,
    Row,
    Subscriber,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    NotSupported,
    ServerError,
    Unreachable,
)
from support.fakes import Clock, FakeDam, log_of, logs

ONE = "id-1"
DOWN = ServerError("DELETE was answered with 502.", status=502)


def dam_with(rows: list[Row], subscriber: list[Subscriber] | None = None, **more: Any) -> FakeDam:
    """Make a publisher that holds these logs."""
    return FakeDam(repeat=("mismatches",), mismatches=[logs(rows, **more)], subscriber=subscriber or [])


@given(number=st.integers(0, 3000), cap=st.integers(1, 1000))
def test_logs_are_counted_right_whatever_the_server_gives_at_once_and_cheaply(number: int, cap: int) -> None:
    dam = dam_with([log_of("KEYWORD", "CREATE")] * number, cap=cap)
    assert count_mismatches(dam.dam, ONE) == number
    assert len(dam.calls) <= 2 + 2 * number.bit_length()


def test_what_is_counted_is_what_was_asked_for() -> None:
    rows = [log_of("KEYWORD", "CREATE")] * 3 + [log_of("KEYWORD", "DELETE")] * 2 + [log_of("VERSION", "DELETE")]
    dam = dam_with(rows)
    assert count_mismatches(dam.dam, ONE, "KEYWORD") == 5
    assert count_mismatches(dam.dam, ONE, "KEYWORD", "DELETE") == 2
    assert count_mismatches(dam.dam, ONE, None, "DELETE") == 3
    assert {call[3] for call in dam.calls} == {ONE}


kinds = st.sampled_from([*RECORD_TYPES, "NEW_TYPE", None])
actions = st.sampled_from([*RECORD_ACTIONS, "NEW_ACTION", None])


@given(st.lists(st.tuples(kinds, actions), max_size=60))
def test_a_plan_counts_every_row_and_takes_the_unknown_for_deletions(pairs: list[tuple[Any, Any]]) -> None:
    planned = plan(dam_with([log_of(kind, action) for kind, action in pairs]).dam, ONE)
    known = [(kind, action) for kind, action in pairs if kind in RECORD_TYPES and action in RECORD_ACTIONS]
    assert planned.total == len(pairs)
    assert not planned.overcounted
    assert sum(planned.by_action.values()) == len(pairs)
    assert planned.by_action["UNKNOWN"] == len(pairs) - len(known)
    deletions = sum(action == "DELETE" for _kind, action in known)
    assert planned.deletes == deletions + len(pairs) - len(known)
    for kind, counts in planned.by_type.items():
        assert counts == {action: known.count((kind, action)) for action in RECORD_ACTIONS}
    assert planned.as_dict() == {
        "total": planned.total,
        "by_type": planned.by_type,
        "by_action": planned.by_action,
    }


@pytest.mark.parametrize("ignored", ["record_type", "record_action"])
def test_a_server_that_does_not_look_at_a_filter_is_noticed(ignored: str) -> None:
    rows = [log_of("KEYWORD", "CREATE")] * 3 + [log_of("VERSION", "UPDATE")] * 2 + [log_of("NEW_TYPE", None)] * 90
    honest = logs(rows)

    def mismatches(offset: int, limit: int, one: str, kind: str | None = None, action: str | None = None) -> list[Row]:
        seen = (None if ignored == "record_type" else kind), (None if ignored == "record_action" else action)
        return list(honest(offset, limit, one, *seen))

    planned = plan(FakeDam(repeat=("mismatches",), mismatches=[mismatches]).dam, ONE)
    assert planned.overcounted is (ignored == "record_action")
    assert min(planned.by_action.values()) >= 0
    assert planned.deletes >= 0


def test_nothing_to_repair_is_planned_with_one_request() -> None:
    dam = dam_with([])
    assert plan(dam.dam, ONE) == Planned(0, {})
    assert len(dam.calls) == 1


def test_types_are_asked_for_only_until_every_row_is_found() -> None:
    dam = dam_with([log_of("COLLECTION", "DELETE")] * 5)
    assert plan(dam.dam, ONE).by_type == {"COLLECTION": {"CREATE": 0, "UPDATE": 0, "DELETE": 5}}
    assert {call[4] for call in dam.calls} == {None, "COLLECTION"}


def test_a_type_that_the_release_does_not_know_is_passed_over() -> None:
    dam = dam_with([log_of("KEYWORD", "CREATE")], unknown=("COLLECTION_MEDIA_RELATION",))
    assert plan(dam.dam, ONE).by_type == {"KEYWORD": {"CREATE": 1, "UPDATE": 0, "DELETE": 0}}


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_any_other_error_ends_the_counting(status: int) -> None:
    def mismatches(offset: int, limit: int, subscriber_id: str, kind: str | None, action: str | None) -> list[Row]:
        if kind:
            raise ServerError("no", status=status)
        return [] if offset else [log_of(None, None)]

    with pytest.raises(ServerError):
        plan(FakeDam(repeat=("mismatches",), mismatches=[mismatches]).dam, ONE)


# Deletion


def test_a_deletion_is_proven_by_looking() -> None:
    dam = FakeDam(delete_mismatches=[None], mismatches=[[]])
    clock = Clock()
    delete_logs(dam.dam, ONE, clock, clock.sleep)
    assert dam.calls == [("delete_mismatches", ONE), ("mismatches", 0, 1, ONE)]
    assert clock.pauses == []


def test_a_deletion_that_takes_a_moment_is_waited_for() -> None:
    dam = FakeDam(delete_mismatches=[None], mismatches=[[{}], [{}], []])
    clock = Clock()
    delete_logs(dam.dam, None, clock, clock.sleep)
    dam.finish()
    assert clock.now == 2


def test_a_deletion_that_was_accepted_but_did_nothing_is_an_error() -> None:
    dam = FakeDam(repeat=("mismatches",), delete_mismatches=[None], mismatches=[[{}]])
    clock = Clock()
    with pytest.raises(DamError, match=r"accepted the deletion, but the logs are still there\. Running again"):
        delete_logs(dam.dam, ONE, clock, clock.sleep)
    assert clock.now == 10


LOST: list[DamError] = [Unreachable("reset", sent=True), Unreachable("refused", sent=False), DOWN]


@pytest.mark.parametrize("error", LOST, ids=repr)
def test_a_deletion_whose_answer_was_lost_is_looked_for_and_never_repeated(error: DamError) -> None:
    dam = FakeDam(delete_mismatches=[error], mismatches=[[{}], []])
    clock = Clock()
    delete_logs(dam.dam, ONE, clock, clock.sleep)
    dam.finish()


@pytest.mark.parametrize("error", LOST, ids=repr)
def test_a_deletion_that_did_not_arrive_is_an_error_with_its_reason(error: DamError) -> None:
    dam = FakeDam(repeat=("mismatches",), delete_mismatches=[error], mismatches=[[{}]])
    clock = Clock()
    with pytest.raises(DamError, match=r"^The mismatch logs were not deleted: .* Running again is safe\.") as caught:
        delete_logs(dam.dam, ONE, clock, clock.sleep)
    assert error.message in caught.value.message


@pytest.mark.parametrize("status", [404, 405])
def test_a_release_without_the_call_is_told_apart(status: int) -> None:
    dam = FakeDam(delete_mismatches=[ServerError("no such call.", status=status, url="u")])
    clock = Clock()
    with pytest.raises(NotSupported, match=r"no such call. Deleting mismatch logs came with.*CF216") as caught:
        delete_logs(dam.dam, ONE, clock, clock.sleep)
    assert caught.value.context == {"status": status, "url": "u"}


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_deletion_that_is_refused_is_an_error_at_once(status: int) -> None:
    dam = FakeDam(delete_mismatches=[ServerError("no", status=status)])
    clock = Clock()
    with pytest.raises(ServerError):
        delete_logs(dam.dam, ONE, clock, clock.sleep)
