# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in check mode: it looks, it says what a repair would do, and it leaves everything as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun
from support.role import HOST, SHOW_ARTIFACT, artifact_of, error_of, folder_listing, result_of, rows_of
from support.scenes import compared, register, sent, set_status, writes
from tooling.standin import StandIn


def look(run_playbook: Any, standin: StandIn, reports: Path, **variables: Any) -> PlaybookRun:
    """Run the whole cycle in check mode; nothing but looking may reach the servers."""
    standin.forget_requests()
    run: PlaybookRun = run_playbook(
        "resync.yml",
        {HOST: role_connection(standin)},
        {"dam_consistency_report_dir": str(reports), **variables},
        check=True,
        env=role_secrets(standin) | SHOW_ARTIFACT,
    )
    requests = sent(standin)
    assert requests
    assert writes(requests) == []
    return run


def test_never_compared_with_rows_and_without(damsim3: StandIn, run_playbook: Any, tmp_path: Path) -> None:
    rows = compared(damsim3, age=3 * 365 * 86400, number=1)
    assert compared(damsim3, number=2) == 0
    reports, result_file = tmp_path / "reports", tmp_path / "result.json"
    run = look(run_playbook, damsim3, reports, dam_consistency_result_file=str(result_file))
    assert run.rc == 0, run.output
    result = result_of(run)
    never, drifted, same = result["subscribers"]
    assert [each["in_sync"] for each in (result, never, drifted, same)] == [None] * 4
    assert [each["repaired"] for each in (never, drifted, same)] == [False] * 3
    assert [each["mismatches_before"] for each in (never, drifted, same)] == [None, rows, 0]
    assert [each["error"] for each in (never, drifted, same)] == [None] * 3
    planned = [task.result["planned"] for task in run.named("Repair the subscriber") if task.outcome == "ok"]
    assert [plan["total"] for plan in planned] == [rows]
    counts = damsim3.expected(1)["counts"]
    none = {"CREATE": 0, "UPDATE": 0, "DELETE": 0}
    assert planned[0]["by_type"] == {record_type: none | found for record_type, found in counts.items()}
    assert f"{damsim3.subscribers[1].target_host} differs from its publisher:" in run.stdout
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"][HOST] == {
        "in_sync": None,
        "before": None,
        "after": None,
    }
    assert not reports.exists()
    assert not result_file.exists()


def test_a_report_that_is_there_stays_as_it_is_and_is_not_handed_on(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    compared(damsim)
    (subscriber,) = damsim.subscribers
    old = tmp_path / f"{HOST}--{subscriber.host}_{subscriber.port}--{subscriber.id[:8]}.csv"
    old.write_text("recordType,recordAction\nKEYWORD,CREATE\n", encoding="utf-8")
    upload = tmp_path / "upload.yml"
    upload.write_text("- ansible.builtin.fail:\n    msg: handed on\n", encoding="utf-8")
    before = folder_listing(tmp_path)
    run = look(run_playbook, damsim, tmp_path, dam_consistency_report_tasks=str(upload))
    assert run.rc == 0, run.output
    assert [row["recordType"] for row in rows_of(old)] == ["KEYWORD"]
    assert [name for name in folder_listing(tmp_path) if not name.startswith(".run-")] == before


def test_what_is_running_is_not_waited_for_and_no_reason_to_fail(
    damsim3: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    damsim3.settings(at=damsim3.publisher, hold_comparison=True, hold_resync=True)
    for number, status in enumerate(["FIND_MISMATCH_START", "RESYNC_TRIGGER_START", "RESYNC_TRIGGER_COMPLETED"]):
        set_status(damsim3, status, number=number)
    busy = {"triggerFunction": "syncStagingMediaContent", "status": "PROCESSING"}
    damsim3.post("/_sim/operations", busy, at=damsim3.subscribers[2])
    run = look(run_playbook, damsim3, tmp_path / "reports")
    assert run.rc == 0, run.output
    result = result_of(run)
    assert [each["in_sync"] for each in [result, *result["subscribers"]]] == [None] * 4
    assert [each["error"] for each in result["subscribers"]] == [None] * 3
    assert not (tmp_path / "reports").exists()


def test_two_way_staging_is_found_without_touching_anything(damsim: StandIn, run_playbook: Any, tmp_path: Path) -> None:
    compared(damsim)
    publisher, subscriber = damsim.publisher, damsim.subscribers[0]
    register(damsim, subscriber, f"{publisher.host}:{publisher.port}")
    run = look(run_playbook, damsim, tmp_path / "reports")
    assert "Two-way staging" in error_of(run)
    assert result_of(run)["in_sync"] is None
    assert not (tmp_path / "reports").exists()
