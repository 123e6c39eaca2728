# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first look at a type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

from .crew import Asking, Crew, Jobs, Spent
from .probe import Print, take
from .sides import Incomparable, NotOffered, Side
from .verdicts import EQUAL, NOT_COMPARABLE, NOT_IN_RELEASE, NOT_OFFERED, Verdict

# No call on records knows these (vendor's OpenAPI document).
WITHOUT_RECORDS_CALL = ("PERMISSION", "RESOURCE")

Sides = tuple[Side, Side]
Prints = tuple[Print, Print]
# Seen as a whole, or why not.
Found = Union[Print, Incomparable, NotOffered]


def look(
    crew: Crew, sides: Callable[[str], Sides], verdicts: list[Verdict], max_window: int | None
) -> dict[str, Prints]:
    """See every type as a whole on both sides, and judge what can be judged so; what is left to look into."""
    jobs: Jobs[tuple[str, str], Found] = Jobs(crew)
    for verdict in reversed(verdicts):
        if verdict.record_type in WITHOUT_RECORDS_CALL:
            verdict.status = NOT_OFFERED
            verdict.reason = "The servers have no call to compare them by."
            continue
        for side in reversed(sides(verdict.record_type)):
            jobs.add((verdict.record_type, side.name), _taken(side, max_window))
    seen: dict[tuple[str, str], Found] = {}
    reason = None
    try:
        for key, found in jobs.results():
            seen[key] = found  # noqa: PERF403 - what came before the budget was spent has to stay
    except Spent as error:
        reason = error.message
    left: dict[str, Prints] = {}
    for verdict in verdicts:
        if verdict.status != NOT_OFFERED:
            both = [seen.get((verdict.record_type, side.name)) for side in sides(verdict.record_type)]
            prints = _first_look(verdict, both, reason)
            if prints is not None:
                left[verdict.record_type] = prints
    return left


def moved(crew: Crew, sides: Sides, prints: Prints, max_window: int | None) -> str | None:
    """Which side does not hold what it held in the beginning; None where both do."""
    jobs: Jobs[str, Found] = Jobs(crew)
    for side in reversed(sides):
        jobs.add(side.name, _taken(side, max_window))
    now = dict(jobs.results())
    names = [side.name for side, before in zip(sides, prints) if now[side.name] != before]
    return f"The records of the {' and the '.join(names)} changed while they were compared." if names else None


def _taken(side: Side, max_window: int | None) -> Asking[Found]:
    try:
        return (yield from take(side, max_window))
    except (Incomparable, NotOffered) as error:
        return error


def _first_look(verdict: Verdict, both: list[Found | None], spent: str | None) -> Prints | None:
    """Judge what can be judged of a type as a whole; what is seen of both sides where that is not enough."""
    for status, kind in ((NOT_IN_RELEASE, NotOffered), (NOT_COMPARABLE, Incomparable)):
        for found in both:
            if isinstance(found, kind):
                verdict.status, verdict.reason = status, found.message
                return None
    ours, theirs = both
    if not isinstance(ours, Print) or not isinstance(theirs, Print):
        verdict.reason = spent
        return None
    verdict.publisher_count, verdict.subscriber_count = ours.total, theirs.total
    try:
        if not ours.same_as(theirs):
            return ours, theirs
        verdict.status, verdict.progress = EQUAL, 1.0
    except Incomparable as error:
        verdict.status, verdict.reason = NOT_COMPARABLE, error.message
    return None
