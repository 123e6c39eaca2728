# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control surface ``/_sim``: what tests and demonstrations do to an environment behind the product's back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from damsim import events
from damsim.api_common import answer
from damsim.errors import ApiError
from damsim.expected import expected
from damsim.faults import Fault
from damsim.names import Action, OperationStatus, RecordType
from damsim.store import Record

if TYPE_CHECKING:
    from damsim.environment import Environment


class Strict(BaseModel):
    """A body without unknown names."""

    model_config = ConfigDict(extra="forbid")


class Reset(Strict):
    """Which seed to go back to; the one that the process was started with by default."""

    seed: str | None = None


class Advance(Strict):
    """How far to move the clock."""

    seconds: float = Field(ge=0, allow_inf_nan=False)


class RawOperation(Strict):
    """An operation as it is to appear. With ``moves`` the scheduler runs it; without an event in ``inputs`` it fails."""

    triggerFunction: str
    status: OperationStatus = OperationStatus.TODO
    inputs: dict[str, Any] = {}
    errorInfo: dict[str, Any] | None = None
    retryCounter: int = 0
    created: str | None = None
    updated: str | None = None
    owner: int = 1
    priority: int = 1
    id: str | None = None
    moves: bool = False
    times: int = Field(default=1, ge=1, le=100_000)


class Change(Strict):
    """A change of a record. Where ``body`` is given it is merged into what the record has."""

    type: RecordType
    action: Action
    id: str
    body: dict[str, Any] = {}


def router(environment: Environment) -> APIRouter:
    """The control surface of one environment."""
    state = environment.state
    routes = APIRouter(prefix="/_sim")

    def done(**values: object) -> Response:
        return answer({"ok": True, **values})

    @routes.get("/requests")
    async def requests(since: int = 0) -> JSONResponse:
        return JSONResponse(state.requests.since(since))

    @routes.delete("/requests", response_model=None)
    async def forget_requests() -> Response:
        state.requests.clear()
        return done()

    @routes.get("/settings", response_model=None)
    async def settings() -> Response:
        return answer(environment.settings.model_dump())

    @routes.post("/settings", response_model=None)
    async def change_settings(changes: Annotated[dict[str, Any], Body()]) -> Response:
        try:
            return answer(environment.change_settings(changes).model_dump())
        except ValidationError as error:
            raise ApiError(400, "The settings are not valid.", str(error)) from error

    @routes.get("/faults", response_model=None)
    async def faults() -> Response:
        return answer([fault.model_dump() for fault in state.faults.waiting])

    @routes.post("/faults", response_model=None)
    async def add_faults(added: list[Fault]) -> Response:
        state.faults.add(added)
        return done(waiting=len(state.faults.waiting))

    @routes.delete("/faults", response_model=None)
    async def clear_faults() -> Response:
        state.faults.clear()
        return done()

    @routes.get("/digest", response_model=None)
    async def digest() -> Response:
        return answer(state.records.digest())

    @routes.get("/hashes", response_model=None)
    async def hashes() -> Response:
        return answer({record_type: dict(state.records.hashes(record_type)) for record_type in RecordType})

    @routes.get("/expected", response_model=None)
    async def expected_mismatches(subscriber: str) -> Response:
        target = state.registrations.get(subscriber)["targetHost"]
        theirs = await state.peers.at(target).control("/_sim/hashes")
        ours = {record_type.value: dict(state.records.hashes(record_type)) for record_type in RecordType}
        return answer(expected(ours, theirs, state.settings.cf))

    @routes.post("/subscribers/{subscriber_id:path}", response_model=None)
    async def force_subscriber(subscriber_id: str, fields: Annotated[dict[str, Any], Body()]) -> Response:
        state.registrations.get(subscriber_id)
        changed = state.registrations.change(subscriber_id, fields, touch=False)
        state.wake()
        return answer(changed)

    @routes.post("/operations", response_model=None)
    async def add_operations(added: list[RawOperation] | RawOperation) -> Response:
        ids = []
        for raw in added if isinstance(added, list) else [added]:
            ids += [_add_operation(environment, raw) for _ in range(raw.times)]
        state.wake()
        return done(ids=ids)

    @routes.delete("/operations", response_model=None)
    async def clear_operations() -> Response:
        state.operations.clear()
        return done()

    @routes.post("/mismatches", response_model=None)
    async def add_mismatches(rows: list[dict[str, Any]]) -> Response:
        return done(added=state.mismatches.add(rows))

    @routes.delete("/mismatches", response_model=None)
    async def delete_mismatches(subscriber: str | None = None) -> Response:
        return done(deleted=state.mismatches.delete(subscriber))

    @routes.get("/records", response_model=None)
    async def records(type: Annotated[RecordType | None, Query()] = None) -> Response:  # noqa: A002
        found = (record for record in state.records.all() if type in (None, record.type))
        return answer([{"type": record.type, "id": record.id, "body": record.body} for record in found])

    @routes.post("/records", response_model=None)
    async def change_records(changes: list[Change]) -> Response:
        for change in changes:
            _change(environment, change)
        return done()

    @routes.post("/author", response_model=None)
    async def author(changes: list[Change]) -> Response:
        """Change records as an author would: the next staging cycle carries it to the subscribers."""
        for change in changes:
            body = _change(environment, change)
            now = state.clock.iso()
            event = events.make(change.type, change.action, change.id, body, state.host, now)
            for registration in state.registrations.all():
                state.outbox.add(registration["id"], event)
        state.wake()
        return done()

    @routes.post("/reset", response_model=None)
    async def reset(request: Request, what: Reset | None = None) -> Response:
        try:
            environment.reset(what.seed if what else None)
        except ValueError as error:
            raise ApiError(400, str(error)) from error
        return done(subscribers=state.registrations.all())

    @routes.post("/advance", response_model=None)
    async def advance(step: Advance) -> Response:
        state.shared_clock.advance(step.seconds)
        return done(now=state.clock.iso())

    @routes.post("/sessions/expire", response_model=None)
    async def expire_sessions() -> Response:
        state.sessions.forget_all()
        return done()

    return routes


def _add_operation(environment: Environment, raw: RawOperation) -> str:
    state = environment.state
    fields: dict[str, Any] = {
        "status": raw.status,
        "moves": int(raw.moves),
        "retries": raw.retryCounter,
        "error": raw.errorInfo,
        "owner": raw.owner,
        "priority": raw.priority,
    }
    optional = {"created": raw.created, "updated": raw.updated, "id": raw.id}
    fields |= {name: value for name, value in optional.items() if value is not None}
    now = state.shared_clock.now()
    if raw.status in (OperationStatus.FAILED, OperationStatus.ABORT):
        fields["due"] = now + state.settings.failed_cleanup
    elif raw.moves and raw.status is not OperationStatus.TODO:
        fields["due"] = now
    return state.operations.add(raw.triggerFunction, raw.inputs, **fields)


def _change(environment: Environment, change: Change) -> dict[str, Any] | None:
    records = environment.state.records
    if change.action is Action.DELETE:
        records.delete(change.type, change.id)
        return None
    known = records.get(change.type, change.id)
    body = {**(known.body if known else {"id": change.id}), **change.body}
    records.put(Record(change.type, change.id, body))
    return body
