# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role where a comparison fails for too much data: it registers the subscriber anew if that is wanted."""

from __future__ import annotations

from typing import Any

from support.role import error_of, meanwhile, verdict_of
from support.scenes import sent
from tooling.standin import StandIn

WANTED = {"dam_consistency_reregister": True}


def fails_for_too_much_data(standin: StandIn) -> None:
    standin.settings(at=standin.publisher, fail_comparison=True, comparison_retry_failed=True)


def registrations(standin: StandIn) -> list[str]:
    """Return the methods of the requests that registered or deregistered."""
    return [
        each["method"]
        for each in sent(standin)
        if "/staging/subscriber" in each["path"] and each["method"] in {"POST", "DELETE"}
    ]


def test_unless_it_is_wanted_the_advice_is_all(damsim: StandIn, run_playbook: Any) -> None:
    fails_for_too_much_data(damsim)
    run = run_playbook("resync.yml")
    assert run.rc == 2
    assert "there may be too much data to compare" in error_of(run)
    assert verdict_of(run)["in_sync"] is None
    assert registrations(damsim) == []


def test_where_it_is_wanted_everything_is_staged_anew_and_compared(damsim: StandIn, run_playbook: Any) -> None:
    fails_for_too_much_data(damsim)
    old = damsim.subscribers[0].id
    with meanwhile(
        lambda: "POST" in registrations(damsim),
        lambda: damsim.settings(at=damsim.publisher, fail_comparison=False, comparison_retry_failed=False),
    ):
        run = run_playbook("resync.yml", extra_vars=WANTED)
    assert run.rc == 0, run.output
    record = verdict_of(run)
    assert registrations(damsim) == ["DELETE", "POST"]
    assert record["subscriber_id"] != old
    assert (record["in_sync"], record["repaired"], record["error"]) == (True, True, None)
    assert damsim.get("/_sim/digest") == damsim.get("/_sim/digest", at=damsim.subscribers[0])


def test_another_failure_is_no_reason_to_register_anew(damsim: StandIn, run_playbook: Any) -> None:
    damsim.settings(at=damsim.publisher, fail_comparison=True)
    run = run_playbook("resync.yml", extra_vars=WANTED)
    assert run.rc == 2
    assert registrations(damsim) == []


def test_check_mode_registers_nothing(damsim: StandIn, run_playbook: Any) -> None:
    fails_for_too_much_data(damsim)
    assert run_playbook("resync.yml", extra_vars=WANTED, check=True).rc == 0
    assert registrations(damsim) == []
