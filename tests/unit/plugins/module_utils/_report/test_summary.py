# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary as a table for a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.summary import MOST_LINES, table

ACTIONS = ("CREATE", "UPDATE", "DELETE", "UNKNOWN")
COUNTS = st.fixed_dictionaries({action: st.integers(0, 10**7) for action in ACTIONS})


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


@given(st.dictionaries(st.text(max_size=60), COUNTS, max_size=60))
def test_any_summary_fits_on_a_screen_and_loses_no_row(by_type: dict[str, dict[str, int]]) -> None:
    lines = table(by_type)
    total = sum(sum(counts.values()) for counts in by_type.values())
    assert len(lines) <= MOST_LINES + 3
    assert all(line.isprintable() and len(line) <= 100 for line in lines)
    assert (int(lines[-1].split()[-1]) if lines else 0) == total
