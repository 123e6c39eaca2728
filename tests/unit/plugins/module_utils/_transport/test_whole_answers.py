# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that stop before they are whole, or never come to an end."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport import client as _client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import Client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from support.scripted import Reply, Request, Scripted, scripted

# The connection is closed behind each of them: otherwise the client could send into one that is just closing.
GOOD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
HEAD = GOOD.index(b"\r\n\r\n") + 4
GENEROUS = 10.0
TIMEOUT = 5.0


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve by a script."""
    with scripted() as script:
        yield script


def client(server: Scripted, protocol: str = "http", verify: bool | str = True) -> Client:
    """Make a client that neither repeats a request nor really sleeps."""
    at = Connection(
        "127.0.0.1", protocol, server.port, server.port, Ltpa(token="given"), verify=verify, timeout=TIMEOUT, retries=0
    )
    return Client(at, sleep=lambda _seconds: None)


@pytest.mark.parametrize("size", range(0, len(GOOD), 3))
def test_an_answer_that_is_cut_anywhere_is_none(server: Scripted, size: int) -> None:
    server.says(Reply(raw=GOOD[:size]))
    with pytest.raises(Unreachable, match="the connection broke before the answer was whole") as caught:
        client(server).get("/x")
    assert caught.value.sent
    assert not caught.value.final


@pytest.mark.parametrize(
    "head", ["200 OK\r\nDate: Sat, 21 No", "401 Unauthorized\r\n", "302 Found\r\nLocation: /dx/ap"]
)
def test_a_change_whose_answer_was_cut_in_its_head_was_not_confirmed(server: Scripted, head: str) -> None:
    server.says(Reply(raw=b"HTTP/1.1 " + head.encode()))
    with pytest.raises(Unreachable, match="the connection broke") as caught:
        client(server).write("DELETE", "/x")
    assert caught.value.sent
    assert server.seen() == ["DELETE"]


def test_of_an_answer_that_has_no_body_the_status_alone_is_used(server: Scripted) -> None:
    whole = "HTTP/1.1 204 No Content\r\nDate: Sat, 21 Nov 2026 07:48:00 GMT\r\n\r\n"
    for size in (len(whole), whole.index("6 07:48"), whole.index("Content")):
        server.says(Reply(raw=whole[:size].encode()))
        answer = client(server).write("DELETE", "/x")
        assert (answer.status, answer.body, answer.date) == (204, None, None)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (GOOD, []),
        (b"HTTP/1.1 200 OK\r\n\r\n[1, 2]", [1, 2]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
    ],
)
def test_a_whole_answer_is_taken(server: Scripted, answer: bytes, body: object) -> None:
    server.says(Reply(raw=answer))
    assert client(server).get("/x").body == body


def test_a_cut_head_is_noticed_by_way_of_a_proxy_too(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    elsewhere = Client(Connection("dx.example.com", "http", 80, 80, Ltpa(token="given"), timeout=TIMEOUT, retries=0))
    server.says(Reply(raw=GOOD), Reply(raw=GOOD[: HEAD - 10]), Reply(raw=GOOD))
    assert elsewhere.get("/x").body == []
    with pytest.raises(Unreachable, match="the connection broke"):
        elsewhere.get("/x")
    assert elsewhere.get("/x").body == []


ENDLESS = {
    "status": (b"HTTP/1.1 200 ", b"O"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Name: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Name: x\r\n"),
    "preliminary": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", b" "),
    "chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n[", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n"),
}


class Dripping:
    """Sends the begin of an answer, then a piece every hundredth of a second until nobody takes it any more."""

    def __init__(self, kind: str) -> None:
        self.begin, self.piece = ENDLESS[kind]
        self.hung_up = threading.Event()
        self.over = threading.Event()

    def __call__(self, _request: Request, handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            handler.wfile.write(self.begin)
            for _number in range(int(GENEROUS * 100)):
                handler.wfile.write(self.piece)
                if self.over.wait(0.01):
                    break
        self.hung_up.set()


def given_up(ask: Callable[[], object]) -> None:
    """Check that a request ends with an error that says after how long."""
    with pytest.raises(Unreachable, match=r": the answer was not whole after 0\.1 s\.$") as caught:
        ask()
    assert caught.value.sent
    assert not caught.value.final


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_that_drips_is_cut(server: Scripted, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(_client, "WHOLE_ANSWER", 0.02)
    dripping = Dripping(kind)
    server.says(dripping, Reply(200, []))
    one = client(server)
    try:
        given_up(lambda: one.get("/x"))
        assert dripping.hung_up.wait(GENEROUS), "the connection was not ended"
    finally:
        dripping.over.set()
    monkeypatch.undo()
    assert one.get("/x").body == []


@pytest.mark.parametrize("kind", ["header", "body"])
def test_an_answer_that_drips_over_tls_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    tls = pytest.importorskip("damsim.tls", reason="the stand-in needs Python 3.11", exc_type=ImportError)
    made = tls.make(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    dripping = Dripping(kind)
    with scripted(context) as server:
        one = client(server, "https", str(made.authority))
        server.says(Reply(200, []), dripping)
        assert one.get("/x").body == []
        monkeypatch.setattr(_client, "WHOLE_ANSWER", 0.02)
        try:
            given_up(lambda: one.get("/x"))
            assert dripping.hung_up.wait(GENEROUS)
        finally:
            dripping.over.set()


def test_a_proxy_that_drips_is_cut(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.port}")
    monkeypatch.setattr(_client, "WHOLE_ANSWER", 0.02)
    dripping = Dripping("headers")
    server.says(dripping)
    elsewhere = Connection("dx.example.com", "https", 443, 443, Ltpa(token="given"), timeout=TIMEOUT, retries=0)
    try:
        given_up(lambda: Client(elsewhere).get("/x"))
    finally:
        dripping.over.set()
    assert server.seen() == ["CONNECT"]
