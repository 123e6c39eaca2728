# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An environment's operation queue: what is in it, and whether it is idle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._errors import DamError, TimedOut
from .._text import clean
from .._waiting import Look, Waiter
from .api import Dam
from .paging import count, pages
from .records import FINISHED_STATUSES, UNFINISHED_STATUSES, Operation

PAGE = 1000
SHOWN = 10
MOST_ERROR = 300
# A server that makes names up must not make a result grow without bound.
MOST_NAMES = 200
OTHERS = "(others)"
# Looking through the whole queue is work for the server: no more than this part of the time is spent on it.
SHARE = 0.1


@dataclass
class Tally:
    """Operations counted: by status, by trigger function and status, and the first few of those that failed."""

    by_status: dict[str, int] = field(default_factory=dict)
    by_trigger_function: dict[str, dict[str, int]] = field(default_factory=dict)
    unfinished: int = 0
    failed: list[Operation] = field(default_factory=list)
    failed_count: int = 0

    def add(self, operation: Operation) -> None:
        status = _bounded(self.by_status, operation.status)
        self.by_status[status] = self.by_status.get(status, 0) + 1
        function = _bounded(self.by_trigger_function, operation.trigger_function)
        counts = self.by_trigger_function.setdefault(function, {})
        status = _bounded(counts, operation.status)
        counts[status] = counts.get(status, 0) + 1
        self.unfinished += not operation.finished
        if operation.status == "FAILED":
            self.failed_count += 1
            if len(self.failed) < SHOWN:
                self.failed.append(operation)

    def failures(self) -> list[dict[str, Any]]:
        """The first few that failed, with so much of their errors as fits into an event of AWX."""
        shown = [operation.as_dict() for operation in self.failed]
        return [{**one, "error_info": one["error_info"] and clean(one["error_info"], MOST_ERROR)} for one in shown]

    def in_words(self) -> str:
        """``name: count`` of the first few trigger functions, for a sentence."""
        counts = [(name, sum(found.values())) for name, found in self.by_trigger_function.items()]
        counts.sort(key=lambda pair: -pair[1])
        more = f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
        return ", ".join(f"{name}: {count}" for name, count in counts[:SHOWN]) + more


def _bounded(names: dict[str, Any], name: str) -> str:
    return name if name in names or len(names) < MOST_NAMES else OTHERS


class Queue:
    """The operation queue of one environment.

    ``scope`` is ``all`` (as the vendor's documentation has it) or ``sync``: only what staging and a resync do.
    """

    def __init__(self, dam: Dam, scope: str = "all") -> None:
        self._dam = dam
        self.scope = scope

    def operations(self, status: str | None = None) -> Iterator[Operation]:
        """All operations in the scope, page by page; of one status where one is given."""
        for rows in pages(lambda offset, limit: self._dam.operations(offset, limit, status), PAGE):
            for row in rows:
                operation = Operation.from_json(row)
                if self.scope == "all" or operation.is_sync:
                    yield operation

    def tally(self) -> Tally:
        """Count everything, in one pass over the whole queue."""
        counted = Tally()
        for operation in self.operations():
            counted.add(operation)
        return counted

    def unfinished(self) -> Tally:
        """Count what is not finished yet."""
        counted = Tally()
        for operation in self.operations():
            if not operation.finished:
                counted.add(operation)
        return counted

    def look(self) -> Look[Tally]:
        """Is the queue idle? With scope ``all`` at most eight small requests while it is not.

        The statuses are asked for in the order in which an operation goes through them. What has moved on between two
        questions, or has a status that nobody knows, is found by the count that an idle queue has to pass.
        """
        if self.scope == "all" and not self._dam.operations(0, 1):
            return Look("idle", True, Tally())
        for status in UNFINISHED_STATUSES:
            if self._any(status):
                return Look(status, False, Tally(), self.left)
        counted = self.tally()
        unknown = next((name for name in counted.by_status if name not in FINISHED_STATUSES), "idle")
        idle = counted.unfinished == 0
        return Look("idle" if idle else unknown, idle, counted, lambda: counted.unfinished)

    def left(self) -> int:
        """About how many operations are left to be done, while they are being done.

        With scope ``all`` about 2 * log2(n) small requests for each status that has n of them, with ``sync`` one for
        each page of the queue.
        """
        if self.scope == "sync":
            return self.unfinished().unfinished

        def of(status: str) -> int:
            return count(lambda offset: bool(self._dam.operations(offset, 1, status)))

        return sum(map(of, UNFINISHED_STATUSES))

    def _any(self, status: str) -> bool:
        if self.scope == "all":
            return bool(self._dam.operations(0, 1, status))
        return next(self.operations(status), None) is not None

    def wait_until_idle(self, waiter: Waiter, where: str) -> Tally:
        """The counts of the idle queue. Raises TimedOut, which names what is left by trigger function."""
        what = f"the operations on '{where}' to end"
        try:
            return waiter.until(self.look, what, SHARE if self.scope == "sync" else 1.0)
        except TimedOut as error:
            try:
                left = self.unfinished()
            except DamError:  # a server that does not answer is no reason for a second error
                raise error from None
            parts = [error.message, f"Left: {left.in_words() or 'nothing any more'}."]
            staging = any(name.startswith("sync") for name in left.by_trigger_function)
            if self.scope == "all" and left.unfinished and not staging:
                parts.append("None of it belongs to staging: operation_scope=sync does not wait for it.")
            raise TimedOut(" ".join(parts), **error.context, operation_counts=left.by_status) from None
