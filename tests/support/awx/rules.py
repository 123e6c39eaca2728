# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX asks of fields that are more than a value: credential types, surveys, notifications, schedules."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from support.awx.fields import NOTIFICATIONS, Field, Invalid, Row

HIDDEN = "$encrypted$"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Of an input of a credential type.
_INPUT: dict[str, type] = {
    **dict.fromkeys(("id", "label", "help_text", "type", "format"), str),
    **dict.fromkeys(("multiline", "secret", "ask_at_runtime"), bool),
    "choices": list,
    "default": object,
}
_ANSWERS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}
_QUESTION = {
    "question_name",
    "question_description",
    "variable",
    "type",
    "required",
    "default",
    "min",
    "max",
    "choices",
}
_EVENTS = {"started", "success", "error", "workflow_approval"}
# As much of a job as a message may refer to when it is saved: nothing is known yet of what jobs will hand on.
_STUB = {
    "job": {"id": 42, "name": "Stub", "status": "running", "artifacts": {}},
    "job_friendly_name": "Job",
    "url": "https://awx.example.com/#/jobs/playbook/42",
    "job_metadata": "{}",
    "approval_node_name": "Approve",
    "approval_status": "approved",
    "workflow_url": "https://awx.example.com/#/jobs/workflow/42",
}


def render(text: str, names: Row, strict: bool = False) -> str:
    """Render a template of AWX's as AWX does, by default with nothing for a name that is not defined."""
    environment = ImmutableSandboxedEnvironment(**({"undefined": StrictUndefined} if strict else {}))
    return environment.from_string(text).render(**names)


def credential_type(row: Row) -> None:
    """Check inputs and injectors."""
    inputs, injectors = row["inputs"], row["injectors"]
    _only(inputs, {"fields", "required"}, "inputs")
    for field in inputs.get("fields", []):
        _only(field, set(_INPUT), "inputs")
        _require(all(isinstance(value, _INPUT[name]) for name, value in field.items()), "inputs", f"types in {field}")
        _require({"id", "label"} <= set(field) and _VARIABLE.fullmatch(field["id"]), "inputs", f"id, label in {field}")
        _require(field.get("type") in ("string", "boolean"), "inputs", f"type of {field}")
    ids = [field["id"] for field in inputs.get("fields", [])]
    _require(len(ids) == len(set(ids)) and "tower" not in ids, "inputs", "ids are not unique")
    _require(set(inputs.get("required", [])) <= set(ids), "inputs", "something is required that is no field")
    _only(injectors, {"env", "extra_vars", "file"}, "injectors")
    _require(set(injectors.get("file", {})) <= {"template"}, "injectors", "only one unnamed file is known here")
    names: Row = dict.fromkeys(ids, "EXAMPLE") | {"tower": {"filename": "FILE"} if injectors.get("file") else {}}
    for how, templates in injectors.items():
        for name, template in templates.items():
            _require(how == "file" or _VARIABLE.fullmatch(name), "injectors", f"{name} is no name")
            _require(how != "env" or not name.startswith("ANSIBLE_"), "injectors", f"{name} may not be set")
            _require(how != "env" or template.isascii(), "injectors", f"{name} is not ASCII")
            try:
                render(template, names, strict=True)
            except TemplateError as problem:
                raise Invalid({"injectors": f"{name}: {problem}"}) from None


def credential(inputs: Row, of_type: Row) -> None:
    """Check a credential's inputs by its type."""
    fields = {field["id"]: field for field in of_type["inputs"].get("fields", [])}
    _only(inputs, set(fields), "inputs")
    for name, value in inputs.items():
        _require(isinstance(value, bool if fields[name]["type"] == "boolean" else str), "inputs", f"type of {name}")


def secrets_of(of_type: Row) -> set[str]:
    """Return the inputs that are shown to nobody."""
    return {field["id"] for field in of_type["inputs"].get("fields", []) if field.get("secret")}


def survey(spec: Row) -> None:
    """Check a survey."""
    _require(
        isinstance(spec.get("name"), str) and isinstance(spec.get("description"), str), "error", "name, description"
    )
    _require(isinstance(spec.get("spec"), list) and spec["spec"], "error", "'spec' doesn't contain any items")
    for question in spec["spec"]:
        _only(question, _QUESTION, "error")
        for name in ("type", "question_name", "variable"):
            _require(isinstance(question.get(name), str), "error", f"{name} in {question}")
        _require(isinstance(question.get("required"), bool), "error", f"required in {question}")
        _require(question["type"] in _ANSWERS, "error", f"type of {question}")
        limits = [question.get(name, 0) for name in ("min", "max")]
        whole = all(isinstance(limit, int) and not isinstance(limit, bool) for limit in limits)
        _require(whole, "error", f"min, max in {question}")
        problem = answer_problem(question, question["default"]) if question.get("default", "") != "" else ""
        _require(not problem, "error", problem)
    variables = [question["variable"] for question in spec["spec"]]
    _require(len(variables) == len(set(variables)), "error", "a variable is asked for twice")


def answer_problem(question: Row, answer: Any) -> str:
    """Return what is wrong with an answer to a survey's question, or the empty string."""
    expected = _ANSWERS[question["type"]]
    if isinstance(answer, bool) or not isinstance(answer, expected):
        return f"{question['variable']}: {answer!r} is not {question['type']}"
    size = len(answer) if isinstance(answer, str) else answer
    if "choices" in question:
        return "" if answer in question["choices"] else f"{question['variable']}: {answer!r} is no choice"
    within = question.get("min", size) <= size <= question.get("max", size)
    return "" if within else f"{question['variable']}: {answer!r} is out of bounds"


def notification(row: Row) -> None:
    """Check what a notification template is configured with, and complete it as AWX does."""
    fields = NOTIFICATIONS[row["notification_type"]]
    configuration = row["notification_configuration"]
    _only(configuration, set(fields), "notification_configuration")
    for name, field in fields.items():
        _require(name in configuration or not field.required, "notification_configuration", f"{name} is missing")
        value = configuration.setdefault(name, field.default)
        _require(_is(value, field), "notification_configuration", f"{name} has an incorrect type")
    # AWX keeps every event, those without a message as null.
    row["messages"] = dict.fromkeys(sorted(_EVENTS)) | (row["messages"] or {})
    _only(row["messages"], _EVENTS, "messages")
    for event, texts in row["messages"].items():
        for name, text in (texts or {}).items():
            _require(event != "workflow_approval", "messages", "approvals have messages of their own, not known here")
            _require(name in ("message", "body") and isinstance(text, str), "messages", f"{name} of {event}")
            _require(name != "message" or "\n" not in text, "messages", "Messages cannot contain newlines")
            try:
                render(text, _STUB, strict=True)
            except TemplateError as problem:
                raise Invalid({"messages": f"Unable to render message: {problem}"}) from None


def rrule(text: str) -> None:
    """Check when a schedule runs."""
    pattern = (
        r"DTSTART(:\d{8}T\d{6}Z|;TZID=[\w/+-]+:\d{8}T\d{6}) RRULE:FREQ=(MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY);.*"
    )
    _require(
        re.fullmatch(pattern, text) and "INTERVAL=" in text, "rrule", "DTSTART, RRULE, FREQ and INTERVAL are wanted"
    )


def _is(value: Any, field: Field) -> bool:
    return isinstance(value, field.type) and isinstance(value, bool) == (field.type is bool)


def _only(given: Row, known: set[str], field: str) -> None:
    _require(set(given) <= known, field, f"unknown: {sorted(set(given) - known)}")


def _require(good: object, field: str, problem: str) -> None:
    if not good:
        raise Invalid({field: [problem]})
