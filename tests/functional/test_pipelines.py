# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide's steps for pipelines: its script really run, and what its snippets say about that script's files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import documents, junit
from support.connections import role_connection, role_secrets
from support.role import book, check_form, error_of, result_of
from support.scenes import sent
from support.standin import StandIn
from tooling.paths import ROOT
from tooling.process import environment

GUIDE = ROOT / "docs" / "docsite" / "rst" / "awx_and_pipelines.rst"
SCRIPT = "dam_check.sh"
MADE = {"dam-reports", "dam-results", "dam-junit"}


def script() -> str:
    """Return the script that the guide says to keep."""
    (found,) = [code for code in documents.blocks(GUIDE, "shell") if "dam_consistency_junit_file" in code]
    return found


def snippet(key: str) -> dict[str, Any]:
    """Return the guide's YAML for a CI system, by a key that only it has."""
    (found,) = [example.value for example in documents.yaml_examples(GUIDE) if key in example.value]
    return dict(found)


def check(folder: Path, standin: StandIn, hosts: Mapping[str, Any] | None = None, **env: str) -> int:
    """Run the script in a folder as a pipeline does; return its exit code. ``hosts`` are more publishers."""
    folder.mkdir(exist_ok=True)
    inventory = {"all": {"hosts": {"publisher": role_connection(standin), **(hosts or {})}}}
    (folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
    (folder / SCRIPT).write_text(script(), encoding="utf-8")
    done = subprocess.run(
        ["sh", SCRIPT],
        env=environment(
            Path(sys.executable).parent, {**role_secrets(standin), "ANSIBLE_HOME": str(folder / ".home"), **env}
        ),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    (folder / "log").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert standin.password not in done.stdout + done.stderr
    return done.returncode


@pytest.mark.slow
@pytest.mark.seed("clean")
def test_a_subscriber_in_sync_ends_with_0_and_a_test_that_passed(damsim: StandIn, tmp_path: Path) -> None:
    assert check(tmp_path, damsim) == 0, (tmp_path / "log").read_text(encoding="utf-8")
    suite = junit.read(tmp_path / "dam-junit" / "publisher.xml")
    assert (len(suite), junit.counted(suite)) == (2, [0, 0, 0])
    assert damsim.subscribers[0].target_host in suite[1].attrib["name"]
    check_form(json.loads((tmp_path / "dam-results" / "publisher.json").read_text(encoding="utf-8")))
    assert {path.name for path in tmp_path.iterdir()} >= MADE


@pytest.mark.slow
def test_a_difference_ends_with_2_and_a_test_that_failed_and_both_reports(damsim: StandIn, tmp_path: Path) -> None:
    rows = damsim.expected()["rows"]
    assert check(tmp_path, damsim) == 2, (tmp_path / "log").read_text(encoding="utf-8")
    suite = junit.read(tmp_path / "dam-junit" / "publisher.xml")
    (failure,) = suite.findall("testcase/failure")
    assert (failure.get("message"), junit.counted(suite)) == (f"{len(rows)} mismatches", [1, 0, 0])
    counts = damsim.expected()["counts"]
    for record_type, actions in counts.items():
        shown = ", ".join(
            f"{action} {actions[action]}" for action in ("CREATE", "UPDATE", "DELETE") if actions.get(action)
        )
        assert f"{record_type}: {shown}" in str(failure.text)
    assert sorted(path.suffix for path in (tmp_path / "dam-reports").iterdir()) == [".csv", ".html"]


def test_an_error_ends_with_1_though_files_of_an_earlier_run_say_otherwise(damsim: StandIn, tmp_path: Path) -> None:
    good = {"schema": 1, "in_sync": True, "publisher": "x", "subscribers": [], "error": None}
    (tmp_path / "dam-results").mkdir()
    (tmp_path / "dam-results" / "publisher.json").write_text(json.dumps(good), encoding="utf-8")
    assert check(tmp_path, damsim, DX_PASSWORD="not-this-one") == 1
    suite = junit.read(tmp_path / "dam-junit" / "publisher.xml")
    assert junit.counted(suite) == [0, 1, 0]
    assert "401" in str(suite[0][0].text)
    assert "not-this-one" not in (tmp_path / "dam-junit" / "publisher.xml").read_text(encoding="utf-8")


def test_a_run_that_could_not_begin_ends_with_1_and_leaves_no_file(damsim: StandIn, tmp_path: Path) -> None:
    for name in MADE:
        (tmp_path / name).mkdir()
        (tmp_path / name / "publisher.json").write_text("{}", encoding="utf-8")
    assert check(tmp_path, damsim, ANSIBLE_COLLECTIONS_PATH=str(tmp_path)) == 1
    assert not [path for name in MADE for path in (tmp_path / name).glob("*")]


@pytest.mark.slow
def test_of_several_publishers_one_that_differs_or_fails_is_enough(
    damsim: StandIn, start_damsim: Callable[..., StandIn], tmp_path: Path
) -> None:
    clean = role_connection(start_damsim(seed="clean"))
    folder = tmp_path / "a folder"
    assert check(folder, damsim, {"clean": clean}) == 2, (folder / "log").read_text(encoding="utf-8")
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "dam-results").iterdir()}
    assert {name: result["in_sync"] for name, result in results.items()} == {"publisher": False, "clean": True}
    assert len(list((folder / "dam-junit").glob("*.xml"))) == 2
    assert check(folder, damsim, {"dead": {**clean, "dam_consistency_password": "not-this-one"}}) == 1
    assert check(folder, damsim, {"publisher": {**clean, "dam_consistency_max_passes": "many"}}) == 1


def test_publishers_with_one_result_file_fail_before_anything_is_done(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    hosts = {name: role_connection(damsim) for name in ("emea", "apac")}
    run = run_playbook("check.yml", hosts, {"dam_consistency_result_file": str(tmp_path / "result.json")})
    assert run.rc == 2
    for host in hosts:
        assert "More than one publisher" in error_of(run, host)
        assert "inventory_hostname" in error_of(run, host)
        assert result_of(run, host)["in_sync"] is None
        assert "More than one publisher" in result_of(run, host)["error"]
    assert not (tmp_path / "result.json").exists()
    assert sent(damsim) == []


def test_with_serial_a_later_publisher_does_not_write_over_the_result_of_an_earlier_one(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    files = {"dam_consistency_result_file": str(tmp_path / "result.json")}
    path = book(tmp_path / "book.yml", ("all", "compare", files))
    (one,) = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([{**one, "serial": 1}]), encoding="utf-8")
    run = run_playbook(path, {name: role_connection(damsim) for name in ("emea", "apac")})
    assert run.rc == 2
    assert "More than one publisher" in error_of(run, "apac")
    assert "More than one publisher" not in error_of(run, "emea")
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == result_of(run, "emea")


def test_gitlab_runs_the_script_and_keeps_what_it_makes() -> None:
    job = snippet("dam_check")["dam_check"]
    assert job["script"] == [f"sh {SCRIPT}"]
    assert job["allow_failure"] == {"exit_codes": [2]}
    junit_files = job["artifacts"]["reports"]["junit"]
    kept = {path.rstrip("/") for path in [*job["artifacts"]["paths"], junit_files.partition("/*.xml")[0]]}
    assert kept == MADE
    assert job["artifacts"]["when"] == "always"


def test_github_runs_the_script_and_keeps_what_it_makes_also_when_it_fails() -> None:
    steps = snippet("jobs")["jobs"]["dam_check"]["steps"]
    (run,) = [step for step in steps if SCRIPT in step.get("run", "")]
    assert run["run"] == f'PATH="$PWD/.dam-venv/bin:$PATH" sh {SCRIPT}'
    assert set(run["env"]) == {"DX_USERNAME", "DX_PASSWORD"}
    (upload,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert upload["if"] == "always()"
    assert {path.rstrip("/") for path in upload["with"]["path"].split()} == MADE
    assert steps.index(upload) > steps.index(run)


def test_jenkins_runs_the_script_and_keeps_what_it_makes() -> None:
    (pipeline,) = documents.blocks(GUIDE, "groovy")
    assert pipeline.count("{") == pipeline.count("}")
    assert re.search(rf"sh\(script: '[^']*sh {SCRIPT}', returnStatus: true\)", pipeline)
    assert re.search(r"code == 2\) \{\s+unstable\(", pipeline)
    assert re.search(r"code != 0\) \{\s+error\(", pipeline)
    assert re.search(r"junit testResults: 'dam-junit/\*\.xml', allowEmptyResults: true", pipeline)
    (kept,) = re.findall(r"archiveArtifacts artifacts: '([^']+)'", pipeline)
    assert {each.partition("/")[0] for each in kept.split(", ")} | {"dam-junit"} == MADE


def test_every_snippet_installs_what_it_runs() -> None:
    tarball = (
        "dxops-dam_staging-" + yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"] + ".tar.gz"
    )
    steps = snippet("jobs")["jobs"]["dam_check"]["steps"]
    for commands in (
        snippet("dam_check")["dam_check"]["before_script"],
        [step.get("run", "") for step in steps],
        documents.blocks(GUIDE, "groovy"),
    ):
        assert tarball in "\n".join(commands)
        assert "ansible-core" in "\n".join(commands)
        assert "requests>=2.25" in "\n".join(commands)
