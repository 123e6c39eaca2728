# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's entry points, each by itself, and what their argument specifications refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import HOST, book, error_of, folder_listing, found_in, only, result_of, results_of
from support.scenes import log_mismatches, numbered, sent, writes
from support.standin import StandIn

COMPARE, AGAIN, RESYNC = ["PATCH subscriber"], ["DELETE mismatches", "PATCH subscriber"], ["PATCH subscriber"]


@pytest.mark.slow
def test_each_step_can_be_run_by_itself(damsim: StandIn, run_playbook: Any, tmp_path: Path) -> None:
    expected = damsim.expected()["rows"]
    steps = ("status", "preflight", "compare", "report", "resync", "status", "verify", "drift")
    reports = tmp_path / "reports"
    run = run_playbook(
        book(tmp_path / "book.yml", *((HOST, step, {}) for step in steps)),
        extra_vars={"dam_consistency_report_dir": str(reports)},
    )
    assert run.rc == 0, run.output
    states = [task.result["msg"] for task in run.named("Show its subscribers") if task.item]
    assert ["never compared" in state for state in states] == [True, False]
    assert "resync started since" in states[1].replace("  ", " ")
    results = results_of(run)
    assert [each["in_sync"] for each in results] == [None, False, None, None, True, None]
    ready, compared, reported, repaired, verified, looked = (each["subscribers"][0] for each in results)
    assert (ready["mismatches_before"], ready["report"]) == (None, None)
    assert (compared["mismatches_before"], compared["report"]) == (len(expected), None)
    assert reported["summary_before"]["by_action"]["CREATE"] == sum(row[1] == "CREATE" for row in expected)
    assert (repaired["repaired"], repaired["mismatches_after"]) == (True, None)
    assert (verified["repaired"], verified["mismatches_before"], verified["report"]) == (False, 0, None)
    assert (looked["proof"]["equal"], looked["mismatches_before"]) == (True, None)
    assert writes(sent(damsim)) == [*COMPARE, *RESYNC, *AGAIN]
    assert folder_listing(reports) == []  # what was verified took the report away
    assert damsim.digests_equal()


@pytest.mark.slow
def test_each_step_says_why_it_cannot_be_done(damsim3: StandIn, run_playbook: Any, tmp_path: Path) -> None:
    damsim3.post(f"/_sim/subscribers/{damsim3.subscribers[2].id}", {"status": False})
    numbers = {"report": 0, "resync": 0, "preflight": 2, "verify": 1}
    inventory = {
        step: role_connection(damsim3) | {"dam_consistency_subscribers": only(damsim3, number)}
        for step, number in numbers.items()
    }
    run = run_playbook(
        book(tmp_path / "book.yml", *((step, step, {"dam_consistency_fail_on_drift": False}) for step in numbers)),
        inventory,
        {"dam_consistency_report_dir": str(tmp_path / "reports")},
        env=role_secrets(damsim3),
    )
    assert run.rc == 2, run.output
    assert "Please run find mismatch first before generating report logs." in error_of(run, "report")
    assert "Compare again first" in error_of(run, "resync")
    assert "switched off" in error_of(run, "preflight")
    assert "is not in sync with its publisher" in error_of(run, "verify")
    assert [result_of(run, step)["in_sync"] for step in numbers] == [None, None, None, False]
    assert writes(sent(damsim3)) == COMPARE
    (report,) = folder_listing(tmp_path / "reports")
    assert found_in(tmp_path / "reports" / report) == damsim3.expected(1)["rows"]


@pytest.mark.slow
def test_a_fresh_comparison_is_reused_unless_it_proves_nothing_and_old_logs_are_deleted_unless_that_is_not_wanted(
    damsim3: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    damsim3.settings(at=damsim3.publisher, new_comparison="appends")
    log_mismatches(damsim3, numbered("KEYWORD", "CREATE", 3), number=1)
    count = len(damsim3.expected(1)["rows"])
    fresh = {"dam_consistency_max_age": 3600}
    run = run_playbook(
        book(
            tmp_path / "book.yml",
            ("differs", "compare", {"dam_consistency_delete_previous": False}),
            ("differs", "compare", {}),
            ("differs", "compare", fresh),
            # A comparison without mismatches proves nothing, unless it was seen to end.
            ("same", "compare", fresh),
            ("same", "main", fresh),
        ),
        {
            host: role_connection(damsim3) | {"dam_consistency_subscribers": only(damsim3, number)}
            for host, number in (("differs", 1), ("same", 2))
        },
        env=role_secrets(damsim3),
    )
    assert run.rc == 0, run.output
    differs = results_of(run, "differs")
    assert [each["subscribers"][0]["mismatches_before"] for each in differs] == [count + 3, count, count]
    assert [each["in_sync"] for each in differs] == [False] * 3
    assert [each["in_sync"] for each in results_of(run, "same")] == [True, True]
    assert writes(sent(damsim3)) == [*COMPARE, *AGAIN, *COMPARE, *COMPARE]
    assert run.changed("same") == 0


WRONG: dict[str, tuple[str, Any, str]] = {
    "number": ("dam_consistency_max_passes", "many", "unable to convert to int"),
    "boolean": ("dam_consistency_repair", "perhaps", "not a valid boolean"),
    "list": ("dam_consistency_subscribers", {"dx_password": "in-a-wrong-place"}, "unable to convert to list"),
    "format": ("dam_consistency_report_formats", ["csv", "xml"], "csv, jsonl, json, html"),
    "scope": ("dam_consistency_operation_scope", "some", "all, sync"),
    "protocol": ("dam_consistency_protocol", "ftp", "http, https"),
}


def test_wrong_types_and_unknown_choices_are_refused_before_anything_is_sent(
    damsim: StandIn, run_playbook: Any
) -> None:
    inventory = {host: role_connection(damsim) | {variable: value} for host, (variable, value, _told) in WRONG.items()}
    run = run_playbook("resync.yml", inventory, env=role_secrets(damsim), arguments=["-vvv"])
    assert run.rc == 2
    for host, (variable, _value, told) in WRONG.items():
        refusals = [task.result for task in run.tasks if task.host == host and task.outcome == "failed"]
        assert len(refusals) == 1
        words = " ".join(refusals[0]["argument_errors"])
        assert variable in words
        assert told in words
    assert "in-a-wrong-place" not in run.output
    assert damsim.requests() == []
