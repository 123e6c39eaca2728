# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``awx_setup.yml`` with the real modules of ``awx.awx``, against a stand-in of AWX that looks at every request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.awx.rules import HIDDEN
from support.awx.scene import (
    BY_HAND,
    EMAIL_PASSWORD,
    HOSTS,
    PUBLISHERS_PASSWORD,
    SECRETS,
    SETTINGS,
    SUBSCRIBERS_PASSWORD,
    TOKEN,
    WEBHOOK_PASSWORD,
    Scene,
)
from support.playbooks import play
from tooling.paths import ROOT

pytestmark = [pytest.mark.xdist_group("awx"), pytest.mark.slow]


def test_a_dry_run_on_an_awx_without_any_of_it_writes_nothing_and_says_where_it_ends(awx: Scene) -> None:
    dry = awx.runs[0]
    assert dry.run.rc == 0, dry.run.output
    assert dry.writes == []
    changed = [task.name.partition(" : ")[2] for task in dry.run.tasks if task.changed]
    assert changed == ["Define the credential type", "Keep the project", "Keep the inventory"]
    (said,) = [task for task in dry.run.named("End a dry run") if task.outcome == "ok"]
    assert "inventories/?name=DAM+publishers returned 0 items" in said.result["msg"]


def test_the_first_run_makes_all_of_it_with_fields_that_awx_has(awx: Scene) -> None:
    first = awx.runs[1]
    assert first.run.rc == 0, first.run.output
    assert first.refused == []
    made = {
        kind: sorted(row.get("name") or row["identifier"] for row in rows.values())
        for kind, rows in awx.awx.rows.items()
    }
    assert made == {
        "organizations": ["Default"],
        "execution_environments": ["DX"],
        "credential_types": ["DX administrator"],
        "credentials": ["DX administrator"],
        "projects": ["DAM staging"],
        "inventories": ["DAM publishers"],
        "hosts": sorted([*HOSTS, BY_HAND]),
        "notification_templates": ["DAM email", "DAM webhook", "Slack"],
        "job_templates": ["DAM check", "DAM figures", "DAM resync"],
        "workflow_job_templates": ["DAM consistency"],
        "workflow_job_template_nodes": ["approval", "check", "figures", "resync", "verify"],
        "workflow_approval_templates": ["Approve the repair"],
        "schedules": ["DAM consistency"],
    }


def test_a_second_run_changes_nothing_and_sends_no_writing_request(awx: Scene) -> None:
    second = awx.runs[2]
    assert second.run.rc == 0, second.run.output
    assert second.run.changed("localhost") == 0
    assert second.writes == []
    assert len(second.calls) > 50


def test_secrets_are_in_no_output_and_in_awx_only_where_it_hides_them(awx: Scene) -> None:
    written = "".join(each.run.output for each in awx.runs) + json.dumps(
        [task.result for each in awx.runs for task in each.run.tasks]
    )
    assert "DAM publishers" in written
    for secret in [*SECRETS, TOKEN]:
        assert secret not in written
        assert secret not in awx.awx.shown()
    places = {
        (call.path, name, key, value)
        for call in awx.runs[1].calls
        for name, values in call.body.items()
        if any(secret in json.dumps(values) for secret in SECRETS)
        for key, value in values.items()
        if any(secret in json.dumps(value) for secret in SECRETS)
    }
    assert places == {
        ("credentials", "inputs", "password", PUBLISHERS_PASSWORD),
        ("credentials", "inputs", "subscriber_password", SUBSCRIBERS_PASSWORD),
        ("notification_templates", "notification_configuration", "password", WEBHOOK_PASSWORD),
        ("notification_templates", "notification_configuration", "password", EMAIL_PASSWORD),
    }
    assert awx.awx.shown().count(HIDDEN) == len(places) + 1  # and the token for Slack


def test_job_templates_carry_what_their_playbooks_need(awx: Scene) -> None:
    check, figures, resync = (
        awx.awx.find("job_templates", name=f"DAM {name}") for name in ("check", "figures", "resync")
    )
    given = SETTINGS["dam_awx_extra_vars"]
    assert json.loads(check["extra_vars"]) == given | {"dam_consistency_fail_on_drift": True}
    assert json.loads(resync["extra_vars"]) == given
    asked = {question["variable"]: question.get("default") for question in awx.awx.surveys[resync["id"]]["spec"]}
    assert asked == {
        "dam_publishers": "all",
        "dam_consistency_max_deletes": 500,
        "dam_consistency_max_delete_percent": 50.0,
    }
    assert {type(value) for value in asked.values()} == {str, int, float}
    for template in (check, resync):
        (credential,) = awx.awx.linked("job_templates", template["id"], "credentials")
        assert awx.awx.rows["credentials"][credential]["name"] == "DX administrator"
        assert len(awx.awx.linked("job_templates", template["id"], "notification_templates_error")) == 2
        assert not template["allow_simultaneous"]
    assert figures["id"] not in awx.awx.surveys
    assert awx.awx.linked("job_templates", figures["id"], "credentials") == []


def test_the_first_run_brings_what_was_there_to_what_the_settings_say_and_leaves_the_rest(awx: Scene) -> None:
    changed = [path.partition("/")[0] for method, path in awx.runs[1].writes if method == "PATCH"]
    assert changed == ["credential_types", "projects", "inventories", "hosts", "job_templates"]
    server = awx.awx
    assert server.find("credential_types")["inputs"]["required"] == ["username", "password"]
    assert server.find("projects")["scm_url"] == SETTINGS["dam_awx_scm_url"]
    assert json.loads(server.find("hosts", name=HOSTS[1])["variables"]) == {"dam_consistency_port": 8443}
    check = server.find("job_templates", name="DAM check")
    assert check["timeout"] == 0
    assert server.surveys[check["id"]]["spec"][0]["variable"] == "dam_publishers"
    told = [
        server.rows["notification_templates"][one]["name"]
        for one in server.linked("job_templates", check["id"], "notification_templates_error")
    ]
    assert sorted(told) == ["DAM email", "DAM webhook"]


def test_a_dry_run_with_other_settings_tells_what_would_change_and_writes_nothing(awx: Scene) -> None:
    before = awx.awx.shown()
    dry = awx.set_up(
        check=True,
        dam_awx_schedule_rrule="DTSTART:20260101T030000Z RRULE:FREQ=WEEKLY;INTERVAL=1",
        dam_awx_approval_timeout=600,
        dam_awx_publishers={HOSTS[1]: {"dam_consistency_port": 9443}},
        dam_awx_extra_vars={"dam_consistency_max_age": 600},
        dam_awx_notification_templates=["Slack"],
        dam_awx_update_secrets=True,
    )
    assert dry.run.rc == 0, dry.run.output
    assert dry.writes == []
    assert awx.awx.shown() == before
    assert {task.name.partition(" : ")[2] for task in dry.run.tasks if task.changed} == {
        "Keep the credential",
        "Keep the publishers",
        "Keep the webhook",
        "Keep the email",
        "Keep the job template that checks",
        "Keep the job template that repairs",
        "Keep the workflow",
        "Keep the approval",
        "Keep the schedule",
    }


def test_a_failure_says_what_failed_and_shows_no_secret(awx: Scene) -> None:
    refused = {"url": 5, "password": WEBHOOK_PASSWORD}
    with awx.undone():
        failed = awx.set_up(
            arguments=("-vvv",), dam_awx_publishers={}, dam_awx_update_secrets=True, dam_awx_webhook=refused
        )
    assert failed.run.rc == 2
    assert [call.path.partition("/")[0] for call in failed.refused] == ["notification_templates"]
    assert '"Keep the webhook" failed; what it handles is hidden' in failed.run.named("End with")[0].result["msg"]
    for secret in SECRETS:
        assert secret not in failed.run.output + json.dumps([task.result for task in failed.run.tasks])


def test_without_the_collection_awx_awx_it_says_so(awx: Scene, tmp_path: Path) -> None:
    ours = tmp_path / "ansible_collections" / "dxops"
    ours.mkdir(parents=True)
    (ours / "dam_staging").symlink_to(ROOT)
    run = play("dxops.dam_staging.awx_setup", tmp_path, None, SETTINGS, env={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)})
    assert run.rc == 2
    assert "ansible-galaxy collection install awx.awx" in run.output


def test_an_awx_that_refuses_the_token_is_an_error_in_a_dry_run_too(awx: Scene, tmp_path: Path) -> None:
    env = {"CONTROLLER_HOST": awx.awx.url, "CONTROLLER_OAUTH_TOKEN": "not-this-one"}
    run = play(ROOT / "playbooks" / "awx_setup.yml", tmp_path, None, SETTINGS, check=True, env=env)
    assert run.rc == 2
    assert "Invalid authentication credentials" in run.output
