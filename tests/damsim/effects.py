# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What carrying out an event does to an environment's records, and to those who are its subscribers in turn."""

from __future__ import annotations

from damsim import events
from damsim.names import Action, RecordType
from damsim.state import State
from damsim.store import Record

_ECHOED = frozenset({RecordType.COLLECTION, RecordType.MEDIA_ITEM})


def apply(state: State, event: events.Event) -> None:
    """Carry out one event.

    Raises:
        ValueError: the event makes no sense.
    """
    record_type, action = RecordType(event["type"]), Action(event["action"])
    data = event["eventData"]
    record_id = data.get("recordId")
    if not isinstance(record_id, str):
        raise ValueError("The event names no record.")
    if action is Action.DELETE:
        existed = state.records.delete(record_type, record_id)
    else:
        if not isinstance(data.get("record"), dict):
            raise ValueError("The event carries no record.")
        state.records.put(Record(record_type, record_id, data["record"]))
        existed = True
    if existed:
        _pass_on(state, event, record_type, record_id)


def _pass_on(state: State, event: events.Event, record_type: RecordType, record_id: str) -> None:
    """Stage what was staged here to this environment's own subscribers.

    Two-way staging loses data (the vendor's documentation); how is not documented. Here: a resync replaces collections
    and items, which is a deletion and a creation. The creation is not staged back to where it came from, the deletion
    is. So the record goes at the publisher, which stages its deletion once more.
    """
    data = event["eventData"]
    origin = state.peers.base(event["host"])
    for registration in state.registrations.all():
        back = state.peers.base(registration["targetHost"]) == origin
        if not back:
            state.outbox.add(registration["id"], {**event, "host": state.host})
        elif data.get("echo") or (data.get("resync") and record_type in _ECHOED):
            now = state.clock.iso()
            echo = events.make(record_type, Action.DELETE, record_id, None, state.host, now, echo=True)
            state.outbox.add(registration["id"], echo)
    state.outgoing.set()
