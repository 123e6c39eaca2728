# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operation queue of one environment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from damsim.names import OperationStatus as Status

_COLUMNS = "seq, id, trigger_function, status, due, moves, retries, inputs, error, created, updated, owner, priority"
_ENDED = "('SUCCESS', 'FAILED', 'ABORT')"


@dataclass(frozen=True)
class Operation:
    """One operation. ``due`` is when it moves on (simulated seconds), ``None`` while nothing is planned."""

    seq: int
    id: str
    trigger_function: str
    status: Status
    due: float | None
    retries: int
    inputs: dict[str, Any]


class Operations:
    """Reading and writing operations.

    Args:
        connection: of the environment's database.
        iso: the environment's time as the API writes it.
        now: simulated seconds.
    """

    def __init__(self, connection: sqlite3.Connection, iso: Callable[[], str], now: Callable[[], float]) -> None:
        self._db = connection
        self._iso = iso
        self._now = now

    def add_many(self, work: Iterable[tuple[str, dict[str, Any]]]) -> int:
        """Queue operations (trigger function, inputs) that the scheduler runs."""
        stamp = self._iso()
        before = self._db.total_changes
        self._db.execute("BEGIN")
        with self._db:
            self._db.executemany(
                "INSERT INTO operations(id, trigger_function, status, moves, retries, inputs, created, updated, owner,"
                " priority) VALUES(?,?,'TODO',1,0,?,?,?,1,1)",
                ((str(uuid4()), function, json.dumps(inputs), stamp, stamp) for function, inputs in work),
            )
        return self._db.total_changes - before

    def add(self, function: str, inputs: dict[str, Any], **fields: Any) -> str:
        """Add one operation that does not move by itself; its id.

        Args:
            function: trigger function.
            inputs: as the API shows them.
            **fields: columns to set: status, moves, retries, error, created, updated, owner, priority, due, id.
        """
        stamp = self._iso()
        row = {"id": str(uuid4()), "status": "TODO", "moves": 0, "retries": 0, "owner": 1, "priority": 1}
        row |= {"created": stamp, "updated": stamp} | fields
        row |= {"trigger_function": function, "inputs": json.dumps(inputs)}
        if row.get("error") is not None:
            row["error"] = json.dumps(row["error"])
        names = ", ".join(row)
        self._db.execute(f"INSERT INTO operations({names}) VALUES({','.join('?' * len(row))})", tuple(row.values()))
        return str(row["id"])

    def set(
        self,
        operation_id: str,
        status: Status,
        due: float | None = None,
        retries: int | None = None,
        error: str | None = None,
    ) -> None:
        """Move an operation to a status."""
        info = None if error is None else json.dumps({"message": error})
        self._db.execute(
            "UPDATE operations SET status=?, due=?, updated=?, retries=COALESCE(?, retries), error=COALESCE(?, error)"
            " WHERE id=?",
            (status, due, self._iso(), retries, info, operation_id),
        )

    def move_due(self, source: Status, target: Status, due: float, limit: int = -1) -> int:
        """Move scheduled operations of a status whose time has come, the oldest first; how many."""
        return self._db.execute(
            "UPDATE operations SET status=?, due=?, updated=? WHERE seq IN (SELECT seq FROM operations"
            " WHERE status=? AND moves=1 AND (due IS NULL OR due<=?) ORDER BY seq LIMIT ?)",
            (target, due, self._iso(), source, self._now(), limit),
        ).rowcount

    def due(self, status: Status, limit: int) -> list[Operation]:
        """Scheduled operations of a status whose time has come, the oldest first."""
        rows = self._db.execute(
            "SELECT seq, id, trigger_function, status, due, retries, inputs FROM operations"
            " WHERE status=? AND moves=1 AND due<=? ORDER BY seq LIMIT ?",
            (status, self._now(), limit),
        )
        return [
            Operation(seq, identity, function, Status(state), at, retries, json.loads(inputs))
            for seq, identity, function, state, at, retries, inputs in rows
        ]

    def remove_ended(self) -> int:
        """Remove operations that have ended and whose time has come; how many."""
        return self._db.execute(f"DELETE FROM operations WHERE status IN {_ENDED} AND due<=?", (self._now(),)).rowcount

    def at_work(self) -> bool:
        """Whether the scheduler still has something to do or to clear away, failed operations aside."""
        row = self._db.execute(
            "SELECT EXISTS(SELECT 1 FROM operations WHERE moves=1 AND status NOT IN ('FAILED', 'ABORT'))"
        ).fetchone()
        return bool(row[0])

    def next_due(self) -> float | None:
        """When the next operation moves or is removed."""
        row = self._db.execute("SELECT MIN(due) FROM operations WHERE due IS NOT NULL AND status<>'TODO'").fetchone()
        return None if row[0] is None else float(row[0])

    def waiting(self) -> int:
        """How many the scheduler has not read yet."""
        row = self._db.execute("SELECT COUNT(*) FROM operations WHERE status='TODO' AND moves=1").fetchone()
        return int(row[0])

    def clear(self) -> None:
        """Remove every operation."""
        self._db.execute("DELETE FROM operations")

    def find(self, operation_id: str) -> dict[str, Any] | None:
        """One operation as the API shows it."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM operations WHERE id=?", (operation_id,)).fetchone()
        return _shown(row) if row else None

    def page(
        self, offset: int, limit: int | None, status: str | None, functions: list[str] | None, prefix: bool
    ) -> list[dict[str, Any]]:
        """Operations as the API shows them, the oldest first.

        Args:
            offset: how many to leave out.
            limit: how many at most.
            status: only those in it.
            functions: only those with one of these trigger functions.
            prefix: they are beginnings of trigger functions.
        """
        sql, values = f"SELECT {_COLUMNS} FROM operations WHERE 1", list[object]()
        if status is not None:
            sql, values = f"{sql} AND status=?", [*values, status]
        if functions is not None:
            one = "substr(trigger_function, 1, length(?))=?" if prefix else "trigger_function=?"
            sql += f" AND ({' OR '.join([one] * len(functions))})"
            values += [name for name in functions for _turn in range(2 if prefix else 1)]
        rows = self._db.execute(
            f"{sql} ORDER BY seq LIMIT ? OFFSET ?", (*values, -1 if limit is None else limit, offset)
        )
        return [_shown(row) for row in rows]


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    _rest, identity, function, status, _rest, _rest, retries, inputs, error, created, updated, owner, priority = row
    shown = {
        "id": identity,
        "triggerFunction": function,
        "inputs": json.loads(inputs),
        "status": status,
        "retryCounter": retries,
        "created": created,
        "updated": updated,
        "owner": owner,
        "priority": priority,
    }
    if error is not None:
        shown["errorInfo"] = json.loads(error)
    return shown
