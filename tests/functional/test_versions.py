# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short tour of everything: what the matrix of ansible-core and Python versions runs on every pair.

Every module once, in check mode too, the role's cycle, and every playbook. What each of them promises in detail is in
the other tests.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.awx.scene import Scene
from support.connections import connection_to
from support.playbooks import ANSIBLE_PYTHON, Call
from support.role import result_of
from support.standin import StandIn
from tooling import environments, interpreters
from tooling.paths import ROOT
from tooling.process import Failed

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("dam_*.py"))
# With a test of their own.
OTHERS = {"awx_setup", "figures", "resync"}
PLAYBOOKS = sorted({path.stem for path in (ROOT / "playbooks").glob("*.yml")} - OTHERS)
EXPECTED = os.environ.get("DAM_TEST_EXPECTED_VERSIONS", "").split()
in_the_matrix = pytest.mark.skipif(not EXPECTED, reason="for the matrix of versions; other tests tell the same of one")
HOST = "publisher"


def tour(standin: StandIn, dest: Path) -> list[Call]:
    """One call of every module, in an order in which each of them has something to do."""
    one = {"subscriber_id": standin.subscribers[0].id}
    calls = [
        Call("dam_subscriber_info"),
        Call("dam_settle", one),
        Call("dam_preflight", one),
        Call("dam_drift_info", one),
        Call("dam_find_mismatch", one),
        Call("dam_mismatch_report", {**one, "dest": str(dest)}),
        Call("dam_resync", one),
        Call("dam_operations_info", {"wait": True}),
        Call("dam_delete_mismatch", one),
        Call("dam_subscriber", {**one, "cycle_length": 7}),
    ]
    assert sorted(call.name for call in calls) == MODULES, "a module is missing in the tour"
    return calls


@in_the_matrix
def test_it_is_the_python_and_the_ansible_core_that_were_asked_for() -> None:
    code = "import sys; from ansible.release import __version__; print(sys.version.split()[0], __version__)"
    said = subprocess.run([ANSIBLE_PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert len(said) == len(EXPECTED)
    assert all(
        version == "newest" or found.startswith(f"{version}.") for found, version in zip(said, EXPECTED, strict=True)
    )


def test_every_module_does_its_work(damsim: StandIn, run_tasks: Any, tmp_path: Path) -> None:
    dest = tmp_path / "report.csv"
    from_environment = {"DX_USERNAME": damsim.username, "DX_PASSWORD": damsim.password}
    calls = [
        Call(call.name, {**call.args, "dx_username": None, "dx_password": None}, env=from_environment)
        for call in tour(damsim, dest)
    ]
    results = dict(zip([call.name for call in calls], run_tasks(calls), strict=True))
    assert [(name, each.get("msg")) for name, each in results.items() if each["failed"]] == []
    assert len(dest.read_text(encoding="utf-8").splitlines()) == results["dam_find_mismatch"]["mismatch_count"] + 1
    assert results["dam_delete_mismatch"]["deleted_count"] > 0
    assert damsim.password not in json.dumps(results)
    assert damsim.digests_equal()


def test_every_module_in_check_mode_sends_no_write(damsim: StandIn, run_tasks: Any, tmp_path: Path) -> None:
    calls = [Call(call.name, call.args, check=True, diff=True) for call in tour(damsim, tmp_path / "report.csv")]
    # Without a comparison there is no report and no repair; everything else can be said.
    results = dict(zip([call.name for call in calls], run_tasks(calls), strict=True))
    assert [name for name, result in results.items() if result["failed"]] == ["dam_mismatch_report", "dam_resync"]
    assert results["dam_subscriber"]["diff"]["after"]["cycle_length"] == 7
    assert results["dam_find_mismatch"]["diff"]["after"] == {"resync_status": "FIND_MISMATCH_START"}
    assert damsim.password not in json.dumps(results)
    assert damsim.writes() == []
    assert not (tmp_path / "report.csv").exists()


@in_the_matrix
def test_the_role_repairs_and_proves_and_a_second_run_changes_nothing(damsim: StandIn, run_playbook: Any) -> None:
    first = run_playbook("resync.yml")
    assert first.rc == 0, first.output
    assert result_of(first)["in_sync"] is True
    assert damsim.digests_equal()
    second = run_playbook("resync.yml")
    assert (second.rc, second.changed(HOST)) == (0, 0), second.output
    assert "[DEPRECATION WARNING]" not in first.output


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "status" else in_the_matrix) for name in PLAYBOOKS]
)
def test_every_playbook_runs(damsim: StandIn, run_playbook: Any, name: str) -> None:
    run = run_playbook(f"{name}.yml")
    # These two fail for what differs.
    assert run.rc == (2 if name in {"check", "drift"} else 0), run.output
    assert run.recap[HOST]["ok"] > 0


@pytest.mark.parametrize("name", ["pause", "resync", "resume"])
def test_playbooks_that_change_something_only_say_so_in_check_mode(
    damsim: StandIn, run_playbook: Any, tmp_path: Path, name: str
) -> None:
    files = {f"dam_consistency_{kind}_file": str(tmp_path / kind) for kind in ("junit", "result")}
    run = run_playbook(f"{name}.yml", extra_vars=files, check=True)
    assert run.rc == 0, run.output
    assert damsim.writes() == []
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []


@in_the_matrix
@pytest.mark.xdist_group("awx")
def test_awx_is_set_up_and_a_second_run_changes_nothing(awx: Scene) -> None:
    _dry, first, second = awx.runs
    assert (first.run.rc, first.refused) == (0, []), first.run.output
    assert (second.run.rc, second.run.changed("localhost"), second.writes) == (0, 0, []), second.run.output


def test_the_figures_of_a_check_are_told(run_playbook: Any) -> None:
    artifact = {"schema": 1, "publishers": {"dx": {"in_sync": False, "before": 3, "after": 3}}}
    run = run_playbook("figures.yml", {}, {"dam_consistency_artifact": artifact})
    assert run.rc == 0, run.output
    assert run.named("Tell what the check found")[0].result["msg"] == "dx: 3 mismatches"


@pytest.mark.slow
def test_modules_run_on_the_oldest_python_with_the_oldest_requests(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    """A jump host: Ansible runs elsewhere, and the modules' Python has nothing but ``requests``."""
    oldest = interpreters.find("3.9")
    if oldest is None:
        pytest.skip("there is no Python 3.9 on this machine")
    made = environments.ensure("modules", base=oldest, limits=["requests==2.25.0"])
    there = {"jumphost": {"ansible_connection": "local", "ansible_python_interpreter": str(made.python)}}
    book = ROOT / "tests" / "functional" / "playbooks" / "jump_host.yml"
    facts = {"options": connection_to(damsim), "subscriber_id": damsim.subscribers[0].id}
    facts["report"] = str(tmp_path / "report.csv")
    run = run_playbook(book, there, facts, env={"DX_USERNAME": "unused"})
    assert run.rc == 0, run.output
    versions = run.named("Look at the Python")[0].result
    assert versions["stdout"].split() == ["3.9", "2.25.0"]
    assert run.named("Prove")[0].result["in_sync"] is True
    assert damsim.digests_equal()


@pytest.mark.slow
def test_an_ansible_core_that_is_too_old_warns_of_it(damsim: StandIn, run_playbook: Any, monkeypatch: Any) -> None:
    python = interpreters.find("3.11") or interpreters.find("3.10")
    if python is None:
        pytest.skip("there is no Python that ansible-core 2.15 takes")
    try:
        made = environments.ensure("modules", "2.15", python)
    except Failed as problem:
        pytest.skip(f"ansible-core 2.15 cannot be installed: {problem}")
    monkeypatch.setattr("support.playbooks.ANSIBLE_PYTHON", str(made.python))
    there = {"old": {"ansible_connection": "local", "ansible_python_interpreter": str(made.python)}}
    book = ROOT / "tests" / "functional" / "playbooks" / "one_module.yml"
    run = run_playbook(book, there, {"options": connection_to(damsim)}, env={"DX_USERNAME": "unused"})
    assert "Collection dxops.dam_staging does not support Ansible version 2.15" in " ".join(run.output.split())
