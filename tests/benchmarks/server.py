# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A publisher that serves ready-made pages, so that whoever reads them never waits for it.

``python -m benchmarks.server ROWS_FILE READY_FILE``. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.rows import SUBSCRIBER, Pages

REGISTRATION = {
    "id": SUBSCRIBER,
    "targetHost": "subscriber.example.com",
    "status": True,
    "resyncStatus": "FIND_MISMATCH_COMPLETED",
    "lastResyncTime": "2026-11-02T07:00:12.000Z",
}
_COOKIE = b"Set-Cookie: LtpaToken2=benchmark; Path=/; HttpOnly\r\n"
# No Date in the answers: it is nobody's business how old the comparison is.
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"


class State:
    """What is served: pages of the first ``rows`` rows, each ``delay`` seconds late; and how much was asked for."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.rows = pages.count
        self.delay = 0.0
        self.requests = 0


class Connection(asyncio.Protocol):
    """One client; asyncio switches Nagle's algorithm off by itself."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there whole."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _blank, rest = self._buffer.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0
            )
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, target: str) -> None:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        state = self._state
        if url.path.startswith("/_bench"):
            self._send(json.dumps(state.requests).encode())
            if url.path == "/_bench/start":
                state.rows, state.delay, state.requests = int(query["rows"]), float(query["delay"]), 0
            return
        state.requests += 1
        if url.path.endswith("/mismatches"):
            offset = int(query.get("offset", 0))
            limit = min(int(query.get("limit", 1000)), 10_000, max(0, state.rows - offset))
            body = state.pages.page(offset, limit)
            if state.delay:
                asyncio.get_running_loop().call_later(state.delay, self._send, body)
            else:
                self._send(body)
        elif url.path.endswith("/auth/login"):
            self._send(b"{}", _COOKIE)
        else:
            one = url.path.endswith(SUBSCRIBER)
            self._send(json.dumps(REGISTRATION if one else [REGISTRATION]).encode())

    def _send(self, body: bytes, more: bytes = b"") -> None:
        if not self._transport.is_closing():
            self._transport.write(_HEAD % (more, len(body)) + body)


async def serve(rows: Path, ready: Path) -> None:
    """Serve until standard input ends."""
    state = State(Pages(rows))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0)
    spare = ready.with_suffix(".new")
    spare.write_text(str(server.sockets[0].getsockname()[1]), encoding="utf-8")
    spare.replace(ready)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()
    # Clients that keep their connections are not waited for.
    os._exit(0)


class PageServer:
    """A running server of pages."""

    def __init__(self, port: int) -> None:
        self.port = port

    def start(self, rows: int, delay: float) -> None:
        """From now on serve so many rows, each page so many seconds late, and count anew."""
        self._ask(f"start?rows={rows}&delay={delay}")

    def requests(self) -> int:
        """Return how many requests came since the start."""
        return int(self._ask("count"))

    def _ask(self, what: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/_bench/{what}", timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def page_server(rows: Path, folder: Path, env: dict[str, str]) -> Iterator[PageServer]:
    """Run a server of pages in a process of its own until the block ends."""
    ready = folder / "pages.port"
    with Popen([sys.executable, "-m", "benchmarks.server", str(rows), str(ready)], stdin=PIPE, env=env) as process:
        try:
            while not ready.exists():
                if process.poll() is not None:
                    raise RuntimeError("the server of pages did not start")
            yield PageServer(int(ready.read_text(encoding="utf-8")))
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
