# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_resync: repairs what the last comparison found, once, and says what did not work. Its guards: the next file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.playbooks import Call
from support.scenes import (
    COMPARED,
    api,
    compared,
    fault,
    keep_operations,
    log_mismatches,
    looked,
    named,
    numbered,
    once,
    runs_started,
    sent,
    sent_by_task,
    server_time,
    set_status,
    shown,
    token,
    triggers,
    warned,
    writes,
)
from support.scripted import Reply, Request, scripted
from support.standin import StandIn

MODULE = "dam_resync"
START = "RESYNC_TRIGGER_START"
COMPARING = "FIND_MISMATCH_START"
ALL_STEPS = ["trigger", "wait_trigger", "wait_operations"]
ONE = r"/staging/subscriber/."
FUNCTION = "resyncSubscriber"


def start_resync(standin: StandIn) -> None:
    """Have the publisher begin a resync that no task asked for."""
    api(standin, "PATCH", f"/staging/subscriber/{standin.subscribers[0].id}", {"resyncStatus": START})


# --- The cycle -------------------------------------------------------------------------------------------------------


def test_check_run_check_run_repairs_once_and_check_mode_writes_nothing(damsim: StandIn, run_modules: Any) -> None:
    rows = compared(damsim)
    calls = [Call(MODULE, named(damsim), check=check, diff=True) for check in (True, False, True, False)]
    checked, done, checked_again, done_again = run_modules(calls)
    assert [each["changed"] for each in (checked, done, checked_again, done_again)] == [True, True, False, False]
    assert [writes(requests) for requests in sent_by_task(damsim)] == [[], ["PATCH subscriber"], [], []]
    assert checked["actions"] == done["actions"] == ALL_STEPS
    assert checked_again["actions"] == done_again["actions"] == ["wait_operations"]
    assert checked["mismatch_count_before"] == done["mismatch_count_before"] == rows
    assert checked["planned"] == done["planned"]
    assert done["diff"] == {"before": {"resync_status": COMPARED}, "after": {"resync_status": START}}
    assert (done["failed_operation_count"], done["failed_operations"], done["operation_counts"]) == (0, [], {})
    assert "in_sync" not in done
    assert damsim.digests_equal()


def test_what_it_plans_is_what_differs(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    planned = run_module(MODULE, named(damsim), check=True)["planned"]
    counts = damsim.expected()["counts"]
    assert {name: {a: n for a, n in found.items() if n} for name, found in planned["by_type"].items()} == counts
    assert planned["total"] == len(damsim.expected()["rows"])


def test_compare_resync_compare_ends_in_sync(damsim: StandIn, run_modules: Any) -> None:
    compare = Call("dam_find_mismatch", {**named(damsim), "max_age": 0})
    before, _resync, after = run_modules([compare, Call(MODULE, named(damsim)), compare])
    assert (before["in_sync"], after["in_sync"], after["mismatch_count"]) == (False, True, 0)


@pytest.mark.parametrize("moves", ["start", "end"])
@pytest.mark.parametrize("switches", [{"page_cap": 3}, {"default_page": None}, {"trigger_functions_filter": "prefix"}])
def test_it_repairs_whatever_the_server_does_where_nothing_is_documented(
    damsim: StandIn, run_module: Any, moves: str, switches: dict[str, Any]
) -> None:
    compared(damsim)
    damsim.settings(last_resync_time_moves=moves, **switches)
    assert run_module(MODULE, named(damsim))["actions"] == ALL_STEPS
    assert damsim.digests_equal()


# --- Every status ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "actions", "changed"),
    [
        ("FIND_MISMATCH_COMPLETED", ["trigger"], True),
        ("RESYNC_TRIGGER_START", ["join"], False),
        ("RESYNC_TRIGGER_COMPLETED", [], False),
    ],
)
def test_what_it_does_in_each_status(
    damsim: StandIn, run_module: Any, status: str, actions: list[str], changed: bool
) -> None:
    compared(damsim)
    set_status(damsim, status)
    result = run_module(MODULE, {**named(damsim), "wait": False})
    assert (result["actions"], result["changed"]) == (actions, changed), result
    assert triggers(damsim) == int(changed)


@pytest.mark.parametrize(
    "status",
    [
        None,
        "FIND_MISMATCH_START",
        "DYNAMIC_STATUS_COMPUTATION_REQUIRED",
        "FIND_MISMATCH_FAILED",
        "RESYNC_TRIGGER_FAILED",
        "SOMETHING_NEW",
    ],
)
def test_without_a_completed_comparison_it_refuses(damsim: StandIn, run_module: Any, status: str | None) -> None:
    compared(damsim)
    set_status(damsim, status)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"]) == (True, False)
    assert "Compare again first, with dam_find_mismatch" in result["msg"]
    assert (status or "empty") in result["msg"]
    assert writes(sent(damsim)) == []


def test_a_comparison_without_mismatches_needs_nothing(damsim: StandIn, run_module: Any) -> None:
    set_status(damsim, COMPARED, age=None)
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["actions"], result["mismatch_count_before"]) == (False, [], 0)
    assert {each["env"] for each in sent(damsim)} == {damsim.publisher.name}


@pytest.mark.parametrize("skew", [0, 10_000, -10_000])
def test_the_comparisons_age_is_judged_by_the_publishers_clock(damsim: StandIn, run_modules: Any, skew: int) -> None:
    damsim.settings(at=damsim.publisher, clock_skew=skew)
    compared(damsim, age=1000)
    args = [{**named(damsim), "max_age": max_age} for max_age in (2000, 900)]
    young, old = run_modules([Call(MODULE, each, check=True) for each in args])
    assert (young["failed"], young["changed"]) == (False, True)
    assert (old["failed"], old["changed"]) == (True, False)
    assert "max_age is 900 s" in old["msg"]


def test_a_comparison_of_unknown_age_is_too_old(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    set_status(damsim, COMPARED, age=None)
    result = run_module(MODULE, named(damsim))
    assert result["failed"]
    assert "of unknown age" in result["msg"]


# --- Joining ---------------------------------------------------------------------------------------------------------


def test_a_running_resync_is_joined_and_seen_to_its_end(damsim: StandIn, run_module: Any) -> None:
    keep_operations(damsim)
    compared(damsim)
    damsim.settings(hold_resync=True)
    start_resync(damsim)
    with once(looked(ONE, 2), damsim, hold_resync=False):
        result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["actions"]) == (False, ["join", "wait_trigger", "wait_operations"])
    assert result["planned"] is None
    assert writes(sent(damsim)) == []
    assert runs_started(damsim, FUNCTION) == 1
    assert damsim.digests_equal()


def test_a_queue_that_a_resync_left_is_waited_for(damsim: StandIn, run_module: Any) -> None:
    set_status(damsim, "RESYNC_TRIGGER_COMPLETED")
    work = {"triggerFunction": "syncStagingMediaContent", "moves": True, "times": 3}
    damsim.settings(hold_operations=True)
    damsim.post("/_sim/operations", [work], at=damsim.subscribers[0])
    with once(looked("/operations", 2), damsim, hold_operations=False):
        result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["actions"]) == (False, False, ["wait_operations"])
    assert result["states"][0]["status"] != "idle"
    assert result["states"][-1]["status"] == "idle"


@pytest.mark.parametrize(("ago", "fails"), [(0, True), (7200, False)])
def test_of_a_resync_found_done_only_operations_created_since_count_as_failed(
    damsim: StandIn, run_module: Any, ago: float, fails: bool
) -> None:
    set_status(damsim, "RESYNC_TRIGGER_COMPLETED", age=60)
    failed = {"triggerFunction": "syncStagingMediaContent", "status": "FAILED", "created": server_time(damsim, ago)}
    damsim.post("/_sim/operations", [failed], at=damsim.subscribers[0])
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["failed_operation_count"]) == (fails, int(fails))


def test_the_operations_of_a_resync_found_done_are_told_by_the_subscribers_clock(
    damsim: StandIn, run_module: Any
) -> None:
    damsim.settings(at=damsim.subscribers[0], clock_skew=-7200)
    set_status(damsim, "RESYNC_TRIGGER_COMPLETED", age=60)
    failed = {"triggerFunction": "syncStagingMediaContent", "status": "FAILED", "created": server_time(damsim, 7200)}
    damsim.post("/_sim/operations", [failed], at=damsim.subscribers[0])
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["failed_operation_count"]) == (True, 1), result


# --- Triggers whose fate is unknown ----------------------------------------------------------------------------------

HTML = "<html><body>busy</body></html>"
LOST: dict[str, dict[str, Any]] = {
    "drop": {"kind": "drop"},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502, "body": HTML},
    "503": {"kind": "status", "status": 503, "body": HTML},
    "504": {"kind": "status", "status": 504},
    "cut answer": {"kind": "truncate"},
    "html with 200": {"kind": "body", "body": HTML},
}


@pytest.mark.parametrize("how", LOST)
def test_a_trigger_that_arrived_though_its_answer_was_lost_is_found_and_not_sent_again(
    damsim: StandIn, run_module: Any, how: str
) -> None:
    keep_operations(damsim)
    compared(damsim)
    fault(damsim, method="PATCH", when="after", **LOST[how])
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["actions"]) == (True, ["trigger", "join", "wait_trigger", "wait_operations"])
    assert (triggers(damsim), runs_started(damsim, FUNCTION)) == (1, 1)
    assert damsim.digests_equal()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["drop", "503"])
def test_a_trigger_that_did_not_arrive_is_not_sent_again_and_running_again_converges(
    damsim: StandIn, run_module: Any, how: str
) -> None:
    keep_operations(damsim)
    compared(damsim)
    fault(damsim, method="PATCH", **LOST[how])
    failed = run_module(MODULE, named(damsim))
    assert (failed["failed"], failed["changed"]) == (True, False)
    assert "running again is safe" in failed["msg"]
    assert (triggers(damsim), runs_started(damsim, FUNCTION)) == (1, 0)
    done = run_module(MODULE, named(damsim))
    assert (done["failed"], done["changed"]) == (False, True)
    assert (triggers(damsim), runs_started(damsim, FUNCTION)) == (2, 1)
    assert damsim.digests_equal()


def test_a_conflict_with_a_resync_that_began_a_moment_ago_joins_it(damsim: StandIn, run_module: Any) -> None:
    keep_operations(damsim)
    compared(damsim)
    fault(damsim, method="PATCH", when="after", kind="status", status=409)
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["actions"]) == (False, ["join", "wait_trigger", "wait_operations"])
    assert runs_started(damsim, FUNCTION) == 1


@pytest.mark.parametrize("status", [400, 403])
def test_a_trigger_that_is_refused_fails_at_once_with_the_servers_words(
    damsim: StandIn, run_module: Any, status: int
) -> None:
    compared(damsim)
    body = '{"error": {"statusCode": "400", "name": "Error", "message": "Not today."}}'
    fault(damsim, method="PATCH", kind="status", status=status, body=body)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["server_message"]) == (True, False, "Not today.")
    assert triggers(damsim) == 1


# --- Two people at once ---------------------------------------------------------------------------------------------


def resync_while(happens: Callable[[], Any], standin: StandIn, run_module: Any) -> dict[str, Any]:
    """Return what comes of a resync when something happens while its guards ask an idle subscriber."""
    begun = False

    def idle(_request: Request, _handler: Any) -> Reply:
        nonlocal begun
        if not begun:
            begun = True
            happens()
        return Reply(200, [])

    with scripted() as subscriber:
        subscriber.says(idle)
        args = {**named(standin), "subscriber": {"hostname": "127.0.0.1", "dx_port": subscriber.port}}
        result: dict[str, Any] = run_module(MODULE, args)
    assert begun
    return result


@pytest.mark.parametrize("moves", ["start", "end"])
@pytest.mark.parametrize("over", [False, True])
def test_a_resync_that_someone_else_starts_meanwhile_is_joined_be_it_over_or_not(
    damsim: StandIn, run_module: Any, over: bool, moves: str
) -> None:
    keep_operations(damsim)
    compared(damsim, age=60)
    damsim.settings(last_resync_time_moves=moves, resync_trigger_delay=0 if over else 20)

    def happens() -> None:
        start_resync(damsim)
        if over:
            damsim.get("/_sim/idle")

    result = resync_while(happens, damsim, run_module)
    assert (result["failed"], result["changed"]) == (False, False), result
    assert result["actions"] == ["join", "wait_trigger", "wait_operations"]
    assert result["subscriber"]["resync_status"] == "RESYNC_TRIGGER_COMPLETED"
    assert (triggers(damsim), runs_started(damsim, FUNCTION)) == (0, 1)


@pytest.mark.parametrize("over", [False, True])
def test_what_the_guards_found_does_not_hold_for_a_comparison_that_someone_else_starts_meanwhile(
    damsim: StandIn, run_module: Any, over: bool
) -> None:
    keep_operations(damsim)
    compared(damsim, age=60)
    damsim.settings(hold_comparison=not over)

    def happens() -> None:
        api(damsim, "PATCH", f"/staging/subscriber/{damsim.subscribers[0].id}", {"resyncStatus": COMPARING})
        if over:
            damsim.get("/_sim/idle")

    result = resync_while(happens, damsim, run_module)
    assert (result["failed"], result["changed"]) == (True, False), result
    assert "something else was started" in result["msg"]
    assert result["last"] == (COMPARED if over else COMPARING)
    assert (triggers(damsim), runs_started(damsim, FUNCTION)) == (0, 0)
    assert {each["status"] for each in result["guards"]} == {"ok"}


# --- What goes wrong in it -------------------------------------------------------------------------------------------


def test_a_resync_that_could_not_be_triggered_fails_the_task(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    damsim.settings(at=damsim.publisher, fail_resync_trigger=True)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["last"]) == (True, True, "RESYNC_TRIGGER_FAILED")


def test_operations_that_fail_in_the_resync_fail_the_task_with_the_first_ten_of_them(
    damsim: StandIn, run_module: Any
) -> None:
    rows = compared(damsim)
    rule = {"trigger_function": "syncStagingMediaContent", "times": 12, "message": "The disk is full."}
    damsim.settings(at=damsim.subscribers[0], fail_operations=[rule])
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["mismatch_count_before"]) == (True, True, rows)
    assert "12 operations of the resync failed" in result["msg"]
    assert "The disk is full." in result["msg"]
    assert result["failed_operation_count"] == result["operation_counts"]["FAILED"] == 12
    assert len(result["failed_operations"]) == 10
    for operation in result["failed_operations"]:
        assert operation["trigger_function"] == "syncStagingMediaContent"
        assert operation["status"] == "FAILED"
        assert "The disk is full." in operation["error_info"]
        assert operation["operation_id"]
        assert operation["created"]
        assert "inputs" not in operation


def test_where_failed_operations_are_allowed_they_are_reported_all_the_same(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    rule = {"trigger_function": "syncStagingMediaContent", "times": 2}
    damsim.settings(at=damsim.subscribers[0], fail_operations=[rule])
    result = run_module(MODULE, {**named(damsim), "allow_failed_operations": True})
    assert (result["failed"], result["changed"], result["failed_operation_count"]) == (False, True, 2)
    assert warned(result, "2 operations of the resync failed")


def test_operations_that_had_failed_before_are_not_taken_for_the_resyncs(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    failed = {"triggerFunction": "syncStagingMediaContent", "status": "FAILED"}
    damsim.post("/_sim/operations", [failed], at=damsim.subscribers[0])
    result = run_module(MODULE, {**named(damsim), "allow_failed_operations": True})
    assert (result["failed_operation_count"], result["operation_counts"]) == (0, {"FAILED": 1})


# --- Waiting ---------------------------------------------------------------------------------------------------------


def test_wait_for_trigger_does_not_wait_for_the_queue(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    damsim.settings(at=damsim.subscribers[0], hold_operations=True)
    result = run_module(MODULE, {**named(damsim), "wait_for": "trigger"})
    assert (result["changed"], result["actions"]) == (True, ["trigger", "wait_trigger"])
    assert result["subscriber"]["resync_status"] == "RESYNC_TRIGGER_COMPLETED"
    assert not damsim.digests_equal()


def test_a_trigger_that_does_not_end_times_out_with_what_was_seen(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    damsim.settings(hold_resync=True)
    result = run_module(MODULE, {**named(damsim), "wait_timeout": 30})
    assert (result["failed"], result["changed"], result["last"]) == (True, True, START)
    assert result["states"][0]["status"] == START
    assert result["duration"] >= 30


def test_a_queue_that_does_not_end_times_out_and_names_what_is_left(damsim: StandIn, run_module: Any) -> None:
    rows = compared(damsim)
    damsim.settings(at=damsim.subscribers[0], hold_operations=True)
    result = run_module(MODULE, {**named(damsim), "wait_timeout": 100})
    assert (result["failed"], result["changed"], result["last"]) == (True, True, "TODO")
    assert result["operation_counts"] == {"TODO": rows}
    assert "syncStagingMediaContent" in result["msg"]
    assert "operation_scope=sync" not in result["msg"]


def test_scope_sync_does_not_wait_for_other_operations_and_scope_all_says_so(damsim: StandIn, run_modules: Any) -> None:
    compared(damsim)
    other = {"triggerFunction": "renderThumbnails", "status": "PROCESSING"}
    damsim.post("/_sim/operations", [other], at=damsim.subscribers[0])
    args: list[dict[str, Any]] = [{**named(damsim), "wait_timeout": 100}, {**named(damsim), "operation_scope": "sync"}]
    everything, sync = run_modules([Call(MODULE, each) for each in args])
    assert (everything["failed"], everything["operation_counts"]) == (True, {"PROCESSING": 1})
    assert "renderThumbnails: 1" in everything["msg"]
    assert "operation_scope=sync does not wait for it" in everything["msg"]
    assert (sync["failed"], sync["actions"]) == (False, ["wait_operations"])
    assert damsim.digests_equal()


def test_logins_that_expire_during_the_wait_are_renewed_on_both_sides(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    damsim.settings(token_ttl=15, resync_trigger_delay=25, operation_delay=15)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["actions"]) == (False, ALL_STEPS)
    for place in damsim.places:
        logins = [each for each in sent(damsim) if each["env"] == place.name and each["path"].endswith("/login")]
        assert len(logins) >= 2
    assert damsim.digests_equal()


def test_a_subscriber_that_stays_away_ends_the_wait_after_error_timeout(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    away = {"kind": "status", "status": 503, "body": HTML}
    fault(damsim, at=damsim.subscribers[0], path="/operations", skip=1, times=99, **away)
    result = run_module(MODULE, {**named(damsim), "request_retries": 0, "error_timeout": 2})
    assert (result["failed"], result["changed"], result["status"]) == (True, True, 503)
    assert result["states"]


def test_a_status_left_from_the_resync_before_is_not_taken_for_the_new_one(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    stale: dict[str, Any] = {"kind": "body", "headers": {"Content-Type": "application/json"}}
    stale["body"] = shown(damsim, resyncStatus="RESYNC_TRIGGER_COMPLETED")
    fault(damsim, method="PATCH", when="after", **stale)
    fault(damsim, method="GET", path=ONE, skip=1, times=2, **stale)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["actions"]) == (False, ALL_STEPS)
    assert result["duration"] >= 2
    assert damsim.digests_equal()


# --- The subscriber's own account ------------------------------------------------------------------------------------


def test_the_publishers_token_is_never_handed_on(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    args = {**named(damsim), "dx_username": None, "dx_password": None, "ltpa_token": token(damsim)}
    result = run_module(MODULE, args)
    assert result["failed"]
    assert "subscriber.dx_username" in result["msg"]
    assert {each["env"] for each in sent(damsim)} == {damsim.publisher.name}


def test_the_subscriber_may_have_an_account_and_a_host_of_its_own(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    place = damsim.subscribers[0]
    damsim.post(f"/_sim/subscribers/{place.id}", {"targetHost": "dx-subscriber.invalid"})
    own = {"hostname": place.host, "dx_port": place.port, "dx_username": damsim.username}
    result = run_module(MODULE, {**named(damsim), "subscriber": {**own, "dx_password": damsim.password}}, check=True)
    assert (result["failed"], result["changed"]) == (False, True)


def test_an_account_that_the_subscriber_does_not_know_is_named_and_nothing_is_triggered(
    damsim: StandIn, run_module: Any
) -> None:
    compared(damsim)
    own = {"dx_username": "someone", "dx_password": "someones-secret"}
    at = {"target_host": damsim.subscribers[0].target_host}
    result = run_module(MODULE, {**named(damsim), **at, "subscriber": own})
    assert (result["failed"], result["changed"], result["status"]) == (True, False, 401)
    assert "'someone'" in result["msg"]
    assert "someones-secret" not in str(result)
    assert writes(sent(damsim)) == []


def test_rows_without_type_or_action_are_counted_as_unknown(damsim: StandIn, run_module: Any) -> None:
    log_mismatches(damsim, [*numbered("KEYWORD", "CREATE", 2), *numbered(None, None, 3), *numbered("KEYWORD", None, 1)])
    set_status(damsim, COMPARED)
    planned = run_module(MODULE, named(damsim), check=True)["planned"]
    assert planned["by_action"] == {"CREATE": 2, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 4}
