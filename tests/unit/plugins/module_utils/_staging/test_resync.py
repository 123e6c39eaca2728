# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resync needs from both environments, and what failed in it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import Planned
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Row
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, ServerError, Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.guards import Verdict
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.resync import (
    created_since,
    drain,
    judge,
    refuse,
    sync_queue,
    two_way_staging,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import parse_time
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from support.fakes import Clock, FakeDam, operation, operation_row, queue_of, subscriber

PARAMS: dict[str, Any] = {
    "downstream_hosts": [],
    "allow_failed_operations": False,
    "max_mismatches": -1,
    "max_deletes": 1000,
    "max_delete_percent": 50.0,
}


def environment(hostname: str, rows: list[Row] | None = None, **answers: Any) -> FakeDam:
    """Make an environment with an operation queue."""
    dam = FakeDam(
        repeat=("operations", "subscribers", "record_total"),
        operations=[queue_of(rows or [])],
        **{"subscribers": [[]], "record_total": [None], **answers},
    )
    dam.client = SimpleNamespace(connection=Connection(hostname, "https", 443, 443, Ltpa()))
    return dam


PUBLISHER = environment("pub.example")


def verdicts(there: FakeDam, planned: Planned | None = None, **params: Any) -> dict[str, str]:
    """Return the status of every guard."""
    found, _belongs = judge(PUBLISHER.dam, there.dam, planned or Planned(0), {**PARAMS, **params})
    return {verdict.name: verdict.status for verdict in found}


ALL_OK = dict.fromkeys(
    [
        "two_way_staging",
        "operations_in_progress",
        "failed_operations",
        "max_mismatches",
        "max_deletes",
        "max_delete_percent",
    ],
    "ok",
)


def test_every_guard_gives_its_verdict() -> None:
    assert verdicts(environment("sub.example")) == ALL_OK


@pytest.mark.parametrize(
    ("guard", "there", "planned", "params"),
    [
        ("two_way_staging", {"subscribers": [[subscriber(targetHost="pub.example")]]}, Planned(0), {}),
        ("operations_in_progress", {"rows": [operation_row()]}, Planned(0), {}),
        ("failed_operations", {"rows": [operation_row(status="FAILED")]}, Planned(0), {}),
        ("max_mismatches", {}, Planned(6), {"max_mismatches": 5, "max_deletes": -1}),
        ("max_deletes", {}, Planned(6, {"KEYWORD": {"CREATE": 0, "UPDATE": 0, "DELETE": 6}}), {"max_deletes": 5}),
        ("max_deletes", {}, Planned(6), {"max_deletes": 5}),
        ("max_deletes", {}, Planned(6, {"KEYWORD": {"CREATE": 6, "UPDATE": 6, "DELETE": 6}}, True), {}),
        (
            "max_delete_percent",
            {"record_total": [30]},
            Planned(21, {"KEYWORD": {"CREATE": 0, "UPDATE": 0, "DELETE": 21}}),
            {},
        ),
    ],
)
def test_each_guard_refuses_for_its_own_reason_alone(
    guard: str, there: dict[str, Any], planned: Planned, params: dict[str, Any]
) -> None:
    assert verdicts(environment("sub.example", **there), planned, **params) == {**ALL_OK, guard: "refused"}


def test_without_a_limit_nothing_has_to_be_known_of_the_deletions() -> None:
    planned = Planned(6, {"KEYWORD": {"CREATE": 6, "UPDATE": 6, "DELETE": 6}}, overcounted=True)
    assert verdicts(environment("sub.example"), planned, max_deletes=-1) == ALL_OK


def test_what_is_not_of_staging_does_not_stand_in_the_way() -> None:
    rows = [operation_row("createRendition", "TODO"), operation_row("createRendition", "FAILED")]
    assert verdicts(environment("sub.example", rows)) == ALL_OK


def test_options_reach_their_guards() -> None:
    rows = [operation_row(status="FAILED")]
    chain = environment("sub.example", rows, subscribers=[[subscriber(targetHost="third.example")]])
    assert verdicts(chain, downstream_hosts=["third.example"], allow_failed_operations=True) == ALL_OK


@pytest.mark.parametrize("error", [Unreachable("gone", sent=False), ServerError("no right", status=403)])
def test_a_subscriber_that_does_not_tell_its_own_subscribers_is_refused_with_the_reason(error: DamError) -> None:
    there = environment("sub.example", subscribers=[error])
    found = two_way_staging(PUBLISHER.dam, there.dam, [])
    assert found.status == "refused"
    assert "The subscriber sub.example:443 did not tell whether it publishes back" in found.message
    assert error.message in found.message


def test_a_resync_is_refused_with_the_reasons_of_every_guard() -> None:
    refuse([Verdict("a", "ok", "fine"), Verdict("b", "not judged", "unknown")])
    with pytest.raises(DamError) as caught:
        refuse([Verdict("a", "refused", "First."), Verdict("b", "ok", "fine"), Verdict("c", "refused", "Second.")])
    assert caught.value.message == "Nothing was changed: the resync was not started. First. Second."


def test_a_look_through_the_queue_tells_the_age_of_its_youngest_operation() -> None:
    times = ["2026-11-02T07:00:00Z", "2026-11-02T09:00:00Z", "2026-11-02T08:00:00Z", None, "never"]
    rows = [operation_row(status="ABORT", id=str(number), created=time) for number, time in enumerate(times)]
    queue = sync_queue(environment("sub.example", rows).dam)
    assert queue.newest == parse_time("2026-11-02T09:00:00Z")
    assert (queue.in_progress.unfinished, queue.failed.failed_count) == (0, 0)
    assert sync_queue(environment("sub.example").dam).newest is None


# After the trigger


def test_what_had_failed_before_is_not_blamed_on_the_resync() -> None:
    before = environment("sub.example", [operation_row(status="FAILED", id="old")])
    _verdicts, belongs = judge(PUBLISHER.dam, before.dam, Planned(0), PARAMS)
    rows = [
        operation_row(status="FAILED", id="old"),
        operation_row(status="FAILED", id="new", errorInfo="disk full"),
        operation_row(status="FAILED", id="last", errorInfo="no such folder"),
    ]
    found, problem = drain(environment("sub.example", rows).dam, "all", Clock().waiter(), belongs)
    assert [failure["operation_id"] for failure in found["failed_operations"]] == ["new", "last"]
    assert found["failed_operation_count"] == 2
    assert found["operation_counts"] == {"FAILED": 3}
    assert problem == (
        "2 operations of the resync failed at the subscriber (syncStagingMediaContent: 2), the first with the error: "
        "disk full. What they were to repair still differs."
    )


@pytest.mark.parametrize("scope", ["all", "sync"])
def test_a_queue_without_failures_is_no_problem(scope: str) -> None:
    rows = [operation_row("createRendition", "FAILED"), operation_row(status="ABORT")]
    found, problem = drain(environment("sub.example", rows).dam, scope, Clock().waiter(), lambda _operation: True)
    assert problem is None
    assert found["failed_operations"] == []


def test_an_operation_without_an_error_text_is_a_problem_all_the_same() -> None:
    there = environment("sub.example", [operation_row(status="FAILED")])
    _found, problem = drain(there.dam, "all", Clock().waiter(), lambda _operation: True)
    assert problem is not None
    assert "the first with the error: no error given." in problem


@pytest.mark.parametrize(
    ("moved", "created", "belongs"),
    [
        ("2026-11-02T07:00:00Z", "2026-11-02T07:00:01Z", True),
        ("2026-11-02T07:00:00Z", "2026-11-02T06:55:00Z", True),  # the two clocks may be that far apart
        ("2026-11-02T07:00:00Z", "2026-11-02T06:54:59Z", False),
        ("2026-11-02T07:00:00Z", None, True),
        ("2026-11-02T07:00:00Z", "unreadable", True),
        (None, "2026-11-01T07:00:00Z", True),
        ("0001-01-01T00:00:00Z", "2026-11-02T07:00:00Z", True),
        ("2026-11-02T07:00:00Z", "0001-01-01T00:00:00+14:00", False),
        ("9999-12-31T23:59:59-14:00", "2026-11-02T07:00:00Z", False),
    ],
)
def test_operations_of_a_resync_that_was_found_are_told_by_their_time(
    moved: str | None, created: str | None, belongs: bool
) -> None:
    here, there = environment("pub.example").dam, environment("sub.example").dam
    found = created_since(subscriber("RESYNC_TRIGGER_COMPLETED", moved), here, there)
    assert found(operation(status="FAILED", created=created)) is belongs


def dated(hostname: str, ahead: timedelta) -> FakeDam:
    """Make an environment that has just told what its clock shows."""
    there = environment(hostname)
    there.date = datetime.now(timezone.utc) + ahead  # noqa: UP017 - also run on Python 3.9
    return there


@pytest.mark.parametrize("publisher", [-3600, 0, 3600])
@pytest.mark.parametrize("apart", [-7200, 0, 7200])
def test_what_the_clocks_differ_by_is_taken_away(publisher: float, apart: float) -> None:
    here, there = (
        dated(name, timedelta(seconds=ahead)) for name, ahead in [("pub", publisher), ("sub", publisher + apart)]
    )
    moved = datetime(2026, 11, 2, 7, tzinfo=timezone.utc)  # noqa: UP017
    found = created_since(subscriber("RESYNC_TRIGGER_COMPLETED", moved.isoformat()), here.dam, there.dam)
    for after, belongs in [(-400, False), (-200, True), (1, True)]:
        created = (moved + timedelta(seconds=apart + after)).isoformat()
        assert found(operation(status="FAILED", created=created)) is belongs


def test_a_clock_that_is_not_known_is_taken_to_be_right() -> None:
    here, there = environment("pub").dam, dated("sub", timedelta(hours=2)).dam
    found = created_since(subscriber("RESYNC_TRIGGER_COMPLETED", "2026-11-02T07:00:00Z"), here, there)
    assert found(operation(status="FAILED", created="2026-11-02T07:00:00Z"))


def test_only_failed_sync_operations_have_failed() -> None:
    rows = [operation_row(status=status) for status in ("ABORT", "FAILED", "SUCCESS", "TODO", "WAIT")]
    rows.append(operation_row("renditionScan", "FAILED"))
    queue = sync_queue(environment("sub.example", rows).dam)
    assert (queue.failed.failed_count, queue.failed_ids) == (1, {"syncStagingMediaContent-FAILED"})
    assert queue.in_progress.unfinished == 2
