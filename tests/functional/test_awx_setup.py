# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``awx_setup.yml`` with the real modules of ``awx.awx``, against a stand-in of AWX that looks at every request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.awx.rules import HIDDEN
from support.awx.server import Awx, Call, served
from support.playbooks import PlaybookRun, play
from tooling import collections
from tooling.paths import ROOT

pytestmark = pytest.mark.xdist_group("awx")

PLAYBOOKS = ("dam_check.yml", "dam_figures.yml", "dam_resync.yml")
TOKEN = "token-of-the-controller"
SECRETS = {
    "dam_awx_password": "password-of-the-publishers",
    "dam_awx_subscriber_password": "password-of-the-subscribers",
    "webhook": "password-of-the-webhook",
    "email": "password-of-the-mail-server",
}
SETTINGS: dict[str, Any] = {
    "dam_awx_scm_url": "https://git.example.com/dam/playbooks.git",
    "dam_awx_username": "wpsadmin",
    "dam_awx_password": SECRETS["dam_awx_password"],
    "dam_awx_subscriber_username": "subadmin",
    "dam_awx_ca_certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "dam_awx_execution_environment": "DX",
    "dam_awx_publishers": {"dx-emea.example.com": {"dam_consistency_port": 8443}, "dx-apac.example.com": None},
    "dam_awx_extra_vars": {"dam_consistency_wait_timeout": 7200, "dam_consistency_max_deletes": 20},
    "dam_awx_webhook": {"url": "https://chat.example.com/hook", "username": "dam", "password": SECRETS["webhook"]},
    "dam_awx_email": {
        "host": "mail.example.com",
        "username": "dam",
        "password": SECRETS["email"],
        "sender": "awx@example.com",
        "recipients": ["dam@example.com"],
    },
}


@dataclass
class Scene:
    """An AWX, and the way to set it up."""

    awx: Awx
    folder: Path

    def set_up(self, check: bool = False, arguments: tuple[str, ...] = (), **settings: Any) -> PlaybookRun:
        """Run the playbook; what was asked before is forgotten first."""
        self.awx.calls.clear()
        env = {
            "CONTROLLER_HOST": self.awx.url,
            "CONTROLLER_OAUTH_TOKEN": self.awx.token,
            "DX_SUBSCRIBER_PASSWORD": SECRETS["dam_awx_subscriber_password"],
        }
        return play(
            ROOT / "playbooks" / "awx_setup.yml",
            self.folder,
            None,
            SETTINGS | settings,
            check,
            env=env,
            arguments=arguments,
        )


@dataclass(frozen=True)
class Runs:
    """The playbook's first runs, and what AWX was asked in each."""

    dry: PlaybookRun
    first: PlaybookRun
    second: PlaybookRun
    asked: tuple[list[Call], list[Call], list[Call]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    collections.ensure(Path(sys.executable))
    with served(TOKEN, PLAYBOOKS) as awx:
        awx.add("execution_environments", name="DX", image="registry.example.com/dx:1", organization=1)
        yield Scene(awx, tmp_path_factory.mktemp("awx"))


@pytest.fixture(scope="module")
def runs(scene: Scene) -> Runs:
    """A dry run on an AWX without any of it, the real run, and the same again, as verbose as people get."""
    runs, asked = [], []
    for check in (True, False, False):
        runs.append(scene.set_up(check, ("-vvv",)))
        asked.append(list(scene.awx.calls))
    return Runs(*runs, asked=(asked[0], asked[1], asked[2]))


def test_a_dry_run_on_an_awx_without_any_of_it_writes_nothing_and_says_where_it_ends(runs: Runs) -> None:
    assert runs.dry.rc == 0, runs.dry.output
    assert [call.method for call in runs.asked[0] if call.method != "GET"] == []
    assert runs.dry.named("Define the credential type")[0].changed
    (said,) = [task for task in runs.dry.named("End a dry run") if task.outcome == "ok"]
    assert "credential_types/?name=DX+administrator returned 0 items" in said.result["msg"]


def test_the_first_run_makes_all_of_it_with_fields_that_awx_has(runs: Runs, scene: Scene) -> None:
    assert runs.first.rc == 0, runs.first.output
    assert [call for call in runs.asked[1] if call.status >= 400] == []
    made = {
        kind: sorted(row.get("name") or row["identifier"] for row in rows.values())
        for kind, rows in scene.awx.rows.items()
    }
    assert made == {
        "organizations": ["Default"],
        "execution_environments": ["DX"],
        "credential_types": ["DX administrator"],
        "credentials": ["DX administrator"],
        "projects": ["DAM staging"],
        "inventories": ["DAM publishers"],
        "hosts": ["dx-apac.example.com", "dx-emea.example.com"],
        "notification_templates": ["DAM email", "DAM webhook"],
        "job_templates": ["DAM check", "DAM figures", "DAM resync"],
        "workflow_job_templates": ["DAM consistency"],
        "workflow_job_template_nodes": ["approval", "check", "figures", "resync", "verify"],
        "workflow_approval_templates": ["Approve the repair"],
        "schedules": ["DAM consistency"],
    }


def test_a_second_run_changes_nothing_and_sends_no_writing_request(runs: Runs) -> None:
    assert runs.second.rc == 0, runs.second.output
    assert runs.second.changed("localhost") == 0
    assert [call for call in runs.asked[2] if call.method != "GET"] == []


def test_secrets_are_in_no_output_and_in_awx_only_where_it_hides_them(runs: Runs, scene: Scene) -> None:
    written = json.dumps([run.output for run in (runs.dry, runs.first, runs.second)])
    written += (scene.folder / "record.jsonl").read_text(encoding="utf-8")
    for secret in [*SECRETS.values(), TOKEN]:
        assert secret not in written
        assert secret not in scene.awx.shown()
    assert "DAM publishers" in written
    places = {
        (call.path, name): [key for key, value in call.body[name].items() if value in SECRETS.values()]
        for call in runs.asked[1]
        for name in call.body
        if any(secret in json.dumps(call.body[name]) for secret in SECRETS.values())
    }
    assert places == {
        ("credentials", "inputs"): ["password", "subscriber_password"],
        ("notification_templates", "notification_configuration"): ["password"],
    }
    assert scene.awx.find("credentials")["inputs"] == {
        "username": "wpsadmin",
        "password": SECRETS["dam_awx_password"],
        "subscriber_username": "subadmin",
        "subscriber_password": SECRETS["dam_awx_subscriber_password"],
        "ca_certificate": SETTINGS["dam_awx_ca_certificate"],
    }
    assert HIDDEN in scene.awx.shown()
