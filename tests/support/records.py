# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records in memory that answer as a server's calls on records do, to test the comparison by windows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from hashlib import blake2b
from itertools import accumulate
from typing import Any, cast

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.run import Budget, Drift
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError


class MemoryRecords:
    """One environment's records of one type: hash by id. Counts the requests and the records that it lists.

    Args:
        records: hash by id.
        cap: the largest window that it gives; a larger one is cut without a word.
        order: the order of the windows, by the ids themselves without it.
        order_of_lists: the same for ranges of ids.
    """

    def __init__(
        self,
        records: Mapping[str, str],
        cap: int | None = None,
        order: Callable[[str], Any] = str,
        order_of_lists: Callable[[str], Any] = str,
    ) -> None:
        self.records = dict(records)
        self.requests = 0
        self.listed = 0
        self.largest = 0
        self._cap = cap
        self._order = order
        self._order_of_lists = order_of_lists
        self.index()

    @property
    def dam(self) -> Dam:
        """Return itself, as what it stands for."""
        return cast("Dam", self)

    def index(self) -> None:
        """See to it that what was changed in ``records`` is seen."""
        self._listed_ids = sorted(self.records, key=self._order_of_lists)
        self._places = [self._order_of_lists(record_id) for record_id in self._listed_ids]
        self._ordered = sorted(self.records, key=self._order)
        hashes = (int(self.records[record_id], 16) for record_id in self._ordered)
        self._sums = list(accumulate(hashes, initial=0))

    def record_window(self, _record_type: str, offset: int, limit: int) -> dict[str, Any]:
        """A window whose hash is a sum, so that any is had at once."""
        assert limit > 0
        self.requests += 1
        self.largest = max(self.largest, limit)
        end = offset + (limit if self._cap is None else min(limit, self._cap))
        start, end = (min(place, len(self.records)) for place in (offset, end))
        total = f"{end - start}:{self._sums[end] - self._sums[start]:x}"
        first_id = self._ordered[start] if limit == 1 and start < end else ""
        return {"hash": digest(total), "count": end - start, "id": first_id}

    def record_hashes(self, _record_type: str, first: str | None, last: str | None) -> list[dict[str, Any]]:
        """The ids and hashes of a range, both ends included."""
        self.requests += 1
        start = 0 if first is None else bisect_left(self._places, self._order_of_lists(first))
        end = len(self.records) if last is None else bisect_right(self._places, self._order_of_lists(last))
        self.listed += max(0, end - start)
        return [{"id": record_id, "hash": self.records[record_id]} for record_id in self._listed_ids[start:end]]


class Compared:
    """A comparison of records in memory, and what came of it; ``types`` is which record types are compared."""

    def __init__(
        self,
        ours: MemoryRecords | Mapping[str, str],
        theirs: MemoryRecords | Mapping[str, str],
        window: int = 16,
        max_window: int | None = None,
        concurrency: int = 2,
        budget: Budget | None = None,
        types: tuple[str, ...] = ("MEDIA_ITEM",),
        directory: str = "/tmp",
    ) -> None:
        self.ours, self.theirs = (
            each if isinstance(each, MemoryRecords) else MemoryRecords(each) for each in (ours, theirs)
        )
        self.budget = budget or Budget(None, None)
        self.drift = Drift(
            self.ours.dam, self.theirs.dam, "sub-1", types, self.budget, concurrency, window, max_window, directory
        )
        self.error: Exception | None = None
        self.rows: list[dict[str, Any]] = []
        try:
            self.rows += (row for page in self.drift.rows() for row in page)
        except DamError as error:
            self.error = error
        self.verdict = self.drift.verdicts[0]

    @property
    def found(self) -> list[tuple[str, str]]:
        """Ids and actions in the order in which they came."""
        return [(row["recordId"], row["recordAction"]) for row in self.rows]


def digest(text: str) -> str:
    """A hash as records have one."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
