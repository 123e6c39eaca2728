# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a waiting task says on the way, and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import VARIABLE, reporter
from ansible_collections.dxops.dam_staging.plugins.module_utils._waiting import NO_ANSWER, Left, Look, Waiter
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._progress.lines import (
    Narrator,
    Pace,
    Watch,
    in_words,
)


def said_of(*heard: tuple[float, str | None], **more: Any) -> list[str]:
    """Return what a narrator says who hears a status, or nothing, at these times."""
    narrator = Narrator("task")
    said = []
    for elapsed, status in heard:
        if status:
            narrator.hear(json.dumps({"status": status, "at": elapsed, **more}).encode())
        said.append(narrator.line(elapsed))
    return [line for line in said if line]


def test_a_short_wait_says_nothing() -> None:
    assert said_of((0.1, "A"), (1.0, "B"), (2.9, None)) == []


def test_a_change_is_said_at_once_and_a_status_that_stays_once_a_minute() -> None:
    said = said_of(
        (1, "A"), (4, None), (5, "A"), (30, "B"), (60, "B"), (89, None), (90, None), (100, None), (150, None)
    )
    assert said == [
        "task: A, 4 s elapsed",
        "task: B, 30 s elapsed",
        "task: B, 1 min 30 s elapsed",
        "task: B, 2 min 30 s elapsed",
    ]


def test_no_status_reaches_the_terminal_as_anything_but_text() -> None:
    assert said_of((5, "A\x1b[2J\nPLAY RECAP")) == ["task: A [2J PLAY RECAP, 5 s elapsed"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (725, "12 min 5 s"), (3780, "1 h 3 min")]
)
def test_durations_are_told_as_people_do(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([], ""),
        ([(5, 100)], ", 100 operations left"),
        ([(5, 100), (35, 100)], ", 100 operations left"),
        ([(5, 100), (35, 40)], ", 40 operations left, 120 a minute, about 20 s to go"),
        ([(0, 10000), (60, 9000), (120, 8800)], ", 8800 operations left, 600 a minute, about 14 min 40 s to go"),
        ([(0, 10), (60, 5000), (120, 4000)], ", 4000 operations left, 1000 a minute, about 4 min 0 s to go"),
        ([(0, 10000), (700, 2000), (1000, 1000)], ", 1000 operations left, 200 a minute, about 5 min 0 s to go"),
        ([(0, 100), (600, 97)], ", 97 operations left, 18 an hour, about 5 h 23 min to go"),
        ([(0, 100), (59, 99), (119, 98)], ", 98 operations left, 1 a minute, about 1 h 37 min to go"),
        ([(0, 100), (60, 0)], ", 0 operations left, 100 a minute, about 0 s to go"),
    ],
)
def test_what_is_left_is_told_with_its_pace_and_an_estimate(counts: list[tuple[float, int]], words: str) -> None:
    pace = Pace()
    for at, left in counts:
        pace.note(at, left)
    assert pace.words() == words


def test_the_first_count_is_news_and_later_ones_are_told_once_a_minute() -> None:
    narrator = Narrator("task")
    told = []
    for at, left in [(4, None), (5, 90), (35, 60), (40, None), (66, 30)]:
        narrator.hear(json.dumps({"status": "TODO", "at": at, "left": left}).encode())
        told.append(narrator.line(at))
    assert told == [
        "task: TODO, 4 s elapsed",
        "task: TODO, 5 s elapsed, 90 operations left",
        None,
        None,
        "task: TODO, 1 min 6 s elapsed, 30 operations left, 59 a minute, about 30 s to go",
    ]


def test_a_count_is_forgotten_where_there_is_nothing_to_count() -> None:
    narrator = Narrator("task")
    narrator.hear(b'{"status": "TODO", "at": 5, "left": 9}')
    narrator.hear(b'{"status": "quiet", "at": 6}')
    assert narrator.line(7) == "task: quiet, 7 s elapsed"


class Scene:
    """A module that writes, a controller that reads, and the time of both."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, str(file))
        self.now = 0.0
        self.file = file
        self.said: list[str] = []
        self.report = reporter(lambda: self.now)
        self.watch = Watch(file, "task", self.said.append, lambda: self.now)

    def lines(self) -> list[dict[str, Any]]:
        """Return what the module wrote."""
        return [json.loads(line) for line in self.file.read_bytes().splitlines()]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Return a module and a controller with an empty folder between them."""
    return Scene(tmp_path / "lines", monkeypatch)


def test_what_the_module_writes_is_what_is_shown(scene: Scene) -> None:
    scene.now = 5.0
    scene.report("A", None)
    scene.watch.poll()
    scene.report("B", None)
    scene.report("x" * 5000, None)
    scene.now = 6.0
    scene.watch.poll()
    scene.watch.poll()
    assert scene.said == ["task: A, 5 s elapsed", "task: B, 6 s elapsed", f"task: {'x' * 200}, 6 s elapsed"]


def test_a_short_task_makes_no_file_and_the_file_is_for_its_owner_alone(scene: Scene) -> None:
    scene.now = 2.9
    scene.report("A", None)
    assert not scene.file.exists()
    scene.now = 3.0
    scene.report("A", None)
    assert scene.file.stat().st_mode & 0o777 == 0o600


def test_counting_takes_little_of_the_time_and_its_errors_are_no_matter(scene: Scene) -> None:
    answers: list[int | Exception] = [7, Unreachable("gone", sent=True), 5, 4]
    asked: list[float] = []

    def left() -> int:
        asked.append(scene.now)
        scene.now += 10.0
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    while scene.now < 700:
        scene.report("TODO", left)
        scene.now += 1.0
    # The first look after the quiet seconds, then ten seconds of counting in two hundred.
    assert asked == [3.0, 203.0, 403.0, 603.0]
    assert [line["left"] for line in scene.lines() if line["left"] is not None] == [7, 5, 4]


def test_nothing_is_counted_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    def left() -> int:
        raise AssertionError("counted for nobody")

    report = reporter(lambda: 0.0)
    report("TODO", left)


def test_a_line_that_is_half_written_is_left_for_the_next_poll(scene: Scene) -> None:
    text = json.dumps({"status": "A", "at": 9.0}) + "\n"
    scene.now = 10.0
    scene.file.write_text(text[:5], encoding="utf-8")
    scene.watch.poll()
    assert scene.said == []
    scene.file.write_text(text, encoding="utf-8")
    scene.watch.poll()
    assert scene.said == ["task: A, 10 s elapsed"]


def test_a_folder_that_is_not_there_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path / "nowhere" / "lines", monkeypatch)
    scene.now = 5.0
    scene.report("A", None)
    scene.watch.poll()
    assert scene.said == []


def test_a_file_that_cannot_be_read_ends_the_lines_and_not_the_task(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "lines").write_text("no JSON\n", encoding="utf-8")
    watch = Watch(tmp_path / "lines", "task", said.append)
    with watch.running():
        watch._thread.join(10)
        assert not watch._thread.is_alive()
    assert said == []


def test_a_wait_tells_each_status_how_to_count_the_rest_and_when_there_was_no_answer() -> None:
    heard: list[tuple[str, int | None]] = []
    answers = iter(["A", None, "B"])

    def look() -> Look[None]:
        status = next(answers)
        if status is None:
            raise Unreachable("gone", sent=True)
        return Look(status, status == "B", None, lambda: 3)

    def watch(status: str, left: Left | None) -> None:
        heard.append((status, left() if left else None))

    Waiter(100.0, clock=lambda: 0.0, sleep=lambda _seconds: None, watch=watch).until(look, "it")
    assert heard == [("A", 3), (NO_ANSWER, None), ("B", None)]
