# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the whole cycle, and of how soon the end of a job is noticed; on the stand-in, at the speed of life."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.runs import Figures, Wrong, measured, median
from benchmarks.tables import Cell, say, table, verdict
from support.standin import StandIn, options_for, started
from tooling.paths import ROOT

HERE = Path(__file__).parent
ROLE, URI, REFERENCE = "role", "uri playbook", "a look every 20 ms, no Ansible"
MODULE = "module"


@dataclass(frozen=True)
class Run:
    """One run: figures, tasks (none without Ansible)."""

    figures: Figures
    tasks: int | None


class Stage:
    """A stand-in and what is run against it."""

    def __init__(self, standin: StandIn, folder: Path, env: dict[str, str]) -> None:
        self.standin = standin
        self._folder = folder
        self._env = env

    def playbook(self, book: Path, facts: Mapping[str, Any], inventory: str = "localhost,") -> Run:
        """Run a playbook."""
        record = self._folder / "record.jsonl"
        record.unlink(missing_ok=True)
        env = self._env | {
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callback"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "DAM_TEST_RECORD": str(record),
            "DX_USERNAME": self.standin.username,
            "DX_PASSWORD": self.standin.password,
        }
        words = ["-m", "ansible", "playbook", "-i", inventory, "-e", json.dumps(dict(facts)), str(book)]
        figures = self._measured([sys.executable, *words], env)
        told = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        run = [each for each in told if "recap" not in each and not each["item"] and each["outcome"] != "skipped"]
        return Run(figures, len(run))

    def program(self, *command: str | Path) -> Run:
        """Run a program."""
        return Run(self._measured(command, self._env), None)

    def _measured(self, command: Sequence[str | Path], env: dict[str, str]) -> Figures:
        taken = measured(command, self._folder, env)
        return Figures(taken.wall, taken.cpu, taken.peak, len(self.standin.requests()))

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the playbooks have to know."""
        (subscriber,), publisher = self.standin.subscribers, self.standin.publisher
        return {
            "url": publisher.url,
            "port": publisher.port,
            "username": self.standin.username,
            "password": self.standin.password,
            "subscriber": subscriber.id,
            "subscriber_url": subscriber.url,
            "dest": str(self._folder / "report.csv"),
        }

    def role(self) -> Run:
        """Run the collection's own playbook."""
        facts = {
            "ansible_connection": "local",
            "dam_consistency_hostname": self.standin.publisher.host,
            "dam_consistency_port": self.standin.publisher.port,
            "dam_consistency_protocol": "http",
            "dam_consistency_report_dir": str(self._folder / "reports"),
        }
        return self.playbook(ROOT / "playbooks" / "resync.yml", facts, "publisher,")


def compare(runs: int, folder: Path, env: dict[str, str]) -> None:
    """Let the role, a playbook with uri and a program without Ansible repair the small seed, in turns."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, list[Run]] = {name: [] for name in (REFERENCE, ROLE, URI)}
    with started(sys.executable, folder / "standin", *options_for("small", 1, 1.0), env=env) as standin:
        stage = Stage(standin, folder, env)
        facts = stage.facts
        names = ("url", "subscriber_url", "subscriber", "username", "password")
        reference: list[str | Path] = [sys.executable, HERE / "reference.py", *(facts[name] for name in names)]
        for turn in range(runs):
            for name, done in taken.items():
                say(f"  the whole cycle, run {turn + 1} of {runs}: {name}")
                standin.reset("small", 1.0)
                standin.forget_requests()
                if name == REFERENCE:
                    done.append(stage.program(*reference))
                elif name == ROLE:
                    done.append(stage.role())
                else:
                    done.append(stage.playbook(HERE / "playbooks" / "cycle_uri.yml", facts))
                if not standin.digests_equal():
                    raise Wrong(f"{name}: the environments still differ")
    _show_cycle(taken, runs)


def _show_cycle(taken: Mapping[str, Sequence[Run]], runs: int) -> None:
    medians = {name: median([run.figures for run in each]) for name, each in taken.items()}
    servers = medians[REFERENCE].wall
    lines: list[list[Cell]] = []
    for name, each in taken.items():
        figures = medians[name]
        requests = int(figures.requests)
        lines.append([name, each[0].tasks, requests, figures.wall, figures.wall - servers, figures.cpu, figures.peak])
    heads = ["compare, report, repair, verify", "tasks", "requests", "wall s", "less the server's", "CPU s", "peak MiB"]
    table(f"The whole cycle on the small seed; medians of {runs} interleaved runs", heads, lines)


def delays(jobs: Sequence[tuple[float, int]], folder: Path, env: dict[str, str]) -> None:
    """Show how long after the end of a comparison its end is noticed; ``jobs`` are (seconds, runs)."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[list[Cell]] = []
    worst: list[tuple[float, float]] = []
    with started(sys.executable, folder / "standin", *options_for("clean", 1, 1.0), env=env) as standin:
        stage = Stage(standin, folder, env)
        for seconds, runs in jobs:
            found: dict[str, list[float]] = {MODULE: [], URI: []}
            for turn in range(runs):
                for name, each in found.items():
                    say(f"  a comparison of {seconds:.0f} s, run {turn + 1} of {runs}: {name}")
                    each.append(_noticed(stage, name, seconds))
            for name, each in found.items():
                lines.append([name, f"{seconds:.0f}", runs, statistics.median(each), max(each)])
            worst.append((seconds, max(found[MODULE])))
    table(
        "From the end of a comparison at the server until it is noticed, in seconds (uri: delay 5)",
        ["noticed by", "job s", "runs", "median", "most"],
        lines,
    )
    say()
    for seconds, most in worst:
        limit = 1 + 0.05 * seconds
        verdict(f"job of {seconds:.0f} s: noticed within 1 s and 5 % of its length ({limit:g} s)", most, limit)


def _noticed(stage: Stage, name: str, seconds: float) -> float:
    standin = stage.standin
    standin.reset("clean", 1.0)
    standin.settings(at=standin.publisher, comparison_delay=seconds, last_resync_time_moves="end")
    standin.forget_requests()
    book = "compare_module.yml" if name == MODULE else "compare_uri.yml"
    stage.playbook(HERE / "playbooks" / book, stage.facts)
    (subscriber,) = standin.subscribers
    ended = _time(standin.post(f"/_sim/subscribers/{subscriber.id}", {})["lastResyncTime"])
    looks = [
        _time(each["at"])
        for each in standin.requests()
        if each["method"] == "GET" and each["path"].endswith(subscriber.id)
    ]
    after = [look for look in looks if look >= ended]
    if not after or not [look for look in looks if look < ended]:
        raise Wrong(f"{name}: did not wait for the end")
    return (after[0] - ended).total_seconds()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
