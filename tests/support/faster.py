# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time that runs faster in a module's process, as it does in the stand-in: import this before the modules.

Pauses and timers are that much shorter and the monotonic clock that much faster, so waits, limits and back-offs keep
their proportions. Timeouts of sockets stay real seconds.
"""

from __future__ import annotations

import threading
import time
from typing import SupportsIndex

_really_sleep, _real_clock, _really_wait = time.sleep, time.monotonic, threading.Event.wait
factor = 1.0


def _sleep(seconds: float | SupportsIndex) -> None:
    _really_sleep(float(seconds) / factor)


def _monotonic() -> float:
    return _real_clock() * factor


def _wait(event: threading.Event, timeout: float | None = None) -> bool:
    return _really_wait(event, None if timeout is None else timeout / factor)


def speed_up() -> None:
    """Put the faster time in the place of the real one, for what is imported from now on."""
    time.sleep = _sleep
    time.monotonic = _monotonic
    threading.Event.wait = _wait  # type: ignore[assignment, method-assign]


def set_factor(value: float) -> None:
    """Run so many times faster than life."""
    global factor
    factor = value
