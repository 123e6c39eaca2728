# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running stand-ins, reset before each test, and clients that are logged in."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from damsim.names import DAM_BASE, RING_BASE
from support.standin import Place, StandIn, options_for, started
from tooling.paths import ROOT

SPEED = 200.0
FIND = "FIND_MISMATCH_START"
RESYNC = "RESYNC_TRIGGER_START"


class Api:
    """The API of one environment for one user, and its control surface."""

    def __init__(self, standin: StandIn, place: Place, username: str = "", password: str = "") -> None:
        verify: Any = False if standin.ca_path is None else _trusting(standin.ca_path)
        self.http = httpx.Client(base_url=place.url, trust_env=False, verify=verify, timeout=30)
        self.username = username or standin.username
        self.password = password or standin.password

    def login(self) -> httpx.Response:
        """Log in; the client keeps the cookie."""
        return self.http.post(f"{RING_BASE}/auth/login", json={"username": self.username, "password": self.password})

    def call(self, method: str, path: str, **what: Any) -> httpx.Response:
        """A call of the DAM API."""
        return self.http.request(method, DAM_BASE + path, **what)

    def get(self, path: str, **query: str | int) -> Any:
        """JSON of a GET of the DAM API that has to succeed."""
        response = self.call("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def patch(self, subscriber: str, **fields: Any) -> httpx.Response:
        """PATCH of a registration."""
        return self.call("PATCH", f"/staging/subscriber/{subscriber}", json=fields)

    def sim(self, method: str, path: str, body: Any = None) -> Any:
        """JSON of a call of the control surface that has to succeed."""
        response = self.http.request(method, f"/_sim{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def settings(self, **changes: Any) -> None:
        """Change settings."""
        self.sim("POST", "/settings", changes)

    def idle(self) -> None:
        """Wait until nothing is under way."""
        self.sim("GET", "/idle")


def _trusting(ca_path: str) -> Any:
    return ssl.create_default_context(cafile=ca_path)


class Pair:
    """A publisher with its subscribers, as administrators see them."""

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        self.publisher = Api(standin, standin.publisher)
        self.subscribers = [Api(standin, place) for place in standin.subscribers]
        for api in (self.publisher, *self.subscribers):
            assert api.login().status_code == 200

    @property
    def subscriber(self) -> Api:
        """The first subscriber."""
        return self.subscribers[0]

    @property
    def id(self) -> str:
        """Its registration's id."""
        return self.standin.subscribers[0].id

    def settings(self, **changes: Any) -> None:
        """Change settings of all environments."""
        for api in (self.publisher, *self.subscribers):
            api.settings(**changes)

    def registration(self, number: int = 0) -> dict[str, Any]:
        """A registration at the publisher."""
        found: dict[str, Any] = self.publisher.get(f"/staging/subscriber/{self.standin.subscribers[number].id}")
        return found

    def run(self, status: str, number: int = 0) -> str:
        """Start a job, wait for it and for the subscriber's queue; the status then."""
        response = self.publisher.patch(self.standin.subscribers[number].id, resyncStatus=status)
        assert response.status_code == 200, response.text
        self.publisher.idle()
        self.subscribers[number].idle()
        return str(self.registration(number)["resyncStatus"])

    def mismatches(self, number: int = 0) -> list[list[str]]:
        """Type, action and id of all rows of a subscriber's logs, sorted."""
        rows = self.publisher.get(
            "/staging/mismatches", subscriberId=self.standin.subscribers[number].id, limit=100_000
        )
        return sorted([row["recordType"], row["recordAction"], row["recordId"]] for row in rows)

    def expected(self, number: int = 0) -> list[list[str]]:
        """The same, as the independent comparison finds it."""
        rows: list[list[str]] = self.standin.expected(number)["rows"]
        return rows

    def in_sync(self, number: int = 0) -> bool:
        """Whether all data are equal."""
        return self.standin.digests_equal(number)


@contextmanager
def subscriber_alone(folder: Path) -> Iterator[dict[str, Any]]:
    """A process that holds a subscriber and no publisher, as its ready file describes it."""
    ready = folder / "alone.json"
    options = [*options_for("small", 1, SPEED), "--env", "subscriber", "--parent-pid", str(os.getpid())]
    command = [sys.executable, "-m", "damsim", "serve", "--ready-file", str(ready), *options]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")})
    try:
        while not ready.exists():
            assert process.poll() is None
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        described = json.loads(ready.read_text(encoding="utf-8"))
        assert described["publisher"] is None
        yield described["subscribers"][0]
    finally:
        process.terminate()
        process.wait(5)


@pytest.fixture(scope="session")
def one_subscriber(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A publisher with one subscriber, for the whole session."""
    with started(sys.executable, tmp_path_factory.mktemp("one"), *options_for("small", 1, SPEED)) as running:
        yield running


@pytest.fixture
def pair(one_subscriber: StandIn, request: pytest.FixtureRequest) -> Pair:
    """The same, back at its seed: ``small``, or what ``@pytest.mark.seed("...")`` says."""
    mark = request.node.get_closest_marker("seed")
    one_subscriber.reset(str(mark.args[0]) if mark else "small")
    return Pair(one_subscriber)
