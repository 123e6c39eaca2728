# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_find_mismatch: compares once, joins what runs, and says "in sync" only of what it saw."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.scenes import (
    COMPARED,
    api,
    as_soon_as,
    compared,
    fault,
    keep_operations,
    log_mismatches,
    looked,
    meanwhile,
    named,
    numbered,
    of_subscriber,
    once,
    registration,
    runs_started,
    sent,
    sent_by_task,
    server_rows,
    set_status,
    shown,
    triggers,
    warned,
    writes,
)
from support.standin import StandIn

MODULE = "dam_find_mismatch"
START = "FIND_MISMATCH_START"
ONE = r"/staging/subscriber/."
QUICK = {"request_retries": 0}
DIAGNOSIS = "there may be too much data to compare"


def start_comparison(standin: StandIn, number: int = 0) -> None:
    """Have the publisher begin a comparison that no task asked for."""
    api(standin, "PATCH", f"/staging/subscriber/{standin.subscribers[number].id}", {"resyncStatus": START})


# --- The cycle -------------------------------------------------------------------------------------------------------


def test_check_run_check_run_compares_once_and_check_mode_writes_nothing(damsim: StandIn, run_modules: Any) -> None:
    calls = [Call(MODULE, named(damsim), check=check) for check in (True, False, True, False)]
    checked, done, checked_again, done_again = run_modules(calls)
    assert [each["changed"] for each in (checked, done, checked_again, done_again)] == [True, True, False, False]
    assert [writes(requests) for requests in sent_by_task(damsim)] == [[], ["PATCH subscriber"], [], []]
    differences = len(damsim.expected()["rows"])
    assert (checked["mismatch_count"], checked["in_sync"]) == (None, None)
    assert (done["mismatch_count"], done["in_sync"], done["reused"]) == (differences, False, False)
    assert (done_again["mismatch_count"], done_again["in_sync"], done_again["reused"]) == (differences, False, True)
    assert done["states"][0]["status"] != COMPARED
    assert done["states"][-1]["status"] == done["resync_status"] == COMPARED
    assert done["compared_at"] == done["subscriber"]["last_resync_time"] == registration(damsim)["lastResyncTime"]


def test_what_it_finds_is_what_differs(damsim: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, named(damsim), diff=True)
    found = [[row["recordType"], row["recordAction"], row["recordId"]] for row in server_rows(damsim)]
    assert sorted(found) == sorted(damsim.expected()["rows"])
    assert result["mismatch_count"] == len(found)
    assert result["diff"] == {"before": {"resync_status": None}, "after": {"resync_status": START}}


@pytest.mark.seed("clean")
def test_in_sync_is_said_only_by_the_task_that_saw_the_comparison_end(damsim: StandIn, run_modules: Any) -> None:
    seen, reused = run_modules([Call(MODULE, named(damsim))] * 2)
    assert (seen["in_sync"], seen["mismatch_count"]) == (True, 0)
    assert (reused["reused"], reused["in_sync"], reused["mismatch_count"]) == (True, None, 0)


@pytest.mark.parametrize("force", [{"max_age": 0}, {"force": True}])
def test_a_new_comparison_deletes_the_old_logs_first(damsim: StandIn, run_modules: Any, force: dict[str, Any]) -> None:
    rows = compared(damsim)
    calls = [Call(MODULE, {**named(damsim), **force}, check=check) for check in (True, False)]
    checked, done = run_modules(calls)
    assert [checked["changed"], done["changed"], done["mismatch_count"]] == [True, True, rows]
    assert [writes(each) for each in sent_by_task(damsim)] == [[], ["DELETE mismatches", "PATCH subscriber"]]


def test_without_wait_it_returns_while_the_comparison_runs(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_comparison=True)
    result = run_module(MODULE, {**named(damsim), "wait": False})
    assert (result["changed"], result["resync_status"]) == (True, START)
    assert (result["in_sync"], result["mismatch_count"], result["compared_at"]) == (None, None, None)


# --- Every status ----------------------------------------------------------------------------------------------------

TRIGGER, JOIN, REUSE = (True, False, False), (False, True, False), (False, False, True)


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (None, TRIGGER),
        ("FIND_MISMATCH_START", JOIN),
        ("DYNAMIC_STATUS_COMPUTATION_REQUIRED", JOIN),
        ("FIND_MISMATCH_COMPLETED", REUSE),
        ("FIND_MISMATCH_FAILED", TRIGGER),
        ("RESYNC_TRIGGER_COMPLETED", TRIGGER),
        ("RESYNC_TRIGGER_FAILED", TRIGGER),
        ("SOMETHING_NEW", JOIN),
    ],
)
def test_what_it_does_in_each_status(
    damsim: StandIn, run_module: Any, status: str | None, what: tuple[bool, bool, bool]
) -> None:
    set_status(damsim, status)
    result = run_module(MODULE, {**named(damsim), "wait": False})
    assert (result["changed"], result["joined"], result["reused"]) == what, result
    assert triggers(damsim) == int(what is TRIGGER)


def test_while_a_resync_runs_it_refuses(damsim: StandIn, run_module: Any) -> None:
    set_status(damsim, "RESYNC_TRIGGER_START")
    result = run_module(MODULE, named(damsim))
    assert result["failed"]
    assert "dam_resync" in result["msg"]
    assert writes(sent(damsim)) == []


# --- Joining ---------------------------------------------------------------------------------------------------------


def test_a_running_comparison_is_joined_and_seen_to_its_end(damsim: StandIn, run_module: Any) -> None:
    keep_operations(damsim)
    damsim.settings(hold_comparison=True)
    start_comparison(damsim)
    with once(looked(ONE, 2), damsim, hold_comparison=False):
        result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["joined"], result["in_sync"]) == (False, True, False)
    assert result["mismatch_count"] == len(damsim.expected()["rows"])
    assert writes(sent(damsim)) == []
    assert runs_started(damsim) == 1


def test_check_mode_joins_without_waiting(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_comparison=True)
    start_comparison(damsim)
    result = run_module(MODULE, named(damsim), check=True)
    assert (result["changed"], result["joined"], result["states"]) == (False, True, [])


def test_force_does_not_start_a_second_one_beside_one_that_runs(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_comparison=True)
    start_comparison(damsim)
    result = run_module(MODULE, {**named(damsim), "force": True, "wait": False})
    assert (result["changed"], result["joined"]) == (False, True)


@pytest.mark.slow
def test_while_another_subscriber_is_compared_it_fails_and_says_why(damsim3: StandIn, run_module: Any) -> None:
    damsim3.settings(hold_comparison=True)
    start_comparison(damsim3, 1)
    result = run_module(MODULE, {**connection_to(damsim3), **named(damsim3)})
    assert result["failed"]
    assert not result["changed"]
    assert "one comparison or resync at a time" in result["msg"]
    assert registration(damsim3).get("resyncStatus") is None


# --- Two people at once ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", [False, True])
def test_a_comparison_that_someone_else_starts_meanwhile_keeps_its_logs_and_is_joined(
    damsim: StandIn, run_module: Any, over: bool
) -> None:
    keep_operations(damsim)
    rows = compared(damsim, age=9000)
    damsim.settings(comparison_delay=1 if over else 50)

    def happens() -> None:
        start_comparison(damsim)
        if over:
            damsim.get("/_sim/idle")

    with meanwhile(happens, damsim, method="GET", path="/staging/mismatches"):
        result = run_module(MODULE, {**named(damsim), "force": True})
    assert (result["changed"], result["joined"]) == (False, True), result
    assert (result["in_sync"], result["mismatch_count"]) == (False, rows)
    assert writes(sent(damsim)) == []
    assert runs_started(damsim) == 1


def test_where_a_resync_is_started_meanwhile_nothing_is_compared(damsim: StandIn, run_module: Any) -> None:
    compared(damsim, age=9000)
    damsim.settings(hold_resync=True)
    resync = {"resyncStatus": "RESYNC_TRIGGER_START"}
    patch = partial(api, damsim, "PATCH", f"/staging/subscriber/{damsim.subscribers[0].id}", resync)
    with meanwhile(patch, damsim, method="GET", path="/staging/mismatches"):
        result = run_module(MODULE, {**named(damsim), "force": True})
    assert (result["failed"], result["changed"], result["last"]) == (True, False, "RESYNC_TRIGGER_START")
    assert "something else was started" in result["msg"]
    assert writes(sent(damsim)) == []


@pytest.mark.parametrize("reset", [True, False])
def test_what_someone_else_deletes_before_it_is_counted_is_not_taken_for_in_sync(
    damsim: StandIn, run_module: Any, reset: bool
) -> None:
    damsim.settings(delete_resets_resync_status=reset)

    def happens() -> None:
        api(damsim, "DELETE", f"/staging/mismatches?subscriberId={damsim.subscribers[0].id}")
        damsim.settings(hold_comparison=True)
        if not reset:
            start_comparison(damsim)

    # The first count is of the logs from before, the second of those that were found.
    with meanwhile(happens, damsim, method="GET", path="/staging/mismatches.*limit=100", skip=1):
        result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["in_sync"]) == (True, True, None), result
    assert "What the comparison of" in result["msg"]


def test_what_someone_else_deletes_before_the_end_is_seen_is_not_taken_for_in_sync(
    damsim: StandIn, run_module: Any
) -> None:
    damsim.settings(hold_comparison=True, hold_comparison_at="dynamic")

    def rows_were_seen() -> bool:
        # The module asks for a row at each look, until it has seen one.
        last = [each["path"] for each in sent(damsim)][-3:]
        return len(last) == 3 and all(re.search(ONE, path) for path in last) and bool(server_rows(damsim))

    def happens() -> None:
        api(damsim, "DELETE", f"/staging/mismatches?subscriberId={damsim.subscribers[0].id}")
        damsim.settings(hold_comparison=False)

    with as_soon_as(rows_were_seen, happens):
        result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["in_sync"], result["last"]) == (True, None, COMPARED), result
    assert "while it ran there were mismatch logs, and now there are none" in result["msg"]


def test_a_comparison_that_begins_while_the_old_logs_go_is_not_followed(damsim: StandIn, run_module: Any) -> None:
    keep_operations(damsim)
    compared(damsim, age=9000)
    damsim.settings(hold_comparison=True)
    with meanwhile(partial(start_comparison, damsim), damsim, method="DELETE", path="/staging/mismatches"):
        result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["in_sync"]) == (True, True, None), result
    assert "somebody else started something" in result["msg"]
    assert (writes(sent(damsim)), runs_started(damsim)) == (["DELETE mismatches"], 1)


# --- A status that was left ------------------------------------------------------------------------------------------


def test_a_status_left_from_the_run_before_is_not_taken_for_the_new_one(damsim: StandIn, run_module: Any) -> None:
    set_status(damsim, COMPARED, age=9000)
    stale: dict[str, Any] = {"kind": "body", "headers": {"Content-Type": "application/json"}, "body": shown(damsim)}
    fault(damsim, method="PATCH", when="after", **stale)
    fault(damsim, method="GET", path=ONE, skip=1, times=2, **stale)
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["joined"]) == (True, False)
    assert result["mismatch_count"] == len(damsim.expected()["rows"])
    assert result["duration"] >= 2
    assert result["compared_at"] == registration(damsim)["lastResyncTime"]


def test_a_resync_that_begins_meanwhile_is_not_taken_for_the_end(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_comparison=True)
    foreign = shown(damsim, resyncStatus="RESYNC_TRIGGER_START")
    as_json = {"headers": {"Content-Type": "application/json"}}
    fault(damsim, method="GET", path=ONE, skip=1, kind="body", body=foreign, **as_json)
    result = run_module(MODULE, named(damsim))
    assert result["failed"]
    assert "was not seen to end" in result["msg"]
    assert result["last"] == "RESYNC_TRIGGER_START"


@pytest.mark.parametrize("moves", ["start", "end"])
@pytest.mark.parametrize("reset", [True, False])
def test_it_does_not_matter_when_the_time_moves_or_whether_a_deletion_resets_the_status(
    damsim: StandIn, run_module: Any, moves: str, reset: bool
) -> None:
    rows = compared(damsim, age=9000)
    damsim.settings(last_resync_time_moves=moves, delete_resets_resync_status=reset)
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["in_sync"], result["mismatch_count"]) == (True, False, rows)


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
    fault(damsim, method="PATCH", when="after", **LOST[how])
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["joined"], result["in_sync"]) == (True, True, False), result
    assert (triggers(damsim), runs_started(damsim)) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["drop", "502"])
def test_a_trigger_that_did_not_arrive_is_sent_once_more(damsim: StandIn, run_module: Any, how: str) -> None:
    keep_operations(damsim)
    fault(damsim, method="PATCH", when="before", **LOST[how])
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["joined"], result["in_sync"]) == (True, False, False), result
    assert (triggers(damsim), runs_started(damsim)) == (2, 1)


@pytest.mark.slow
def test_a_trigger_that_never_arrives_fails_and_running_again_converges(damsim: StandIn, run_module: Any) -> None:
    fault(damsim, method="PATCH", times=2, **LOST["503"])
    failed = run_module(MODULE, named(damsim))
    assert (failed["failed"], failed["changed"]) == (True, False)
    assert "running again is safe" in failed["msg"]
    done = run_module(MODULE, named(damsim))
    assert (done["changed"], done["in_sync"]) == (True, False)


def test_a_conflict_with_a_run_that_began_a_moment_ago_joins_it(damsim: StandIn, run_module: Any) -> None:
    keep_operations(damsim)
    fault(damsim, method="PATCH", when="after", kind="status", status=409)
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["joined"], result["in_sync"]) == (False, True, False)
    assert runs_started(damsim) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_trigger_that_is_refused_fails_at_once_with_the_servers_words(
    damsim: StandIn, run_module: Any, status: int
) -> None:
    body = '{"error": {"statusCode": "400", "name": "Error", "message": "Not today."}}'
    fault(damsim, method="PATCH", kind="status", status=status, body=body)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"]) == (True, False)
    assert (result["status"], result["server_message"]) == (status, "Not today.")
    assert triggers(damsim) == 1


# --- How old is too old ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [0, 10_000, -10_000])
def test_the_age_is_judged_by_the_servers_clock(damsim: StandIn, run_modules: Any, skew: int) -> None:
    damsim.settings(at=damsim.publisher, clock_skew=skew)
    set_status(damsim, COMPARED, age=1000)
    args = [{**named(damsim), "max_age": max_age} for max_age in (2000, 900)]
    young, old = run_modules([Call(MODULE, each, check=True) for each in args])
    assert (young["reused"], young["changed"]) == (True, False)
    assert (old["reused"], old["changed"]) == (False, True)


def test_a_comparison_without_a_time_is_too_old_though_the_registration_was_updated(
    damsim: StandIn, run_module: Any
) -> None:
    set_status(damsim, COMPARED, age=None)
    assert registration(damsim)["updated"]
    assert run_module(MODULE, named(damsim), check=True)["changed"] is True


# --- Old logs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delete", "left"), [(True, 0), (False, 5)])
def test_where_a_comparison_appends_only_delete_previous_keeps_old_logs_out(
    damsim: StandIn, run_module: Any, delete: bool, left: int
) -> None:
    damsim.settings(new_comparison="appends")
    log_mismatches(damsim, numbered("KEYWORD", "CREATE", 5))
    result = run_module(MODULE, {**named(damsim), "delete_previous": delete})
    assert result["mismatch_count"] == len(damsim.expected()["rows"]) + left
    assert writes(sent(damsim)) == ["DELETE mismatches"] * delete + ["PATCH subscriber"]


def test_only_the_old_logs_of_this_subscriber_are_deleted(damsim3: StandIn, run_module: Any) -> None:
    log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 5))
    log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 3), number=1)
    assert run_module(MODULE, {**connection_to(damsim3), **named(damsim3)})["changed"]
    assert len(server_rows(damsim3, of_subscriber(damsim3, 1))) == 3


def test_a_release_without_the_deletion_is_compared_with_a_warning(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(release="CF215")
    log_mismatches(damsim, numbered("KEYWORD", "CREATE", 5))
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["in_sync"]) == (True, False)
    assert result["mismatch_count"] == len(server_rows(damsim))
    assert warned(result, "delete_previous", "CF216")


@pytest.mark.parametrize("switches", [{"page_cap": 1}, {"default_page": None}, {"page_cap": 7, "default_page": 2}])
def test_the_count_is_right_whatever_the_servers_paging(
    damsim: StandIn, run_module: Any, switches: dict[str, Any]
) -> None:
    rows = compared(damsim)
    damsim.settings(**switches)
    assert run_module(MODULE, named(damsim))["mismatch_count"] == rows


# --- Waiting ---------------------------------------------------------------------------------------------------------


def second_task_waits(requests: list[dict[str, Any]]) -> bool:
    """Tell whether a second login was followed by a look at the subscriber."""
    logins = [number for number, each in enumerate(requests) if each["path"].endswith("/auth/login")]
    return len(logins) > 1 and looked(ONE, 1)(requests[logins[1] :])


def test_a_timeout_fails_with_what_was_seen_and_running_again_joins(damsim: StandIn, run_modules: Any) -> None:
    keep_operations(damsim)
    damsim.settings(hold_comparison=True)
    calls = [Call(MODULE, {**named(damsim), "wait_timeout": 30}), Call(MODULE, named(damsim))]
    with once(second_task_waits, damsim, hold_comparison=False):
        timed_out, joined = run_modules(calls)
    assert timed_out["failed"]
    assert timed_out["changed"]
    assert "wait_timeout" in timed_out["msg"]
    assert DIAGNOSIS not in timed_out["msg"]
    assert timed_out["last"] in (START, "DYNAMIC_STATUS_COMPUTATION_REQUIRED")
    assert timed_out["duration"] >= 30
    assert timed_out["states"][0]["status"] == START
    assert (joined["changed"], joined["joined"], joined["in_sync"]) == (False, True, False)
    assert runs_started(damsim) == 1


def test_an_unknown_status_keeps_waiting_and_is_named_on_the_timeout(damsim: StandIn, run_module: Any) -> None:
    set_status(damsim, "SOMETHING_NEW")
    result = run_module(MODULE, {**named(damsim), "wait_timeout": 1})
    assert result["failed"]
    assert result["last"] == "SOMETHING_NEW"
    assert "SOMETHING_NEW" in result["msg"]


def test_a_timeout_with_failed_operations_names_too_much_data(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_comparison=True)
    failed = {"triggerFunction": "findStagingMismatch", "status": "FAILED", "retryCounter": 3, "times": 2}
    damsim.post("/_sim/operations", [failed, {**failed, "retryCounter": 0}])
    result = run_module(MODULE, {**named(damsim), "wait_timeout": 0})
    assert result["failed"]
    assert "2 findStagingMismatch operations" in result["msg"]
    assert DIAGNOSIS in result["msg"]
    assert "deregister the subscriber" in result["msg"]


@pytest.mark.parametrize(("setting", "diagnosis"), [("comparison_retry_failed", True), ("fail_comparison", False)])
def test_a_comparison_that_fails_fails_the_task_with_the_diagnosis_that_fits(
    damsim: StandIn, run_module: Any, setting: str, diagnosis: bool
) -> None:
    damsim.settings(at=damsim.publisher, **{setting: True})
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["last"]) == (True, True, "FIND_MISMATCH_FAILED")
    assert (DIAGNOSIS in result["msg"]) is diagnosis


def test_a_login_that_expires_again_and_again_during_the_wait_is_renewed(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(comparison_delay=60)  # three seconds
    damsim.settings(at=damsim.publisher, token_ttl=10)  # half a second
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["in_sync"]) == (False, False)
    assert sum(each["path"].endswith("/auth/login") for each in sent(damsim)) >= 3
    assert triggers(damsim) == 1


def test_a_server_that_is_away_for_a_moment_is_waited_for(damsim: StandIn, run_module: Any) -> None:
    fault(damsim, method="GET", path=ONE, skip=1, times=2, **LOST["503"])
    result = run_module(MODULE, {**named(damsim), **QUICK})
    assert (result["failed"], result["in_sync"]) == (False, False)


def test_a_server_that_stays_away_ends_the_wait_after_error_timeout(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(hold_comparison=True)
    fault(damsim, method="GET", path=ONE, skip=2, times=99, **LOST["502"])
    result = run_module(MODULE, {**named(damsim), **QUICK, "error_timeout": 2})
    assert (result["failed"], result["changed"], result["status"]) == (True, True, 502)
    assert result["last"] == START
    assert result["states"]
    assert result["duration"] >= 2
