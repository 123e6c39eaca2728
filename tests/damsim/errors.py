# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors in the product's two envelopes: one for the DAM API, one for the Ring API."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from damsim.names import RING_BASE


class ApiError(Exception):
    """An answer other than success.

    Args:
        status: HTTP status.
        message: for people.
        details: more of the same, left out of the answer when empty.
    """

    def __init__(self, status: int, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


def _name(status: int) -> str:
    words = "".join(word.capitalize() for word in HTTPStatus(status).phrase.replace("-", " ").split())
    return words if words.endswith("Error") else f"{words}Error"


def envelope(path: str, status: int, message: str, details: str = "") -> dict[str, dict[str, str]]:
    """The body of an error for a path (shapes: the vendor's OpenAPI documents; codes are strings there)."""
    if path.startswith(RING_BASE):
        return {"error": {"code": str(status), "message": message, "reason": details or HTTPStatus(status).phrase}}
    error = {"statusCode": str(status), "name": _name(status), "message": message}
    if details:
        error["details"] = details
    return {"error": error}


def error_response(path: str, error: ApiError, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as a response."""
    return JSONResponse(envelope(path, error.status, error.message, error.details), error.status, headers)


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _methods(routers: Iterable[APIRouter], path: str) -> list[str]:
    """Every method that some call at an address takes; the framework knows those of the first one only."""
    routes = (route for router in routers for route in router.routes)
    fitting = (route for route in routes if isinstance(route, APIRoute) and route.path_regex.match(path))
    return sorted({method for route in fitting for method in route.methods or ()})


def install(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make every error of an application, which has the calls of these routers, leave it in the product's envelope."""

    @app.exception_handler(ApiError)
    async def _api_error(request: Request, error: ApiError) -> JSONResponse:
        return error_response(request.url.path, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        details = "; ".join(f"{_where(e['loc'])}: {e['msg']}" for e in error.errors())
        return error_response(request.url.path, ApiError(400, "The request is not valid.", details))

    @app.exception_handler(UnicodeEncodeError)
    async def _lone_surrogate(request: Request, error: UnicodeEncodeError) -> JSONResponse:
        return error_response(request.url.path, ApiError(400, "The request holds text that is not Unicode."))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods(routers, request.url.path))
        message = (
            f"Endpoint {request.method} {request.url.path} not found." if error.status_code == 404 else error.detail
        )
        return error_response(request.url.path, ApiError(error.status_code, message), headers)
