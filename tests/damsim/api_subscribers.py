# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls on subscriber registrations; two values of one of their fields start a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from damsim.api_common import answer, since
from damsim.auth import Guard
from damsim.checks import date_time, unicode_text
from damsim.errors import ApiError
from damsim.jobs import TRIGGERS, Jobs
from damsim.names import DAM_BASE, RESYNC_FIELDS_SINCE, ResyncStatus
from damsim.registrations import RESYNC_FIELDS, Registration, without
from damsim.state import State

DateTime = Annotated[str, AfterValidator(date_time)]
Text = Annotated[str, AfterValidator(unicode_text)]
Number = Annotated[int | float, Field(allow_inf_nan=False)]


class Fields(BaseModel):
    """Fields of a registration that may be given; ``null`` is not one of the values (the vendor's OpenAPI document)."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)

    target_host: Text = Field(default="")
    cycle_length: Number = Field(default=0)
    status: bool = Field(default=True)
    last_sync_time: DateTime = Field(default="")
    sync_status: Text = Field(default="")
    resync_status: Text = Field(default="")
    last_resync_time: DateTime = Field(default="")
    sync_failure_logs: Text = Field(default="")
    created: DateTime = Field(default="")
    updated: DateTime = Field(default="")


class NewFields(Fields):
    """Fields of a new registration."""

    target_host: Text


class SubscriberCalls:
    """All calls on registrations of one environment.

    Args:
        state: of the environment.
        jobs: start what a PATCH asks for.
    """

    def __init__(self, state: State, jobs: Jobs) -> None:
        self._state = state
        self._jobs = jobs

    def router(self, guard: Guard) -> APIRouter:
        """The calls with their addresses."""
        routes = APIRouter(prefix=f"{DAM_BASE}/staging/subscriber", dependencies=[Depends(since(self._state, 202))])
        reading, writing = [Depends(guard.administrator)], [Depends(guard.administrator_undocumented)]
        one = "/{subscriber_id:path}"
        for path, call, method, rights in (
            ("", self.find_all, "GET", reading),
            ("", self.create, "POST", writing),
            (one, self.find_by_id, "GET", reading),
            (one, self.update, "PATCH", writing),
            (one, self.delete, "DELETE", reading),
        ):
            routes.add_api_route(path, call, methods=[method], dependencies=rights, response_model=None)
        return routes

    async def find_all(self) -> Response:
        """All registrations."""
        return answer([self._shown(registration) for registration in self._state.registrations.all()])

    async def create(self, fields: NewFields) -> Response:
        """Register a subscriber; answers 200 (the vendor's OpenAPI document)."""
        registration = self._state.registrations.add(self._given(fields))
        self._state.wake()
        return answer({**self._shown(registration), "isSuccess": True, "errorMessage": ""})

    async def find_by_id(self, subscriber_id: str) -> Response:
        """One registration."""
        return answer(self._shown(self._find(subscriber_id)))

    async def update(self, request: Request, subscriber_id: str, fields: Fields | None = None) -> Response:
        """Change a registration, or start a job (inferred from ``resyncStatus`` being a field that can be written).

        The vendor's document does not require a body, but knows no ``null``.
        """
        if fields is None and await request.body():
            raise ApiError(400, "The request is not valid.", "body: an object is needed.")
        registration, values = self._find(subscriber_id), self._given(fields or Fields())
        trigger = values.pop("resyncStatus") if values.get("resyncStatus") in TRIGGERS else None
        if trigger is not None:
            self._jobs.trigger(registration, ResyncStatus(trigger))
        self._state.registrations.change(registration["id"], values)
        self._state.wake()
        return answer(self._shown(self._state.registrations.get(registration["id"])))

    async def delete(self, subscriber_id: str) -> Response:
        """Deregister a subscriber; its mismatch logs stay."""
        registration = self._find(subscriber_id)
        self._jobs.cancel_for(registration["id"])
        self._state.registrations.delete(registration["id"])
        return Response(status_code=204)

    def _hidden(self) -> tuple[str, ...]:
        return () if self._state.settings.cf >= RESYNC_FIELDS_SINCE else RESYNC_FIELDS

    def _given(self, fields: Fields) -> dict[str, Any]:
        values = fields.model_dump(exclude_unset=True, by_alias=True)
        unknown = [name for name in self._hidden() if name in values]
        if unknown:
            raise ApiError(400, "The request is not valid.", f"{unknown[0]}: this release does not know it.")
        return values

    def _shown(self, registration: Registration) -> Registration:
        return without(registration, self._hidden())

    def _find(self, key: str) -> Registration:
        return self._state.registrations.get(key, self._state.settings.subscriber_key)
