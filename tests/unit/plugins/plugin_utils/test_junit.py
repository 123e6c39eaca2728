# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result as JUnit XML."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._text import visible
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._junit import junit
from support import junit as form

SUMMARY = {"by_type": {"MEDIA_ITEM": {"CREATE": 40, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0}}}


def record(**fields: Any) -> dict[str, Any]:
    """Return a subscriber of a result that is in sync, but for ``fields``."""
    return {
        "subscriber_id": "4f6c2a0e",
        "target_host": "dx-subscriber.example.com",
        "in_sync": True,
        "repaired": False,
        "mismatches_before": 0,
        "mismatches_after": 0,
        "summary_before": None,
        "failed_operations": [],
        "report": None,
        "error": None,
        "duration": 1.25,
    } | fields


def result(*records: dict[str, Any], error: str | None = None) -> dict[str, Any]:
    """Return a result with these subscribers."""
    return {"schema": 1, "publisher": "dx.example.com", "in_sync": None, "error": error, "subscribers": list(records)}


def test_subscribers_in_sync_are_tests_that_passed() -> None:
    suite = form.read(junit(result(record(), record(target_host="other"))))
    assert form.counted(suite) == [0, 0, 0]
    assert [case.attrib["name"] for case in suite][1:] == [
        "dx-subscriber.example.com is in sync with its publisher",
        "other is in sync with its publisher",
    ]


def test_a_difference_is_a_failure_with_its_numbers_and_its_report() -> None:
    differs = record(in_sync=False, mismatches_after=42, summary_before=SUMMARY, report="/srv/r.csv")
    suite = form.read(junit(result(differs)))
    (failure,) = suite.findall("testcase/failure")
    assert failure.attrib == {"message": "42 mismatches", "type": "drift"}
    assert failure.text is not None
    assert "MEDIA_ITEM: CREATE 40, DELETE 2\n" in failure.text
    assert "/srv/r.csv" in failure.text
    assert "dxops.dam_staging.resync" in failure.text
    assert form.counted(suite) == [1, 0, 0]


def test_what_is_left_after_a_repair_is_told_from_what_there_was() -> None:
    left = record(in_sync=False, repaired=True, mismatches_before=42, mismatches_after=1, summary_before=SUMMARY)
    (failure,) = form.read(junit(result(left))).findall("testcase/failure")
    assert failure.get("message") == "1 mismatches"
    assert "Before the repair:" in str(failure.text)
    assert "dxops.dam_staging.resync" not in str(failure.text)


@pytest.mark.parametrize("in_sync", [None, True])
def test_what_went_wrong_is_an_error_even_where_the_data_are_in_sync(in_sync: bool | None) -> None:
    suite = form.read(junit(result(record(in_sync=in_sync, error="the queue did not end\nin time"))))
    (error,) = suite.findall("testcase/error")
    assert (error.get("message"), error.text) == ("the queue did not end", "the queue did not end\nin time")


def test_what_nothing_was_proven_of_is_skipped() -> None:
    assert form.counted(form.read(junit(result(record(in_sync=None))))) == [0, 0, 1]


def test_a_publisher_that_could_not_be_worked_on_is_an_error_though_no_subscriber_is_known() -> None:
    suite = form.read(junit(result(error="401")))
    assert (len(suite), form.counted(suite)) == (1, [0, 1, 0])


HOSTILE = ("<b>&\"']]>", "a\x00b\x1b[31mc\x9b2J\u202e", "\ud800", "\ufffe", "🖼 über", "{{ 1 }}")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_breaks_the_document(text: str) -> None:
    suite = form.read(junit(result(record(in_sync=None, error=f"x{text}", target_host=f"y{text}"), error=f"z{text}")))
    shown = visible(text)
    assert shown.isprintable()
    publisher, subscriber = suite
    assert publisher[0].text == f"z{shown}"
    assert subscriber[0].text == f"x{shown}"
    assert subscriber.attrib["name"].startswith(f"y{shown}")


@pytest.mark.parametrize("wrong", [{}, {"publisher": "x", "error": None, "subscribers": [1]}, result({})])
def test_what_is_no_result_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no dam_consistency_result"):
        junit(wrong)


def test_a_subscriber_that_was_not_found_has_a_name_too() -> None:
    nameless = record(target_host=None, subscriber_id=None, in_sync=None, error="no such subscriber")
    assert form.read(junit(result(nameless)))[1].get("name") == "subscriber is in sync with its publisher"
