# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in itself: its answers to what the modules of ``awx.awx`` ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.awx import rules
from support.awx.fields import RELATED, Invalid, Row
from support.awx.store import ROOT, NotFound, Store, listed
from support.scripted import Reply, Request, scripted

PRODUCT = (("X-API-Product-Name", "AWX"), ("X-API-Product-Version", "24.6.1"))


@dataclass(frozen=True)
class Call:
    """One request: its path below the API's root, its body, and how it was answered."""

    method: str
    path: str
    body: Row
    status: int


@dataclass
class Awx(Store):
    """AWX, for who has the token."""

    token: str = ""
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
        except (KeyError, NotFound):
            return 404, {"detail": "Not found."}

    def _route(self, method: str, path: list[str], body: Row, query: dict[str, str]) -> tuple[int, Any]:
        match method, path:
            case "GET", ["project_updates", _]:
                return 200, {"status": "successful", "finished": True, "failed": False}
            case "GET", [kind]:
                return 200, self.page(kind, query)
            case "POST", [kind]:
                return 201, self.create(kind, body)
            case "GET", [kind, number]:
                return 200, self.shown_as(kind, int(number))
            case "PATCH", [kind, number]:
                return 200, self.change(kind, int(number), body)
            case _, [kind, number, below]:
                return self._below(method, kind, int(number), below, body)
        raise NotFound

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
                made = self.create("workflow_approval_templates", body)
                self.rows[kind][number]["unified_job_template"] = made["id"]
                return 201, made
            case "GET", _:
                return 200, listed(
                    [self.shown_as(RELATED[kind][below], one) for one in self.linked(kind, number, below)]
                )
            case "POST", _:
                self.link(kind, number, below, body)
                return 204, None
        raise NotFound


@contextmanager
def served(token: str, playbooks: tuple[str, ...]) -> Iterator[Awx]:
    """Serve a new AWX, which has nothing but the organization ``Default``, until the block ends."""
    awx = Awx(playbooks, token=token)
    awx.add("organizations", name="Default")
    with scripted() as script:
        script.says(awx.answer)
        awx.url = f"http://127.0.0.1:{script.port}"
        yield awx
