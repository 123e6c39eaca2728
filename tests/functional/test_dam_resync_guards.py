# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_resync's guards: what is refused before anything is triggered, and what is let through at the limit."""

from __future__ import annotations

from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.scenes import (
    COMPARED,
    compared,
    fault,
    log_mismatches,
    named,
    numbered,
    register,
    sent,
    set_status,
    triggers,
    writes,
)
from support.standin import StandIn

MODULE = "dam_resync"
NAMES = [
    "two_way_staging",
    "operations_in_progress",
    "failed_operations",
    "max_mismatches",
    "max_deletes",
    "max_delete_percent",
]


def status_of(result: dict[str, Any], guard: str) -> set[str]:
    """Return what a guard said, which may be more than one thing."""
    return {each["status"] for each in result["guards"] if each["name"] == guard}


def assert_refused(result: dict[str, Any], guard: str) -> None:
    """Check that one guard, and no other, refused, and that the task says so."""
    assert (result["failed"], result["changed"]) == (True, False), result
    assert "Nothing was changed: the resync was not started." in result["msg"]
    assert {each["name"] for each in result["guards"] if each["status"] == "refused"} == {guard}
    assert all(each["message"] in result["msg"] for each in result["guards"] if each["status"] == "refused")


def logged(standin: StandIn, rows: list[tuple[str | None, str | None, str]]) -> None:
    """Make it look as if a comparison had found these."""
    log_mismatches(standin, rows)
    set_status(standin, COMPARED)


# --- Two-way staging -------------------------------------------------------------------------------------------------


def test_two_way_staging_is_refused_in_check_mode_and_without_and_nothing_is_lost(
    start_damsim: Any, run_modules: Any
) -> None:
    standin = start_damsim("--two-way")
    compared(standin)
    before = [standin.get("/_sim/digest", at=place) for place in standin.places]
    args = {**connection_to(standin), **named(standin), "allow_failed_operations": True, "max_deletes": -1}
    results = run_modules([Call(MODULE, args, check=check) for check in (True, False)])
    for result in results:
        assert_refused(result, "two_way_staging")
        assert "has the publisher" in result["msg"]
    assert writes(sent(standin)) == []
    assert [standin.get("/_sim/digest", at=place) for place in standin.places] == before


@pytest.mark.parametrize(
    "spelled", ["{host}:{port}", "{host}", "{host}.:{port}", "http://{host}:{port}", "HTTP://{host}:{port}/", "{host}/"]
)
def test_the_publisher_is_recognised_however_its_host_is_written_and_no_option_overrides_it(
    damsim: StandIn, run_module: Any, spelled: str
) -> None:
    compared(damsim)
    publisher = spelled.format(host=damsim.publisher.host, port=damsim.publisher.port)
    register(damsim, damsim.subscribers[0], publisher)
    result = run_module(MODULE, {**named(damsim), "downstream_hosts": [publisher]})
    assert_refused(result, "two_way_staging")
    assert "has the publisher" in result["msg"]
    assert triggers(damsim) == 0


def test_the_publisher_is_recognised_in_upper_case(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    register(damsim, damsim.subscribers[0], f"LOCALHOST.:{damsim.publisher.port}")
    result = run_module(MODULE, {**named(damsim), "hostname": "localhost"}, check=True)
    assert_refused(result, "two_way_staging")
    assert "has the publisher" in result["msg"]


def test_a_host_that_may_be_the_publisher_by_another_name_is_refused_until_it_is_vouched_for(
    damsim: StandIn, run_module: Any
) -> None:
    compared(damsim)
    register(damsim, damsim.subscribers[0], "dx-third.example.com")
    result = run_module(MODULE, named(damsim), check=True)
    assert_refused(result, "two_way_staging")
    assert "downstream_hosts" in result["msg"]
    vouched = run_module(MODULE, {**named(damsim), "downstream_hosts": ["DX-Third.example.com."]}, check=True)
    assert (vouched["failed"], status_of(vouched, "two_way_staging")) == (False, {"ok"})


def test_every_downstream_host_has_to_be_vouched_for(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    for host in ("dx-third.example.com", "dx-fourth.example.com"):
        register(damsim, damsim.subscribers[0], host)
    result = run_module(MODULE, {**named(damsim), "downstream_hosts": ["dx-third.example.com"]}, check=True)
    assert_refused(result, "two_way_staging")
    assert "dx-fourth.example.com" in result["msg"]


def test_another_port_of_the_publishers_host_is_another_environment_to_be_vouched_for(
    damsim: StandIn, run_module: Any
) -> None:
    compared(damsim)
    third = f"{damsim.publisher.host}:1"
    register(damsim, damsim.subscribers[0], third)
    refused = run_module(MODULE, named(damsim), check=True)
    assert_refused(refused, "two_way_staging")
    assert "downstream_hosts" in refused["msg"]
    assert not run_module(MODULE, {**named(damsim), "downstream_hosts": [third]}, check=True)["failed"]


def test_a_subscriber_that_is_the_publisher_itself_is_refused(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    own = {"hostname": damsim.publisher.host, "dx_port": damsim.publisher.port}
    result = run_module(MODULE, {**named(damsim), "subscriber": own}, check=True)
    assert_refused(result, "two_way_staging")
    assert "the publisher's own" in result["msg"]


@pytest.mark.parametrize(
    "answer",
    [{"kind": "status", "status": 500}, {"kind": "status", "status": 403}, {"kind": "body", "body": "<html></html>"}],
)
def test_a_subscriber_that_does_not_tell_its_own_subscribers_is_refused(
    damsim: StandIn, run_module: Any, answer: dict[str, Any]
) -> None:
    compared(damsim)
    fault(damsim, at=damsim.subscribers[0], path="/staging/subscriber$", **answer)
    result = run_module(MODULE, {**named(damsim), "request_retries": 0})
    assert_refused(result, "two_way_staging")
    assert "did not tell" in result["msg"]
    assert triggers(damsim) == 0


# --- The subscriber's queue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["TODO", "READ", "PROCESSING", "RETRY", "WAIT", "PENDING"])
def test_sync_operations_in_progress_are_refused(damsim: StandIn, run_module: Any, status: str) -> None:
    compared(damsim)
    busy = {"triggerFunction": "syncStagingMediaContent", "status": status, "times": 3}
    damsim.post("/_sim/operations", [busy], at=damsim.subscribers[0])
    result = run_module(MODULE, {**named(damsim), "allow_failed_operations": True})
    assert_refused(result, "operations_in_progress")
    assert "syncStagingMediaContent: 3" in result["msg"]
    assert triggers(damsim) == 0


def test_other_operations_are_not_the_resyncs_business(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    other = [{"triggerFunction": "renderThumbnails", "status": status} for status in ("PROCESSING", "FAILED")]
    damsim.post("/_sim/operations", other, at=damsim.subscribers[0])
    assert run_module(MODULE, named(damsim), check=True)["failed"] is False


def test_failed_sync_operations_are_refused_unless_they_are_allowed(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    failed = {"triggerFunction": "syncStagingRoleBlock", "status": "FAILED", "errorInfo": {"message": "No such role."}}
    damsim.post("/_sim/operations", [failed], at=damsim.subscribers[0])
    refused = run_module(MODULE, named(damsim))
    assert_refused(refused, "failed_operations")
    assert "No such role." in refused["msg"]
    assert "allow_failed_operations" in refused["msg"]
    allowed = run_module(MODULE, {**named(damsim), "allow_failed_operations": True}, check=True)
    assert (allowed["failed"], status_of(allowed, "failed_operations")) == (False, {"ok"})


@pytest.mark.parametrize("cap", [1, None])
def test_an_operation_far_down_the_queue_is_found(damsim: StandIn, run_module: Any, cap: int | None) -> None:
    compared(damsim)
    damsim.settings(page_cap=cap)
    queue = [{"triggerFunction": "renderThumbnails", "status": "PROCESSING", "times": 30}]
    queue += [{"triggerFunction": "syncStagingMediaContent", "status": "WAIT"}]
    damsim.post("/_sim/operations", queue, at=damsim.subscribers[0])
    assert_refused(run_module(MODULE, named(damsim), check=True), "operations_in_progress")


# --- Fuses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "options", "guard"),
    [
        (numbered("KEYWORD", "CREATE", 7), {"max_mismatches": 7}, None),
        (numbered("KEYWORD", "CREATE", 8), {"max_mismatches": 7}, "max_mismatches"),
        (numbered("KEYWORD", "CREATE", 8), {"max_mismatches": -1}, None),
        (numbered("KEYWORD", "UPDATE", 1), {"max_mismatches": 0}, "max_mismatches"),
        (numbered("KEYWORD", "DELETE", 3) + numbered("VERSION", "DELETE", 2), {"max_deletes": 5}, None),
        (numbered("KEYWORD", "DELETE", 3) + numbered("VERSION", "DELETE", 3), {"max_deletes": 5}, "max_deletes"),
        (numbered("KEYWORD", "DELETE", 6), {"max_deletes": -1}, None),
        (numbered("KEYWORD", "CREATE", 6), {"max_deletes": 0}, None),
        (numbered("KEYWORD", "DELETE", 1), {"max_deletes": 0}, "max_deletes"),
        (numbered("KEYWORD", None, 6), {"max_deletes": 5}, "max_deletes"),
        (numbered(None, "DELETE", 6), {"max_deletes": 5}, "max_deletes"),
        (numbered("SOMETHING_NEW", "DELETE", 6), {"max_deletes": 5}, "max_deletes"),
        (numbered("PERMISSION", "DELETE", 1000), {}, None),
        (numbered("PERMISSION", "DELETE", 1001), {}, "max_deletes"),
    ],
)
def test_a_fuse_holds_at_its_limit_and_blows_above_it(
    damsim: StandIn, run_module: Any, rows: list[Any], options: dict[str, int], guard: str | None
) -> None:
    logged(damsim, rows)
    result = run_module(MODULE, {**named(damsim), **options}, check=True)
    assert [each["name"] for each in result["guards"][: len(NAMES)]] == NAMES
    if guard is None:
        assert (result["failed"], result["changed"]) == (False, True), result
    else:
        assert_refused(result, guard)
        assert f"{guard}=" in result["msg"]


def with_records(standin: StandIn, record_type: str, total: int) -> None:
    """Bring the subscriber's number of records of a type to a total."""
    place = standin.subscribers[0]
    there = standin.get("/_sim/digest", at=place)[record_type]["count"]
    ids = [f"extra-{number}" for number in range(total - there)]
    standin.post("/_sim/records", [{"type": record_type, "action": "CREATE", "id": each} for each in ids], at=place)
    assert standin.get("/_sim/digest", at=place)[record_type]["count"] == total


@pytest.mark.parametrize(
    ("deletes", "total", "limit", "status"),
    [
        (20, 20, None, "ok"),
        (21, 42, None, "ok"),
        (22, 42, None, "refused"),
        (21, 21, None, "refused"),
        (21, 21, -1, "ok"),
        (21, 21, 100, "ok"),
        (21, 100, 20.5, "refused"),
        (21, 100, 21, "ok"),
    ],
)
def test_a_large_share_of_a_type_is_not_deleted(
    damsim: StandIn, run_module: Any, deletes: int, total: int, limit: float | None, status: str
) -> None:
    with_records(damsim, "KEYWORD", total)
    logged(damsim, numbered("KEYWORD", "DELETE", deletes))
    result = run_module(MODULE, {**named(damsim), "max_delete_percent": 50 if limit is None else limit}, check=True)
    assert status_of(result, "max_delete_percent") == {status}
    if status == "refused":
        assert_refused(result, "max_delete_percent")
        assert f"{deletes} of {total}" in result["msg"]
    else:
        assert (result["failed"], result["changed"]) == (False, True)


def test_where_the_subscriber_does_not_tell_a_total_the_share_is_not_judged(damsim: StandIn, run_module: Any) -> None:
    logged(damsim, numbered("PERMISSION", "DELETE", 30))
    result = run_module(MODULE, named(damsim), check=True)
    assert (result["failed"], status_of(result, "max_delete_percent")) == (False, {"not judged"})


def test_each_type_is_judged_by_itself(damsim: StandIn, run_module: Any) -> None:
    with_records(damsim, "KEYWORD", 100)
    with_records(damsim, "FAVORITE", 30)
    logged(damsim, numbered("KEYWORD", "DELETE", 30) + numbered("FAVORITE", "DELETE", 30))
    result = run_module(MODULE, named(damsim), check=True)
    assert_refused(result, "max_delete_percent")
    assert status_of(result, "max_delete_percent") == {"ok", "refused"}


# --- All of them -----------------------------------------------------------------------------------------------------


def test_every_guard_that_refuses_is_named_at_once_and_check_mode_refuses_as_well(
    damsim: StandIn, run_modules: Any
) -> None:
    with_records(damsim, "KEYWORD", 30)
    logged(damsim, numbered("KEYWORD", "DELETE", 30))
    register(damsim, damsim.subscribers[0], "dx-third.example.com")
    queue = [{"triggerFunction": "syncStagingMediaContent", "status": status} for status in ("TODO", "FAILED")]
    damsim.post("/_sim/operations", queue, at=damsim.subscribers[0])
    args = {**named(damsim), "max_mismatches": 1, "max_deletes": 1}
    for result in run_modules([Call(MODULE, args, check=check) for check in (True, False)]):
        assert [each["name"] for each in result["guards"] if each["status"] == "refused"] == NAMES
        assert all(each["message"] in result["msg"] for each in result["guards"])
        assert (result["failed"], result["changed"], result["planned"]["total"]) == (True, False, 30)
    assert writes(sent(damsim)) == []
