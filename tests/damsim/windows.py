# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hashes over windows of records that stay cheap for a million records, and while they change.

A window's hash is the sum of its records' hashes, so that sums kept at every block boundary answer any window by
reading two blocks at most. A change spoils only the block that it is in. What goes into the product's own hash is not
documented; this is the stand-in's invention.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate

from damsim.names import RecordType
from damsim.store import Records

_BLOCK = 512
_MODULUS = 1 << 128


@dataclass(frozen=True)
class Window:
    """A window of records in the order of their ids."""

    hash: str
    count: int
    first_id: str | None


@dataclass(frozen=True)
class _Block:
    """Records next to each other, up to twice ``_BLOCK`` of them."""

    first_id: str
    count: int
    total: int


class _Blocks:
    """All blocks of a type, with what stands before each of them."""

    def __init__(self, generation: int, blocks: list[_Block]) -> None:
        self.generation = generation
        self.blocks = blocks
        self.first_ids = [block.first_id for block in blocks]
        self.starts = list(accumulate((block.count for block in blocks), initial=0))
        self.sums = list(accumulate((block.total for block in blocks), initial=0))

    @property
    def count(self) -> int:
        return self.starts[-1]

    def place(self, offset: int) -> tuple[int, int]:
        """The block that an offset is in, and where in it; behind the last one for an offset behind the end."""
        number = bisect_right(self.starts, offset) - 1
        return number, offset - self.starts[number]


class WindowIndex:
    """Answers windows of one environment's records.

    Args:
        connection: of the environment's database.
        records: says what has changed since.
    """

    def __init__(self, connection: sqlite3.Connection, records: Records) -> None:
        self._db = connection
        self._records = records
        self._known: dict[RecordType, _Blocks] = {}

    def window(self, record_type: RecordType, offset: int, limit: int) -> Window:
        """The window of ``limit`` records that begins at ``offset``."""
        blocks = self._current(record_type)
        start = min(offset, blocks.count)
        end = min(offset + limit, blocks.count)
        low, first_id = self._at(record_type, blocks, start)
        high, _id = self._at(record_type, blocks, end)
        total = (high - low) % _MODULUS
        return Window(_digest(end - start, total), end - start, first_id if end > start else None)

    @staticmethod
    def single(record_hash: str) -> str:
        """Hash of a window that holds one record."""
        return _digest(1, int(record_hash, 16))

    def ids(self, record_type: RecordType, offset: int, limit: int) -> list[tuple[str, str]]:
        """Ids and hashes of a window."""
        blocks = self._current(record_type)
        if offset >= blocks.count:
            return []
        number, inside = blocks.place(offset)
        return self._db.execute(
            f"{_SCAN} AND id>=? ORDER BY id LIMIT ? OFFSET ?", (record_type, blocks.first_ids[number], limit, inside)
        ).fetchall()

    def _at(self, record_type: RecordType, blocks: _Blocks, offset: int) -> tuple[int, str | None]:
        """Sum of all hashes before an offset, and the id at it."""
        if offset >= blocks.count:
            return blocks.sums[-1], None
        number, inside = blocks.place(offset)
        first_id = blocks.first_ids[number]
        if not inside:
            return blocks.sums[number], first_id
        rows = self._db.execute(
            f"{_SCAN} AND id>=? ORDER BY id LIMIT ?", (record_type, first_id, inside + 1)
        ).fetchall()
        return blocks.sums[number] + _total(rows[:inside]), rows[inside][0]

    def _current(self, record_type: RecordType) -> _Blocks:
        known = self._known.get(record_type)
        generation = self._records.generation[record_type]
        if known is None or known.generation != generation:
            changed = None if known is None else self._records.changes_since(record_type, known.generation)
            mended = None if known is None or changed is None else self._mended(record_type, known.blocks, changed)
            known = _Blocks(generation, self._all(record_type) if mended is None else mended)
            self._known[record_type] = known
        return known

    def _all(self, record_type: RecordType) -> list[_Block]:
        blocks: list[_Block] = []
        cursor = self._db.execute(f"{_SCAN} ORDER BY id", (record_type,))
        while rows := cursor.fetchmany(_BLOCK):
            blocks.append(_block(rows))
        return blocks

    def _mended(self, record_type: RecordType, blocks: list[_Block], changed: set[str]) -> list[_Block] | None:
        """The blocks with those read anew that the changed ids belong to; ``None`` where there is none to belong to."""
        if not blocks:
            return None
        first_ids = [block.first_id for block in blocks]
        spoilt = {max(bisect_right(first_ids, record_id) - 1, 0) for record_id in changed}
        mended = list(blocks)
        for number in sorted(spoilt, reverse=True):
            # The first block takes what comes before it, too.
            begin = first_ids[number] if number else ""
            end = first_ids[number + 1 : number + 2]
            below = " AND id<?" if end else ""
            rows = self._db.execute(f"{_SCAN} AND id>=?{below} ORDER BY id", (record_type, begin, *end)).fetchall()
            pieces = range(0, len(rows), _BLOCK) if len(rows) > 2 * _BLOCK else range(0, len(rows), len(rows) or 1)
            size = pieces.step
            mended[number : number + 1] = [_block(rows[start : start + size]) for start in pieces]
        return mended


def _block(rows: list[tuple[str, str]]) -> _Block:
    return _Block(rows[0][0], len(rows), _total(rows))


def _total(rows: Iterable[tuple[str, str]]) -> int:
    return sum(int(value, 16) for _id, value in rows)


def _digest(count: int, total: int) -> str:
    return blake2b(f"{count}:{total:x}".encode(), digest_size=16).hexdigest()


_SCAN = "SELECT id, hash FROM records INDEXED BY records_hash WHERE type=?"
