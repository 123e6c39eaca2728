# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of the stand-in: kept in memory, looked at as AWX does before they are, and shown as AWX shows them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from support.awx import rules
from support.awx.fields import FIELDS, NOTIFICATIONS, RELATED, UNIFIED, Invalid, Row, check

ROOT = "/api/v2/"


class NotFound(Exception):  # noqa: N818 - an answer
    """What is asked for is not there."""


@dataclass
class Store:
    """AWX as far as it is set up. ``playbooks`` are the files that the repository of every project has."""

    playbooks: tuple[str, ...] = ()
    rows: dict[str, dict[int, Row]] = field(default_factory=lambda: {kind: {} for kind in FIELDS})
    links: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)
    surveys: dict[int, Row] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, kind: str, /, **fields: Any) -> int:
        """Make an object as AWX's own setup or somebody else would; return its id."""
        return int(self.create(kind, fields)["id"])

    def find(self, kind: str, /, **wanted: Any) -> Row:
        """Return the only object of a kind with these fields, secrets included. Raise ``ValueError`` else."""
        (row,) = [row for row in self.rows[kind].values() if all(row[name] == value for name, value in wanted.items())]
        return row

    def shown(self) -> str:
        """Return everything that AWX shows of its objects, as text."""
        rows = {kind: [self.shown_as(kind, number) for number in rows] for kind, rows in self.rows.items()}
        return json.dumps([rows, self.surveys])

    def linked(self, kind: str, number: int, related: str) -> list[int]:
        """Return the ids of the objects in a list of another one."""
        if related not in RELATED[kind] or number not in self.rows[kind]:
            raise NotFound
        return self.links.setdefault((kind, number, related), [])

    def page(self, kind: str, query: dict[str, str]) -> Row:
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        known = set.intersection(*({"id", "organization", *FIELDS[one]} for one in kinds))
        unknown = [name for name in query if name.removeprefix("or__") not in known]
        if unknown:
            raise Invalid({"detail": f"{kind} has no field named {unknown}"})
        rows = [self.shown_as(one, number) for one in kinds for number in self.rows[one]]
        every = [(name, value) for name, value in query.items() if not name.startswith("or__")]
        some = [(name.removeprefix("or__"), value) for name, value in query.items() if name.startswith("or__")]
        return listed(
            [
                row
                for row in rows
                if all(str(row[name]) == value for name, value in every)
                and (not some or any(str(row[name]) == value for name, value in some))
            ]
        )

    def create(self, kind: str, body: Row) -> Row:
        row = deepcopy(check(kind, body))
        self._judge(kind, row)
        number = next(self._ids)
        self.rows[kind][number] = row | {"id": number}
        made = self.shown_as(kind, number)
        if kind == "projects":  # its repository is read at once
            made["summary_fields"] = {"current_update": {"id": next(self._ids)}}
        return made

    def change(self, kind: str, number: int, body: Row) -> Row:
        old = self.rows[kind][number]
        sent = deepcopy(check(kind, body, partly=True))
        for name in ("inputs", "notification_configuration"):
            for key, value in sent.get(name, {}).items():
                if value == rules.HIDDEN:
                    sent[name][key] = old[name][key]
        row = old | sent
        self._judge(kind, row)
        self.rows[kind][number] = row
        return self.shown_as(kind, number)

    def _judge(self, kind: str, row: Row) -> None:
        """Check what concerns more than a field alone, and complete the row."""
        for name, known in FIELDS[kind].items():
            if known.refers_to and row[name] is not None and not self._is_there(known.refers_to, row[name]):
                raise Invalid({name: [f'Invalid pk "{row[name]}" - object does not exist.']})
        match kind:
            case "credential_types":
                rules.credential_type(row)
            case "credentials":
                rules.credential(row["inputs"], self.rows["credential_types"][row["credential_type"]])
            case "notification_templates":
                rules.notification(row)
            case "schedules":
                rules.rrule(row["rrule"])
            case "job_templates":
                if row["playbook"] not in self.playbooks:
                    raise Invalid({"playbook": ["Playbook not found for project."]})
                # A job template belongs to the organization of its project.
                row["organization"] = self.rows["projects"][row["project"]]["organization"]

    def _is_there(self, kind: str, number: int) -> bool:
        kinds = (*UNIFIED, "workflow_approval_templates") if kind == "unified_job_templates" else (kind,)
        return any(number in self.rows[one] for one in kinds)

    def link(self, kind: str, number: int, related: str, body: Row) -> None:
        linked = self.linked(kind, number, related)
        if set(body) - {"id", "disassociate"} or not self._is_there(RELATED[kind][related], body["id"]):
            raise Invalid({"id": [f"{body} names nothing to associate"]})
        if body.get("disassociate"):
            linked.remove(body["id"])
            return
        if related == "credentials" and linked:
            raise Invalid({"error": "Cannot assign multiple credentials of a type."})
        if kind == "workflow_job_template_nodes" and number in self._after(body["id"]):
            raise Invalid({"Error": "Cycle detected."})
        linked.append(body["id"])

    def _after(self, node: int) -> set[int]:
        """Return a node of a workflow and all that come after it."""
        kind = "workflow_job_template_nodes"
        children = [child for way in RELATED[kind] for child in self.linked(kind, node, way)]
        return {node}.union(*(self._after(child) for child in children))

    def shown_as(self, kind: str, number: int) -> Row:
        """Return an object as AWX shows it: with its addresses, and without its secrets."""
        row = deepcopy(self.rows[kind][number])
        url = f"{ROOT}{kind}/{number}/"
        row |= {
            "type": {"inventories": "inventory"}.get(kind, kind.removesuffix("s")),
            "url": url,
            "related": {},
            "summary_fields": {},
        }
        match kind:
            case "credentials":
                _hide(row["inputs"], rules.secrets_of(self.rows["credential_types"][row["credential_type"]]))
            case "notification_templates":
                _hide(
                    row["notification_configuration"],
                    {"password", "token"} & set(NOTIFICATIONS[row["notification_type"]]),
                )
            case "credential_types":
                row["managed"] = False
            case "projects":
                row["scm_revision"] = "0" * 40
            case "job_templates" | "workflow_job_templates":
                row["related"]["survey_spec"] = f"{url}survey_spec/"
            case "workflow_job_template_nodes" if (
                row["unified_job_template"] in self.rows["workflow_approval_templates"]
            ):
                row["related"]["unified_job_template"] = (
                    f"{ROOT}workflow_approval_templates/{row['unified_job_template']}/"
                )
        return row


def _hide(values: Row, secret: set[str]) -> None:
    values |= {name: rules.HIDDEN for name in secret if values.get(name)}


def listed(rows: list[Row]) -> Row:
    """Return a page with all of them."""
    return {"count": len(rows), "next": None, "previous": None, "results": rows}
