# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control surface ``/_sim``, first half: settings, faults, clock, sessions, request log and reset."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from damsim.api_common import answer
from damsim.errors import ApiError
from damsim.faults import Fault
from damsim.names import CONTROL_BASE

if TYPE_CHECKING:
    from damsim.environment import Environment


class Reset(BaseModel):
    """Which seed to go back to; the one that the process was started with by default."""

    model_config = ConfigDict(extra="forbid")

    seed: str | None = None


class Advance(BaseModel):
    """How far to move the clock, in seconds."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(ge=0, allow_inf_nan=False)


class ProcessControl:
    """What tests and demonstrations do to an environment behind the product's back.

    Args:
        environment: to be controlled.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._state = environment.state

    def router(self) -> APIRouter:
        """The calls with their addresses."""
        routes = APIRouter(prefix=CONTROL_BASE)
        for method, path, call in (
            ("GET", "/requests", self.requests),
            ("DELETE", "/requests", self.forget_requests),
            ("GET", "/settings", self.settings),
            ("POST", "/settings", self.change_settings),
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_faults),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/reset", self.reset),
            ("GET", "/idle", self.idle),
            ("GET", "/jobs", self.jobs),
            ("POST", "/advance", self.advance),
            ("POST", "/sessions/expire", self.expire_sessions),
        ):
            routes.add_api_route(path, call, methods=[method], response_model=None)
        return routes

    async def requests(self, since: int = 0) -> Response:
        """The request log from a number on."""
        return answer(self._state.requests.since(since))

    async def forget_requests(self) -> Response:
        """Empty the request log."""
        self._state.requests.clear()
        return done()

    async def settings(self) -> Response:
        """All settings."""
        return answer(self._environment.settings.model_dump())

    async def change_settings(self, changes: Annotated[dict[str, Any], Body()]) -> Response:
        """Change some settings; an unknown name changes nothing."""
        try:
            return answer(self._environment.change_settings(changes).model_dump())
        except ValidationError as error:
            raise ApiError(400, "The settings are not valid.", str(error)) from error

    async def faults(self) -> Response:
        """Faults that are still to strike."""
        return answer([fault.model_dump() for fault in self._state.faults.waiting])

    async def add_faults(self, added: list[Fault]) -> Response:
        """Add faults behind those that wait."""
        self._state.faults.add(added)
        return done(waiting=len(self._state.faults.waiting))

    async def clear_faults(self) -> Response:
        """Forget all faults."""
        self._state.faults.clear()
        return done()

    async def reset(self, what: Reset | None = None) -> Response:
        """Back to a seed."""
        try:
            self._environment.reset(what.seed if what else None)
        except ValueError as error:
            raise ApiError(400, str(error)) from error
        return done(subscribers=self._state.registrations.all())

    async def jobs(self) -> Response:
        """How many comparisons and resyncs were started since the process began."""
        return answer(self._environment.jobs.started)

    async def advance(self, step: Advance) -> Response:
        """Move the clock of all environments of the process."""
        self._state.shared_clock.advance(step.seconds)
        return done(now=self._state.clock.iso())

    async def idle(self, timeout: Annotated[float, Query(ge=0, le=600)] = 60.0) -> Response:  # noqa: ASYNC109
        """Answer when nothing is under way in this environment; 503 when that takes more real seconds than asked."""
        try:
            async with asyncio.timeout(timeout):
                while not self._environment.idle:
                    await self._state.changed.wait()
        except TimeoutError as error:
            raise ApiError(503, f"The environment is still at work after {timeout} s.") from error
        return done()

    async def expire_sessions(self) -> Response:
        """Every token ends now."""
        self._state.sessions.forget_all()
        return done()


def done(**values: object) -> Response:
    """What a call answers that changes something."""
    return answer({"ok": True, **values})
