# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samples of a side."""

from __future__ import annotations

from dataclasses import dataclass

from .crew import Asking
from .sides import Incomparable, Listed, NotOffered, Side, Unsteady, Window

# More records than any environment has, and still a number that every server can read.
EVERYTHING = 10**9
SAMPLE = 16


@dataclass(frozen=True)
class Print:
    """All records of one type in one environment at one time.

    ``hashes`` is of one window of everything, or, where the server gives no window as large as that, of one window
    after the other, each of ``most`` records. ``first`` is the window of the first record.
    """

    total: int
    hashes: tuple[str, ...]
    most: int | None
    first: Window | None

    def same_as(self, other: Print) -> bool:
        """Whether the two environments hold the same. Raises Incomparable where they only seem to."""
        if (self.total, self.hashes, self.most) != (other.total, other.hashes, other.most):
            return False
        if self.first and other.first and self.first.record_id != other.first.record_id:
            raise Incomparable(
                "The hashes of everything are the same on both sides, but the ids of the first records are not."
            )
        return True

    def surely_differs(self, other: Print) -> bool:
        """Whether the hashes themselves say that the two, with as many records, do not hold the same."""
        return self.total == other.total and self.most == other.most and self.hashes != other.hashes


@dataclass(frozen=True)
class Sample:
    """The first few records of a side: the hash of their window, and their own by id."""

    hash: str
    listed: dict[str, str]


def take(side: Side, max_window: int | None) -> Asking[Print]:
    """Ask for everything, in windows of ``max_window`` records at most.

    Raises Incomparable where a window of one gives no id, or where a hash does not depend on what it is of.
    """
    (first,) = yield [side.one(0)]
    if not first.count:
        return Print(0, (), None, None)
    side.id_in(first, 0)
    try:
        (whole,) = yield [side.of(0, max_window or EVERYTHING)]
    except NotOffered as error:
        raise Incomparable(
            f"The {side.name} gives a window of one record, but none of everything: set max_window. {error.message}"
        ) from None
    (behind,) = yield [side.one(whole.count)]
    total, hashes, most = whole.count, [whole.hash], max_window
    if behind.count:
        # Either less than everything was asked for, or the server gives no larger window.
        if not whole.count:
            raise Incomparable(f"The {side.name} counts no records, but gives one at offset 0.")
        most = whole.count
        total = yield from _total(side, most)
        pieces: list[Window] = yield [side.of(start, most) for start in range(most, total, most)]
        if sum(piece.count for piece in pieces) != total - most:
            raise Incomparable(f"The windows of the {side.name} do not hold its {total} records between them.")
        hashes += [piece.hash for piece in pieces]
    if total > 1 and whole.count > 1 and whole.hash == first.hash:
        raise Incomparable(
            f"The {side.name}'s hash of {whole.count} records is the same as that of the first one alone, so it does "
            "not tell what they are."
        )
    return Print(total, tuple(hashes), most, first)


def _total(side: Side, known: int) -> Asking[int]:
    """The number of records, given that there is one at the offset ``known``: by doubling, then halving."""
    present, absent = known, 2 * known
    while True:
        (answer,) = yield [side.one(absent)]
        if not answer.count:
            break
        if absent > EVERYTHING:
            raise Incomparable(f"The {side.name} gives a record at every offset: it does not seem to look at it.")
        present, absent = absent, 2 * absent
    while absent - present > 1:
        middle = (present + absent) // 2
        (answer,) = yield [side.one(middle)]
        present, absent = (middle, absent) if answer.count else (present, middle)
    return absent


def sample(side: Side, taken: Print, others: int) -> Asking[Sample | None]:
    """Try out what the comparison relies on; None where there is nothing to try it on. ``others`` is the other's total.

    Raises Incomparable where an answer changes when it is asked for again, ids do not increase with the offset, or a
    list is not what a window counts.
    """
    total = taken.total
    if not total:
        return None
    few = min(SAMPLE, total, others or total)
    offsets = sorted({0, few - 1, total // 2, total - 1})
    answers: list[Window] = yield [side.of(0, few), *(side.one(offset) for offset in offsets)]
    window, *ones = answers
    if ones[0] != taken.first:
        raise Unsteady(f"The {side.name} gave two answers when it was asked twice for its first record.")
    ids = [side.id_in(one, offset) for one, offset in zip(ones, offsets)]
    if any(not one < other for one, other in zip(ids, ids[1:])):
        raise Incomparable(f"The {side.name}'s ids do not increase with the offset: {', '.join(ids)}.")
    first, last = ids[0], ids[offsets.index(few - 1)]
    lists: list[Listed] = yield [side.between(first, last), side.between(first, last)]
    listed = dict(lists[0])
    if listed != dict(lists[1]):
        raise Unsteady(f"The {side.name} gave two answers when it was asked twice for the same list.")
    if window.count != few or len(lists[0]) != few or not {first, last} <= listed.keys():
        raise Incomparable(
            f"The {side.name} lists {len(lists[0])} records from the first to the id at offset {few - 1}, and counts "
            f"{window.count} in that window of {few}."
        )
    return Sample(window.hash, listed)


def check_samples(ours: Sample | None, theirs: Sample | None) -> None:
    """Raise Incomparable where windows and lists contradict each other about the first records of both sides."""
    if ours is None or theirs is None or len(ours.listed) != len(theirs.listed):
        return
    if (ours.listed == theirs.listed) != (ours.hash == theirs.hash):
        same, other = ("same", "differ") if ours.listed == theirs.listed else ("different", "are the same")
        raise Incomparable(
            f"Both sides list the {same} ids and hashes for the first {len(ours.listed)} records, but the hashes of "
            f"their windows {other}: a window's hash does not depend on its records alone."
        )
