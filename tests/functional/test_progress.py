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
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.connections import SPEED, connection_to
from support.playbooks import ANSIBLE_PYTHON, Call
from support.scenes import COMPARED, compared, named, sent
from support.sshd import jump_host
from support.standin import StandIn
from tooling.process import environment

COMPARING = "FIND_MISMATCH_START"
SECONDS = 120.0
STARTED: list[subprocess.Popen[str]] = []
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": ANSIBLE_PYTHON}


@pytest.fixture(autouse=True)
def no_process_goes_on() -> Iterator[None]:
    """What a test that failed has started does not outlast it."""
    yield
    while STARTED:
        process = STARTED.pop()
        kill(process)
        process.communicate()


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a playbook with all that it has started: newer ansible-core gives its workers groups of their own."""
    if process.poll() is None:
        for pid in [process.pid, *below(process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def below(pid: int) -> Iterator[int]:
    """Yield the processes that one has started, and that these have."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text(encoding="ascii").split()):
            yield child
            yield from below(child)


def start(
    folder: Path,
    task: Mapping[str, Any],
    *arguments: str,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    more: Mapping[str, str] | None = None,
    separate: bool = False,
) -> subprocess.Popen[str]:
    """Start a playbook of one task, without ``hosts`` on one that is local; its output comes by a pipe, or by two.

    ``more`` are further environment variables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book, inventory = folder / "book.yml", folder / "hosts.json"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [dict(task)]}]), encoding="utf-8")
    inventory.write_text(json.dumps({"all": {"hosts": hosts or {"dx-a": LOCAL}}}), encoding="utf-8")
    homes = {"ANSIBLE_HOME": str(folder / ".ansible"), "ANSIBLE_REMOTE_TMP": str(folder / "tmp")}
    homes["ANSIBLE_ASYNC_DIR"] = str(folder / "async")
    process = subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), str(book), *arguments],
        env=environment(Path(sys.executable).parent, {**homes, **(more or {})}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if separate else subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    STARTED.append(process)
    return process


def near(folder: Path) -> list[str]:
    """Return the folders with progress that are there where the controller itself runs the module."""
    return sorted(path.name for path in (folder / ".ansible" / "tmp").glob("**/dam-progress-*"))


def read_until(process: subprocess.Popen[str], part: str) -> list[str]:
    """Read lines of a process until one has ``part``; return all of them. It is killed where that takes too long."""
    assert process.stdout is not None
    lines: list[str] = []
    late = threading.Timer(SECONDS, kill, [process])
    late.start()
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if part in line:
                return lines
    finally:
        late.cancel()
    raise AssertionError(f"no line with {part!r}:\n" + "\n".join(lines))


def find(standin: StandIn, **more: Any) -> dict[str, Any]:
    """Return a task that compares."""
    options = {**connection_to(standin), **named(standin), **more}
    return {"name": "Compare them", "dxops.dam_staging.dam_find_mismatch": options, "register": "found"}


@pytest.mark.slow
def test_a_line_comes_while_the_comparison_still_runs_and_one_login_is_enough(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(hold_comparison=True)
    process = start(tmp_path / "run", find(damsim, force=True))
    lines = read_until(process, "elapsed")
    assert re.fullmatch(rf"\[dx-a\] Compare them: {COMPARING}, \d+ s elapsed", lines[-1])
    assert process.poll() is None
    assert len(near(tmp_path / "run")) == 1
    damsim.settings(hold_comparison=False)
    rest = process.communicate(timeout=120)[0]
    assert process.returncode == 0, rest
    assert near(tmp_path / "run") == []
    assert "changed=1" in rest
    assert damsim.password not in "\n".join(lines) + rest
    assert sum(each["path"].endswith("/auth/login") for each in sent(damsim)) == 1


def interrupted(standin: StandIn, folder: Path) -> Path:
    """Start a comparison, interrupt it when it has said something, and return the folder that it ran in.

    ansible-core does not end at each Ctrl-C: its workers miss some of them. Then there is another try.
    """
    for attempt in range(3):
        place = folder / f"run-{attempt}"
        process = start(place, find(standin))
        read_until(process, "elapsed")
        assert len(near(place)) == 1
        os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C at a terminal does
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            kill(process)
            process.communicate()
        else:
            assert process.returncode != 0
            return place
    raise AssertionError("no comparison ended when it was interrupted")


ONE_JSON = """
import json
from ansible.plugins.callback import CallbackBase
DOCUMENTATION = "name: onejson\\ntype: stdout\\nshort_description: One JSON document\\ndescription: []\\n"

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "onejson"

    def v2_playbook_on_stats(self, stats):
        print(json.dumps({"ok": sum(stats.ok.values())}))
"""


@pytest.mark.slow
def test_output_for_a_program_stays_whole_and_lines_can_be_turned_off(damsim: StandIn, tmp_path: Path) -> None:
    compared(damsim)
    plugins = tmp_path / "callbacks"
    plugins.mkdir()
    (plugins / "onejson.py").write_text(ONE_JSON, encoding="utf-8")
    for_a_program = {"ANSIBLE_CALLBACK_PLUGINS": str(plugins), "ANSIBLE_STDOUT_CALLBACK": "onejson"}
    damsim.settings(comparison_delay=4.5, speed=1)
    task = find(damsim, max_age=0)
    task_off = {**task, "vars": {"dam_progress": False}}
    no_boolean = {**task, "vars": {"dam_progress": "offf"}}
    runs = {
        "one document": start(tmp_path / "json", task, more=for_a_program, separate=True),
        "variable": start(tmp_path / "variable", task_off, separate=True),
        "environment": start(tmp_path / "environment", task, more={"DAM_PROGRESS": "off"}, separate=True),
        "no boolean": start(tmp_path / "no-boolean", no_boolean, separate=True),
    }
    said = {name: process.communicate(timeout=120) for name, process in runs.items()}
    assert [runs[name].returncode for name in runs] == [0, 0, 0, 2], said
    assert json.loads(said["one document"][0]) == {"ok": 1}
    assert "s elapsed" in said["one document"][1]
    for name in ("variable", "environment"):
        assert "s elapsed" not in "".join(said[name]), name
    assert "dam_progress is 'offf'" in said["no boolean"][0]


@pytest.mark.slow
def test_what_was_said_stands_after_an_interruption_and_the_next_run_joins(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(hold_comparison=True)
    folder = interrupted(damsim, tmp_path)
    assert near(folder) == []
    again = start(tmp_path / "again", find(damsim))
    read_until(again, COMPARING)
    damsim.settings(hold_comparison=False)
    rest = again.communicate(timeout=120)[0]
    assert again.returncode == 0, rest
    assert "changed=0" in rest


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
def test_what_is_left_of_a_queue_is_told_with_its_pace(damsim: StandIn, tmp_path: Path) -> None:
    place = damsim.subscribers[0]
    damsim.post("/_sim/operations", {"triggerFunction": "syncStagingMediaContent", "times": 300}, at=place)
    options = {**connection_to(damsim), "hostname": place.host, "dx_port": place.port, "wait": True, "wait_sleep": 1}
    process = start(tmp_path / "run", {"name": "Wait for it", "dxops.dam_staging.dam_operations_info": options})
    line = read_until(process, "operations left")[-1]
    assert re.fullmatch(r"\[dx-a\] Wait for it: TODO, \d+ s elapsed, 300 operations left", line)
    damsim.delete("/_sim/operations", at=place)
    rest = process.communicate(timeout=120)[0]
    assert process.returncode == 0, rest
    # The probes of one count of 300; a look asks for the beginning only.
    probes = [each for each in sent(damsim) if "limit=1" in each["query"] and "offset=0" not in each["query"]]
    assert 10 <= len(probes) <= 25


@pytest.mark.slow
@pytest.mark.needs_sshd
def test_on_a_jump_host_the_task_runs_without_lines(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(comparison_delay=5 * SPEED)
    with jump_host(tmp_path) as host:
        process = start(tmp_path / "run", find(damsim, force=True), hosts={"jump": host})
        text = process.communicate(timeout=120)[0]
    assert process.returncode == 0, text
    assert "elapsed" not in text
    assert "changed=1" in text


@pytest.mark.slow
def test_hosts_side_by_side_and_one_after_the_other_tell_lines_of_their_own(
    damsim: StandIn, start_damsim: Callable[..., StandIn], tmp_path: Path
) -> None:
    standins = {"dx-a": damsim, "dx-b": start_damsim(), "dx-c": start_damsim()}
    hosts = {name: {**LOCAL, "port": each.publisher.port} for name, each in standins.items()}
    for each in standins.values():
        each.settings(hold_comparison=True)
    task = {**find(damsim, force=True, dx_port="{{ port }}"), "throttle": 2}
    process = start(tmp_path / "run", task, "--forks", "3", hosts=hosts)
    seen: set[str] = set()
    while len(seen) < 3:
        line = read_until(process, "elapsed")[-1]
        seen.add(next(name for name in standins if f"[{name}]" in line))
        if len(seen) == 2:  # the third one's turn comes only after these
            for name in seen:
                standins[name].settings(hold_comparison=False)
    for each in standins.values():
        each.settings(hold_comparison=False)
    text = process.communicate(timeout=120)[0]
    assert process.returncode == 0, text
    assert text.count("changed=1") == 3


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"async": 60, "poll": 1}, {"no_log": True}], ids=["async", "no_log"])
def test_async_and_no_log_tasks_say_nothing_on_the_way(damsim: StandIn, tmp_path: Path, more: dict[str, Any]) -> None:
    damsim.settings(comparison_delay=5 * 20.0)
    process = start(tmp_path / "run", {**find(damsim), **more})
    text = process.communicate(timeout=120)[0]
    assert process.returncode == 0, text
    assert "elapsed" not in text


def test_check_mode_waits_for_nothing_and_says_nothing(damsim: StandIn, tmp_path: Path) -> None:
    damsim.settings(hold_comparison=True)
    process = start(tmp_path / "run", find(damsim, force=True), "--check")
    text = process.communicate(timeout=120)[0]
    assert (process.returncode, "elapsed" in text) == (0, False), text
    assert "changed=1" in text
    assert damsim.writes() == []


def test_the_result_is_the_same_as_without_the_action(damsim: StandIn, run_tasks: Any, run_module: Any) -> None:
    (by_task,) = run_tasks([Call("dam_find_mismatch", {**named(damsim), "force": True})])
    alone = run_module("dam_find_mismatch", {**named(damsim), "force": True})
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


def test_a_timeout_fails_as_the_module_does(damsim: StandIn, run_tasks: Any) -> None:
    damsim.settings(hold_comparison=True)
    (result,) = run_tasks([Call("dam_find_mismatch", {**named(damsim), "wait_timeout": 1})])
    assert result["failed"] is True
    assert "wait_timeout" in result["msg"]
    assert result["last"] == COMPARING
