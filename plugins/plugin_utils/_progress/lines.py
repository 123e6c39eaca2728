# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress of a waiting task: their words, and when they are due."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import QUIET
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import clean

# Where nothing changes there is still a line so often.
EVERY = 60.0
# How quickly it goes is judged by so many seconds back.
WINDOW = 600.0
# No task waits longer than this for its last line.
LAST_LINE = 1.0
# Seconds between two polls of the file.
PAUSE = 0.25


def in_words(seconds: float) -> str:
    """A duration as ``45 s``, ``12 min 5 s`` or ``1 h 3 min``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Pace:
    """How quickly what is left becomes less, and how long the rest takes if it goes on like that."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, at: float, left: int) -> None:
        """So much was left ``at`` so many seconds."""
        if self._seen and left > self._seen[-1][1]:
            self._seen.clear()  # there is more to do than before: what was seen of less tells nothing
        self._seen.append((at, left))
        while at - self._seen[0][0] > WINDOW:
            self._seen.popleft()

    def forget(self) -> None:
        """What is left is something else now, or cannot be counted."""
        self._seen.clear()

    def words(self) -> str:
        """The end of a line; empty where nothing is known."""
        if not self._seen:
            return ""
        (begin, before), (end, left) = self._seen[0], self._seen[-1]
        text = f", {left} operations left"
        if left < before and end > begin:
            rate = (before - left) / (end - begin)
            pace = f"{rate * 60:.0f} a minute" if rate * 60 >= 1 else f"{max(1.0, rate * 3600):.0f} an hour"
            text += f", {pace}, about {in_words(round(left / rate))} to go"
        return text


class Narrator:
    """Decides which statuses are worth a line; all times are in seconds since the task began."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._status: str | None = None
        self._pace = Pace()
        self._said: tuple[str, bool] | None = None
        self._said_at = 0.0

    def hear(self, line: bytes) -> None:
        """What the task saw last, as it wrote it. Raises ValueError, KeyError or TypeError for anything else."""
        told = json.loads(line)
        self._status = clean(str(told["status"]))
        if "left" not in told:
            self._pace.forget()
        elif told["left"] is not None:
            self._pace.note(float(told["at"]), int(told["left"]))

    def line(self, elapsed: float) -> str | None:
        """What to say now; None where there is nothing new and the last line is not old yet."""
        if self._status is None or elapsed < QUIET:
            return None
        pace = self._pace.words()
        news = self._status, bool(pace)
        if news == self._said and elapsed - self._said_at < EVERY:
            return None
        self._said, self._said_at = news, elapsed
        return f"{self._what}: {self._status}, {in_words(elapsed)} elapsed{pace}"


class Watch:
    """Reads in a thread what a module writes to ``file``, and shows lines as they become due."""

    def __init__(
        self, file: Path, what: str, show: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = file
        self._narrator = Narrator(what)
        self._show = show
        self._clock = clock
        self._begin = clock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._read = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch while the block runs."""
        self._begin = self._clock()
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join(LAST_LINE)

    def _run(self) -> None:
        # The task's own thread has to get what ends it, or it goes on to wait for the module.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with suppress(OSError, ValueError, KeyError, TypeError):  # a line that cannot be read must not fail the task
            while not self._over.wait(PAUSE):
                self.poll()

    def poll(self) -> None:
        """Read new lines of the file and show what is due. A half-written line is left for the next poll."""
        whole, newline, _rest = self._new().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for text in whole.splitlines():
            self._narrator.hear(text)
            self._tell()
        self._tell()

    def _new(self) -> bytes:
        if not self._file.exists():
            return b""
        with self._file.open("rb") as handle:
            handle.seek(self._read)
            return handle.read()

    def _tell(self) -> None:
        line = self._narrator.line(self._clock() - self._begin)
        if line is not None and not self._over.is_set():
            self._show(line)
