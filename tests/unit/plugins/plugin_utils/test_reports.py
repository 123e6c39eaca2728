# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports that the role writes of a subscriber."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._reports import reports

SUMMARY = {"by_type": {}, "by_action": {}, "by_subscriber": {}}
RECORD: dict[str, Any] = {"in_sync": True, "repaired": False, "summary_before": SUMMARY}


def test_a_page_is_given_the_verdict_and_the_others_hold_rows_only() -> None:
    assert reports(["csv", "html", "json"], "reports/pub--sub", RECORD) == [
        {"format": "csv", "dest": "reports/pub--sub.csv", "empty_report": "absent"},
        {
            "format": "html",
            "dest": "reports/pub--sub.html",
            "empty_report": "write",
            "html": {"in_sync": True, "summary_before": None, "csv_link": "pub--sub.csv"},
        },
        {"format": "json", "dest": "reports/pub--sub.json", "empty_report": "absent"},
    ]


def test_after_a_repair_the_page_shows_what_was_there_before() -> None:
    (page,) = reports(["html"], "pub--sub", {**RECORD, "repaired": True})
    assert page["html"] == {"in_sync": True, "summary_before": SUMMARY, "csv_link": None}


def test_a_format_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"no format of a report: xls\."):
        reports(["csv", "xls"], "pub--sub", RECORD)
