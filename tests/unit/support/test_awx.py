# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of AWX refuses what AWX would not take, hides what AWX hides, and starts jobs as AWX does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.awx import rules
from support.awx.fields import Invalid, Row, check
from support.awx.jobs import Ended, start, walk
from support.awx.server import Awx
from support.awx.store import ROOT
from support.scripted import Request

TOKEN = "the-token"


class Client:
    """Asks the stand-in without a network between."""

    def __init__(self, awx: Awx) -> None:
        self.awx = awx

    def __call__(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"}
        request = Request(method, ROOT + path, headers, json.dumps(body).encode() if body else b"", ("", 0))
        answer = self.awx.answer(request, None)
        return answer.status, answer.body


@pytest.fixture
def awx() -> Awx:
    made = Awx(("check.yml",), token=TOKEN)
    made.add("organizations", name="Default")
    return made


@pytest.fixture
def ask(awx: Awx) -> Client:
    return Client(awx)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("hosts", {"name": "h", "inventory": 1, "variable": "{}"}),
        ("hosts", {"name": "h"}),
        ("hosts", {"name": "h", "inventory": 1, "variables": {"a": 1}}),
        ("job_templates", {"name": "j", "forks": "5"}),
        ("job_templates", {"name": "j", "forks": True}),
        ("job_templates", {"name": "j", "job_type": "scan"}),
        ("job_templates", {"name": "j", "ask_playbook_on_launch": True}),
        ("schedules", {"name": "s", "rrule": None, "unified_job_template": 1}),
    ],
)
def test_a_field_that_is_unknown_missing_or_of_another_type_is_refused(kind: str, body: Row) -> None:
    with pytest.raises(Invalid):
        check(kind, body)


def test_a_text_that_is_null_becomes_empty_as_in_awx() -> None:
    assert check("inventories", {"name": "i", "organization": 1, "kind": None})["kind"] == ""


def type_with(**changes: Any) -> Row:
    inputs = {"fields": [{"id": "user", "type": "string", "label": "User"}], "required": ["user"]}
    return {"inputs": inputs, "injectors": {"env": {"DX_USERNAME": "{{ user }}"}}} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": {"fields": [{"id": "user", "type": "string"}]}},
        {"inputs": {"fields": [{"id": "user", "type": "text", "label": "User"}]}},
        {"inputs": {"fields": [{"id": "user", "type": "string", "label": "User", "hidden": True}]}},
        {"inputs": {"fields": [{"id": "user", "type": "string", "label": "User"}], "required": ["password"]}},
        {"injectors": {"env": {"DX_USERNAME": "{{ username }}"}}},
        {"injectors": {"env": {"DX_CA_PATH": "{{ tower.filename }}"}}},
        {"injectors": {"env": {"ANSIBLE_CONFIG": "{{ user }}"}}},
        {"injectors": {"environment": {"DX_USERNAME": "{{ user }}"}}},
        {"injectors": {"env": {"DX_USERNAME": "{{ user"}}},
    ],
)
def test_a_credential_type_that_awx_would_not_take_is_refused(changes: Row) -> None:
    rules.credential_type(type_with())
    with pytest.raises(Invalid):
        rules.credential_type(type_with(**changes))


def question(**changes: Any) -> Row:
    return {"variable": "n", "type": "integer", "required": False, "question_name": "N", "min": 0, "max": 9} | changes


@pytest.mark.parametrize(
    "questions",
    [
        [],
        [question(default="5")],
        [question(default=10)],
        [question(type="number")],
        [question(required="no")],
        [question(), question()],
        [{name: value for name, value in question().items() if name != "question_name"}],
    ],
)
def test_a_survey_that_awx_would_not_take_is_refused(questions: list[Row]) -> None:
    rules.survey({"name": "", "description": "", "spec": [question(default=5)]})
    with pytest.raises(Invalid):
        rules.survey({"name": "", "description": "", "spec": questions})


HOOK: Row = {"url": "https://x", "headers": {}}


@pytest.mark.parametrize(
    ("configuration", "messages"),
    [
        ({"url": "https://x"}, None),
        ({**HOOK, "port": 443}, None),
        ({**HOOK, "disable_ssl_verification": "no"}, None),
        (HOOK, {"failed": {"body": "x"}}),
        (HOOK, {"error": {"message": "a\nb"}}),
        (HOOK, {"error": {"body": "{{ job.artifacts.figures.total }}"}}),
    ],
)
def test_a_notification_that_awx_would_not_take_is_refused(configuration: Row, messages: Row | None) -> None:
    with pytest.raises(Invalid):
        rules.notification(
            {"notification_type": "webhook", "notification_configuration": dict(configuration), "messages": messages}
        )


def test_a_notification_is_completed_as_awx_does() -> None:
    row = {"notification_type": "webhook", "notification_configuration": dict(HOOK), "messages": None}
    rules.notification(row)
    assert row["notification_configuration"] | HOOK == row["notification_configuration"]
    assert row["notification_configuration"]["http_method"] == "POST"
    assert row["messages"] == {"started": None, "success": None, "error": None, "workflow_approval": None}


@pytest.mark.parametrize("text", ["RRULE:FREQ=DAILY;INTERVAL=1", "DTSTART:20260101T051700Z RRULE:FREQ=DAILY", "daily"])
def test_a_schedule_without_a_beginning_or_an_interval_is_refused(text: str) -> None:
    rules.rrule("DTSTART;TZID=Europe/Berlin:20260101T051700 RRULE:FREQ=DAILY;INTERVAL=1")
    with pytest.raises(Invalid):
        rules.rrule(text)


def test_who_has_no_token_is_told_nothing(ask: Client, awx: Awx) -> None:
    assert ask("GET", "organizations/", token="another")[0] == 401
    assert ask("POST", "organizations/", {"name": "x"}, token="another")[0] == 401
    assert len(awx.rows["organizations"]) == 1


def test_lists_are_filtered_and_a_filter_that_does_not_exist_is_refused(ask: Client, awx: Awx) -> None:
    awx.add("organizations", name="Other")
    assert [row["name"] for row in ask("GET", "organizations/?name=Other")[1]["results"]] == ["Other"]
    assert ask("GET", "organizations/?or__id=1&or__name=Other")[1]["count"] == 2
    assert ask("GET", "organizations/?color=red")[0] == 400


def test_a_secret_is_shown_to_nobody_and_kept_when_what_is_shown_is_sent_back(ask: Client, awx: Awx) -> None:
    fields = [
        {"id": name, "type": "string", "label": name, "secret": name == "password"} for name in ("user", "password")
    ]
    of_type = awx.add("credential_types", name="DX", inputs={"fields": fields}, kind="cloud")
    status, made = ask(
        "POST", "credentials/", {"name": "c", "credential_type": of_type, "inputs": {"user": "a", "password": "b"}}
    )
    assert (status, made["inputs"]) == (201, {"user": "a", "password": "$encrypted$"})
    path = f"credentials/{made['id']}/"
    assert ask("PATCH", path, {"inputs": {"user": "c", "password": "$encrypted$"}})[0] == 200
    assert awx.find("credentials")["inputs"] == {"user": "c", "password": "b"}
    assert ask("PATCH", path, {"inputs": {"token": "x"}})[0] == 400


def test_a_playbook_that_the_project_does_not_have_is_refused(ask: Client, awx: Awx) -> None:
    project = awx.add("projects", name="p", organization=1)
    assert ask("POST", "job_templates/", {"name": "j", "project": project, "playbook": "check.yml"})[0] == 201
    assert ask("POST", "job_templates/", {"name": "k", "project": project, "playbook": "other.yml"})[0] == 400
    assert ask("POST", "job_templates/", {"name": "k", "project": 99, "playbook": "check.yml"})[0] == 400


@pytest.fixture
def template(awx: Awx) -> Row:
    project = awx.add("projects", name="p", organization=1)
    inventory = awx.add("inventories", name="i", organization=1)
    awx.add("hosts", name="on", inventory=inventory, variables='{"a": 1}')
    awx.add("hosts", name="off", inventory=inventory, enabled=False)
    number = awx.add(
        "job_templates",
        name="j",
        project=project,
        inventory=inventory,
        playbook="check.yml",
        survey_enabled=True,
        extra_vars='{"a": 1, "b": 1, "n": 1}',
    )
    awx.surveys[number] = {"spec": [question(default=2), question(variable="b", default=2), question(variable="c")]}
    return awx.rows["job_templates"][number]


def test_what_is_handed_on_goes_over_the_surveys_defaults_and_these_over_the_templates_variables(
    awx: Awx, template: Row, tmp_path: Path
) -> None:
    begin = start(awx, template, tmp_path, {"b": 3, "d": 3})
    assert begin.extra_vars == {"a": 1, "n": 2, "b": 3, "d": 3}
    assert begin.hosts == {"on": {"a": 1}}


@pytest.fixture
def workflow(awx: Awx, template: Row, ask: Client) -> Callable[[str, str, str], int]:
    """Link two nodes of a workflow, which are made where they are not there."""
    number = awx.add("workflow_job_templates", name="w", organization=1)
    made: dict[str, int] = {}

    def link(parent: str, way: str, child: str) -> int:
        for name in (parent, child):
            if name not in made:
                made[name] = awx.add(
                    "workflow_job_template_nodes",
                    identifier=name,
                    workflow_job_template=number,
                    unified_job_template=template["id"],
                )
        return ask("POST", f"workflow_job_template_nodes/{made[parent]}/{way}_nodes/", {"id": made[child]})[0]

    return link


def test_a_workflow_takes_the_way_of_what_happened_and_hands_on_what_the_nearest_job_said(
    awx: Awx, workflow: Callable[[str, str, str], int]
) -> None:
    assert [workflow("a", "failure", "b"), workflow("a", "success", "c"), workflow("b", "always", "d")] == [204] * 3
    seen: list[Row] = []

    def run(_template: Row, handed_on: Row) -> Ended:
        seen.append(handed_on)
        return Ended(len(seen) > 1, {"last": len(seen), f"by_{len(seen)}": True})

    assert walk(awx, "w", run, lambda _approval: False) == ["a", "b", "d"]
    assert seen == [{}, {"last": 1, "by_1": True}, {"last": 2, "by_1": True, "by_2": True}]


def test_a_circle_in_a_workflow_is_refused(workflow: Callable[[str, str, str], int]) -> None:
    assert [workflow("a", "success", "b"), workflow("b", "failure", "a")] == [204, 400]
