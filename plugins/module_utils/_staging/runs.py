# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a comparison or a resync: started once, joined if it already runs, and followed to its end."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .._dam.api import Dam
from .._dam.queue import SHARE, Queue
from .._dam.records import Subscriber
from .._errors import DamError, ServerError, Unreachable, fate_unknown
from .._waiting import Look, Waiter, look_for
from .states import COMPARISON_START, RESYNC_START, RUNNING, Phase, is_new_run, is_unmoved, phase_of, record_of

# So long is looked whether a trigger arrived whose answer did not.
LOOK_FOR = 10.0
LOOK_EVERY = 1.0
MOST_LOOKED_THROUGH = 10000


@dataclass(frozen=True)
class Kind:
    """What tells a comparison from a resync: its trigger, and the states that a run of it goes through.

    One that changes data is sent only after one more look, and never again.
    """

    name: str
    trigger: str
    running: Phase
    done: Phase
    failed: Phase
    changes_data: bool


COMPARISON = Kind(
    "comparison", COMPARISON_START, Phase.COMPARING, Phase.COMPARED, Phase.COMPARISON_FAILED, changes_data=False
)
RESYNC = Kind(
    "resync", RESYNC_START, Phase.RESYNC_STARTING, Phase.RESYNC_STARTED, Phase.RESYNC_FAILED, changes_data=True
)


@dataclass(frozen=True)
class Started:
    """A run that is under way: the subscriber as last seen, whether we sent the trigger, whether we joined a run."""

    subscriber: Subscriber
    triggered: bool
    joined: bool


def start(dam: Dam, before: Subscriber, kind: Kind, waiter: Waiter) -> Started:
    """Send the trigger once, and where its fate is unknown look whether it arrived before anything else is done.

    A comparison that did not arrive is sent once more; a resync is not, since it changes data, and it is sent only
    where nothing was started since ``before``. Raises ServerError where the server refused, DamError where the trigger
    did not arrive, or where nobody answers the question whether it did.
    """
    meanwhile = look_again(dam, before, kind) if kind.changes_data else None
    if meanwhile is not None:
        return meanwhile
    attempts = 1 if kind.changes_data else 2
    lost = False
    while True:
        attempts -= 1
        try:
            return Started(dam.set_resync_status(before.subscriber_id, kind.trigger), triggered=True, joined=False)
        except (Unreachable, ServerError) as error:
            conflict = isinstance(error, ServerError) and error.status == 409
            if not conflict and not fate_unknown(error):
                raise
            found = _arrived(dam, before, waiter, error.message)
            if found is not None:
                # Where a trigger of ours went astray before, a conflict now is most likely with that one.
                return Started(found, triggered=lost or not conflict, joined=True)
            if conflict:
                raise DamError(
                    f"{error.message} So something is running at the publisher, but not for this subscriber: it "
                    "takes one comparison or resync at a time. Wait for the other one to end, then run again.",
                    **error.context,
                ) from None
            if not attempts:
                raise DamError(
                    f"The {kind.name} was not started: {error.message} For {LOOK_FOR:g} s after that, the subscriber "
                    f"'{before.target_host}' showed no new run. Nothing was changed, and running again is safe.",
                    **error.context,
                ) from None
            lost = True


def look_again(dam: Dam, before: Subscriber, kind: Kind) -> Started | None:
    """A run of this kind that somebody else started since ``before``, be it over or not; None where one may be sent.

    Raises DamError where something else was started: what the guards of a resync found holds for the comparison that
    they looked at, and nothing can be compared while a resync runs.
    """
    now = dam.subscriber(before.subscriber_id)
    state = phase_of(now)
    if is_unmoved(before, now):
        return None
    if is_new_run(before, now) and state in (kind.running, kind.done):
        return Started(now, triggered=False, joined=True)
    if not kind.changes_data and state not in RUNNING:
        return None
    was, is_ = (f"{one.resync_status or 'empty'} ({one.last_resync_time or 'no time'})" for one in (before, now))
    raise DamError(
        f"Nothing was changed: the {kind.name} was not started. While it was checked, the status of "
        f"'{before.target_host}' went from {was} to {is_}: something else was started. Let that end, then run again.",
        last=now.resync_status,
    )


def _arrived(dam: Dam, before: Subscriber, waiter: Waiter, why: str) -> Subscriber | None:
    def look() -> Subscriber | None:
        now = dam.subscriber(before.subscriber_id)
        return now if is_new_run(before, now) else None

    return look_for(look, waiter.clock, waiter.sleep, LOOK_FOR, LOOK_EVERY, waiter.patience, why)


class Stage(enum.Enum):
    """How much of a run was seen so far."""

    UNSEEN = "nothing was seen of the run"
    STARTED = "the run was joined, or the answer to the trigger shows it"
    DOUBTED = "an end that equals the record before the trigger was read once"
    RUNNING = "a running status was read"
    ENDED = "the run has ended, or another one has taken its place"


class Reading(enum.Enum):
    """What one reading of the subscriber says, compared with the record before the trigger."""

    RUNNING = "a running status of this kind, or an unknown one"
    NEW = "something else runs, or status and time belong to something newer"
    CHANGED = "another status than before, with the time from before"
    SAME_END = "an end of this kind, with the status and the time from before"
    LEFT_OVER = "the status from before, which is no end of this kind"


# Whether lastResyncTime moves at the start or at the end of a run is not documented, and a status can be left from an
# earlier run or come from a server that lags behind: so the record from before is believed only when it is read twice.
TRANSITIONS = {
    Stage.UNSEEN: {
        Reading.RUNNING: Stage.RUNNING,
        Reading.NEW: Stage.ENDED,
        Reading.CHANGED: Stage.UNSEEN,
        Reading.SAME_END: Stage.UNSEEN,
        Reading.LEFT_OVER: Stage.UNSEEN,
    },
    Stage.STARTED: {
        Reading.RUNNING: Stage.RUNNING,
        Reading.NEW: Stage.ENDED,
        Reading.CHANGED: Stage.ENDED,
        Reading.SAME_END: Stage.DOUBTED,
        Reading.LEFT_OVER: Stage.STARTED,
    },
    Stage.DOUBTED: {
        Reading.RUNNING: Stage.RUNNING,
        Reading.NEW: Stage.ENDED,
        Reading.CHANGED: Stage.ENDED,
        Reading.SAME_END: Stage.ENDED,
        Reading.LEFT_OVER: Stage.DOUBTED,
    },
    Stage.RUNNING: {
        Reading.RUNNING: Stage.RUNNING,
        Reading.NEW: Stage.ENDED,
        Reading.CHANGED: Stage.ENDED,
        Reading.SAME_END: Stage.ENDED,
        Reading.LEFT_OVER: Stage.ENDED,
    },
}


class Run:
    """A run of one kind, from its start to its end, as far as the readings show it."""

    def __init__(self, before: Subscriber, started: Started, kind: Kind) -> None:
        self._before = before
        self._kind = kind
        self.stage = Stage.UNSEEN
        if started.joined and phase_of(started.subscriber) in (kind.running, Phase.UNKNOWN):
            self.stage = Stage.RUNNING
        elif started.joined or is_new_run(before, started.subscriber):
            self.stage = Stage.STARTED

    def take(self, now: Subscriber) -> Stage:
        """Take the next reading of the subscriber and return the stage that it leads to."""
        self.stage = TRANSITIONS[self.stage][self.reading_of(now)]
        return self.stage

    def reading_of(self, now: Subscriber) -> Reading:
        """Return what a reading says."""
        phase = phase_of(now)
        if phase in (self._kind.running, Phase.UNKNOWN):
            return Reading.RUNNING
        if phase in RUNNING:
            return Reading.NEW
        moved = now.last_resync_time != self._before.last_resync_time
        if now.resync_status != self._before.resync_status:
            return Reading.NEW if moved else Reading.CHANGED
        if phase not in (self._kind.done, self._kind.failed):
            return Reading.LEFT_OVER
        return Reading.NEW if moved else Reading.SAME_END


def follow(
    dam: Dam,
    before: Subscriber,
    started: Started,
    kind: Kind,
    waiter: Waiter,
    while_running: Callable[[], Any] = lambda: None,
) -> Subscriber:
    """Wait for the end of a run and return the subscriber as it was then.

    ``while_running`` is called after each reading that shows the run. Raises DamError if the run failed or another one
    took its place, TimedOut or the lasting error if its end was not seen.
    """
    where = f"for '{before.target_host}'"
    run = Run(before, started, kind)

    def poll() -> Look[Subscriber]:
        now = dam.subscriber(before.subscriber_id)
        if run.take(now) is Stage.RUNNING:
            while_running()
        return Look(now.resync_status or "(none)", run.stage is Stage.ENDED, now)

    try:
        end = waiter.until(poll, f"the {kind.name} {where} to end")
        if phase_of(end) is kind.failed:
            raise _ended(f"The {kind.name} {where} failed: its status is {end.resync_status}.", end, waiter)
    except DamError as error:
        if kind is not COMPARISON:
            raise
        advice = _diagnosis(dam)
        raise DamError(error.message + advice, **{**error.context, "too_much_data": bool(advice)}) from error
    if phase_of(end) is not kind.done:
        raise _ended(
            f"The {kind.name} {where} was not seen to end: meanwhile its status went to "
            f"{end.resync_status or 'empty'}, so something else was started. Let that end, then run again.",
            end,
            waiter,
        )
    return end


def _ended(message: str, end: Subscriber, waiter: Waiter) -> DamError:
    return DamError(message, last=end.resync_status, subscriber=record_of(end), duration=waiter.elapsed)


def _diagnosis(dam: Dam) -> str:
    """Why a comparison may have failed or taken so long, with the vendor's advice; empty where nothing tells.

    The vendor's documentation names these operations as the sign of too much data. A publisher that cannot be asked
    now is no reason for a second error.
    """
    failed = 0
    try:
        for operation in islice(Queue(dam).operations("FAILED"), MOST_LOOKED_THROUGH):
            failed += operation.trigger_function == "findStagingMismatch" and operation.retry_counter > 0
    except DamError:
        return ""
    if not failed:
        return ""
    return (
        f" On the publisher, {failed} findStagingMismatch operations have failed after retries: there may be too much "
        "data to compare. For that the vendor advises to deregister the subscriber and register it again, so that "
        "staging copies everything."
    )


def poll_settled(publisher: Dam, subscriber: Dam, subscriber_id: str, first_sync: bool) -> Look[Subscriber]:
    """Return what is still running, in a few words, or ``quiet``.

    A comparison of this subscriber does not count: it can be joined. Everything else has to end first, since a
    publisher takes one comparison or resync at a time, and what is being staged shows up as a mismatch (vendor's
    documentation). With ``first_sync`` staging has to have reached the subscriber too: right after a registration an
    idle queue proves nothing. Raises DamError if the publisher does not have the subscriber.
    """
    me = None
    busy: str | None = None
    for one in publisher.subscribers():
        phase = phase_of(one)
        mine = one.subscriber_id == subscriber_id
        if mine:
            me = one
        if phase in RUNNING and not (mine and phase is Phase.COMPARING):
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
    return waiter.until(lambda: poll_settled(publisher, subscriber, known.subscriber_id, first_sync), what, SHARE)
