# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong at a subscriber, and how much of it at which one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from damsim.names import RecordType
from damsim.seeds.library import Library, record_id
from damsim.store import Record, Records


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong; applied to the subscriber's records."""

    apply: Callable[[Records], None]


def removed(record_type: RecordType, label: str) -> Damage:
    """A record is missing, with all that belongs to it."""
    return Damage(lambda records: _remove(records, record_type, label))


def changed(record_type: RecordType, label: str, **fields: object) -> Damage:
    """A record has other values."""
    return Damage(lambda records: _change(records, record_type, label, fields))


def added(build: Callable[[Library], None]) -> Damage:
    """There are records that the publisher lacks."""

    def apply(records: Records) -> None:
        library = Library()
        build(library)
        for record in library.records.values():
            records.put(record)

    return Damage(apply)


def break_subscriber(records: Records, damages: list[Damage], index: int) -> None:
    """Damage the n-th subscriber: the first in every way, the second in every other, the third in none, the fourth in
    the ways that the second was spared.
    """
    shares: tuple[list[Damage], ...] = (damages, damages[::2], [], damages[1::2])
    for damage in shares[(index - 1) % len(shares)]:
        damage.apply(records)


def _remove(records: Records, record_type: RecordType, label: str) -> None:
    if not records.delete(record_type, record_id(record_type, label)):
        raise LookupError(f"the seed has no {record_type} {label}")


def _change(records: Records, record_type: RecordType, label: str, fields: dict[str, object]) -> None:
    record = records.get(record_type, record_id(record_type, label))
    if record is None:
        raise LookupError(f"the seed has no {record_type} {label}")
    records.put(Record(record_type, record.id, {**record.body, **fields}))
