# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight: every check of what comes next, none of them stopping another, and how that reads."""

from __future__ import annotations

from dataclasses import dataclass

from ._checks_environment import ENVIRONMENT_CHECKS
from ._checks_staging import STAGING_CHECKS
from ._dam.records import Row
from ._errors import DamError
from ._findings import FAILED, OK, WARNING, Check, Finding
from ._survey import Facts
from ._text import clean

CHECKS = (*ENVIRONMENT_CHECKS, *STAGING_CHECKS)
# Ten errors of operations have to fit in.
MOST_TEXT = 4000
WHAT = {"compare": "a comparison", "resync": "a resync"}


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


def judge(facts: Facts) -> Preflight:
    """Judge every check that matters for what comes next."""
    before = facts.params["before"]
    return Preflight(before, {check.name: _judge(check, facts) for check in CHECKS if before in check.before})


def _judge(check: Check, facts: Facts) -> Finding:
    try:
        finding = check.judge(facts)
    except DamError as error:
        finding = Finding(check.unjudged, f"Cannot be told: {error.message}", "Mend that first.")
    return Finding(finding.status, clean(finding.message, MOST_TEXT), finding.remedy)
