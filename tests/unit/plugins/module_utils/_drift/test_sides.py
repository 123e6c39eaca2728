# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One side of a comparison: what a server's answers have to be, and what its refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.sides import (
    EVERYTHING,
    NotOffered,
    Side,
    Whole,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError
from support.fakes import FakeDam

ONE = {"hash": "ab", "count": 1, "id": "k-1"}
NONE = {"hash": "of nothing", "count": 0, "id": ""}


def side(dam: FakeDam) -> Side:
    """Make the publisher's side of a DAM API that follows a script."""
    return Side("publisher", dam.dam, "KEYWORD", EVERYTHING, lambda request: request())


@pytest.mark.parametrize("more", [{"id": ""}, {"id": None}, {}, {"count": 3.0}])
def test_everything_is_asked_for_once_between_two_single_records(more: dict[str, Any]) -> None:
    dam = FakeDam(record_window=[ONE, {"hash": "cd", "count": 3, **more}, NONE])
    whole = side(dam).whole()
    assert (whole.total, whole.largest, whole.first_id) == (3, EVERYTHING, "k-1")
    windows = [("record_window", "KEYWORD", *window) for window in ((0, 1), (0, EVERYTHING), (3, 1))]
    assert dam.calls == windows


@pytest.mark.parametrize("body", [NONE, {"count": 0}])
def test_a_type_without_records_takes_one_request(body: dict[str, Any]) -> None:
    assert side(FakeDam(record_window=[body])).whole() == Whole(0, "", EVERYTHING, None)


@pytest.mark.parametrize(
    "body",
    [
        {"hash": "ab"},
        {"hash": "ab", "count": "3"},
        {"hash": "ab", "count": True},
        {"hash": "ab", "count": -1},
        {"hash": "ab", "count": 2.5},
        {"hash": "ab", "count": float("nan")},
        {"count": 3},
        {"hash": "", "count": 3},
        {"hash": 7, "count": 3},
    ],
)
def test_a_window_that_cannot_be_used_is_an_error(body: dict[str, Any]) -> None:
    with pytest.raises(ServerError, match="lack"):
        side(FakeDam(record_window=[body])).whole()


def test_a_list_is_asked_for_by_its_ends_and_read_in_any_order() -> None:
    rows = [{"id": "b", "hash": "2"}, {"id": "a", "hash": "1", "more": "x"}]
    dam = FakeDam(record_hashes=[rows, rows[:1]])
    one = side(dam)
    one.total = 2
    assert one.list_ahead(2, "a", "b", "z") == {"a": "1", "b": "2"}
    assert one.list_ahead(1, "", "b", "b") == {"b": "2"}
    assert dam.calls == [("record_hashes", "KEYWORD", "a", "b"), ("record_hashes", "KEYWORD", None, "b")]


@pytest.mark.parametrize("row", [{}, {"id": "a"}, {"hash": "1"}, {"id": "", "hash": "1"}, {"id": 1, "hash": "1"}])
def test_a_list_that_cannot_be_used_is_an_error(row: dict[str, Any]) -> None:
    with pytest.raises(ServerError, match="lack a usable"):
        side(FakeDam(record_hashes=[[row]])).list_ahead(1, "", "b", "b")


def test_a_type_that_is_refused_is_not_offered_and_every_other_refusal_stays_what_it_is() -> None:
    refused = ServerError("GET …: recordType is not valid.", status=400, url="u")
    with pytest.raises(NotOffered, match=r"The publisher does not take it: .*recordType is not valid") as raised:
        side(FakeDam(record_window=[refused])).whole()
    assert raised.value.context["status"] == 400
    for status in (200, 401, 403, 404, 500):
        refusal = ServerError("no", status=status)
        with pytest.raises(ServerError) as other:
            side(FakeDam(record_window=[refusal])).whole()
        assert other.value is refusal
