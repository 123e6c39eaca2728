# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role when something goes wrong: the others get their turn, and the result says no more than is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import (
    HOST,
    SHOW_ARTIFACT,
    artifact_of,
    error_of,
    folder_listing,
    found_in,
    only,
    result_of,
    verdict_of,
)
from support.scenes import fault, keep_operations, register, registration, runs_started, sent, writes
from tooling.standin import StandIn

RESYNC = "resyncSubscriber"
# A subscriber that does not answer is waited for, in case it is only restarting.
BRIEFLY = {"dam_consistency_error_timeout": 2, "dam_consistency_request_retries": 0}


def fail_operation(standin: StandIn, times: int = 1, number: int = 0) -> None:
    """Have the first operations on favourites fail at a subscriber."""
    rule = {"trigger_function": "syncStagingFavoriteContent", "times": times, "message": "The favourite is locked."}
    standin.settings(at=standin.subscribers[number], fail_operations=[rule])


def test_one_subscribers_failure_does_not_stop_the_others(start_damsim: Any, run_playbook: Any, tmp_path: Path) -> None:
    standin: StandIn = start_damsim(subscribers=6)
    down, off, two_way, locked, failing, healthy = (only(standin, number)[0] for number in range(6))
    standin.post(f"/_sim/subscribers/{off['subscriber_id']}", {"status": False})
    register(standin, standin.subscribers[2], f"{standin.publisher.host}:{standin.publisher.port}")
    # The third subscriber of every seed is the one without damage.
    standin.post("/_sim/records", [{"type": "KEYWORD", "action": "CREATE", "id": "k"}], at=standin.subscribers[2])
    fail_operation(standin, number=4)
    chosen = [{**down, "dx_port": 1}, off, two_way, {**locked, "dx_password": "not-this-one"}, failing, healthy]
    run = run_playbook(
        "resync.yml",
        {HOST: role_connection(standin)},
        {**BRIEFLY, "dam_consistency_subscribers": chosen, "dam_consistency_report_dir": str(tmp_path / "reports")},
        env=role_secrets(standin) | SHOW_ARTIFACT,
    )
    assert run.rc == 2, run.output
    result = result_of(run)
    records = result["subscribers"]
    assert [each["subscriber_id"] for each in records] == [each["subscriber_id"] for each in chosen]
    assert [each["in_sync"] for each in records[3:]] == [None, False, True]
    assert all(each["in_sync"] is not True for each in records[:3])
    assert [each["repaired"] for each in records] == [False] * 4 + [True] * 2
    assert result["in_sync"] is False
    errors = [each["error"] for each in records]
    assert [bool(error) for error in errors] == [True] * 5 + [False]
    for error, told in zip(errors, [":1", "switched off", "wo-way", "dx_password", "not in sync"]):
        assert told in error
    end = error_of(run)
    assert all(error in end for error in errors[:5])
    for place in standin.subscribers[1:5]:
        assert str(place.port) in end
    assert "not-this-one" not in run.output
    assert [each["operation_id"] != "" for each in records[4]["failed_operations"]] == [True]
    assert standin.digests_equal(5)
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"][HOST] == {
        "in_sync": False,
        "before": None,
        "after": None,
    }
    # What was refused was not touched: no resync but those of the last two.
    resyncs = {each["env"] for each in standin.requests("peer") if each["path"].endswith("/eventlogs")}
    assert resyncs == {standin.subscribers[4].name, standin.subscribers[5].name}


def test_a_repair_with_failed_operations_says_which_and_reports_what_is_left(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    keep_operations(damsim)
    fail_operation(damsim)
    expected = damsim.expected()["rows"]
    facts = {"dam_consistency_report_dir": str(tmp_path), "dam_consistency_max_passes": 3}
    run = run_playbook("resync.yml", extra_vars=facts)
    assert run.rc == 2, run.output
    record = verdict_of(run)
    assert ["The favourite is locked." in each["error_info"] for each in record["failed_operations"]] == [True]
    assert [each["trigger_function"] for each in record["failed_operations"]] == ["syncStagingFavoriteContent"]
    assert (record["in_sync"], record["repaired"]) == (False, True)
    assert (record["mismatches_before"], record["mismatches_after"]) == (len(expected), 1)
    assert record["report"] in error_of(run)
    assert f"1 mismatches are left of {len(expected)}" in error_of(run)
    assert found_in(record["report"]) == damsim.expected()["rows"] != []
    (before,) = [name for name in folder_listing(tmp_path) if name.endswith(".before.csv")]
    assert found_in(tmp_path / before) == expected
    # With failed operations that nobody allowed, another pass is not tried.
    assert runs_started(damsim, RESYNC) == 1


def test_another_pass_repairs_what_an_operation_that_failed_once_has_left(damsim: StandIn, run_playbook: Any) -> None:
    keep_operations(damsim)
    fail_operation(damsim)
    facts = {"dam_consistency_max_passes": 3, "dam_consistency_allow_failed_operations": True}
    run = run_playbook("resync.yml", extra_vars=facts)
    assert run.rc == 0, run.output
    record = verdict_of(run)
    assert (record["in_sync"], record["mismatches_after"]) == (True, 0)
    assert runs_started(damsim, RESYNC) == 2
    assert damsim.digests_equal()


def test_passes_stop_when_one_did_not_leave_fewer(damsim: StandIn, run_playbook: Any) -> None:
    keep_operations(damsim)
    fail_operation(damsim, times=100)
    facts = {"dam_consistency_max_passes": 5, "dam_consistency_allow_failed_operations": True}
    run = run_playbook("resync.yml", extra_vars=facts)
    assert run.rc == 2, run.output
    record = verdict_of(run)
    left = damsim.expected()["rows"]
    assert {record_type for record_type, _action, _id in left} == {"FAVORITE"}
    assert (record["in_sync"], record["mismatches_after"]) == (False, len(left))
    assert len(record["failed_operations"]) == len(left)
    assert runs_started(damsim, RESYNC) == 2


@pytest.mark.parametrize("missing", ["drain", "comparison"])
def test_after_a_repair_whose_proof_is_missing_nobody_knows(damsim: StandIn, run_playbook: Any, missing: str) -> None:
    if missing == "drain":
        damsim.settings(at=damsim.subscribers[0], hold_operations=True)
    else:
        # The first two start the comparison and the resync.
        fault(damsim, method="PATCH", path="staging/subscriber", kind="status", status=400, skip=2)
    facts = BRIEFLY | {"dam_consistency_wait_timeout": 3}
    run = run_playbook("resync.yml", extra_vars=facts, env=SHOW_ARTIFACT)
    assert run.rc == 2, run.output
    result, record = result_of(run), verdict_of(run)
    assert (result["in_sync"], record["in_sync"]) == (None, None)
    assert (record["repaired"], record["mismatches_after"]) == (True, None)
    assert record["mismatches_before"] > 0
    assert record["error"]
    figures = artifact_of(run)["dam_consistency_artifact"]["publishers"][HOST]
    assert figures == {"in_sync": None, "before": record["mismatches_before"], "after": None}


def test_a_refused_repair_leaves_the_verdict_of_the_comparison(damsim: StandIn, run_playbook: Any) -> None:
    run = run_playbook("resync.yml", extra_vars={"dam_consistency_max_deletes": 3})
    record = verdict_of(run)
    assert "max_deletes" in record["error"]
    assert (record["in_sync"], record["repaired"]) == (False, False)
    assert record["mismatches_after"] == record["mismatches_before"] == len(damsim.expected()["rows"])
    assert writes(sent(damsim)) == ["PATCH subscriber"]


def test_without_a_subscriber_to_work_on_it_fails_and_no_older_result_is_left(
    damsim: StandIn, run_playbook: Any
) -> None:
    damsim.post(f"/_sim/subscribers/{registration(damsim)['id']}", {"status": False})
    old = {"dam_consistency_result": {"schema": 1, "in_sync": True, "publisher": "x", "subscribers": [], "error": None}}
    hosts: dict[str, tuple[dict[str, Any], str]] = {
        "publisher-down": ({"dam_consistency_port": 1}, ":1"),
        "unknown": ({"dam_consistency_subscribers": [{"target_host": "elsewhere.example"}]}, "elsewhere.example"),
        "nameless": ({"dam_consistency_subscribers": [{"dx_port": 80}]}, "Entry 1 of dam_consistency_subscribers"),
        "text": ({"dam_consistency_subscribers": "target_host=x"}, "has to be a list of dictionaries"),
        "none-enabled": ({}, "no enabled subscriber"),
    }
    inventory = {name: role_connection(damsim) | old | facts for name, (facts, _told) in hosts.items()}
    run = run_playbook("resync.yml", inventory, BRIEFLY, env=role_secrets(damsim) | SHOW_ARTIFACT)
    assert run.rc == 2, run.output
    figures = {"in_sync": None, "before": None, "after": None}
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"] == dict.fromkeys(hosts, figures)
    for name, (_facts, told) in hosts.items():
        result = result_of(run, name)
        assert told in error_of(run, name)
        assert result["in_sync"] is None
        assert not [each for each in result["subscribers"] if not each["error"]]
        forgotten = run.named("Forget the result", name)[0].result["ansible_facts"]["dam_consistency_result"]
        assert forgotten == {}
    assert writes(sent(damsim)) == []


@pytest.mark.seed("clean")
def test_what_was_in_sync_when_a_later_step_failed_is_not_known(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    no_folder = {"dam_consistency_report_dir": str(tmp_path / "file" / "reports")}
    run = run_playbook("check.yml", extra_vars={**no_folder, "dam_consistency_report_formats": ["html"]})
    assert run.rc == 2, run.output
    record = verdict_of(run)
    assert (record["in_sync"], record["mismatches_after"], result_of(run)["in_sync"]) == (None, 0, None)
    assert record["error"]


def test_an_id_that_was_given_as_a_number_is_a_text_in_the_result(damsim: StandIn, run_playbook: Any) -> None:
    run = run_playbook("check.yml", extra_vars={"dam_consistency_subscribers": [{"subscriber_id": 12345678}]})
    assert run.rc == 2
    record = verdict_of(run)
    assert record["subscriber_id"] == "12345678"
    assert "12345678" in record["error"]
