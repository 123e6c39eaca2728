# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of staging between the two environments: may a comparison or a resync begin now. Pure, no I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

from ._dam.queue import Tally
from ._dam.records import Subscriber
from ._errors import DamError
from ._findings import FAILED, OK, WARNING, Check, Finding, span
from ._staging.guards import Verdict, idle_subscriber, no_failed_operations
from ._staging.states import RUNNING, State, age_of, decide_resync, state_of
from ._survey import Facts, known
from ._text import clean, parse_time
from ._transport.address import same_environment

# A shorter cycle is always about to start.
SHORTEST_CYCLE = 10
# A cycle that is due within so many seconds is about to start.
SOON = 120.0
# A Date header has whole seconds, and an answer takes its time: differences up to this say nothing.
DATES_APART = timedelta(seconds=5)
SHOWN_ERROR = 300


def _registered(facts: Facts) -> Finding:
    if facts.publisher.unknown:
        raise facts.publisher.unknown
    if isinstance(facts.chosen, DamError):
        return Finding(FAILED, facts.chosen.message, "Name one of those, or register it with dam_subscriber.")
    return Finding(OK, f"The publisher has the subscriber '{facts.chosen.target_host}'.")


def _one(facts: Facts) -> Subscriber:
    if isinstance(facts.chosen, DamError):
        raise facts.publisher.unknown or DamError("see subscriber_registered.")
    return facts.chosen


def _enabled(facts: Facts) -> Finding:
    one = _one(facts)
    if one.enabled:
        return Finding(OK, f"The publisher stages to '{one.target_host}'.")
    return Finding(
        FAILED,
        f"Staging to '{one.target_host}' is switched off at the publisher.",
        "Switch it on: dam_subscriber with enabled=true.",
    )


def _host(facts: Facts) -> Finding:
    one, address = _one(facts), facts.subscriber.address
    if not address:
        raise DamError("see subscriber_reachable.")
    if same_environment(one.target_host, address):
        return Finding(OK, f"The subscriber is looked at where the publisher stages to, {address}.")
    return Finding(
        WARNING,
        f"The subscriber is looked at on {address}, while the publisher stages to '{one.target_host}'.",
        "Make sure that both are one environment: what is checked here is the first of them.",
    )


def _guard(verdict: Verdict, remedy: str) -> Finding:
    return Finding(FAILED, verdict.message, remedy) if verdict.status == "refused" else Finding(OK, verdict.message)


def _two_way(facts: Facts) -> Finding:
    return _guard(
        known(facts.two_way),
        "Deregister the direction that is not wanted. A third environment in a chain is named in downstream_hosts.",
    )


def _nothing_running(facts: Facts) -> Finding:
    if facts.publisher.unknown:
        raise facts.publisher.unknown
    running = [one for one in facts.publisher.subscribers if state_of(one) in RUNNING]
    if not running:
        return Finding(OK, "No comparison and no resync is running at the publisher.")
    shown = ", ".join(f"'{one.target_host}' has the status {one.resync_status}" for one in running[:10])
    text = f"Something is running at the publisher, which takes one comparison or resync at a time: {shown}."
    joined = {"compare": State.COMPARING, "resync": State.RESYNCING}[facts.params["before"]]
    if [one for one in running if one != facts.chosen or state_of(one) is not joined]:
        return Finding(FAILED, text, "Wait for it to end, with dam_find_mismatch or dam_resync for that subscriber.")
    return Finding(WARNING, text, "Nothing needs to be done: it will be joined.")


def _operations_in_progress(facts: Facts) -> Finding:
    remedy = "Wait with dam_operations_info (wait=true, operation_scope=sync) at the subscriber."
    return _guard(idle_subscriber(known(facts.queue).in_progress), remedy)


def _failed_operations(facts: Facts) -> Finding:
    failed = known(facts.queue).failed
    if not failed.failed_count:
        return Finding(OK, "No sync operation has failed at the subscriber.")
    refused = no_failed_operations(failed, facts.params["allow_failed_operations"]).status == "refused"
    return Finding(
        FAILED if refused else WARNING,
        f"{failed.failed_count} sync operations have failed at the subscriber: {_errors(failed)}.",
        "Mend the cause. The server removes failed operations after a time of its own, 24 h by default; "
        "allow_failed_operations=true goes on nevertheless.",
    )


def _errors(failed: Tally) -> str:
    shown = [
        f"{one.trigger_function}: {clean(one.error_info or 'no error given', SHOWN_ERROR)}" for one in failed.failed
    ]
    more = failed.failed_count - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more > 0 else shown)


def _comparison_age(facts: Facts) -> Finding:
    one = _one(facts)
    age = age_of(one, facts.now)
    old = "of unknown age" if age is None else f"{span(age)} old"
    if facts.params["before"] == "compare":
        if state_of(one) is State.NEVER:
            return Finding(OK, f"'{one.target_host}' was never compared.")
        return Finding(OK, f"The last comparison or resync of '{one.target_host}' is {old}: {one.resync_status}.")
    try:
        steps = decide_resync(one, known(facts.has_mismatches), facts.params["max_age"], facts.now)
    except DamError as error:
        return Finding(FAILED, error.message, "Compare with dam_find_mismatch, then go on at once.")
    if not steps:
        return Finding(OK, "The last comparison has no mismatches: there is nothing to repair.")
    if "trigger" in steps:
        return Finding(OK, f"The comparison to repair from is {old}.")
    return Finding(
        WARNING,
        f"A resync of '{one.target_host}' was started since the last comparison: {one.resync_status}.",
        "dam_resync waits for it and starts none. For another one, compare again first.",
    )


def _authoring(facts: Facts) -> Finding:
    one, queue = _one(facts), known(facts.queue)
    since = parse_time(one.last_resync_time)
    if state_of(one) is not State.COMPARED or since is None:
        raise DamError("there is no completed comparison to hold it against, see comparison_age.")
    skew = timedelta(seconds=(facts.subscriber.ahead or 0.0) - (facts.publisher.ahead or 0.0))
    at_publisher = facts.newest_at_publisher
    signs = []
    if queue.newest is not None and queue.newest - since > DATES_APART + skew:
        signs.append(f"the subscriber has been given a sync operation ({_clock_time(queue.newest)})")
    if isinstance(at_publisher, datetime) and at_publisher - since > DATES_APART:
        signs.append(f"the publisher has an operation that is not staging's ({_clock_time(at_publisher)})")
    if signs:
        return Finding(
            WARNING,
            f"Since the comparison ({_clock_time(since)}) {' and '.join(signs)}: somebody may be authoring.",
            "Have nobody author on the publisher from the comparison to the end of the resync, and compare again.",
        )
    return Finding(
        OK, "Nothing in the two queues is younger than the comparison. What leaves no operation is not seen."
    )


def _clock_time(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def _staging_cycle(facts: Facts) -> Finding:
    one = _one(facts)
    if not one.enabled or one.cycle_length is None or one.cycle_length < SHORTEST_CYCLE:
        return Finding(OK, f"No staging cycle of {SHORTEST_CYCLE} minutes or more is about to start.")
    left = _until_next_cycle(one, facts.now)
    if left is not None and left > SOON:
        return Finding(OK, f"The next staging cycle, one every {one.cycle_length} minutes, is due in {span(left)}.")
    when = "at a time that is not known" if left is None else f"in {span(left)}"
    return Finding(
        WARNING,
        f"The next staging cycle, one every {one.cycle_length} minutes, is due {when}: what it brings shows up as "
        "mismatches for as long as it is on its way.",
        "Wait until it is through, then go on.",
    )


def _until_next_cycle(one: Subscriber, now: datetime) -> float | None:
    """Seconds to the next cycle, reckoned from the last one (inferred); None where there was none."""
    last = parse_time(one.last_sync_time)
    if last is None or one.cycle_length is None:
        return None
    cycle = one.cycle_length * 60.0
    return cycle - (now - last).total_seconds() % cycle


STAGING_CHECKS = (
    Check("subscriber_registered", _registered),
    Check("subscriber_enabled", _enabled),
    Check("subscriber_host", _host, WARNING),
    Check("two_way_staging", _two_way),
    Check("nothing_running", _nothing_running),
    Check("operations_in_progress", _operations_in_progress),
    Check("failed_operations", _failed_operations, before=("resync",)),
    Check("comparison_age", _comparison_age),
    Check("authoring", _authoring, WARNING, before=("resync",)),
    Check("staging_cycle", _staging_cycle, WARNING),
)
