# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the checks of the preflight found, and how that reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._dam.records import Row
from .facts import Facts

OK, WARNING, FAILED = "ok", "warning", "failed"
# Ten errors of operations have to fit in.
MOST_TEXT = 4000
WHAT = {"compare": "a comparison", "resync": "a resync"}


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


@dataclass(frozen=True)
class Preflight:
    """The findings by check, in the order of ``CHECKS``."""

    before: str
    findings: dict[str, Finding]

    def having(self, *statuses: str) -> dict[str, Finding]:
        """The findings of these statuses."""
        return {name: finding for name, finding in self.findings.items() if finding.status in statuses}

    def refusing(self, fail_on: str) -> dict[str, Finding]:
        """What speaks against going on: nothing that ``failed``, or with ``warning`` nothing of either kind, may be."""
        return self.having(FAILED, WARNING) if fail_on == "warning" else self.having(FAILED)

    def as_list(self) -> list[Row]:
        return [
            {"name": name, "status": finding.status, "message": finding.message, "remedy": finding.remedy}
            for name, finding in self.findings.items()
        ]

    def in_words(self, fail_on: str) -> str:
        """A line of figures, and one for each check that is not ok: the failed ones first."""
        counts = ", ".join(f"{len(self.having(status))} {status}" for status in (FAILED, WARNING, OK))
        verdict = "Not ready" if self.refusing(fail_on) else "Ready"
        lines = [f"{verdict} for {WHAT[self.before]}: {counts}."]
        for status in (FAILED, WARNING):
            lines += [line(name, finding) for name, finding in self.having(status).items()]
        return "\n".join(lines)


def line(name: str, finding: Finding) -> str:
    """A finding on one line."""
    return f"{finding.status:7} {name}: {finding.message}" + (f" -> {finding.remedy}" if finding.remedy else "")
