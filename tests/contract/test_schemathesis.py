# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that nobody here thought of, made up from the vendor's document and sent to the stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.contract import DAM_BASE, FOLDER, RELEASES, RING_BASE
from support.standin import StandIn, options_for, started

PARTS = ("/staging/", "/operations", "/api-version", "/eventlogs")
OPERATIONS = 15


def prepared(name: str) -> dict[str, Any]:
    """The document's staging and operations calls, with what keeps a generator from getting anywhere put right.

    Its ``Cookie`` header parameters would make most requests end in 401; a few parameters are described as strings that
    are numbers; a refusal has to have the error that the vendor describes; what an example says is not what is there.
    """
    tree: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    tree["paths"] = {path: calls for path, calls in tree["paths"].items() if path.startswith(PARTS)}
    tree["paths"]["/operations/{operation_id}"].pop("post", None)  # not one that the collection uses
    for path, calls in tree["paths"].items():
        for method, call in calls.items():
            call["parameters"] = [each for each in call.get("parameters", []) if each["in"] != "header"]
            for each in call["parameters"]:
                each["schema"].pop("example", None)
                if each["name"] in ("offset", "limit"):
                    digits = {"type": "string", "pattern": "^[0-9]{1,6}$"}
                    each["schema"] = digits if "mismatches" in path else {"type": "integer", "minimum": 0}
            if method == "post":
                call["requestBody"]["required"] = True
    for schema in errors_of(tree):
        schema["required"] = sorted({*schema.get("required", []), "error"})
    return tree


def errors_of(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of the bodies of refusals."""
    found = {}
    for calls in tree["paths"].values():
        for call in calls.values():
            for status, answer in call["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if status[0] in "45" and content:
                    schema = content["schema"]
                    if "$ref" in schema:
                        schema = tree["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                    found[id(schema)] = schema
    return list(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("release", list(RELEASES))
def test_the_stand_in_answers_made_up_requests_as_documented(release: str, tmp_path: Path) -> None:
    tree = prepared(RELEASES[release])
    assert sum(len(calls) for calls in tree["paths"].values()) == OPERATIONS
    (tmp_path / "schema.json").write_text(json.dumps(tree), encoding="utf-8")
    with started(sys.executable, tmp_path / "standin", *options_for("small", 1, 20)) as standin:
        standin.settings(token_ttl=1e6, release=release)
        settings = f'[auth.openapi.cookieAuth]\napi_key = "{token(standin)}"\n'
        (tmp_path / "schemathesis.toml").write_text(settings, encoding="utf-8")
        command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml", "run"]
        command += ["schema.json", "--url", standin.publisher.url + DAM_BASE, "--phases", "examples,coverage,fuzzing"]
        command += ["--max-examples", "25", "--seed", "1", "--no-color", "--generation-database", "none"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
        asked = {(each["method"], each["status"]) for each in standin.requests()}
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    # It got past the login and the first refusals.
    assert {("GET", 200), ("GET", 400), ("PATCH", 400), ("POST", 200), ("DELETE", 204)} <= asked


def token(standin: StandIn) -> str:
    """A token of the stand-in's administrator."""
    import requests

    account = {"username": standin.username, "password": standin.password}
    answer = requests.post(f"{standin.publisher.url}{RING_BASE}/auth/login", json=account, timeout=30)
    return str(answer.cookies["LtpaToken2"])
