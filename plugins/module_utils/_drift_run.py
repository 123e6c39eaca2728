# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of two environments, type by type: what is asked first, what then, and what may be said of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Union

from ansible_collections.dxops.dam_staging.plugins.module_utils._crew import Asking, Crew, Jobs, Spent
from ansible_collections.dxops.dam_staging.plugins.module_utils._draft import disk
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift import (
    CREATE,
    DELETE,
    UPDATE,
    Difference,
    Settled,
    Stretch,
    Walk,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift_probe import (
    Print,
    check_samples,
    sample,
    take,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift_sides import (
    Incomparable,
    NotOffered,
    Side,
    Unsteady,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift_verdicts import (
    CHANGED,
    DIFFERENT,
    EQUAL,
    NOT_COMPARABLE,
    NOT_IN_RELEASE,
    NOT_OFFERED,
    UNFINISHED,
    Verdict,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._types import Row

# No call on records knows these (vendor's OpenAPI document).
WITHOUT_RECORDS_CALL = ("PERMISSION", "RESOURCE")

Sides = tuple[Side, Side]
# Seen as a whole, or why not.
Found = Union[Print, Incomparable, NotOffered]
# Bytes of rows that are kept in memory.
FEW = 4 * 1024 * 1024


class Drift:
    """What differs between two environments. ``sides`` gives both for a record type, the publisher's first.

    ``window`` is how many records are listed at once, ``max_window`` the largest window that may be asked for, and
    ``directory`` takes what does not fit into memory before it is known to be true.
    """

    def __init__(
        self,
        sides: Callable[[str], Sides],
        record_types: Sequence[str],
        crew: Crew,
        window: int,
        max_window: int | None,
        directory: str,
    ) -> None:
        self._sides = sides
        self._crew = crew
        self._window = window
        self._max_window = max_window
        self._directory = directory
        self.verdicts = [Verdict(record_type) for record_type in dict.fromkeys(record_types)]

    def rows(self, subscriber_id: str) -> Iterator[list[Row]]:
        """Yield the differing records, with the names that mismatch logs have for the same, and judge every type.

        Raises what a server's refusal raises; the verdicts by then are those that stand.
        """
        seen = self._look()
        for verdict in self.verdicts:
            found = seen.get(verdict.record_type)
            if found is not None:
                yield from self._judged(verdict, found, subscriber_id)

    def _look(self) -> dict[str, tuple[Print, Print]]:
        """See every type as a whole on both sides; what is left to look into."""
        jobs: Jobs[tuple[str, str], Found] = Jobs(self._crew)
        for verdict in reversed(self.verdicts):
            if verdict.record_type in WITHOUT_RECORDS_CALL:
                verdict.status = NOT_OFFERED
                verdict.reason = "The servers have no call to compare them by."
                continue
            for side in reversed(self._sides(verdict.record_type)):
                jobs.add((verdict.record_type, side.name), _taken(side, self._max_window))
        seen: dict[tuple[str, str], Found] = {}
        reason = None
        try:
            for key, found in jobs.results():
                seen[key] = found  # noqa: PERF403 - what came before the budget was spent has to stay
        except Spent as error:
            reason = error.message
        left: dict[str, tuple[Print, Print]] = {}
        for verdict in self.verdicts:
            if verdict.status != NOT_OFFERED:
                both = [seen.get((verdict.record_type, side.name)) for side in self._sides(verdict.record_type)]
                prints = _first_look(verdict, both, reason)
                if prints is not None:
                    left[verdict.record_type] = prints
        return left

    def _judged(self, verdict: Verdict, prints: tuple[Print, Print], subscriber_id: str) -> Iterator[list[Row]]:
        """Look into one type; its rows are held back until it is known whether anything may be said."""
        with disk(self._directory):
            kept = tempfile.SpooledTemporaryFile(max_size=FEW, dir=self._directory)  # noqa: SIM115 - closed below
        with kept:
            self._judge(verdict, prints, kept)
            if verdict.status == NOT_COMPARABLE:
                verdict.missing = verdict.differing = verdict.extra = 0
                return
            kept.seek(0)
            for line in kept:
                yield [
                    {
                        "recordType": verdict.record_type,
                        "recordAction": action,
                        "recordId": record_id,
                        "subscriberId": subscriber_id,
                    }
                    for action, record_id in json.loads(line)
                ]

    def _judge(self, verdict: Verdict, prints: tuple[Print, Print], kept: tempfile.SpooledTemporaryFile[bytes]) -> None:
        sides = self._sides(verdict.record_type)
        walk = self._walk(sides, prints)
        jobs: Jobs[Stretch, Settled] = Jobs(self._crew)
        try:
            self._try_out(sides, prints)
            for found in walk.differences(jobs):
                _count(verdict, found)
                with disk(self._directory):
                    kept.write(json.dumps(found).encode() + b"\n")
            moved = self._moved(sides, prints)
            verdict.status = CHANGED if moved else DIFFERENT if verdict.differences else NOT_COMPARABLE
            verdict.reason = moved
            if verdict.status == NOT_COMPARABLE:
                verdict.reason = "As a whole the two differ, but no record was found that does."
        except (Incomparable, NotOffered) as error:
            self._explain(verdict, sides, prints, error)
        except Spent as error:
            verdict.status, verdict.reason = UNFINISHED, error.message
        verdict.progress = walk.progress

    def _walk(self, sides: Sides, prints: tuple[Print, Print]) -> Walk:
        ours, theirs = prints
        most = min((taken.most for taken in prints if taken.most is not None), default=None)
        totals = (ours.total, theirs.total)
        return Walk(*sides, totals, self._window, most, ours.surely_differs(theirs))

    def _try_out(self, sides: Sides, prints: tuple[Print, Print]) -> None:
        jobs = Jobs[str, object](self._crew)
        for side, own, other in ((sides[1], prints[1], prints[0]), (sides[0], prints[0], prints[1])):
            jobs.add(side.name, sample(side, own, other.total))
        samples = dict(jobs.results())
        check_samples(samples[sides[0].name], samples[sides[1].name])  # type: ignore[arg-type]

    def _moved(self, sides: Sides, prints: tuple[Print, Print]) -> str | None:
        """Which side does not hold what it held in the beginning; None where both do."""
        jobs: Jobs[str, Found] = Jobs(self._crew)
        for side in reversed(sides):
            jobs.add(side.name, _taken(side, self._max_window))
        now = dict(jobs.results())
        names = [side.name for side, before in zip(sides, prints) if now[side.name] != before]
        return f"The records of the {' and the '.join(names)} changed while they were compared." if names else None

    def _explain(self, verdict: Verdict, sides: Sides, prints: tuple[Print, Print], error: DamError) -> None:
        """Answers did not fit together: because the data moved, or because they cannot be compared."""
        if isinstance(error, NotOffered):
            verdict.status = NOT_IN_RELEASE
            verdict.reason = f"As a whole the two differ, but which records do cannot be asked. {error.message}"
            return
        verdict.status, verdict.reason = NOT_COMPARABLE, error.message
        if isinstance(error, Unsteady):
            return
        try:
            moved = self._moved(sides, prints)
        except Spent:
            return
        if moved:
            verdict.status, verdict.reason = CHANGED, f"{moved} {error.message}"


def _taken(side: Side, max_window: int | None) -> Asking[Found]:
    try:
        return (yield from take(side, max_window))
    except (Incomparable, NotOffered) as error:
        return error


def _first_look(verdict: Verdict, both: list[Found | None], spent: str | None) -> tuple[Print, Print] | None:
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


def _count(verdict: Verdict, found: list[Difference]) -> None:
    actions = [each.action for each in found]
    verdict.missing += actions.count(CREATE)
    verdict.differing += actions.count(UPDATE)
    verdict.extra += actions.count(DELETE)
