# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's second opinion: against the comparison, and alone as the playbook drift."""

from __future__ import annotations

from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import HOST, error_of, only, result_of, verdict_of
from support.scenes import fault, sent, writes
from support.standin import StandIn


def equal_types(proof: dict[str, Any]) -> dict[str, Any]:
    """Return for each type whether it is equal."""
    return {each["record_type"]: each["equal"] for each in proof["types"]}


def keyword(standin: StandIn, number: int) -> None:
    """Give a subscriber a keyword that the publisher does not have."""
    added = {"type": "KEYWORD", "action": "CREATE", "id": "k-1"}
    standin.post("/_sim/records", [added], at=standin.subscribers[number])


def where(standin: StandIn) -> dict[str, Any]:
    """Return inventory and environment for the publisher of a stand-in."""
    return {"inventory": {HOST: role_connection(standin)}, "env": role_secrets(standin)}


@pytest.mark.slow
def test_a_comparison_is_confirmed_or_contradicted_by_the_records_and_without_them_nobody_knows(
    start_damsim: Any, run_playbook: Any
) -> None:
    standin: StandIn = start_damsim(subscribers=4)
    differing, hidden, refused = (standin.subscribers[number] for number in (1, 2, 3))
    keyword(standin, 2)
    # The comparison shows nothing of it.
    no_rows: dict[str, Any] = {"method": "GET", "kind": "body", "body": "[]", "times": 1000}
    fault(standin, path=f"/staging/mismatches.*{hidden.id}", **no_rows)
    # Only the calls on records that the role makes, not those of the comparison.
    error: dict[str, Any] = {"path": "/staging/records", "kind": "status", "status": 500, "body": "{}", "times": 1000}
    fault(standin, at=refused, **error)
    run = run_playbook(
        "check.yml",
        extra_vars={
            "dam_consistency_prove": True,
            "dam_consistency_fail_on_drift": False,
            "dam_consistency_subscribers": only(standin, 1, 2, 3),
            "dam_consistency_request_retries": 0,
        },
        **where(standin),
    )
    assert run.rc == 2, run.output
    assert result_of(run)["in_sync"] is False
    confirmed, contradicted, unproven = result_of(run)["subscribers"]
    assert confirmed["target_host"] == differing.target_host
    assert (confirmed["in_sync"], confirmed["proof"]["equal"], confirmed["error"]) == (False, False, None)

    assert (contradicted["in_sync"], contradicted["mismatches_after"]) == (None, 0)
    assert [each["recordId"] for each in contradicted["proof"]["records"]] == ["k-1"]
    assert contradicted["error"] == (
        f"{hidden.target_host}: the publisher's comparison and the records themselves contradict each other in "
        "KEYWORD. The comparison found 0 mismatches; by the records KEYWORD differs. "
        "The first of them: KEYWORD DELETE k-1."
    )
    assert (unproven["in_sync"], "proof" in unproven) == (None, False)
    assert "500" in unproven["error"]
    assert error_of(run) == f"{contradicted['error']}\n{unproven['error']}"


def test_the_playbook_drift_fails_where_records_differ_or_nobody_can_tell_and_changes_nothing(
    damsim3: StandIn, run_playbook: Any
) -> None:
    run = run_playbook("drift.yml", **where(damsim3))
    assert (run.rc, run.changed(HOST)) == (2, 0), run.output
    damaged, other, clean = result_of(run)["subscribers"]
    assert [each["proof"]["equal"] for each in (damaged, other, clean)] == [False, False, True]
    assert [each["in_sync"] for each in (result_of(run), damaged, other, clean)] == [None] * 4
    assert [each["mismatches_after"] for each in (damaged, other, clean)] == [None] * 3
    assert len(damaged["proof"]["records"]) == 20
    assert "These differ: COLLECTION, MEDIA_ITEM" in damaged["error"]
    assert error_of(run) == f"{damaged['error']}\n{other['error']}"
    assert writes(sent(damsim3)) == []

    limits = {"dam_consistency_drift_max_requests": 2, "dam_consistency_drift_record_types": ["KEYWORD", "VERSION"]}
    limited = run_playbook(
        "drift.yml", extra_vars={"dam_consistency_subscribers": only(damsim3, 2), **limits}, **where(damsim3)
    )
    assert limited.rc == 2, limited.output
    assert "Cannot be told" in error_of(limited)
    assert verdict_of(limited)["proof"]["equal"] is None
    assert list(equal_types(verdict_of(limited)["proof"])) == ["KEYWORD", "VERSION"]

    shown = run_playbook("drift.yml", extra_vars={"dam_consistency_fail_on_drift": False}, check=True, **where(damsim3))
    assert shown.rc == 0, shown.output
    assert verdict_of(shown)["proof"]["equal"] is False
