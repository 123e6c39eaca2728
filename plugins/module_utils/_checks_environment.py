# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the two environments themselves: do they answer, as whom, of what release, at what time. Pure, no I/O."""

from __future__ import annotations

import re
from functools import partial

from ._dam.api import DELETE_SINCE, MISMATCHES_SINCE, OPERATIONS_SINCE, SUBSCRIBERS_SINCE
from ._errors import DamError, ServerError
from ._findings import FAILED, OK, WARNING, Check, Finding, span
from ._staging.resync import CLOCKS_APART
from ._survey import ASPECTS, Environment, Facts

# In which release the calls came that are needed (vendor's OpenAPI documents).
START_SINCE = "CF215"
RECORDS_SINCE = "CF213"
NEEDED = {
    "publisher": (
        (SUBSCRIBERS_SINCE, "the subscribers"),
        (MISMATCHES_SINCE, "the mismatch logs"),
        (START_SINCE, "starting a comparison or a resync"),
    ),
    "subscriber": (
        (OPERATIONS_SINCE, "the operation queue"),
        (RECORDS_SINCE, "the records that the publisher compares with"),
    ),
}
_API_VERSION = re.compile(r"1\.(\d{1,4})(?:\.|$)")


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


ENVIRONMENT_CHECKS = (
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
)
