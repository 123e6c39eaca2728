# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for the records of one type that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from .sides import Incomparable, Side

# So many times the smallest window are listed at once if one window after the other differs.
MOST_LISTED = 16

# Action and id: CREATE is missing at the subscriber, UPDATE differs there, DELETE is only there.
Difference = tuple[str, str]
# Calls a function with each set of arguments, as ``map`` does.
Ask = Callable[..., Iterator[Any]]


class Search:
    """Goes through the records of both sides, each at its own offset, so that an insertion or deletion shifts nothing.

    ``window`` is the number of records that are listed at once if they differ. ``ask`` asks both sides.
    """

    def __init__(self, sides: tuple[Side, Side], window: int, ask: Ask) -> None:
        self._sides, self._ask = sides, ask
        largest = min(side.largest for side in sides)
        # Every window is the smallest one doubled several times, so that its halves are windows, too.
        self._smallest = self._largest = min(window, largest)
        while 2 * self._largest <= largest:
            self._largest *= 2
        self._at_once = self._smallest
        # The last id that was compared: "" at the beginning, None behind windows that are the same.
        self._last: str | None = ""

    def differences(self) -> Iterator[list[Difference]]:
        """Yield what differs, range by range, in the order of ids. Raises Incomparable and what the sides raise."""
        size = self._smallest
        while any(self._ahead(size)):
            if self._same(size):
                self._skip(size)
                size = min(2 * size, self._largest)
                continue
            while size > self._smallest:
                size //= 2
                # One half differs, or both. A half that holds all that is left does.
                if size < max(self._ahead(2 * size)) and self._same(size):
                    self._skip(size)
            yield self._list()

    def _ahead(self, size: int) -> list[int]:
        return [side.ahead(size) for side in self._sides]

    def _same(self, size: int) -> bool:
        """Whether the next ``size`` records are the same on both sides."""
        ours, theirs = self._ahead(size)
        return ours == theirs and len(set(self._ask(Side.hash_ahead, self._sides, [size] * 2))) == 1

    def _skip(self, size: int) -> None:
        """Go on behind records that are the same."""
        for side in self._sides:
            side.offset += side.ahead(size)
        self._last, self._at_once = None, self._smallest

    def _list(self) -> list[Difference]:
        """List the next records of both sides up to the lower of their last ids, and go on behind them."""
        size, first = self._at_once, self._last
        if first is None:
            side = self._sides[0]
            first = next(self._ask(side.id_at, [side.offset - 1]))
        ours_ahead, theirs_ahead = self._ahead(size)
        lasts = list(self._ask(Side.last_ahead, self._sides, [size] * 2))
        last = min(record_id for record_id in lasts if record_id is not None)
        ours, theirs = lists = list(self._ask(Side.list_ahead, self._sides, [size] * 2, [first] * 2, [last] * 2, lasts))
        same = {listed.pop(first, None) for listed in lists}
        if self._last is None and (None in same or len(same) > 1):
            raise Incomparable(
                f"The windows up to the id '{first}' are the same on both sides, but its hashes are not."
            )
        for side, listed in zip(self._sides, lists):
            side.offset += len(listed)
        found = [("CREATE", record_id) for record_id in ours.keys() - theirs.keys()]
        found += [("DELETE", record_id) for record_id in theirs.keys() - ours.keys()]
        found += [("UPDATE", each) for each in ours.keys() & theirs.keys() if ours[each] != theirs[each]]
        if not found and ours_ahead == theirs_ahead:
            raise Incomparable(f"The windows behind the id '{first}' differ, but the ids and hashes in them do not.")
        self._last, self._at_once = last, min(2 * size, MOST_LISTED * self._smallest)
        return sorted(found, key=itemgetter(1))
