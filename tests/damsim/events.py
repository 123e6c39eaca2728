# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staging events: what a publisher posts to a subscriber's ``/eventlogs``, and those that wait for the next cycle."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from damsim.names import Action, RecordType, sync_function
from damsim.store import Body

Event = dict[str, Any]
_OF_UNKNOWN = "syncStagingMediaContent"


def make(
    record_type: RecordType, action: Action, record_id: str, body: Body | None, host: str, created: str, **flags: bool
) -> Event:
    """An event (outer shape: the vendor's OpenAPI document; inside ``eventData`` it is the stand-in's own).

    Args:
        record_type: of the record.
        action: what the subscriber has to do.
        record_id: of the record.
        body: the publisher's record; none for a deletion.
        host: the publisher.
        created: ISO-8601 time.
        **flags: ``resync`` for events of a resync, ``echo`` for those that come back in two-way staging.
    """
    data: dict[str, Any] = {"recordId": record_id, **flags}
    if body is not None:
        data["record"] = body
    return {"eventData": data, "host": host, "type": record_type.value, "action": action.value, "created": created}


def function_of(event: Event) -> str:
    """Trigger function of the operation that carries out an event.

    The vendor's document takes any type and action: what makes no sense becomes an operation that fails.
    """
    try:
        return sync_function(RecordType(event["type"]), Action(event["action"]))
    except ValueError:
        return _OF_UNKNOWN


class Outbox:
    """Events of authored changes, by subscriber, until a cycle stages them.

    Args:
        connection: of the environment's database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, subscriber_id: str, event: Event) -> None:
        """Keep an event for a subscriber."""
        self._db.execute("INSERT INTO events(subscriber_id, doc) VALUES(?,?)", (subscriber_id, json.dumps(event)))

    def waiting(self, subscriber_id: str, limit: int) -> tuple[list[Event], int]:
        """The oldest events of a subscriber, and the number to give to ``staged`` when they have arrived."""
        rows = self._db.execute(
            "SELECT seq, doc FROM events WHERE subscriber_id=? ORDER BY seq LIMIT ?", (subscriber_id, limit)
        ).fetchall()
        return [json.loads(doc) for _rest, doc in rows], rows[-1][0] if rows else 0

    def echoes(self, subscriber_id: str | None = None) -> bool:
        """Whether an event waits, for one subscriber or any, that goes back to where it came from."""
        row = self._db.execute(
            "SELECT EXISTS(SELECT 1 FROM events WHERE json_extract(doc, '$.eventData.echo')"
            " AND subscriber_id=COALESCE(?, subscriber_id))",
            (subscriber_id,),
        ).fetchone()
        return bool(row[0])

    def staged(self, subscriber_id: str, up_to: int) -> None:
        """Forget the events that have arrived."""
        self._db.execute("DELETE FROM events WHERE subscriber_id=? AND seq<=?", (subscriber_id, up_to))
