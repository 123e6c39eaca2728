# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rows are counted, and the summary as a table for a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.summary import MOST_LINES, Summary, table
from support.reports import Row, make_report, mismatch

ACTIONS = ("CREATE", "UPDATE", "DELETE", "UNKNOWN")
COUNTS = st.fixed_dictionaries({action: st.integers(0, 10**7) for action in ACTIONS})
TEXTS = st.text(max_size=12)
VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(), TEXTS, st.lists(TEXTS, max_size=2), st.dictionaries(TEXTS, TEXTS, max_size=2)
)


# Rows are counted


def test_rows_are_counted_by_type_action_and_subscriber() -> None:
    summary = Summary()
    for row in (mismatch(1, "CREATE"), mismatch(2, "DELETE", "RENDITION"), mismatch(3, "DELETE", "RENDITION")):
        summary.add(row)
    assert summary.as_dict() == {
        "by_type": {
            "MEDIA_ITEM": {"CREATE": 1, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 0},
            "RENDITION": {"CREATE": 0, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0},
        },
        "by_action": {"CREATE": 1, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0},
        "by_subscriber": {"sub-1": {"CREATE": 1, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0}},
    }


@pytest.mark.parametrize(
    "row",
    [
        {"recordType": "VERSION", "recordAction": "DELETE", "subscriberId": "s"},
        {"record_type": "VERSION", "record_action": "delete", "subscriber_id": "s"},
        {"type": "VERSION", "action": " Delete ", "subscriber": "s"},
        {"RecordType": "VERSION", "ACTION": "DELETE", "subscriberID": "s"},
        {"type": "other", "recordType": "VERSION", "action": "CREATE", "recordAction": "DELETE", "subscriberId": "s"},
    ],
)
def test_the_fields_are_found_under_likely_names(row: Row) -> None:
    for add in ("add", "add_alike"):
        summary = Summary()
        getattr(summary, add)(row if add == "add" else [row])
        assert summary.as_dict()["by_type"] == {"VERSION": {"CREATE": 0, "UPDATE": 0, "DELETE": 1, "UNKNOWN": 0}}
        assert list(summary.as_dict()["by_subscriber"]) == ["s"]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": "x"},
        {"recordType": None, "recordAction": ["CREATE"], "subscriberId": {"id": 1}},
        {"action": "MOVE"},
    ],
)
def test_what_a_row_lacks_is_unknown(row: Row) -> None:
    for summary in (Summary(), Summary()):
        summary.add(row)
        assert summary.as_dict() == {
            "by_type": {"UNKNOWN": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 1}},
            "by_action": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 1},
            "by_subscriber": {"UNKNOWN": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 1}},
        }


def test_rows_of_one_page_may_call_their_fields_differently(tmp_path: Path) -> None:
    rows: list[Row] = [mismatch(1, "DELETE"), {"type": "VERSION", "action": "CREATE", "subscriber": "s"}, {"id": 3}]
    result = make_report(tmp_path, [rows])
    assert {name: sum(cells.values()) for name, cells in result.summary.as_dict()["by_type"].items()} == {
        "MEDIA_ITEM": 1,
        "UNKNOWN": 1,
        "VERSION": 1,
    }


@given(rows=st.lists(st.fixed_dictionaries({"type": VALUES, "action": VALUES, "subscriberId": VALUES}), max_size=8))
def test_rows_that_are_alike_count_the_same_at_once_and_one_by_one(rows: list[Row]) -> None:
    together, single = Summary(), Summary()
    together.add_alike(rows)
    for row in rows:
        single.add(row)
    assert together.as_dict() == single.as_dict()
    assert together.count == single.count == len(rows)


def test_a_million_names_cannot_make_a_summary_large() -> None:
    summary = Summary()
    for number in range(5000):
        summary.add({"type": f"{number}" + "x" * 5000, "subscriberId": f"s{number}", f"key{number}": 1})
    result = summary.as_dict()
    assert summary.count == 5000
    assert len(result["by_type"]) == 101
    assert len(result["by_subscriber"]) == 1001
    assert result["by_type"]["OTHER"]["UNKNOWN"] == 4900
    assert len(json.dumps(result)) < 200_000
    assert len(summary._fields) == 1000


def test_a_long_name_is_cut() -> None:
    summary = Summary()
    summary.add({"type": "x" * 201, "action": "CREATE"})
    summary.add({"type": "x" * 200, "action": "CREATE"})
    assert list(summary.as_dict()["by_type"]) == ["x" * 200]


def test_names_that_would_play_with_a_terminal_are_made_visible() -> None:
    summary = Summary()
    summary.add({"type": "A\x1b[31m\u202e\ud800", "action": "CREATE"})
    assert list(summary.as_dict()["by_type"]) == ["A\\u001b[31m\\u202e\\ud800"]


# As a table


def test_types_actions_and_totals_stand_in_columns() -> None:
    lines = table(
        {
            "VERSION": {"CREATE": 0, "UPDATE": 2, "DELETE": 0, "UNKNOWN": 0},
            "MEDIA_ITEM": {"CREATE": 40, "UPDATE": 1, "DELETE": 1, "UNKNOWN": 0},
        }
    )
    assert lines == [
        "              CREATE    UPDATE    DELETE     total",
        "MEDIA_ITEM        40         1         1        42",
        "VERSION            .         2         .         2",
        "total             40         3         1        44",
    ]


def test_a_row_of_no_known_action_is_not_hidden() -> None:
    lines = table({"VERSION": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 7}})
    assert lines[0].split() == ["CREATE", "UPDATE", "DELETE", "UNKNOWN", "total"]
    assert lines[-1].split() == ["total", ".", ".", ".", "7", "7"]


def test_no_mismatches_make_no_table() -> None:
    assert table({}) == []
    assert table({"VERSION": dict.fromkeys(ACTIONS, 0)}) == []


def test_more_types_than_a_screen_has_lines_are_added_up_and_long_names_are_cut() -> None:
    counts = {"CREATE": 1, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 0}
    for types, more in ((20, []), (22, ["(2 more types)"])):
        lines = table({f"TYPE_{number:02}_" + "X" * 40: counts for number in range(types)})
        assert len(lines) == 20 + len(more) + 2
        assert [line[:28].rstrip() for line in lines[21:]] == [*more, "total"]
        assert lines[1][:28] == "TYPE_00_" + "X" * 19 + "…"
        assert lines[-1].split()[-1] == str(types)


@given(st.dictionaries(st.text(max_size=60), COUNTS, max_size=60))
def test_any_summary_fits_on_a_screen_and_loses_no_row(by_type: dict[str, dict[str, int]]) -> None:
    lines = table(by_type)
    total = sum(sum(counts.values()) for counts in by_type.values())
    assert len(lines) <= MOST_LINES + 3
    assert all(line.isprintable() and len(line) <= 100 for line in lines)
    assert (int(lines[-1].split()[-1]) if lines else 0) == total
