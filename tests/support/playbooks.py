# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real ``ansible-playbook`` runs, and what came of them as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tooling.paths import ROOT
from tooling.process import environment

COLLECTION = "dxops.dam_staging"
# The Python that runs Ansible and the modules: the tests' own, but another one in the matrix of versions.
ANSIBLE_PYTHON = os.environ.get("DAM_TEST_ANSIBLE_PYTHON") or sys.executable
_SECONDS = 600


@dataclass(frozen=True)
class Task:
    """One task on one host (or one turn of its loop, then ``item`` is true) and its result.

    ``outcome`` is one of ok, failed, ignored, skipped, unreachable.
    """

    host: str
    name: str
    action: str
    outcome: str
    result: dict[str, Any]
    item: bool = False

    @property
    def changed(self) -> bool:
        """Whether the task says that it changed something."""
        return bool(self.result.get("changed"))


@dataclass(frozen=True)
class PlaybookRun:
    """What ``ansible-playbook`` did. ``recap`` is the recap by host: ok, changed, failures, skipped, ..."""

    rc: int
    stdout: str
    stderr: str
    tasks: list[Task] = field(default_factory=list)
    recap: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """Everything that it wrote."""
        return self.stdout + self.stderr

    def named(self, part: str, host: str | None = None) -> list[Task]:
        """Return the tasks whose name or action contains ``part``."""
        return [task for task in self.tasks if (part in task.name or part in task.action) and host in (None, task.host)]

    def changed(self, host: str) -> int:
        """Return how many tasks changed something on ``host``."""
        return self.recap[host]["changed"]

    def failed(self, host: str) -> int:
        """Return how many tasks failed on ``host``."""
        return self.recap[host]["failures"] + self.recap[host]["unreachable"]


def play(
    playbook: Path | str,
    folder: Path,
    inventory: Mapping[str, Mapping[str, Any]] | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    check: bool = False,
    diff: bool = False,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> PlaybookRun:
    """Run a playbook. ``inventory`` maps hosts to their variables; files are made in ``folder``, also its cwd."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "record.jsonl"
    record.unlink(missing_ok=True)
    hosts = {name: dict(facts) for name, facts in (inventory or {}).items()}
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    (folder / "extra_vars.json").write_text(json.dumps(dict(extra_vars or {})), encoding="utf-8")
    command = [ANSIBLE_PYTHON, "-m", "ansible", "playbook", str(playbook), "-i", str(folder / "inventory.json")]
    command += ["-e", f"@{folder / 'extra_vars.json'}", *(["--check"] if check else []), *(["--diff"] if diff else [])]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=variables(folder, record) | dict(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=_SECONDS,
    )
    return PlaybookRun(done.returncode, done.stdout, done.stderr, *_read(record))


def variables(folder: Path, record: Path) -> dict[str, str]:
    """Return the environment that a playbook is run in."""
    return environment(
        Path(ANSIBLE_PYTHON).parent,
        {
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callback"),
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_HOME": str(folder / ".ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": ANSIBLE_PYTHON,
            "ANSIBLE_REMOTE_TMP": str(folder / ".ansible" / "tmp"),
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "DAM_TEST_RECORD": str(record),
        },
    )


def _read(record: Path) -> tuple[list[Task], dict[str, dict[str, int]]]:
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    entries = [json.loads(line) for line in lines]
    recap: dict[str, dict[str, int]] = next((entry["recap"] for entry in entries if "recap" in entry), {})
    return [Task(**entry) for entry in entries if "recap" not in entry], recap


@dataclass(frozen=True)
class Call:
    """One module call: its short name, options, check mode, diff mode, environment variables."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    check: bool = False
    diff: bool = False
    env: Mapping[str, str] = field(default_factory=dict)


def play_modules(
    calls: Sequence[Call],
    folder: Path,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    output: list[str] | None = None,
) -> list[dict[str, Any]]:
    """Run the calls, one task each, in one ``ansible-playbook``; return their results, failed ones included.

    What it wrote is appended to ``output``.
    """
    tasks = [
        {
            "name": f"Call {number}",
            f"{COLLECTION}.{call.name}": dict(call.args),
            "check_mode": call.check,
            "diff": call.diff,
            "environment": dict(call.env),
            "ignore_errors": True,
        }
        for number, call in enumerate(calls)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / "calls.yml"
    book.write_text(
        json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]),
        encoding="utf-8",
    )
    run = play(book, folder, {"localhost": {}}, env=env, arguments=arguments)
    if output is not None:
        output.append(run.output)
    # Ansible takes ``failed`` out of what it hands to callbacks; a registered result has it.
    results = [{**task.result, "failed": task.outcome != "ok"} for task in run.tasks]
    if len(results) != len(calls):
        raise AssertionError(f"{len(calls)} calls gave {len(results)} results:\n{run.output}")
    return results


def environment_for_modules() -> dict[str, str]:
    """Return the variables for a module that is started without Ansible's controller."""
    return environment(
        Path(sys.executable).parent, {"PYTHONPATH": os.pathsep.join([str(ROOT / ".build"), str(ROOT / "tests")])}
    )
