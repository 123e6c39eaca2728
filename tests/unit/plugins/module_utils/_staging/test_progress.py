# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a wait writes of its progress: from when on, how often it counts, and that it fails no task."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import VARIABLE, reporter
from ansible_collections.dxops.dam_staging.plugins.module_utils._waiting import unwatched
from support.fakes import Clock


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that lines are written to."""
    path = tmp_path / "progress"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def lines(file: Path) -> list[dict[str, Any]]:
    """Return the lines that were written."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_without_a_listener_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert reporter() is unwatched


def test_a_wait_of_three_seconds_says_nothing_and_a_longer_one_each_status(file: Path) -> None:
    clock = Clock(100.0)
    report = reporter(clock)
    for now in (100.0, 102.999, 103.0, 104.1234567):
        clock.now = now
        report("x" * 250, None)
    assert lines(file) == [{"status": "x" * 200, "at": 3.0}, {"status": "x" * 200, "at": 4.123}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(("took", "pause"), [(0.0, 45.0), (2.0, 45.0), (10.0, 190.0)])
def test_what_is_left_is_counted_every_45_seconds_and_in_a_twentieth_of_the_time_at_most(
    file: Path, took: float, pause: float
) -> None:
    clock = Clock(100.0)
    report = reporter(clock)

    def left() -> int:
        clock.now += took
        return 7

    first = 103.0
    for now in (first, first + took + pause - 0.5, first + took + pause):
        clock.now = now
        report("TODO", left)
    assert [line["left"] for line in lines(file)] == [7, None, 7]


def test_a_count_that_fails_and_a_file_that_cannot_be_written_fail_no_task(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> int:
        raise Unreachable("gone", sent=False)

    clock = Clock()
    report = reporter(clock)
    clock.now = 5.0
    report("TODO", gone)
    assert lines(file) == [{"status": "TODO", "at": 5.0, "left": None}]
    monkeypatch.setenv(VARIABLE, str(file / "nowhere"))
    report = reporter(clock)
    clock.now = 10.0
    report("TODO", None)
