# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a publisher finds out what differs at a subscriber.

Windows of records are compared by their hash; where two windows differ, the ids and hashes of the range are fetched and
merged. Both sides keep their own offset, so that a record more on one side shifts nothing for the windows after it.
Permissions and resources have no such call and are compared collection by collection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from damsim.names import Action, RecordType, lists_type
from damsim.peer import Peer
from damsim.store import Record, Records
from damsim.windows import WindowIndex

_IN_FLIGHT = 8
_IN_COLLECTIONS = (RecordType.RESOURCE, RecordType.PERMISSION)


@dataclass(frozen=True)
class Mismatch:
    """One difference. ``record`` is the publisher's, or for a permission that has to go the subscriber's."""

    type: RecordType
    action: Action
    id: str
    record: Record | None = None


def merge(ours: Iterable[tuple[str, str]], theirs: Iterable[tuple[str, str]]) -> list[tuple[Action, str]]:
    """What has to happen to make ``theirs`` equal ``ours``; both are ids with hashes."""
    here, there = dict(ours), dict(theirs)
    found = []
    for record_id in sorted(here.keys() | there.keys()):
        if record_id not in there:
            found.append((Action.CREATE, record_id))
        elif record_id not in here:
            found.append((Action.DELETE, record_id))
        elif here[record_id] != there[record_id]:
            found.append((Action.UPDATE, record_id))
    return found


class Comparison:
    """Compares one environment with a peer.

    Args:
        records: the publisher's.
        windows: over the same records.
        peer: the subscriber.
        size: records per window.
        release: which calls the peer has.
    """

    def __init__(self, records: Records, windows: WindowIndex, peer: Peer, size: int, release: int) -> None:
        self._records = records
        self._windows = windows
        self._peer = peer
        self._size = size
        self._release = release

    async def of_type(self, record_type: RecordType) -> AsyncIterator[list[Mismatch]]:
        """Differences of one type that has a records call, in batches.

        Raises:
            PeerError: the subscriber did not answer.
        """
        ours, theirs = 0, 0
        after: str | None = None
        while True:
            here = self._windows.window(record_type, ours, self._size)
            there = await self._window(record_type, theirs, self._size)
            if not here.count and not there["count"]:
                return
            if (here.hash, here.count) == (there["hash"], there["count"]):
                ours, theirs = ours + here.count, theirs + here.count
                if here.count:
                    after = self._windows.ids(record_type, ours - 1, 1)[0][0]
                continue
            rows = self._windows.ids(record_type, ours, self._size)
            last = rows[-1][0] if len(rows) == self._size else None
            others = await self._ids(record_type, after, last, theirs)
            yield [self._mismatch(record_type, action, record_id) for action, record_id in merge(rows, others)]
            if last is None:
                return
            ours, theirs, after = ours + len(rows), theirs + len(others), last

    def _mismatch(self, record_type: RecordType, action: Action, record_id: str) -> Mismatch:
        record = None if action is Action.DELETE else self._records.get(record_type, record_id)
        return Mismatch(record_type, action, record_id, record)

    async def _window(self, record_type: RecordType, offset: int, limit: int) -> dict[str, Any]:
        window: dict[str, Any] = await self._peer.get(f"/staging/records/{record_type}", offset=offset, limit=limit)
        return window

    async def _ids(
        self, record_type: RecordType, after: str | None, last: str | None, offset: int
    ) -> list[tuple[str, str]]:
        """The peer's ids and hashes after one id and up to another, which ``offset`` leads to."""
        if not lists_type(self._release, record_type):
            return await self._ids_one_by_one(record_type, last, offset)
        bounds = {"firstId": after, "lastId": last}
        query = {name: value for name, value in bounds.items() if value is not None}
        answer = await self._peer.get("/staging/records", recordType=record_type, **query)
        found = [(entry["id"], entry["hash"]) for entry in answer["contents"]]
        return [entry for entry in found if entry[0] != after]

    async def _ids_one_by_one(self, record_type: RecordType, last: str | None, offset: int) -> list[tuple[str, str]]:
        """The same with a release that cannot list ids: a window of one record gives its id."""
        found: list[tuple[str, str]] = []
        while True:
            theirs = await self._window(record_type, offset, 1)
            if not theirs["count"] or (last is not None and theirs["id"] > last):
                return found
            ours = self._records.hashes(record_type, theirs["id"], theirs["id"])
            same = ours and self._windows.single(ours[0][1]) == theirs["hash"]
            found.append((theirs["id"], ours[0][1] if same else ""))
            offset += 1

    async def of_collections(self) -> AsyncIterator[list[Mismatch]]:
        """Differences in permissions and resources, which only the details of a collection show.

        Raises:
            PeerError: the subscriber did not answer.
        """
        theirs: dict[RecordType, dict[str, Record]] = {record_type: {} for record_type in _IN_COLLECTIONS}
        ids = [record_id for record_id, _rest in await self._ids(RecordType.COLLECTION, None, None, 0)]
        for start in range(0, len(ids), _IN_FLIGHT):
            part = ids[start : start + _IN_FLIGHT]
            answers = await asyncio.gather(*(self._details(collection_id) for collection_id in part))
            for collection_id, details in zip(part, answers, strict=True):
                for record_type in _IN_COLLECTIONS:
                    found = _from_details(record_type, collection_id, details)
                    theirs[record_type] |= {record.id: record for record in found}
        for record_type in _IN_COLLECTIONS:
            there = theirs[record_type]
            hashes = ((record_id, record.row()[2]) for record_id, record in there.items())
            for action, record_id in merge(self._records.hashes(record_type), hashes):
                record = there[record_id] if action is Action.DELETE else self._records.get(record_type, record_id)
                yield [Mismatch(record_type, action, record_id, record)]

    async def _details(self, collection_id: str) -> dict[str, Any]:
        path = f"/staging/records/{RecordType.COLLECTION}/{quote(collection_id, safe='')}"
        return await self._peer.get(path, details="true") or {}


def _from_details(record_type: RecordType, collection_id: str, details: dict[str, Any]) -> list[Record]:
    if record_type is RecordType.PERMISSION:
        return [Record(record_type, entry["id"], entry) for entry in details.get("permission", [])]
    resource = details.get("resourceId")
    return [resource_record(resource, collection_id)] if resource else []


def resource_record(resource_id: str, collection_id: str) -> Record:
    """A resource as a record: the API shows nothing of it but its id."""
    return Record(RecordType.RESOURCE, resource_id, {"id": resource_id, "collectionId": collection_id})
