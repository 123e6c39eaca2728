# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control surface ``/_sim``, second half: records, registrations, mismatch logs and operations."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from damsim import events
from damsim.api_common import answer, text
from damsim.comparison import resource_record
from damsim.control import done
from damsim.errors import ApiError
from damsim.expected import expected
from damsim.names import CONTROL_BASE, Action, OperationStatus, RecordType
from damsim.peer import PeerError
from damsim.state import State
from damsim.store import Record


class RawOperation(BaseModel):
    """An operation as it is to appear, ``times`` over.

    It stays as it is, except that FAILED and ABORT are cleaned up in time; with ``moves`` the scheduler runs it, as an
    event where ``inputs`` are one, else to no effect.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    trigger_function: str
    status: OperationStatus = OperationStatus.TODO
    inputs: dict[str, Any] = {}
    error_info: dict[str, Any] | None = None
    retry_counter: int = 0
    created: str | None = None
    updated: str | None = None
    owner: int = 1
    priority: int = 1
    id: str | None = None
    moves: bool = False
    times: int = Field(default=1, ge=1, le=100_000)


class Change(BaseModel):
    """A change of a record. ``body`` is merged into what the record has."""

    model_config = ConfigDict(extra="forbid")

    type: RecordType
    action: Action
    id: str
    body: dict[str, Any] = {}


class DataControl:
    """Looks at and changes what an environment has.

    Args:
        state: of the environment.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def router(self) -> APIRouter:
        """The calls with their addresses."""
        routes = APIRouter(prefix=CONTROL_BASE)
        for method, path, call in (
            ("GET", "/digest", self.digest),
            ("GET", "/hashes", self.hashes),
            ("GET", "/expected", self.expected),
            ("GET", "/records", self.records),
            ("POST", "/records", self.change_records),
            ("POST", "/author", self.author),
            ("POST", "/subscribers/{subscriber_id:path}", self.force_subscriber),
            ("POST", "/operations", self.add_operations),
            ("DELETE", "/operations", self.clear_operations),
            ("GET", "/mismatches", self.mismatches),
            ("POST", "/mismatches", self.add_mismatches),
            ("DELETE", "/mismatches", self.delete_mismatches),
        ):
            routes.add_api_route(path, call, methods=[method], response_model=None)
        return routes

    async def digest(self) -> Response:
        """Count and checksum of every record type."""
        return answer(self._state.records.digest())

    async def hashes(self) -> Response:
        """Hash of every record, by type and id."""
        return answer(self._hashes())

    async def expected(self, subscriber: str) -> Response:
        """What a comparison with a subscriber must find, whatever the comparison does."""
        target = self._state.registrations.get(subscriber)["targetHost"]
        try:
            theirs = await self._state.peers.at(target).control(f"{CONTROL_BASE}/hashes")
        except PeerError as error:
            raise ApiError(502, str(error)) from error
        return answer(expected(self._hashes(), theirs, self._state.settings.cf))

    async def records(self, record_type: Annotated[RecordType | None, Query(alias="type")] = None) -> Response:
        """All records, or those of a type."""
        found = (record for record in self._state.records.all() if record_type in (None, record.type))
        return answer([{"type": record.type, "id": record.id, "body": record.body} for record in found])

    async def change_records(self, changes: list[Change]) -> Response:
        """Change records without anyone noticing."""
        for change in changes:
            self._apply(change)
        return done()

    async def author(self, changes: list[Change]) -> Response:
        """Change records as an author would: the next staging cycle carries it to the subscribers."""
        state = self._state
        for change in changes:
            record = self._apply(change)
            body, now = record.body if record else None, state.clock.iso()
            event = events.make(change.type, change.action, change.id, body, state.host, now)
            for registration in state.registrations.all():
                state.outbox.add(registration["id"], event)
        state.wake()
        return done()

    async def force_subscriber(self, subscriber_id: str, fields: Annotated[dict[str, Any], Body()]) -> Response:
        """Set fields of a registration as they are; ``null`` removes one."""
        self._state.registrations.get(subscriber_id)
        changed = self._state.registrations.change(subscriber_id, fields, touch=False)
        self._state.wake()
        return answer(changed)

    async def add_operations(self, added: list[RawOperation] | RawOperation) -> Response:
        """Add operations as they are."""
        ids = []
        for raw in added if isinstance(added, list) else [added]:
            ids += [self._add_operation(raw) for _turn in range(raw.times)]
        self._state.wake()
        return done(ids=ids)

    async def clear_operations(self) -> Response:
        """Empty the queue."""
        self._state.operations.clear()
        return done()

    async def mismatches(self, subscriber: str | None = None) -> Response:
        """All mismatch logs, of a subscriber or of all, on one page and whatever faults wait."""
        return text(self._state.mismatches.page(0, None, subscriber))

    async def add_mismatches(self, rows: list[dict[str, Any]]) -> Response:
        """Append rows to the mismatch logs as they are."""
        return done(added=self._state.mismatches.add(rows))

    async def delete_mismatches(self, subscriber: str | None = None) -> Response:
        """Delete mismatch logs without any other effect."""
        return done(deleted=self._state.mismatches.delete(subscriber))

    def _hashes(self) -> dict[str, dict[str, str]]:
        return {record_type.value: dict(self._state.records.hashes(record_type)) for record_type in RecordType}

    def _add_operation(self, raw: RawOperation) -> str:
        state, status = self._state, OperationStatus
        fields: dict[str, Any] = {
            "status": raw.status,
            "moves": int(raw.moves),
            "retries": raw.retry_counter,
            "error": raw.error_info,
            "owner": raw.owner,
            "priority": raw.priority,
        }
        optional = {"created": raw.created, "updated": raw.updated, "id": raw.id}
        fields |= {name: value for name, value in optional.items() if value is not None}
        now = state.shared_clock.now()
        if raw.status in (status.FAILED, status.ABORT):
            fields["due"] = now + state.settings.failed_cleanup
        elif raw.moves and raw.status is not status.TODO:
            fields["due"] = now
        return state.operations.add(raw.trigger_function, raw.inputs, **fields)

    def _apply(self, change: Change) -> Record | None:
        records = self._state.records
        if change.action is Action.DELETE:
            records.delete(change.type, change.id)
            return None
        known = records.get(change.type, change.id)
        body = {**(known.body if known else {"id": change.id}), **change.body}
        record = Record(change.type, change.id, body)
        if change.type is RecordType.RESOURCE:
            record = resource_record(change.id, str(body.get("collectionId", "")))
        records.put(record)
        return record
