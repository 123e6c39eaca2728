# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that stop in the middle of their head, or never come to an end of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport import client as _client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import Client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from support.scripted import Reply, Request, Scripted, scripted

# The connection is closed behind each of them: who was not told could send into one that is just closing.
GOOD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
HEAD = GOOD.index(b"\r\n\r\n") + 4
GENEROUS = 10.0


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve by a script."""
    with scripted() as script:
        yield script


def client(server: Scripted) -> Client:
    """Make a client that neither repeats a request nor really sleeps."""
    where = Connection("127.0.0.1", "http", server.port, server.port, token="given", timeout=5.0, retries=0)
    return Client(where, sleep=lambda _seconds: None)


@pytest.mark.parametrize("size", range(0, len(GOOD), 3))
def test_an_answer_that_is_cut_anywhere_is_none(server: Scripted, size: int) -> None:
    server.says(Reply(raw=GOOD[:size]))
    with pytest.raises(Unreachable, match="the connection broke before the answer was whole") as caught:
        client(server).get("/x")
    assert caught.value.sent
    assert not caught.value.final


def test_a_change_whose_answer_was_cut_in_its_head_was_not_confirmed(server: Scripted) -> None:
    server.says(Reply(raw=b"HTTP/1.1 204 No Content\r\nDate: Sat, 21 No"))
    with pytest.raises(Unreachable) as caught:
        client(server).write("DELETE", "/x")
    assert caught.value.sent


def test_a_whole_answer_is_taken(server: Scripted) -> None:
    server.says(Reply(raw=GOOD))
    assert client(server).get("/x").body == []


def test_an_answer_without_a_length_ends_with_its_connection(server: Scripted) -> None:
    server.says(Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n[1, 2]"))
    assert client(server).get("/x").body == [1, 2]


class Hours:
    """A clock on which an hour goes by between two looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        self.now += 3600
        return self.now


@pytest.mark.parametrize(
    "forever", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-Name: ", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n"]
)
def test_a_head_that_trickles_is_given_up(server: Scripted, monkeypatch: pytest.MonkeyPatch, forever: bytes) -> None:
    over = threading.Event()

    def trickle(_request: Request, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(forever)
        over.wait(GENEROUS)

    server.says(trickle)
    monkeypatch.setattr(_client, "time", Hours())
    try:
        with pytest.raises(Unreachable, match="the answer was not whole after 50 s"):
            client(server).get("/x")
    finally:
        over.set()


def test_a_cut_head_is_noticed_by_way_of_a_proxy_too(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    elsewhere = Client(Connection("dx.example.com", "http", 80, 80, token="given", timeout=5.0, retries=0))
    server.says(Reply(raw=GOOD), Reply(raw=GOOD[: HEAD - 10]), Reply(raw=GOOD))
    assert elsewhere.get("/x").body == []
    with pytest.raises(Unreachable, match="the connection broke"):
        elsewhere.get("/x")
    assert elsewhere.get("/x").body == []
