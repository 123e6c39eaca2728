# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks through ansible-runner, as AWX runs them: events, artifacts, and no secret in either."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.connections import role_connection, role_secrets
from support.role import check_form, meanwhile
from support.runner import assert_fit_for_awx, run_job
from support.standin import StandIn
from tooling.process import environment


@pytest.mark.slow
def test_a_repair_with_a_vault_shows_no_secret_however_verbose_it_is(damsim: StandIn, tmp_path: Path) -> None:
    vault = "the-vault's-word"
    facts = {
        **role_connection(damsim),
        "dam_consistency_username": damsim.username,
        "dam_consistency_password": {"__ansible_vault": vaulted(damsim.password, vault, tmp_path)},
        "dam_consistency_subscribers": [
            {
                "target_host": damsim.subscribers[0].target_host,
                "dx_username": damsim.username,
                "dx_password": {"__ansible_vault": vaulted(damsim.password, vault, tmp_path)},
            }
        ],
    }
    extravars = {"dam_consistency_report_dir": str(tmp_path / "reports")}
    passwords = {r"Vault password:\s*?$": vault}
    job = run_job(tmp_path / "job", "resync", {"dx": facts}, extravars, {}, passwords, "--ask-vault-pass -vvvv")
    assert job.rc == 0, job.output
    assert damsim.digests_equal()
    assert job.artifact()["dam_consistency_artifact"]["publishers"]["dx"]["in_sync"] is True
    assert_fit_for_awx(job, damsim.password, vault)


@pytest.mark.slow
def test_a_line_of_progress_is_an_event_while_its_task_still_runs(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(hold_comparison=True)

    def told() -> bool:
        files = (tmp_path / "job" / "artifacts" / "job" / "job_events").glob("*.json")
        # One that is only a part goes again, and what is not yet whole has another ending.
        whole = [path for path in files if not path.name.endswith("-partial.json")]
        return any(" s elapsed" in path.read_text(encoding="utf-8") for path in whole)

    extravars = {"dam_consistency_report_dir": str(tmp_path / "reports")}
    # The comparison ends only after the event was there.
    with meanwhile(told, lambda: damsim.settings(hold_comparison=False)):
        job = run_job(tmp_path / "job", "check", {"dx": role_connection(damsim)}, extravars, role_secrets(damsim))
    assert job.rc == 2, job.output
    lines = [event["stdout"] for event in job.events() if " s elapsed" in event["stdout"]]
    assert re.match(r"\[dx\] .*Compare the publisher with \S+: FIND_MISMATCH_START, \d+ s elapsed", lines[0])
    assert_fit_for_awx(job, damsim.password)


def vaulted(secret: str, password: str, folder: Path) -> str:
    """Encrypt a text as ``ansible-vault encrypt_string`` does."""
    (folder / "word").write_text(password, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(folder / "word")],
        env=environment(Path(sys.executable).parent),
        input=secret,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.slow
def test_events_stay_small_where_everything_fails_at_length(damsim3: StandIn, tmp_path: Path) -> None:
    for place in damsim3.subscribers:
        every = {"trigger_function": "", "nth": 1, "times": 1000, "status": "FAILED", "message": "x" * 5000}
        functions = ["syncStagingMediaContent", "syncStagingCollectionContent", "syncStagingRenditionContent"]
        damsim3.settings(at=place, fail_operations=[{**every, "trigger_function": name} for name in functions])
    extravars = {"dam_consistency_report_dir": str(tmp_path / "reports"), "dam_consistency_max_delete_percent": -1}
    job = run_job(tmp_path / "job", "resync", {"dx": role_connection(damsim3)}, extravars, role_secrets(damsim3))
    assert job.rc == 2, job.output
    kept = [event for event in job.events() if event.get("event_data", {}).get("task") == "Keep the result"]
    assert "failed_operations" in str(kept[-1]["event_data"]["res"])
    assert_fit_for_awx(job, damsim3.password)


@pytest.mark.slow
def test_no_event_holds_the_proofs_of_many_subscribers(start_damsim: Callable[..., StandIn], tmp_path: Path) -> None:
    standin = start_damsim(subscribers=6)
    extravars = {"dam_consistency_result_file": str(tmp_path / "result.json")}
    job = run_job(tmp_path / "job", "drift", {"dx": role_connection(standin)}, extravars, role_secrets(standin))
    assert job.rc == 2, job.output
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    check_form(result)
    assert all(each["proof"]["types"] for each in result["subscribers"])
    size, task = job.largest_event()
    assert size < len(json.dumps(result)), f"'{task}' holds the records of all subscribers"
    assert_fit_for_awx(job, standin.password)
