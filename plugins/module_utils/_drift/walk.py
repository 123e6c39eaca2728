# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a difference is found."""

from __future__ import annotations

from collections.abc import Iterator

from .crew import Asking, Jobs, Question, Spent
from .sides import Incomparable, Side, locate, same_windows
from .stretch import Difference, Settled, Stretch, inside, merge

# So many times a window are listed at once where most windows differ anyway.
MOST_LISTED = 16
# So many windows the estimate of how many differ remembers.
REMEMBERED = 64


class Density:
    """How many of the records seen lately differ."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._records = self._differing = 0.0

    def learn(self, records: int, differing: int) -> None:
        """Remember so many records, of both sides together, and forget as many."""
        kept = max(0.0, 1 - records / (REMEMBERED * self._window))
        self._records = self._records * kept + records
        self._differing = self._differing * kept + differing

    @property
    def high(self) -> bool:
        """Whether most windows have to be expected to differ, so that asking for their hashes gains nothing."""
        return self._records >= self._window and self._differing * 2 * self._window > self._records


class Walk:
    """The way through the records of one type. ``ours`` is the publisher, ``theirs`` the subscriber.

    ``window`` is how many records are listed at once; ``most`` is the largest window that a server is asked for.
    """

    def __init__(
        self, ours: Side, theirs: Side, totals: tuple[int, int], window: int, most: int | None, differs: bool
    ) -> None:
        self._ours = ours
        self._theirs = theirs
        self._total = totals[0]
        self._window = window
        self._most = most
        self._density = Density(window)
        self._root = Stretch((0, totals[0]), (0, totals[1]), differs=differs)
        self._records = sum(totals)
        self._settled = 0

    @property
    def progress(self) -> float:
        """The part of the records, of both sides together, that is settled: 0 to 1."""
        return self._settled / self._records if self._records else 1.0

    def differences(self, jobs: Jobs[Stretch, Settled]) -> Iterator[list[Difference]]:
        """Yield what differs, in the order of ids and in portions.

        Raises Incomparable where answers do not fit together, and Spent, after what was found by then.
        """
        jobs.add(self._root, self._settle(self._root))
        head: Stretch | None = self._root
        try:
            for stretch, settled in jobs.results():
                self._settled += sum(stretch.lengths) - sum(sum(part.lengths) for part in settled.parts)
                stretch.found = settled.found
                for part in reversed(settled.parts):
                    part.next, stretch.next = stretch.next, part
                    jobs.add(part, self._settle(part))
                # Stretches end in any order; what is found is handed on in the order of ids.
                while head is not None and head.found is not None:
                    if head.found:
                        yield head.found
                    head = head.next
        except Spent:
            while head is not None:
                if head.found:
                    yield head.found
                head = head.next
            raise

    def _settle(self, stretch: Stretch) -> Asking[Settled]:
        ours, theirs = stretch.lengths
        larger, smaller = max(ours, theirs), min(ours, theirs)
        at_once = larger <= MOST_LISTED * self._window
        expected = at_once and (self._density.high or not smaller)
        if ours == theirs and not stretch.differs and not expected and self._can_be_asked(ours):
            stretch.differs = not (yield from self._same(stretch.ours[0], stretch.theirs[0], ours))
            if not stretch.differs:
                return Settled()
        if larger <= self._window or expected:
            return (yield from self._list(stretch))
        half = smaller // 2
        if not half or 2 * smaller < larger or not self._can_be_asked(half):
            return (yield from self._cut(stretch, 0))
        (start, end), (other_start, other_end) = stretch.ours, stretch.theirs
        if (yield from self._same(start, other_start, half)):
            rest = Stretch((start + half, end), (other_start + half, other_end), high=stretch.high)
            rest.differs = stretch.differs
            return Settled(parts=[rest])
        if (yield from self._same(end - half, other_end - half, half)):
            rest = Stretch((start, end - half), (other_start, other_end - half), stretch.low, stretch.low_inside)
            rest.differs = True
            return Settled(parts=[rest])
        return (yield from self._cut(stretch, half))

    def _can_be_asked(self, length: int) -> bool:
        return self._most is None or length <= self._most

    def _same(self, start: int, other_start: int, length: int) -> Asking[bool]:
        same = yield from same_windows(self._ours, start, self._theirs, other_start, length)
        if same:
            self._density.learn(2 * length, 0)
        return same

    def _cut(self, stretch: Stretch, half: int) -> Asking[Settled]:
        """Cut at the middle id of the longer side; ``half`` is how much of either end is known to differ."""
        swapped = stretch.lengths[0] < stretch.lengths[1]
        one, other = (self._theirs, self._ours) if swapped else (self._ours, self._theirs)
        (start, end), (low, high) = (stretch.theirs, stretch.ours) if swapped else (stretch.ours, stretch.theirs)
        middle = (start + end) // 2
        guesses = {min(max(guess, low), high - 1) for guess in (low + middle - start, high - (end - middle))}
        asked = sorted(guesses) if low < high else []
        first, *answers = yield [one.one(middle), *(other.one(offset) for offset in asked)]
        record_id = one.id_in(first, middle)
        if not stretch.holds(record_id):
            raise Incomparable(f"The {one.name}'s id at offset {middle} is not between those of its neighbours.")
        known = {offset: other.id_in(answer, offset) for offset, answer in zip(asked, answers)}
        place = yield from locate(other, record_id, low, high, known)
        cut, other_cut = (place, middle) if swapped else (middle, place)
        left = Stretch((stretch.ours[0], cut), (stretch.theirs[0], other_cut), stretch.low, stretch.low_inside)
        left.high = record_id
        right = Stretch((cut, stretch.ours[1]), (other_cut, stretch.theirs[1]), record_id, True, stretch.high)
        for part in (left, right):
            part.differs = 0 < half <= min(part.lengths)
        return Settled(parts=[left, right])

    def _list(self, stretch: Stretch) -> Asking[Settled]:
        yield from self._learn_bounds(stretch)
        sides = [(side, length) for side, length in zip((self._ours, self._theirs), stretch.lengths) if length]
        answers = yield [side.between(stretch.low, stretch.high) for side, _length in sides]
        listed = {side.name: inside(stretch, side, length, answer) for (side, length), answer in zip(sides, answers)}
        found = merge(listed.get(self._ours.name, {}), listed.get(self._theirs.name, {}))
        if stretch.differs and not found:
            raise Incomparable(
                "The hashes of two windows differ, although all ids and hashes that are listed for them are the same."
            )
        self._density.learn(sum(stretch.lengths), len(found))
        return Settled(found)

    def _learn_bounds(self, stretch: Stretch) -> Asking[None]:
        """The ids around a stretch that an equal window was put aside of: both sides have them."""
        start, end = stretch.ours
        before = [start - 1] if stretch.low is None and start > 0 else []
        behind = [end] if stretch.high is None and end < self._total else []
        questions: list[Question] = [self._ours.one(offset) for offset in before + behind]
        answers = yield questions
        ids = [self._ours.id_in(answer, offset) for answer, offset in zip(answers, before + behind)]
        if before:
            stretch.low, stretch.low_inside = ids[0], False
        if behind:
            stretch.high = ids[-1]
