# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_subscriber_info: says what the publisher has registered, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.scenes import fault, named, registration, sent, set_status, token, writes
from support.standin import StandIn

MODULE = "dam_subscriber_info"
FIELDS = {
    "subscriber_id": "id",
    "target_host": "targetHost",
    "enabled": "status",
    "cycle_length": "cycleLength",
    "sync_status": "syncStatus",
    "resync_status": "resyncStatus",
    "last_sync_time": "lastSyncTime",
    "last_resync_time": "lastResyncTime",
    "created": "created",
    "updated": "updated",
    "sync_failure_logs": "syncFailureLogs",
}


def test_every_field_is_the_servers_and_what_it_lacks_is_null(damsim: StandIn, run_modules: Any) -> None:
    damsim.settings(cycles=False)
    set_status(damsim, "FIND_MISMATCH_COMPLETED")
    results = run_modules([Call(MODULE, named(damsim), check=check) for check in (True, False, True, False)])
    server = registration(damsim)
    assert "syncFailureLogs" not in server
    expected = {name: server.get(key) for name, key in FIELDS.items()} | {"phase": "compared"}
    assert [each["subscribers"] for each in results] == [[expected]] * 4
    assert not any(each["changed"] for each in results)
    assert writes(sent(damsim)) == []


def test_without_a_name_all_are_listed(damsim3: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, connection_to(damsim3))
    assert [each["target_host"] for each in result["subscribers"]] == [each.target_host for each in damsim3.subscribers]


@pytest.mark.parametrize(
    "spelled", ["{host}:{port}", "{host}.:{port}", "http://{host}:{port}", "HTTP://{host}:{port}/"]
)
def test_a_target_host_may_be_spelled_in_many_ways(damsim3: StandIn, run_module: Any, spelled: str) -> None:
    wanted = damsim3.subscribers[1]
    target_host = spelled.format(host=wanted.host, port=wanted.port)
    result = run_module(MODULE, {**connection_to(damsim3), "target_host": target_host})
    assert [each["subscriber_id"] for each in result["subscribers"]] == [wanted.id]


def test_upper_case_and_a_trailing_slash_in_the_registration_do_not_matter(damsim: StandIn, run_module: Any) -> None:
    damsim.post(f"/_sim/subscribers/{damsim.subscribers[0].id}", {"targetHost": "HTTPS://DX.Example.com/"})
    result = run_module(MODULE, {"target_host": "dx.example.com"})
    assert result["subscribers"][0]["target_host"] == "HTTPS://DX.Example.com/"


def test_a_release_without_comparisons_has_no_resync_status(damsim: StandIn, run_module: Any) -> None:
    set_status(damsim, "FIND_MISMATCH_COMPLETED")
    damsim.settings(release="CF214")
    found = run_module(MODULE)["subscribers"][0]
    assert (found["resync_status"], found["last_resync_time"], found["enabled"]) == (None, None, True)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(damsim: StandIn, run_module: Any, status: int) -> None:
    fault(damsim, method="GET", kind="status", status=status, headers={"Retry-After": "0"})
    result = run_module(MODULE)
    assert len(result["subscribers"]) == 1
    assert [each["status"] for each in sent(damsim)] == [200, status, 200]


def test_an_answer_that_was_cut_is_asked_for_again(damsim: StandIn, run_module: Any) -> None:
    fault(damsim, method="GET", kind="truncate")
    assert len(run_module(MODULE)["subscribers"]) == 1


def test_a_login_that_the_server_forgot_is_renewed(damsim: StandIn, run_module: Any) -> None:
    fault(damsim, method="GET", kind="status", status=401)
    assert len(run_module(MODULE)["subscribers"]) == 1
    assert [each["method"] for each in sent(damsim)] == ["POST", "GET", "POST", "GET"]


NO_PASSWORD = {"dx_username": None, "dx_password": None}


def test_a_token_works_in_place_of_a_password(damsim: StandIn, run_module: Any) -> None:
    assert len(run_module(MODULE, {**NO_PASSWORD, "ltpa_token": token(damsim)})["subscribers"]) == 1
    assert [each["method"] for each in sent(damsim)] == ["GET"]


def test_a_token_that_is_not_accepted_is_an_error_that_says_so(damsim: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, {**NO_PASSWORD, "ltpa_token": "0" * 64})
    assert (result["failed"], result["status"]) == (True, 401)
    assert "ltpa_token" in result["msg"]
    assert "0" * 64 not in str(result)


def test_a_token_that_runs_out_is_renewed_where_there_is_a_password(damsim: StandIn, run_module: Any) -> None:
    assert len(run_module(MODULE, {"ltpa_token": "0" * 64})["subscribers"]) == 1
    assert [each["status"] for each in sent(damsim)] == [401, 200, 200]
