# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole cycle: compare, resync, compare again."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from damsim.names import RecordType
from support.standin import options_for, started

from .conftest import FIND, RESYNC, SPEED, Pair

DONE = "FIND_MISMATCH_COMPLETED"
TRIGGERED = "RESYNC_TRIGGER_COMPLETED"


@pytest.mark.parametrize("seed", ["small", "acceptance"])
def test_a_comparison_finds_exactly_what_differs_and_a_resync_repairs_it(pair: Pair, seed: str) -> None:
    pair.standin.reset(seed)
    pair = Pair(pair.standin)
    assert pair.run(FIND) == DONE
    found = pair.mismatches()
    assert found
    assert found == pair.expected()
    assert pair.run(RESYNC) == TRIGGERED
    assert pair.in_sync()
    assert pair.mismatches() == found, "a resync leaves the logs alone"
    assert pair.run(FIND) == DONE
    assert pair.mismatches() == []


@pytest.mark.seed("clean")
def test_equal_environments_have_no_mismatches(pair: Pair) -> None:
    assert pair.run(FIND) == DONE
    assert pair.mismatches() == []


def test_the_small_seed_has_every_kind_of_mismatch(pair: Pair) -> None:
    kinds = {(record_type, action) for record_type, action, _rest in pair.expected()}
    actions = ("CREATE", "UPDATE", "DELETE")
    possible = {(str(record_type), action) for record_type in RecordType for action in actions}
    assert kinds == possible - {("RESOURCE", "UPDATE")}, "of a resource only the id is ever seen"


@pytest.mark.seed("acceptance")
def test_the_acceptance_seed_is_the_vendors_scenario(pair: Pair) -> None:
    counts = pair.standin.expected()["counts"]
    assert counts["COLLECTION"] == {"CREATE": 1, "UPDATE": 1, "DELETE": 1}
    assert counts["CUSTOM_URL"]["DELETE"] == 1
    assert set(counts["PERMISSION"]) == {"CREATE", "DELETE"}
    for record_type in ("MEDIA_ITEM", "RENDITION", "VERSION", "KEYWORD", "FAVORITE", "CUSTOM_URL", "RESOURCE"):
        assert counts[record_type]["CREATE"] >= 1


def test_the_size_of_a_window_makes_no_difference(pair: Pair) -> None:
    for size in (1, 2, 3, 1000):
        pair.publisher.settings(max_records_to_compare=size)
        assert pair.run(FIND) == DONE
        assert pair.mismatches() == pair.expected()


def test_the_publisher_asks_over_http_and_writes_nothing_at_the_subscriber(pair: Pair) -> None:
    pair.subscriber.sim("DELETE", "/requests")
    before = pair.subscriber.sim("GET", "/digest")
    pair.run(FIND)
    asked = [each for each in pair.subscriber.sim("GET", "/requests")["requests"] if each["source"] == "peer"]
    assert {each["method"] for each in asked if "/auth/" not in each["path"]} == {"GET"}
    assert sum("/staging/records/" in each["path"] for each in asked) >= len(RecordType) - 2
    assert any(each["path"].endswith("/staging/records") for each in asked)
    assert pair.subscriber.sim("GET", "/digest") == before


def test_rows_say_what_they_are_about_in_columns_that_differ_by_type(pair: Pair) -> None:
    pair.run(FIND)
    rows = pair.publisher.get("/staging/mismatches", subscriberId=pair.id)
    assert all({"id", "subscriberId", "recordId", "recordType", "recordAction", "created"} <= set(row) for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({tuple(row) for row in rows}) > 3
    assert any(isinstance(row.get("details"), dict) for row in rows)


def test_a_page_holds_the_rows_that_were_asked_for(pair: Pair) -> None:
    pair.run(FIND)
    everything = pair.publisher.get("/staging/mismatches", limit=1000)
    for size in (1, 7, 1000):
        paged: list[Any] = []
        while page := pair.publisher.get("/staging/mismatches", offset=len(paged), limit=size):
            paged += page
        assert paged == everything
    wanted = {"recordType": "RENDITION", "recordAction": "CREATE", "subscriberId": pair.id}
    some = pair.publisher.get("/staging/mismatches", **wanted)
    assert some == [row for row in everything if (row["recordType"], row["recordAction"]) == ("RENDITION", "CREATE")]
    assert pair.publisher.get("/staging/mismatches", **wanted, offset=1, limit=1) == some[1:2]
    assert pair.publisher.get("/staging/mismatches", subscriberId="nobody") == []


def test_a_deleted_collection_takes_everything_in_it_along(pair: Pair) -> None:
    gone = next(row for row in pair.expected() if row[:2] == ["COLLECTION", "DELETE"])[2]
    pair.run(FIND)
    pair.run(RESYNC)
    left = pair.subscriber.sim("GET", "/records")
    assert not [record for record in left if record["body"].get("collectionId") == gone]


def test_a_change_on_the_publisher_after_the_comparison_is_what_the_resync_brings(pair: Pair) -> None:
    pair.run(FIND)
    changed = next(row for row in pair.mismatches() if row[:2] == ["COLLECTION", "UPDATE"])[2]
    change = {"type": "COLLECTION", "action": "UPDATE", "id": changed, "body": {"name": "Newer"}}
    pair.publisher.sim("POST", "/records", [change])
    pair.run(RESYNC)
    record = pair.subscriber.get(f"/staging/records/COLLECTION/{changed}", details="true")
    assert record["collection"]["name"] == "Newer"


def test_several_subscribers_are_damaged_differently_and_repaired_one_by_one(tmp_path: Path) -> None:
    with started(sys.executable, tmp_path, *options_for("small", 3, SPEED)) as running:
        pair = Pair(running)
        sizes = [len(pair.expected(number)) for number in range(3)]
        assert sizes[0] > sizes[1] > sizes[2] == 0
        for number in range(3):
            assert pair.run(FIND, number) == DONE
            assert pair.mismatches(number) == pair.expected(number)
        rows = pair.publisher.get("/staging/mismatches", limit=1000)
        assert Counter(row["subscriberId"] for row in rows) == {
            place.id: size for place, size in zip(running.subscribers, sizes, strict=True) if size
        }
        assert pair.run(RESYNC, 1) == TRIGGERED
        assert [pair.in_sync(number) for number in range(3)] == [False, True, True]
