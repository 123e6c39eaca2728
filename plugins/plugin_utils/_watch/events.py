# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is worth telling of a subscriber that is looked at again and again: each thing once. No I/O of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Operation, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import Phase, phase_of
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import clean
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.address import is_name

from .._untrusted import inert, is_address

DRIFT_FOUND = "drift_found"
IN_SYNC = "in_sync"
COMPARISON_FAILED = "comparison_failed"
RESYNC_FINISHED = "resync_finished"
RESYNC_FAILED = "resync_failed"
OPERATIONS_FAILED = "operations_failed"
WATCH_FAILED = "watch_failed"
WATCH_RECOVERED = "watch_recovered"
TYPES = (
    DRIFT_FOUND,
    IN_SYNC,
    COMPARISON_FAILED,
    RESYNC_FINISHED,
    RESYNC_FAILED,
    OPERATIONS_FAILED,
    WATCH_FAILED,
    WATCH_RECOVERED,
)

SCHEMA = 1
MOST_TEXT = 500
MOST_FUNCTIONS = 20

Event = dict[str, Any]
# A type of event, and what it says beside whom it is about.
Found = tuple[str, dict[str, Any]]


class Story:
    """What was told of one subscriber so far. ``tell_first`` says whether what the first look finds is told, too.

    How the last comparison ended is told when it changes, and neither a comparison that runs nor a resync changes it:
    data that differ stay found until a comparison finds them equal, so that a repair that does not help is not started
    again and again. Methods raise what the functions that they are given raise; what was not told then is told later.
    """

    def __init__(self, tell_first: bool) -> None:
        self._tell_first = tell_first
        self._run: tuple[str | None, str | None] | None = None
        self._state = Phase.NEVER_COMPARED
        self._outcome: str | None = None
        self._without_rows = False
        self._draining = False
        self._failed: frozenset[str] | None = None

    def staging(self, now: Subscriber, mismatches: Callable[[], int]) -> list[Found]:
        """What the publisher says of the subscriber; ``mismatches`` counts its logs and is called only where needed."""
        state, run = phase_of(now), (now.resync_status, now.last_resync_time)
        first, new = self._run is None, run != self._run
        found: list[Found] = []
        if state is Phase.COMPARED and (new or self._without_rows):
            found = self._compared(mismatches(), first, new)
        if state is Phase.COMPARISON_FAILED:
            found = self._ended(COMPARISON_FAILED)
        if new and state is Phase.RESYNC_FAILED:
            found = [(RESYNC_FAILED, {})]
        if new and state in (Phase.RESYNC_STARTED, Phase.RESYNC_FAILED):
            self._draining = state is Phase.RESYNC_STARTED
        self._run, self._state = run, state
        return self._told(found, first)

    def _compared(self, rows: int, first: bool, new: bool) -> list[Found]:
        if rows:
            self._without_rows = False
            return self._ended(DRIFT_FOUND, mismatch_count=rows)
        if first:
            # Nobody saw that comparison end, and logs may have been deleted since: this proves nothing.
            return []
        if new:
            # Another user who starts a comparison may have deleted the old logs a moment ago; the next look shows that.
            self._without_rows = True
            return []
        self._without_rows = False
        return self._ended(IN_SYNC)

    def _ended(self, outcome: str, **facts: Any) -> list[Found]:
        changed, self._outcome = outcome != self._outcome, outcome
        return [(outcome, facts)] if changed else []

    def operations(self, failed: Sequence[Operation], idle: Callable[[], bool]) -> list[Found]:
        """What the subscriber's queue says: ``failed`` are its failed sync operations, all or the first of many.

        ``idle`` tells whether it has no sync operations left to do, and is called only while a resync's are.
        """
        over = self._draining and self._state is not Phase.RESYNC_STARTING and idle()
        first, known = self._failed is None, self._failed or frozenset()
        fresh = [one for one in failed if one.operation_id not in known]
        found: list[Found] = [(OPERATIONS_FAILED, _failures(fresh))] if fresh else []
        found = self._told(found, first)
        self._failed = frozenset(one.operation_id for one in failed)
        if over:
            self._draining = False
            found += self._told([(RESYNC_FINISHED, {"failed_operation_count": len(failed)})], first)
        return found

    def _told(self, found: list[Found], first: bool) -> list[Found]:
        if not first:
            return found
        return [(kind, {**facts, "at_start": True}) for kind, facts in found] if self._tell_first else []


def _failures(failed: Sequence[Operation]) -> dict[str, Any]:
    counts = Counter(one.trigger_function for one in failed).most_common(MOST_FUNCTIONS)
    texts = [one.error_info for one in failed if one.error_info]
    return {
        "failed_operation_count": len(failed),
        "by_trigger_function": {_short(name): count for name, count in counts},
        "message": texts[0] if texts else "No operation says why it failed.",
    }


def event(kind: str, name: str, hostname: str, about: Subscriber | None = None, **facts: Any) -> Event:
    """The event as rulebooks see it. ``name`` is the publisher's in their inventory: actions are limited to it.

    ansible-rulebook hands events to playbooks as extra variables, which Ansible takes for templates. An id or a host
    that could be one is left out: a changed one would name another subscriber.
    """
    told: Event = {"schema": SCHEMA, "type": kind, "publisher": name, "hostname": hostname, "at_start": False}
    if about is not None:
        if is_name(about.subscriber_id):
            told["subscriber_id"] = about.subscriber_id
        if is_address(about.target_host):
            told["target_host"] = about.target_host
        if about.resync_status:
            told["resync_status"] = _short(about.resync_status)
        if about.last_resync_time:
            told["last_resync_time"] = _short(about.last_resync_time)
    told.update({key: _short(value) if isinstance(value, str) else value for key, value in facts.items()})
    return {"dam": told, "meta": {"hosts": name}}


def _short(text: str) -> str:
    return inert(clean(text, MOST_TEXT))
