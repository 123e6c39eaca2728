# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields that AWX's API takes, kind of object by kind of object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """What a field takes. A text or a choice that is sent as null becomes its default, as AWX does."""

    type: type
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    refers_to: str = ""


def _text(*choices: str, default: str = "", required: bool = False) -> Field:
    return Field(str, default, required, choices)


def _one(kind: str, required: bool = False) -> Field:
    return Field(int, None, required, refers_to=kind)


FLAG = Field(bool, False)
NUMBER = Field(int, 0)
TEXT = _text()
NAME = _text(required=True)
# Of nodes and schedules: not given means that the template's own is taken.
LATER = Field(str)

_PROMPTS: dict[str, Field] = {
    "extra_data": Field(dict, {}),
    "inventory": _one("inventories"),
    "scm_branch": LATER,
    "job_type": LATER,
    "job_tags": LATER,
    "skip_tags": LATER,
    "limit": LATER,
    "diff_mode": Field(bool),
    "verbosity": Field(int),
    "execution_environment": _one("execution_environments"),
    "forks": Field(int),
    "job_slice_count": Field(int),
    "timeout": Field(int),
}
_ASKED = ["scm_branch", "variables", "limit", "tags", "skip_tags", "inventory", "labels"]
_ASKED_OF_JOBS = [
    *_ASKED,
    *("diff_mode", "job_type", "verbosity", "credential", "execution_environment", "forks", "instance_groups"),
    *("job_slice_count", "timeout"),
]

FIELDS: dict[str, dict[str, Field]] = {
    "organizations": {"name": NAME, "description": TEXT, "max_hosts": NUMBER},
    "execution_environments": {"name": NAME, "description": TEXT, "image": NAME, "organization": _one("organizations")},
    "credential_types": {
        "name": NAME,
        "description": TEXT,
        "kind": _text("cloud", "net", required=True),
        "inputs": Field(dict, {}),
        "injectors": Field(dict, {}),
    },
    "credentials": {
        "name": NAME,
        "description": TEXT,
        "organization": _one("organizations"),
        "credential_type": _one("credential_types", required=True),
        "inputs": Field(dict, {}),
    },
    "projects": {
        "name": NAME,
        "description": TEXT,
        "organization": _one("organizations"),
        "local_path": TEXT,
        "scm_type": _text("", "git", "svn", "insights", "archive"),
        "scm_url": TEXT,
        "scm_branch": TEXT,
        "scm_refspec": TEXT,
        "scm_clean": FLAG,
        "scm_track_submodules": FLAG,
        "scm_delete_on_update": FLAG,
        "scm_update_on_launch": FLAG,
        "scm_update_cache_timeout": NUMBER,
        "allow_override": FLAG,
        "timeout": NUMBER,
        "credential": _one("credentials"),
        "default_environment": _one("execution_environments"),
        "signature_validation_credential": _one("credentials"),
    },
    "inventories": {
        "name": NAME,
        "description": TEXT,
        "organization": _one("organizations", required=True),
        "kind": _text("", "smart", "constructed"),
        "host_filter": Field(str),
        "variables": TEXT,
        "prevent_instance_group_fallback": FLAG,
    },
    "hosts": {
        "name": NAME,
        "description": TEXT,
        "inventory": _one("inventories", required=True),
        "enabled": Field(bool, True),
        "instance_id": TEXT,
        "variables": TEXT,
    },
    "notification_templates": {
        "name": NAME,
        "description": TEXT,
        "organization": _one("organizations", required=True),
        "notification_type": _text("email", "webhook", "slack", required=True),
        "notification_configuration": Field(dict, {}),
        "messages": Field(dict),
    },
    "job_templates": {
        "name": NAME,
        "description": TEXT,
        "job_type": _text("run", "check", default="run"),
        "inventory": _one("inventories"),
        "project": _one("projects"),
        "playbook": TEXT,
        "scm_branch": TEXT,
        "forks": NUMBER,
        "limit": TEXT,
        "verbosity": Field(int, 0, choices=(0, 1, 2, 3, 4, 5)),
        "extra_vars": TEXT,
        "job_tags": TEXT,
        "skip_tags": TEXT,
        "start_at_task": TEXT,
        "timeout": NUMBER,
        "host_config_key": TEXT,
        "job_slice_count": Field(int, 1),
        "execution_environment": _one("execution_environments"),
        "webhook_service": _text("", "github", "gitlab"),
        "webhook_credential": _one("credentials"),
        **{f"ask_{name}_on_launch": FLAG for name in _ASKED_OF_JOBS},
        **dict.fromkeys(("force_handlers", "use_fact_cache", "survey_enabled", "become_enabled", "diff_mode"), FLAG),
        **dict.fromkeys(("allow_simultaneous", "prevent_instance_group_fallback"), FLAG),
    },
    "workflow_job_templates": {
        "name": NAME,
        "description": TEXT,
        "organization": _one("organizations"),
        "extra_vars": TEXT,
        "inventory": _one("inventories"),
        "limit": LATER,
        "scm_branch": LATER,
        "job_tags": LATER,
        "skip_tags": LATER,
        "survey_enabled": FLAG,
        "allow_simultaneous": FLAG,
        "webhook_service": _text("", "github", "gitlab"),
        "webhook_credential": _one("credentials"),
        **{f"ask_{name}_on_launch": FLAG for name in _ASKED},
    },
    "workflow_job_template_nodes": {
        **_PROMPTS,
        "identifier": NAME,
        "workflow_job_template": _one("workflow_job_templates", required=True),
        "unified_job_template": _one("unified_job_templates"),
        "all_parents_must_converge": FLAG,
    },
    "workflow_approval_templates": {"name": NAME, "description": TEXT, "timeout": NUMBER},
    "schedules": {
        **_PROMPTS,
        "name": NAME,
        "description": TEXT,
        "rrule": NAME,
        "enabled": Field(bool, True),
        "unified_job_template": _one("unified_job_templates", required=True),
    },
}
# What a client may send although it cannot be set: AWX's modules do.
READ_ONLY = {
    "credential_types": {"managed"},
    "job_templates": {"organization"},
    "workflow_job_template_nodes": {"type"},
}
_NOTIFIED = {f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")}
# Lists of other objects, which have addresses of their own.
RELATED: dict[str, dict[str, str]] = {
    "job_templates": {"credentials": "credentials", **_NOTIFIED},
    "workflow_job_templates": {**_NOTIFIED, "notification_templates_approvals": "notification_templates"},
    "workflow_job_template_nodes": {
        f"{way}_nodes": "workflow_job_template_nodes" for way in ("success", "failure", "always")
    },
}
UNIFIED = ("job_templates", "workflow_job_templates", "projects")

# What each type of notification is configured with; what has a default may be left out, and AWX adds it.
NOTIFICATIONS: dict[str, dict[str, Field]] = {
    "webhook": {
        "url": Field(str, required=True),
        "http_method": Field(str, "POST"),
        "disable_ssl_verification": FLAG,
        "username": TEXT,
        "password": TEXT,
        "headers": Field(dict, required=True),
    },
    "email": {
        "host": Field(str, required=True),
        "port": Field(int, required=True),
        "username": Field(str, required=True),
        "password": Field(str, required=True),
        "use_tls": Field(bool, required=True),
        "use_ssl": Field(bool, required=True),
        "sender": Field(str, required=True),
        "recipients": Field(list, required=True),
        "timeout": Field(int, 30),
    },
    "slack": {"token": Field(str, required=True), "channels": Field(list, required=True), "hex_color": TEXT},
}


def check(kind: str, body: Row, partly: bool = False) -> Row:
    """Return the fields that a body sets, with defaults unless it changes an object only ``partly``.

    Raise ``Invalid`` for a field that is unknown, of another type or missing.
    """
    known = FIELDS[kind]
    sent = {name: value for name, value in body.items() if name not in READ_ONLY.get(kind, ())}
    wrong = {name: "is not a field of it" for name in sent if name not in known}
    wrong |= {
        name: f"{value!r} is not what it takes" for name, value in sent.items() if not _takes(known.get(name), value)
    }
    if not partly:
        wrong |= {
            name: "This field is required." for name, field in known.items() if field.required and name not in sent
        }
    if wrong:
        raise Invalid(wrong)
    filled = {name: known[name].default if value is None else value for name, value in sent.items()}
    return filled if partly else {name: field.default for name, field in known.items()} | filled


def _takes(field: Field | None, value: Any) -> bool:
    if field is None:
        return True
    if value is None:
        return not field.required
    if isinstance(value, bool) != (field.type is bool) or not isinstance(value, field.type):
        return False
    return not field.choices or value in field.choices


class Invalid(Exception):  # noqa: N818 - an answer, not a mistake of the stand-in
    """What AWX would answer with status 400: problems by field."""

    def __init__(self, problems: Row) -> None:
        super().__init__(str(problems))
        self.problems = problems
