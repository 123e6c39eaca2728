# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks: check, status and demo, and several publishers in one inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import (
    HOST,
    SHOW_ARTIFACT,
    artifact_of,
    error_of,
    folder_listing,
    found_in,
    result_of,
    verdict_of,
)
from support.scenes import sent, writes
from support.standin import StandIn


def test_check_reports_drift_and_fails_for_it_and_neither_repairs_nor_registers_anew(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    (subscriber,), expected = damsim.subscribers, damsim.expected()["rows"]
    before = damsim.get("/_sim/digest", at=subscriber)
    reports = tmp_path / "reports"
    run = run_playbook("check.yml", extra_vars={"dam_consistency_report_dir": str(reports)})
    assert run.rc == 2, run.output
    (report,) = folder_listing(reports)
    assert found_in(reports / report) == expected
    record = verdict_of(run)
    assert (record["in_sync"], record["repaired"]) == (False, False)
    assert record["mismatches_before"] == record["mismatches_after"] == len(expected)
    assert record["report"] == str(reports / report)
    assert record["error"] == error_of(run)
    assert str(reports / report) in error_of(run)
    assert damsim.get("/_sim/digest", at=subscriber) == before
    assert writes(each for each in sent(damsim) if each["env"] == subscriber.name) == []
    assert writes(sent(damsim)) == ["PATCH subscriber"]

    # No heading for what was not asked for.
    headings = [line.lower() for line in run.stdout.splitlines() if line.startswith(("TASK", "included:"))]
    assert len(headings) > 10
    for word in ("repair", "resync", "verify", "pass", "prove", "records", "hand on", "checks", "anew"):
        assert not [heading for heading in headings if word in heading.replace("dam-reports", "")], word

    damsim.settings(at=damsim.publisher, fail_comparison=True, comparison_retry_failed=True)
    failed = run_playbook("check.yml", extra_vars={"dam_consistency_reregister": True})
    assert failed.rc == 2
    assert "there may be too much data to compare" in error_of(failed)
    assert verdict_of(failed)["in_sync"] is None
    assert writes(sent(damsim)) == ["PATCH subscriber", "DELETE mismatches", "PATCH subscriber"]


@pytest.mark.slow
def test_demo_shows_the_state_before_and_after_and_in_check_mode_changes_nothing(
    damsim: StandIn, run_playbook: Any
) -> None:
    checked = run_playbook("demo.yml", check=True)
    assert checked.rc == 0, checked.output
    assert damsim.writes() == []
    assert checked.stdout.count("never compared") == 2

    run = run_playbook("demo.yml")
    assert run.rc == 0, run.output
    before, after = (task.result["msg"] for task in run.named("Show its subscribers") if task.item)
    assert before.startswith("enabled, staged every")
    assert before.rstrip().endswith("never compared")
    assert "; compared" in after
    assert "since" in after
    assert result_of(run)["in_sync"] is True


def test_a_playbook_that_would_work_on_nobody_fails(damsim: StandIn, run_playbook: Any) -> None:
    cases: list[tuple[str, Any, list[str], str]] = [
        ("status.yml", "", [], "dam_publishers: names no publisher"),
        ("check.yml", f"{HOST},mistyped", [], "dam_publishers: 'mistyped' names no host of the inventory"),
        ("resync.yml", None, [], "dam_publishers: names no publisher"),
        ("pause.yml", f"all,!{HOST}", [], f"dam_publishers: 'all,!{HOST}' leaves no host"),
        ("drift.yml", HOST, ["--limit", "other"], f"dam_publishers: '{HOST}' leaves no host with --limit other"),
    ]
    hosts = {HOST: role_connection(damsim), "other": role_connection(damsim)}
    for book, given, arguments, words in cases:
        inventory = {HOST: hosts[HOST]} if book == "pause.yml" else hosts
        run = run_playbook(book, inventory, {"dam_publishers": given}, env=role_secrets(damsim), arguments=arguments)
        assert run.rc != 0, (book, run.output)
        assert words in " ".join(run.output.split()), (book, run.output)
    assert sent(damsim) == []
    run = run_playbook("check.yml", {}, env=role_secrets(damsim), arguments=["--syntax-check"])
    assert run.rc == 0, run.output
    run = run_playbook("status.yml", hosts, {"dam_publishers": None}, env=role_secrets(damsim))
    assert run.rc == 0, run.output
    assert sorted(run.recap) == sorted(hosts)


@pytest.mark.slow
def test_two_publishers_are_worked_on_side_by_side_and_each_has_its_own_result(
    damsim: StandIn, start_damsim: Any, run_playbook: Any, tmp_path: Path
) -> None:
    other: StandIn = start_damsim(seed="acceptance", subscribers=2)
    expected = {HOST: [len(damsim.expected()["rows"])], "second": [len(other.expected(n)["rows"]) for n in (0, 1)]}
    run = run_playbook(
        "resync.yml",
        {HOST: role_connection(damsim), "second": role_connection(other), "left-out": role_connection(damsim)},
        {"dam_publishers": f"{HOST},second", "dam_consistency_report_dir": str(tmp_path / "reports")},
        env=role_secrets(damsim) | SHOW_ARTIFACT,
        arguments=["--forks", "2"],
    )
    assert run.rc == 0, run.output
    assert sorted(run.recap) == [HOST, "second"]
    for host, standin in ((HOST, damsim), ("second", other)):
        result = result_of(run, host)
        assert result["in_sync"] is True
        assert [each["subscriber_id"] for each in result["subscribers"]] == [each.id for each in standin.subscribers]
        assert [each["mismatches_before"] for each in result["subscribers"]] == expected[host]
        assert all(standin.digests_equal(number) for number in range(len(standin.subscribers)))
    assert artifact_of(run)["dam_consistency_artifact"] == {
        "schema": 1,
        "publishers": {host: {"in_sync": True, "before": sum(counts), "after": 0} for host, counts in expected.items()},
    }
    names = folder_listing(tmp_path / "reports")
    assert [name.partition("--")[0] for name in names] == [HOST, "second", "second"]


SUBSCRIBER = {"dam_publisher": "dx-publisher.example.com"}


@pytest.mark.parametrize("name", ["check", "resync", "status", "drift", "pause", "resume"])
def test_hosts_of_the_inventory_plugin_are_passed_over(run_playbook: Any, damsim: StandIn, name: str) -> None:
    address = role_connection(damsim)  # it would answer
    alone = run_playbook(f"{name}.yml", {"subscriber": {**address, **SUBSCRIBER}})
    assert alone.rc == 2, alone.output
    assert "No host of this play is a publisher. subscriber is a subscriber of dx-publisher.example.com" in alone.output
    assert sent(damsim) == []


def test_a_publisher_among_hosts_of_the_inventory_plugin_is_worked_on(run_playbook: Any, damsim: StandIn) -> None:
    nowhere = {"ansible_host": "127.0.0.9", **SUBSCRIBER}
    run = run_playbook("status.yml", {"publisher": role_connection(damsim), "subscriber": nowhere})
    assert (run.rc, run.failed("subscriber")) == (0, 0), run.output
    assert "subscriber is passed over: it is a subscriber of dx-publisher.example.com, not a publisher." in run.output
    assert [task.outcome for task in run.named("Look at the publisher", "publisher")] == ["ok"]
    assert run.named("Look at the publisher", "subscriber") == []
