# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of the records of two environments, with a verdict on every record type."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import IO, Any

from .._dam.api import Dam
from .._dam.records import Row
from .._errors import DamError
from .search import Ask, Search
from .sides import EVERYTHING, Incomparable, NotOffered, Side, Unjudged, Whole

EQUAL, DIFFERENT, NOT_OFFERED = "equal", "different", "not offered"
# No call on records knows these types (vendor's OpenAPI document).
WITHOUT_RECORDS_CALL = ("PERMISSION", "RESOURCE")
# Types with one of these do not count in the verdict on all of them.
WITHOUT_CALL = (NOT_OFFERED, NotOffered.status)
# What the differences of an action are counted as.
COUNTED = {"CREATE": "missing", "UPDATE": "differing", "DELETE": "extra"}
# The keys of a row, as mismatch logs have them.
KEYS = ("recordType", "recordAction", "recordId", "subscriberId")
# Bytes of rows of one type that are kept in memory.
IN_MEMORY = 1024 * 1024


class Spent(Unjudged):
    """No more requests may be sent."""

    status = "unfinished"


class Changed(Unjudged):
    """The records changed while they were compared."""

    status = "changed meanwhile"


class Budget:
    """How many requests may be sent, and for how many seconds; None is no limit. ``clock`` has to be monotonic."""

    def __init__(
        self, max_requests: int | None, max_seconds: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_requests, self._max_seconds = max_requests, max_seconds
        self._clock, self._begin, self._lock = clock, clock(), threading.Lock()
        self.requests = 0
        self.stopped = False

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begin

    def send(self, request: Callable[[], Any]) -> Any:
        """Send a request. Raises Spent if it may not be sent, or if it failed and the time is over."""
        with self._lock:
            self._check_time()
            if self.stopped:
                raise Spent("An error ended the comparison.")
            if self._max_requests is not None and self.requests >= self._max_requests:
                raise Spent(f"max_requests: all {self._max_requests} requests were sent.")
            self.requests += 1
        try:
            return request()
        except DamError:
            self._check_time()
            raise

    def _check_time(self) -> None:
        if self._max_seconds is not None and self.elapsed >= self._max_seconds:
            raise Spent(f"max_seconds: the {self._max_seconds:g} s are over.")


@dataclass
class Verdict:
    """One record type. Counts are None if not known, ``found`` counts differences by action, ``progress`` is 0 to 1."""

    record_type: str
    status: str = Spent.status
    reason: str | None = None
    publisher_count: int | None = None
    subscriber_count: int | None = None
    progress: float = 0.0
    found: Counter[str] = field(default_factory=Counter)

    @property
    def equal(self) -> bool | None:
        """True if both sides hold the same, None if that is not known."""
        if self.status == Spent.status and self.found:
            return False
        return {EQUAL: True, DIFFERENT: False}.get(self.status)

    def as_dict(self) -> Row:
        """The verdict as a task returns it."""
        told = {**asdict(self), "equal": self.equal, "progress": round(self.progress, 3)}
        del told["found"]
        known = self.status not in (Incomparable.status, *WITHOUT_CALL)
        return {**told, **{name: self.found[action] if known else None for action, name in COUNTED.items()}}

    def in_words(self) -> str:
        """The verdict in one line."""
        words = f"{self.record_type}: {self.status}"
        if self.status == Spent.status:
            words += f", {self.progress:.0%} looked through"
        if self.found:
            missing, differ, extra = (self.found[action] for action in COUNTED)
            words += f", {missing} missing, {differ} differ, {extra} only at the subscriber"
        if self.publisher_count is not None:
            words += f" ({self.publisher_count} at the publisher, {self.subscriber_count} at the subscriber)"
        return f"{words}. {self.reason}" if self.reason else words


@dataclass
class Drift:
    """The comparison of two environments: ``rows`` runs it, ``verdicts`` has the result for every type.

    ``concurrency`` is the number of requests at a time, ``window`` how many records are listed at once if they differ,
    ``max_window`` the largest window. Rows that do not fit into memory are kept in ``directory``.
    """

    publisher: Dam
    subscriber: Dam
    subscriber_id: str
    record_types: Sequence[str]
    budget: Budget
    concurrency: int
    window: int
    max_window: int | None
    directory: str

    def __post_init__(self) -> None:
        self.verdicts = [Verdict(record_type) for record_type in dict.fromkeys(self.record_types)]

    def rows(self) -> Iterator[list[Row]]:
        """Yield the records that differ, in the order of types and ids.

        Raises what the refusal of a server raises; the verdicts by then stand.
        """
        # The threads of the types wait for those of the requests, so each kind has its own pool.
        with ThreadPoolExecutor(self.concurrency) as types, ThreadPoolExecutor(self.concurrency) as requests:
            try:
                for kept in types.map(partial(self._compare, requests.map), self.verdicts):
                    with kept:
                        yield from map(json.loads, kept)
            finally:
                self.budget.stopped = True

    def _compare(self, ask: Ask, verdict: Verdict) -> IO[bytes]:
        """Judge a type; return its rows, which are kept until it is known whether anything can be said."""
        kept: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=self.directory)  # noqa: SIM115
        try:
            try:
                self._judge(ask, verdict, kept)
            except Unjudged as error:
                verdict.status, verdict.reason = error.status, error.message
            if verdict.status == Incomparable.status:
                verdict.found.clear()
                kept.truncate(0)
            kept.seek(0)
        except BaseException as error:
            self.budget.stopped = True  # the other types end, too
            if isinstance(error, OSError):
                raise DamError(
                    f"The records that differ could not be kept in {self.directory}: {error.strerror or error}. Check "
                    "the free space and the permissions."
                ) from error
            raise
        return kept

    def _judge(self, ask: Ask, verdict: Verdict, kept: IO[bytes]) -> None:
        if verdict.record_type in WITHOUT_RECORDS_CALL:
            verdict.status, verdict.reason = NOT_OFFERED, "The servers have no call to compare them by."
            return
        sides = self._sides(verdict)
        ours, theirs = wholes = list(ask(Side.whole, sides))
        verdict.publisher_count, verdict.subscriber_count = ours.total, theirs.total
        if ours == theirs:
            verdict.progress = 1.0
            if ours.total > ours.largest:  # read in several windows, between which records may have been moved
                self._check_unchanged(ask, verdict, wholes)
            verdict.status = EQUAL
            return
        if ours.hash == theirs.hash:
            raise Incomparable("All records have the same hash on both sides, but not the same first id and number.")
        try:
            for found in Search(sides, self.window, ask).differences():
                verdict.found.update(action for action, _record_id in found)
                rows = [dict(zip(KEYS, (verdict.record_type, *each, self.subscriber_id))) for each in found]
                kept.write(json.dumps(rows).encode() + b"\n")
            self._check_unchanged(ask, verdict, wholes)
            # Servers whose largest windows are not the same cannot be compared as a whole.
            if not verdict.found and ours.largest == theirs.largest:
                raise Incomparable("As a whole the two differ, but no record was found that does.")
            verdict.status = DIFFERENT if verdict.found else EQUAL
        except Incomparable as error:
            with suppress(Spent):
                self._check_unchanged(ask, verdict, wholes, error.message)
            raise
        finally:
            total = ours.total + theirs.total
            verdict.progress = sum(side.offset for side in sides) / total if total else 1.0

    def _sides(self, verdict: Verdict) -> tuple[Side, Side]:
        rest = verdict.record_type, self.max_window or EVERYTHING, self.budget.send
        return Side("publisher", self.publisher, *rest), Side("subscriber", self.subscriber, *rest)

    def _check_unchanged(self, ask: Ask, verdict: Verdict, before: list[Whole], contradiction: str = "") -> None:
        """Raise Changed if a side does not hold what it held before."""
        sides = self._sides(verdict)
        now = ask(Side.whole, sides)
        names = [side.name for side, old, new in zip(sides, before, now) if old != new]
        if names:
            changed = f"The records of the {' and the '.join(names)} changed while they were compared."
            raise Changed(f"{changed} {contradiction}".rstrip())


def summary(verdicts: list[Verdict]) -> Row:
    """``equal``, ``unjudged`` and ``types``, as a task returns them.

    ``equal`` is False if a type differs, and True if every type that can be asked about is equal, and there is one.
    """
    judged = [verdict.equal for verdict in verdicts if verdict.status not in WITHOUT_CALL]
    return {
        "equal": False if False in judged else True if judged and None not in judged else None,
        "unjudged": [verdict.record_type for verdict in verdicts if verdict.equal is None],
        "types": [verdict.as_dict() for verdict in verdicts],
    }


def in_words(verdicts: list[Verdict]) -> str:
    """A line for everything, and one for each type that is neither equal nor without a call."""
    result = summary(verdicts)
    said = {True: "Equal", False: "Different", None: "Cannot be told"}[result["equal"]]
    unjudged = f"; nothing is said about {', '.join(result['unjudged'])}" if result["unjudged"] else ""
    equal = sum(verdict.equal is True for verdict in verdicts)
    lines = [f"{said}: {equal} of {len(verdicts)} record types are equal{unjudged}."]
    lines += [verdict.in_words() for verdict in verdicts if verdict.status not in (EQUAL, *WITHOUT_CALL)]
    return "\n".join(lines)
