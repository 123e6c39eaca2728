# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the routers share: parameters, JSON answers, and which release has a call."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query, Request, Response

from damsim.errors import ApiError
from damsim.state import State

_MOST = 2**53
Digits = Annotated[str, Query(pattern=r"^[0-9]{1,15}$")]


def answer(value: object) -> Response:
    """JSON with status 200."""
    return text(json.dumps(value, separators=(",", ":")))


def text(ready: str) -> Response:
    """JSON that is text already."""
    return Response(ready, media_type="application/json")


def since(state: State, release: int) -> Callable[[Request], Awaitable[None]]:
    """Dependency of a call that older releases do not have."""

    async def check(request: Request) -> None:
        if state.settings.cf < release:
            raise ApiError(404, f"Endpoint {request.method} {request.url.path} not found.")

    return check


def whole(name: str, value: float | None) -> int | None:
    """A number from a query as a count.

    Raises:
        ApiError: 400 when it is negative or broken.
    """
    if value is None:
        return None
    if not 0 <= value < math.inf or value != int(value):
        raise ApiError(400, "The request is not valid.", f"{name}: a whole number from 0 on is needed.")
    return min(int(value), _MOST)


def page_size(state: State, limit: int | None) -> int | None:
    """How many rows an answer may have, ``None`` for all: what was asked for, within the server's own limits."""
    size = state.settings.default_page if limit is None else limit
    cap = state.settings.page_cap
    if cap is None:
        return size
    return cap if size is None else min(size, cap)
