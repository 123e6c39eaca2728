# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls on the operation queue, and the API's version."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from damsim.api_common import answer, page_size, since, whole
from damsim.auth import Guard
from damsim.errors import ApiError
from damsim.names import DAM_BASE, api_version
from damsim.state import State


def router(state: State, guard: Guard) -> APIRouter:
    """Operations and version of one environment."""
    routes = APIRouter(prefix=DAM_BASE)
    reading = [Depends(since(state, 209)), Depends(guard.administrator_undocumented)]

    @routes.get("/operations", dependencies=reading, response_model=None)
    async def find(
        status: str | None = None,
        trigger_functions: Annotated[str | None, Query(alias="triggerFunctions")] = None,
        offset: float = 0,
        limit: float | None = None,
    ) -> Response:
        start, size = whole("offset", offset) or 0, page_size(state, whole("limit", limit))
        how = state.settings.trigger_functions_filter
        functions = None
        if trigger_functions is not None:
            functions = [trigger_functions] if how == "exact" else trigger_functions.split(",")
        return answer(state.operations.page(start, size, status, functions, prefix=how == "prefix"))

    @routes.get("/operations/{operation_id:path}", dependencies=reading, response_model=None)
    async def find_by_id(operation_id: str) -> Response:
        operation = state.operations.find(operation_id)
        if operation is None:
            raise ApiError(404, f"Entity not found: Operation with id {operation_id}")
        return answer(operation)

    @routes.get(
        "/api-version", dependencies=[Depends(since(state, 203)), Depends(guard.signed_in)], response_model=None
    )
    async def find_version() -> Response:
        return answer([{"version": api_version(state.settings.cf)}])

    return routes
