# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds a comparison: the old logs before it, and what may be said after it."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.dxops.dam_staging.plugins.module_utils._api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._counts import count_mismatches, delete_logs
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, NotSupported
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging import is_unmoved
from ansible_collections.dxops.dam_staging.plugins.module_utils._types import Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._wait import Waiter


def without_logs(dam: Dam, before: Subscriber, waiter: Waiter, warn: Callable[[str], None]) -> tuple[Subscriber, bool]:
    """Delete the subscriber's old logs: the subscriber as it is then, and whether they are gone.

    The subscriber is read again, since whether a deletion changes its status is not documented.
    """
    try:
        delete_logs(dam, before.subscriber_id, waiter.clock, waiter.sleep)
    except NotSupported as error:
        warn(f"delete_previous: {error.message} The old logs stay, and may be counted again.")
        return before, False
    return dam.subscriber(before.subscriber_id), True


def verdict(dam: Dam, subscriber: Subscriber, seen_to_end: bool) -> dict[str, Any]:
    """What a completed comparison found.

    No rows mean in sync (vendor's documentation), but only to who saw the comparison end: logs can have been deleted
    since, and whether that resets the status is not documented. Raises DamError where something else was started before
    they were counted, since that deletes them first.
    """
    count = count_mismatches(dam, subscriber.subscriber_id)
    if seen_to_end and not count:
        now = dam.subscriber(subscriber.subscriber_id)
        if not is_unmoved(subscriber, now):
            raise DamError(
                f"What the comparison of '{subscriber.target_host}' found is not known: before its mismatch logs were "
                f"counted, the status went from {subscriber.resync_status} to {now.resync_status or 'empty'}. Let that "
                "end, then run again.",
                last=now.resync_status,
            )
    return {
        "mismatch_count": count,
        "in_sync": False if count else (True if seen_to_end else None),
        "compared_at": subscriber.last_resync_time or (dam.now().isoformat() if seen_to_end else None),
    }
