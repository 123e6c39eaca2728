# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers as sides of a comparison: what their answers have to be, and what their refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.sides import NotOffered, Side, Window
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.source import side_of
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import NotSupported, ServerError
from support.fakes import FakeDam


def side(**answers: Any) -> Side:
    """Make the publisher's side of a DAM API that follows a script."""
    return side_of("publisher", FakeDam(**answers).dam, "KEYWORD")


@pytest.mark.parametrize(
    ("body", "window"),
    [
        ({"hash": "ab", "count": 3, "id": ""}, Window("ab", 3, None)),
        ({"hash": "ab", "count": 1, "id": "k-1"}, Window("ab", 1, "k-1")),
        ({"hash": "ab", "count": 3}, Window("ab", 3, None)),
        ({"hash": "ab", "count": 3.0, "id": None}, Window("ab", 3, None)),
        ({"count": 0}, Window("", 0, None)),
        ({"hash": "of nothing", "count": 0, "id": ""}, Window("", 0, None)),
    ],
)
def test_a_window_is_read(body: dict[str, Any], window: Window) -> None:
    dam = FakeDam(record_window=[body])
    assert side_of("publisher", dam.dam, "KEYWORD").window(20, 3) == window
    assert dam.calls == [("record_window", "KEYWORD", 20, 3)]


@pytest.mark.parametrize(
    "body",
    [
        {"hash": "ab"},
        {"hash": "ab", "count": "3"},
        {"hash": "ab", "count": True},
        {"hash": "ab", "count": -1},
        {"hash": "ab", "count": 2.5},
        {"count": 3},
        {"hash": "", "count": 3},
        {"hash": 7, "count": 3},
    ],
)
def test_a_window_that_cannot_be_used_is_an_error(body: dict[str, Any]) -> None:
    with pytest.raises(ServerError, match="lack"):
        side(record_window=[body]).window(0, 3)


def test_a_list_is_read() -> None:
    rows = [{"id": "b", "hash": "2"}, {"id": "a", "hash": "1", "more": "x"}]
    assert side(record_hashes=[rows]).listed("a", None) == [("b", "2"), ("a", "1")]


@pytest.mark.parametrize("row", [{}, {"id": "a"}, {"hash": "1"}, {"id": "", "hash": "1"}, {"id": 1, "hash": "1"}])
def test_a_list_that_cannot_be_used_is_an_error(row: dict[str, Any]) -> None:
    with pytest.raises(ServerError, match="lack a usable"):
        side(record_hashes=[[row]]).listed(None, None)


def test_a_type_that_is_refused_is_not_offered() -> None:
    refusal = ServerError("GET …: recordType is not valid.", status=400, url="u")
    with pytest.raises(NotOffered, match=r"The publisher does not take it: .*recordType is not valid"):
        side(record_window=[refusal]).window(0, 1)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("1.24.0", r"The publisher \(its DAM API is 1.24.0, release CF212\) cannot"),
        ("2.0", "The publisher cannot"),
        ("1.x", "The publisher cannot"),
        (None, "The publisher cannot"),
        (ServerError("no", status=404), "The publisher cannot"),
    ],
)
@pytest.mark.parametrize("status", [404, 405])
def test_a_call_that_a_release_lacks_names_the_release(version: Any, told: str, status: int) -> None:
    missing = ServerError("GET …: not found.", status=status)
    with pytest.raises(NotSupported, match=f"{told} .*takes release CF213"):
        side(record_window=[missing], api_version=[version]).window(0, 1)
    with pytest.raises(NotSupported, match=f"{told} .*takes release CF217"):
        side(record_hashes=[missing], api_version=[version]).listed(None, None)


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_every_other_refusal_stays_what_it_is(status: int) -> None:
    refusal = ServerError("no", status=status)
    with pytest.raises(ServerError) as raised:
        side(record_window=[refusal]).window(0, 1)
    assert raised.value is refusal
