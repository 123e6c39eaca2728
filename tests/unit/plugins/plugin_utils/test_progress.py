# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a waiting task says on the way, and when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._progress import VARIABLE, reporter
from ansible_collections.dxops.dam_staging.plugins.module_utils._wait import NO_ANSWER, Look, Waiter
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._progress import Narrator, Watch, in_words


def lines(*heard: tuple[float, str | None]) -> list[str]:
    """Return what a narrator says who hears a status, or nothing, at these times."""
    narrator = Narrator("task")
    said = []
    for elapsed, status in heard:
        if status:
            narrator.hear(status)
        said.append(narrator.line(elapsed))
    return [line for line in said if line]


def test_a_short_wait_says_nothing() -> None:
    assert lines((0.1, "A"), (1.0, "B"), (2.9, None)) == []


def test_a_change_is_said_at_once_and_a_status_that_stays_once_a_minute() -> None:
    said = lines((1, "A"), (4, None), (5, "A"), (30, "B"), (60, "B"), (89, None), (90, None), (100, None), (150, None))
    assert said == [
        "task: A, 4 s gone by",
        "task: B, 30 s gone by",
        "task: B, 1 min 30 s gone by",
        "task: B, 2 min 30 s gone by",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (725, "12 min 5 s"), (3780, "1 h 3 min")]
)
def test_durations_are_told_as_people_do(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_what_the_module_writes_is_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lines"
    file.touch()
    monkeypatch.setenv(VARIABLE, str(file))
    now = [0.0]
    said: list[str] = []
    watch = Watch(file, "task", said.append, lambda: now[0])
    report = reporter()
    report("A")
    now[0] = 5.0
    watch.look()
    report("B")
    report("x" * 5000)
    now[0] = 6.0
    watch.look()
    watch.look()
    assert said == ["task: A, 5 s gone by", "task: B, 6 s gone by", f"task: {'x' * 200}, 6 s gone by"]


def test_a_line_that_is_half_written_is_left_for_the_next_look(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    text = json.dumps({"status": "A"}) + "\n"
    said: list[str] = []
    now = [0.0]
    watch = Watch(file, "task", said.append, lambda: now[0])
    now[0] = 10.0
    file.write_text(text[:5], encoding="utf-8")
    watch.look()
    assert said == []
    file.write_text(text, encoding="utf-8")
    watch.look()
    assert said == ["task: A, 10 s gone by"]


def test_a_module_makes_no_file_and_does_not_fail_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    reporter()("A")
    monkeypatch.delenv(VARIABLE)
    reporter()("A")
    assert list(tmp_path.iterdir()) == []


def test_a_wait_tells_each_status_and_when_there_was_no_answer() -> None:
    heard: list[str] = []
    answers = iter(["A", None, "B"])

    def look() -> Look[None]:
        status = next(answers)
        if status is None:
            raise Unreachable("gone", sent=True)
        return Look(status, status == "B", None)

    Waiter(100.0, clock=lambda: 0.0, sleep=lambda _seconds: None, watch=heard.append).until(look, "it")
    assert heard == ["A", NO_ANSWER, "B"]
