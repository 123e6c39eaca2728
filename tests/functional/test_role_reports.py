# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's reports: where they are, what they are called, in which formats, and to whom they are handed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.playbooks import play
from support.role import HAND_ON, check_form, error_of, folder_listing, found_in, result_of, rows_of
from support.standin import StandIn
from tooling.paths import ROOT

HOST = "eu/../dx prod;1"
SAFE = "eu_.._dx_prod_1"


@pytest.mark.slow
def test_reports_are_in_the_folder_that_the_command_was_given_in_under_safe_names_and_are_handed_on(
    damsim: StandIn, tmp_path: Path
) -> None:
    folder, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    (elsewhere / "taken").mkdir(parents=True)
    (elsewhere / "hand-on.yml").write_text(HAND_ON, encoding="utf-8")
    book = elsewhere / "book.yml"
    check = ROOT / "playbooks" / "check.yml"
    book.write_text(json.dumps([{"ansible.builtin.import_playbook": str(check)}]), encoding="utf-8")
    expected = damsim.expected()["rows"]
    run = play(
        book,
        folder,
        {HOST: role_connection(damsim)},
        {
            "dam_consistency_fail_on_drift": False,
            "hand_on_to": str(elsewhere / "taken"),
            "dam_consistency_report_tasks": str(elsewhere / "hand-on.yml"),
            "dam_consistency_result_file": str(folder / "result.json"),
        },
        env=role_secrets(damsim) | {"PWD": str(folder)},
        # So a list comes as a text.
        arguments=["-e", "dam_consistency_report_formats=csv,jsonl,json"],
    )
    assert run.rc == 0, run.output
    (subscriber,) = damsim.subscribers
    stem = f"{SAFE}--{subscriber.host}_{subscriber.port}--{subscriber.id[:8]}"
    names = [f"{stem}.csv", f"{stem}.json", f"{stem}.jsonl"]
    reports = folder / "dam-reports"
    assert folder_listing(reports) == names
    assert result_of(run, HOST)["subscribers"][0]["report"] == str(reports / f"{stem}.csv")
    check_form(json.loads((folder / "result.json").read_text(encoding="utf-8")))

    assert found_in(reports / names[0]) == expected
    listed = json.loads((reports / names[1]).read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (reports / names[2]).read_text(encoding="utf-8").splitlines()]
    assert listed == lines
    assert [row["recordId"] for row in listed] == [row["recordId"] for row in rows_of(reports / names[0])]

    assert folder_listing(elsewhere / "taken") == names
    for name in names:
        assert (elsewhere / "taken" / name).read_bytes() == (reports / name).read_bytes()


@pytest.mark.slow
def test_files_of_the_result_replace_links_themselves_and_reports_need_a_folder_that_is_not_for_all(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    real, result, junit, reports = (tmp_path / name for name in ("real", "result.json", "junit.xml", "reports"))
    real.write_text("not to be written", encoding="utf-8")
    real.chmod(0o644)
    result.symlink_to(real)
    junit.symlink_to(tmp_path / "nothing")
    if os.geteuid() == 0:
        os.chown(result, 54321, 54321, follow_symlinks=False)
    hosts = {HOST: role_connection(damsim)}
    wanted = {"dam_consistency_fail_on_drift": False, "dam_consistency_report_dir": str(reports)}
    files = {"dam_consistency_result_file": str(result), "dam_consistency_junit_file": str(junit)}
    run = run_playbook("check.yml", hosts, {**wanted, **files}, env=role_secrets(damsim))
    assert run.rc == 0, run.output
    check_form(json.loads(result.read_text(encoding="utf-8")))
    assert [(each.is_symlink(), each.stat().st_mode & 0o777) for each in (result, junit)] == [(False, 0o600)] * 2
    assert (real.read_text(encoding="utf-8"), real.stat().st_mode & 0o777) == ("not to be written", 0o644)
    assert not (tmp_path / "nothing").exists()
    assert [each.stat().st_mode & 0o777 for each in (reports, *reports.iterdir())] == [0o700, 0o600]

    reports.chmod(0o777)
    run = run_playbook("check.yml", hosts, wanted, env=role_secrets(damsim))
    assert run.rc != 0
    assert "every user can write to the folder" in error_of(run, HOST)
    assert "dam_consistency_report_dir" in error_of(run, HOST)
