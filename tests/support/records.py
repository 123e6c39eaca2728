# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records in memory that answer as a server's calls on records do, to test and measure the comparison by windows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from hashlib import blake2b
from itertools import accumulate

from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.sides import Listed, Side, Window

# Bytes of an answer with one window, and of one entry of a list with an id and a hash as the product's, in JSON.
WINDOW_BYTES = 110
ENTRY_BYTES = 92


class MemoryRecords:
    """One environment's records of one type: hash by id. Counts what it is asked, and what the answers would weigh."""

    def __init__(self, name: str, records: Mapping[str, str]) -> None:
        self.records = dict(records)
        self.requests = 0
        self.bytes = 0
        self.side = Side(name, self.window, self.listed)
        self.index()

    def index(self) -> None:
        """See to it that what was changed in ``records`` is seen."""
        self.ids = sorted(self.records)
        self._sums = list(accumulate((int(self.records[record_id], 16) for record_id in self.ids), initial=0))

    def window(self, offset: int, limit: int) -> Window:
        """A window whose hash is a sum, so that any is had at once."""
        self.requests += 1
        self.bytes += WINDOW_BYTES
        start, end = (min(place, len(self.ids)) for place in (offset, offset + limit))
        digest = blake2b(f"{end - start}:{self._sums[end] - self._sums[start]:x}".encode(), digest_size=16).hexdigest()
        if start == end:
            return Window("", 0, None)
        return Window(digest, end - start, self.ids[start] if limit == 1 else None)

    def listed(self, first: str | None, last: str | None) -> Listed:
        """The ids and hashes of a range, both ends included."""
        self.requests += 1
        start = 0 if first is None else bisect_left(self.ids, first)
        end = len(self.ids) if last is None else bisect_right(self.ids, last)
        self.bytes += (end - start) * ENTRY_BYTES
        return [(record_id, self.records[record_id]) for record_id in self.ids[start:end]]


def digest(text: str) -> str:
    """A hash as records have one."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
