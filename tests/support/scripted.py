# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real HTTP server on the loopback interface that answers by a script and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Union
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What the server was asked; the names of ``headers`` are in lower case, ``peer`` tells connections apart."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int]

    @property
    def path(self) -> str:
        """Return the path without the query."""
        return urlsplit(self.target).path

    @property
    def is_login(self) -> bool:
        """Tell whether this is a login."""
        return self.path.endswith("/auth/login")


@dataclass(frozen=True)
class Reply:
    """An answer. ``raw`` is sent as it is instead of an answer; then, and with ``cut``, the connection is closed."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None
    cut: bool = False

    @property
    def content(self) -> bytes:
        """Return the body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


# Not evaluated by annotations alone, so in the spelling of Python 3.9.
Answer = Union[Reply, Callable[[Request, BaseHTTPRequestHandler], "Reply | None"]]  # noqa: UP007


def logged_in(token: str) -> Reply:
    """Make the answer to a login that went well."""
    return Reply(200, {"ok": True}, (("Set-Cookie", f"LtpaToken2={token}; Path=/; HttpOnly"),))


@dataclass
class Scripted:
    """The server's script and memory: ``answers`` in order to everything but a login, ``logins`` to those.

    A list of answers that is used up repeats its last one.
    """

    answers: deque[Answer] = field(default_factory=deque)
    logins: deque[Answer] = field(default_factory=lambda: deque([logged_in("token-of-the-login")]))
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    def says(self, *answers: Answer) -> None:
        """Set the answers to everything but a login."""
        self.answers = deque(answers)

    def says_to_logins(self, *answers: Answer) -> None:
        """Set the answers to logins."""
        self.logins = deque(answers)

    def next_for(self, request: Request) -> Answer:
        """Remember a request and return what is to be answered."""
        with self.lock:
            self.requests.append(request)
            waiting = self.logins if request.is_login else self.answers
            return waiting.popleft() if len(waiting) > 1 else waiting[0]

    def seen(self) -> list[str]:
        """Return the methods of all requests in their order; a login is ``login``."""
        return ["login" if request.is_login else request.method for request in self.requests]

    @property
    def calls(self) -> list[Request]:
        """Return all requests but the logins."""
        return [request for request in self.requests if not request.is_login]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Scripted

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body, self.client_address)
        answer = self.script.next_for(request)
        reply = answer(request, self) if callable(answer) else answer
        if reply is None:
            self.close_connection = True
            return
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        content = reply.content
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content) + reply.cut * 10))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or reply.cut

    do_GET = do_POST = do_PATCH = do_DELETE = do_CONNECT = _handle  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def scripted(context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve by a script until the block ends, with TLS where a context is given."""
    script = Scripted()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    server.daemon_threads, server.block_on_close = True, False
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]
    if context is not None:
        # The handshake belongs into the connection's own thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    script.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
