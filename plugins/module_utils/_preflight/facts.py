# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the preflight asks of both environments: reading only, and an error ends nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from typing import Any, TypeVar, Union

from .._dam.api import Dam
from .._dam.queue import Queue
from .._dam.records import Subscriber
from .._errors import DamError, ServerError, TargetHostChanged, Unreachable
from .._staging.guards import Verdict
from .._staging.resync import SyncQueue, sync_queue, two_way_staging
from .._staging.states import choose
from .._text import latest, parse_time

T = TypeVar("T")
# What was asked for, or why it did not come.
Found = Union[T, DamError]

# What has to hold of an environment, in this order: where one does not, the next cannot be told.
ASPECTS = ("reachable", "login", "release", "administrator")

# The publisher's operations that belong to comparisons, resyncs and staging (vendor's documentation).
OF_STAGING = (
    "findStagingMismatch",
    "initiateCollectionTreeTraversal",
    "findStagingPermissionsMismatch",
    "compareRecords",
    "resyncSubscriber",
    "initiateNextSync",
)
MOST_LOOKED_THROUGH = 10000


@dataclass
class Environment:
    """What one environment told: ``failed`` is the aspect that ended the questions, with ``error``.

    ``ahead`` is by how many seconds its clock is ahead of ours, None where it sends no ``Date``.
    """

    name: str
    address: str = ""
    failed: str | None = None
    error: DamError = field(default_factory=lambda: DamError(""))
    version: str | None = None
    ahead: float | None = None
    subscribers: list[Subscriber] = field(default_factory=list)

    @property
    def unknown(self) -> DamError | None:
        """Why nothing more can be known of it; None where it answers everything."""
        return None if self.failed is None else DamError(f"see {self.name}_{self.failed}.")


@dataclass
class Facts:
    """All that the checks are judged by. ``now`` is the publisher's clock, or ours where it gives none."""

    params: dict[str, Any]
    publisher: Environment
    subscriber: Environment
    chosen: Found[Subscriber]
    now: datetime
    has_mismatches: Found[bool]
    two_way: Found[Verdict]
    queue: Found[SyncQueue]
    newest_at_publisher: Found[datetime | None]


def known(value: Found[T]) -> T:
    """The value; raises the error that came in its place."""
    if isinstance(value, DamError):
        raise value
    return value


def attempt(question: Callable[[], T]) -> Found[T]:
    """The answer, or the error in its place."""
    try:
        return question()
    except DamError as error:
        return error


def ask(unknown: DamError | None, question: Callable[[], T]) -> Found[T]:
    """The answer, or the error in its place; if it is ``unknown`` why not, nothing is asked."""
    return attempt(question) if unknown is None else unknown


def survey(publisher: Dam, dam_at: Callable[[str], Dam], params: dict[str, Any]) -> Facts:
    """Ask both environments. ``dam_at`` gives the API of the environment with a target host.

    Raises TargetHostChanged, the one error that ends the questions: then nobody knows which host to ask.
    """
    source = _environment("publisher", publisher)
    chosen = ask(source.unknown, lambda: choose(source.subscribers, params["subscriber_id"], params["target_host"]))
    if isinstance(chosen, TargetHostChanged):
        raise chosen
    own = attempt(lambda: dam_at(_target_host(chosen, params)))
    target = _environment("subscriber", own)
    return Facts(
        params=params,
        publisher=source,
        subscriber=target,
        chosen=chosen,
        now=publisher.now(),
        has_mismatches=ask(source.unknown, lambda: bool(publisher.mismatches(0, 1, known(chosen).subscriber_id))),
        two_way=ask(target.unknown, lambda: two_way_staging(publisher, known(own), params["downstream_hosts"])),
        queue=ask(target.unknown, lambda: sync_queue(known(own))),
        # A whole queue to look through, for a check that is made before a resync only.
        newest_at_publisher=ask(source.unknown, lambda: _newest(publisher)) if params["before"] == "resync" else None,
    )


def _target_host(chosen: Found[Subscriber], params: dict[str, Any]) -> str:
    """Where the subscriber is to be found, registered or not."""
    if not isinstance(chosen, DamError):
        return chosen.target_host
    given = params["target_host"] or (params["subscriber"] or {}).get("hostname")
    if not given:
        raise DamError(
            "It is not known where the subscriber is: its registration was not found, and neither target_host nor "
            "subscriber.hostname is given."
        )
    return str(given)


def _environment(name: str, dam: Found[Dam]) -> Environment:
    if isinstance(dam, DamError):
        return Environment(name, failed="reachable", error=dam)
    found = Environment(name, dam.client.connection.addresses[0])
    logged_in = False
    try:
        dam.client.login()
        logged_in = True
        found.version = _version(dam)
        found.ahead = (dam.date - datetime.now(timezone.utc)).total_seconds() if dam.date else None
        found.subscribers = dam.subscribers()
    except DamError as error:
        by_token = not dam.client.connection.authentication.renewable
        found.failed, found.error = aspect_of(error, logged_in, by_token), error
    return found


def _version(dam: Dam) -> str | None:
    try:
        return dam.api_version()
    except ServerError as error:
        if error.status in (403, 404, 405):
            return None
        raise


def aspect_of(error: DamError, logged_in: bool, by_token: bool) -> str:
    """Which of the aspects an error speaks against; ``by_token`` where a token was given and no password."""
    status = error.status if isinstance(error, ServerError) else None
    if isinstance(error, Unreachable) or status is None:
        return "reachable"
    if not logged_in or (by_token and status == 401):
        return "login" if status in (400, 401, 403) else "reachable"
    if status in (401, 403):
        return "administrator"
    return "release" if status in (400, 404, 405) else "reachable"


def _newest(publisher: Dam) -> datetime | None:
    """When the youngest operation was created that is not staging's own."""
    newest = None
    for operation in islice(Queue(publisher).operations(), MOST_LOOKED_THROUGH):
        if not operation.is_sync and operation.trigger_function not in OF_STAGING:
            newest = latest(newest, parse_time(operation.created))
    return newest
