# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX starts of what ``awx_setup.yml`` made: jobs with its credential, and the workflow with what jobs hand on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.awx.fields import Row
from support.awx.jobs import Ended, Start, injected, message, start, walk
from support.awx.scene import HOSTS, Scene, project
from support.awx.server import Awx
from support.connections import role_connection
from support.playbooks import play
from support.runner import Job, assert_fit_for_awx, run_job
from support.standin import StandIn
from tooling.paths import ROOT

pytestmark = [pytest.mark.xdist_group("awx"), pytest.mark.slow]

APAC, EMEA = HOSTS
WORKFLOW = "DAM consistency"


class Jobs:
    """Starts jobs as AWX does, with ansible-runner, and keeps what came of them by the names of their templates."""

    def __init__(self, awx: Awx, folder: Path) -> None:
        self.awx = awx
        self.folder = folder
        self.started: list[tuple[str, Start, Job]] = []

    def run(self, template: Row, handed_on: Row) -> Ended:
        """Run a job to its end."""
        folder = self.folder / f"job-{len(self.started)}"
        folder.mkdir(parents=True)
        begin = start(self.awx, template, folder, handed_on)
        job = run_job(folder, project()[begin.playbook], begin.hosts, begin.extra_vars, begin.env)
        self.started.append((template["name"], begin, job))
        return Ended(job.rc == 0, job.artifact())

    def of(self, template: str) -> list[Job]:
        """Return the jobs of a template."""
        return [job for name, _begin, job in self.started if name == template]


def point_at(awx: Awx, standins: dict[str, StandIn], folder: Path) -> None:
    """Let the inventory's hosts be stand-ins, and the credential have all that it can have for them."""
    ((username, password),) = {(each.username, each.password) for each in standins.values()}
    awx.find("credentials")["inputs"] = {
        "username": username,
        "password": password,
        "subscriber_username": username,
        "subscriber_password": password,
        "ca_certificate": "".join(Path(str(each.ca_path)).read_text(encoding="utf-8") for each in standins.values()),
    }
    for row in awx.rows["hosts"].values():
        row["enabled"] = row["name"] in standins
        if row["enabled"]:
            variables = role_connection(standins[row["name"]]) | {
                "dam_consistency_report_dir": str(folder / "reports"),
                "dam_consistency_wait_sleep": 1,
                "dam_consistency_subscriber_hosts": ["127.0.0.1"],
            }
            del variables["dam_consistency_ca_path"]
            row["variables"] = json.dumps(variables)


def test_a_workflow_that_finds_drift_tells_it_asks_and_repairs_only_the_publishers_that_differ(
    awx: Scene, start_damsim: Callable[..., StandIn], tmp_path: Path
) -> None:
    drifted, clean = start_damsim("--tls"), start_damsim("--tls", seed="clean")
    rows = len(drifted.expected()["rows"])
    asked: list[str] = []

    def approve(approval: Row) -> bool:
        clean.forget_requests()
        asked.append(approval["name"])
        return True

    with awx.undone() as server:
        point_at(server, {EMEA: drifted, APAC: clean}, tmp_path)
        jobs = Jobs(server, tmp_path)
        ran = walk(server, WORKFLOW, jobs.run, approve)
        webhook, email = (server.find("notification_templates", name=f"DAM {name}") for name in ("webhook", "email"))
    outputs = [job.output for _name, _begin, job in jobs.started]
    assert ran == ["check", "figures", "approval", "resync", "verify"], outputs
    assert asked == ["Approve the repair"]

    found = {
        EMEA: {"in_sync": False, "before": rows, "after": rows},
        APAC: {"in_sync": True, "before": 0, "after": 0},
    }
    check, verify = jobs.of("DAM check")
    assert check.artifact()["dam_consistency_artifact"] == {"schema": 1, "publishers": found}
    job = {"id": 7, "name": "DAM check", "status": "failed", "artifacts": check.artifact()}
    told = message(email, "error", job)
    assert told["message"] == "DAM check #7 failed"
    assert told["body"].splitlines()[1:] == [f"{APAC}: in sync", f"{EMEA}: {rows} mismatches"]
    assert json.loads(message(webhook, "error", job)["body"])["publishers"] == found

    (figures,) = jobs.of("DAM figures")
    assert f"{EMEA}: {rows} mismatches" in figures.output
    assert f"{APAC}: in sync" in figures.output
    assert figures.artifact() == {"dam_publishers": EMEA}

    (resync,) = jobs.of("DAM resync")
    assert resync.artifact()["dam_consistency_artifact"]["publishers"] == {
        EMEA: {"in_sync": True, "before": rows, "after": 0}
    }
    assert verify.artifact()["dam_consistency_artifact"]["publishers"] == {
        EMEA: {"in_sync": True, "before": 0, "after": 0}
    }
    assert verify.rc == 0
    assert drifted.digests_equal()
    assert clean.requests() == []

    for _name, begin, each in jobs.started:
        assert drifted.password not in json.dumps(begin.extra_vars)
        assert_fit_for_awx(each, drifted.password)


def test_a_workflow_ends_after_a_check_that_finds_all_in_sync(awx: Scene) -> None:
    assert walk(awx.awx, WORKFLOW, lambda _template, _handed_on: Ended(True), nobody) == ["check"]


def nobody(_approval: Row) -> bool:
    """Nobody is to be asked."""
    raise AssertionError("asked for an approval")


@pytest.mark.parametrize(
    ("artifact", "said"),
    [
        (
            {"schema": 1, "publishers": {EMEA: {"in_sync": None, "before": None, "after": None}}},
            "No publisher is known to differ",
        ),
        (None, "No check handed its figures on"),
    ],
)
def test_nobody_is_asked_where_a_check_failed_without_drift(
    awx: Scene, tmp_path: Path, artifact: Row | None, said: str
) -> None:
    outputs = []

    def run(template: Row, handed_on: Row) -> Ended:
        if template["name"] == "DAM check":
            return Ended(False, {"dam_consistency_artifact": artifact} if artifact else {})
        done = play(ROOT / "playbooks" / "figures.yml", tmp_path, None, handed_on)
        outputs.append(done.output)
        return Ended(done.rc == 0)

    assert walk(awx.awx, WORKFLOW, run, nobody) == ["check", "figures"]
    assert said in outputs[0]


def test_nothing_is_repaired_where_somebody_denies(awx: Scene) -> None:
    def run(template: Row, _handed_on: Row) -> Ended:
        return Ended(template["name"] != "DAM check")

    assert walk(awx.awx, WORKFLOW, run, lambda _approval: False) == ["check", "figures", "approval"]


def test_what_a_credential_does_not_have_is_an_empty_variable(awx: Scene, tmp_path: Path) -> None:
    (of_type,) = awx.awx.rows["credential_types"].values()
    optional = ("subscriber_username", "subscriber_password", "ca_certificate")
    for number in range(len(optional) + 1):
        for given in itertools.combinations(optional, number):
            inputs: dict[str, Any] = {"username": "a", "password": "b", **dict.fromkeys(given, "c")}
            env = injected(of_type, inputs, tmp_path)
            empty = {name for name, value in env.items() if value == ""}
            assert {name: env[name] for name in ("DX_USERNAME", "DX_PASSWORD")} == {
                "DX_USERNAME": "a",
                "DX_PASSWORD": "b",
            }
            wanted = {
                "DX_CA_PATH" if name == "ca_certificate" else f"DX_{name.upper()}"
                for name in set(optional) - set(given)
            }
            assert empty == wanted
