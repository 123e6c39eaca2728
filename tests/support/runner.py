# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks run by ansible-runner, as AWX runs them: a private data folder in, events and artifacts out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tooling.process import environment

Row = dict[str, Any]
LARGEST = 64 * 1024
"""The most bytes that an event may have, for AWX to keep and show it."""


@dataclass(frozen=True)
class Job:
    """What ansible-runner left of a run."""

    rc: int
    output: str
    folder: Path

    def events(self) -> list[Row]:
        """Return all events in their order."""
        files = self.folder.glob("job_events/*.json")
        return sorted(
            (json.loads(path.read_text(encoding="utf-8")) for path in files), key=lambda each: each["counter"]
        )

    def largest_event(self) -> tuple[int, str]:
        """Return the size in bytes of the largest event as it is sent, and what it is of."""
        sizes = [
            (len(json.dumps(event).encode()), event.get("event_data", {}).get("task", event["event"]))
            for event in self.events()
        ]
        return max(sizes)

    def artifact(self) -> Row:
        """Return what AWX hands to the next jobs of a workflow."""
        (stats,) = [event for event in self.events() if event["event"] == "playbook_on_stats"]
        found: Row = stats["event_data"]["artifact_data"]
        return found

    def holding(self, text: str) -> list[str]:
        """Return the names of the files that the job left which hold a text.

        Not of ``command``: there ansible-runner itself says for its owner's eyes which environment it was given.
        """
        files = [path for path in self.folder.rglob("*") if path.is_file() and path != self.folder / "command"]
        return [str(path) for path in files if text.encode() in path.read_bytes()]


def assert_fit_for_awx(job: Job, *secrets: str) -> None:
    """Check that every event is small enough, and that no secret is in anything that ansible-runner left or showed."""
    assert job.events(), job.output
    size, task = job.largest_event()
    assert size <= LARGEST, task
    for secret in [*secrets, "LtpaToken2="]:
        assert job.holding(secret) == []
        assert secret not in job.output


def run_job(
    folder: Path,
    playbook: str,
    inventory: Mapping[str, Mapping[str, Any]],
    extravars: Mapping[str, Any],
    injected: Mapping[str, str],
    passwords: Mapping[str, str] | None = None,
    cmdline: str = "",
) -> Job:
    """Run a playbook of the collection. ``injected`` is the environment that a credential makes.

    ``passwords`` maps patterns of questions to answers.
    """
    (folder / "env").mkdir(parents=True)
    (folder / "project").mkdir()
    (folder / "inventory").mkdir()
    # A job template's playbook is a file of its project.
    book = [{"name": "Run it", "ansible.builtin.import_playbook": f"dxops.dam_staging.{playbook}"}]
    files = {
        "project/site.yml": book,
        "inventory/hosts.json": {"all": {"hosts": {name: dict(facts) for name, facts in inventory.items()}}},
        "env/extravars": dict(extravars),
        "env/envvars": dict(injected),
        "env/passwords": dict(passwords or {}),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    if cmdline:
        (folder / "env" / "cmdline").write_text(cmdline, encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-runner")
    homes = {"ANSIBLE_HOME": str(folder / ".ansible"), "ANSIBLE_REMOTE_TMP": str(folder / ".ansible" / "tmp")}
    done = subprocess.run(
        [str(program), "run", str(folder), "-p", "site.yml", "--ident", "job"],
        env=environment(program.parent, homes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return Job(done.returncode, done.stdout + done.stderr, folder / "artifacts" / "job")
