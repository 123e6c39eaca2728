# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a page: what the module makes of its options, and what the role does with pages."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.role import HOST, folder_listing, found_in, verdict_of
from support.scenes import Row, compared, log_mismatches, named, of_subscriber, registration, server_rows, set_status
from support.standin import StandIn

MODULE = "dam_mismatch_report"
COMPLETED = "FIND_MISMATCH_COMPLETED"


class Page:
    """What a page says."""

    def __init__(self, path: Path) -> None:
        self.source = path.read_text(encoding="utf-8")
        body = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", self.source)
        self.text = html.unescape(" ".join(re.sub(r"<[^>]+>", " ", body).split()))
        self.state = re.findall(r'class="verdict ([\w-]+)"', self.source)[0]
        self.links = re.findall(r'<a href="\./([^"]+)">', self.source)
        self.times = re.findall(r'<time datetime="([^"]+)">([^<]+)</time>', self.source)

    def data(self, name: str) -> Any:
        """Return what stands in one of the page's blocks of JSON."""
        return json.loads(re.findall(rf'(?s)id="{name}">(.*?)</script>', self.source)[0])

    @property
    def rows(self) -> list[list[str]]:
        """Return the cells of the table; none where the page has no table."""
        return self.data("data")["rows"] if 'id="data"' in self.source else []


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """A place for a page, in a folder with nothing else in it."""
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder / "report.html"


# --- The module ------------------------------------------------------------------------------------------------------


def test_check_run_check_run_writes_the_page_once_and_it_holds_the_servers_rows(
    damsim: StandIn, run_modules: Any, dest: Path
) -> None:
    count = compared(damsim)
    args = {**named(damsim), "dest": str(dest), "format": "html", "html": {"in_sync": False, "csv_link": "rows.csv"}}
    results = run_modules([Call(MODULE, args, check=check) for check in (True, False, True, False)])
    assert [each["changed"] for each in results] == [True, True, False, False], results
    page = Page(dest)
    assert page.state == "drift"
    assert f"Drift: {count} mismatches" in page.text
    assert f"Publisher {damsim.publisher.host} Subscriber {damsim.subscribers[0].target_host}" in page.text
    assert page.links == ["rows.csv"]
    rows = server_rows(damsim, of_subscriber(damsim))
    assert [cells[2] for cells in page.rows] == [row["recordId"] for row in rows]
    assert page.data("summary") == results[1]["summary"]
    since = registration(damsim)["lastResyncTime"]
    assert page.times == [(since[:19] + "+00:00", f"{since[:10]} {since[11:19]} UTC")]


@pytest.mark.parametrize(
    ("verdict", "state", "words"),
    [(True, "in-sync", "In sync"), (None, "not-proven", "Not proven"), (False, "drift", "no mismatch is listed here")],
)
def test_a_page_without_mismatches_says_what_is_proven_and_no_more(
    damsim: StandIn, run_module: Any, dest: Path, verdict: bool | None, state: str, words: str
) -> None:
    set_status(damsim, COMPLETED)
    args = {**named(damsim), "dest": str(dest), "format": "html", "empty_report": "write"}
    done = run_module(MODULE, {**args, "html": {"in_sync": verdict}})
    assert (done["changed"], done["report_available"], done["dest"]) == (True, False, str(dest))
    page = Page(dest)
    assert (page.state, page.rows) == (state, [])
    assert words in page.text


def test_the_verdict_of_a_comparison_goes_right_into_the_page(damsim: StandIn, run_modules: Any, dest: Path) -> None:
    damsim.reset("clean", 20)
    args = {**named(damsim), "dest": str(dest), "format": "html", "empty_report": "write"}
    found, done = run_modules(
        [Call("dam_find_mismatch", named(damsim)), Call(MODULE, {**args, "html": {"in_sync": True}})]
    )
    assert (found["in_sync"], done["changed"]) == (True, True)
    assert Page(dest).state == "in-sync"


def test_a_later_comparison_that_found_the_same_is_written_without_being_a_change(
    damsim: StandIn, run_module: Any, dest: Path
) -> None:
    args = {**named(damsim), "dest": str(dest), "format": "html", "empty_report": "write", "html": {"in_sync": True}}
    set_status(damsim, COMPLETED, age=5000.0)
    assert run_module(MODULE, args)["changed"]
    first = Page(dest)
    set_status(damsim, COMPLETED, age=10.0)
    again = run_module(MODULE, {**args, "backup": True}, diff=True)
    assert (again["changed"], "diff" in again, "backup_file" in again) == (False, False, False)
    assert Page(dest).times > first.times
    log_mismatches(damsim, [("KEYWORD", "CREATE", "one")])
    assert run_module(MODULE, args)["changed"]


def test_a_later_comparison_that_found_the_same_drift_is_no_change(
    damsim: StandIn, run_modules: Any, dest: Path
) -> None:
    report = Call(MODULE, {**named(damsim), "dest": str(dest), "format": "html"})
    compare = Call("dam_find_mismatch", {**named(damsim), "max_age": 0})
    results = run_modules([compare, report, compare, report])
    assert results[0]["compared_at"] != results[2]["compared_at"]
    assert [each["changed"] for each in results[1::2]] == [True, False]


def test_a_summary_from_before_makes_it_a_page_of_before_and_after(
    damsim: StandIn, run_modules: Any, dest: Path
) -> None:
    compared(damsim)
    args = {**named(damsim), "dest": str(dest), "format": "html", "empty_report": "write"}
    first = run_modules([Call(MODULE, args)])[0]
    damsim.delete("/_sim/mismatches")
    second = run_modules([Call(MODULE, {**args, "html": {"in_sync": True, "summary_before": first["summary"]}})])[0]
    assert second["changed"]
    page = Page(dest)
    assert page.state == "in-sync"
    assert "Before the resync" in page.text
    assert "What is left No mismatches." in page.text


def test_filters_are_said_on_the_page_and_an_empty_one_proves_nothing(
    damsim: StandIn, run_module: Any, dest: Path
) -> None:
    log_mismatches(damsim, [("KEYWORD", "DELETE", "one")])
    set_status(damsim, COMPLETED)
    args = {**named(damsim), "dest": str(dest), "format": "html", "empty_report": "write", "html": {"in_sync": True}}
    run_module(MODULE, {**args, "record_type": ["KEYWORD", "VERSION"], "record_action": ["DELETE"]})
    page = Page(dest)
    assert "Only types KEYWORD, VERSION; action DELETE" in page.text
    assert "at least 1 record" in page.text
    run_module(MODULE, {**args, "record_type": ["VERSION"]})
    assert Page(dest).state == "not-proven"
    assert "Only type VERSION" in Page(dest).text


def test_a_forced_page_says_that_it_may_not_be_accurate(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    set_status(damsim, "RESYNC_TRIGGER_COMPLETED")
    run_module(MODULE, {**named(damsim), "dest": str(dest), "format": "html", "force": True})
    assert "This may not be accurate" in Page(dest).text


def test_of_several_subscribers_each_has_its_numbers_under_its_host(
    damsim3: StandIn, run_module: Any, dest: Path
) -> None:
    for number in range(3):
        compared(damsim3, age=100.0 * number, number=number)
    run_module(MODULE, {**connection_to(damsim3), "all_subscribers": True, "dest": str(dest), "format": "html"})
    page = Page(dest)
    assert f"Subscribers {', '.join(each.target_host for each in damsim3.subscribers)}" in page.text
    assert f"By subscriber Subscriber Create Update Delete Total {damsim3.subscribers[0].target_host}" in page.text
    assert len(page.times) == 2
    assert "First compared" in page.text


BROKEN: dict[str, Row] = {
    "html: only with format=html": {"format": "csv", "html": {"in_sync": True}},
    "html.csv_link:": {"html": {"csv_link": "../x.csv"}},
    "html.summary_before:": {"html": {"summary_before": {"by_type": 5}}},
}


@pytest.mark.parametrize("words", BROKEN)
def test_options_that_cannot_be_meant_are_named(damsim: StandIn, run_module: Any, dest: Path, words: str) -> None:
    compared(damsim)
    result = run_module(MODULE, {**named(damsim), "dest": str(dest), "format": "html", **BROKEN[words]})
    assert (result["failed"], result["changed"]) == (True, False)
    assert words in result["msg"]
    assert folder_listing(dest.parent) == []


def test_without_mismatches_a_page_is_removed_if_that_is_wanted(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    args = {**named(damsim), "dest": str(dest), "format": "html"}
    run_module(MODULE, args)
    damsim.delete("/_sim/mismatches")
    removed = run_module(MODULE, args)
    assert (removed["changed"], dest.exists()) == (True, False)


# --- The role --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_roles_page_tells_drift_then_the_repair_and_changes_no_more(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    (subscriber,), expected = damsim.subscribers, damsim.expected()
    reports = tmp_path / "reports"
    stem = f"{HOST}--{subscriber.host}_{subscriber.port}--{subscriber.id[:8]}"
    page = reports / f"{stem}.html"
    variables = {"dam_consistency_report_dir": str(reports), "dam_consistency_report_formats": ["csv", "html"]}
    drift = run_playbook("check.yml", extra_vars=variables | {"dam_consistency_fail_on_drift": False})
    assert drift.rc == 0, drift.output
    assert verdict_of(drift)["report"] in (str(page), str(page.with_suffix(".csv")))
    assert (Page(page).state, Page(page).links) == ("drift", [f"{stem}.csv"])
    assert "Before the resync" not in Page(page).text

    run = run_playbook("resync.yml", extra_vars=variables)
    assert run.rc == 0, run.output
    assert folder_listing(reports) == [f"{stem}.before.csv", f"{stem}.before.html", f"{stem}.html"]
    first = Page(reports / f"{stem}.before.html")
    assert first.state == "drift"
    assert sorted([cells[3], cells[4], cells[2]] for cells in first.rows) == expected["rows"]
    assert first.links == [f"{stem}.before.csv"]
    assert found_in(reports / first.links[0]) == expected["rows"]
    after = Page(page)
    assert (after.state, after.links) == ("in-sync", [])
    assert "Before the resync" in after.text
    assert "What is left No mismatches." in after.text

    again = run_playbook("resync.yml", extra_vars=variables)
    assert (again.rc, again.changed(HOST)) == (0, 0), again.output
    later = Page(page)
    assert later.state == "in-sync"
    assert later.times > after.times
    assert Page(reports / f"{stem}.before.html").source == first.source

    dry = run_playbook("resync.yml", extra_vars=variables, check=True)
    assert (dry.rc, dry.changed(HOST)) == (0, 0), dry.output
    assert Page(page).source == later.source
