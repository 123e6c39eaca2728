# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress while a module waits, written as JSON to a file that the controller named."""

from __future__ import annotations

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

    def __call__(self, status: str, left: Left | None) -> None:
        if self._clock() - self._begin < QUIET:
            return
        line: dict[str, Any] = {"status": status[:_MOST], "at": round(self._clock() - self._begin, 3)}
        if left is not None:
            line["left"] = self._count(left)
        with suppress(OSError):  # lines that cannot be written must not fail the task
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as handle:
                handle.write(json.dumps(line) + "\n")

    def _count(self, left: Left) -> int | None:
        """Return what is left; None if it is not yet due to be counted again, or could not be counted."""
        before = self._clock()
        if before < self._count_at:
            return None
        counted: int | None = None
        with suppress(DamError):
            counted = left()
        took = self._clock() - before
        self._count_at = before + took + max(COUNT_EVERY, took * (1 / SHARE - 1))
        return counted
