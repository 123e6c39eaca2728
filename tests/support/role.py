# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the role ask of a run: its result, its artifact, its reports."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun
from support.standin import StandIn
from tooling.paths import ROOT
from tooling.process import environment

ROLE = "dxops.dam_staging.dam_consistency"
SCHEMA = ROOT / "docs" / "dam_consistency_result.schema.json"
HOST = "publisher"
# A task file for dam_consistency_report_tasks; the variable hand_on_to names its folder.
HAND_ON = """
- name: Take the report
  ansible.builtin.copy:
    src: "{{ dam_consistency_report_path }}"
    dest: "{{ hand_on_to }}/{{ dam_consistency_report_path | basename }}"
    mode: "0600"
    remote_src: true
  changed_when: false
"""

Row = dict[str, Any]


def result_of(run: PlaybookRun, host: str = HOST) -> Row:
    """Return the fact ``dam_consistency_result`` that the last run of the role on ``host`` set, checked by its form."""
    results = results_of(run, host)
    if not results:
        raise AssertionError(f"The role kept no result:\n{run.output}")
    return results[-1]


def check_form(result: Any) -> None:
    """Raise ``jsonschema.ValidationError`` unless ``result`` is what the published schema says."""
    import jsonschema

    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(result)


def results_of(run: PlaybookRun, host: str = HOST) -> list[Row]:
    """Return the results of all runs of the role on ``host`` in one playbook, each checked by its form."""
    results: list[Row] = []
    for kept in run.named("Keep the result", host):
        results.append(kept.result["ansible_facts"]["dam_consistency_result"])
        check_form(results[-1])
    return results


def verdict_of(run: PlaybookRun, number: int = 0, host: str = HOST) -> Row:
    """Return the record of one subscriber out of the result."""
    record: Row = result_of(run, host)["subscribers"][number]
    return record


def artifact_of(run: PlaybookRun) -> Row:
    """Return what the run shows as custom statistics; it has to have been told to (``SHOW_ARTIFACT``)."""
    shown = [line.partition("RUN: ")[2] for line in run.stdout.splitlines() if line.startswith("\tRUN: ")]
    artifact: Row = json.loads(shown[0])
    return artifact


SHOW_ARTIFACT = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}


def error_of(run: PlaybookRun, host: str = HOST) -> str:
    """Return what the role failed with at its end, or the empty string."""
    failed = [task for task in run.tasks if task.host == host and task.outcome == "failed" and not task.item]
    return str(failed[-1].result["msg"]) if failed else ""


def rows_of(report: Path | str) -> list[dict[str, str]]:
    """Return the rows of a CSV report."""
    with open(report, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def found_in(report: Path | str) -> list[list[str]]:
    """Return type, action and id of every row of a CSV report, sorted as the stand-in sorts what it expects."""
    return sorted([row["recordType"], row["recordAction"], row["recordId"]] for row in rows_of(report))


def book(path: Path, *plays: tuple[str, str, Mapping[str, Any]]) -> Path:
    """Write a playbook that includes the role, and return its path.

    Each play is a host, or ``all``, an entry point and variables. A later one is played although an earlier one failed,
    as long as there is a host left that did not.
    """
    path.write_text(
        json.dumps(
            [
                {
                    "hosts": "all",
                    "gather_facts": False,
                    "tasks": [
                        {
                            "name": "Include the role",
                            "ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry},
                            "vars": dict(variables),
                            "when": f"{host!r} in ['all', inventory_hostname]",
                        }
                    ],
                }
                for host, entry, variables in plays
            ]
        ),
        encoding="utf-8",
    )
    return path


def only(standin: StandIn, *numbers: int, **options: Any) -> list[Row]:
    """Return ``dam_consistency_subscribers`` with some of the stand-in's subscribers, each with ``options``."""
    return [{"subscriber_id": standin.subscribers[number].id, **options} for number in numbers]


def folder_listing(folder: Path) -> list[str]:
    """Return the names in a folder; none where there is no folder."""
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


@contextmanager
def meanwhile(ready: Callable[[], Any], act: Callable[[], Any], seconds: float = 120.0) -> Iterator[None]:
    """Do ``act`` once, beside the block, as soon as ``ready`` returns something true.

    Raise ``AssertionError`` at the block's end where that was never so, and what ``ready`` or ``act`` has raised.
    """
    done: list[bool] = []
    problems: list[Exception] = []
    over = threading.Event()

    def watch() -> None:
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                if ready():
                    act()
                    done.append(True)
                    return
                if over.wait(0.05):
                    return
        except Exception as problem:  # noqa: BLE001 - raised again where it is seen
            problems.append(problem)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if problems:
        raise problems[0]
    assert done, "What was waited for did not happen."


def kill_when(
    ready: Callable[[], Any],
    playbook: Path,
    folder: Path,
    standin: StandIn,
    alone: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Start a playbook and kill it with SIGKILL as soon as ``ready`` returns something true.

    All that it has started is killed too, as by the end of a machine; ``alone`` lets a module on its way go on. Raise
    ``AssertionError`` where it ended before.
    """
    folder.mkdir()
    host = {**role_connection(standin), "dam_consistency_report_dir": str(folder), **(facts or {})}
    inventory = {"all": {"hosts": {HOST: host}}}
    (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    homes = {"ANSIBLE_HOME": str(folder / ".ansible"), "ANSIBLE_REMOTE_TMP": str(folder / ".ansible" / "tmp")}
    process = subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", str(playbook), "-i", str(folder / "inventory.json")],
        cwd=folder,
        env=environment(Path(sys.executable).parent, homes | role_secrets(standin)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    try:
        while not ready():
            assert process.poll() is None, "The playbook ended before it could be killed."
            assert time.monotonic() < end, "What was waited for did not happen."
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGSTOP)  # so that it starts no more
        for pid in [process.pid] if alone else [process.pid, *_descendants(process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have. Their sessions may be their own."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in brackets, may hold anything; the parent is the second field after it.
            parents[int(status.parent.name)] = int(status.read_text(errors="replace").rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:  # grows while it is gone through
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]
