# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX that ``awx_setup.yml`` sets up, as the guide says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.awx.server import Awx, Call, served
from support.playbooks import PlaybookRun, play
from tooling.paths import ROOT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "awx_and_pipelines.rst"
TOKEN = "token-of-the-controller"
PUBLISHERS_PASSWORD = "password-of-the-publishers"
SUBSCRIBERS_PASSWORD = "password-of-the-subscribers"
WEBHOOK_PASSWORD = "password-of-the-webhook"
EMAIL_PASSWORD = "password-of-the-mail-server"
SECRETS = (PUBLISHERS_PASSWORD, SUBSCRIBERS_PASSWORD, WEBHOOK_PASSWORD, EMAIL_PASSWORD)
HOSTS = ("dx-apac.example.com", "dx-emea.example.com")
BY_HAND = "dx-by-hand.example.com"
SETTINGS: dict[str, Any] = {
    "dam_awx_scm_url": "https://git.example.com/dam/playbooks.git",
    "dam_awx_execution_environment": "DX",
    "dam_awx_username": "wpsadmin",
    "dam_awx_password": PUBLISHERS_PASSWORD,
    "dam_awx_subscriber_username": "subadmin",
    "dam_awx_ca_certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "dam_awx_publishers": {HOSTS[0]: None, HOSTS[1]: {"dam_consistency_port": 8443}},
    "dam_awx_extra_vars": {"dam_consistency_wait_timeout": 7200, "dam_consistency_max_deletes": 500},
    "dam_awx_webhook": {"url": "https://chat.example.com/hook", "username": "dam", "password": WEBHOOK_PASSWORD},
    "dam_awx_email": {
        "host": "mail.example.com",
        "username": "dam",
        "password": EMAIL_PASSWORD,
        "sender": "awx@example.com",
        "recipients": ["dam@example.com"],
    },
}


def project() -> dict[str, str]:
    """Return the playbooks that the guide wants in a project, each with the one of this collection that it imports."""
    pattern = (
        r"^``(\w+\.yml)``:\n\n\.\. code-block:: yaml\n\n"
        r"    - name: .*\n      ansible\.builtin\.import_playbook: dxops\.dam_staging\.(\w+)$"
    )
    return dict(re.findall(pattern, GUIDE.read_text(encoding="utf-8"), re.MULTILINE))


@dataclass(frozen=True)
class SetUp:
    """A run of the playbook, and what AWX was asked in it."""

    run: PlaybookRun
    calls: list[Call]

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path of every request that could have changed something."""
        return [(call.method, call.path) for call in self.calls if call.method != "GET"]

    @property
    def refused(self) -> list[Call]:
        """Every request that was answered with an error."""
        return [call for call in self.calls if call.status >= 400]


@dataclass
class Scene:
    """An AWX, and what came of the first runs of the playbook: in check mode, for real, and once more."""

    awx: Awx
    folder: Path
    runs: list[SetUp] = field(default_factory=list)

    def set_up(self, check: bool = False, arguments: tuple[str, ...] = (), **settings: Any) -> SetUp:
        """Run the playbook."""
        before = len(self.awx.calls)
        env = {
            "CONTROLLER_HOST": self.awx.url,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "DX_SUBSCRIBER_PASSWORD": SUBSCRIBERS_PASSWORD,
        }
        book = ROOT / "playbooks" / "awx_setup.yml"
        run = play(book, self.folder, None, SETTINGS | settings, check, env=env, arguments=arguments)
        return SetUp(run, self.awx.calls[before:])

    @contextmanager
    def undone(self) -> Iterator[Awx]:
        """Have everything in AWX as it was, after the block."""
        kept = deepcopy((self.awx.rows, self.awx.links, self.awx.surveys))
        try:
            yield self.awx
        finally:
            self.awx.rows, self.awx.links, self.awx.surveys = kept


@contextmanager
def set_up(folder: Path) -> Iterator[Scene]:
    """Set up a new AWX, as verbose as people get, until the block ends."""
    with served(TOKEN, tuple(project())) as awx:
        awx.add("execution_environments", name="DX", image="registry.example.com/dx:1", organization=1)
        scene = Scene(awx, folder)
        scene.runs.append(scene.set_up(True, ("-vvv",), dam_awx_password=""))
        begin_by_hand(awx)
        scene.runs += [scene.set_up(arguments=("-vvv",)) for _turn in range(2)]
        yield scene


def begin_by_hand(awx: Awx) -> None:
    """Have what somebody has made before, otherwise than the playbook does."""
    awx.add("credential_types", name="DX administrator", kind="cloud", description="Made by hand")
    project = awx.add(
        "projects", name="DAM staging", organization=1, scm_type="git", scm_url="https://git.example.com/old.git"
    )
    inventory = awx.add("inventories", name="DAM publishers", organization=1)
    awx.add("hosts", name=HOSTS[1], inventory=inventory, variables='{"dam_consistency_port": 443}')
    awx.add("hosts", name=BY_HAND, inventory=inventory)
    check = awx.add(
        "job_templates", name="DAM check", project=project, playbook="dam_check.yml", inventory=inventory, timeout=60
    )
    said = {
        "name": "",
        "description": "",
        "spec": [{"variable": "x", "type": "text", "required": True, "question_name": "X"}],
    }
    awx.surveys[check] = said
    slack = {"token": "t", "channels": ["dam"]}
    told = awx.add(
        "notification_templates",
        name="Slack",
        organization=1,
        notification_type="slack",
        notification_configuration=slack,
    )
    awx.linked("job_templates", check, "notification_templates_error").append(told)
