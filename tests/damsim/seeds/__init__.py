# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeds: what the environments hold when they start, by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from damsim.seeds import acceptance, large, small
from damsim.seeds.damage import Damage, break_subscriber
from damsim.seeds.library import Library
from damsim.state import State
from damsim.store import Records, connect

_LAST_SYNC = "2026-03-02T10:00:00.000Z"


@dataclass(frozen=True)
class Seed:
    """A seed in code.

    Args:
        library: makes the publisher's records.
        damage: makes what is wrong at the first subscriber.
    """

    library: Callable[[], Library]
    damage: Callable[[Library], list[Damage]]


SEEDS = {
    "small": Seed(small.library, small.damage),
    "clean": Seed(small.library, lambda _: []),
    "acceptance": Seed(acceptance.library, acceptance.damage),
}


def subscriber_id(index: int) -> str:
    """Id of the registration of the n-th subscriber, the first being 1: the same in every run."""
    return str(uuid5(NAMESPACE_URL, f"urn:dxops:damsim:subscriber:{index}"))


def check(name: str) -> None:
    """Make sure that there is a seed of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in SEEDS and not large.is_seed(Path(name)):
        raise ValueError(
            f"There is no seed {name!r}: it is one of {', '.join(SEEDS)}, or a folder made by 'damsim seed'."
        )


def fill(state: State, name: str, index: int) -> None:
    """Put a seed's data into an environment, in place of all that it has.

    Args:
        state: of the environment.
        name: of the seed.
        index: 0 for the publisher, 1 for the first subscriber and so on.

    Raises:
        ValueError: there is no such seed.
    """
    check(name)
    if name in SEEDS:
        _template(name, index).backup(state.connection)
    else:
        with large.opened(Path(name), index) as source:
            source.backup(state.connection)
    state.records.changed()


def register(state: State, hosts: list[str]) -> None:
    """Register subscribers that have been staged to before."""
    for index, host in enumerate(hosts, 1):
        fields = {"targetHost": host, "syncStatus": "SYNC_COMPLETED", "lastSyncTime": _LAST_SYNC}
        state.registrations.add(fields, subscriber_id(index))


@cache
def _template(name: str, index: int) -> sqlite3.Connection:
    connection = connect(None)
    records, seed = Records(connection), SEEDS[name]
    library = seed.library()
    records.put_many(library.records.values())
    if index:
        break_subscriber(records, seed.damage(library), index)
    return connection
