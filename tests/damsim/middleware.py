# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens around every request: the clock in ``Date``, the request log, and faults."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from damsim.faults import Fault
from damsim.names import CONTROL_BASE
from damsim.peer import AGENT
from damsim.state import State


class Surroundings:
    """ASGI middleware of one environment.

    Args:
        app: the application.
        state: of the environment.
    """

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_BASE):
            await self._app(scope, receive, send)
            return
        state = self._state
        headers = dict(scope["headers"])
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        path = scope["path"]
        at = state.clock.iso()
        era = state.requests.era
        status = 0

        async def dated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"date", state.clock.http_date().encode())]
            await send(message)

        fault = state.faults.strike(
            scope["method"], f"{path}?{query}" if query else path, "peer" if agent.startswith(AGENT) else "client"
        )
        try:
            if fault is None:
                await self._app(scope, receive, dated)
            else:
                await self._strike(fault, scope, receive, dated, send)
        finally:
            state.requests.add(era, scope["method"], path, query, status, at, agent)

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, dated: Send, send: Send) -> None:
        if fault.when == "before":
            await asyncio.sleep(fault.delay)
        answer: list[Message] = []
        if fault.when == "after" or fault.kind in ("delay", "truncate", "double"):
            await self._app(scope, receive, _keep(answer))
        if fault.when == "after":
            await asyncio.sleep(fault.delay)
        if fault.kind == "drop":
            _abort(send)
        elif fault.kind == "delay":
            for message in answer:
                await dated(message)
        elif fault.kind == "truncate":
            await _truncate(answer, fault, dated)
        elif fault.kind == "double":
            await _double(answer, dated)
        else:
            await _answer(fault, dated)


def _keep(answer: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        answer.append(message)

    return keep


async def _answer(fault: Fault, send: Send) -> None:
    status = fault.status or {"redirect": 302, "body": 200}.get(fault.kind, 500)
    body = fault.body.encode()
    headers = {"content-type": "text/html", **{name.lower(): value for name, value in fault.headers.items()}}
    headers.setdefault("content-length", str(len(body)))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _truncate(answer: list[Message], fault: Fault, send: Send) -> None:
    """Promise the whole answer, send the first half; returning then makes the server cut the connection."""
    start, *rest = answer
    body = fault.body.encode() or b"".join(message.get("body", b"") for message in rest)
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    headers.append((b"content-length", str(max(len(body), 1)).encode()))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _double(answer: list[Message], send: Send) -> None:
    """Send the real answer with the first of its rows once more at their end."""
    start, *rest = answer
    rows = json.loads(b"".join(message.get("body", b"") for message in rest))
    body = json.dumps(rows + rows[:1] if isinstance(rows, list) else rows).encode()
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


def _abort(send: Send) -> None:
    """Cut the connection without an answer, which ASGI has no message for."""
    cycle: Any = getattr(send, "__self__", None)
    if cycle is not None:
        cycle.transport.abort()
