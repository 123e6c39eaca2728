# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's second opinion: beside the comparison, against it, and alone as the playbook drift."""

from __future__ import annotations

from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import HOST, error_of, only, result_of, verdict_of
from support.scenes import fault, sent, writes
from tooling.standin import StandIn

PROVE = {"dam_consistency_prove": True}
NO_ROWS: dict[str, Any] = {"method": "GET", "path": "/staging/mismatches", "kind": "body", "body": "[]", "times": 1000}


def equal_types(proof: dict[str, Any]) -> dict[str, Any]:
    """Return for each type whether it is equal."""
    return {each["record_type"]: each["equal"] for each in proof["types"]}


def keyword(standin: StandIn, number: int = 0, name: str = "k-1") -> None:
    """Give a subscriber a keyword that the publisher does not have."""
    added = {"type": "KEYWORD", "action": "CREATE", "id": name}
    standin.post("/_sim/records", [added], at=standin.subscribers[number])


def test_a_repair_that_worked_is_confirmed_by_the_records_and_both_verdicts_are_in_the_result(
    damsim: StandIn, run_playbook: Any
) -> None:
    run = run_playbook("resync.yml", extra_vars=PROVE)
    assert run.rc == 0, run.output
    record = verdict_of(run)
    assert (record["in_sync"], record["repaired"], record["proof"]["equal"]) == (True, True, True)
    told = equal_types(record["proof"])
    assert {name for name, equal in told.items() if equal is None} == {"RESOURCE", "PERMISSION"}
    assert record["proof"]["records"] == []
    assert len(run.named("dam_drift_info")) == 1

    again = run_playbook("resync.yml", extra_vars=PROVE)
    assert (again.rc, again.changed(HOST)) == (0, 0), again.output
    assert verdict_of(again)["proof"]["equal"] is True


@pytest.mark.seed("clean")
def test_without_being_asked_for_there_is_no_proof(damsim: StandIn, run_playbook: Any) -> None:
    run = run_playbook("check.yml")
    assert run.rc == 0, run.output
    assert "proof" not in verdict_of(run)
    assert [each for each in sent(damsim) if "/staging/records" in each["path"]] == []


@pytest.mark.seed("clean")
def test_a_difference_that_the_comparison_does_not_show_fails_and_is_named(damsim: StandIn, run_playbook: Any) -> None:
    keyword(damsim)
    fault(damsim, **NO_ROWS)
    run = run_playbook("check.yml", extra_vars={**PROVE, "dam_consistency_fail_on_drift": False})
    assert run.rc == 2, run.output
    record, result = verdict_of(run), result_of(run)
    assert (record["in_sync"], result["in_sync"]) == (None, None)
    assert (record["mismatches_after"], record["proof"]["equal"]) == (0, False)
    assert [each["recordId"] for each in record["proof"]["records"]] == ["k-1"]
    assert "contradict each other in KEYWORD." in record["error"]
    assert "The comparison found 0 mismatches; by the records KEYWORD differs." in record["error"]
    assert "The first of them: KEYWORD DELETE k-1." in record["error"]
    assert record["error"] in error_of(run)


@pytest.mark.seed("clean")
def test_a_mismatch_of_a_type_whose_records_are_equal_is_a_contradiction_too(
    damsim: StandIn, run_playbook: Any
) -> None:
    keyword(damsim)
    # The logs name another type than the one that differs.
    row = '[{"subscriberId": "s", "recordType": "VERSION", "recordAction": "UPDATE", "recordId": "v-1"}]'
    fault(damsim, method="GET", path="/staging/mismatches.*offset=0&", kind="body", body=row, times=1000)
    fault(damsim, method="GET", path="/staging/mismatches", kind="body", body="[]", times=1000)
    options = {**PROVE, "dam_consistency_fail_on_drift": False, "dam_consistency_delete_previous": False}
    run = run_playbook("check.yml", extra_vars=options)
    assert run.rc == 2, run.output
    record = verdict_of(run)
    assert record["in_sync"] is None
    assert "contradict each other in KEYWORD, VERSION." in record["error"]
    assert "1 mismatches (VERSION); by the records KEYWORD differs." in record["error"]


@pytest.mark.seed("clean")
def test_mismatches_that_the_records_show_as_well_contradict_nothing(damsim: StandIn, run_playbook: Any) -> None:
    keyword(damsim)
    run = run_playbook("check.yml", extra_vars={**PROVE, "dam_consistency_fail_on_drift": False})
    assert run.rc == 0, run.output
    record = verdict_of(run)
    assert (record["in_sync"], record["proof"]["equal"], record["error"]) == (False, False, None)


@pytest.mark.seed("clean")
def test_records_that_cannot_be_compared_contradict_nothing(damsim: StandIn, run_playbook: Any) -> None:
    no_id = '{"hash": "0123", "count": 1, "id": ""}'
    fault(damsim, path=r"KEYWORD\?offset=0&limit=1$", kind="body", body=no_id, times=1000)
    run = run_playbook("check.yml", extra_vars=PROVE)
    assert run.rc == 0, run.output
    record = verdict_of(run)
    assert (record["in_sync"], record["proof"]["equal"], record["error"]) == (True, None, None)
    assert equal_types(record["proof"])["KEYWORD"] is None


@pytest.mark.seed("clean")
def test_a_proof_that_was_asked_for_and_cannot_be_had_is_a_failure(damsim: StandIn, run_playbook: Any) -> None:
    # Only the calls on records that the role makes, not those of the comparison.
    refused: dict[str, Any] = {"path": "/staging/records", "kind": "status", "status": 500, "body": "{}", "times": 1000}
    fault(damsim, at=damsim.subscribers[0], **refused)
    run = run_playbook("check.yml", extra_vars=PROVE)
    assert run.rc == 2, run.output
    record = verdict_of(run)
    assert record["in_sync"] is None
    assert "500" in record["error"]
    assert "proof" not in record


def test_check_mode_makes_no_proof(damsim: StandIn, run_playbook: Any) -> None:
    run = run_playbook("resync.yml", extra_vars=PROVE, check=True)
    assert run.rc == 0, run.output
    assert "proof" not in verdict_of(run)
    assert writes(sent(damsim)) == []


def test_the_playbook_drift_fails_where_records_differ_and_changes_nothing(damsim: StandIn, run_playbook: Any) -> None:
    run = run_playbook("drift.yml")
    assert (run.rc, run.changed(HOST)) == (2, 0), run.output
    record, result = verdict_of(run), result_of(run)
    assert (record["in_sync"], result["in_sync"], record["mismatches_after"]) == (None, None, None)
    assert record["proof"]["equal"] is False
    assert len(record["proof"]["records"]) == 20
    assert "These differ: COLLECTION, MEDIA_ITEM" in record["error"]
    assert writes(sent(damsim)) == []

    shown = run_playbook("drift.yml", extra_vars={"dam_consistency_fail_on_drift": False})
    assert shown.rc == 0, shown.output
    assert verdict_of(shown)["proof"]["equal"] is False
    checked = run_playbook("drift.yml", check=True)
    assert checked.rc == 0, checked.output


def test_the_playbook_drift_looks_at_every_subscriber(damsim3: StandIn, run_playbook: Any) -> None:
    keyword(damsim3, 2, "only-here")
    where: dict[str, Any] = {"inventory": {HOST: role_connection(damsim3)}, "env": role_secrets(damsim3)}
    chosen = {"dam_consistency_subscribers": only(damsim3, 1, 2), "dam_consistency_drift_record_types": ["KEYWORD"]}
    run = run_playbook("drift.yml", extra_vars=chosen, **where)
    assert run.rc == 2, run.output
    proofs = [each["proof"] for each in result_of(run)["subscribers"]]
    assert [list(equal_types(proof)) for proof in proofs] == [["KEYWORD"]] * 2
    assert [each["recordId"] for each in proofs[1]["records"]] == ["only-here"]


@pytest.mark.seed("clean")
def test_the_playbook_drift_is_quiet_where_nothing_differs_and_fails_where_nobody_can_tell(
    damsim: StandIn, run_playbook: Any
) -> None:
    quiet = run_playbook("drift.yml")
    assert (quiet.rc, quiet.changed(HOST)) == (0, 0), quiet.output
    assert verdict_of(quiet)["proof"]["equal"] is True
    limited = run_playbook("drift.yml", extra_vars={"dam_consistency_drift_max_requests": 5})
    assert limited.rc == 2, limited.output
    assert "Cannot be told" in error_of(limited)
    assert verdict_of(limited)["proof"]["equal"] is None
