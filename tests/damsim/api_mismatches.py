# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls on mismatch logs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from damsim.api_common import Digits, page_size, since, text
from damsim.auth import Guard
from damsim.errors import ApiError
from damsim.names import DAM_BASE, Action, RecordType, knows_type
from damsim.state import State


def router(state: State, guard: Guard) -> APIRouter:
    """Reading and deleting the mismatch logs of one environment."""
    routes = APIRouter(prefix=f"{DAM_BASE}/staging/mismatches", dependencies=[Depends(guard.administrator)])

    @routes.get("", dependencies=[Depends(since(state, 214))], response_model=None)
    async def find(
        subscriber_id: Annotated[str | None, Query(alias="subscriberId")] = None,
        record_type: Annotated[RecordType | None, Query(alias="recordType")] = None,
        record_action: Annotated[Action | None, Query(alias="recordAction")] = None,
        offset: Digits = "0",
        limit: Digits | None = None,
    ) -> Response:
        if record_type is not None and not knows_type(state.settings.cf, record_type):
            raise ApiError(400, "The request is not valid.", f"recordType: this release does not know {record_type}.")
        size = page_size(state, None if limit is None else int(limit))
        return text(state.mismatches.page(int(offset), size, subscriber_id, record_type, record_action))

    @routes.delete("", dependencies=[Depends(since(state, 216))], response_model=None, status_code=204)
    async def delete(subscriber_id: Annotated[str | None, Query(alias="subscriberId")] = None) -> Response:
        state.mismatches.delete(subscriber_id)
        if state.settings.delete_resets_resync_status:
            for registration in state.registrations.all():
                if subscriber_id in (None, registration["id"]):
                    state.registrations.change(registration["id"], {"resyncStatus": None})
        return Response(status_code=204)

    return routes
