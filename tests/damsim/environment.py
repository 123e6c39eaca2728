# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One environment: its state, its background work and its application."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from damsim import api_mismatches, api_operations, api_ring, errors
from damsim.api_records import RecordCalls
from damsim.api_subscribers import SubscriberCalls
from damsim.auth import Guard
from damsim.control import ProcessControl
from damsim.control_data import DataControl
from damsim.jobs import Jobs
from damsim.middleware import Surroundings
from damsim.scheduler import Scheduler
from damsim.settings import Settings
from damsim.staging import Staging
from damsim.state import State

Populate = Callable[[State, str | None], None]


class Environment:
    """A publisher or a subscriber; which of the two it is depends on its registrations alone.

    Args:
        state: what it has.
        populate: puts the seed's data into the state; gets the name of another seed on a reset.
    """

    def __init__(self, state: State, populate: Populate) -> None:
        self.state = state
        self._populate = populate
        self._first_settings = state.settings.model_copy(deep=True)
        self.jobs = Jobs(state)
        self.scheduler = Scheduler(state)
        self.staging = Staging(state)
        self._tasks: list[asyncio.Task[None]] = []

    def application(self) -> ASGIApp:
        """The environment's ASGI application."""
        app = FastAPI(redirect_slashes=False, openapi_url=None)
        state = self.state
        guard = Guard(state.sessions, lambda: state.settings.forbidden == "documented")
        routers = [
            api_ring.router(state),
            SubscriberCalls(state, self.jobs).router(guard),
            api_mismatches.router(state, guard),
            RecordCalls(state).router(guard),
            api_operations.router(state, guard),
            ProcessControl(self).router(),
            DataControl(state).router(),
        ]
        for router in routers:
            app.include_router(router)
        errors.install(app, routers)
        return Surroundings(app, self.state)

    def populate(self, seed: str | None = None) -> None:
        """Fill the database from a seed.

        Raises:
            ValueError: there is no such seed.
        """
        self._populate(self.state, seed)

    def start(self) -> None:
        """Begin the background work; needs a running event loop."""
        for work in (self.scheduler.run(), self.staging.run()):
            self._tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """End the background work."""
        self.jobs.cancel()
        self.staging.reset()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.state.peers.close()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: no job, no operation of the scheduler's, no event that must not wait."""
        return not (self.jobs.running or self.state.operations.at_work() or self.state.outbox.echoes())

    def change_settings(self, changes: dict[str, Any]) -> Settings:
        """Change some settings.

        Raises:
            pydantic.ValidationError: a name or a value is wrong; nothing was changed then.
        """
        state = self.state
        state.settings = Settings.model_validate({**state.settings.model_dump(), **changes})
        if "speed" in changes:
            state.shared_clock.set_speed(state.settings.speed)
        if "fail_operations" in changes:
            self.scheduler.reset()
        state.wake()
        return self.settings

    @property
    def settings(self) -> Settings:
        """Current settings, with the speed that all environments share."""
        return self.state.settings.model_copy(update={"speed": self.state.shared_clock.speed})

    def reset(self, seed: str | None = None) -> None:
        """Back to the seed: data, registrations, settings, faults, sessions, queue and log.

        The clock, which ran faster than life, shows the real time again.

        Raises:
            ValueError: there is no such seed.
        """
        state = self.state
        self.jobs.cancel()
        state.settings = self._first_settings.model_copy(deep=True)
        state.shared_clock.set_speed(state.settings.speed)
        state.shared_clock.show(time.time())
        self.populate(seed)
        state.faults.clear()
        state.requests.clear()
        state.sessions.forget_all()
        state.peers.forget()
        self.scheduler.reset()
        self.staging.reset()
        state.wake()
