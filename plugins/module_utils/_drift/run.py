# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of the records of two environments."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence

from .._dam.records import Row
from .._errors import DamError
from .._report.writer import disk
from .crew import Crew, Jobs, Spent
from .look import Prints, Sides, look, moved
from .probe import check_samples, sample
from .sides import Incomparable, NotOffered, Unsteady
from .stretch import CREATE, DELETE, UPDATE, Difference, Settled, Stretch
from .verdicts import CHANGED, DIFFERENT, EQUAL, NOT_COMPARABLE, NOT_IN_RELEASE, UNFINISHED, Verdict
from .walk import Walk

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
        seen = look(self._crew, self._sides, self.verdicts, self._max_window)
        for verdict in self.verdicts:
            found = seen.get(verdict.record_type)
            if found is not None:
                yield from self._judged(verdict, found, subscriber_id)

    def _judged(self, verdict: Verdict, prints: Prints, subscriber_id: str) -> Iterator[list[Row]]:
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

    def _judge(self, verdict: Verdict, prints: Prints, kept: tempfile.SpooledTemporaryFile[bytes]) -> None:
        sides = self._sides(verdict.record_type)
        walk = self._walk(sides, prints)
        jobs: Jobs[Stretch, Settled] = Jobs(self._crew)
        try:
            self._try_out(sides, prints)
            for found in walk.differences(jobs):
                _count(verdict, found)
                with disk(self._directory):
                    kept.write(json.dumps(found).encode() + b"\n")
            changed = moved(self._crew, sides, prints, self._max_window)
            verdict.status, verdict.reason = _conclusion(verdict, prints, changed)
        except (Incomparable, NotOffered) as error:
            self._explain(verdict, sides, prints, error)
        except Spent as error:
            verdict.status, verdict.reason = UNFINISHED, error.message
        verdict.progress = walk.progress

    def _walk(self, sides: Sides, prints: Prints) -> Walk:
        ours, theirs = prints
        most = min((taken.most for taken in prints if taken.most is not None), default=None)
        totals = (ours.total, theirs.total)
        return Walk(*sides, totals, self._window, most, ours.surely_differs(theirs))

    def _try_out(self, sides: Sides, prints: Prints) -> None:
        jobs = Jobs[str, object](self._crew)
        for side, own, other in ((sides[1], prints[1], prints[0]), (sides[0], prints[0], prints[1])):
            jobs.add(side.name, sample(side, own, other.total))
        samples = dict(jobs.results())
        check_samples(samples[sides[0].name], samples[sides[1].name])  # type: ignore[arg-type]

    def _explain(self, verdict: Verdict, sides: Sides, prints: Prints, error: DamError) -> None:
        """Answers did not fit together: because the data moved, or because they cannot be compared."""
        if isinstance(error, NotOffered):
            verdict.status = NOT_IN_RELEASE
            verdict.reason = f"As a whole the two differ, but which records do cannot be asked. {error.message}"
            return
        verdict.status, verdict.reason = NOT_COMPARABLE, error.message
        if isinstance(error, Unsteady):
            return
        try:
            changed = moved(self._crew, sides, prints, self._max_window)
        except Spent:
            return
        if changed:
            verdict.status, verdict.reason = CHANGED, f"{changed} {error.message}"


def _count(verdict: Verdict, found: list[Difference]) -> None:
    actions = [each.action for each in found]
    verdict.missing += actions.count(CREATE)
    verdict.differing += actions.count(UPDATE)
    verdict.extra += actions.count(DELETE)


def _conclusion(verdict: Verdict, prints: Prints, changed: str | None) -> tuple[str, str | None]:
    """Status and reason of a type that was looked through to its end."""
    ours, theirs = prints
    if changed:
        return CHANGED, changed
    if verdict.differences:
        return DIFFERENT, None
    if ours.total == theirs.total and not ours.surely_differs(theirs):
        # Only the largest windows that the two servers give were different: smaller ones were the same throughout.
        return EQUAL, None
    return NOT_COMPARABLE, "As a whole the two differ, but no record was found that does."
