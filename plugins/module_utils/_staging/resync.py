# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a resync needs from both environments: the guards' facts before it, and what failed in it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .._dam.api import Dam
from .._dam.mismatches import Planned
from .._dam.queue import Queue, Tally
from .._dam.records import Operation, Subscriber
from .._errors import DamError
from .._text import latest, parse_time
from .._waiting import Waiter
from .guards import Verdict, delete_percent, deletions, fuse, idle_subscriber, no_failed_operations, two_way

# So far an operation's time may be before the publisher's for the run, when what their clocks differ by is taken away.
CLOCKS_APART = timedelta(minutes=5)

Belongs = Callable[[Operation], bool]


def judge(publisher: Dam, subscriber: Dam, planned: Planned, params: dict[str, Any]) -> tuple[list[Verdict], Belongs]:
    """Every guard's verdict on a resync, and what tells its operations from those that had failed before it."""
    queue = sync_queue(subscriber)
    verdicts = [
        two_way_staging(publisher, subscriber, params["downstream_hosts"]),
        idle_subscriber(queue.in_progress),
        no_failed_operations(queue.failed, params["allow_failed_operations"]),
        fuse("max_mismatches", params["max_mismatches"], planned.total, "change"),
        deletions(params["max_deletes"], planned),
        *delete_percent(params["max_delete_percent"], planned, subscriber.record_total),
    ]
    return verdicts, lambda operation: operation.operation_id not in queue.failed_ids


@dataclass
class SyncQueue:
    """What staging and resyncs have left in a subscriber's queue; ``newest`` is when the youngest of it was created."""

    in_progress: Tally = field(default_factory=Tally)
    failed: Tally = field(default_factory=Tally)
    failed_ids: set[str] = field(default_factory=set)
    newest: datetime | None = None


def sync_queue(subscriber: Dam) -> SyncQueue:
    """Look through all sync operations of a subscriber once."""
    queue = SyncQueue()
    for operation in Queue(subscriber, "sync").operations():
        if operation.in_progress:
            queue.in_progress.add(operation)
        elif operation.status == "FAILED":
            queue.failed.add(operation)
            queue.failed_ids.add(operation.operation_id)
        queue.newest = latest(queue.newest, parse_time(operation.created))
    return queue


def two_way_staging(publisher: Dam, subscriber: Dam, downstream_hosts: list[str]) -> Verdict:
    """Ask the subscriber for its own subscribers; no answer is a refusal too."""
    where = subscriber.client.connection.addresses[0]
    try:
        own = subscriber.subscribers()
    except DamError as error:
        return Verdict(
            "two_way_staging",
            "refused",
            f"The subscriber {where} did not tell whether it publishes back to the publisher, and with two-way staging "
            f"a resync loses assets on both sides: {error.message}",
        )
    return two_way(publisher.client.connection.addresses, where, own, downstream_hosts)


def refuse(verdicts: list[Verdict]) -> None:
    """Raise one DamError that names every guard that refused."""
    refused = [verdict.message for verdict in verdicts if verdict.status == "refused"]
    if refused:
        raise DamError(" ".join(["Nothing was changed: the resync was not started.", *refused]))


def created_since(run: Subscriber, publisher: Dam, subscriber: Dam) -> Belongs:
    """Tells the operations of a resync that was found under way or done, by the time that the publisher gives for it.

    If there is no time to go by, every operation counts. Each clock is compared with ours right after an answer: the
    publisher's here, the subscriber's when the first operation has come.
    """
    moved = parse_time(run.last_resync_time)
    there = _ahead(publisher)
    skew: timedelta | None = None

    def belongs(operation: Operation) -> bool:
        nonlocal skew
        if skew is None:
            here = _ahead(subscriber)
            skew = timedelta(0) if here is None or there is None else here - there
        created = parse_time(operation.created)
        return moved is None or created is None or moved - created + skew <= CLOCKS_APART

    return belongs


def _ahead(dam: Dam) -> timedelta | None:
    """By how much the clock of an environment that has just answered is ahead of ours; None where it sends no time."""
    return None if dam.date is None else dam.date - datetime.now(timezone.utc)


def drain(subscriber: Dam, scope: str, waiter: Waiter, belongs: Belongs) -> tuple[dict[str, Any], str | None]:
    """Wait for the subscriber's queue: what is left in it, and a sentence where operations of the resync failed.

    ``belongs`` tells which of the failed sync operations are of this resync.
    """
    left = Queue(subscriber, scope).wait_until_idle(waiter, subscriber.client.connection.hostname)
    failed = Tally()
    for operation in Queue(subscriber, "sync").operations("FAILED"):
        if operation.status == "FAILED" and belongs(operation):
            failed.add(operation)
    found = {
        "operation_counts": left.by_status,
        "failed_operations": failed.failures(),
        "failed_operation_count": failed.failed_count,
    }
    if not failed.failed_count:
        return found, None
    return found, (
        f"{failed.failed_count} operations of the resync failed at the subscriber ({failed.in_words()}), the first "
        f"with the error: {failed.failed[0].error_info or 'no error given'}. What they were to repair still differs."
    )
