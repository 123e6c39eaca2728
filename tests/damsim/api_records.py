# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on records with which a publisher compares itself, and the one that takes its events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict

from damsim import events
from damsim.api_common import answer, since, whole
from damsim.auth import Guard
from damsim.errors import ApiError
from damsim.names import DAM_BASE, NO_RECORDS_CALL, RecordType, knows_type, lists_type
from damsim.state import State
from damsim.timestamps import date_time

_DETAILS = {
    RecordType.COLLECTION: "collection",
    RecordType.MEDIA_ITEM: "mediaItem",
    RecordType.RENDITION: "rendition",
    RecordType.VERSION: "version",
    RecordType.CUSTOM_URL: "customUrl",
    RecordType.KEYWORD: "keyword",
    RecordType.MEDIA_TYPE: "mediaType",
    RecordType.MEDIA_TYPE_GROUP: "mediaTypeGroup",
}


class Event(BaseModel):
    """An event as a publisher posts it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    eventData: dict[str, Any]
    host: str
    type: str
    action: str
    created: Annotated[str, AfterValidator(date_time)]


def router(state: State, guard: Guard) -> APIRouter:
    """Records and events of one environment."""
    routes = APIRouter(prefix=DAM_BASE, dependencies=[Depends(guard.administrator)])

    def known(record_type: RecordType, ok: bool = True) -> RecordType:
        if record_type in NO_RECORDS_CALL or not ok or not knows_type(state.settings.cf, record_type):
            raise ApiError(400, "The request is not valid.", f"recordType: {record_type} is not allowed here.")
        return record_type

    @routes.get("/staging/records", dependencies=[Depends(since(state, 217))], response_model=None)
    async def hash_list(
        record_type: Annotated[RecordType, Query(alias="recordType")],
        first_id: Annotated[str | None, Query(alias="firstId")] = None,
        last_id: Annotated[str | None, Query(alias="lastId")] = None,
        collection_id: Annotated[str | None, Query(alias="collectionId")] = None,
    ) -> Response:
        known(record_type, lists_type(state.settings.cf, record_type))
        rows = state.records.hashes(record_type, first_id, last_id, collection_id)
        return answer({"contents": [{"id": record_id, "hash": value} for record_id, value in rows]})

    @routes.get("/staging/records/{record_type}", dependencies=[Depends(since(state, 213))], response_model=None)
    async def window(record_type: RecordType, offset: float, limit: float) -> Response:
        start, size = whole("offset", offset) or 0, whole("limit", limit) or 0
        found = state.windows.window(known(record_type), start, size)
        result = {"hash": found.hash, "count": found.count}
        if size == 1 or state.settings.window_id == "first":
            result["id"] = found.first_id or ""
        elif state.settings.window_id == "empty":
            result["id"] = ""
        return answer(result)

    @routes.get(
        "/staging/records/{record_type}/summary", dependencies=[Depends(since(state, 214))], response_model=None
    )
    async def summary(record_type: RecordType) -> Response:
        return answer({"count": state.records.count(known(record_type))})

    @routes.get(
        "/staging/records/{record_type}/{record_id:path}", dependencies=[Depends(since(state, 213))], response_model=None
    )
    async def details(
        record_type: RecordType, record_id: str, details: Annotated[bool | None, Query()] = None
    ) -> Response:
        record = state.records.get(known(record_type), record_id)
        if record is None:
            raise ApiError(404, f"Entity not found: {record_type} with id {record_id}")
        if not details:
            return Response(status_code=204)
        result: dict[str, Any] = {_DETAILS[record_type]: record.body} if record_type in _DETAILS else {}
        if record_type is RecordType.COLLECTION:
            permissions = state.records.of_collection(RecordType.PERMISSION, record_id)
            result["permission"] = [permission.body for permission in permissions]
            resources = state.records.of_collection(RecordType.RESOURCE, record_id)
            if resources:
                result["resourceId"] = resources[0].id
        return answer(result)

    @routes.post("/eventlogs", dependencies=[Depends(since(state, 202))], response_model=None)
    async def create_event(posted: list[Event]) -> Response:
        work = []
        for event in posted:
            inputs = event.model_dump()
            try:
                work.append((events.function_of(inputs), inputs))
            except ValueError as error:
                raise ApiError(400, "The request is not valid.", str(error)) from error
        state.operations.add_many(work)
        state.work.set()
        return answer({"isSuccess": True})

    return routes
