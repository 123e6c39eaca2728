# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A large report when the worst happens: the file is there whole, or as it was before."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to
from support.modules import start_main
from support.playbooks import environment_for_modules
from support.scenes import COMPARED, compared, fault, named, of_subscriber, sent, server_rows, set_status, warned
from support.standin import StandIn

MODULE = "dam_mismatch_report"
OLD = b"recordType,recordAction\r\nKEYWORD,CREATE\r\n"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """A report from before, in a folder with nothing else in it."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "report").write_bytes(OLD)
    return folder / "report"


def untouched(dest: Path) -> bool:
    """Tell whether the old report is still all that is in its folder."""
    return {each.name: each.read_bytes() for each in dest.parent.iterdir()} == {dest.name: OLD}


def fill(standin: StandIn, count: int, number: int = 0) -> None:
    """Give the publisher so many mismatch logs of a completed comparison."""
    subscriber = standin.subscribers[number].id
    rows = [
        {
            "id": f"log-{position:08}",
            "subscriberId": subscriber,
            "recordType": "KEYWORD",
            "recordAction": ["CREATE", "UPDATE", "DELETE"][position % 3],
            "recordId": f"record-{position:08}",
            "recordName": "x" * 60,
        }
        for position in range(count)
    ]
    standin.post("/_sim/mismatches", rows)
    set_status(standin, COMPARED, number=number)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something has happened; fail after half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def pages_sent(standin: StandIn) -> int:
    """Return how many pages were asked for."""
    return sum(each["path"].endswith("/staging/mismatches") for each in sent(standin))


def test_a_server_that_dies_at_page_700_leaves_the_old_report(damsim: StandIn, run_module: Any, dest: Path) -> None:
    fill(damsim, 7_200)
    fault(damsim, method="GET", path="/staging/mismatches", kind="drop", skip=699, times=9999)
    result = run_module(MODULE, {**named(damsim), "dest": str(dest), "page_size": 10, "request_retries": 0})
    assert (result["failed"], result["changed"]) == (True, False)
    assert "/staging/mismatches" in result["msg"]
    assert 700 <= pages_sent(damsim) <= 704
    assert untouched(dest)


def test_a_large_report_equals_the_servers_rows_and_is_accurate(damsim: StandIn, run_module: Any, dest: Path) -> None:
    fill(damsim, 25_000)
    result = run_module(MODULE, {**named(damsim), "dest": str(dest), "format": "jsonl"})
    assert (result["count"], result["duplicates"], result["accurate"]) == (25_000, 0, True)
    rows = [json.loads(line) for line in dest.read_text(encoding="utf-8").splitlines()]
    assert rows == server_rows(damsim, of_subscriber(damsim))
    # A page each, the last row once more, and the end.
    assert pages_sent(damsim) <= 26 + 2 + 4 + 26


def test_a_limit_of_the_system_on_files_leaves_the_old_report(damsim: StandIn, work_folder: Any, dest: Path) -> None:
    fill(damsim, 2_000)
    folder = work_folder()
    folder.mkdir(parents=True)
    process = start_main(MODULE, {**connection_to(damsim), **named(damsim), "dest": str(dest)}, folder)
    # The interpreter's own start takes longer than this.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
    output, errors = process.communicate(timeout=60)
    result = json.loads(output)
    assert result["failed"], errors
    assert "could not be written" in result["msg"]
    assert "Check the free space" in result["msg"]
    assert untouched(dest)


IN_A_SMALL_DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77
printf 'old' > "$2/report"
"$3" -m support.launch dam_mismatch_report < "$4" > "$5"
cat "$2/report" > "$5.kept"
ls -A "$2" > "$5.listing"
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not installed")
@pytest.mark.parametrize(
    ("report_format", "size"),
    [("csv", "400k"), ("csv", "3m"), ("html", "3m")],
    ids=["while rows are read", "while the file is written", "while the page is written"],
)
def test_a_disk_that_fills_up_leaves_the_old_report(
    damsim: StandIn, tmp_path: Path, report_format: str, size: str
) -> None:
    fill(damsim, 12_000)
    disk = tmp_path / "disk"
    disk.mkdir()
    args = {**connection_to(damsim), **named(damsim), "dest": str(disk / "report"), "format": report_format}
    options, result = tmp_path / "options.json", tmp_path / "result.json"
    internal = {"_ansible_remote_tmp": str(tmp_path), "_ansible_keep_remote_files": False}
    options.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal}}), encoding="utf-8")
    given = [size, str(disk), sys.executable, str(options), str(result)]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", IN_A_SMALL_DISK, "sh", *given],
        env=environment_for_modules(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if not result.exists():
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    said = json.loads(result.read_text(encoding="utf-8"))
    assert said["failed"]
    assert "No space left on device" in said["msg"]
    assert Path(f"{result}.kept").read_text(encoding="utf-8") == "old"
    assert Path(f"{result}.listing").read_text(encoding="utf-8").split() == ["report"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_module_that_is_killed_on_the_way_leaves_the_old_report(
    damsim: StandIn, work_folder: Any, dest: Path, number: int
) -> None:
    fill(damsim, 5_000)
    fault(damsim, method="GET", path="/staging/mismatches", kind="delay", delay=20, skip=20, times=99)
    folder = work_folder()
    folder.mkdir(parents=True)
    args = {**connection_to(damsim), **named(damsim), "dest": str(dest), "page_size": 100, "prefetch": 2}
    process = start_main(MODULE, args, folder)
    try:
        until(lambda: pages_sent(damsim) >= 20)
        process.send_signal(number)
        process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode != 0
    assert untouched(dest)


def test_logs_that_are_deleted_while_they_are_read_are_not_missed_in_silence(
    damsim3: StandIn, work_folder: Any, tmp_path: Path
) -> None:
    for number in range(3):
        fill(damsim3, 50, number)
    fault(damsim3, method="GET", path="/staging/mismatches", kind="delay", delay=3, skip=8)
    folder = work_folder()
    folder.mkdir(parents=True)
    page = tmp_path / "page"
    args: dict[str, Any] = {"all_subscribers": True, "dest": str(page), "format": "html"}
    process = start_main(MODULE, {**connection_to(damsim3), **args, "page_size": 11, "prefetch": 1}, folder)
    until(lambda: pages_sent(damsim3) >= 8)
    damsim3.delete(f"/_sim/mismatches?subscriber={damsim3.subscribers[0].id}")
    output, errors = process.communicate(timeout=60)
    result = json.loads(output)
    assert not result.get("failed"), (result, errors)
    # As many as the server has at its end: only the seam shows that fifty of those were never read.
    assert result["count"] == len(server_rows(damsim3)) == 100
    found = result["summary"]["by_subscriber"]
    assert sum(found[damsim3.subscribers[2].id].values()) < 50
    assert result["accurate"] is False
    assert warned(result, "were added or deleted while they were read")
    assert "This may not be accurate" in page.read_text(encoding="utf-8")


def test_a_report_that_nothing_disturbs_is_accurate_and_says_nothing(damsim: StandIn, run_module: Any) -> None:
    compared(damsim)
    result = run_module(MODULE, {**named(damsim), "page_size": 5})
    assert result["accurate"] is True
    assert not warned(result, "while they were read")
