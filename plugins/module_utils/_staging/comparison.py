# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds a comparison: the old logs before it, and what may be said after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._dam.api import Dam
from .._dam.mismatches import count_mismatches, delete_logs
from .._dam.records import Subscriber
from .._errors import DamError, NotSupported
from .._waiting import Waiter
from .states import RUNNING, is_unmoved, phase_of


def without_logs(dam: Dam, before: Subscriber, waiter: Waiter, warn: Callable[[str], None]) -> tuple[Subscriber, bool]:
    """Delete the subscriber's old logs: the subscriber as it is then, and whether they are gone.

    The subscriber is read again, since whether a deletion changes its status is not documented. Raises DamError where
    something runs by then: what a comparison had found until the deletion has gone with the old logs.
    """
    try:
        delete_logs(dam, before.subscriber_id, waiter.clock, waiter.sleep)
    except NotSupported as error:
        warn(f"delete_previous: {error.message} The old logs stay, and may be counted again.")
        return before, False
    now = dam.subscriber(before.subscriber_id)
    if phase_of(now) in RUNNING:
        raise DamError(
            f"No comparison was started: while the old mismatch logs of '{before.target_host}' were deleted, somebody "
            f"else started something, and the status went to {now.resync_status}. What a comparison had found until "
            "then is gone with them, so what it leaves proves nothing. Let it end, then run again with force=true.",
            changed=True,
            last=now.resync_status,
        )
    return now, True


@dataclass
class Rows:
    """Whether there were mismatch logs while a comparison ran: somebody may delete them before its end is seen.

    ``kept`` tells that old logs were left in place, which the comparison may replace, so that there is nothing to be
    seen in them; ``theirs`` that somebody else started it, so that nobody here knows whether there were old ones.
    """

    dam: Dam
    subscriber_id: str
    warn: Callable[[str], object]
    theirs: bool = True
    kept: bool = False
    seen: bool = False
    unanswered: int = 0

    def look(self) -> None:
        """Ask for one, unless one was seen already. No answer tells nothing; two, and it is not asked any more."""
        if self.seen or self.kept or self.unanswered > 1:
            return
        try:
            self.seen = bool(self.dam.mismatches(0, 1, self.subscriber_id))
        except DamError:
            self.unanswered += 1


def verdict(dam: Dam, subscriber: Subscriber, rows: Rows | None = None) -> dict[str, Any]:
    """What a completed comparison found; with ``rows`` one that was seen to end.

    No rows mean in sync (vendor's documentation), but only to who saw the comparison end: logs can have been deleted
    since, and whether that resets the status is not documented. Raises DamError where something else was started before
    they were counted, since that deletes them first, and where there are none though there were while it ran.
    """
    count = count_mismatches(dam, subscriber.subscriber_id)
    proven = rows is not None
    if rows is not None and not count:
        now = dam.subscriber(subscriber.subscriber_id)
        if not is_unmoved(subscriber, now):
            raise DamError(
                f"What the comparison of '{subscriber.target_host}' found is not known: before its mismatch logs were "
                f"counted, the status went from {subscriber.resync_status} to {now.resync_status or 'empty'}. Let that "
                "end, then run again.",
                last=now.resync_status,
            )
        if rows.seen:
            or_old = ", or they were old ones" if rows.theirs else ""
            unknown = (
                f"What the comparison of '{subscriber.target_host}' found is not known: while it ran there were "
                f"mismatch logs, and now there are none. Somebody has deleted them{or_old}. Run again with force=true."
            )
            if not rows.theirs:
                raise DamError(unknown, last=now.resync_status)
            rows.warn(unknown)
            proven = False
    return {
        "mismatch_count": count,
        "in_sync": False if count else (True if proven else None),
        "compared_at": subscriber.last_resync_time or (dam.now().isoformat() if rows is not None else None),
    }
