# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a user and lost data: judged before a resync is triggered. No I/O of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._dam.mismatches import Planned
from .._dam.queue import Tally
from .._dam.records import Subscriber
from .._errors import DamError, OptionError
from .._transport.address import host_and_port, same_environment

# Of a type with no more deletions than this, the share says nothing.
FEW_DELETES = 20
NO_LIMIT = -1


@dataclass(frozen=True)
class Verdict:
    """What one guard found: ``status`` is ``ok``, ``refused`` or ``not judged``."""

    name: str
    status: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "status": self.status, "message": self.message}


def two_way(
    publisher: list[str], subscriber: str, own_subscribers: list[Subscriber], downstream_hosts: list[str]
) -> Verdict:
    """Refuse a resync where the subscriber may publish back to the publisher: it would lose assets on both sides.

    ``publisher`` and ``subscriber`` are the addresses that we reach the two at. No option overrides a match; a host
    that is neither the publisher nor one of ``downstream_hosts`` is refused, since it may be the publisher by another
    name.
    """
    name = "two_way_staging"
    if any(same_environment(subscriber, address) for address in publisher):
        return Verdict(name, "refused", f"The subscriber's address, {subscriber}, is the publisher's own.")
    for own in own_subscribers:
        try:
            host, port = host_and_port(own.target_host)
        except DamError as error:
            return Verdict(name, "refused", f"The subscriber {subscriber} publishes to no known host: {error.message}")
        shown = f"{host}:{port}" if port else host
        if any(same_environment(own.target_host, address) for address in publisher):
            return Verdict(
                name,
                "refused",
                f"Two-way staging: the subscriber {subscriber} has the publisher ({shown}) as its own subscriber. A "
                "resync would lose collections and assets on both sides. Deregister one of the two directions first.",
            )
        if not _named(own.target_host, downstream_hosts):
            return Verdict(
                name,
                "refused",
                f"The subscriber {subscriber} publishes to {shown}, which may be the publisher by another name: with "
                "two-way staging a resync loses assets on both sides. If it is a third environment, name it in "
                "downstream_hosts.",
            )
    chain = f", but for {len(own_subscribers)} named in downstream_hosts" if own_subscribers else ""
    return Verdict(name, "ok", f"The subscriber publishes to no one{chain}.")


def _named(address: str, downstream_hosts: list[str]) -> bool:
    try:
        return sum(same_environment(address, named) for named in downstream_hosts) > 0  # all are looked at
    except DamError as error:
        raise OptionError(f"downstream_hosts: {error.message}") from None


def idle_subscriber(left: Tally) -> Verdict:
    """Refuse while the subscriber still works on what staging or an earlier resync gave it."""
    unfinished = left.unfinished
    if not unfinished:
        return Verdict("operations_in_progress", "ok", "No sync operation is in progress at the subscriber.")
    return Verdict(
        "operations_in_progress",
        "refused",
        f"{unfinished} sync operations are in progress at the subscriber ({left.in_words()}). Wait until they are "
        "done, then compare again: what is just being staged shows up as a mismatch.",
    )


def no_failed_operations(left: Tally, allowed: bool) -> Verdict:
    """Refuse where sync operations failed at the subscriber, as the vendor's documentation asks for."""
    name = "failed_operations"
    if not left.failed_count:
        return Verdict(name, "ok", "No sync operation has failed at the subscriber.")
    text = f"{left.failed_count} sync operations have failed at the subscriber"
    if allowed:
        return Verdict(name, "ok", f"{text}; allow_failed_operations is set.")
    first = left.failed[0]
    return Verdict(
        name,
        "refused",
        f"{text}, the first {first.trigger_function}: {first.error_info or 'no error given'}. Mend the cause; the "
        "server removes failed operations after a time of its own (24 h by default). allow_failed_operations=true "
        "goes on nevertheless.",
    )


def fuse(name: str, limit: int, number: int, what: str) -> Verdict:
    """Refuse where ``number`` is more than ``limit``; -1 is no limit."""
    if limit == NO_LIMIT:
        return Verdict(name, "ok", f"A resync would {what} {number} records; there is no limit.")
    if number <= limit:
        return Verdict(name, "ok", f"A resync would {what} {number} records, no more than {limit}.")
    return Verdict(
        name,
        "refused",
        f"A resync would {what} {number} records, which is more than {name}={limit}. Look at the report first; if that "
        f"is what you want, set {name} to {number}.",
    )


def deletions(limit: int, planned: Planned) -> Verdict:
    """Refuse where more than ``limit`` records would be deleted, or where that many cannot be told from the counts."""
    name = "max_deletes"
    if planned.overcounted and limit != NO_LIMIT:
        return Verdict(
            name,
            "refused",
            f"How many records a resync would delete is not known: the publisher has {planned.total} mismatch logs, "
            "but gives more than there are when it is asked by type and action. It may not look at recordType or "
            "recordAction, or the logs change just now. Look at the report; max_deletes=-1 goes on without this "
            "guard.",
        )
    return fuse(name, limit, planned.deletes, "delete")


def delete_percent(limit: float, planned: Planned, total_of: Callable[[str], int | None]) -> list[Verdict]:
    """Refuse where too large a part of a type's records at the subscriber would be deleted.

    Judged for a type with more than 20 deletions whose total ``total_of`` knows.
    """
    name = "max_delete_percent"
    verdicts = []
    for record_type, counts in planned.by_type.items():
        deletes = counts["DELETE"]
        if limit == NO_LIMIT or deletes <= FEW_DELETES:
            continue
        total = total_of(record_type)
        if not total:
            verdicts.append(
                Verdict(name, "not judged", f"{record_type}: the subscriber does not tell how many there are.")
            )
            continue
        percent = 100.0 * deletes / total
        text = f"{record_type}: a resync would delete {deletes} of {total} records at the subscriber ({percent:.0f} %)"
        if percent > limit:
            verdicts.append(
                Verdict(name, "refused", f"{text}, which is more than {name}={limit:g}. Look at the report first.")
            )
        else:
            verdicts.append(Verdict(name, "ok", f"{text}."))
    return verdicts or [Verdict(name, "ok", "No type has so many deletions that their share would count.")]
