# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One side of the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Optional

from .._errors import DamError
from .crew import Asking, Question

# Ids with hashes, in whatever order the server gave them.
Listed = list[tuple[str, str]]


class Incomparable(DamError):  # noqa: N818
    """What the servers answer does not fit together, so nothing can be concluded from it."""


class Unsteady(Incomparable):
    """A server gave two answers to one question, asked twice within a moment."""


class NotOffered(DamError):  # noqa: N818
    """The release of one of the environments does not take this record type in this call."""


@dataclass(frozen=True)
class Window:
    """``record_id`` is that of its only record; None where the server gives none."""

    hash: str
    count: int
    record_id: str | None


@dataclass(frozen=True)
class Side:
    """The records of one type in one environment.

    ``window(offset, limit)`` and ``listed(first, last)`` ask its server, both bounds of a list being included and
    None standing for no bound.
    """

    name: str
    window: Callable[[int, int], Window]
    listed: Callable[[Optional[str], Optional[str]], Listed]

    def of(self, offset: int, length: int) -> Question:
        """Ask for a window."""
        return partial(self.window, offset, length)

    def one(self, offset: int) -> Question:
        """Ask for a window of one record."""
        return partial(self.window, offset, 1)

    def between(self, first: str | None, last: str | None) -> Question:
        """Ask for a list."""
        return partial(self.listed, first, last)

    def id_in(self, window: Window, offset: int) -> str:
        """The id that a window of one at ``offset`` gave. Raises Incomparable where it gave none."""
        if window.count != 1 or not window.record_id:
            what = "gives no id" if window.count == 1 else f"counts {window.count}"
            raise Incomparable(f"The {self.name}'s window of one record at offset {offset} {what}.")
        return window.record_id


def same_windows(ours: Side, start: int, theirs: Side, other_start: int, length: int) -> Asking[bool]:
    """Whether two windows of the same length hold the same. Raises Incomparable where a count is not the length."""
    answers: list[Window] = yield [ours.of(start, length), theirs.of(other_start, length)]
    for side, offset, window in ((ours, start, answers[0]), (theirs, other_start, answers[1])):
        if window.count != length:
            raise Incomparable(
                f"The {side.name}'s window of {length} records at offset {offset} counts {window.count}, although "
                "there ought to be so many."
            )
    return answers[0].hash == answers[1].hash


def locate(side: Side, wanted: str, start: int, end: int, known: dict[int, str]) -> Asking[int]:
    """The first offset from ``start`` to ``end`` whose id is not smaller than ``wanted``; ``end`` where all are.

    ``known`` has ids by offset that were asked for already. From the nearest of them the steps double until the place
    is passed, then the gap is halved.
    """
    low, high = start, end
    for offset, record_id in known.items():
        if record_id == wanted:
            return offset
        if record_id < wanted:
            low = max(low, offset + 1)
        else:
            high = min(high, offset)
    if low > high:
        raise Incomparable(f"The {side.name}'s ids do not increase with the offset between {start} and {end}.")
    from_below, from_above, step = low > start, high < end, 1
    while low < high:
        if from_below == from_above:
            offset = (low + high) // 2
        else:
            offset = min(low + step - 1, high - 1) if from_below else max(high - step, low)
            step *= 2
        (answer,) = yield [side.one(offset)]
        record_id = side.id_in(answer, offset)
        if record_id == wanted:
            return offset
        if record_id < wanted:
            low, from_below = offset + 1, True
        else:
            high, from_above = offset, True
    return low
