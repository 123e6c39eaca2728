# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every answer of the stand-in against the vendor's OpenAPI documents, where they are at hand."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from damsim.names import DAM_BASE, RING_BASE

from .conftest import FIND, RESYNC, Api, Pair

FOLDER = Path(os.environ.get("DAM_CONTRACT_DIR") or Path(__file__).resolve().parents[4] / "shared/contract/vendor")
NEWEST, OLD, RING = "dam-api-1.41.0-CF229.json", "dam-api-1.29.0-CF217.json", "ring-api-1.42.0-CF229.json"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the vendor's OpenAPI documents are not in {FOLDER}")

UNDOCUMENTED = {
    # Only the vendor's documentation says who may call; its OpenAPI document lists no 403 for some calls.
    ("GET", "/operations", 403),
    ("POST", "/staging/subscriber", 403),
    ("PATCH", "/staging/subscriber/{subscriber_id}", 403),
    # A second trigger while one runs is inferred.
    ("PATCH", "/staging/subscriber/{subscriber_id}", 409),
}
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Document:
    """One OpenAPI document, and what is wrong with an answer by it."""

    def __init__(self, name: str, base: str) -> None:
        self.base = base
        self.tree: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """The documented address of a path, and its operation; fixed addresses win over those with parameters."""
        for template in sorted(self.tree["paths"], key=lambda template: template.count("{")):
            expression = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(expression, path.removeprefix(self.base)):
                return template, self.tree["paths"][template][method.lower()]
        raise AssertionError(f"{path} is not documented")

    def complaints(self, response: httpx.Response) -> list[str]:
        """Everything about an answer that the document does not allow."""
        request = response.request
        template, operation = self.operation(request.method, request.url.path)
        known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        found = [f"query {name} is not documented" for name in request.url.params if name not in known]
        described = operation["responses"].get(str(response.status_code))
        if described is None:
            if (request.method, template, response.status_code) not in UNDOCUMENTED:
                found.append(f"status {response.status_code} is not documented")
            described = operation["responses"]["401"]
        content = described.get("content")
        if content is None:
            return found
        return found + list(self.mismatches(content["application/json"]["schema"], response.json(), "body"))

    def mismatches(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        """Everything about a value that a schema does not allow."""
        if "$ref" in schema:
            schema = self.tree["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        kind = schema.get("type")
        if kind is not None and not TYPES[kind](value):
            return [f"{where} is no {kind}: {value!r}"]
        if schema.get("format") == "date-time" and not DATE_TIME.fullmatch(value):
            return [f"{where} is no date-time: {value!r}"]
        if kind == "array":
            each = schema.get("items", {})
            return [text for n, item in enumerate(value) for text in self.mismatches(each, item, f"{where}[{n}]")]
        if kind != "object":
            return []
        properties = schema.get("properties", {})
        found = [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                found += self.mismatches(properties[name], item, f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{where}.{name} is not documented")
        return found


@pytest.fixture(params=[("CF229", NEWEST), ("CF217", OLD)], ids=["CF229", "CF217"])
def checked(request: pytest.FixtureRequest, pair: Pair) -> Pair:
    """A pair of a release whose clients check every answer against the documents of that release."""
    release, name = request.param
    dam, ring = Document(name, DAM_BASE), Document(RING, RING_BASE)

    def check(response: httpx.Response) -> None:
        path = response.request.url.path
        document = dam if path.startswith(DAM_BASE) else ring if path.startswith(RING_BASE) else None
        if document is not None:
            response.read()
            assert document.complaints(response) == [], f"{response.request.method} {response.request.url}"

    # On a busy machine a staging cycle could come in between.
    pair.settings(release=release, cycles=False)
    for api in (pair.publisher, pair.subscriber):
        api.http.event_hooks["response"].append(check)
    return pair


def events(**changes: Any) -> list[dict[str, Any]]:
    event = {"eventData": {"recordId": "k"}, "host": "h", "type": "KEYWORD", "action": "DELETE"}
    return [{**event, "created": "2026-03-02T09:30:00.000Z", **changes}]


def test_the_whole_cycle_is_as_documented(checked: Pair) -> None:
    for status in (FIND, RESYNC):
        assert checked.publisher.patch(checked.id, resyncStatus=status).status_code == 200
        checked.publisher.get("/operations")
        checked.subscriber.get("/operations", status="TODO", offset=0, limit=5)
        checked.publisher.get("/staging/subscriber")
        checked.publisher.idle()
        checked.subscriber.idle()
    assert checked.publisher.get("/staging/mismatches", subscriberId=checked.id, offset="0", limit="10")
    assert checked.registration()["resyncStatus"] == "RESYNC_TRIGGER_COMPLETED"


def test_every_call_with_success_is_as_documented(checked: Pair) -> None:
    api = checked.subscriber
    api.settings(success_linger=1e6)
    ids = {entry["type"]: entry["id"] for entry in api.sim("GET", "/records")}
    for record_type, record_id in ids.items():
        if record_type in ("PERMISSION", "RESOURCE"):
            continue
        assert api.get(f"/staging/records/{record_type}", offset=0, limit=1)["id"]
        api.get(f"/staging/records/{record_type}", offset=0, limit=100)
        api.get(f"/staging/records/{record_type}/summary")
        api.get(f"/staging/records/{record_type}/{record_id}", details="true")
        assert api.call("GET", f"/staging/records/{record_type}/{record_id}").status_code == 204
        if record_type != "COLLECTION_MEDIA_RELATION":
            api.get("/staging/records", recordType=record_type, firstId="0", lastId="f")
    assert api.call("POST", "/eventlogs", json=events()).json() == {"isSuccess": True}
    assert api.get("/api-version")
    operation = api.get("/operations")[0]["id"]
    assert api.get(f"/operations/{operation}")["id"] == operation
    added = api.call("POST", "/staging/subscriber", json={"targetHost": "elsewhere.example.com", "status": False})
    assert added.status_code == 200
    assert api.patch(added.json()["id"], cycleLength=1440).json()["cycleLength"] == 1440
    assert api.call("DELETE", f"/staging/subscriber/{added.json()['id']}").status_code == 204
    assert api.call("DELETE", "/staging/mismatches", params={"subscriberId": "x"}).status_code == 204


def test_every_refusal_is_as_documented(checked: Pair) -> None:
    api, standin = checked.publisher, checked.standin
    author = Api(standin, standin.publisher, standin.author_username, standin.author_password)
    author.http.event_hooks = api.http.event_hooks
    author.login()
    stranger = Api(standin, standin.publisher, "nobody", "wrong")
    stranger.http.event_hooks = api.http.event_hooks
    assert stranger.login().status_code == 401
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/staging/subscriber", None),
        ("POST", "/staging/subscriber", {"targetHost": "a"}),
        ("PATCH", "/staging/subscriber/x", {"cycleLength": 3}),
        ("DELETE", "/staging/subscriber/x", None),
        ("GET", "/staging/mismatches", None),
        ("GET", "/operations", None),
        ("GET", "/staging/records/KEYWORD/nothing", None),
    ]
    for method, path, body in calls:
        assert author.call(method, path, json=body).status_code == 403
        assert stranger.call(method, path, json=body).status_code == 401
    assert {api.call(method, path, json=body).status_code for method, path, body in calls if "/x" in path} == {404}
    for query in ({"recordType": "NOTHING"}, {"recordAction": "NOTHING"}, {"offset": "-1"}, {"limit": "many"}):
        assert api.call("GET", "/staging/mismatches", params=query).status_code == 400
    for query in ({"offset": "-1"}, {"limit": "many"}, {"limit": "nan"}, {"offset": "1.5"}):
        assert api.call("GET", "/operations", params=query).status_code == 400
    host = checked.standin.subscribers[0].target_host
    assert api.call("POST", "/staging/subscriber", json={"targetHost": host}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'{"unknown": 1}',
        b'{"cycleLength": "5"}',
        b'{"cycleLength": null}',
        b'{"cycleLength": NaN}',
        b'{"status": 1}',
        b'{"resyncStatus": null}',
        b'{"lastSyncTime": "yesterday"}',
        b'{"targetHost": "\\ud800"}',
        b'{"id": "other"}',
    ],
)
def test_a_broken_change_gets_a_documented_400_and_changes_nothing(checked: Pair, body: bytes) -> None:
    before = checked.registration()
    headers = {"Content-Type": "application/json"}
    response = checked.publisher.call("PATCH", f"/staging/subscriber/{checked.id}", content=body, headers=headers)
    assert response.status_code == 400
    assert checked.registration() == before


def test_a_second_trigger_is_refused(checked: Pair) -> None:
    checked.publisher.settings(hold_comparison=True)
    assert checked.publisher.patch(checked.id, resyncStatus=FIND).status_code == 200
    assert checked.publisher.patch(checked.id, resyncStatus=RESYNC).status_code == 409


def test_an_address_that_is_not_there_gets_the_envelope_too(pair: Pair) -> None:
    for path in ("/nothing", "/staging/subscriber/", "/../x"):
        response = pair.publisher.call("GET", path)
        assert response.status_code == 404
        assert "statusCode" in response.json()["error"]
    response = pair.publisher.call("PUT", "/staging/subscriber")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert "statusCode" in response.json()["error"]
