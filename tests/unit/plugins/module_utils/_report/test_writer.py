# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rows are in the file of a report, or nothing is left at all."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.paging import Deduplicated, pages
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import writer
from support.reports import Row, format_of, make_report, mismatch


def left_in(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


# The result


def test_the_result_says_what_was_written(tmp_path: Path) -> None:
    rows = [mismatch(number, ["CREATE", "UPDATE", "DELETE"][number % 3]) for number in range(10)]
    result = make_report(tmp_path, [rows[:6], rows[4:]], max_records=7)
    assert (result.count, result.duplicates, result.format.name) == (10, 2, "csv")
    assert result.columns == ["id", "recordType", "recordAction", "subscriberId"]
    assert result.records == rows[:7]
    assert result.summary.as_dict()["by_action"] == {"CREATE": 4, "UPDATE": 3, "DELETE": 3, "UNKNOWN": 0}
    path = Path(result.path)
    assert result.checksum == hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent == tmp_path
    assert path.name.startswith(".dam-report-")
    assert left_in(tmp_path) == [path.name]
    result.discard()
    result.discard()
    assert left_in(tmp_path) == []


def test_a_file_that_was_moved_away_is_not_removed(tmp_path: Path) -> None:
    result = make_report(tmp_path, [[mismatch(1)]])
    os.replace(result.path, tmp_path / "report.csv")
    result.discard()
    assert left_in(tmp_path) == ["report.csv"]


def test_a_wrapper_that_the_caller_made_is_used(tmp_path: Path) -> None:
    source = Deduplicated([[mismatch(1)], [mismatch(1)]])
    result = make_report(tmp_path, source)
    assert (result.count, result.duplicates, source.duplicates) == (1, 1, 1)


def test_a_page_of_any_size_is_written_whole(tmp_path: Path) -> None:
    result = make_report(tmp_path, [[mismatch(number) for number in range(2500)]], "jsonl")
    assert (result.count, len(Path(result.path).read_bytes().splitlines())) == (2500, 2500)


def test_a_spool_is_read_in_blocks_of_a_quarter_of_a_mebibyte() -> None:
    assert [len(block) for block in writer.chunks(io.BytesIO(b"x" * 600_000))] == [262_144, 262_144, 75_712]


def test_rows_are_returned_only_if_that_is_asked_for(tmp_path: Path) -> None:
    assert writer.write_report([[mismatch(1)]], str(tmp_path), format_of()).records == []


# Nothing is left behind


class Stop(BaseException):
    """What no code of ours expects."""


@pytest.mark.parametrize("error", [OSError("reset"), KeyboardInterrupt(), SystemExit(1), Stop(), DamError("x")])
def test_an_exception_out_of_the_pages_passes_unchanged_and_leaves_no_file(
    tmp_path: Path, error: BaseException
) -> None:
    seen: list[str] = []

    def source() -> Iterator[list[Row]]:
        try:
            yield [mismatch(1)]
            seen.extend(left_in(tmp_path))
            raise error
        finally:
            seen.append("closed")

    with pytest.raises(type(error)) as caught:
        make_report(tmp_path, source())
    assert caught.value is error
    # A process that is killed while it reads leaves no name in the folder.
    assert seen == ["closed"]
    assert left_in(tmp_path) == []


def test_the_pages_are_closed_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    source = pages(lambda offset, limit: [mismatch(offset + number) for number in range(limit)], 10, ahead=2)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DamError, match=r"could not be written in /\S+: No space left on device\. Nothing"):
        make_report(tmp_path, source)
    monkeypatch.undo()
    assert list(source) == []
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("failing_call", [1, 3], ids=["spool", "file"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_either_pass_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int, error: BaseException
) -> None:
    plain = writer._write_all
    calls = []

    def failing(descriptor: int, data: bytes) -> None:
        calls.append(data)
        plain(descriptor, data)
        if len(calls) == failing_call:
            raise error

    monkeypatch.setattr(writer, "_write_all", failing)
    with pytest.raises(DamError if isinstance(error, OSError) else KeyboardInterrupt):
        make_report(tmp_path, [[mismatch(1)], [mismatch(2)]])
    assert left_in(tmp_path) == []


def test_a_write_that_takes_a_part_only_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: plain(descriptor, bytes(data)[:3]))
    result = make_report(tmp_path, [[{"id": "0123456789"}]], "jsonl")
    monkeypatch.undo()
    assert Path(result.path).read_bytes() == b'{"id":"0123456789"}\n'


KILLED = """
import os, signal, sys
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import writer
from support.reports import make_report
writes = 0
def write_and_die(descriptor, data, plain=writer._write_all):
    global writes
    plain(descriptor, data)
    writes += 1
    if writes == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
writer._write_all = write_and_die
make_report(sys.argv[1], [[{"id": 1}], [{"id": 2}]])
"""


@pytest.mark.parametrize(("last_write", "files"), [(2, 0), (3, 1)], ids=["spool", "file"])
def test_a_process_that_is_killed_leaves_a_temporary_file_at_most(tmp_path: Path, last_write: int, files: int) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(last_write)]
    run = subprocess.run(command, check=False, env={"PYTHONPATH": os.pathsep.join(sys.path)})
    assert run.returncode == -signal.SIGKILL
    left = list(tmp_path.iterdir())
    assert len(left) == files
    assert all(path.name.startswith(".dam-report-") and stat.S_IMODE(path.stat().st_mode) == 0o600 for path in left)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamError, match=r"nowhere.*No such file or directory"):
        make_report(tmp_path / "nowhere", [[mismatch(1)]])


MEASURED = """
import sys
from support.reports import make_report
rows = int(sys.argv[3])
source = (
    # The last page brings a further column, so that all rows before it have to be widened.
    [{"id": f"{start + row:036}", "name": "x" * 150, **more} for row in range(1000)]
    for start in range(0, rows, 1000)
    for more in [{"late": 1} if start + 1000 == rows else {}]
)
result = make_report(sys.argv[1], source, sys.argv[2])
assert result.count == rows
result.discard()
# Not from getrusage: that begins with the peak of the process that started this one.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("report_format", ["csv", "json", "html"])
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path, report_format: str) -> None:
    def peak(rows: int) -> int:
        command = [sys.executable, "-c", MEASURED, str(tmp_path), report_format, str(rows)]
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
        return int(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)

    few, many = peak(10_000), peak(60_000)
    assert many < 64 * 1024
    assert many < few * 1.15


def test_open_files_do_not_pile_up(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 8, hard))
    too_wide: list[Any] = [[{f"k{number}": 1 for number in range(1001)}]]
    try:
        for _unused in range(20):
            make_report(tmp_path, [[mismatch(1)]]).discard()
            with pytest.raises(DamError):
                make_report(tmp_path, too_wide)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
