# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fifty publishers in one inventory, ten at a time: all end, each with its own result, and none in another's way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faults import tables
from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun, play
from support.role import ROLE, SHOW_ARTIFACT, artifact_of, error_of, folder_listing, found_in, result_of
from support.scenes import sent, triggers
from support.standin import StandIn

PUBLISHERS, FORKS = 50, 10
REPAIRED = range(1, 4)
# They have a wrong password, and a port that nobody listens on.
WRONG_PASSWORD, WRONG_PORT = 33, 44
DOWN = (WRONG_PASSWORD, WRONG_PORT)

CONNECTION = {
    "hostname": "{{ dam_consistency_hostname }}",
    "dx_protocol": "{{ dam_consistency_protocol }}",
    "dx_port": "{{ dam_consistency_port }}",
    "dx_username": "{{ dam_consistency_username | default(lookup('ansible.builtin.env', 'DX_USERNAME')) }}",
    "dx_password": "{{ dam_consistency_password | default(lookup('ansible.builtin.env', 'DX_PASSWORD')) }}",
    "request_retries": 1,
}
NAMED = {"subscriber_id": "{{ subscriber }}"}


def name_of(number: int) -> str:
    """Return the inventory's name of a publisher."""
    return f"publisher-{number:02}"


def planted(number: int) -> list[list[str]]:
    """Return the mismatches of a publisher, each with its name in it: as many as its number's last digit."""
    return [["KEYWORD", "CREATE", f"{name_of(number)}-{each}"] for each in range(number % 10)]


def files_of(number: int, publisher: StandIn) -> list[str]:
    """Return the names of the reports on a publisher: what is in sync has none any more."""
    if number in DOWN or not planted(number):
        return []
    subscriber = publisher.subscribers[0]
    before = f"{name_of(number)}--{subscriber.target_host.replace(':', '_')}--{subscriber.id[:8]}.before.csv"
    return [f"{name_of(number)}.csv", *([before] if number in REPAIRED else [])]


def inventory_of(publishers: list[StandIn]) -> dict[str, dict[str, Any]]:
    """Return the inventory; two of its hosts cannot work."""
    hosts = {
        name_of(number): {**role_connection(each), "subscriber": each.subscribers[0].id}
        for number, each in enumerate(publishers)
    }
    hosts[name_of(WRONG_PASSWORD)] |= {"dam_consistency_username": "wpsadmin", "dam_consistency_password": "wrong"}
    hosts[name_of(WRONG_PORT)] |= {"dam_consistency_port": 1}
    return hosts


def book(path: Path) -> Path:
    """Write the playbook: compare and report everywhere, then have the role repair some."""
    path.write_text(
        json.dumps(
            [
                {
                    "hosts": "all",
                    "gather_facts": False,
                    "module_defaults": {"group/dxops.dam_staging.dam": CONNECTION},
                    "tasks": [
                        {"name": "Find", "dxops.dam_staging.dam_find_mismatch": NAMED},
                        {
                            "name": "Report",
                            "dxops.dam_staging.dam_mismatch_report": {
                                **NAMED,
                                "dest": "{{ dam_consistency_report_dir }}/{{ inventory_hostname }}.csv",
                            },
                        },
                    ],
                },
                {
                    "hosts": ",".join(name_of(number) for number in REPAIRED),
                    "gather_facts": False,
                    "vars": {"dam_consistency_result_file": "{{ playbook_dir }}/results/{{ inventory_hostname }}.json"},
                    "roles": [ROLE],
                },
            ]
        ),
        encoding="utf-8",
    )
    return path


@pytest.mark.slow
def test_fifty_publishers_ten_at_a_time(
    start_damsim: Any, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    first = start_damsim("--publishers", str(PUBLISHERS), seed="clean")
    publishers = [first, *first.others]
    for number, each in enumerate(publishers):
        changes = [{"type": kind, "action": action, "id": name} for kind, action, name in planted(number)]
        each.post("/_sim/records", changes)
    reports = tmp_path / "reports"
    reports.mkdir(mode=0o700)
    (tmp_path / "results").mkdir()
    begin = time.monotonic()
    run = play(
        book(tmp_path / "book.yml"),
        tmp_path / "run",
        inventory_of(publishers),
        {"dam_consistency_report_dir": str(reports)},
        env={**role_secrets(first), **SHOW_ARTIFACT},
        arguments=["--forks", str(FORKS)],
    )
    took = time.monotonic() - begin
    record_property(tables.FIGURE, [f"load: {PUBLISHERS} publishers, {FORKS} at a time", round(took, 1), "s"])
    assert run.rc == 2, run.output
    assert len(run.recap) == PUBLISHERS
    for number in range(PUBLISHERS):
        (down_is_told if number in DOWN else has_its_own_result)(run, number, publishers[number], reports)
    written = [name for number, each in enumerate(publishers) for name in files_of(number, each)]
    assert folder_listing(reports) == sorted(written)
    assert folder_listing(tmp_path / "run" / ".ansible" / "tmp") == []
    for number in REPAIRED:
        result = json.loads((tmp_path / "results" / f"{name_of(number)}.json").read_text(encoding="utf-8"))
        assert result == result_of(run, name_of(number))
    told = {name_of(number): {"in_sync": True, "before": number, "after": 0} for number in REPAIRED}
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"] == told


def down_is_told(run: PlaybookRun, number: int, publisher: StandIn, reports: Path) -> None:
    """Check a host that cannot work: it failed once, for its own reason, and its publisher was left alone."""
    host = name_of(number)
    assert run.failed(host) == 1
    assert ("Login as 'wpsadmin' failed" if number == WRONG_PASSWORD else "cannot be reached") in error_of(run, host)
    assert triggers(publisher) == 0


def has_its_own_result(run: PlaybookRun, number: int, publisher: StandIn, reports: Path) -> None:
    """Check that a host found what was planted at its publisher and nothing else, and that nobody else was there."""
    host, rows = name_of(number), planted(number)
    assert run.failed(host) == 0, error_of(run, host)
    found, reported = (task.result for task in run.named("", host)[:2])
    assert (found["mismatch_count"], found["in_sync"]) == (len(rows), not rows)
    assert reported["count"] == len(rows)
    if rows:
        assert reported["dest"] == str(reports / f"{host}.csv")
        assert found_in(reported["dest"]) == rows
    # A token or a request of another's would have been refused here.
    assert {each["status"] for each in sent(publisher)} == {200} | ({204} if number in REPAIRED else set())
    if number in REPAIRED:
        verdict = result_of(run, host)["subscribers"][0]
        assert (verdict["mismatches_before"], verdict["mismatches_after"]) == (len(rows), 0)
        assert found_in(reports / files_of(number, publisher)[1]) == rows
    # Of the role a comparison, the repair and the comparison that proves it.
    assert triggers(publisher) == (1 + 3 if number in REPAIRED else 1)
    assert publisher.digests_equal() == (not rows or number in REPAIRED)
