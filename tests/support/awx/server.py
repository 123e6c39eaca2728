# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in itself: objects in memory, and the answers to what the modules of ``awx.awx`` ask."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.awx import rules
from support.awx.fields import FIELDS, NOTIFICATIONS, RELATED, UNIFIED, Invalid, Row, check
from support.scripted import Reply, Request, scripted

ROOT = "/api/v2/"
PRODUCT = (("X-API-Product-Name", "AWX"), ("X-API-Product-Version", "24.6.1"))


@dataclass(frozen=True)
class Call:
    """One request: its path below the API's root, its body, and how it was answered."""

    method: str
    path: str
    body: Row
    status: int


class _NotFound(Exception):  # noqa: N818 - an answer
    """What is asked for is not there."""


@dataclass
class Awx:
    """AWX as far as it is set up. ``playbooks`` are the files that the repository of every project has."""

    token: str
    playbooks: tuple[str, ...] = ()
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    rows: dict[str, dict[int, Row]] = field(default_factory=lambda: {kind: {} for kind in FIELDS})
    links: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)
    surveys: dict[int, Row] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, /, **fields: Any) -> int:
        """Make an object as AWX's own setup or somebody else would; return its id."""
        return int(self._create(kind, fields)["id"])

    def find(self, kind: str, /, **wanted: Any) -> Row:
        """Return the only object of a kind with these fields, secrets included. Raise ``ValueError`` else."""
        (row,) = [row for row in self.rows[kind].values() if all(row[name] == value for name, value in wanted.items())]
        return row

    def writes(self) -> list[Call]:
        """Return the requests that could have changed something."""
        return [call for call in self.calls if call.method != "GET"]

    def refused(self) -> list[Call]:
        """Return the requests that were answered with an error."""
        return [call for call in self.calls if call.status >= 400]

    def shown(self) -> str:
        """Return everything that AWX shows of its objects, as text."""
        rows = {kind: [self._shown(kind, number) for number in rows] for kind, rows in self.rows.items()}
        return json.dumps([rows, self.surveys])

    def answer(self, request: Request, _handler: object) -> Reply:
        """Answer a request, and remember it."""
        path = request.path.removeprefix(ROOT).strip("/")
        body = json.loads(request.body) if request.body else {}
        with self._lock:
            status, answer = self._status(request, path, body)
            self.calls.append(Call(request.method, path, body, status))
        return Reply(status, answer, PRODUCT)

    def _status(self, request: Request, path: str, body: Row) -> tuple[int, Any]:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"detail": "Authentication credentials were not provided."}
        try:
            return self._route(request.method, path.split("/"), body, dict(parse_qsl(urlsplit(request.target).query)))
        except Invalid as problem:
            return 400, problem.problems
        except (KeyError, _NotFound):
            return 404, {"detail": "Not found."}

    def _route(self, method: str, path: list[str], body: Row, query: dict[str, str]) -> tuple[int, Any]:
        match method, path:
            case "GET", ["project_updates", _]:
                return 200, {"status": "successful", "finished": True, "failed": False}
            case "GET", [kind]:
                return 200, self._page(kind, query)
            case "POST", [kind]:
                return 201, self._create(kind, body)
            case "GET", [kind, number]:
                return 200, self._shown(kind, int(number))
            case "PATCH", [kind, number]:
                return 200, self._change(kind, int(number), body)
            case _, [kind, number, below]:
                return self._below(method, kind, int(number), below, body)
        raise _NotFound

    def _below(self, method: str, kind: str, number: int, below: str, body: Row) -> tuple[int, Any]:
        """Answer what is asked of something that belongs to an object."""
        match method, below:
            case "GET", "survey_spec":
                return 200, self.surveys.get(number, {})
            case "POST", "survey_spec":
                rules.survey(body)
                self.surveys[number] = body
                return 200, {}
            case "POST", "create_approval_template":
                made = self._create("workflow_approval_templates", body)
                self.rows[kind][number]["unified_job_template"] = made["id"]
                return 201, made
            case "GET", _:
                return 200, _list([self._shown(RELATED[kind][below], one) for one in self.linked(kind, number, below)])
            case "POST", _:
                self._link(kind, number, below, body)
                return 204, None
        raise _NotFound

    def linked(self, kind: str, number: int, related: str) -> list[int]:
        """Return the ids of the objects in a list of another one."""
        if related not in RELATED[kind] or number not in self.rows[kind]:
            raise _NotFound
        return self.links.setdefault((kind, number, related), [])

    def _page(self, kind: str, query: dict[str, str]) -> Row:
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        known = set.intersection(*({"id", "organization", *FIELDS[one]} for one in kinds))
        unknown = [name for name in query if name.removeprefix("or__") not in known]
        if unknown:
            raise Invalid({"detail": f"{kind} has no field named {unknown}"})
        rows = [self._shown(one, number) for one in kinds for number in self.rows[one]]
        every = [(name, value) for name, value in query.items() if not name.startswith("or__")]
        some = [(name.removeprefix("or__"), value) for name, value in query.items() if name.startswith("or__")]
        return _list(
            [
                row
                for row in rows
                if all(str(row[name]) == value for name, value in every)
                and (not some or any(str(row[name]) == value for name, value in some))
            ]
        )

    def _create(self, kind: str, body: Row) -> Row:
        row = deepcopy(check(kind, body))
        self._judge(kind, row)
        number = next(self._ids)
        self.rows[kind][number] = row | {"id": number}
        made = self._shown(kind, number)
        if kind == "projects":  # its repository is read at once
            made["summary_fields"] = {"current_update": {"id": next(self._ids)}}
        return made

    def _change(self, kind: str, number: int, body: Row) -> Row:
        old = self.rows[kind][number]
        sent = deepcopy(check(kind, body, partly=True))
        for name in ("inputs", "notification_configuration"):
            for key, value in sent.get(name, {}).items():
                if value == rules.HIDDEN:
                    sent[name][key] = old[name][key]
        row = old | sent
        self._judge(kind, row)
        self.rows[kind][number] = row
        return self._shown(kind, number)

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

    def _link(self, kind: str, number: int, related: str, body: Row) -> None:
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
        next_ones = [one for related in RELATED["workflow_job_template_nodes"]
                     for one in self.linked("workflow_job_template_nodes", node, related)]  # fmt: skip
        return {node}.union(*(self._after(one) for one in next_ones))

    def _shown(self, kind: str, number: int) -> Row:
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


def _list(rows: list[Row]) -> Row:
    return {"count": len(rows), "next": None, "previous": None, "results": rows}


@contextmanager
def served(token: str, playbooks: tuple[str, ...]) -> Iterator[Awx]:
    """Serve a new AWX, which has nothing but the organization ``Default``, until the block ends."""
    awx = Awx(token, playbooks)
    awx.add("organizations", name="Default")
    with scripted() as script:
        script.says(awx.answer)
        awx.url = f"http://127.0.0.1:{script.port}"
        yield awx
