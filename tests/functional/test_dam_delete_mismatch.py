# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_delete_mismatch: forgets what a comparison found, and never while something works with it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.scenes import (
    api,
    compared,
    fault,
    log_mismatches,
    meanwhile,
    named,
    numbered,
    of_subscriber,
    registration,
    sent,
    sent_by_task,
    server_rows,
    set_status,
    warned,
    writes,
)
from support.standin import StandIn

MODULE = "dam_delete_mismatch"


def test_check_run_check_run_deletes_once_and_check_mode_writes_nothing(damsim: StandIn, run_modules: Any) -> None:
    rows = compared(damsim)
    calls = [Call(MODULE, named(damsim), check=check, diff=True) for check in (True, False, True, False)]
    results = run_modules(calls)
    assert [each["changed"] for each in results] == [True, True, False, False]
    assert [each["deleted_count"] for each in results] == [rows, rows, 0, 0]
    assert [writes(each) for each in sent_by_task(damsim)] == [[], ["DELETE mismatches"], [], []]
    assert results[0]["diff"] == {"before": {"mismatch_count": rows}, "after": {"mismatch_count": 0}}
    assert server_rows(damsim) == []


def test_it_warns_that_an_empty_report_proves_nothing_now_only_when_it_deleted(
    damsim: StandIn, run_module: Any
) -> None:
    compared(damsim)
    assert warned(run_module(MODULE, named(damsim)), "proves nothing")
    assert not warned(run_module(MODULE, named(damsim)), "proves nothing")


def test_it_leaves_the_logs_of_other_subscribers(damsim3: StandIn, run_module: Any) -> None:
    log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 5))
    log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 3), number=1)
    result = run_module(MODULE, {**connection_to(damsim3), "target_host": damsim3.subscribers[0].target_host})
    assert (result["deleted_count"], result["subscriber"]["subscriber_id"]) == (5, damsim3.subscribers[0].id)
    assert len(server_rows(damsim3)) == len(server_rows(damsim3, of_subscriber(damsim3, 1))) == 3


def test_all_subscribers_deletes_everything(damsim3: StandIn, run_modules: Any) -> None:
    for number in range(3):
        log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 2), number)
    everyone = {**connection_to(damsim3), "all_subscribers": True}
    checked, done = run_modules([Call(MODULE, everyone, check=check) for check in (True, False)])
    assert (checked["deleted_count"], done["deleted_count"], done["subscriber"]) == (6, 6, None)
    assert server_rows(damsim3) == []


@pytest.mark.parametrize(
    "status",
    ["FIND_MISMATCH_START", "DYNAMIC_STATUS_COMPUTATION_REQUIRED", "RESYNC_TRIGGER_START", "SOMETHING_NEW"],
)
def test_while_something_works_with_the_logs_it_refuses(damsim: StandIn, run_module: Any, status: str) -> None:
    rows = compared(damsim)
    set_status(damsim, status)
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"]) == (True, False)
    assert status in result["msg"]
    assert damsim.subscribers[0].target_host in result["msg"]
    assert len(server_rows(damsim)) == rows


@pytest.mark.parametrize(
    "status",
    [None, "FIND_MISMATCH_COMPLETED", "FIND_MISMATCH_FAILED", "RESYNC_TRIGGER_COMPLETED", "RESYNC_TRIGGER_FAILED"],
)
@pytest.mark.parametrize("reset", [True, False])
def test_in_every_other_status_it_deletes(damsim: StandIn, run_module: Any, status: str | None, reset: bool) -> None:
    rows = compared(damsim)
    set_status(damsim, status)
    damsim.settings(delete_resets_resync_status=reset)
    result = run_module(MODULE, named(damsim))
    assert (result["changed"], result["deleted_count"]) == (True, rows)
    assert result["subscriber"]["resync_status"] == status
    assert registration(damsim).get("resyncStatus") == (None if reset else status)


def test_all_subscribers_is_refused_while_any_of_them_is_compared(damsim3: StandIn, run_module: Any) -> None:
    log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 2))
    set_status(damsim3, "FIND_MISMATCH_START", number=2)
    result = run_module(MODULE, {**connection_to(damsim3), "all_subscribers": True})
    assert result["failed"]
    assert damsim3.subscribers[2].target_host in result["msg"]
    assert len(server_rows(damsim3)) == 2


@pytest.mark.parametrize("everything", [False, True])
def test_logs_of_a_comparison_that_begins_while_they_are_counted_are_not_deleted(
    damsim: StandIn, run_module: Any, everything: bool
) -> None:
    rows = compared(damsim)
    damsim.settings(hold_comparison=True)
    begin = {"resyncStatus": "FIND_MISMATCH_START"}
    patch = partial(api, damsim, "PATCH", f"/staging/subscriber/{damsim.subscribers[0].id}", begin)
    with meanwhile(patch, damsim, method="GET", path="/staging/mismatches"):
        result = run_module(MODULE, {"all_subscribers": True} if everything else named(damsim))
    assert (result["failed"], result["changed"]) == (True, False), result
    assert "The mismatch logs are in use" in result["msg"]
    assert len(server_rows(damsim)) == rows
    assert writes(sent(damsim)) == []


LOST: dict[str, dict[str, Any]] = {
    "drop": {"kind": "drop"},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502, "body": "<html></html>"},
    "html with 200": {"kind": "body", "body": "<html></html>"},
}


@pytest.mark.parametrize("how", LOST)
def test_a_deletion_that_arrived_though_its_answer_was_lost_is_a_change(
    damsim: StandIn, run_module: Any, how: str
) -> None:
    rows = compared(damsim)
    fault(damsim, method="DELETE", when="after", **LOST[how])
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["deleted_count"]) == (False, True, rows)
    assert writes(sent(damsim)) == ["DELETE mismatches"]


@pytest.mark.slow
def test_a_deletion_that_did_not_arrive_fails_and_running_again_converges(damsim: StandIn, run_module: Any) -> None:
    rows = compared(damsim)
    fault(damsim, method="DELETE", **LOST["drop"])
    failed, done = [run_module(MODULE, named(damsim)) for _turn in range(2)]
    assert (failed["failed"], failed["changed"], failed["deleted_count"]) == (True, False, 0)
    assert "Running again is safe" in failed["msg"]
    assert (done["changed"], done["deleted_count"]) == (True, rows)


def test_a_release_without_the_call_is_named(damsim: StandIn, run_module: Any) -> None:
    rows = compared(damsim)
    damsim.settings(release="CF215")
    result = run_module(MODULE, named(damsim))
    assert (result["failed"], result["changed"], result["deleted_count"]) == (True, False, 0)
    assert "CF216" in result["msg"]
    assert len(server_rows(damsim)) == rows


@pytest.mark.parametrize("switches", [{"page_cap": 1}, {"default_page": None}])
def test_the_count_is_right_whatever_the_servers_paging(
    damsim: StandIn, run_module: Any, switches: dict[str, Any]
) -> None:
    rows = compared(damsim)
    damsim.settings(**switches)
    assert run_module(MODULE, named(damsim), check=True)["deleted_count"] == rows
