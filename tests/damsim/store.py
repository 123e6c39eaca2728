# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of one environment in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from damsim.names import RecordType

Body = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS records(
  type TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, collection_id TEXT, item_id TEXT, rendition_id TEXT,
  body TEXT NOT NULL, PRIMARY KEY(type, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_hash ON records(type, id, hash);
CREATE INDEX IF NOT EXISTS records_collection ON records(collection_id) WHERE collection_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_item ON records(item_id) WHERE item_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_parent ON records(json_extract(body, '$.parentId')) WHERE type='COLLECTION';
CREATE INDEX IF NOT EXISTS records_rendition ON records(rendition_id) WHERE rendition_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS subscribers(id TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mismatches(
  seq INTEGER PRIMARY KEY, subscriber_id TEXT, type TEXT, action TEXT, record_id TEXT, doc TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS mismatches_filter ON mismatches(subscriber_id, type, action);
CREATE TABLE IF NOT EXISTS operations(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, trigger_function TEXT NOT NULL, status TEXT NOT NULL,
  due REAL, moves INTEGER NOT NULL, retries INTEGER NOT NULL, inputs TEXT NOT NULL, error TEXT,
  created TEXT NOT NULL, updated TEXT NOT NULL, owner INTEGER NOT NULL, priority INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS operations_status ON operations(status, due);
CREATE TABLE IF NOT EXISTS events(seq INTEGER PRIMARY KEY, subscriber_id TEXT NOT NULL, doc TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Record:
    """One thing that is staged. ``body`` holds everything about it, its id included."""

    type: RecordType
    id: str
    body: Body

    def row(self) -> tuple[str, str, str, str | None, str | None, str | None, str]:
        """The record as a row of the table."""
        text = canonical(self.body)
        body = self.body
        return (
            self.type,
            self.id,
            blake2b(text.encode(), digest_size=16).hexdigest(),
            body.get("collectionId"),
            body.get("mediaItemId"),
            body.get("renditionId"),
            text,
        )


def canonical(value: object) -> str:
    """JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def connect(path: Path | None) -> sqlite3.Connection:
    """Open a database with its tables; ``None`` is one in memory.

    Nothing in it has to survive a crash, so that SQLite need not care for the disk.
    """
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-32000")
    connection.executescript(SCHEMA)
    return connection


class Records:
    """Reading and writing records. ``generation`` tells caches that a type changed, ``changes_since`` where.

    Args:
        connection: of the environment's database.
    """

    _INSERT = "INSERT OR REPLACE INTO records VALUES(?,?,?,?,?,?,?)"
    _REMEMBERED = 4096

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.generation: dict[str, int] = dict.fromkeys(RecordType, 0)
        # The ids that the last generations changed, one each; none for a change of everything.
        self._changes: dict[str, deque[str]] = {
            record_type: deque(maxlen=self._REMEMBERED) for record_type in RecordType
        }

    def changes_since(self, record_type: RecordType, generation: int) -> set[str] | None:
        """The ids of a type that changed since a generation; ``None`` where it may be any."""
        changes, behind = self._changes[record_type], self.generation[record_type] - generation
        return set(list(changes)[len(changes) - behind :]) if behind <= len(changes) else None

    def put(self, record: Record) -> None:
        """Create or replace one record; a collection has one resource, so a second one takes its place."""
        if record.type is RecordType.RESOURCE:
            collection = record.body.get("collectionId")
            self._delete_where("type=? AND collection_id=? AND id<>?", record.type, collection, record.id)
        self._db.execute(self._INSERT, record.row())
        self._note(record.type, record.id)

    def put_many(self, records: Iterable[Record]) -> None:
        """Create or replace many records, in one transaction."""
        with self.transaction():
            self._db.executemany(self._INSERT, (record.row() for record in records))
        self.changed()

    def delete(self, record_type: RecordType, record_id: str) -> bool:
        """Delete a record and what belongs to it; false when there was none."""
        gone = self._delete_where("type=? AND id=?", record_type, record_id)
        if record_type is RecordType.COLLECTION:
            self._delete_where("collection_id=?", record_id)
            for (child,) in self._children(record_id):
                self.delete(RecordType.COLLECTION, child)
        elif record_type is RecordType.MEDIA_ITEM:
            self._delete_where("item_id=?", record_id)
        elif record_type is RecordType.RENDITION:
            self._delete_where("rendition_id=?", record_id)
        return gone > 0

    def _delete_where(self, condition: str, *values: object) -> int:
        gone = self._db.execute(f"SELECT type, id FROM records WHERE {condition}", values).fetchall()
        if gone:
            self._db.execute(f"DELETE FROM records WHERE {condition}", values)
        for record_type, record_id in gone:
            self._note(record_type, record_id)
        return len(gone)

    def _note(self, record_type: str, record_id: str) -> None:
        self.generation[record_type] += 1
        self._changes[record_type].append(record_id)

    def _children(self, collection_id: str) -> list[tuple[str]]:
        return self._db.execute(
            "SELECT id FROM records WHERE type='COLLECTION' AND json_extract(body, '$.parentId')=?", (collection_id,)
        ).fetchall()

    def clear(self) -> None:
        """Delete all records."""
        self._db.execute("DELETE FROM records")
        self.changed()

    def get(self, record_type: RecordType, record_id: str) -> Record | None:
        """One record."""
        row = self._db.execute("SELECT body FROM records WHERE type=? AND id=?", (record_type, record_id)).fetchone()
        return Record(record_type, record_id, json.loads(row[0])) if row else None

    def of_collection(self, record_type: RecordType, collection_id: str) -> list[Record]:
        """Records of a type that belong to a collection, by id."""
        rows = self._db.execute(
            "SELECT id, body FROM records WHERE collection_id=? AND type=? ORDER BY id", (collection_id, record_type)
        )
        return [Record(record_type, record_id, json.loads(body)) for record_id, body in rows]

    def count(self, record_type: RecordType) -> int:
        """How many there are of a type."""
        row = self._db.execute("SELECT COUNT(*) FROM records WHERE type=?", (record_type,)).fetchone()
        return int(row[0])

    def all(self) -> Iterator[Record]:
        """Every record, parents first."""
        for record_type in RecordType:
            for record_id, body in self._db.execute(
                "SELECT id, body FROM records WHERE type=? ORDER BY id", (record_type,)
            ):
                yield Record(record_type, record_id, json.loads(body))

    def hashes(
        self, record_type: RecordType, first: str | None = None, last: str | None = None, collection: str | None = None
    ) -> list[tuple[str, str]]:
        """Ids and hashes of a type in the order of ids, both bounds included."""
        sql, values = "SELECT id, hash FROM records WHERE type=?", [str(record_type)]
        for clause, value in (("id>=?", first), ("id<=?", last), ("collection_id=?", collection)):
            if value is not None:
                sql += f" AND {clause}"
                values.append(value)
        return self._db.execute(f"{sql} ORDER BY id", values).fetchall()

    def digest(self) -> dict[str, dict[str, int | str]]:
        """Per type the count and a checksum over ids and hashes."""
        result: dict[str, dict[str, int | str]] = {}
        for record_type in RecordType:
            rows = self.hashes(record_type)
            text = "".join(f"{record_id}\0{value}\n" for record_id, value in rows)
            result[record_type] = {"count": len(rows), "sha256": sha256(text.encode()).hexdigest()}
        return result

    def transaction(self) -> sqlite3.Connection:
        """A context manager that commits, or rolls back on an error."""
        self._db.execute("BEGIN")
        return self._db

    def changed(self) -> None:
        """Everything may be different now."""
        for record_type in RecordType:
            self.generation[record_type] += 1
            self._changes[record_type].clear()
