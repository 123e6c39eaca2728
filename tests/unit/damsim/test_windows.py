# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows of records: any window's hash, whatever changed before."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from damsim.mismatches import MismatchLogs
from damsim.names import RecordType
from damsim.store import Record, Records, connect
from damsim.windows import Window, WindowIndex

KEYWORD = RecordType.KEYWORD


def filled(identities: list[str]) -> tuple[Records, WindowIndex]:
    connection = connect(None)
    records = Records(connection)
    records.put_many(Record(KEYWORD, identity, {"id": identity}) for identity in identities)
    return records, WindowIndex(connection, records)


def plainly(records: Records, offset: int, limit: int) -> Window:
    """The same from a fresh index over nothing but the window."""
    rows = records.hashes(KEYWORD)[offset : offset + limit]
    return filled([identity for identity, _rest in rows])[1].window(KEYWORD, 0, limit)


@given(st.integers(0, 2000), st.integers(0, 2100), st.integers(0, 2100))
def test_a_window_depends_on_its_records_alone(count: int, offset: int, limit: int) -> None:
    records, windows = filled([f"{number:05d}" for number in range(count)])
    assert windows.window(KEYWORD, offset, limit) == plainly(records, offset, limit)


def test_a_window_of_one_gives_the_id_at_its_offset() -> None:
    _rest, windows = filled([f"{number:05d}" for number in range(1100)])
    for offset in (0, 1, 511, 512, 513, 1024, 1099):
        assert windows.window(KEYWORD, offset, 1).first_id == f"{offset:05d}"
        assert windows.ids(KEYWORD, offset, 1)[0][0] == f"{offset:05d}"
    assert windows.window(KEYWORD, 1100, 1).first_id is None
    assert windows.ids(KEYWORD, 1100, 1) == []


def test_a_change_shows_at_once() -> None:
    records, windows = filled(["a", "b", "c"])
    before = windows.window(KEYWORD, 0, 3)
    records.put(Record(KEYWORD, "b", {"id": "b", "keyword": "new"}))
    changed = windows.window(KEYWORD, 0, 3)
    assert changed.count == before.count
    assert changed.hash != before.hash
    records.delete(KEYWORD, "b")
    assert windows.window(KEYWORD, 0, 3).count == 2


def test_the_hash_of_one_record_can_be_had_without_its_window() -> None:
    records, windows = filled(["a", "b"])
    assert windows.single(records.hashes(KEYWORD)[1][1]) == windows.window(KEYWORD, 1, 1).hash


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.sampled_from([None, "a", "b"]))))
def test_pages_of_mismatches_are_right_in_any_order(asked: list[tuple[int, int, str | None]]) -> None:
    logs = MismatchLogs(connect(None))
    rows = [{"n": number, "subscriberId": "ab"[number % 3 // 2]} for number in range(40)]
    logs.add(rows)
    for offset, limit, subscriber in asked:
        chosen = [row for row in rows if subscriber in (None, row["subscriberId"])]
        assert json.loads(logs.page(offset, limit, subscriber)) == chosen[offset : offset + limit]


@given(
    st.integers(0, 1600),
    st.lists(st.tuples(st.sampled_from(["put", "delete"]), st.integers(0, 1700)), max_size=60),
    st.integers(0, 1700),
    st.integers(0, 1700),
)
def test_windows_stay_right_while_records_come_change_and_go(
    count: int, changes: list[tuple[str, int]], offset: int, limit: int
) -> None:
    records, windows = filled([f"{number:05d}" for number in range(0, 2 * count, 2)])
    windows.window(KEYWORD, 0, 1)
    for change, number in changes:
        identity = f"{number:05d}"
        if change == "put":
            records.put(Record(KEYWORD, identity, {"id": identity}))
        else:
            records.delete(KEYWORD, identity)
        assert windows.window(KEYWORD, offset, limit) == plainly(records, offset, limit)


def test_a_block_that_grows_is_split_and_one_that_is_emptied_goes() -> None:
    records, windows = filled([f"{number:05d}" for number in range(0, 3000, 2)])
    windows.window(KEYWORD, 0, 1)
    for number in range(1, 2000, 2):
        records.put(Record(KEYWORD, f"{number:05d}", {"id": f"{number:05d}"}))
    assert windows.window(KEYWORD, 700, 900) == plainly(records, 700, 900)
    for number in range(1024):
        records.delete(KEYWORD, f"{number:05d}")
    assert windows.window(KEYWORD, 0, 1).first_id == "01024"
    assert windows.window(KEYWORD, 0, 5000) == plainly(records, 0, 5000)


def test_more_changes_than_are_remembered_are_seen_all_the_same() -> None:
    records, windows = filled(["a"])
    windows.window(KEYWORD, 0, 1)
    for number in range(5000):
        records.put(Record(KEYWORD, f"{number:05d}", {"id": f"{number:05d}"}))
    assert windows.window(KEYWORD, 0, 9000) == plainly(records, 0, 9000)


def test_what_belongs_to_a_deleted_record_goes_from_its_windows_too() -> None:
    records, windows = filled(["a", "b"])
    records.put(Record(KEYWORD, "c", {"id": "c", "mediaItemId": "item"}))
    records.put(Record(RecordType.MEDIA_ITEM, "item", {"id": "item"}))
    assert windows.window(KEYWORD, 0, 9).count == 3
    records.delete(RecordType.MEDIA_ITEM, "item")
    assert windows.window(KEYWORD, 0, 9) == plainly(records, 0, 9)
    assert windows.window(KEYWORD, 0, 9).count == 2
