# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_operations_info: counts an environment's queue, and waits until it is idle."""

from __future__ import annotations

from typing import Any

import pytest

from support.playbooks import Call
from support.scenes import fault, is_login, looked, once, sent, writes
from support.standin import StandIn

MODULE = "dam_operations_info"
STATUSES = ["TODO", "READ", "PROCESSING", "SUCCESS", "RETRY", "WAIT", "PENDING", "FAILED", "ABORT"]
UNFINISHED = STATUSES[:7]


def queue(standin: StandIn, *operations: dict[str, Any]) -> None:
    """Put operations into the publisher's queue, which is as good as any."""
    standin.post("/_sim/operations", list(operations))


def one(status: str, function: str = "syncStagingMediaContent", **more: Any) -> dict[str, Any]:
    """Return an operation that does not move by itself."""
    return {"triggerFunction": function, "status": status, **more}


# --- Counting --------------------------------------------------------------------------------------------------------


def test_check_mode_and_a_run_say_the_same_and_change_nothing(damsim: StandIn, run_modules: Any) -> None:
    queue(damsim, one("TODO", times=3), one("FAILED", "renderThumbnails"))
    results = run_modules([Call(MODULE, check=check) for check in (True, False, True, False)])
    for result in results:
        assert (result["changed"], result["counts"]) == (False, {"TODO": 3, "FAILED": 1})
        assert result["by_trigger_function"] == {
            "syncStagingMediaContent": {"TODO": 3},
            "renderThumbnails": {"FAILED": 1},
        }
        assert (result["idle"], result["operations"]) == (False, [])
    assert writes(sent(damsim)) == []


@pytest.mark.parametrize("status", STATUSES)
def test_only_failed_and_aborted_operations_leave_a_queue_idle(damsim: StandIn, run_module: Any, status: str) -> None:
    queue(damsim, one(status))
    assert run_module(MODULE)["idle"] is (status not in UNFINISHED)


@pytest.mark.parametrize("switches", [{"page_cap": 1}, {"page_cap": 3}, {"default_page": None}])
def test_everything_is_counted_whatever_the_servers_paging(
    damsim: StandIn, run_module: Any, switches: dict[str, Any]
) -> None:
    damsim.settings(**switches)
    queue(damsim, *(one(status, times=3) for status in STATUSES))
    assert run_module(MODULE)["counts"] == dict.fromkeys(STATUSES, 3)


def test_filters_choose_what_is_counted_but_not_whether_the_queue_is_idle(damsim: StandIn, run_modules: Any) -> None:
    queue(damsim, one("TODO", times=2), one("FAILED"), one("FAILED", "renderThumbnails"))
    args: list[dict[str, Any]] = [
        {"status": ["FAILED"]},
        {"trigger_function": ["renderThumbnails"]},
        {"operation_scope": "sync", "status": ["FAILED", "ABORT"]},
    ]
    failed, other, sync = run_modules([Call(MODULE, each) for each in args])
    assert [each["counts"] for each in (failed, other, sync)] == [{"FAILED": 2}, {"FAILED": 1}, {"FAILED": 1}]
    assert [each["idle"] for each in (failed, other, sync)] == [False, False, False]


def test_scope_sync_is_idle_while_others_work(damsim: StandIn, run_module: Any) -> None:
    queue(damsim, one("PROCESSING", "renderThumbnails"))
    result = run_module(MODULE, {"operation_scope": "sync"})
    assert (result["idle"], result["counts"]) == (True, {})


def test_operations_are_shown_up_to_a_number_and_without_their_inputs(damsim: StandIn, run_module: Any) -> None:
    error = {"message": "No such role."}
    queue(damsim, one("FAILED", retryCounter=3, errorInfo=error, inputs={"password": "hidden"}, times=5))
    result = run_module(MODULE, {"max_operations": 2})
    assert (len(result["operations"]), result["counts"]) == (2, {"FAILED": 5})
    shown = result["operations"][0]
    assert (shown["trigger_function"], shown["status"], shown["retry_counter"]) == (
        "syncStagingMediaContent",
        "FAILED",
        3,
    )
    assert "No such role." in shown["error_info"]
    assert set(shown) == {
        "operation_id", "trigger_function", "status", "error_info", "retry_counter", "created", "updated",
    }  # fmt: skip
    assert "hidden" not in str(result)


# --- Waiting ---------------------------------------------------------------------------------------------------------


def test_an_idle_queue_is_not_waited_for(damsim: StandIn, run_module: Any) -> None:
    queue(damsim, one("FAILED"))
    result = run_module(MODULE, {"wait": True})
    assert (result["failed"], result["idle"], result["counts"]) == (False, True, {"FAILED": 1})
    assert len(result["states"]) == 1


@pytest.mark.parametrize("scope", ["all", "sync"])
def test_a_queue_that_works_is_waited_for(damsim: StandIn, run_module: Any, scope: str) -> None:
    damsim.settings(hold_operations=True)
    queue(damsim, one("TODO", moves=True, times=3))
    with once(looked("/operations", 2), damsim, hold_operations=False):
        result = run_module(MODULE, {"wait": True, "operation_scope": scope})
    assert (result["failed"], result["idle"], result["counts"]) == (False, True, {})
    assert result["states"][0]["status"] != "idle"
    assert result["states"][-1]["status"] == "idle"


@pytest.mark.parametrize("status", UNFINISHED)
def test_every_status_but_failed_and_aborted_is_waited_for_and_named_on_the_timeout(
    damsim: StandIn, run_module: Any, status: str
) -> None:
    queue(damsim, one(status, times=2), one("ABORT"))
    result = run_module(MODULE, {"wait": True, "wait_timeout": 0})
    assert (result["failed"], result["last"]) == (True, status)
    assert result["operation_counts"] == {status: 2}
    assert "syncStagingMediaContent: 2" in result["msg"]
    assert "operation_scope=sync" not in result["msg"]


def test_a_timeout_suggests_scope_sync_where_nothing_belongs_to_staging(damsim: StandIn, run_module: Any) -> None:
    queue(damsim, one("WAIT", "renderThumbnails", times=4))
    result = run_module(MODULE, {"wait": True, "wait_timeout": 1})
    assert result["failed"]
    assert result["duration"] >= 1
    assert [each["status"] for each in result["states"]] == ["WAIT"]
    assert "renderThumbnails: 4" in result["msg"]
    assert "operation_scope=sync does not wait for it" in result["msg"]


@pytest.mark.parametrize("scope", ["all", "sync"])
def test_a_status_that_nobody_knows_counts_as_not_done(damsim: StandIn, run_module: Any, scope: str) -> None:
    body = '[{"id": "1", "triggerFunction": "syncStagingMediaContent", "status": "HALTED"}]'
    empty = {"method": "GET", "kind": "body", "body": "[]", "headers": {"Content-Type": "application/json"}}
    damsim.post("/_sim/faults", [{**empty, "path": r"operations\?(?!.*status=).*offset=0", "times": 99, "body": body}])
    result = run_module(MODULE, {"wait": True, "wait_timeout": 0, "operation_scope": scope})
    assert (result["failed"], result["last"]) == (True, "HALTED")


def test_a_login_that_expires_again_and_again_is_renewed(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_operations=True, token_ttl=10)  # half a second
    queue(damsim, one("TODO", moves=True))
    with once(lambda requests: sum(map(is_login, requests)) > 2, damsim, hold_operations=False):
        assert run_module(MODULE, {"wait": True})["idle"]


def test_a_server_that_stays_away_ends_the_wait_after_error_timeout(damsim: StandIn, run_module: Any) -> None:
    queue(damsim, one("TODO"))
    fault(damsim, path="/operations", skip=3, times=99, kind="status", status=502, body="<html></html>")
    result = run_module(MODULE, {"wait": True, "error_timeout": 2, "request_retries": 0})
    assert (result["failed"], result["status"], result["last"]) == (True, 502, "TODO")
    assert result["duration"] >= 2


def test_a_server_that_is_away_for_a_moment_is_waited_for(damsim: StandIn, run_module: Any) -> None:
    fault(damsim, path="/operations", times=2, kind="drop")
    result = run_module(MODULE, {"wait": True, "request_retries": 0})
    assert (result["failed"], result["idle"]) == (False, True)
