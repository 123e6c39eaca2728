# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's OpenAPI documents as judges: openapi-core looks at what an adapter of ``requests`` sends.

The documents are data beside the checkout and no part of it; where they are missing, their tests are skipped.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.responses.exceptions import ResponseNotFound
from requests.adapters import HTTPAdapter
from werkzeug.datastructures import ImmutableMultiDict

from tooling.paths import ROOT

FOLDER = Path(os.environ.get("DAM_CONTRACT_DIR") or ROOT.parent / "shared" / "contract" / "vendor")
RELEASES = {"CF229": "dam-api-1.41.0-CF229.json", "CF217": "dam-api-1.29.0-CF217.json"}
RING = "ring-api-1.42.0-CF229.json"
DAM_BASE, RING_BASE = "/dx/api/dam/v1", "/dx/api/core/v1"

# Answers that come although the documents do not list them: by the vendor's documentation, or inferred.
UNDOCUMENTED = {
    ("GET", "/operations", 403),
    ("POST", "/staging/subscriber", 403),
    ("PATCH", "/staging/subscriber/{subscriber_id}", 403),
    ("PATCH", "/staging/subscriber/{subscriber_id}", 409),
}


class Document:
    """One of the documents, unpatched."""

    def __init__(self, name: str, base: str) -> None:
        self.base = base
        self.tree: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
        self._judge = OpenAPI.from_dict(self.tree)
        self._templates = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))), template)
            for template in sorted(self.tree["paths"], key=lambda template: (template.count("{"), template))
        ]

    def template(self, path: str) -> str:
        """Return the documented address of a path."""
        rest = path.removeprefix(self.base)
        return next((template for pattern, template in self._templates if pattern.fullmatch(rest)), "")

    def complaints(self, request: requests.PreparedRequest, answer: requests.Response) -> list[str]:
        """Return everything about a request and its answer that the document does not allow."""
        method, url = str(request.method), urlsplit(str(request.url))
        template = self.template(url.path)
        if not template or method.lower() not in self.tree["paths"][template]:
            return [f"{method} {url.path} is not documented"]
        found = []
        parameters = self.tree["paths"][template][method.lower()].get("parameters", [])
        known = {each["name"] for each in parameters if each["in"] == "query"}
        found += [f"query {name} is not documented" for name, _value in parse_qsl(url.query) if name not in known]
        asked, answered = RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer)
        # openapi-core reads the cookies of a session; the client gives its cookie as a header.
        cookies = SimpleCookie(request.headers.get("Cookie") or "")
        asked.parameters.cookie = ImmutableMultiDict({name: each.value for name, each in cookies.items()})
        refused = answer.status_code in (400, 401, 422)  # for a bad request is what the refusal is about
        try:
            if not refused:
                self._judge.validate_request(asked)
        except OpenAPIError as error:
            found.append(f"request: {error!r} {error.__cause__!r}")
        try:
            self._judge.validate_response(asked, answered)
        except ResponseNotFound:
            if (method, template, answer.status_code) not in UNDOCUMENTED:
                found.append(f"status {answer.status_code} is not documented")
        except OpenAPIError as error:
            found.append(f"answer {answer.status_code}: {error!r} {error.__cause__!r}")
        return [f"{method} {url.path}?{url.query}: {text}" for text in found]


@functools.cache
def document(name: str, base: str) -> Document:
    """Return a document; reading one takes a second or two."""
    return Document(name, base)


@dataclass
class Judge:
    """Looks at every request and answer that passes an adapter, by the documents of a release."""

    release: str
    complaints: list[str] = field(default_factory=list)
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    def look(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        """Judge one exchange."""
        path = urlsplit(str(request.url)).path
        if path.startswith(DAM_BASE):
            by = document(RELEASES[self.release], DAM_BASE)
        elif path.startswith(RING_BASE):
            by = document(RING, RING_BASE)
        else:
            self.complaints.append(f"{path} belongs to neither API")
            return
        self.complaints += by.complaints(request, answer)
        self.seen.add((str(request.method), by.template(path), answer.status_code))

    def watching(self, send: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        """Return an adapter's ``send`` that shows this judge every exchange."""

        def watched(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *words: Any, **options: Any
        ) -> requests.Response:
            answer = send(adapter, request, *words, **options)
            assert answer.content is not None  # read now, so that who asked finds it read
            self.look(request, answer)
            return answer

        return watched
