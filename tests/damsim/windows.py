# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hashes over windows of records that stay cheap for a million records.

A window's hash is the sum of its records' hashes, so that sums kept at every block boundary answer any window by
reading two blocks at most. What goes into the product's own hash is not documented; this is the stand-in's invention.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import blake2b

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
class _Blocks:
    generation: int
    first_ids: list[str]
    sums: list[int]
    count: int


class WindowIndex:
    """Answers windows of one environment's records.

    Args:
        connection: of the environment's database.
        records: says which types have changed since.
    """

    def __init__(self, connection: sqlite3.Connection, records: Records) -> None:
        self._db = connection
        self._records = records
        self._blocks: dict[RecordType, _Blocks] = {}

    def window(self, record_type: RecordType, offset: int, limit: int) -> Window:
        """The window of ``limit`` records that begins at ``offset``."""
        blocks = self._current(record_type)
        start = min(offset, blocks.count)
        end = min(offset + limit, blocks.count)
        low, first_id = self._at(record_type, blocks, start)
        high, _rest = self._at(record_type, blocks, end)
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
        block, inside = divmod(offset, _BLOCK)
        return self._db.execute(
            f"{_SCAN} AND id>=? ORDER BY id LIMIT ? OFFSET ?", (record_type, blocks.first_ids[block], limit, inside)
        ).fetchall()

    def _at(self, record_type: RecordType, blocks: _Blocks, position: int) -> tuple[int, str | None]:
        """Sum of all hashes before a position, and the id at it."""
        block, inside = divmod(position, _BLOCK)
        if block >= len(blocks.first_ids):
            return blocks.sums[-1], None
        first_id = blocks.first_ids[block]
        if not inside:
            return blocks.sums[block], first_id
        rows = self._db.execute(
            f"{_SCAN} AND id>=? ORDER BY id LIMIT ?", (record_type, first_id, inside + 1)
        ).fetchall()
        total = blocks.sums[block] + sum(int(value, 16) for _rest, value in rows[:inside])
        return total, rows[inside][0] if len(rows) > inside else None

    def _current(self, record_type: RecordType) -> _Blocks:
        known = self._blocks.get(record_type)
        generation = self._records.generation[record_type]
        if known is None or known.generation != generation:
            known = self._blocks[record_type] = self._build(record_type, generation)
        return known

    def _build(self, record_type: RecordType, generation: int) -> _Blocks:
        first_ids: list[str] = []
        sums, count, total = [0], 0, 0
        cursor = self._db.execute(f"{_SCAN} ORDER BY id", (record_type,))
        while rows := cursor.fetchmany(_BLOCK):
            first_ids.append(rows[0][0])
            total += sum(int(value, 16) for _rest, value in rows)
            sums.append(total)
            count += len(rows)
        return _Blocks(generation, first_ids, sums, count)


def _digest(count: int, total: int) -> str:
    return blake2b(f"{count}:{total:x}".encode(), digest_size=16).hexdigest()


_SCAN = "SELECT id, hash FROM records INDEXED BY records_hash WHERE type=?"
