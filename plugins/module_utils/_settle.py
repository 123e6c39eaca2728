# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a publisher and a subscriber are quiet, so that a comparison can begin."""

from __future__ import annotations

from ._dam.api import Dam
from ._dam.queue import SHARE, Queue
from ._dam.records import Subscriber
from ._errors import DamError
from ._staging import RUNNING, State, state_of
from ._waiting import Look, Waiter


def look(publisher: Dam, subscriber: Dam, subscriber_id: str, first_sync: bool = False) -> Look[Subscriber]:
    """What is still running, in a few words, or ``quiet``.

    A comparison of this very subscriber does not count: it can be joined. Everything else has to end first, since a
    publisher takes one comparison or resync at a time, and what is being staged shows up as a mismatch (vendor's
    documentation). With ``first_sync`` staging has to have reached the subscriber too: right after a registration an
    idle queue proves nothing.
    """
    me = None
    busy: str | None = None
    for one in publisher.subscribers():
        if one.subscriber_id == subscriber_id:
            me = one
        if state_of(one) in RUNNING and not (one is me and state_of(one) is State.COMPARING):
            busy = busy or f"{one.target_host}: {one.resync_status}"
    if me is None:
        raise DamError(f"The publisher has no subscriber {subscriber_id} any more: it was deregistered meanwhile.")
    if busy is not None:
        return Look(busy, False, me)
    if first_sync and me.last_sync_time is None:
        return Look("not staged yet", False, me)
    queue = Queue(subscriber, "sync").look()
    return Look("quiet" if queue.done else f"sync operations: {queue.status}", queue.done, me, queue.left)


def settle(publisher: Dam, subscriber: Dam, known: Subscriber, waiter: Waiter, first_sync: bool) -> Subscriber:
    """Wait until nothing is in the way; raises TimedOut, which names what still is, or the error that lasted."""
    what = f"the publisher and '{known.target_host}' to have nothing running"
    return waiter.until(lambda: look(publisher, subscriber, known.subscriber_id, first_sync), what, SHARE)
