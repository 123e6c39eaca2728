# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What older releases do not have."""

from __future__ import annotations

import pytest

from damsim.names import api_version, parse_release

from .conftest import FIND, RESYNC, Pair


@pytest.mark.parametrize(
    ("release", "method", "path"),
    [
        ("CF202", "GET", "/api-version"),
        ("CF208", "GET", "/operations"),
        ("CF212", "GET", "/staging/records/KEYWORD?offset=0&limit=1"),
        ("CF213", "GET", "/staging/mismatches"),
        ("CF215", "DELETE", "/staging/mismatches"),
        ("CF216", "GET", "/staging/records?recordType=KEYWORD"),
    ],
)
def test_a_call_is_not_there_before_the_release_that_brought_it(
    pair: Pair, release: str, method: str, path: str
) -> None:
    pair.publisher.settings(release=release)
    response = pair.publisher.call(method, path)
    assert response.status_code == 404
    assert response.json()["error"]["name"] == "NotFoundError"
    pair.publisher.settings(release=f"CF{parse_release(release) + 1}")
    assert pair.publisher.call(method, path).status_code < 300


def test_the_version_belongs_to_the_release(pair: Pair) -> None:
    pair.publisher.settings(release="CF217")
    assert pair.publisher.get("/api-version") == [{"version": "1.29.0"}]
    assert api_version(229) == "1.41.0"


def test_before_cf215_there_is_no_resync_status(pair: Pair) -> None:
    pair.run(FIND)
    pair.publisher.settings(release="CF214")
    assert not {"resyncStatus", "lastResyncTime"} & set(pair.registration())
    assert pair.publisher.patch(pair.id, resyncStatus=FIND).status_code == 400


@pytest.mark.parametrize(("release", "status"), [("CF217", 200), ("CF218", 400), ("CF222", 400), ("CF223", 200)])
def test_relations_are_unknown_between_cf218_and_cf222(pair: Pair, release: str, status: int) -> None:
    pair.publisher.settings(release=release)
    query = {"recordType": "COLLECTION_MEDIA_RELATION"}
    assert pair.publisher.call("GET", "/staging/mismatches", params=query).status_code == status
    assert pair.publisher.call("GET", "/staging/records/COLLECTION_MEDIA_RELATION/summary").status_code == status


def test_permissions_are_unknown_before_cf215(pair: Pair) -> None:
    pair.publisher.settings(release="CF214")
    assert pair.publisher.call("GET", "/staging/mismatches?recordType=PERMISSION").status_code == 400


@pytest.mark.parametrize("release", ["CF215", "CF217", "CF220", "CF223"])
def test_every_release_finds_and_repairs_what_it_knows(pair: Pair, release: str) -> None:
    pair.settings(release=release, max_records_to_compare=4)
    assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"
    assert pair.mismatches() == pair.expected()
    pair.run(RESYNC)
    assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"
    assert pair.mismatches() == pair.expected() == []


@pytest.mark.parametrize("text", ["CF201", "CF230", "229.1", "", "newest"])
def test_there_is_no_such_release(text: str) -> None:
    with pytest.raises(ValueError, match="CF202"):
        parse_release(text)
