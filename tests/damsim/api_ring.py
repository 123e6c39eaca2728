# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ring's login calls."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from damsim.api_common import answer
from damsim.errors import ApiError
from damsim.names import COOKIE, RING_BASE
from damsim.state import State


class Credentials(BaseModel):
    """Body of a login."""

    model_config = ConfigDict(strict=True, extra="forbid")

    username: str
    password: str


def router(state: State) -> APIRouter:
    """Login, logout and validation of one environment."""
    routes = APIRouter(prefix=f"{RING_BASE}/auth")

    @routes.post("/login", response_model=None)
    async def login(credentials: Credentials) -> Response:
        found = state.sessions.login(credentials.username, credentials.password)
        if found is None:
            raise ApiError(401, "Authentication failed.", "The user name or the password is wrong.")
        user, token = found
        body = {"statusCode": 200, "message": "Authentication successful.", "data": {"UId": user.uid}}
        secure = "; Secure" if state.scheme == "https" else ""
        return JSONResponse(body, headers={"Set-Cookie": f"{COOKIE}={token}; Path=/; HttpOnly{secure}"})

    @routes.post("/logout", response_model=None)
    async def logout(request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        if state.sessions.user(token) is None:
            raise ApiError(401, "The user is not authenticated.")
        state.sessions.logout(token or "")
        response = answer({"statusCode": 200, "data": "Logout successful."})
        response.headers["Set-Cookie"] = f"{COOKIE}=; Path=/; HttpOnly; Max-Age=0"
        return response

    @routes.post("/validate", response_model=None)
    async def validate(request: Request) -> Response:
        user = state.sessions.user(request.cookies.get(COOKIE))
        if user is None:
            raise ApiError(401, "The user is not authenticated.")
        return answer({"statusCode": 200, "message": "The user is authenticated.", "data": {"UId": user.uid}})

    return routes
