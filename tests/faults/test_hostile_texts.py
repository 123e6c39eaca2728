# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A publisher that works and whose texts mean no good: nothing of them is executed, and no terminal obeys them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.hostile import HIDDEN, hostile, printed, texts
from support.role import HOST
from support.standin import StandIn
from tooling import environments, interpreters

KINDS = list(texts(Path("marker")))
PLAYBOOKS = ("status", "check", "resync", "drift", "pause", "resume")


def all_of(marker: Path) -> str:
    """Return all hostile texts in one, that with the strictest place first."""
    made = texts(marker)
    return "\n".join([made.pop("template without braces"), *made.values()])


def assert_clean(*shown: str) -> None:
    """Check that no text has a character that a terminal obeys or that hides another one."""
    assert [text for text in shown if HIDDEN.search(text)] == []


def tour(standin: StandIn, folder: Path, port: int) -> list[tuple[str, dict[str, Any]]]:
    """Return calls of modules in an order in which each has something to do; ``port`` leads to the subscriber."""
    one = {"subscriber_id": standin.subscribers[0].id}
    both = {**one, "subscriber": {"dx_port": port}}
    report = {**one, "max_records": 5}
    return [
        ("dam_subscriber_info", {}),
        ("dam_settle", both),
        ("dam_preflight", {**both, "fail_on": "never"}),
        ("dam_drift_info", {**both, "max_records": 5}),
        ("dam_find_mismatch", one),
        ("dam_mismatch_report", {**report, "dest": str(folder / "report.csv")}),
        ("dam_mismatch_report", {**report, "dest": str(folder / "report.html"), "format": "html"}),
        ("dam_resync", both),
        ("dam_operations_info", {"max_operations": 20}),
        ("dam_delete_mismatch", one),
        ("dam_subscriber", {**one, "cycle_length": 7}),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_modules_do_their_work_and_return_what_can_be_printed(
    damsim: StandIn, run_module: Callable[..., dict[str, Any]], tmp_path: Path, kind: str
) -> None:
    marker, folder = tmp_path / "marker", tmp_path / "reports"
    folder.mkdir()
    text = texts(marker)[kind]
    with hostile(damsim.publisher, text) as port, hostile(damsim.subscribers[0], text) as other:
        for name, args in tour(damsim, folder, other):
            result = run_module(name, {**args, "dx_port": port}, diff=True)
            assert not result["failed"], (name, result["msg"])
            result.pop("invocation", None)
            assert_clean(*printed(result))
    assert not marker.exists()
    assert sorted(path.name for path in folder.iterdir()) == ["report.csv", "report.html"]
    assert_clean((folder / "report.html").read_text(encoding="utf-8"))
    assert damsim.digests_equal()


@pytest.mark.parametrize("key", ["id", "targetHost", "resyncStatus", "lastResyncTime", "status", "triggerFunction"])
@pytest.mark.parametrize("kind", ["terminal", "path", "option"])
def test_a_module_that_needs_the_text_does_not_act_on_it(
    damsim: StandIn, run_module: Callable[..., dict[str, Any]], tmp_path: Path, kind: str, key: str
) -> None:
    marker = tmp_path / "marker"
    one = {"subscriber_id": damsim.subscribers[0].id}
    with hostile(damsim.publisher, texts(marker)[kind], [key]) as port:
        calls = {"dam_subscriber_info": {}, "dam_preflight": one, "dam_find_mismatch": {**one, "wait_timeout": 1}}
        for name, args in calls.items():
            result = run_module(name, {**args, "dx_port": port})
            result.pop("invocation", None)
            assert_clean(*printed(result))
            if key == "id":
                assert result["failed"] or name == "dam_preflight", name
                assert "has an 'id' that cannot be one" in str(result), name
    if key == "id":
        assert damsim.writes() == []
    assert not marker.exists()


def play_all(standin: StandIn, run_playbook: Any, folder: Path, form: str, playbooks: Sequence[str]) -> None:
    """Run playbooks against a publisher with every hostile text at once."""
    marker, reports = folder / "marker", folder / "reports"
    files = {"dam_consistency_junit_file": str(folder / "junit.xml")}
    more = {"dam_consistency_report_dir": str(reports), "dam_consistency_report_formats": ["csv", "html"]}
    with hostile(standin.publisher, all_of(marker)) as port:
        where = {HOST: {**role_connection(standin), "dam_consistency_port": port}}
        for name in playbooks:
            run = run_playbook(
                f"{name}.yml",
                where,
                {**files, **more},
                diff=True,
                env=role_secrets(standin) | {"ANSIBLE_CALLBACK_RESULT_FORMAT": form},
                arguments=["-v"],
            )
            assert run.rc == (2 if name == "check" else 0), run.output
            assert_clean(run.output.replace("\t", " "))
            assert sum(line.startswith("PLAY RECAP") for line in run.output.splitlines()) == 1
    assert not marker.exists()
    assert_clean((folder / "junit.xml").read_text(encoding="utf-8"))
    assert standin.digests_equal()


def test_playbooks_do_their_work_and_print_nothing_that_acts(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    play_all(damsim, run_playbook, tmp_path, "json", PLAYBOOKS)


@pytest.mark.slow
@pytest.mark.parametrize(("core", "form"), [("2.16", "json"), ("2.16", "yaml"), ("2.18", "json"), ("", "yaml")])
def test_so_do_they_on_other_releases_of_ansible(
    damsim: StandIn, run_playbook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, core: str, form: str
) -> None:
    if core:
        python = interpreters.find("3.11") or interpreters.find("3.12")
        if python is None:
            pytest.skip(f"there is no Python for ansible-core {core}")
        made = environments.ensure("modules", core, python)
        monkeypatch.setattr("support.playbooks.ANSIBLE_PYTHON", str(made.python))
        monkeypatch.setattr("support.connections.ANSIBLE_PYTHON", str(made.python))
    play_all(damsim, run_playbook, tmp_path, form, ["check", "resync"])
