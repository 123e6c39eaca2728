# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that tell how a waiting task comes along: what to say, when to say it, and where to hear it from."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# A wait shorter than this says nothing: its result is there in a moment.
QUIET = 3.0
# Where nothing changes there is still a line so often.
EVERY = 60.0
_LOOK = 0.25


def in_words(seconds: float) -> str:
    """A duration as ``45 s``, ``12 min 5 s`` or ``1 h 3 min``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Narrator:
    """Decides which statuses are worth a line; all times are in seconds since the task began."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._status: str | None = None
        self._said: str | None = None
        self._said_at = 0.0

    def hear(self, status: str) -> None:
        """The status that the task saw last."""
        self._status = status

    def line(self, elapsed: float) -> str | None:
        """What to say now; None where there is nothing new and the last line is not old yet."""
        if self._status is None or elapsed < QUIET:
            return None
        if self._status == self._said and elapsed - self._said_at < EVERY:
            return None
        self._said, self._said_at = self._status, elapsed
        return f"{self._what}: {self._status}, {in_words(elapsed)} gone by"


class Watch:
    """Reads a progress file in a thread of its own, and shows lines as they become due."""

    def __init__(
        self,
        path: Path,
        what: str,
        show: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
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
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_LOOK):
            with suppress(OSError, ValueError, KeyError, TypeError):  # no line is worth a task
                self.look()

    def look(self) -> None:
        """Read what is new, and say what is due. A half-written line is left for the next time."""
        with open(self._path, "rb") as handle:
            handle.seek(self._read)
            whole, newline, _rest = handle.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for text in whole.splitlines():
            self._narrator.hear(str(json.loads(text)["status"]))
            self._tell()
        self._tell()

    def _tell(self) -> None:
        line = self._narrator.line(self._clock() - self._begin)
        if line is not None:
            self._show(line)
