# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one environment talks to another: over HTTP, with a login of its own."""

from __future__ import annotations

import asyncio
import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from damsim.auth import ADMINISTRATOR
from damsim.names import DAM_BASE, RING_BASE

AGENT = "damsim-peer"
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# uvicorn closes connections that have lain idle for 5 s: none may be used again just then.
_LIMITS = httpx.Limits(max_connections=20, keepalive_expiry=1.0)
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])  # each peer keeps its own token


class PeerError(Exception):
    """The other environment cannot be reached, or answered with an error."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Peer:
    """Another environment, addressed as an administrator.

    Args:
        client: HTTP client to use.
        base: scheme, host and port.
        name: of the environment that asks.
    """

    def __init__(self, client: httpx.AsyncClient, base: str, name: str) -> None:
        self._client = client
        self._base = base
        self._headers = {"User-Agent": f"{AGENT}/{name}"}
        self._cookie = ""
        self._login_lock = asyncio.Lock()

    async def get(self, path: str, **query: str | int) -> Any:
        """JSON of a GET below the DAM API; ``None`` for a 404.

        Raises:
            PeerError: no answer, or an error.
        """
        response = await self._call("GET", DAM_BASE + path, params=query)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return self._json(response)

    async def post(self, path: str, content: bytes) -> Any:
        """JSON of a POST of JSON below the DAM API.

        Raises:
            PeerError: no answer, or an error.
        """
        headers = {"Content-Type": "application/json"}
        return self._json(await self._call("POST", DAM_BASE + path, content=content, headers=headers))

    async def control(self, path: str) -> Any:
        """JSON of a GET of the other stand-in's control surface."""
        return self._json(await self._send("GET", path))

    async def _call(self, method: str, path: str, headers: dict[str, str] | None = None, **what: Any) -> httpx.Response:
        for attempt in range(2):
            if not self._cookie:
                await self._login()
            cookie = self._cookie
            response = await self._send(method, path, headers={**(headers or {}), "Cookie": cookie}, **what)
            if response.status_code != httpx.codes.UNAUTHORIZED or attempt:
                break
            if self._cookie == cookie:
                self._cookie = ""
        return response

    async def _login(self) -> None:
        async with self._login_lock:
            if self._cookie:
                return
            body = {"username": ADMINISTRATOR.name, "password": ADMINISTRATOR.password}
            response = self._good(await self._send("POST", f"{RING_BASE}/auth/login", json=body))
            self._cookie = response.headers["set-cookie"].split(";", 1)[0]

    async def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **what: Any) -> httpx.Response:
        try:
            return await self._client.request(
                method, self._base + path, headers={**self._headers, **(headers or {})}, **what
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise PeerError(f"{method} {self._base}{path}: {type(error).__name__}: {error}") from error

    def _json(self, response: httpx.Response) -> Any:
        try:
            return self._good(response).json()
        except ValueError as error:
            raise PeerError(f"{response.request.method} {response.request.url} answered no JSON") from error

    @staticmethod
    def _good(response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        url = response.request.url
        raise PeerError(f"{response.request.method} {url} answered {response.status_code}", response.status_code)


class Peers:
    """All other environments that one environment talks to.

    Args:
        name: of the environment that asks.
        scheme: ``http`` or ``https``, for target hosts that name none.
        port: for target hosts that name none; ``None`` is the scheme's own.
        verify: TLS context that trusts the other environments.
    """

    def __init__(self, name: str, scheme: str, port: int | None, verify: ssl.SSLContext | None = None) -> None:
        self._name = name
        self._scheme = scheme
        self._port = port
        self._verify = verify
        self._client: httpx.AsyncClient | None = None
        self._peers: dict[str, Peer] = {}

    def at(self, target_host: str) -> Peer:
        """The environment behind a registration's ``targetHost``."""
        base = self.base(target_host)
        if base not in self._peers:
            self._peers[base] = Peer(self._http(), base, self._name)
        return self._peers[base]

    def base(self, target_host: str) -> str:
        """Scheme, host and port of a target host, which may have a scheme, a port or a trailing slash in it."""
        host = target_host.strip().rstrip("/")
        if "://" in host:
            return host
        if ":" not in host and self._port:
            host = f"{host}:{self._port}"
        return f"{self._scheme}://{host}"

    def forget(self) -> None:
        """Log in anew everywhere."""
        self._peers.clear()

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            verify = self._verify if self._verify is not None else False
            self._client = httpx.AsyncClient(
                verify=verify, timeout=_TIMEOUT, trust_env=False, cookies=None, limits=_LIMITS
            )
            self._client.cookies.jar.set_policy(_NO_COOKIES)
        return self._client
