# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Normal staging: every few minutes a cycle posts the authored changes to each subscriber."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from damsim import events
from damsim.names import Action, OperationStatus
from damsim.peer import PeerError
from damsim.registrations import Registration
from damsim.state import State

_IDLE = 3600.0
_SHORTEST_CYCLE = 1.0


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

    def reset(self) -> None:
        """Begin the cycles of all subscribers now."""
        self._last.clear()

    async def run(self) -> None:
        """Work for ever."""
        state = self._state
        while True:
            state.outgoing.clear()
            due = state.shared_clock.now() + _IDLE
            if state.settings.cycles:
                for registration in state.registrations.all():
                    due = min(due, await self._turn(registration))
            await asyncio.sleep(0)
            await state.shared_clock.sleep_until(due, state.outgoing)

    async def _turn(self, registration: Registration) -> float:
        """Stage to one subscriber when its time has come; when that will be."""
        state, now = self._state, self._state.shared_clock.now()
        if not registration["status"]:
            return now + _IDLE
        length = max(float(registration.get("cycleLength", 2)) * 60, _SHORTEST_CYCLE)
        last = self._last.setdefault(registration["id"], now)
        urgent = "lastSyncTime" not in registration and "syncStatus" not in registration
        if now < last + length and not urgent and not state.outbox.echoes(registration["id"]):
            return last + length
        self._last[registration["id"]] = now
        await self._cycle(registration)
        return now + length

    async def _cycle(self, registration: Registration) -> None:
        state = self._state
        fields: dict[str, Any] = {"syncStatus": "SYNC_COMPLETED", "lastSyncTime": state.clock.iso()}
        try:
            if "lastSyncTime" not in registration:
                await self._copy_everything(registration)
            await self._stage_changes(registration)
        except PeerError as error:
            fields = {"syncStatus": "SYNC_FAILED", "syncFailureLogs": str(error)}
        state.registrations.change(registration["id"], fields)

    async def _copy_everything(self, registration: Registration) -> None:
        state, batch = self._state, list[events.Event]()
        for record in list(state.records.all()):
            batch.append(events.make(record.type, Action.CREATE, record.id, record.body, state.host, state.clock.iso()))
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
