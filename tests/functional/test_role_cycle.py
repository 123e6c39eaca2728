# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's whole cycle: compare, report, repair, prove; and nothing at all where nothing is to be done."""

from __future__ import annotations

import json
import stat
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import (
    HOST,
    SHOW_ARTIFACT,
    artifact_of,
    check_form,
    folder_listing,
    found_in,
    only,
    result_of,
    rows_of,
    verdict_of,
)
from support.scenes import keep_operations, runs_started, sent, writes
from tooling.standin import StandIn

COMPARISON, RESYNC = "findStagingMismatch", "resyncSubscriber"
FIRST, AGAIN = ["PATCH subscriber"], ["DELETE mismatches", "PATCH subscriber"]


def summary_of(expected: Mapping[str, Any], subscriber_id: str) -> dict[str, Any]:
    """Return the summary that a report of the expected rows has to have."""
    none = {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 0}
    total = none | Counter(action for _type, action, _id in expected["rows"])
    by_type = {name: none | counts for name, counts in expected["counts"].items()}
    return {"by_type": by_type, "by_action": total, "by_subscriber": {subscriber_id: total}}


def started(standin: StandIn) -> tuple[int, int]:
    """Return how many comparisons and how many resyncs the publisher began; see keep_operations."""
    return runs_started(standin, COMPARISON), runs_started(standin, RESYNC)


def test_a_damaged_subscriber_is_reported_repaired_and_proven_and_a_second_run_changes_nothing(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    keep_operations(damsim)
    (subscriber,), expected = damsim.subscribers, damsim.expected()
    variables = {
        "dam_consistency_report_dir": str(tmp_path / "reports"),
        "dam_consistency_report_formats": ["csv", "jsonl", "json"],
        "dam_consistency_result_file": str(tmp_path / "result.json"),
    }
    run = run_playbook("resync.yml", extra_vars=variables, env=SHOW_ARTIFACT)
    assert run.rc == 0, run.output

    result = result_of(run)
    record = dict(result["subscribers"][0])
    assert record.pop("duration") > 0
    count = len(expected["rows"])
    assert record == {
        "subscriber_id": subscriber.id,
        "target_host": subscriber.target_host,
        "in_sync": True,
        "repaired": True,
        "mismatches_before": count,
        "mismatches_after": 0,
        "summary_before": summary_of(expected, subscriber.id),
        "failed_operations": [],
        "report": None,
        "error": None,
    }
    assert (result["in_sync"], result["publisher"], result["error"]) == (True, damsim.publisher.host, None)
    written = tmp_path / "result.json"
    assert json.loads(written.read_text(encoding="utf-8")) == result
    figures = {"in_sync": True, "before": count, "after": 0}
    assert artifact_of(run) == {"dam_consistency_artifact": {"schema": 1, "publishers": {HOST: figures}}}

    stem = f"{HOST}--{subscriber.host}_{subscriber.port}--{subscriber.id[:8]}.before"
    reports = tmp_path / "reports"
    assert folder_listing(reports) == [f"{stem}.csv", f"{stem}.json", f"{stem}.jsonl"]
    assert found_in(reports / f"{stem}.csv") == expected["rows"]
    as_lines = [json.loads(line) for line in (reports / f"{stem}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert as_lines == json.loads((reports / f"{stem}.json").read_text(encoding="utf-8"))
    assert [row["recordId"] for row in as_lines] == [row["recordId"] for row in rows_of(reports / f"{stem}.csv")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (reports, written, *reports.iterdir())}
    assert set(modes.values()) == {0o600, 0o700}
    assert modes[reports] == 0o700

    assert damsim.digests_equal()
    assert damsim.expected()["rows"] == []
    assert writes(sent(damsim)) == [*FIRST, *FIRST, *AGAIN]
    assert started(damsim) == (2, 1)

    damsim.forget_requests()
    again = run_playbook("resync.yml", extra_vars=variables)
    assert (again.rc, again.changed(HOST)) == (0, 0), again.output
    record = verdict_of(again)
    assert (record["in_sync"], record["repaired"], record["mismatches_before"]) == (True, False, 0)
    assert writes(sent(damsim)) == FIRST
    assert started(damsim) == (3, 1)
    assert len(folder_listing(reports)) == 3


def test_three_subscribers_are_repaired_one_after_the_other(
    damsim3: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    keep_operations(damsim3)
    where: dict[str, Any] = {"inventory": {HOST: role_connection(damsim3)}, "env": role_secrets(damsim3)}
    variables = {"dam_consistency_report_dir": str(tmp_path / "reports")}
    expected = [damsim3.expected(number) for number in range(3)]
    counts = [len(each["rows"]) for each in expected]
    assert counts[0] > counts[1] > counts[2] == 0

    where["env"] |= SHOW_ARTIFACT
    run = run_playbook("resync.yml", extra_vars=variables, **where)
    assert run.rc == 0, run.output
    result = result_of(run)
    records = result["subscribers"]
    assert [each["subscriber_id"] for each in records] == [each.id for each in damsim3.subscribers]
    assert [each["mismatches_before"] for each in records] == counts
    assert [each["repaired"] for each in records] == [True, True, False]
    assert [each["in_sync"] for each in [result, *records]] == [True] * 4
    for number in (0, 1):
        assert records[number]["summary_before"] == summary_of(expected[number], damsim3.subscribers[number].id)
    figures = artifact_of(run)["dam_consistency_artifact"]["publishers"][HOST]
    assert figures == {"in_sync": True, "before": sum(counts), "after": 0}

    names = [f"{HOST}--{each.host}_{each.port}--{each.id[:8]}.before.csv" for each in damsim3.subscribers]
    assert folder_listing(tmp_path / "reports") == sorted(names[:2])
    assert [found_in(tmp_path / "reports" / name) for name in names[:2]] == [each["rows"] for each in expected[:2]]
    assert [damsim3.digests_equal(number) for number in range(3)] == [True] * 3
    asked = [each["path"].rpartition("/")[2] for each in sent(damsim3) if each["method"] == "PATCH"]
    assert [subscriber for subscriber, _requests in groupby(asked)] == [each.id for each in damsim3.subscribers]
    assert started(damsim3) == (5, 2)

    again = run_playbook("resync.yml", extra_vars=variables, **where)
    assert (again.rc, again.changed(HOST)) == (0, 0), again.output
    assert result_of(again)["in_sync"] is True
    assert started(damsim3) == (8, 2)


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


def test_only_the_subscribers_that_are_named_are_touched(damsim3: StandIn, run_playbook: Any) -> None:
    before = damsim3.get("/_sim/digest", at=damsim3.subscribers[0])
    second = damsim3.subscribers[1]
    run = run_playbook(
        "resync.yml",
        {HOST: role_connection(damsim3)},
        {"dam_consistency_subscribers": [*only(damsim3, 2), {"target_host": second.target_host}]},
        env=role_secrets(damsim3),
    )
    assert run.rc == 0, run.output
    assert [each["subscriber_id"] for each in result_of(run)["subscribers"]] == [damsim3.subscribers[2].id, second.id]
    assert damsim3.digests_equal(1)
    assert damsim3.get("/_sim/digest", at=damsim3.subscribers[0]) == before
    assert not [each for each in sent(damsim3) if each["env"] == damsim3.subscribers[0].name]
