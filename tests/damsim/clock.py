# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of a process: it can run fast and be moved forward, and nothing waits for it by polling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

_SHORTEST_SLEEP = 0.001


class Clock:
    """Simulated seconds since the epoch, shared by all environments of a process.

    Args:
        speed: simulated seconds per real second.
        monotonic: real time source, seconds.
        start: simulated time to begin at, seconds since the epoch; the wall clock's time by default.
    """

    def __init__(
        self, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic, start: float | None = None
    ) -> None:
        self._monotonic = monotonic
        self._speed = speed
        self._since = monotonic()
        self._base = time.time() if start is None else start
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Simulated seconds per real second."""
        return self._speed

    def now(self) -> float:
        """Simulated time in seconds since the epoch."""
        return self._base + (self._monotonic() - self._since) * self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on; the time itself does not jump."""
        self._base, self._since, self._speed = self.now(), self._monotonic(), speed
        self._notify()

    def show(self, time_of_day: float) -> None:
        """Jump to a time, seconds since the epoch."""
        self._base, self._since = time_of_day, self._monotonic()
        self._notify()

    def advance(self, seconds: float) -> None:
        """Move the time forward at once."""
        self._base += seconds
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def sleep_until(self, due: float, wake: asyncio.Event | None = None) -> None:
        """Return when the simulated time is ``due``, or earlier when ``wake`` is set."""
        while (left := due - self.now()) > 0:
            waits = [asyncio.ensure_future(self._changed.wait())]
            if wake is not None:
                waits.append(asyncio.ensure_future(wake.wait()))
            timeout = max(left / self._speed, _SHORTEST_SLEEP)
            try:
                await asyncio.wait(waits, timeout=min(timeout, 3600.0), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            if wake is not None and wake.is_set():
                return

    async def sleep(self, seconds: float) -> None:
        """Sleep for simulated seconds."""
        await self.sleep_until(self.now() + seconds)


class SkewedClock:
    """What one environment believes the time to be: the shared clock plus its own error.

    Args:
        clock: the shared clock.
        skew: gives the error in seconds, asked anew each time.
    """

    def __init__(self, clock: Clock, skew: Callable[[], float]) -> None:
        self.shared = clock
        self._skew = skew

    def now(self) -> float:
        """Seconds since the epoch as this environment sees them."""
        return self.shared.now() + self._skew()

    def iso(self) -> str:
        """The time as the API writes it: ISO-8601, UTC, milliseconds."""
        return iso(self.now())

    def http_date(self) -> str:
        """The time for a ``Date`` header."""
        return format_datetime(datetime.fromtimestamp(int(self.now()), UTC), usegmt=True)


def iso(seconds: float) -> str:
    """Seconds since the epoch as ``2026-03-02T09:30:00.000Z``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
