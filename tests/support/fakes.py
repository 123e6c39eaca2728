# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What unit tests hand in instead of a server and of time: records, a clock, and a DAM API that follows a script."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Operation, Row, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._waiting import Waiter

NEVER_MOVED = "2026-11-02T07:00:00.000Z"


def subscriber(status: str | None = None, moved: str | None = NEVER_MOVED, **fields: Any) -> Subscriber:
    """Make a subscriber from the server's JSON; ``moved`` is its ``lastResyncTime``."""
    data = {"id": "id-1", "targetHost": "sub.example.com", "status": True, "lastResyncTime": moved, **fields}
    return Subscriber.from_json({**data, "resyncStatus": status})


def operation_row(function: str = "syncStagingMediaContent", status: str = "TODO", **fields: Any) -> Row:
    """Make the JSON of an operation."""
    return {"id": f"{function}-{status}", "triggerFunction": function, "status": status, **fields}


def operation(function: str = "syncStagingMediaContent", status: str = "TODO", **fields: Any) -> Operation:
    """Make an operation."""
    return Operation.from_json(operation_row(function, status, **fields))


class Clock:
    """Time that passes only when somebody sleeps; it remembers the pauses."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 0
        self.pauses.append(seconds)
        self.now += seconds

    def waiter(self, timeout: float = 1800, **more: Any) -> Waiter:
        """Make a waiter that lives by this clock."""
        return Waiter(timeout=timeout, clock=self, sleep=self.sleep, **more)


class FakeDam:
    """A DAM API whose calls each have a list of answers, given once each and in order.

    An exception among the answers is raised, a function is called with the call's arguments, and the last answer is
    repeated only where ``repeat`` names the call. Whatever else is called fails the test, and so do answers left over.
    """

    client: Any = None
    date: datetime | None = None

    def __init__(self, repeat: tuple[str, ...] = (), **answers: list[Any]) -> None:
        self._answers = {name: deque(given) for name, given in answers.items()}
        self._repeat = repeat
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args: self._answer(name, args)

    def _answer(self, name: str, args: tuple[Any, ...]) -> Any:
        self.calls.append((name, *args))
        waiting = self._answers.get(name)
        if not waiting:
            raise AssertionError(f"unexpected call: {name}{args}, after {self.calls[:-1]}")
        answer = waiting[0] if len(waiting) == 1 and name in self._repeat else waiting.popleft()
        if isinstance(answer, BaseException):
            raise answer
        return answer(*args) if callable(answer) else answer

    def count(self, name: str) -> int:
        """Return how often a method was called."""
        return sum(call[0] == name for call in self.calls)

    def finish(self) -> None:
        """Fail where answers are left that nobody asked for."""
        left = {name: len(given) for name, given in self._answers.items() if given and name not in self._repeat}
        assert not left, f"answers left over: {left}"

    @property
    def dam(self) -> Dam:
        """Return itself, as what it stands for."""
        return cast("Dam", self)


def queue_of(rows: list[Row]) -> Callable[..., list[Row]]:
    """Answer ``operations(offset, limit, status)`` from a fixed queue, as a server does."""

    def operations(offset: int, limit: int, status: str | None = None) -> list[Row]:
        fitting = [row for row in rows if status in (None, row["status"])]
        return fitting[offset : offset + limit]

    return operations


def log_of(record_type: str | None, action: str | None, number: int = 0) -> Row:
    """Make a row of the mismatch logs."""
    return {"recordType": record_type, "recordAction": action, "recordId": str(number)}


def logs(rows: list[Row], cap: int = 1000, unknown: tuple[str, ...] = ()) -> Any:
    """Answer ``mismatches`` as a server does that gives ``cap`` rows at most and rejects some types."""

    def mismatches(
        offset: int, limit: int, subscriber_id: str | None = None, kind: str | None = None, action: str | None = None
    ) -> list[Row]:
        if kind in unknown:
            raise ServerError("no such type", status=400)
        fitting = [row for row in rows if kind in (None, row["recordType"]) and action in (None, row["recordAction"])]
        return fitting[offset : offset + min(limit, cap)]

    return mismatches
