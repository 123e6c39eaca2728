# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress while a module waits, written as JSON to a file that the controller named."""

from __future__ import annotations

import atexit
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .._errors import DamError
from .._waiting import Left, Watcher, unwatched

# Names the file. Set by the action plugins, for the one module that they start.
VARIABLE = "DAM_STAGING_PROGRESS"
# A wait shorter than this, in seconds, says nothing: its result is there in a moment.
QUIET = 3.0
# What is left is counted no more often than this, and in no more than this part of the time.
COUNT_EVERY = 45.0
SHARE = 0.05
_MOST = 200


def reporter(clock: Callable[[], float] = time.monotonic) -> Watcher:
    """What a wait is to call with each status that it sees. Where nobody listens, it counts nothing."""
    path = os.environ.get(VARIABLE)
    return _Reporter(path, clock) if path else unwatched


class _Reporter:
    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._begin = clock()
        self._count_at = self._begin + QUIET
        self._made = False

    def __call__(self, status: str, left: Left | None) -> None:
        if self._clock() - self._begin < QUIET:
            return
        line: dict[str, Any] = {"status": status[:_MOST], "at": round(self._clock() - self._begin, 3)}
        if left is not None:
            line["left"] = self._count(left)
        with suppress(OSError):  # another account's file system, say, is no reason to fail
            self._write(json.dumps(line) + "\n")

    def _count(self, left: Left) -> int | None:
        """What is left, or None where it is not the time to count it again or it could not be counted."""
        before = self._clock()
        if before < self._count_at:
            return None
        counted: int | None = None
        with suppress(DamError):
            counted = left()
        took = self._clock() - before
        self._count_at = before + took + max(COUNT_EVERY, took * (1 / SHARE - 1))
        return counted

    def _write(self, text: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
        if not self._made:
            # Nobody else's file is written to, whatever has been put in its place.
            flags |= os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as handle:
            if not self._made:
                self._made = True
                atexit.register(_remove, self._path)
            handle.write(text)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
