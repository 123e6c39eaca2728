# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls on records with which a publisher compares itself, and the one that takes its events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from damsim import events
from damsim.api_common import answer, since, whole
from damsim.auth import Guard
from damsim.checks import date_time, unicode_text
from damsim.errors import ApiError
from damsim.names import DAM_BASE, NO_RECORDS_CALL, RecordType, knows_type, lists_type
from damsim.state import State

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


Text = Annotated[str, AfterValidator(unicode_text)]


class Event(BaseModel):
    """An event as a publisher posts it."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)

    event_data: dict[str, Any]
    host: Text
    type: Text
    action: Text
    created: Annotated[str, AfterValidator(date_time)]


class RecordCalls:
    """Records and events of one environment.

    Args:
        state: of the environment.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def router(self, guard: Guard) -> APIRouter:
        """The calls with their addresses; ``summary`` goes before the ids, which may be anything else."""
        routes = APIRouter(prefix=DAM_BASE, dependencies=[Depends(guard.administrator)])
        for path, call, method, release in (
            ("/staging/records", self.hash_list, "GET", 217),
            ("/staging/records/{record_type}", self.window, "GET", 213),
            ("/staging/records/{record_type}/summary", self.summary, "GET", 214),
            ("/staging/records/{record_type}/{record_id:path}", self.details, "GET", 213),
            ("/eventlogs", self.create_event, "POST", 202),
        ):
            old = [Depends(since(self._state, release))]
            routes.add_api_route(path, call, methods=[method], dependencies=old, response_model=None)
        return routes

    async def hash_list(
        self,
        record_type: Annotated[RecordType, Query(alias="recordType")],
        first_id: Annotated[str | None, Query(alias="firstId")] = None,
        last_id: Annotated[str | None, Query(alias="lastId")] = None,
        collection_id: Annotated[str | None, Query(alias="collectionId")] = None,
    ) -> Response:
        """Ids and hashes of a range, both ends included."""
        self._known(record_type, lists_type(self._state.settings.cf, record_type))
        rows = self._state.records.hashes(record_type, first_id, last_id, collection_id)
        return answer({"contents": [{"id": record_id, "hash": value} for record_id, value in rows]})

    async def window(self, record_type: RecordType, offset: float, limit: float) -> Response:
        """Hash and count of a window of records in the order of their ids."""
        start, size = whole("offset", offset) or 0, whole("limit", limit) or 0
        found = self._state.windows.window(self._known(record_type), start, size)
        result: dict[str, str | int] = {"hash": found.hash, "count": found.count}
        if size == 1 or self._state.settings.window_id == "first":
            result["id"] = found.first_id or ""
        elif self._state.settings.window_id == "empty":
            result["id"] = ""
        return answer(result)

    async def summary(self, record_type: RecordType) -> Response:
        """The number of records (the body is inferred, the vendor's document has none)."""
        return answer({"count": self._state.records.count(self._known(record_type))})

    async def details(self, record_type: RecordType, record_id: str, details: bool = False) -> Response:
        """One record, or only that there is one."""
        record = self._state.records.get(self._known(record_type), record_id)
        if record is None:
            raise ApiError(404, f"Entity not found: {record_type} with id {record_id}")
        if not details:
            return Response(status_code=204)
        result: dict[str, Any] = {_DETAILS[record_type]: record.body} if record_type in _DETAILS else {}
        if record_type is RecordType.COLLECTION:
            result |= self._access(record_id)
        return answer(result)

    async def create_event(self, posted: list[Event]) -> Response:
        """Queue an operation for each event."""
        dumped = [event.model_dump(by_alias=True) for event in posted]
        self._state.operations.add_many((events.function_of(event), event) for event in dumped)
        self._state.work.set()
        return answer({"isSuccess": True})

    def _access(self, collection_id: str) -> dict[str, Any]:
        records = self._state.records
        permissions = records.of_collection(RecordType.PERMISSION, collection_id)
        resources = records.of_collection(RecordType.RESOURCE, collection_id)
        access: dict[str, Any] = {"permission": [permission.body for permission in permissions]}
        if resources:
            access["resourceId"] = resources[0].id
        return access

    def _known(self, record_type: RecordType, listed: bool = True) -> RecordType:
        if record_type in NO_RECORDS_CALL or not listed or not knows_type(self._state.settings.cf, record_type):
            raise ApiError(400, "The request is not valid.", f"recordType: {record_type} is not allowed here.")
        return record_type
