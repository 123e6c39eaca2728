# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's whole cycle over three subscribers in different states, run until there is nothing left to do."""

from __future__ import annotations

import json
import stat
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from support import junit
from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun
from support.role import (
    HAND_ON,
    HOST,
    SHOW_ARTIFACT,
    artifact_of,
    check_form,
    error_of,
    folder_listing,
    found_in,
    only,
    result_of,
    verdict_of,
)
from support.scenes import keep_operations, runs_started, sent, writes
from support.standin import Place, StandIn

COMPARISON, RESYNC = "findStagingMismatch", "resyncSubscriber"
FIRST, AGAIN = ["PATCH subscriber"], ["DELETE mismatches", "PATCH subscriber"]
FORMATS = ["csv", "html"]


def summary_of(expected: Mapping[str, Any], subscriber_id: str) -> dict[str, Any]:
    """Return the summary that a report of the expected rows has to have."""
    none = {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 0}
    total = none | Counter(action for _type, action, _id in expected["rows"])
    by_type = {name: none | counts for name, counts in expected["counts"].items()}
    return {"by_type": by_type, "by_action": total, "by_subscriber": {subscriber_id: total}}


def started(standin: StandIn) -> tuple[int, int]:
    """Return how many comparisons and how many resyncs the publisher began; see keep_operations."""
    return runs_started(standin, COMPARISON), runs_started(standin, RESYNC)


def stem_of(place: Place) -> str:
    """Return what a subscriber's reports are called, without the ending."""
    return f"{HOST}--{place.host}_{place.port}--{place.id[:8]}"


def lock(standin: StandIn, place: Place, records: str, times: int) -> None:
    """Have so many of the operations on such records fail at a subscriber."""
    rule = {"trigger_function": f"syncStaging{records}Content", "times": times, "message": "It is locked."}
    standin.settings(at=place, fail_operations=[rule] if times else [])


def assert_results_agree(run: PlaybookRun, folder: Path) -> None:
    """The fact, the file, the JUnit file and the last failure say the same."""
    result = result_of(run)
    assert json.loads((folder / "result.json").read_text(encoding="utf-8")) == result
    cases = junit.read((folder / "junit.xml").read_text(encoding="utf-8"))
    failed = [each["in_sync"] is False for each in result["subscribers"]]
    assert [case.find("failure") is not None for case in cases] == [False, *failed]
    errors = [each["error"] for each in result["subscribers"] if each["error"]]
    assert error_of(run) == "\n".join(errors)


def test_three_subscribers_are_repaired_one_after_the_other_until_nothing_is_left_to_do(
    damsim3: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    keep_operations(damsim3)
    damaged, stubborn, clean = damsim3.subscribers
    expected = [damsim3.expected(number) for number in range(3)]
    counts = [len(each["rows"]) for each in expected]
    assert counts[0] > counts[1] > counts[2] == 0
    # One operation fails once, so that a second pass repairs what it left; some of the other subscriber always fail.
    lock(damsim3, damaged, "Favorite", times=1)
    lock(damsim3, stubborn, "Rendition", times=1000)
    reports, taken = tmp_path / "reports", tmp_path / "taken"
    taken.mkdir()
    (tmp_path / "hand-on.yml").write_text(HAND_ON, encoding="utf-8")
    # The clean one first: what is known of it must not be read for the others.
    chosen = [
        *only(
            damsim3,
            2,
            target_host=clean.target_host,
            dx_username=damsim3.username,
            dx_password=damsim3.password,
        ),
        *only(damsim3, 0),
        {"target_host": stubborn.target_host},
    ]
    variables = {
        "dam_consistency_subscribers": chosen,
        "dam_consistency_max_passes": 4,
        "dam_consistency_allow_failed_operations": True,
        "dam_consistency_prove": True,
        "dam_consistency_report_dir": str(reports),
        "dam_consistency_report_formats": FORMATS,
        "dam_consistency_report_tasks": str(tmp_path / "hand-on.yml"),
        "hand_on_to": str(taken),
        "dam_consistency_result_file": str(tmp_path / "result.json"),
        "dam_consistency_junit_file": str(tmp_path / "junit.xml"),
    }
    where: dict[str, Any] = {
        "inventory": {HOST: role_connection(damsim3)},
        "env": role_secrets(damsim3) | SHOW_ARTIFACT,
    }

    run = run_playbook("resync.yml", extra_vars=variables, diff=True, arguments=["-vvv"], **where)
    assert run.rc == 2, run.output
    result = result_of(run)
    same, repaired, differs = (dict(each) for each in result["subscribers"])
    left = len(damsim3.expected(1)["rows"])
    assert 0 < left < counts[1]
    for each, place, numbers, in_sync in (
        (same, clean, (False, 0, 0), True),
        (repaired, damaged, (True, counts[0], 0), True),
        (differs, stubborn, (True, counts[1], left), False),
    ):
        assert (each["subscriber_id"], each["target_host"]) == (place.id, place.target_host)
        assert (each["repaired"], each["mismatches_before"], each["mismatches_after"]) == numbers
        assert (each["in_sync"], each["duration"] > 0) == (in_sync, True)
        assert each["proof"]["equal"] is in_sync
    assert repaired["summary_before"] == summary_of(expected[0], damaged.id)
    assert differs["summary_before"] == summary_of(expected[1], stubborn.id)
    assert (same["error"], repaired["error"], repaired["failed_operations"]) == (None, None, [])
    assert f"{left} mismatches are left of {counts[1]}" in differs["error"]
    assert "Operations failed at the subscriber" in differs["error"]
    assert all("It is locked." in each["error_info"] for each in differs["failed_operations"])
    assert {each["trigger_function"] for each in differs["failed_operations"]} == {"syncStagingRenditionContent"}
    assert (result["in_sync"], result["publisher"], result["error"]) == (False, damsim3.publisher.host, None)
    figures = {"in_sync": False, "before": sum(counts), "after": left}
    assert artifact_of(run) == {"dam_consistency_artifact": {"schema": 1, "publishers": {HOST: figures}}}
    assert_results_agree(run, tmp_path)
    assert [damsim3.digests_equal(number) for number in range(3)] == [True, False, True]

    # Two passes for each: one more helped the first, and left no fewer at the other.
    assert started(damsim3) == (7, 4)
    asked = [each["path"].rpartition("/")[2] for each in sent(damsim3) if each["method"] == "PATCH"]
    assert [place for place, _requests in groupby(asked)] == [clean.id, damaged.id, stubborn.id]

    before = [f"{stem_of(place)}.before.{name}" for place in (damaged, stubborn) for name in FORMATS]
    pages = [f"{stem_of(place)}.html" for place in damsim3.subscribers]
    tables = [f"{stem_of(place)}.csv" for place in (damaged, stubborn)]
    assert folder_listing(reports) == sorted([*before, *pages, tables[1]])
    assert differs["report"] == str(reports / f"{stem_of(stubborn)}.csv")
    assert found_in(differs["report"]) == damsim3.expected(1)["rows"]
    for place, each in ((damaged, expected[0]), (stubborn, expected[1])):
        stem = reports / f"{stem_of(place)}.before"
        assert found_in(f"{stem}.csv") == each["rows"]
        assert f'href="./{stem.name}.csv"' in Path(f"{stem}.html").read_text(encoding="utf-8")
    assert folder_listing(taken) == sorted(pages + tables)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (reports, *reports.iterdir())}
    assert modes.pop(reports.name) == 0o700
    assert set(modes.values()) == {stat.S_IMODE((tmp_path / "result.json").stat().st_mode)} == {0o600}
    told = run.output + json.dumps([task.result for task in run.tasks])
    assert damsim3.password not in told

    lock(damsim3, stubborn, "Rendition", times=0)
    variables["dam_consistency_subscribers"] = chosen[2:]
    mended = run_playbook("resync.yml", extra_vars=variables, **where)
    assert mended.rc == 0, mended.output
    assert (verdict_of(mended)["in_sync"], verdict_of(mended)["repaired"]) == (True, True)
    assert_results_agree(mended, tmp_path)
    assert damsim3.digests_equal(1)
    # A page is there when all is in sync, too; the first of the formats is what the result names.
    assert verdict_of(mended)["report"] is None
    assert folder_listing(reports) == sorted(before + pages)

    damsim3.forget_requests()
    again = run_playbook("resync.yml", extra_vars=variables, **where)
    assert (again.rc, again.changed(HOST)) == (0, 0), again.output
    assert verdict_of(again)["in_sync"] is True
    assert folder_listing(reports) == sorted(before + pages)
    assert writes(sent(damsim3)) == FIRST


@pytest.mark.slow
@pytest.mark.seed("clean")
def test_a_first_run_on_environments_in_sync_is_all_ok_and_a_later_play_can_read_the_result(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    resync = Path(__file__).parents[2] / "playbooks" / "resync.yml"
    told = {"ansible.builtin.debug": {"msg": "{{ dam_consistency_result }}"}, "name": "Read the result"}
    reader = {"hosts": "all", "gather_facts": False, "tasks": [told]}
    book = tmp_path / "book.yml"
    book.write_text(json.dumps([{"ansible.builtin.import_playbook": str(resync)}, reader]), encoding="utf-8")
    reports = tmp_path / "made-only-for-a-report"
    run = run_playbook(book, extra_vars={"dam_consistency_report_dir": str(reports)})
    assert (run.rc, run.changed(HOST)) == (0, 0), run.output
    record = verdict_of(run)
    assert (record["in_sync"], record["repaired"], record["report"]) == (True, False, None)
    assert (record["mismatches_before"], record["mismatches_after"]) == (0, 0)
    assert not reports.exists()
    assert writes(sent(damsim)) == FIRST
    read = run.named("Read the result")[0].result["msg"]
    check_form(read)
    assert read == result_of(run)
