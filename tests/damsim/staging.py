# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Normal staging: every few minutes a cycle posts the authored changes to each subscriber."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from damsim import events
from damsim.names import Action, OperationStatus, RecordType
from damsim.peer import PeerError
from damsim.registrations import Registration
from damsim.state import State

_IDLE = 3600.0
_SHORTEST_CYCLE = 1.0
_FAILED = "SYNC_FAILED"


class Staging:
    """Stages to all subscribers of an environment, each in its own cycle.

    A subscriber that was never staged to gets a copy of everything at once. Events that come back in two-way staging
    do not wait for a cycle either.

    Args:
        state: of the publisher.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._last: dict[str, float] = {}
        self._cycles: dict[str, asyncio.Task[None]] = {}

    def reset(self) -> None:
        """Begin the cycles of all subscribers now; what is being staged is not."""
        self._last.clear()
        for task in self._cycles.values():
            task.cancel()
        self._cycles.clear()

    async def run(self) -> None:
        """Work for ever."""
        state = self._state
        while True:
            state.outgoing.clear()
            due = state.shared_clock.now() + _IDLE
            if state.settings.cycles:
                for registration in state.registrations.all():
                    due = min(due, self._turn(registration))
            await asyncio.sleep(0)
            await state.shared_clock.sleep_until(due, state.outgoing)

    def _turn(self, registration: Registration) -> float:
        """Begin to stage to one subscriber when its time has come; when that will be.

        Each is staged to by itself, so that one that does not answer holds up no other.
        """
        state, now = self._state, self._state.shared_clock.now()
        if not registration["status"]:
            return now + _IDLE
        length = max(float(registration.get("cycleLength", 2)) * 60, _SHORTEST_CYCLE)
        last = self._last.setdefault(registration["id"], now)
        new = "lastSyncTime" not in registration
        urgent = registration.get("syncStatus") != _FAILED and (new or state.outbox.echoes(registration["id"]))
        if registration["id"] in self._cycles:
            return now + _IDLE
        if now < last + length and not urgent:
            return last + length
        self._last[registration["id"]] = now
        self._cycles[registration["id"]] = asyncio.create_task(self._cycle(registration))
        return now + length

    async def _cycle(self, registration: Registration) -> None:
        state = self._state
        fields: dict[str, Any] = {"syncStatus": "SYNC_COMPLETED", "lastSyncTime": state.clock.iso()}
        try:
            if "lastSyncTime" not in registration:
                await self._copy_everything(registration)
            await self._stage_changes(registration)
        except PeerError as error:
            fields = {"syncStatus": _FAILED, "syncFailureLogs": str(error)}
        finally:
            self._cycles.pop(registration["id"], None)
        state.registrations.change(registration["id"], fields)
        state.wake()

    async def _copy_everything(self, registration: Registration) -> None:
        state, batch = self._state, list[events.Event]()
        ids = ((record_type, found[0]) for record_type in RecordType for found in state.records.hashes(record_type))
        for record_type, record_id in ids:
            record = state.records.get(record_type, record_id)
            if record is None:  # deleted while the copy was under way
                continue
            batch.append(events.make(record_type, Action.CREATE, record_id, record.body, state.host, state.clock.iso()))
            if len(batch) == state.settings.event_batch:
                await self._post(registration, batch)
                batch = []
        await self._post(registration, batch)

    async def _stage_changes(self, registration: Registration) -> None:
        state = self._state
        while True:
            batch, up_to = state.outbox.waiting(registration["id"], state.settings.event_batch)
            if not batch:
                return
            await self._post(registration, batch)
            state.outbox.staged(registration["id"], up_to)
            state.changed.notify()

    async def _post(self, registration: Registration, batch: list[events.Event]) -> None:
        if not batch:
            return
        state, now = self._state, self._state.shared_clock.now
        inputs = {"subscriberId": registration["id"], "events": len(batch)}
        operation = state.operations.add("initiateNextSync", inputs, status=OperationStatus.PROCESSING)
        try:
            await state.peers.at(registration["targetHost"]).post("/eventlogs", json.dumps(batch).encode())
        except PeerError as error:
            due = now() + state.settings.failed_cleanup
            state.operations.set(operation, OperationStatus.FAILED, due, 0, str(error))
            raise
        state.operations.set(operation, OperationStatus.SUCCESS, now() + state.settings.success_linger)
        state.work.set()
