# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first table: one report, written by the module and by what one would write by hand."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import rows
from benchmarks.runs import Figures, Wrong, measured, median
from benchmarks.server import PageServer, page_server
from benchmarks.tables import Cell, say, table, verdict

HERE = Path(__file__).parent
MODULE, TASK, BARE, CURL, URI = "module", "module in a playbook", "requests + csv", "curl + jq", "uri playbook"
CONTENDERS = (MODULE, TASK, BARE, CURL, URI)
MIB = 64
Cases = dict[tuple[int, float, str], Figures]


@dataclass(frozen=True)
class Plan:
    """How many rows, at which delays in seconds, how often; and how many once, without delay and without uri."""

    sizes: Sequence[int]
    delays: Sequence[float]
    runs: int
    once: int | None
    contenders: Sequence[str] = CONTENDERS
    judged: bool = True
    """Whether the sizes are those that the aims are meant for."""


class Contest:
    """Runs contenders against a server of pages and checks that each wrote all rows."""

    def __init__(self, server: PageServer, folder: Path, env: dict[str, str]) -> None:
        self._server = server
        self._folder = folder
        self._env = env

    def run(self, name: str, count: int, delay: float) -> Figures:
        """Let one contender write a report of so many rows, each page so many seconds late."""
        work = self._folder / "run"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        report = work / "report.csv"
        command, stdin = self._command(name, report, work)
        self._server.start(count, delay)
        taken = measured(command, work, self._env, stdin)
        requests = self._server.requests()
        _check(name, report, count)
        return Figures(taken.wall, taken.cpu, taken.peak, requests)

    def _command(self, name: str, report: Path, work: Path) -> tuple[list[str | Path], str]:
        url = f"http://127.0.0.1:{self._server.port}"
        if name == MODULE:
            return [sys.executable, "-m", "support.launch", "dam_mismatch_report"], self._options(report, work)
        if name == BARE:
            return [sys.executable, HERE / "bare.py", url, rows.SUBSCRIBER, report], ""
        if name == CURL:
            return ["sh", HERE / "curl.sh", url, rows.SUBSCRIBER, report], ""
        book = HERE / "playbooks" / ("report_module.yml" if name == TASK else "report_uri.yml")
        facts = {"port": self._server.port, "subscriber": rows.SUBSCRIBER, "dest": str(report)}
        return [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-e", json.dumps(facts), book], ""

    def _options(self, report: Path, work: Path) -> str:
        options = {
            "hostname": "127.0.0.1",
            "dx_protocol": "http",
            "dx_port": self._server.port,
            "dx_username": "benchmark",
            "dx_password": "benchmark-secret",
            "subscriber_id": rows.SUBSCRIBER,
            "dest": str(report),
            "_ansible_remote_tmp": str(work),
            "_ansible_keep_remote_files": False,
        }
        return json.dumps({"ANSIBLE_MODULE_ARGS": options})


def _check(name: str, report: Path, count: int) -> None:
    """Raise ``Wrong`` unless a report has every row once."""
    with open(report, newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        last = -1
        for number, line in enumerate(lines):
            if len(line) != len(header) or not line[0].endswith(f"{number:012}"):
                raise Wrong(f"{name}: row {number} is not what the server has: {line}")
            last = number
    if last + 1 != count or len(header) != len(rows.COLUMNS):
        raise Wrong(f"{name}: wrote {last + 1} rows of {len(header)} columns, not {count}")


def compare(plan: Plan, folder: Path, env: dict[str, str]) -> None:
    """Run every case, interleaved, print the table of the medians, and say which aims are met."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "rows.json"
    rows.make(data, max([*plan.sizes, plan.once or 0]))
    runnable = [name for name in plan.contenders if name != CURL or (shutil.which("curl") and shutil.which("jq"))]
    if CURL in plan.contenders and CURL not in runnable:
        say("curl or jq is not installed: left out.")
    with page_server(data, folder, env) as server:
        contest = Contest(server, folder, env)
        cases: Cases = {}
        for count in plan.sizes:
            for delay in plan.delays:
                cases |= _medians(contest, runnable, count, delay, plan.runs)
        if plan.once:
            without = [name for name in runnable if name not in (URI, TASK)]
            cases |= _medians(contest, without, plan.once, 0.0, 1)
    data.unlink()
    shutil.rmtree(folder / "run", ignore_errors=True)
    _show(plan, cases)
    if plan.judged:
        _judge(plan, cases)


def _medians(contest: Contest, names: Sequence[str], count: int, delay: float, runs: int) -> Cases:
    """Take turns, so that what else the machine does hits all alike."""
    taken: dict[str, list[Figures]] = {name: [] for name in names}
    for turn in range(runs):
        for name in names:
            say(f"  {count:,} rows, {delay * 1000:.0f} ms a page, run {turn + 1} of {runs}: {name}")
            taken[name].append(contest.run(name, count, delay))
    return {(count, delay, name): median(figures) for name, figures in taken.items()}


def _show(plan: Plan, cases: Cases) -> None:
    lines: list[list[Cell]] = []
    for (count, delay, name), figures in cases.items():
        bare = cases.get((count, delay, BARE))
        again = figures.wall / bare.wall if bare else None
        case: list[Cell] = [name, count, f"{delay * 1000:.0f}"]
        lines.append([*case, figures.wall, figures.cpu, figures.peak, int(figures.requests), again])
    heads = ["a report of all rows as CSV", "rows", "ms/page", "wall s", "CPU s", "peak MiB", "requests", "wall/bare"]
    once = f", {plan.once:,} rows in one" if plan.once and plan.runs > 1 else ""
    table(f"Medians of {plan.runs} interleaved runs{once}; peak of the largest process", heads, lines)


def _judge(plan: Plan, cases: Cases) -> None:
    say()
    for aim, limit, most, figure in _aims(plan, cases):
        try:
            verdict(aim, figure(), limit, most)
        except KeyError:
            continue  # not run


def _aims(plan: Plan, cases: Cases) -> Iterator[tuple[str, float, bool, Callable[[], float]]]:
    large, small = max(plan.sizes), min(plan.sizes)

    def wall(name: str, delay: float) -> float:
        return cases[large, delay, name].wall

    def peak(count: int) -> float:
        return cases[count, 0.0, MODULE].peak

    yield "loopback: the module within 1.3 of requests + csv", 1.3, True, lambda: wall(MODULE, 0.0) / wall(BARE, 0.0)
    yield (
        "50 ms a page: the module at least 3 times faster than requests + csv",
        3.0,
        False,
        lambda: wall(BARE, 0.05) / wall(MODULE, 0.05),
    )
    yield (
        f"{large:,} rows: the module's playbook at least 20 times faster than the uri playbook",
        20.0,
        False,
        lambda: wall(URI, 0.0) / wall(TASK, 0.0),
    )
    most = plan.once or large
    yield f"peak memory of the module at {most:,} rows under {MIB} MiB", MIB, True, lambda: peak(most)
    yield f"the same as at {small:,} rows (within a tenth)", 1.1, True, lambda: peak(most) / peak(small)
