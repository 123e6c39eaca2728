# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time that runs faster in a module's process, as it does in the stand-in: import this before the modules.

Pauses are that much shorter and the monotonic clock that much faster, so waits, limits and back-offs keep their
proportions. Timeouts of sockets stay real seconds.
"""

from __future__ import annotations

import time
from typing import SupportsIndex

_really_sleep, _real_clock = time.sleep, time.monotonic
factor = 1.0


def _sleep(seconds: float | SupportsIndex) -> None:
    _really_sleep(float(seconds) / factor)


def _monotonic() -> float:
    return _real_clock() * factor


def speed_up() -> None:
    """Put the faster time in the place of the real one, for what is imported from now on."""
    time.sleep = _sleep
    time.monotonic = _monotonic


def set_factor(value: float) -> None:
    """Run so many times faster than life."""
    global factor
    factor = value
