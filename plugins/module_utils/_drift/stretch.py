# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stretches of records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .sides import Incomparable, Listed, Side

CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"


class Difference(NamedTuple):
    """A record that is missing at the subscriber (CREATE), differs there (UPDATE) or is only there (DELETE)."""

    action: str
    record_id: str


@dataclass(eq=False)
class Stretch:
    """Offsets of both sides, ends excluded, that hold the same interval of ids.

    ``low`` is the last id before it, or with ``low_inside`` the first that may be in it; ``high`` is the first after
    it. None is not known, or no limit at the very ends. ``differs`` is whether the two are known to differ.
    """

    ours: tuple[int, int]
    theirs: tuple[int, int]
    low: str | None = None
    low_inside: bool = False
    high: str | None = None
    differs: bool = False
    found: list[Difference] | None = None
    next: Stretch | None = None

    @property
    def lengths(self) -> tuple[int, int]:
        return self.ours[1] - self.ours[0], self.theirs[1] - self.theirs[0]

    def holds(self, record_id: str) -> bool:
        """Whether an id is in the interval."""
        above = self.low is None or record_id > self.low or (self.low_inside and record_id == self.low)
        return above and (self.high is None or record_id < self.high)


@dataclass(frozen=True)
class Settled:
    """A stretch is settled by what was found in it, or is left as smaller ones."""

    found: list[Difference] = field(default_factory=list)
    parts: list[Stretch] = field(default_factory=list)


def inside(stretch: Stretch, side: Side, length: int, listed: Listed) -> dict[str, str]:
    """The part of a side's list that belongs to a stretch, which has to be ``length`` records."""
    kept = [entry for entry in listed if stretch.holds(entry[0])]
    if len(kept) != length or len(dict(kept)) != length:
        raise Incomparable(
            f"The {side.name} lists {len(kept)} records between two ids where its windows count {length}."
        )
    return dict(kept)


def merge(ours: dict[str, str], theirs: dict[str, str]) -> list[Difference]:
    """What differs between two lists of ids with their hashes, in the order of ids."""
    found = []
    for record_id in sorted(ours.keys() | theirs.keys()):
        if record_id not in theirs:
            found.append(Difference(CREATE, record_id))
        elif record_id not in ours:
            found.append(Difference(DELETE, record_id))
        elif ours[record_id] != theirs[record_id]:
            found.append(Difference(UPDATE, record_id))
    return found
