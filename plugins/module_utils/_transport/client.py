# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Session, login and retries: the only folder that knows how bytes travel. Knows nothing of Ansible."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

from .._errors import DamError, ServerError, TooLarge, Unreachable
from .._text import clean
from .answers import (
    TOKEN_COOKIE,
    Answer,
    Raw,
    Secrets,
    TooManyValues,
    backoff,
    next_url,
    refused,
    retry_after,
    server_date,
    token_in,
    unusable,
)
from .connection import Connection
from .failures import explain, file_advice
from .wire import watch

try:
    import requests
    import urllib3

    REQUESTS_IMPORT_ERROR: str | None = None
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()

Fields = dict[str, Any]

BUSY = (429, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
# The most of an answer that is read: of a list of rows, and of any other, errors included.
MAX_BODY = 32 * 1024 * 1024
MAX_OTHER = 4 * 1024 * 1024
# A piece that is compressed can become a thousand times as large, and far larger where it is so twice or another way.
PIECE = 16 * 1024
HEADERS = {"User-Agent": "dxops.dam_staging", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
# Each piece of an answer has to come within request_timeout, all of it within this many times request_timeout.
WHOLE_ANSWER = 10


class Client:
    """Requests to one environment, logged in when needed and again whenever its token has run out.

    Safe to be used by several threads. With ``read_only`` (check mode) nothing but GET and login leaves.
    ``on_secret`` is told every token that is received, so that the caller can keep it out of what it prints.
    """

    def __init__(
        self,
        connection: Connection,
        read_only: bool = False,
        on_secret: Callable[[str], Any] = len,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self.read_only = read_only
        self._on_secret = on_secret
        self._sleep = sleep
        self._local = threading.local()
        self._lock = threading.Lock()
        self._token = connection.token
        self._secrets = Secrets(connection.password, connection.token)

    def login(self) -> None:
        """Log in now, unless that was done. What an ``ltpa_token`` that was given is worth shows only in use."""
        self._login(None)

    def get(self, path: str, rows: int | None = None, **query: Any) -> Answer:
        """GET below the DAM API's address. Raises Unreachable or ServerError after the retries that may help.

        ``rows`` is how many were asked for where the answer is a list of them: only such an answer may be large.
        """
        return self._call("GET", path, query, None, rows)

    def write(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Answer:
        """The one place through which every change goes. It is sent once and never repeated.

        The exception is an answer of 401: the server did not take the request, so it is sent again after a new login.
        """
        if self.read_only:
            raise DamError(f"{method} {path} was not sent: nothing is changed in check mode.")
        self._session().close()  # a new connection: one that has lain idle may be closing, and would lose the change
        return self._call(method, path, query, body)

    def _call(self, method: str, path: str, query: Fields, body: Fields | None, rows: int | None = None) -> Answer:
        given = {name: value for name, value in query.items() if value is not None}
        url = self.connection.dam_url + path + (f"?{urlencode(given)}" if given else "")
        most = MAX_OTHER if rows is None else MAX_BODY
        token = self._login(None)
        raw = self._send(method, url, body, token, most)
        if raw.status == 401:
            token = self._login(token)
            raw = self._send(method, url, body, token, most)
        if not 200 <= raw.status < 300:
            raise refused(method, raw, self._secrets.scrub, self.connection.username)
        try:
            return Answer(raw.status, raw.json(rows or 0), server_date(raw.headers), url)
        except TooManyValues:
            raise self._too_large(method, url, "the answer holds more values than can be read") from None
        except (ValueError, RecursionError):
            raise unusable(method, raw, self._secrets.scrub, "it is not JSON") from None

    def _login(self, stale: str | None) -> str:
        """A token other than ``stale``; threads that find the same token stale make one login between them."""
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
            at = self.connection
            if at.username is None or at.password is None:
                raise ServerError(
                    f"{at.dam_url} did not accept the ltpa_token: it has run out or was never valid there. Give a "
                    "fresh one, or dx_username and dx_password so that it can be renewed.",
                    status=401,
                    url=at.dam_url,
                )
            url = f"{at.ring_url}/auth/login"
            raw = self._send("POST", url, {"username": at.username, "password": at.password}, None, MAX_OTHER)
            if raw.status != 200:
                raise refused("POST", raw, self._secrets.scrub, at.username, login=True)
            if not raw.token:
                raise unusable("POST", raw, self._secrets.scrub, f"without the cookie {TOKEN_COOKIE}")
            self._secrets.add(raw.token)
            self._on_secret(raw.token)
            self._token = raw.token
            return raw.token

    def _send(self, method: str, url: str, body: dict[str, Any] | None, token: str | None, most: int) -> Raw:
        """One request, repeated after a pause only where that is safe and may help. Only a login has no token."""
        repeatable = token is None or method == "GET"
        attempt = hops = 0
        while True:
            attempt += 1
            last = not repeatable or attempt > self.connection.retries
            try:
                raw = self._exchange(method, url, body, token, most)
            except Unreachable as error:
                if last or error.final:
                    raise
                self._sleep(backoff(attempt))
                continue
            if raw.status in REDIRECTS:
                hops += 1
                url = next_url(method, raw, hops, self._secrets.scrub)
            elif raw.status in BUSY and not last:
                self._sleep(retry_after(raw.headers, backoff(attempt)))
            else:
                return raw

    def _exchange(self, method: str, url: str, body: dict[str, Any] | None, token: str | None, most: int) -> Raw:
        at = self.connection
        session = self._session()
        self._local.deadline = time.monotonic() + at.timeout * WHOLE_ANSWER
        try:
            with session.request(
                method,
                url,
                json=body,
                cookies={TOKEN_COOKIE: token} if token else None,
                timeout=at.timeout,
                verify=at.verify,  # with each request, since REQUESTS_CA_BUNDLE overrides the session's
                cert=(at.client_cert, at.client_key) if at.client_cert and at.client_key else at.client_cert,
                allow_redirects=False,
                stream=True,
            ) as answer:
                answer.raw.enforce_content_length = True  # urllib3 before 2.0 takes a cut answer for a whole one
                if answer.headers.get("Content-Encoding", "identity").lower() not in ("identity", "gzip", "deflate"):
                    raise self._broken(method, url, "the answer is compressed in a way that is not read", final=True)
                most = most if answer.ok else MAX_OTHER
                text = bytearray()
                for piece in answer.iter_content(PIECE if "Content-Encoding" in answer.headers else 8 * PIECE):
                    text += piece
                    if len(text) > most:
                        raise self._too_large(method, url, f"the answer is larger than {most >> 20} MiB")
                token = token_in(answer.raw.headers.getlist("Set-Cookie"))
                return Raw(answer.status_code, bytes(text), dict(answer.headers.lower_items()), token, url)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            reason, sent, final = explain(error, at.protocol, at.timeout)
            raise self._broken(method, url, reason, sent, final) from None
        except OSError as error:  # a CA bundle or client certificate that cannot be read
            raise self._broken(method, url, file_advice(str(error)), sent=False, final=True) from None

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # Proxies come from the environment, but credentials never from ~/.netrc, and cookies never from a server:
            # the one cookie that counts is given with each request.
            session.auth = lambda request: request
            # Otherwise requests reads a redirect's body whole, whatever its size, and takes its address to pieces.
            session.get_redirect_target = lambda *_answer: None  # type: ignore[method-assign]
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            session.headers.update(HEADERS)
            for adapter in session.adapters.values():
                watch(adapter, self._in_time)
            if self.connection.verify is False:
                urllib3.disable_warnings()
        return session

    def _in_time(self) -> None:
        if time.monotonic() > self._local.deadline:
            raise ConnectionAbortedError(f"the answer was not whole after {self.connection.timeout * WHOLE_ANSWER:g} s")

    def _too_large(self, method: str, url: str, reason: str) -> TooLarge:
        error = self._broken(method, url, reason, final=True)
        return TooLarge(error.message, sent=True, final=True, **error.context)

    def _broken(self, method: str, url: str, reason: str, sent: bool = True, final: bool = False) -> Unreachable:
        scrub = self._secrets.scrub
        text = f"{method} {scrub(url)}: {clean(scrub(reason), 500)}."
        return Unreachable(text, sent=sent, final=final, url=scrub(url))
