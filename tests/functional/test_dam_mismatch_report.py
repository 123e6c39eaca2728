# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_mismatch_report: the file holds the server's rows, all of them, and nothing is ever left half done."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.scenes import (
    COMPARED,
    Row,
    api,
    compared,
    fault,
    log_mismatches,
    meanwhile,
    named,
    of_subscriber,
    registration,
    sent,
    server_rows,
    set_status,
    warned,
    writes,
)
from support.standin import StandIn

MODULE = "dam_mismatch_report"
RUN_FIRST = "Please run find mismatch first before generating report logs."
IN_PROGRESS = "Report cannot be downloaded as Find staging mismatch is still in progress."
FAILED = (
    "Report cannot be downloaded as Find staging mismatch process failed. Try to execute find-staging-mismatch again "
    "to trigger the mismatch generation process and download report once it is done."
)
NOT_ALL = (
    "Find mismatch is not completed for one or more subscribers. Please check the resync status for all subscribers "
    "before generating report logs."
)


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """A place for a report, in a folder with nothing else in it."""
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder / "report.csv"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what is in a folder: content and mode of each file."""
    return {each.name: (each.read_bytes(), each.stat().st_mode) for each in folder.iterdir()}


def rows_in(path: Path, report_format: str = "csv") -> list[Row]:
    """Return the rows of a report; those of a CSV are texts."""
    if report_format == "csv":
        with open(path, newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle, strict=True))
    text = path.read_text(encoding="utf-8")
    found = json.loads(text) if report_format == "json" else [json.loads(line) for line in text.splitlines()]
    assert isinstance(found, list)
    return found


def as_texts(rows: list[Row]) -> list[Row]:
    """Return the server's rows as a CSV shows them: every column, nested values as JSON."""
    columns = list(dict.fromkeys(name for row in rows for name in row))

    def text(value: Any) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    return [{name: text(row.get(name)) for name in columns} for row in rows]


def assert_equals_server(path: Path, report_format: str, rows: list[Row]) -> None:
    """Check that a report holds just these rows, in this order."""
    assert rows_in(path, report_format) == (as_texts(rows) if report_format == "csv" else rows)


# --- The cycle -------------------------------------------------------------------------------------------------------


def test_check_run_check_run_writes_once_and_only_reads_from_the_server(
    damsim: StandIn, run_modules: Any, dest: Path
) -> None:
    count = compared(damsim)
    args = {**named(damsim), "dest": str(dest)}
    calls = [Call(MODULE, args, check=check) for check in (True, False, True, False)]
    results = run_modules(calls)
    assert [each["changed"] for each in results] == [True, True, False, False]
    assert len({each["checksum"] for each in results}) == 1
    assert writes(sent(damsim)) == []
    assert_equals_server(dest, "csv", server_rows(damsim))
    done = results[1]
    assert (done["count"], done["report_available"], done["accurate"], done["dest"]) == (count, True, True, str(dest))
    assert done["compared_at"] == registration(damsim)["lastResyncTime"]
    assert list(contents(dest.parent)) == ["report.csv"]


def test_check_mode_leaves_the_folder_as_it_is(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    assert run_module(MODULE, {**named(damsim), "dest": str(dest)}, check=True)["changed"]
    assert contents(dest.parent) == {}


def test_without_dest_it_counts_and_changes_nothing(damsim: StandIn, run_module: Any) -> None:
    count = compared(damsim)
    result = run_module(MODULE, named(damsim))
    assert (result["count"], result["changed"], result["dest"], result["checksum"]) == (count, False, None, None)
    assert result["records"] == []


# --- What is in it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report_format", "switches", "options"),
    [
        ("csv", {"page_cap": 1}, {}),
        ("jsonl", {"page_cap": 7}, {"page_size": 10, "prefetch": 16}),
        ("json", {"default_page": None}, {"page_size": 7, "prefetch": 1}),
        ("csv", {}, {"page_size": 10, "prefetch": 4}),
    ],
)
def test_every_format_equals_the_servers_rows_whatever_the_paging(
    damsim: StandIn,
    run_module: Any,
    dest: Path,
    report_format: str,
    switches: dict[str, Any],
    options: dict[str, Any],
) -> None:
    compared(damsim)
    rows = server_rows(damsim)
    damsim.settings(**switches)
    result = run_module(MODULE, {**named(damsim), "dest": str(dest), "format": report_format, **options})
    assert (result["count"], result["duplicates"]) == (len(rows), 0), result
    assert_equals_server(dest, report_format, rows)


def test_summary_and_columns_are_those_of_a_real_comparison(damsim: StandIn, run_modules: Any, dest: Path) -> None:
    args = {**named(damsim), "dest": str(dest), "format": "json", "max_records": 3}
    _found, result = run_modules([Call("dam_find_mismatch", named(damsim)), Call(MODULE, args)])
    rows = server_rows(damsim)
    counts = damsim.expected()["counts"]
    by_type = result["summary"]["by_type"]
    assert {name: {a: n for a, n in found.items() if n} for name, found in by_type.items()} == counts
    assert sum(result["summary"]["by_action"].values()) == len(rows) == result["count"]
    assert list(result["summary"]["by_subscriber"]) == [damsim.subscribers[0].id]
    assert result["columns"] == list(dict.fromkeys(name for row in rows for name in row))
    assert result["records"] == rows[:3]
    assert result["checksum"] == hashlib.sha1(dest.read_bytes()).hexdigest()  # noqa: S324 - as in ansible.builtin.copy


@pytest.mark.parametrize(
    ("types", "actions"),
    [(["KEYWORD"], []), ([], ["DELETE"]), (["VERSION", "KEYWORD"], ["DELETE", "CREATE"]), (["RESOURCE"], ["UPDATE"])],
)
def test_filters_are_lists_and_the_report_has_what_fits(
    damsim: StandIn, run_module: Any, dest: Path, types: list[str], actions: list[str]
) -> None:
    compared(damsim)
    filters = {name: value for name, value in (("record_type", types), ("record_action", actions)) if value}
    result = run_module(
        MODULE, {**named(damsim), "dest": str(dest), "format": "json", "empty_report": "write", **filters}
    )
    queries = [(f"&recordType={each}" if each else "") for each in types or [""]]
    queries = [f"{each}&recordAction={action}" if action else each for each in queries for action in actions or [""]]
    rows = [row for each in queries for row in server_rows(damsim, of_subscriber(damsim) + each)]
    assert rows_in(dest, "json") == rows
    assert result["count"] == len(rows)


def test_one_subscriber_or_all_of_them(damsim3: StandIn, run_modules: Any, dest: Path) -> None:
    for number in range(3):
        compared(damsim3, number=number)
    args = {**connection_to(damsim3), "dest": str(dest), "format": "json"}
    everyone, second = run_modules(
        [Call(MODULE, {**args, "all_subscribers": True}), Call(MODULE, {**args, **named(damsim3, 1)})]
    )
    assert everyone["count"] == len(server_rows(damsim3))
    assert set(everyone["summary"]["by_subscriber"]) == {each.id for each in damsim3.subscribers[:2]}
    assert everyone["compared_at"] is None
    rows = server_rows(damsim3, of_subscriber(damsim3, 1))
    assert rows
    assert (second["changed"], second["count"]) == (True, len(rows))
    assert rows_in(dest, "json") == rows


@pytest.mark.parametrize("report_format", ["csv", "jsonl"])
def test_names_of_any_kind_come_through_and_a_spreadsheet_runs_none_of_them(
    damsim: StandIn, run_module: Any, dest: Path, report_format: str
) -> None:
    names = ['=HYPERLINK("http://x")', "+1+1", "@SUM(A1)", "a\nb", 'say "hi"', "Grüße, 世界 🎉", "-7", " ", "a,b;c"]
    base = {"subscriberId": damsim.subscribers[0].id, "recordType": "KEYWORD", "recordAction": "CREATE"}
    rows = [{**base, "recordName": name, "depth": {"of": [number, None]}} for number, name in enumerate(names)]
    damsim.post("/_sim/mismatches", rows)
    set_status(damsim, COMPARED)
    run_module(MODULE, {**named(damsim), "dest": str(dest), "format": report_format})
    found = rows_in(dest, report_format)
    if report_format == "csv":
        assert [row["recordName"] for row in found] == [f"'{name}" if name[0] in "=+@" else name for name in names]
    else:
        assert found == rows


def test_csv_safe_and_csv_bom_are_options(damsim: StandIn, run_module: Any, dest: Path) -> None:
    log_mismatches(damsim, [("KEYWORD", "CREATE", "=1+1")])
    set_status(damsim, COMPARED)
    run_module(MODULE, {**named(damsim), "dest": str(dest), "csv_safe": False, "csv_bom": True})
    assert dest.read_bytes().startswith(b"\xef\xbb\xbf")
    assert b",=1+1" in dest.read_bytes()


def test_csv_printable_keeps_control_characters_from_the_terminal(
    damsim: StandIn, run_modules: Any, dest: Path
) -> None:
    log_mismatches(damsim, [("KEYWORD", "CREATE", "\x1b[2J\x9b31m\u202e\r\nred"), ("KEYWORD", "CREATE", "plain")])
    set_status(damsim, COMPARED)
    args = {**named(damsim), "dest": str(dest)}
    data = []
    for more in ({}, {"csv_printable": True}, {"csv_printable": True}):
        (result,) = run_modules([Call(MODULE, {**args, **more})])
        data.append((result["changed"], dest.read_bytes().decode("utf-8")))
    assert [changed for changed, _text in data] == [True, True, False]
    assert "\x1b[2J\x9b31m\u202e\r\nred" in data[0][1]
    assert r"\u001b[2J\u009b31m\u202e\u000d\u000ared" in data[1][1]
    lines = data[1][1].split("\r\n")
    assert (len(lines), [line.isprintable() for line in lines]) == (4, [True] * 4)


# --- Every status ----------------------------------------------------------------------------------------------------

REFUSALS = [
    (None, RUN_FIRST),
    ("FIND_MISMATCH_START", IN_PROGRESS),
    ("DYNAMIC_STATUS_COMPUTATION_REQUIRED", IN_PROGRESS),
    ("SOMETHING_NEW", IN_PROGRESS),
    ("FIND_MISMATCH_FAILED", FAILED),
    ("RESYNC_TRIGGER_START", RUN_FIRST),
    ("RESYNC_TRIGGER_COMPLETED", RUN_FIRST),
    ("RESYNC_TRIGGER_FAILED", RUN_FIRST),
]


@pytest.mark.parametrize(("status", "words"), REFUSALS)
def test_without_a_completed_comparison_it_refuses_in_the_vendors_words_and_force_is_not_accurate(
    damsim: StandIn, run_module: Any, dest: Path, status: str | None, words: str
) -> None:
    count = compared(damsim)
    set_status(damsim, status)
    refused = run_module(MODULE, {**named(damsim), "dest": str(dest)})
    assert (refused["failed"], refused["msg"], refused["changed"]) == (True, words, False)
    assert contents(dest.parent) == {}
    forced = run_module(MODULE, {**named(damsim), "dest": str(dest), "force": True})
    assert (forced["changed"], forced["accurate"], forced["count"]) == (True, False, count)
    assert forced["compared_at"] is None
    assert_equals_server(dest, "csv", server_rows(damsim))


def test_of_all_subscribers_every_one_has_to_be_compared(damsim3: StandIn, run_module: Any) -> None:
    compared(damsim3)
    result = run_module(MODULE, {**connection_to(damsim3), "all_subscribers": True})
    assert (result["failed"], result["msg"]) == (True, NOT_ALL)


def test_the_vendors_words_come_through_ansible_playbook(damsim: StandIn, run_module: Any) -> None:
    assert run_module(MODULE, named(damsim))["msg"] == RUN_FIRST


# --- Nothing to report -----------------------------------------------------------------------------------------------


def test_a_report_of_nothing_removes_the_old_one(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    args = {**named(damsim), "dest": str(dest)}
    assert run_module(MODULE, args)["changed"]
    damsim.delete("/_sim/mismatches")
    results = [run_module(MODULE, args, check=check) for check in (True, False, True, False)]
    assert [each["changed"] for each in results] == [True, True, False, False], results
    assert (results[-1]["report_available"], results[-1]["dest"], results[-1]["checksum"]) == (False, None, None)
    assert contents(dest.parent) == {}


def test_an_empty_report_is_written_if_that_is_asked_for(damsim: StandIn, run_module: Any, dest: Path) -> None:
    set_status(damsim, COMPARED)
    args = {**named(damsim), "dest": str(dest), "empty_report": "write"}
    first, second = [run_module(MODULE, args) for _turn in range(2)]
    assert (first["changed"], second["changed"], first["count"]) == (True, False, 0)
    assert first["dest"] == str(dest)
    assert rows_in(dest) == []
    assert b"recordType" in dest.read_bytes()


@pytest.mark.parametrize("everything", [False, True])
def test_a_report_that_was_read_while_someone_starts_a_comparison_is_not_accurate(
    damsim: StandIn, run_module: Any, dest: Path, everything: bool
) -> None:
    compared(damsim, age=60)
    dest.write_text("an older report")
    damsim.settings(hold_comparison=True)

    def happens() -> None:
        api(damsim, "DELETE", f"/staging/mismatches?{of_subscriber(damsim)}")
        api(damsim, "PATCH", f"/staging/subscriber/{damsim.subscribers[0].id}", {"resyncStatus": "FIND_MISMATCH_START"})

    with meanwhile(happens, damsim, method="GET", path="/staging/mismatches"):
        one = {"all_subscribers": True} if everything else named(damsim)
        result = run_module(MODULE, {**one, "dest": str(dest)})
    assert (result["failed"], result["accurate"], result["report_available"]) == (False, False, False), result
    assert warned(result, "while they were read")
    assert warned(result, "was not removed")
    assert dest.read_text() == "an older report"


@pytest.mark.parametrize("status", [None, "FIND_MISMATCH_START", "RESYNC_TRIGGER_COMPLETED"])
def test_only_a_completed_comparison_removes_a_file(
    damsim: StandIn, run_module: Any, dest: Path, status: str | None
) -> None:
    dest.write_bytes(b"an older report\n")
    before = contents(dest.parent)
    set_status(damsim, status)
    args = {**named(damsim), "dest": str(dest), "force": True, "backup": True}
    for check in (True, False):
        result = run_module(MODULE, args, check=check)
        assert (result["failed"], result["changed"], result["accurate"], result["dest"]) == (False, False, False, None)
        assert "was not removed: the rows are not those of a completed comparison" in result["not_removed"]
        assert warned(result, result["not_removed"])
        assert contents(dest.parent) == before
    set_status(damsim, COMPARED)
    removed = run_module(MODULE, args)
    assert (removed["changed"], removed["accurate"], dest.exists(), "not_removed" in removed) == (
        True,
        True,
        False,
        False,
    )
    assert Path(removed["backup_file"]).read_bytes() == b"an older report\n"


# --- The file --------------------------------------------------------------------------------------------------------


def mode_of(path: Path) -> int:
    """Return a file's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_for_its_owner_alone(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    run_module(MODULE, {**named(damsim), "dest": str(dest)})
    assert mode_of(dest) == 0o600


def test_mode_is_seen_to_and_a_change_of_it_alone_is_a_change(damsim: StandIn, run_modules: Any, dest: Path) -> None:
    compared(damsim)
    args = {**named(damsim), "dest": str(dest)}
    modes = ["0640", "0640", "0600"]
    results = run_modules([Call(MODULE, {**args, "mode": mode}) for mode in modes])
    assert [each["changed"] for each in results] == [True, False, True]
    assert mode_of(dest) == 0o600


def test_a_file_that_is_there_keeps_its_mode(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    dest.write_text("an older report")
    dest.chmod(0o644)
    assert run_module(MODULE, {**named(damsim), "dest": str(dest)})["changed"]
    assert mode_of(dest) == 0o644


@pytest.mark.parametrize("empty", [True, False])
def test_backup_keeps_the_old_file(damsim: StandIn, run_module: Any, dest: Path, empty: bool) -> None:
    count = compared(damsim)
    args = {**named(damsim), "dest": str(dest), "backup": True}
    first = run_module(MODULE, args)
    assert "backup_file" not in first
    old = dest.read_bytes()
    if empty:
        damsim.delete("/_sim/mismatches")
    else:
        log_mismatches(damsim, [("KEYWORD", "CREATE", "one more")])
    second = run_module(MODULE, args)
    assert (second["changed"], second["count"]) == (True, 0 if empty else count + 1)
    assert Path(second["backup_file"]).read_bytes() == old
    assert dest.exists() is not empty
    third = run_module(MODULE, args)
    assert (third["changed"], "backup_file" in third) == (False, False)


def test_check_mode_makes_no_backup(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    dest.write_text("an older report")
    before = contents(dest.parent)
    assert run_module(MODULE, {**named(damsim), "dest": str(dest), "backup": True}, check=True)["changed"]
    assert contents(dest.parent) == before


def test_a_link_is_replaced_or_removed_itself_and_one_of_another_user_refused(
    damsim: StandIn, run_modules: Any, dest: Path, tmp_path: Path
) -> None:
    compared(damsim)
    real = tmp_path / "real.csv"
    real.write_text("not the report's")
    real.chmod(0o644)
    dest.symlink_to(real)
    args = {**named(damsim), "dest": str(dest), "backup": True}
    results = run_modules([Call(MODULE, args), Call(MODULE, args)])
    assert [(each["changed"], "backup_file" in each) for each in results] == [(True, False), (False, False)]
    assert (dest.is_symlink(), dest.stat().st_mode & 0o777) == (False, 0o600)
    assert_equals_server(dest, "csv", server_rows(damsim))
    dest.unlink()
    dest.symlink_to(real)
    if os.geteuid() == 0:
        os.chown(dest, 54321, 54321, follow_symlinks=False)
        sent = len(damsim.requests())
        (refused,) = run_modules([Call(MODULE, args)])
        assert "is a symbolic link of the user with the id 54321" in refused["msg"]
        assert len(damsim.requests()) == sent
        os.chown(dest, 0, 0, follow_symlinks=False)
    damsim.delete("/_sim/mismatches")
    (removed,) = run_modules([Call(MODULE, args)])
    assert (removed["changed"], removed["dest"], dest.is_symlink()) == (True, None, False)
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("not the report's", 0o644)


@pytest.mark.parametrize("report_format", ["csv", "html"])
def test_diff_shows_the_summary_before_and_after_and_no_rows(
    damsim: StandIn, run_module: Any, dest: Path, report_format: str
) -> None:
    compared(damsim)
    args = {**named(damsim), "dest": str(dest), "format": report_format}
    first = run_module(MODULE, args, diff=True)
    assert (first["diff"]["before"], first["diff"]["after"]) == ({}, first["summary"])
    log_mismatches(damsim, [("KEYWORD", "CREATE", "one-more")])
    second = run_module(MODULE, args, diff=True)
    assert (second["diff"]["before"], second["diff"]["after"]) == (first["summary"], second["summary"])
    assert "one-more" not in json.dumps(second["diff"])
    assert "diff" not in run_module(MODULE, args, diff=True)


# --- When it goes wrong ----------------------------------------------------------------------------------------------

ROW = '[{"id": "x", "recordType": "KEYWORD", "recordAction": "CREATE"}]'
JSON = {"Content-Type": "application/json"}
BROKEN: dict[str, dict[str, Any]] = {
    "an error": {"kind": "status", "status": 500},
    "a proxy": {"kind": "status", "status": 502, "body": "<html></html>"},
    "a dropped connection": {"kind": "drop"},
    "a cut answer": {"kind": "truncate"},
    "html": {"kind": "body", "body": "<html></html>"},
    "no array": {"kind": "body", "body": '{"rows": []}', "headers": JSON},
    "no objects": {"kind": "body", "body": "[1, 2]", "headers": JSON},
    "the same page again and again": {"kind": "body", "body": ROW, "headers": JSON},
}


@pytest.mark.parametrize(
    ("how", "report_format", "there"), [*((how, "csv", True) for how in BROKEN), ("no array", "html", False)]
)
def test_a_failure_half_way_leaves_the_file_as_it_was_and_no_other(
    damsim: StandIn, run_module: Any, dest: Path, tmp_path: Path, how: str, report_format: str, there: bool
) -> None:
    if there:
        dest.write_text("an older report")
    before = contents(dest.parent)
    compared(damsim)
    fault(damsim, method="GET", path="/staging/mismatches", skip=3, times=99, **BROKEN[how])
    args = {**named(damsim), "dest": str(dest), "format": report_format, "page_size": 5, "request_retries": 0}
    result = run_module(MODULE, args)
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"]
    assert contents(dest.parent) == before
    assert list(tmp_path.rglob(".dam-report*")) == []


def test_a_failure_half_way_through_ansible_playbook_leaves_nothing_and_running_again_converges(
    damsim: StandIn, run_modules: Any, dest: Path, tmp_path: Path
) -> None:
    compared(damsim)
    fault(damsim, method="GET", path="/staging/mismatches", skip=1, **BROKEN["no array"])
    args = {**named(damsim), "dest": str(dest), "page_size": 5, "prefetch": 1}
    failed, done = run_modules([Call(MODULE, args)] * 2)
    assert (failed["failed"], done["failed"], done["changed"]) == (True, False, True)
    assert list(contents(dest.parent)) == ["report.csv"]
    assert list(tmp_path.rglob(".dam-report*")) == []
    assert_equals_server(dest, "csv", server_rows(damsim))


def test_a_server_that_is_busy_for_a_moment_costs_no_row(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    busy: dict[str, Any] = {"kind": "status", "status": 503, "headers": {"Retry-After": "0"}}
    fault(damsim, method="GET", path="/staging/mismatches", skip=2, times=2, **busy)
    fault(damsim, method="GET", path="/staging/mismatches", skip=1, kind="status", status=401)
    run_module(MODULE, {**named(damsim), "dest": str(dest), "page_size": 5})
    assert_equals_server(dest, "csv", server_rows(damsim))


def test_a_type_that_the_release_does_not_know_is_named(damsim: StandIn, run_module: Any, dest: Path) -> None:
    compared(damsim)
    damsim.settings(release="CF220")
    result = run_module(MODULE, {**named(damsim), "dest": str(dest), "record_type": ["COLLECTION_MEDIA_RELATION"]})
    assert (result["failed"], result["changed"], result["status"]) == (True, False, 400)
    assert "does not know COLLECTION_MEDIA_RELATION" in result["server_message"]
    assert result["server_message"].rstrip(".") in result["msg"]
    assert "this one does not take record_type COLLECTION_MEDIA_RELATION" in result["msg"]
    assert not os.listdir(dest.parent)
