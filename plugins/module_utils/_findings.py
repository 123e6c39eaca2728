# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a single check of the preflight comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ._survey import Facts

OK, WARNING, FAILED = "ok", "warning", "failed"


@dataclass(frozen=True)
class Finding:
    """``status`` is ok, warning or failed; ``remedy`` says what to do about the latter two."""

    status: str
    message: str
    remedy: str | None = None


@dataclass(frozen=True)
class Check:
    """A named check. ``judge`` raises DamError where it cannot tell; then the check counts as ``unjudged``.

    ``before`` names what it matters for.
    """

    name: str
    judge: Callable[[Facts], Finding]
    unjudged: str = FAILED
    before: tuple[str, ...] = ("compare", "resync")


def span(seconds: float) -> str:
    """A duration for people, in the unit that suits it."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
