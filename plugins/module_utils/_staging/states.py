# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the statuses of subscribers mean, and what is to be done about them: pure, no I/O."""

from __future__ import annotations

import enum
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from .._dam.records import Row, Subscriber
from .._errors import DamError, OptionError, TargetHostChanged, UnknownSubscriber
from .._text import clean, parse_time
from .._transport.address import host_and_port, same_environment

# A time of a run that is further ahead of the clock of the server that gave it tells nothing.
MOST_AHEAD = 300.0

COMPARISON_START = "FIND_MISMATCH_START"
RESYNC_START = "RESYNC_TRIGGER_START"


class Phase(enum.Enum):
    """What a subscriber's ``resyncStatus`` means. The values are public: modules return them as ``phase``."""

    NEVER_COMPARED = "never_compared"
    COMPARING = "comparing"
    COMPARED = "compared"
    COMPARISON_FAILED = "comparison_failed"
    RESYNC_STARTING = "resync_starting"
    RESYNC_STARTED = "resync_started"
    RESYNC_FAILED = "resync_failed"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """The phase in words, for a message."""
        return self.value.replace("_", " ")


# The statuses of the vendor's documentation. No other file of the collection compares them.
_PHASES = {
    None: Phase.NEVER_COMPARED,
    COMPARISON_START: Phase.COMPARING,
    "DYNAMIC_STATUS_COMPUTATION_REQUIRED": Phase.COMPARING,
    "FIND_MISMATCH_COMPLETED": Phase.COMPARED,
    "FIND_MISMATCH_FAILED": Phase.COMPARISON_FAILED,
    RESYNC_START: Phase.RESYNC_STARTING,
    "RESYNC_TRIGGER_COMPLETED": Phase.RESYNC_STARTED,
    "RESYNC_TRIGGER_FAILED": Phase.RESYNC_FAILED,
}
# An unknown status counts as running: the safe reading.
RUNNING = (Phase.COMPARING, Phase.RESYNC_STARTING, Phase.UNKNOWN)

RUN_FIRST = "Please run find mismatch first before generating report logs."
IN_PROGRESS = "Report cannot be downloaded as Find staging mismatch is still in progress."
FAILED = (
    "Report cannot be downloaded as Find staging mismatch process failed. Try to execute find-staging-mismatch again "
    "to trigger the mismatch generation process and download report once it is done."
)
NOT_ALL = (
    "Find mismatch is not completed for one or more subscribers. Please check the resync status for all subscribers "
    "before generating report logs."
)


def phase_of(subscriber: Subscriber) -> Phase:
    """Return the phase of a subscriber's last comparison or resync."""
    return _PHASES.get(subscriber.resync_status, Phase.UNKNOWN)


def record_of(subscriber: Subscriber) -> Row:
    """Return the subscriber as modules return it: the server's fields under our names, and the ``phase``."""
    return {**asdict(subscriber), "phase": phase_of(subscriber).value}


def report_refusal(subscriber: Subscriber) -> str | None:
    """Why no report can be made now, in the words of the vendor's own tool; None if one can."""
    phase = phase_of(subscriber)
    if phase is Phase.COMPARED:
        return None
    if phase in (Phase.COMPARING, Phase.UNKNOWN):
        return IN_PROGRESS
    return FAILED if phase is Phase.COMPARISON_FAILED else RUN_FIRST


def age_of(subscriber: Subscriber, now: datetime) -> float | None:
    """Seconds since ``lastResyncTime`` by the server's own clock ``now``; None where it was never set.

    A time ahead of that clock is of a run just now, or, where it is far ahead, of one that may be of any age: the clock
    was put back since. ``updated`` is no help: it moves for other reasons.
    """
    moved = parse_time(subscriber.last_resync_time)
    age = None if moved is None else (now - moved).total_seconds()
    return None if age is None or age < -MOST_AHEAD else max(0.0, age)


def is_fresh(subscriber: Subscriber, max_age: float, now: datetime) -> bool:
    """True where the last run is known to be no older than ``max_age`` seconds; 0 means that none is fresh enough."""
    age = age_of(subscriber, now)
    return max_age > 0 and age is not None and age <= max_age


def is_new_run(before: Subscriber, now: Subscriber) -> bool:
    """True where ``now`` shows a run that ``before`` did not: one in progress, or a moved ``lastResyncTime``.

    Whether that time moves at the start or at the end of a run is not documented, so either counts; a status alone may
    be left from an earlier run.
    """
    return phase_of(now) in RUNNING or now.last_resync_time != before.last_resync_time


def is_unmoved(before: Subscriber, now: Subscriber) -> bool:
    """True where nothing was started or ended between the two, as far as the server tells."""
    return (now.resync_status, now.last_resync_time) == (before.resync_status, before.last_resync_time)


def decide_comparison(subscriber: Subscriber, max_age: float, force: bool, now: datetime) -> str:
    """``join`` a comparison that runs, ``reuse`` one that is fresh, or ``trigger`` a new one.

    Raises DamError while a resync runs: a comparison now would find what is just being repaired.
    """
    phase = phase_of(subscriber)
    if phase is Phase.RESYNC_STARTING:
        raise DamError(
            f"A resync of '{subscriber.target_host}' is running, so it cannot be compared now. Wait for it with "
            "dam_resync, then run again."
        )
    if phase in RUNNING:
        return "join"
    return "reuse" if phase is Phase.COMPARED and not force and is_fresh(subscriber, max_age, now) else "trigger"


def decide_resync(subscriber: Subscriber, has_rows: bool, max_age: float, now: datetime) -> list[str]:
    """What is to be done, in order: some of ``trigger``, ``join``, ``wait_trigger`` and ``wait_operations``.

    Raises DamError where there is no completed comparison, no older than ``max_age`` seconds, to repair from.
    """
    phase = phase_of(subscriber)
    if phase is Phase.RESYNC_STARTING:
        return ["join", "wait_trigger", "wait_operations"]
    if phase is Phase.RESYNC_STARTED:
        return ["wait_operations"]
    if phase is not Phase.COMPARED:
        raise DamError(
            f"There is no completed comparison of '{subscriber.target_host}' to repair from: its status is "
            f"{subscriber.resync_status or 'empty'} ({phase.words}). Compare again first, with dam_find_mismatch."
        )
    if not has_rows:
        return []
    if not is_fresh(subscriber, max_age, now):
        age = age_of(subscriber, now)
        known = "of unknown age" if age is None else f"{age:.0f} s old"
        raise DamError(
            f"The last comparison of '{subscriber.target_host}' is {known}, and max_age is {max_age:g} s: the data may "
            "have changed since. Compare again first, with dam_find_mismatch."
        )
    return ["trigger", "wait_trigger", "wait_operations"]


def without_waits(steps: list[str], wait: bool, wait_for: str) -> list[str]:
    """The steps of a resync that the options ``wait`` and ``wait_for`` leave."""
    skipped = (
        {"operations": [], "trigger": ["wait_operations"]}[wait_for] if wait else ["wait_trigger", "wait_operations"]
    )
    return [step for step in steps if step not in skipped]


def choose(subscribers: list[Subscriber], subscriber_id: str | None, target_host: str | None) -> Subscriber:
    """Return the one subscriber that is meant; with both an id and a target host, both have to hold.

    Raises OptionError, which lists what there is, for none or more than one, and TargetHostChanged if the one with the
    id has another target host.
    """
    option, given = ("subscriber_id", subscriber_id) if subscriber_id else ("target_host", target_host or "")
    if subscriber_id:
        found = [one for one in subscribers if one.subscriber_id == subscriber_id]
    else:
        found = _at(subscribers, given)
    if len(found) == 1:
        if subscriber_id and target_host:
            _check_unchanged(found[0], target_host)
        return found[0]
    shown = ", ".join(f"{one.target_host} ({one.subscriber_id})" for one in subscribers[:20]) or "none at all"
    if found:
        raise OptionError(
            f"{option}: '{clean(given)}' fits {len(found)} subscribers. Name one by subscriber_id: {shown}."
        )
    raise UnknownSubscriber(f"{option}: the publisher has no subscriber '{clean(given)}'. It has: {shown}.")


def _check_unchanged(subscriber: Subscriber, target_host: str) -> None:
    if subscriber.target_host != target_host and not _at([subscriber], target_host):
        raise TargetHostChanged(
            f"target_host changed: the subscriber with the id '{clean(subscriber.subscriber_id)}' is registered with "
            f"'{clean(subscriber.target_host, 200)}', not with '{clean(target_host, 200)}'. Nothing was sent to "
            "either. Find out who changed the registration before you name the subscriber by its new target host."
        )


def _at(subscribers: list[Subscriber], address: str) -> list[Subscriber]:
    try:
        wanted = host_and_port(address)
    except DamError as error:
        raise OptionError(f"target_host: {error.message}") from None
    reached = []
    for one in subscribers:
        with suppress(DamError):  # a registration that leads nowhere is not the one that is meant
            reached.append((host_and_port(one.target_host), one))
    exact = [one for place, one in reached if place == wanted]
    return exact or [one for _place, one in reached if same_environment(one.target_host, address)]
