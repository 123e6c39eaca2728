# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two jobs of a publisher: find mismatches, and trigger a resync. One at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from damsim import events, rows
from damsim.comparison import Comparison, Mismatch
from damsim.errors import ApiError
from damsim.names import WINDOW_TYPES, Action, OperationStatus, RecordType, ResyncStatus, knows_type
from damsim.peer import PeerError
from damsim.registrations import Registration
from damsim.state import State

TRIGGERS = frozenset({ResyncStatus.FIND_MISMATCH_START, ResyncStatus.RESYNC_TRIGGER_START})


class JobFailedError(Exception):
    """A job ended without doing its work."""


_FAILURES = (JobFailedError, PeerError, KeyError, TypeError, ValueError)
"""How a job ends when it does not succeed; the last three when a subscriber's answer is not what it should be."""


class Jobs:
    """Starts jobs and runs them.

    Args:
        state: of the publisher.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._task: asyncio.Task[None] | None = None
        self._subject = ""
        self.started = {"findStagingMismatch": 0, "resyncSubscriber": 0}

    def trigger(self, registration: Registration, status: ResyncStatus) -> None:
        """Start a comparison or a resync of one subscriber.

        Raises:
            ApiError: 409 when one runs already, for this or another subscriber (unless switched otherwise).
        """
        state = self._state
        if self.busy:
            behaviour = state.settings.duplicate_trigger
            if behaviour == "409":
                raise ApiError(409, "A find mismatch or a resync is in progress already.")
            if behaviour == "ignored":
                return
        self.cancel()
        fields = {"resyncStatus": status.value}
        if state.settings.last_resync_time_moves == "start":
            fields["lastResyncTime"] = state.clock.iso()
        state.registrations.change(registration["id"], fields)
        job = self._compare if status is ResyncStatus.FIND_MISMATCH_START else self._resync
        self.started["findStagingMismatch" if job == self._compare else "resyncSubscriber"] += 1
        self._subject = registration["id"]
        self._task = asyncio.create_task(job(registration["id"], registration["targetHost"]))

    @property
    def busy(self) -> bool:
        """Whether a job runs, or a registration's status says so."""
        return self.running or bool(self._state.registrations.running())

    @property
    def running(self) -> bool:
        """Whether a job runs."""
        return bool(self._task and not self._task.done())

    def cancel(self) -> None:
        """Stop the job that runs, leaving its status as it is."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def cancel_for(self, registration_id: str) -> None:
        """Stop the job that runs for a registration which is about to go."""
        if self._subject == registration_id:
            self.cancel()

    def _finish(self, registration_id: str, status: ResyncStatus) -> None:
        fields = {"resyncStatus": status.value}
        if self._state.settings.last_resync_time_moves == "end":
            fields["lastResyncTime"] = self._state.clock.iso()
        self._state.registrations.change(registration_id, fields)
        self._task = None
        self._state.wake()

    @contextlib.asynccontextmanager
    async def _operation(self, function: str, **inputs: str) -> AsyncIterator[str]:
        """An operation on the publisher that lasts as long as the block and shares its fate."""
        state, status = self._state, OperationStatus
        pause = state.settings.comparison_delay / 40
        operation = state.operations.add(function, inputs)
        for step in (status.READ, status.PROCESSING):
            await state.shared_clock.sleep(pause)
            state.operations.set(operation, step)
        now = state.shared_clock.now
        try:
            yield operation
        except BaseException as error:
            retries = error.retries if isinstance(error, _GaveUpError) else 0
            due = now() + state.settings.failed_cleanup
            state.operations.set(operation, status.FAILED, due, retries, str(error) or "cancelled")
            state.wake()
            raise
        state.operations.set(operation, status.SUCCESS, now() + state.settings.success_linger)
        state.wake()

    async def _compare(self, registration_id: str, target_host: str) -> None:
        state = self._state
        started = state.shared_clock.now()
        try:
            async with self._operation("findStagingMismatch", subscriberId=registration_id) as operation:
                if state.settings.comparison_retry_failed:
                    raise _GaveUpError("The comparison did not end in time.", 3)
                await self._held("start")
                if state.settings.fail_comparison:
                    raise JobFailedError("The comparison failed.")
                await self._attempts(operation, registration_id, target_host)
                await self._held("dynamic")
                await state.shared_clock.sleep_until(started + state.settings.comparison_delay)
        except _FAILURES as error:
            await self._held("start", "dynamic")
            state.registrations.change(registration_id, {"syncFailureLogs": str(error)})
            self._finish(registration_id, ResyncStatus.FIND_MISMATCH_FAILED)
        else:
            self._finish(registration_id, ResyncStatus.FIND_MISMATCH_COMPLETED)

    async def _held(self, *where: str) -> None:
        while self._state.settings.hold_comparison and self._state.settings.hold_comparison_at in where:
            await self._state.changed.wait()

    async def _attempts(self, operation: str, registration_id: str, target_host: str) -> None:
        """Compare, and again when the subscriber does not answer, as often as the settings say."""
        state = self._state
        for attempt in range(1, state.settings.comparison_attempts + 1):
            try:
                await self._find(registration_id, target_host)
                return
            except PeerError as error:
                if attempt == state.settings.comparison_attempts:
                    raise _GaveUpError(str(error), attempt) from error
                state.operations.set(operation, OperationStatus.RETRY, retries=attempt, error=str(error))
                await state.shared_clock.sleep(state.settings.operation_wait)
                state.operations.set(operation, OperationStatus.PROCESSING)

    async def _find(self, registration_id: str, target_host: str) -> None:
        state, release = self._state, self._state.settings.cf
        if state.settings.new_comparison == "replaces":
            state.mismatches.delete(registration_id)
        size = state.settings.max_records_to_compare
        comparison = Comparison(state.records, state.windows, state.peers.at(target_host), size, release)
        inputs = {"subscriberId": registration_id}
        async with self._operation("initiateCollectionTreeTraversal", **inputs):
            await self._store(registration_id, comparison.of_type(RecordType.COLLECTION))
        computing = {"resyncStatus": ResyncStatus.DYNAMIC_STATUS_COMPUTATION_REQUIRED.value}
        state.registrations.change(registration_id, computing)
        for record_type in WINDOW_TYPES:
            if record_type is RecordType.COLLECTION or not knows_type(release, record_type):
                continue
            async with self._operation("compareRecords", **inputs, recordType=record_type.value):
                await self._store(registration_id, comparison.of_type(record_type))
        async with self._operation("findStagingPermissionsMismatch", **inputs):
            await self._store(registration_id, comparison.of_collections())

    async def _store(self, registration_id: str, batches: AsyncIterator[list[Mismatch]]) -> None:
        created = self._state.clock.iso()
        async for batch in batches:
            if batch:
                self._state.mismatches.add(rows.row(mismatch, registration_id, created) for mismatch in batch)

    async def _resync(self, registration_id: str, target_host: str) -> None:
        state = self._state
        started = state.shared_clock.now()
        try:
            async with self._operation("resyncSubscriber", subscriberId=registration_id):
                while state.settings.hold_resync:
                    await state.changed.wait()
                if state.settings.fail_resync_trigger:
                    raise JobFailedError("The resync could not be triggered.")
                await self._post(registration_id, target_host)
                await state.shared_clock.sleep_until(started + state.settings.resync_trigger_delay)
        except _FAILURES as error:
            state.registrations.change(registration_id, {"syncFailureLogs": str(error)})
            self._finish(registration_id, ResyncStatus.RESYNC_TRIGGER_FAILED)
        else:
            self._finish(registration_id, ResyncStatus.RESYNC_TRIGGER_COMPLETED)

    async def _post(self, registration_id: str, target_host: str) -> None:
        """Post an event for each mismatch: first what has to be there, parents before children, then what has to go."""
        state = self._state
        peer = state.peers.at(target_host)
        order = [(t, a) for t in RecordType for a in (Action.CREATE, Action.UPDATE)]
        order += [(t, Action.DELETE) for t in reversed(RecordType)]
        for record_type, action in order:
            for batch in state.mismatches.batches(registration_id, record_type, action, state.settings.event_batch):
                made = [self._event(record_type, action, row["recordId"]) for row in batch if "recordId" in row]
                content = json.dumps([event for event in made if event is not None])
                await peer.post("/eventlogs", content.encode())

    def _event(self, record_type: RecordType, action: Action, record_id: str) -> events.Event | None:
        """The event of one mismatch; none when the publisher has lost the record since."""
        state = self._state
        record = None if action is Action.DELETE else state.records.get(record_type, record_id)
        if record is None and action is not Action.DELETE:
            return None
        body = record.body if record else None
        return events.make(record_type, action, record_id, body, state.host, state.clock.iso(), resync=True)


class _GaveUpError(JobFailedError):
    """A job was tried several times."""

    def __init__(self, message: str, retries: int) -> None:
        super().__init__(message)
        self.retries = retries
