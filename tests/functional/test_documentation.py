# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation, really run: only hosts, ports, accounts and folders are put in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support import documents
from support.connections import connection_to, role_connection, role_secrets
from support.documents import Example
from support.playbooks import COLLECTION, PlaybookRun, play
from support.role import HOST, result_of, results_of
from support.standin import StandIn
from tooling.paths import ROOT
from tooling.process import environment

GUIDES = ROOT / "docs" / "docsite" / "rst"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("dam_*.py"))
SUBSCRIBER = "dx-subscriber.example.com"
# Which subscriber of the stand-in takes whose place.
SUBSCRIBERS = {SUBSCRIBER: 0, "dx-emea.example.com": 0, "dx-apac.example.com": 1}
GROUP = f"group/{COLLECTION}.dam"
# An example that goes on only where the environments are in sync.
IN_SYNC = {"dam_find_mismatch"}
AFTER_A_COMPARISON = {"dam_delete_mismatch", "dam_mismatch_report", "dam_resync"}

pytestmark = pytest.mark.slow

Run = Callable[[list[dict[str, Any]]], PlaybookRun]


def plays_of(path: Path) -> list[Example]:
    """The examples of a guide that are plays with hosts."""
    return [one for one in documents.yaml_examples(path) if isinstance(one.value, list) and "hosts" in one.value[0]]


def tasks_of(path: Path) -> list[dict[str, Any]]:
    """The tasks of a guide's examples that are no plays, in its order, but what deletes mismatch logs first."""
    lists = [one.value for one in documents.yaml_examples(path) if isinstance(one.value, list)]
    tasks = [task for each in lists for task in each if "hosts" not in task]
    return sorted(tasks, key=lambda task: f"{COLLECTION}.dam_delete_mismatch" not in task)


def with_connection(options: dict[str, Any], standin: StandIn) -> dict[str, Any]:
    """A task's options with the stand-in's address in the place of an example's."""
    place = standin.subscribers[0] if options.get("hostname") == SUBSCRIBER else standin.publisher
    where = {"hostname": place.host, "dx_port": place.port, "dx_protocol": standin.protocol}
    return options | where if "hostname" in options else options


def put_in(value: Any, standin: StandIn, folder: Path) -> Any:
    """The example with everything replaced that belongs to a site: addresses, folders, hosts."""
    if isinstance(value, list):
        return [put_in(inner, standin, folder) for inner in value]
    if isinstance(value, str):
        text = re.sub(r"/var/[\w/]*reports|\{\{ playbook_dir \}\}", str(folder), value)
        if text == "apacadmin":
            return standin.username
        return standin.subscribers[SUBSCRIBERS[text]].target_host if text in SUBSCRIBERS else text
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for name, inner in value.items():
        own = name == GROUP or name.startswith(f"{COLLECTION}.dam_")
        made[name] = (
            HOST
            if name == "hosts"
            else put_in(with_connection(inner or {}, standin) if own else inner, standin, folder)
        )
    return made


def run_on(standin: StandIn, folder: Path, plays: list[dict[str, Any]]) -> PlaybookRun:
    """Run plays of an example against a stand-in."""
    book = folder / "book.yml"
    book.write_text(json.dumps(put_in(plays, standin, folder)), encoding="utf-8")
    accounts = {f"vault_{whose}_username": standin.username for whose in ("dx", "subscriber")}
    accounts |= {f"vault_{whose}_password": standin.password for whose in ("dx", "subscriber", "apac")}
    done = play(book, folder, {HOST: role_connection(standin)}, accounts, env=role_secrets(standin))
    assert done.rc == 0, done.output
    return done


@pytest.fixture
def run(damsim: StandIn, tmp_path: Path) -> Run:
    """Run plays of an example against the stand-in with one subscriber."""
    return lambda plays: run_on(damsim, tmp_path, plays)


def play_with(tasks: list[dict[str, Any]], standin: StandIn) -> dict[str, Any]:
    """A play around tasks that give no connection themselves."""
    return {
        "name": "Examples",
        "hosts": HOST,
        "gather_facts": False,
        "module_defaults": {GROUP: connection_to(standin)},
        "tasks": tasks,
    }


def calls_in(run: PlaybookRun) -> set[str]:
    """The collection's modules that did their work."""
    own = [task for task in run.tasks if task.action.startswith(COLLECTION) and task.outcome == "ok"]
    return {task.action.rpartition(".")[2] for task in own}


@pytest.mark.parametrize(
    "module",
    [pytest.param(name, marks=[pytest.mark.seed("clean")] if name in IN_SYNC else []) for name in MODULES],
)
def test_the_examples_of_a_module_run(module: str, run: Run, damsim: StandIn) -> None:
    compared = {f"{COLLECTION}.dam_find_mismatch": {"target_host": SUBSCRIBER}, "name": "Compare first"}
    tasks = [compared] * (module in AFTER_A_COMPARISON) + documents.module_examples(module).value
    assert module in calls_in(run([play_with(tasks, damsim)]))


def test_the_tasks_for_people_who_come_from_dxclient_run_one_after_the_other(run: Run, damsim: StandIn) -> None:
    tasks = tasks_of(GUIDES / "coming_from_dxclient.rst")
    done = run([play_with(tasks, damsim)])
    proof = next(task for task in done.tasks if task.name.startswith("Compare again"))
    assert proof.result["in_sync"] is True
    assert {"dam_delete_mismatch", "dam_mismatch_report", "dam_resync", "dam_subscriber"} <= calls_in(done)


@pytest.mark.parametrize(
    "example",
    [
        *plays_of(GUIDES / "coming_from_dxclient.rst"),
        *plays_of(GUIDES / "consistency_cycle.rst"),
        *plays_of(GUIDES / "drift.rst"),
        *plays_of(GUIDES / "quick_start.rst"),
    ],
    ids=str,
)
@pytest.mark.seed("clean")
def test_the_playbooks_of_the_guides_run(example: Example, run: Run) -> None:
    assert all(result["in_sync"] is not False for result in results_of(run(example.value)))


def test_the_first_playbook_of_the_readme_repairs_and_proves(run: Run, damsim: StandIn) -> None:
    assert result_of(run(plays_of(ROOT / "README.md")[0].value))["in_sync"] is True
    assert damsim.digests_equal()


def test_the_playbook_in_the_readme_of_the_role_repairs_its_subscribers(damsim3: StandIn, tmp_path: Path) -> None:
    done = run_on(damsim3, tmp_path, plays_of(documents.ROLE / "README.md")[0].value)
    assert [each["in_sync"] for each in result_of(done)["subscribers"]] == [True, True]


def test_the_tasks_of_the_guides_about_what_is_found_run(run: Run, damsim: StandIn) -> None:
    tasks = [task for name in ("drift.rst", "what_can_go_wrong.rst") for task in tasks_of(GUIDES / name)]
    assert calls_in(run([play_with(tasks, damsim)])) == {"dam_drift_info", "dam_preflight"}


def test_the_example_of_the_filter_makes_a_document(run: Run, damsim: StandIn, tmp_path: Path) -> None:
    result = documents.blocks(GUIDES / "consistency_cycle.rst", "json")[0]
    (tmp_path / "dam-result.json").write_text(result, encoding="utf-8")
    run([play_with(documents.filter_examples("dam_junit").value, damsim)])
    assert ET.parse(tmp_path / "dam-junit.xml").getroot().tag == "testsuites"


@pytest.mark.parametrize("example", documents.inventory_examples("dam_subscribers").value, ids=["one", "several"])
def test_the_examples_of_the_inventory_make_hosts(example: dict[str, Any], damsim: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "dam_subscribers.yml"
    there = {"hostname": damsim.publisher.host}
    several = [{**each, **there} for each in example.get("publishers", [])]
    file.write_text(json.dumps(put_in(example | ({"publishers": several} if several else {}), damsim, tmp_path)))
    named = {"DX_HOSTNAME": damsim.publisher.host, "DX_PORT": str(damsim.publisher.port), "DX_PROTOCOL": "http"}
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "inventory", "-i", str(file), "--list"],
        env=environment(None, {**named, **role_secrets(damsim), "APAC_PASSWORD": damsim.password}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    listed = json.loads(done.stdout)
    hosts = listed[f"{example.get('group_prefix', '')}not_compared"]["hosts"]
    assert len(hosts) == (len(several) or 1)
