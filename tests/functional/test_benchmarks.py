# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmarks: every contender does the work that it is measured at, and a figure is what it says it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import rows
from benchmarks.reports import BARE, CURL, MODULE, TASK, URI, Contest
from benchmarks.runs import Figures, Wrong, measured, median
from benchmarks.server import PageServer, page_server
from tooling.paths import BUILD, ROOT
from tooling.process import environment

pytestmark = pytest.mark.slow

ROWS = 2500


@pytest.fixture(scope="module")
def env() -> dict[str, str]:
    """What programs of the benchmarks run with."""
    path = os.pathsep.join([str(BUILD), str(ROOT / "tests"), str(ROOT)])
    return environment(Path(sys.executable).parent, {"PYTHONPATH": path, "ANSIBLE_PYTHON_INTERPRETER": sys.executable})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Iterator[PageServer]:
    """A server of ready-made pages."""
    folder = tmp_path_factory.mktemp("pages")
    rows.make(folder / "rows", ROWS)
    with page_server(folder / "rows", folder, env) as running:
        yield running


@pytest.mark.parametrize(
    "name", [MODULE, TASK, BARE, URI, pytest.param(CURL, marks=[pytest.mark.needs_jq, pytest.mark.needs_curl])]
)
def test_every_contender_writes_all_rows(server: PageServer, tmp_path: Path, env: dict[str, str], name: str) -> None:
    figures = Contest(server, tmp_path, env).run(name, ROWS, 0.0)
    assert figures.wall > 0
    assert figures.peak > 1
    # A login, three pages and the end, at least.
    assert figures.requests >= 5


def test_a_contender_that_writes_too_little_is_found_out(
    server: PageServer, tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = server.start
    monkeypatch.setattr(server, "start", lambda count, delay: plain(count - 1, delay))
    with pytest.raises(Wrong, match="wrote 1999 rows"):
        Contest(server, tmp_path, env).run(BARE, 2000, 0.0)


def test_pages_late_by_a_delay_take_that_long(server: PageServer, tmp_path: Path, env: dict[str, str]) -> None:
    assert Contest(server, tmp_path, env).run(BARE, ROWS, 0.2).wall >= 4 * 0.2


def test_memory_and_time_are_those_of_the_command(tmp_path: Path, env: dict[str, str]) -> None:
    def run(program: str) -> Figures:
        return measured([sys.executable, "-S", "-c", program], tmp_path, env)

    small, large = run("pass"), run("x = b'x' * (100 << 20)")
    assert 90 < large.peak - small.peak < 110
    busy = run("import time\nwhile time.process_time() < 0.5: pass")
    assert busy.cpu >= 0.5
    waiting = run("import time\ntime.sleep(0.5)")
    assert waiting.wall >= 0.5 > waiting.cpu
    # What it starts counts, too.
    child = run(f"import subprocess\nsubprocess.run([{sys.executable!r}, '-c', \"x = b'x' * (100 << 20)\"])")
    assert child.peak > 100


def test_a_command_that_fails_is_no_figure(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(Wrong, match="ended with 3"):
        measured([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, env)


def test_the_median_is_taken_of_each_figure() -> None:
    runs = [Figures(1, 9, 5, 10), Figures(2, 8, 7, 11), Figures(30, 1, 6, 12)]
    assert median(runs) == Figures(2, 8, 6, 11)


def test_the_delay_until_an_end_is_noticed_is_measured(env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "benchmarks", "delay", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "job of 5 s: noticed within" in done.stdout


def test_the_comparison_of_the_records_is_measured_at_servers(env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "benchmarks", "drift", "--records", "2000"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2,000 records on each side, over HTTP" in done.stdout
    assert "100 spread changed" in done.stdout
