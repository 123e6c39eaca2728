# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on subscriber registrations; two of the fields that can be changed start a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from damsim.api_common import answer, since
from damsim.auth import Guard
from damsim.errors import ApiError
from damsim.jobs import TRIGGERS, Jobs
from damsim.names import DAM_BASE, ResyncStatus
from damsim.registrations import RESYNC_FIELDS, Registration, without
from damsim.state import State
from damsim.timestamps import date_time

DateTime = Annotated[str, AfterValidator(date_time)]
Number = Annotated[int | float, Field(allow_inf_nan=False)]


class Fields(BaseModel):
    """Fields of a registration that may be given; ``null`` is not one of the values (the vendor's OpenAPI document)."""

    model_config = ConfigDict(strict=True, extra="forbid")

    targetHost: str = Field(default="")
    cycleLength: Number = Field(default=0)
    status: bool = Field(default=True)
    lastSyncTime: DateTime = Field(default="")
    syncStatus: str = Field(default="")
    resyncStatus: str = Field(default="")
    lastResyncTime: DateTime = Field(default="")
    syncFailureLogs: str = Field(default="")
    created: DateTime = Field(default="")
    updated: DateTime = Field(default="")


class NewFields(Fields):
    """Fields of a new registration."""

    targetHost: str


Id = Annotated[str, Path()]


def router(state: State, guard: Guard, jobs: Jobs) -> APIRouter:
    """All calls on registrations of one environment."""
    routes = APIRouter(prefix=f"{DAM_BASE}/staging/subscriber", dependencies=[Depends(since(state, 202))])
    reading = [Depends(guard.administrator)]
    writing = [Depends(guard.administrator_undocumented)]

    def hidden() -> tuple[str, ...]:
        return () if state.settings.cf >= 215 else RESYNC_FIELDS

    def given(fields: Fields) -> dict[str, Any]:
        values = fields.model_dump(exclude_unset=True)
        unknown = [name for name in hidden() if name in values]
        if unknown:
            raise ApiError(400, "The request is not valid.", f"{unknown[0]}: this release does not know it.")
        return values

    def shown(registration: Registration) -> Registration:
        return without(registration, hidden())

    def find(key: str) -> Registration:
        return state.registrations.get(key, state.settings.subscriber_key)

    @routes.get("", dependencies=reading, response_model=None)
    async def find_all() -> Response:
        return answer([shown(registration) for registration in state.registrations.all()])

    @routes.post("", dependencies=writing, response_model=None)
    async def create(fields: NewFields) -> Response:
        registration = state.registrations.add(given(fields))
        state.wake()
        return answer({**shown(registration), "isSuccess": True, "errorMessage": ""})

    @routes.get("/{subscriber_id:path}", dependencies=reading, response_model=None)
    async def find_by_id(subscriber_id: Id) -> Response:
        return answer(shown(find(subscriber_id)))

    @routes.patch("/{subscriber_id:path}", dependencies=writing, response_model=None)
    async def update(subscriber_id: Id, fields: Fields) -> Response:
        registration, values = find(subscriber_id), given(fields)
        trigger = values.pop("resyncStatus") if values.get("resyncStatus") in TRIGGERS else None
        if trigger is not None:
            jobs.trigger(registration, ResyncStatus(trigger))
        state.registrations.change(registration["id"], values)
        state.wake()
        return answer(shown(state.registrations.get(registration["id"])))

    @routes.delete("/{subscriber_id:path}", dependencies=reading, response_model=None, status_code=204)
    async def delete(subscriber_id: Id) -> Response:
        registration = find(subscriber_id)
        jobs.cancel_for(registration["id"])
        state.registrations.delete(registration["id"])
        return Response(status_code=204)

    return routes
