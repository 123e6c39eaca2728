# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The publisher's mismatch logs. Each row is kept as the JSON text that a page is joined from."""

from __future__ import annotations

import json
import sqlite3
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

Row = dict[str, Any]
_PLACES_KEPT = 10_000
_Filter = tuple[str | None, ...]


class MismatchLogs:
    """Reading and writing mismatch logs.

    Args:
        connection: of the environment's database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._places: dict[_Filter, list[tuple[int, int]]] = {}

    def add(self, rows: Iterable[Row]) -> int:
        """Append rows as they are; columns that a row lacks are no obstacle."""
        before = self._db.total_changes
        self._db.execute("BEGIN")
        with self._db:
            self._db.executemany(
                "INSERT INTO mismatches(subscriber_id, type, action, record_id, doc) VALUES(?,?,?,?,?)",
                (
                    (
                        _text(row.get("subscriberId")),
                        _text(row.get("recordType")),
                        _text(row.get("recordAction")),
                        _text(row.get("recordId")),
                        json.dumps(row, separators=(",", ":")),
                    )
                    for row in rows
                ),
            )
        self._places.clear()
        return self._db.total_changes - before

    def delete(self, subscriber_id: str | None = None) -> int:
        """Delete the rows of one subscriber, or all."""
        self._places.clear()
        if subscriber_id is None:
            return self._db.execute("DELETE FROM mismatches").rowcount
        return self._db.execute("DELETE FROM mismatches WHERE subscriber_id=?", (subscriber_id,)).rowcount

    def page(
        self,
        offset: int,
        limit: int | None,
        subscriber_id: str | None = None,
        record_type: str | None = None,
        action: str | None = None,
    ) -> str:
        """A page as a JSON array.

        Where pages ended is remembered, so that a later one need not count from the first row again.
        """
        wanted = {"subscriber_id": subscriber_id, "type": record_type, "action": action}
        values = [value for value in wanted.values() if value is not None]
        where = " AND ".join(["seq>?", *(f"{name}=?" for name, value in wanted.items() if value is not None)])
        places = self._places.setdefault(tuple(wanted.values()), [(0, 0)])
        before, begin = places[bisect_right(places, (offset, sys.maxsize)) - 1]
        rows = self._db.execute(
            f"SELECT seq, doc FROM mismatches WHERE {where} ORDER BY seq LIMIT ? OFFSET ?",
            (begin, *values, -1 if limit is None else limit, offset - before),
        ).fetchall()
        if rows:
            self._remember(places, offset + len(rows), rows[-1][0])
        return f"[{','.join(doc for _rest, doc in rows)}]"

    @staticmethod
    def _remember(places: list[tuple[int, int]], offset: int, seq: int) -> None:
        """Keep that the row at an offset is the first after a sequence number."""
        if len(places) > _PLACES_KEPT:
            del places[1:]
        place = bisect_right(places, (offset, seq))
        if places[place - 1] != (offset, seq):
            places.insert(place, (offset, seq))

    def batches(self, subscriber_id: str, record_type: str, action: str, size: int) -> Iterator[list[Row]]:
        """The rows of one subscriber, type and action in batches, in the order in which they were written."""
        last = 0
        while rows := self._db.execute(
            "SELECT seq, doc FROM mismatches WHERE subscriber_id=? AND type=? AND action=? AND seq>?"
            " ORDER BY seq LIMIT ?",
            (subscriber_id, record_type, action, last, size),
        ).fetchall():
            last = rows[-1][0]
            yield [json.loads(doc) for _rest, doc in rows]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
