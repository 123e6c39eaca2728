# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory says of a publisher's subscribers: where they are, their state, their names. Knows no Ansible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import count_mismatches
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Row, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import Phase, phase_of, record_of
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.address import host_and_port, is_name
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import Client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection

from ._untrusted import is_address

# One found registration: plain data, so that it can be cached, and free of secrets.
Found = dict[str, Any]

# Like "localhost" these are the machine that Ansible runs on: "hosts: localhost" means such a host of an inventory.
_THIS_MACHINE = frozenset(("127.0.0.1", "::1"))

GROUPS = ("in_sync", "drifted", "comparing", "resyncing", "failed", "not_compared", "disabled")
_NAMES = {
    Phase.NEVER_COMPARED: "not_compared",
    Phase.COMPARING: "comparing",
    Phase.COMPARISON_FAILED: "failed",
    Phase.RESYNC_STARTING: "resyncing",
    Phase.RESYNC_STARTED: "not_compared",
    Phase.RESYNC_FAILED: "failed",
    # A status that nobody knows counts as a comparison that runs, as everywhere.
    Phase.UNKNOWN: "comparing",
}


def find(connection: Connection, count: bool) -> list[Found]:
    """All subscribers of one publisher, by reading requests alone.

    Without ``count`` of the mismatches it is only asked whether there is one. Raises DamError if the publisher does not
    answer as it should; a registration that cannot be used has the reason in ``refusal``.
    """
    dam = Dam(Client(connection, read_only=True))
    return [_found(dam, connection.hostname, row, count) for row in dam.subscriber_rows()]


def _found(dam: Dam, publisher: str, row: Row, count: bool) -> Found:
    try:
        subscriber = Subscriber.from_json(row)
    except ServerError as error:
        given = {"target_host": str(row.get("targetHost")), "subscriber_id": str(row.get("id"))}
        return {"publisher": publisher, **given, "refusal": error.message}
    mismatches: int | None = None
    state = phase_of(subscriber)
    name = _NAMES.get(state, "")
    if state is Phase.COMPARED:
        one = subscriber.subscriber_id
        any_left = bool(dam.mismatches(0, 1, one))
        mismatches = (count_mismatches(dam, one) if count else None) if any_left else 0
        name = "drifted" if any_left else "in_sync"
    return {"publisher": publisher, "state": name, "mismatch_count": mismatches, **record_of(subscriber)}


def groups_of(found: Found) -> list[str]:
    """The groups by state: one of what is known of the data, and ``disabled`` besides."""
    return [found["state"], *([] if found["enabled"] else ["disabled"])]


def host_of(found: Found) -> str:
    """The host that a subscriber is registered with; the registration as it is where no host can be made out."""
    try:
        return host_and_port(found["target_host"])[0]
    except DamError:
        return str(found["target_host"])


def refusal_of(found: Found) -> str | None:
    """Why a registration cannot become a host of an inventory; None if it can.

    Ansible templates the names of hosts, and hands them to programs such as ssh.
    """
    if "refusal" in found:
        return str(found["refusal"])
    if not is_address(found["target_host"]):
        return "its host is no host name and no IP address"
    if not is_name(found["subscriber_id"]):
        return "its id has other characters than letters, digits, '.', '_', '-'"
    return None


def names_of(found: list[Found], taken: Container[str] = ()) -> list[str]:
    """A name for each registration, in order: its host, and only as much more as tells it from the others.

    Registrations with the same host get the first eight characters of their ids after it, and if that is not enough,
    as with two publishers of one subscriber, the publisher too. So do those with a host whose name means something
    else: a host of another source (``taken``), the machine that Ansible runs on, or, without a dot, maybe a group.
    """

    names = [host_of(each) for each in found]
    others = {*_THIS_MACHINE, *(name for name in names if "." not in name and ":" not in name)}
    for more in (
        [each["subscriber_id"][:8] for each in found],
        [each["publisher"] for each in found],
        [str(number) for number in range(len(found))],
    ):
        times = Counter(names)
        names = [
            f"{name}--{suffix}" if times[name] > 1 or name in taken or name in others else name
            for name, suffix in zip(names, more)
        ]
    return names
