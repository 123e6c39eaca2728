# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the preflight: the two environments themselves, and staging between them. Pure, no I/O."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial

from .._dam.api import DELETE_SINCE, MISMATCHES_SINCE, OPERATIONS_SINCE, SUBSCRIBERS_SINCE, WINDOWS_SINCE
from .._dam.queue import Tally
from .._dam.records import Subscriber
from .._errors import DamError, ServerError
from .._staging.guards import Verdict, idle_subscriber, no_failed_operations
from .._staging.resync import CLOCKS_APART
from .._staging.states import RUNNING, Phase, age_of, decide_resync, phase_of
from .._text import clean, parse_time
from .._transport.address import same_environment
from .facts import ASPECTS, Environment, Facts, known
from .findings import FAILED, MOST_TEXT, OK, WARNING, Check, Finding, Preflight, span

# In which release the calls came that are needed (vendor's OpenAPI documents).
START_SINCE = "CF215"
NEEDED = {
    "publisher": (
        (SUBSCRIBERS_SINCE, "the subscribers"),
        (MISMATCHES_SINCE, "the mismatch logs"),
        (START_SINCE, "starting a comparison or a resync"),
    ),
    "subscriber": (
        (OPERATIONS_SINCE, "the operation queue"),
        (WINDOWS_SINCE, "the records that the publisher compares with"),
    ),
}
_API_VERSION = re.compile(r"1\.(\d{1,4})(?:\.|$)")

# A shorter cycle is always about to start.
SHORTEST_CYCLE = 10
# A cycle that is due within so many seconds is about to start.
SOON = 120.0
# A Date header has whole seconds, and an answer takes its time: differences up to this say nothing.
DATES_APART = timedelta(seconds=5)
SHOWN_ERROR = 300


def release_of(version: str | None) -> int | None:
    """The number of the DAM release: API version 1.N belongs to CF(N+188) (vendor's OpenAPI documents)."""
    found = _API_VERSION.match(version or "")
    return int(found[1]) + 188 if found else None


def _environment(facts: Facts, name: str) -> Environment:
    return facts.publisher if name == "publisher" else facts.subscriber


def _holds(environment: Environment, aspect: str) -> bool:
    """Whether an aspect holds. Raises DamError where an earlier one does not, so that nobody can tell."""
    failed = environment.failed
    if failed is not None and environment.unknown and ASPECTS.index(failed) < ASPECTS.index(aspect):
        raise environment.unknown
    return failed != aspect


def _prefix(name: str) -> str:
    return "" if name == "publisher" else "subscriber."


def _reachable(name: str, facts: Facts) -> Finding:
    environment = _environment(facts, name)
    if _holds(environment, "reachable"):
        return Finding(OK, f"The {name} answers at {environment.address}.")
    options = ", ".join(_prefix(name) + option for option in ("hostname", "dx_protocol", "dx_port", "ca_path"))
    return Finding(
        FAILED, environment.error.message, f"See that the {name} runs, and that {options} lead to it from here."
    )


def _login(name: str, facts: Facts) -> Finding:
    environment = _environment(facts, name)
    if _holds(environment, "login"):
        return Finding(OK, f"The login at the {name} works.")
    prefix = _prefix(name)
    remedy = f"Check {prefix}dx_username and {prefix}dx_password, or give a fresh {prefix}ltpa_token."
    return Finding(FAILED, environment.error.message, remedy)


def _administrator(name: str, facts: Facts) -> Finding:
    environment = _environment(facts, name)
    if _holds(environment, "administrator"):
        return Finding(OK, f"The account is an administrator at the {name}.")
    return Finding(FAILED, environment.error.message, f"Use an account that is an administrator of DAM at the {name}.")


def _release(name: str, facts: Facts) -> Finding:
    environment = _environment(facts, name)
    newest = NEEDED[name][-1 if name == "publisher" else 1][0]
    remedy = f"Bring the {name} to DAM release {newest} or newer. If it is, see to dam_api_version and dam_api_port."
    if not _holds(environment, "release"):
        return Finding(FAILED, environment.error.message, remedy)
    release = release_of(environment.version)
    shown = f"CF{release} (API {environment.version})" if release else "a release that it does not tell"
    missing = [f"{what} (since {since})" for since, what in NEEDED[name] if release and release < _number(since)]
    if missing:
        return Finding(FAILED, f"The {name} has DAM release {shown}, which lacks: {', '.join(missing)}.", remedy)
    asked = facts.has_mismatches if name == "publisher" else facts.queue
    if isinstance(asked, ServerError) and asked.status in (404, 405):
        return Finding(FAILED, asked.message, remedy)
    if name == "publisher" and release and release < _number(DELETE_SINCE):
        return Finding(
            WARNING,
            f"The publisher has DAM release {shown}, which cannot delete mismatch logs (since {DELETE_SINCE}): those "
            "of an earlier comparison may be counted again.",
            f"Bring the publisher to {DELETE_SINCE} or newer.",
        )
    needs = ", ".join(f"{what} since {since}" for since, what in NEEDED[name])
    return Finding(OK, f"The {name} has DAM release {shown} and the calls that are needed: {needs}.")


def _number(release: str) -> int:
    return int(release[2:])


def _clocks(facts: Facts) -> Finding:
    most = CLOCKS_APART.total_seconds()
    known = {one.name: one.ahead for one in (facts.publisher, facts.subscriber) if one.ahead is not None}
    apart = [
        f"the {name}'s is {span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} ours"
        for name, ahead in known.items()
        if abs(ahead) > most
    ]
    between = abs(known.get("publisher", 0.0) - known.get("subscriber", 0.0)) if len(known) == 2 else 0.0
    if between > most:
        apart.append(f"the two environments' are {span(between)} apart")
    if apart:
        return Finding(
            WARNING,
            f"Clocks differ by more than {span(most)}: {'; '.join(apart)}.",
            "Set the clocks by a time server: what happened before or after a comparison is told by them.",
        )
    if len(known) < 2:
        raise DamError("an environment did not tell its time.")
    return Finding(OK, f"The clocks of the two environments and ours are within {span(most)} of one another.")


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
    running = [one for one in facts.publisher.subscribers if phase_of(one) in RUNNING]
    if not running:
        return Finding(OK, "No comparison and no resync is running at the publisher.")
    shown = ", ".join(f"'{one.target_host}' has the status {one.resync_status}" for one in running[:10])
    text = f"Something is running at the publisher, which takes one comparison or resync at a time: {shown}."
    joined = {"compare": Phase.COMPARING, "resync": Phase.RESYNC_STARTING}[facts.params["before"]]
    if [one for one in running if one != facts.chosen or phase_of(one) is not joined]:
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
        if phase_of(one) is Phase.NEVER_COMPARED:
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
    if phase_of(one) is not Phase.COMPARED or since is None:
        raise DamError("there is no completed comparison, see comparison_age.")
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
    known(at_publisher)  # a queue that was not read shows nothing
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


CHECKS = (
    *(
        Check(f"{name}_{aspect}", partial(judge, name))
        for name in ("publisher", "subscriber")
        for aspect, judge in (
            ("reachable", _reachable),
            ("login", _login),
            ("release", _release),
            ("administrator", _administrator),
        )
    ),
    Check("clocks", _clocks, WARNING),
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


def judge(facts: Facts) -> Preflight:
    """Judge every check that matters for what comes next."""
    before = facts.params["before"]
    return Preflight(before, {check.name: _judge(check, facts) for check in CHECKS if before in check.before})


def _judge(check: Check, facts: Facts) -> Finding:
    try:
        finding = check.judge(facts)
    except DamError as error:
        finding = Finding(check.unjudged, f"Cannot be told: {error.message}", "Mend that first.")
    return Finding(finding.status, clean(finding.message, MOST_TEXT), finding.remedy)
