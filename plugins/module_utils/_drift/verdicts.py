# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts by type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .._dam.records import Row

EQUAL = "equal"
DIFFERENT = "different"
NOT_COMPARABLE = "not comparable"
CHANGED = "changed meanwhile"
UNFINISHED = "unfinished"
NOT_OFFERED = "not offered"
NOT_IN_RELEASE = "not offered by this release"
# Nothing can be asked about these, so nothing is said, and a verdict on the others stands.
WITHOUT_CALL = (NOT_OFFERED, NOT_IN_RELEASE)


@dataclass
class Verdict:
    """One record type. ``progress`` is the part of its records that is settled, 0 to 1; counts are None if unknown."""

    record_type: str
    status: str = UNFINISHED
    reason: str | None = None
    publisher_count: int | None = None
    subscriber_count: int | None = None
    missing: int = 0
    differing: int = 0
    extra: int = 0
    progress: float = 0.0

    @property
    def equal(self) -> bool | None:
        """True only where both were seen to hold the same; None where nobody can tell."""
        if self.status == UNFINISHED and self.differences:
            return False
        return {EQUAL: True, DIFFERENT: False}.get(self.status)

    @property
    def differences(self) -> int:
        """How many records were found to differ."""
        return self.missing + self.differing + self.extra

    def as_dict(self) -> Row:
        """The same for a task's result: numbers that nobody can tell are None."""
        told = asdict(self)
        if self.status in (NOT_COMPARABLE, *WITHOUT_CALL):
            told.update(missing=None, differing=None, extra=None)
        return {**told, "equal": self.equal, "progress": round(self.progress, 3)}

    def in_words(self) -> str:
        """One line."""
        if self.status == EQUAL:
            return f"{self.record_type}: equal, {self.publisher_count} records"
        if self.status in WITHOUT_CALL:
            return f"{self.record_type}: {self.status}"
        counts = ""
        if self.publisher_count is not None and self.subscriber_count is not None:
            counts = f" ({self.publisher_count} at the publisher, {self.subscriber_count} at the subscriber)"
        found = f", {self.missing} missing, {self.differing} differ, {self.extra} only at the subscriber"
        so_far = f", {self.progress:.0%} looked through" if self.status == UNFINISHED else ""
        reason = f". {self.reason}" if self.reason else ""
        shown = found if self.differences or self.status == DIFFERENT else ""
        return f"{self.record_type}: {self.status}{so_far}{shown}{counts}{reason}"


def overall(verdicts: Iterable[Verdict]) -> bool | None:
    """False where any type differs; true only where every type that can be asked about is equal, and there is one."""
    judged = [verdict.equal for verdict in verdicts if verdict.status not in WITHOUT_CALL]
    if False in judged:
        return False
    return True if judged and None not in judged else None


def in_words(verdicts: list[Verdict]) -> str:
    """A line for everything, and one for each type that has something to say."""
    result = summary(verdicts)
    equal, unjudged = result["equal"], result["unjudged"]
    said = {True: "Equal", False: "Different", None: "Cannot be told"}[equal]
    beside = f"; nothing is said about {', '.join(unjudged)}" if unjudged else ""
    counted = sum(verdict.equal is True for verdict in verdicts)
    lines = [f"{said}: {counted} of {len(verdicts)} record types are equal{beside}."]
    lines += [verdict.in_words() for verdict in verdicts if verdict.status not in (EQUAL, *WITHOUT_CALL)]
    return "\n".join(lines)


def summary(verdicts: list[Verdict]) -> Row:
    """``equal``, ``unjudged`` and ``types``, as a task returns them."""
    return {
        "equal": overall(verdicts),
        "unjudged": [verdict.record_type for verdict in verdicts if verdict.equal is None],
        "types": [verdict.as_dict() for verdict in verdicts],
    }
