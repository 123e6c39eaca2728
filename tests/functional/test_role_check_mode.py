# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in check mode: it looks, it says what a repair would do, and it leaves everything as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.connections import role_connection, role_secrets
from support.role import HOST, SHOW_ARTIFACT, artifact_of, error_of, folder_listing, result_of, rows_of
from support.scenes import compared, register, sent, set_status, writes
from support.standin import StandIn


def test_it_shows_what_a_repair_would_change_and_what_is_in_its_way_and_sends_nothing(
    start_damsim: Any, run_playbook: Any, tmp_path: Path
) -> None:
    standin: StandIn = start_damsim(subscribers=7)
    standin.settings(at=standin.publisher, hold_comparison=True, hold_resync=True)
    rows = compared(standin, age=3 * 365 * 86400, number=1)
    assert compared(standin, number=2) == 0
    for number, status in enumerate(["FIND_MISMATCH_START", "RESYNC_TRIGGER_START", "RESYNC_TRIGGER_COMPLETED"], 4):
        set_status(standin, status, number=number)
    busy = {"triggerFunction": "syncStagingMediaContent", "status": "PROCESSING"}
    standin.post("/_sim/operations", busy, at=standin.subscribers[6])
    compared(standin, number=3)
    register(standin, standin.subscribers[3], f"{standin.publisher.host}:{standin.publisher.port}")

    # A report that is there stays as it is, and is not handed on.
    drifted = standin.subscribers[1]
    old = tmp_path / "reports" / f"{HOST}--{drifted.host}_{drifted.port}--{drifted.id[:8]}.csv"
    old.parent.mkdir()
    old.write_text("recordType,recordAction\nKEYWORD,CREATE\n", encoding="utf-8")
    upload = tmp_path / "upload.yml"
    upload.write_text("- ansible.builtin.fail:\n    msg: handed on\n", encoding="utf-8")
    standin.forget_requests()
    run = run_playbook(
        "resync.yml",
        {HOST: role_connection(standin)},
        {
            "dam_consistency_report_dir": str(old.parent),
            "dam_consistency_report_tasks": str(upload),
            "dam_consistency_result_file": str(tmp_path / "result.json"),
            "dam_consistency_prove": True,
            "dam_consistency_reregister": True,
            "dam_consistency_request_retries": 0,
        },
        check=True,
        env=role_secrets(standin) | SHOW_ARTIFACT,
    )
    result = result_of(run)
    calm, two_way = list(result["subscribers"]), result["subscribers"][3]
    calm.remove(two_way)
    assert [each["in_sync"] for each in [result, *calm, two_way]] == [None] * 8
    assert [each["repaired"] for each in [*calm, two_way]] == [False] * 7
    assert [each["mismatches_before"] for each in calm] == [None, rows, 0, None, None, None]
    assert [each["error"] for each in calm] == [None] * 6
    assert not [each for each in result["subscribers"] if "proof" in each]
    assert error_of(run) == two_way["error"]
    assert "Two-way staging" in two_way["error"]
    figures = {"in_sync": None, "before": None, "after": None}
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"][HOST] == figures

    planned = [task.result["planned"] for task in run.named("dam_resync") if task.outcome == "ok"]
    assert [plan["total"] for plan in planned] == [rows]
    none = {"CREATE": 0, "UPDATE": 0, "DELETE": 0}
    assert planned[0]["by_type"] == {name: none | found for name, found in standin.expected(1)["counts"].items()}
    told = [str(task.result["msg"]) for task in run.named("ansible.builtin.debug")]
    counts = planned[0]["by_action"]
    numbers = f"create {counts['CREATE']}, update {counts['UPDATE']} and delete {counts['DELETE']} records there."
    assert f"A repair of {drifted.target_host} would {numbers}" in told
    assert len([text for text in told if f"{drifted.target_host} differs from its publisher:" in text]) == 1
    assert len([text for text in told if "for a comparison" in text]) == 7

    requests = sent(standin)
    assert requests
    assert writes(requests) == []
    assert [row["recordType"] for row in rows_of(old)] == ["KEYWORD"]
    assert folder_listing(old.parent) == [old.name]
    assert not (tmp_path / "result.json").exists()
