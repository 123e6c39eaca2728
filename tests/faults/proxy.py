# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP proxy that breaks connections on demand: refused, hanging, dripping, cut short, reset, once or always."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

_REQUEST = re.compile(rb"(?:GET|POST|PATCH|PUT|DELETE) [^\r\n]* HTTP/1\.[01]\r\n")
_TOKEN = re.compile(rb"LtpaToken2=([^;\r\n]+)")
_RESET = struct.pack("ii", 1, 0)

Kind = Literal["refuse", "hang", "drip", "trickle", "cut", "reset"]


@dataclass
class Break:
    """What happens to the connection on which a request comes whose first line ``request`` (a pattern) fits.

    ``refuse``: reset, and for ``seconds`` no connection is taken; ``hang``: nothing more comes; ``drip``: the answer
    comes slowly; ``trickle``: so slowly that it never ends; ``cut``: it ends after ``size`` bytes; ``reset``: reset.
    ``delivered`` says whether the request reaches the server; what is done to its answer needs that. ``also`` is
    called then, in a thread of its own.
    """

    kind: Kind
    request: str = ""
    skip: int = 0
    times: int = 1
    delivered: bool = True
    size: int = 0
    seconds: float = 0.05
    also: Callable[[], Any] | None = None


class Proxy:
    """Stands before one server, on a port of its own; see ``proxied``."""

    def __init__(self, host: str, port: int, limit_idle: float | None = None) -> None:
        self._target = host, port
        self._idle = limit_idle
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.breaks: list[Break] = []
        self.struck = 0
        self.opened = 0
        self.open = 0
        self.most_open = 0
        self.tokens: set[str] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        """Stop listening, and end what is open."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add(self, *breaks: Break) -> None:
        """Let connections break, each as often as it says."""
        self.breaks.extend(breaks)

    def clear(self) -> None:
        """Break no more."""
        self.breaks.clear()

    def forget(self) -> None:
        """Break no more, and forget what was."""
        self.clear()
        self.tokens.clear()
        self.struck = 0

    def reset_all(self) -> None:
        """Reset every connection there is, as a proxy does that restarts."""
        self._do(self._reset_all())

    def go_away(self, seconds: float) -> None:
        """Reset every connection and take none for a while, as a server does that is killed and started again."""
        self._do(self.refuse_for(seconds))
        self.reset_all()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _reset_all(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._reset_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def match(self, data: bytes) -> Break | None:
        """Return the break that a chunk of a client's bytes strikes, if it begins a request; count it."""
        self.tokens.update(token.decode("latin-1") for token in _TOKEN.findall(data))
        begin = _REQUEST.match(data)
        if begin is None:
            return None
        line = begin.group().decode("latin-1")
        for each in self.breaks:
            if not re.search(each.request, line):
                continue
            if each.skip:
                each.skip -= 1
                continue
            each.times -= 1
            if each.times <= 0:
                self.breaks.remove(each)
            self.struck += 1
            return each
        return None

    async def refuse_for(self, seconds: float) -> None:
        """Take no connections for a while."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._loop.call_later(seconds, lambda: self._keep(self._listen()))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.opened += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            there = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
        else:
            await _Link(self, (reader, writer), there, self._idle).run()
        finally:
            self.open -= 1
            self._tasks.discard(task)


class _Link:
    """One client's connection and the one behind it to the server."""

    def __init__(
        self,
        proxy: Proxy,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        limit_idle: float | None,
    ) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._limit = limit_idle
        self._break: Break | None = None
        self._sent = 0

    async def run(self) -> None:
        pumps = [asyncio.ensure_future(pump) for pump in (self._upward(), self._downward())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            _reset(self._to_client)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in (self._to_server, self._to_client):
                writer.close()

    async def _upward(self) -> None:
        while data := await asyncio.wait_for(self._from_client.read(65536), self._limit):
            struck = self._proxy.match(data)
            if struck is not None:
                self._break, self._sent = struck, 0
                if not struck.delivered:
                    await self._undelivered(struck)
                    return
            self._to_server.write(data)
            await self._to_server.drain()

    async def _undelivered(self, struck: Break) -> None:
        if struck.also is not None:
            await asyncio.to_thread(struck.also)
        if struck.kind == "hang":
            while await self._from_client.read(65536):
                pass
        elif struck.kind == "refuse":
            await self._proxy.refuse_for(struck.seconds)
        if struck.kind != "cut":
            _reset(self._to_client)

    async def _downward(self) -> None:
        while data := await self._from_server.read(65536):
            self._proxy.match(data)  # for the tokens in it
            if self._break is None:
                self._to_client.write(data)
                await self._to_client.drain()
            elif await self._broken(self._break, data):
                return

    async def _broken(self, struck: Break, data: bytes) -> bool:
        """Do to a piece of an answer what is to be done; whether that was the connection's end."""
        if struck.also is not None:
            await asyncio.to_thread(struck.also)
        if struck.kind in ("reset", "refuse"):
            if struck.kind == "refuse":
                await self._proxy.refuse_for(struck.seconds)
            _reset(self._to_client)
            return True
        if struck.kind == "hang":
            return False
        if struck.kind == "cut":
            self._to_client.write(data[: struck.size - self._sent])
            await self._to_client.drain()
            self._sent += len(data)
            return self._sent >= struck.size
        size, pause = (200, 0.005) if struck.kind == "drip" else (1, 0.1)
        for start in range(0, len(data), size):
            self._to_client.write(data[start : start + size])
            await self._to_client.drain()
            await asyncio.sleep(pause)
        return False


def _reset(writer: asyncio.StreamWriter) -> None:
    handle: socket.socket | None = writer.get_extra_info("socket")
    if handle is not None:
        with contextlib.suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@contextmanager
def proxied(host: str, port: int, limit_idle: float | None = None) -> Iterator[Proxy]:
    """Stand before a server until the block ends; ``limit_idle`` ends connections that say nothing for so long."""
    proxy = Proxy(host, port, limit_idle)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
