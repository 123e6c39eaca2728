# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX makes of its templates: the variables of a job, the way through a workflow, a message."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from support.awx.fields import Row
from support.awx.rules import answer_problem, render, secrets_of
from support.awx.server import Awx

NODES = "workflow_job_template_nodes"


@dataclass(frozen=True)
class Start:
    """What a job is started with. ``env`` and ``files`` come from its credentials."""

    playbook: str
    extra_vars: Row
    env: dict[str, str]
    hosts: dict[str, Row]


@dataclass(frozen=True)
class Ended:
    """How a job of a workflow ended, and what it handed on."""

    good: bool
    artifacts: Row = field(default_factory=dict)


def start(awx: Awx, template: Row, folder: Path, handed_on: Row | None = None) -> Start:
    """Return what a job of a job template gets, here in a workflow, with what the jobs before ``handed_on``.

    Nobody answers the survey: its defaults go over the template's own variables, and what is handed on goes over both.
    ``folder`` takes the files that credentials make.
    """
    extra_vars = json.loads(template["extra_vars"] or "{}") | _defaults(awx, template) | (handed_on or {})
    env: dict[str, str] = {}
    for number in awx.linked("job_templates", template["id"], "credentials"):
        credential = awx.rows["credentials"][number]
        env |= injected(awx.rows["credential_types"][credential["credential_type"]], credential["inputs"], folder)
    hosts = [row for row in awx.rows["hosts"].values() if row["inventory"] == template["inventory"] and row["enabled"]]
    return Start(
        template["playbook"], extra_vars, env, {row["name"]: json.loads(row["variables"] or "{}") for row in hosts}
    )


def _defaults(awx: Awx, template: Row) -> Row:
    questions = awx.surveys.get(template["id"], {}).get("spec", []) if template["survey_enabled"] else []
    return {
        question["variable"]: question["default"]
        for question in questions
        if question.get("default") is not None and not answer_problem(question, question["default"])
    }


def injected(of_type: Row, inputs: Row, folder: Path) -> dict[str, str]:
    """Return the environment that a credential makes; an input without a value is no name in a template."""
    names: Row = {name: value for name, value in inputs.items() if value != ""}
    missing = secrets_of(of_type) - set(inputs)
    assert not missing & set(of_type["inputs"].get("required", [])), f"AWX starts no job without {missing}"
    injectors = of_type["injectors"]
    if "file" in injectors:
        file = folder / f"file-of-credential-type-{of_type.get('id', 0)}"
        file.write_text(render(injectors["file"]["template"], names), encoding="utf-8")
        names["tower"] = {"filename": str(file)}
    return {name: render(template, names) for name, template in injectors.get("env", {}).items()}


def walk(awx: Awx, workflow: str, run: Callable[[Row, Row], Ended], approve: Callable[[Row], bool]) -> list[str]:
    """Go through a workflow as AWX does; return the identifiers of its nodes in the order that they ran in.

    ``run`` gets a node's job template and what the jobs before it handed on, of which the nearest one's counts;
    ``approve`` gets an approval.
    """
    number = awx.find("workflow_job_templates", name=workflow)["id"]
    nodes = {row["id"]: row for row in awx.rows[NODES].values() if row["workflow_job_template"] == number}
    ways = [f"{way}_nodes" for way in ("success", "failure", "always")]
    children = {one for node in nodes for way in ways for one in awx.linked(NODES, node, way)}
    waiting: list[tuple[int, Row]] = [(node, {}) for node in nodes if node not in children]
    ran = []
    while waiting:
        node, handed_on = waiting.pop(0)
        what = nodes[node]["unified_job_template"]
        approval = awx.rows["workflow_approval_templates"].get(what)
        ended = Ended(approve(approval)) if approval else run(awx.rows["job_templates"][what], handed_on)
        ran.append(str(nodes[node]["identifier"]))
        way = "success_nodes" if ended.good else "failure_nodes"
        after = [*awx.linked(NODES, node, way), *awx.linked(NODES, node, "always_nodes")]
        waiting += [(one, handed_on | ended.artifacts) for one in after]
    return ran


def message(notification: Row, event: str, job: Row) -> dict[str, str]:
    """Return what a notification template tells of a job, by the parts of a message."""
    names = {"job": job, "job_friendly_name": "Job", "url": f"https://awx.example.com/#/jobs/playbook/{job['id']}"}
    return {part: render(text, names) for part, text in notification["messages"][event].items()}
