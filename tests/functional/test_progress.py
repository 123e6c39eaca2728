# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of waiting tasks in real runs, while the stand-in takes its time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.scenes import COMPARED, compared, named, sent
from tooling.process import environment
from tooling.standin import StandIn

COMPARING = "FIND_MISMATCH_START"


def start(folder: Path, task: Mapping[str, Any], *arguments: str) -> subprocess.Popen[str]:
    """Start a playbook of one task; its output comes by a pipe."""
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / "book.yml"
    play = {"hosts": "dx-a", "connection": "local", "gather_facts": False, "tasks": [dict(task)]}
    book.write_text(json.dumps([play]), encoding="utf-8")
    homes = {"ANSIBLE_HOME": str(folder / ".ansible"), "ANSIBLE_REMOTE_TMP": str(folder / "tmp")}
    homes["ANSIBLE_ASYNC_DIR"] = str(folder / "async")
    return subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", "-i", "dx-a,", str(book), *arguments],
        env=environment(Path(sys.executable).parent, {**homes, "ANSIBLE_PYTHON_INTERPRETER": sys.executable}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], part: str) -> list[str]:
    """Read lines of a process until one has ``part``; return all of them."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if part in line:
            return lines
    raise AssertionError(f"no line with {part!r}:\n" + "\n".join(lines))


def find(standin: StandIn, **more: Any) -> dict[str, Any]:
    """Return a task that compares."""
    options = {**connection_to(standin), **named(standin), **more}
    return {"name": "Compare them", "dxops.dam_staging.dam_find_mismatch": options, "register": "found"}


@pytest.mark.slow
def test_a_line_comes_while_the_comparison_still_runs_and_one_login_is_enough(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(hold_comparison=True)
    process = start(tmp_path / "run", find(damsim, force=True))
    lines = read_until(process, "gone by")
    assert re.fullmatch(rf"\[dx-a\] Compare them: {COMPARING}, \d+ s gone by", lines[-1])
    assert process.poll() is None
    damsim.settings(hold_comparison=False)
    rest = process.communicate(timeout=120)[0]
    assert process.returncode == 0, rest
    assert "changed=1" in rest
    assert damsim.password not in "\n".join(lines) + rest
    assert sum(each["path"].endswith("/auth/login") for each in sent(damsim)) == 1


@pytest.mark.slow
def test_what_was_said_stands_after_an_interruption_and_the_next_run_joins(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(hold_comparison=True)
    process = start(tmp_path / "run", find(damsim))
    read_until(process, "gone by")
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C at a terminal does
    process.communicate(timeout=60)
    assert process.returncode != 0
    again = start(tmp_path / "again", find(damsim))
    read_until(again, COMPARING)
    damsim.settings(hold_comparison=False)
    rest = again.communicate(timeout=120)[0]
    assert again.returncode == 0, rest
    assert "changed=0" in rest
    assert not list((tmp_path / "again" / "tmp").glob("**/lines"))


@pytest.mark.slow
def test_a_status_that_changes_is_told(damsim: StandIn, tmp_path: Path) -> None:
    compared(damsim)
    damsim.settings(hold_resync=True)
    options = {**connection_to(damsim), **named(damsim), "max_delete_percent": -1}
    process = start(tmp_path / "run", {"name": "Repair it", "dxops.dam_staging.dam_resync": options})
    read_until(process, "Repair it: RESYNC_TRIGGER_START")
    damsim.settings(hold_resync=False, hold_operations=True)
    read_until(process, "Repair it: TODO")
    damsim.settings(hold_operations=False)
    rest = process.communicate(timeout=120)[0]
    assert process.returncode == 0, rest
    assert damsim.digests_equal()


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"async": 60, "poll": 1}, {"no_log": True}], ids=["async", "no_log"])
def test_async_and_no_log_tasks_say_nothing_on_the_way(damsim: StandIn, tmp_path: Path, more: dict[str, Any]) -> None:
    damsim.settings(comparison_delay=5 * 20.0)
    process = start(tmp_path / "run", {**find(damsim), **more})
    text = process.communicate(timeout=120)[0]
    assert process.returncode == 0, text
    assert "gone by" not in text


def test_check_mode_waits_for_nothing_and_says_nothing(damsim: StandIn, tmp_path: Path) -> None:
    process = start(tmp_path / "run", find(damsim, force=True), "--check")
    text = process.communicate(timeout=120)[0]
    assert (process.returncode, "gone by" in text) == (0, False), text


def test_the_result_is_the_same_as_without_the_action(damsim: StandIn, run_modules: Any, run_main: Any) -> None:
    (by_task,) = run_modules([Call("dam_find_mismatch", {**named(damsim), "force": True})])
    alone = run_main("dam_find_mismatch", {**named(damsim), "force": True})
    for result in (by_task, alone):
        assert (result["in_sync"], result["changed"], result["resync_status"]) == (False, True, COMPARED)
    extra = {
        "failed",
        "invocation",
        "warnings",
        "deprecations",
        "duration",
        "states",
        "compared_at",
        "subscriber",
        "diff",
    }
    assert {k: v for k, v in by_task.items() if k not in extra} == {k: v for k, v in alone.items() if k not in extra}
    assert set(by_task) - {"invocation", "warnings"} == set(alone) - {"invocation", "warnings"}


def test_a_timeout_fails_as_the_module_does(damsim: StandIn, run_modules: Any) -> None:
    damsim.settings(hold_comparison=True)
    (result,) = run_modules([Call("dam_find_mismatch", {**named(damsim), "wait_timeout": 1})])
    assert result["failed"] is True
    assert "wait_timeout" in result["msg"]
    assert result["last"] == COMPARING
