# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two-way staging, where a resync destroys data, and a chain, where it must not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

from support.standin import options_for, started

from .conftest import FIND, RESYNC, SPEED, Pair, subscriber_alone


def counts(digest: dict[str, Any]) -> dict[str, int]:
    return {record_type: entry["count"] for record_type, entry in digest.items()}


def settle(pair: Pair) -> None:
    """What one side does wakes the other."""
    for _turn in range(5):
        pair.publisher.idle()
        pair.subscriber.idle()


def test_a_resync_with_two_way_staging_loses_collections_and_items_on_both_sides(tmp_path: Path) -> None:
    with started(sys.executable, tmp_path, *options_for("small", 1, SPEED), "--two-way") as running:
        pair = Pair(running)
        assert pair.subscriber.get("/staging/subscriber")[0]["targetHost"].endswith(str(running.publisher.port))
        here, there = (counts(api.sim("GET", "/digest")) for api in (pair.publisher, pair.subscriber))
        touched = [row[2] for row in pair.expected() if row[0] in ("COLLECTION", "MEDIA_ITEM") and row[1] != "DELETE"]
        pair.run(FIND)
        pair.run(RESYNC)
        settle(pair)
        for api, before in ((pair.publisher, here), (pair.subscriber, there)):
            after = counts(api.sim("GET", "/digest"))
            assert after["COLLECTION"] < before["COLLECTION"]
            assert after["MEDIA_ITEM"] < before["MEDIA_ITEM"]
            left = {record["id"] for record in api.sim("GET", "/records")}
            assert not left & set(touched)


def test_one_way_staging_loses_nothing_at_the_publisher(pair: Pair) -> None:
    before = pair.publisher.sim("GET", "/digest")
    pair.run(FIND)
    pair.run(RESYNC)
    settle(pair)
    assert pair.publisher.sim("GET", "/digest") == before
    assert pair.in_sync()


def test_in_a_chain_what_was_staged_is_staged_on(pair: Pair, tmp_path: Path) -> None:
    with subscriber_alone(tmp_path) as last, httpx.Client(base_url=last["url"], trust_env=False) as end:
        added = pair.subscriber.call("POST", "/staging/subscriber", json={"targetHost": last["target_host"]})
        assert added.status_code == 200
        pair.subscriber.sim("POST", f"/subscribers/{added.json()['id']}", {"lastSyncTime": "2026-03-02T10:00:00.000Z"})
        pair.run(FIND)
        pair.run(RESYNC)
        assert pair.in_sync(), "nothing comes back to the publisher"
        pair.subscriber.sim("POST", "/advance", {"seconds": 600})
        assert pair.subscriber.patch(added.json()["id"], cycleLength=1).status_code == 200
        created = next(row for row in pair.mismatches() if row[:2] == ["COLLECTION", "CREATE"])[2]
        seen = staged_records(end, created)
        assert seen


def staged_records(end: httpx.Client, identity: str) -> bool:
    """Whether the last environment gets a record within a few of its own idle moments."""
    for _turn in range(200):
        end.get("/_sim/idle")
        if any(record["id"] == identity for record in end.get("/_sim/records?type=COLLECTION").json()):
            return True
    return False
