# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison against any two data sets, through the subscriber's real application."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from damsim.clock import Clock
from damsim.comparison import Comparison, Mismatch, resource_record
from damsim.environment import Environment
from damsim.expected import expected
from damsim.names import NO_RECORDS_CALL, WINDOW_TYPES, RecordType
from damsim.peer import Peer
from damsim.settings import Settings
from damsim.state import State
from damsim.store import Record, Records, connect

COLLECTIONS = [f"c{number}" for number in range(4)]
Data = dict[tuple[RecordType, str], Record]


def environment(data: Data) -> Environment:
    state = State("any", "any", connect(None), Settings(), Clock())
    found = Environment(state, lambda *_: None)
    state.records.put_many(data.values())
    return found


def record(record_type: RecordType, number: int, collection: str, value: int) -> Record:
    identity = f"{record_type[:2].lower()}-{number:03d}"
    if record_type is RecordType.COLLECTION:
        return Record(record_type, collection, {"id": collection, "value": value})
    if record_type is RecordType.RESOURCE:
        return resource_record(f"re-{collection}-{value}", collection)
    return Record(record_type, identity, {"id": identity, "collectionId": collection, "value": value})


def data_sets() -> st.SearchStrategy[Data]:
    """Records in few collections with few ids, so that two data sets overlap; a collection has one resource at most."""
    one = st.builds(
        record, st.sampled_from(RecordType), st.integers(0, 30), st.sampled_from(COLLECTIONS), st.integers(0, 2)
    )
    return st.lists(one, max_size=60).map(well_formed)


def well_formed(records: list[Record]) -> Data:
    data: Data = {(found.type, found.id): found for found in records}
    for name in COLLECTIONS:
        data[RecordType.COLLECTION, name] = data.get((RecordType.COLLECTION, name)) or record(
            RecordType.COLLECTION, 0, name, 0
        )
    owners = {found.body["collectionId"]: key for key, found in data.items() if found.type is RecordType.RESOURCE}
    return {key: found for key, found in data.items() if key[0] is not RecordType.RESOURCE or key in owners.values()}


async def compare(ours: Environment, theirs: Environment, size: int, release: int) -> list[tuple[str, str, str]]:
    theirs.state.settings = Settings(release=f"CF{release}")
    transport = httpx.ASGITransport(theirs.application())
    async with httpx.AsyncClient(transport=transport) as client:
        state = ours.state
        peer = Peer(client, "http://subscriber", "publisher")
        comparison = Comparison(state.records, state.windows, peer, size, release)
        found: list[Mismatch] = []
        for record_type in WINDOW_TYPES:
            async for batch in comparison.of_type(record_type):
                found += batch
        async for batch in comparison.of_collections():
            found += batch
    return sorted((mismatch.type.value, mismatch.action.value, mismatch.id) for mismatch in found)


def hashes(environment: Environment) -> dict[str, dict[str, str]]:
    return {record_type: dict(environment.state.records.hashes(record_type)) for record_type in RecordType}


@given(data_sets(), data_sets(), st.integers(1, 12), st.sampled_from([217, 229]))
def test_any_two_data_sets_compare_to_exactly_their_difference(
    here: Data, there: Data, size: int, release: int
) -> None:
    ours, theirs = environment(here), environment(there)
    found = asyncio.run(compare(ours, theirs, size, release))
    wanted = expected(hashes(ours), hashes(theirs), release)
    assert found == [tuple(row) for row in wanted["rows"]]


@given(data_sets(), st.integers(1, 12))
def test_equal_data_sets_cost_no_list_of_ids(here: Data, size: int) -> None:
    ours, theirs = environment(here), environment(here)
    assert asyncio.run(compare(ours, theirs, size, 229)) == []
    asked = [
        entry for entry in theirs.state.requests.since(0)["requests"] if entry["path"].endswith("/staging/records")
    ]
    assert [entry["query"] for entry in asked] == ["recordType=COLLECTION"], "for the permissions"


def test_one_record_more_at_the_front_shifts_no_window_after_it() -> None:
    both = [record(RecordType.KEYWORD, number, "c0", 0) for number in range(1, 200)]
    ours = environment({(found.type, found.id): found for found in both})
    extra = Record(RecordType.KEYWORD, "a-first", {"id": "a-first"})
    theirs = environment({(found.type, found.id): found for found in [extra, *both]})
    found = asyncio.run(compare(ours, theirs, 10, 229))
    assert found == [("KEYWORD", "DELETE", "a-first")]
    listed = [
        entry
        for entry in theirs.state.requests.since(0)["requests"]
        if entry["path"].endswith("/staging/records") and "KEYWORD" in entry["query"]
    ]
    assert len(listed) == 1


def test_no_record_type_is_left_out() -> None:
    assert set(WINDOW_TYPES) | NO_RECORDS_CALL == set(RecordType)


def test_equal_values_have_equal_hashes_in_any_order() -> None:
    first: dict[str, Any] = {"id": "x", "a": 1, "b": [1, 2]}
    second = dict(reversed(list(first.items())))
    rows = [Record(RecordType.KEYWORD, "x", body).row()[2] for body in (first, second, {**first, "a": 2})]
    assert rows[0] == rows[1] != rows[2]


def test_records_of_a_deleted_collections_children_go_too() -> None:
    records = Records(connect(None))
    for identity, parent in (("top", None), ("child", "top"), ("grandchild", "child"), ("other", None)):
        body = {"id": identity, **({"parentId": parent} if parent else {})}
        records.put(Record(RecordType.COLLECTION, identity, body))
        records.put(Record(RecordType.MEDIA_ITEM, f"in-{identity}", {"id": identity, "collectionId": identity}))
    assert records.delete(RecordType.COLLECTION, "top")
    assert [record.id for record in records.all()] == ["other", "in-other"]
