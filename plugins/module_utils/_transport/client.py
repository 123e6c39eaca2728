# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to one environment: session, retries, limits. The only folder that knows requests; knows no Ansible."""

from __future__ import annotations

import socket
import ssl
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

from .._errors import DamError, TooLarge, Unreachable
from .._text import clean
from .answers import Answer, Raw, Secrets, backoff, next_url, refused, retry_after, server_date, unusable
from .authentication import Authentication, rights_advice
from .connection import Connection
from .failures import explain, file_advice

Fields = dict[str, Any]

BUSY = (429, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
# Bytes of an answer that are read at most, decompressed.
MAX_BODY = 32 * 1024 * 1024
# Bytes that are read at once. A compressed piece can grow a thousandfold, and more if it is compressed in another way.
PIECE = 128 * 1024
COMPRESSED_PIECE = 16 * 1024
HEADERS = {"User-Agent": "dxops.dam_staging", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
# Each piece of an answer has to come within request_timeout, the whole answer within this many times request_timeout.
WHOLE_ANSWER = 10


class _Limit:
    """Ends one request when its time is over, whatever the server sends until then, or when its client is closed.

    The timeout of a socket does not do that: each byte that comes starts it anew.
    """

    of_thread = threading.local()

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.over = False
        self._connection: Any = None
        self._timer = threading.Timer(seconds, self.end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self.of_thread.limit = self
        self._timer.start()

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._timer.join()  # however many requests follow one another, there is one such thread

    def watch(self, connection: Any) -> None:
        """Take this for the connection of the request. Raises TimeoutError if the time is over."""
        self._connection = connection
        if self.over:
            raise TimeoutError

    def end(self) -> None:
        """Shut the connection down, so that the thread that waits for an answer goes on."""
        self.over = True
        with suppress(AttributeError, OSError):  # there is no connection yet, or none any more
            # A second handle, because that of TLS would forget the session while another thread reads.
            handle = socket.fromfd(self._connection.sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            handle.shutdown(socket.SHUT_RDWR)
            handle.close()


class _Limited:
    """A connection that tells the limit of its thread before it waits for a server or a proxy."""

    def connect(self) -> None:
        _Limit.of_thread.limit.watch(self)
        super().connect()  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Have the answer read even if the server hung up before it got everything.

        With TLS 1.3 it may want a client certificate, and says so only after the handshake. urllib3 reads the answer
        after a broken pipe, but not after what the ssl module raises instead.
        """
        try:
            super().send(data)  # type: ignore[misc]
        except ssl.SSLEOFError as error:
            raise BrokenPipeError(str(error)) from None

    def getresponse(self) -> Any:
        _Limit.of_thread.limit.watch(self)
        return super().getresponse()  # type: ignore[misc]


try:
    import requests
    import urllib3
    import urllib3.connection
    from requests.adapters import HTTPAdapter
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

    # Their names are those of urllib3, since its errors show them to users.
    class HTTPConnection(_Limited, urllib3.connection.HTTPConnection):
        pass

    class HTTPSConnection(_Limited, urllib3.connection.HTTPSConnection):
        pass

    class HTTPConnectionPool(urllib3.HTTPConnectionPool):
        ConnectionCls = HTTPConnection

    class HTTPSConnectionPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = HTTPSConnection

    class _Adapter(HTTPAdapter):
        """Connects with the classes above; SOCKS, of which urllib3 has its own classes, is left without the limit."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(proxy, **kwargs)
            if not proxy.lower().startswith("socks"):
                manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
            return manager


class Client:
    """Requests to one environment, authenticated when needed and again whenever the server refuses that.

    Safe to be used by several threads. With ``read_only`` (check mode) nothing but GET and login leaves.
    ``on_secret`` is called with every secret, received tokens included, so that the caller can hide it.
    """

    def __init__(
        self,
        connection: Connection,
        read_only: bool = False,
        on_secret: Callable[[str], Any] = len,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.connection = connection
        self.read_only = read_only
        self._on_secret = on_secret
        self._closed = threading.Event()
        self._sleep = self._closed.wait if sleep is None else sleep
        self._under_way: set[_Limit] = set()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._secrets = Secrets()
        self._authentication = connection.authentication
        self._hide(connection.authentication)

    def login(self) -> None:
        """Log in, unless that was done. Whether a given token is valid shows only in use."""
        self._authenticated()

    def close(self) -> None:
        """End the requests under way in other threads, and send no more."""
        self._closed.set()
        for limit in list(self._under_way):
            limit.end()

    def get(self, path: str, **query: Any) -> Answer:
        """GET below the DAM API's address. Raises Unreachable or ServerError after the retries that may help."""
        return self._call("GET", path, query, None)

    def write(self, method: str, path: str, body: Fields | None = None, **query: Any) -> Answer:
        """The one place through which every change goes. It is sent once and never repeated.

        The exception is an answer of 401: the server did not take the request, so it is sent again after a new login.
        """
        if self.read_only:
            raise DamError(f"{method} {path} was not sent: nothing is changed in check mode.")
        self._session().close()  # a new connection: an idle one may be closing, and the change would be lost
        return self._call(method, path, query, body)

    def _call(self, method: str, path: str, query: Fields, body: Fields | None) -> Answer:
        given = {name: value for name, value in query.items() if value is not None}
        url = self.connection.dam_url + path + (f"?{urlencode(given)}" if given else "")
        authentication = self._authenticated()
        raw = self._send(method, url, body, authentication.headers, method == "GET")
        if raw.status == 401:
            authentication = self._authenticated(authentication)
            raw = self._send(method, url, body, authentication.headers, method == "GET")
        if not 200 <= raw.status < 300:
            advice = rights_advice(authentication) if raw.status in (401, 403) else ""
            raise refused(method, raw, self._secrets.scrub, after=advice)
        try:
            decoded = raw.json()
        except (ValueError, RecursionError):
            raise unusable(method, raw, self._secrets.scrub, "it is not JSON") from None
        # Without a body nobody can tell whether the headers are whole: of such an answer the status alone is used.
        return Answer(raw.status, decoded, server_date(raw.headers) if raw.text else None, url)

    def _authenticated(self, expired: Authentication | None = None) -> Authentication:
        """What authenticates a request, other than ``expired``.

        Threads that find the same token expired make one login between them.
        """
        with self._lock:
            if self._authentication is expired or not self._authentication.headers:
                self._authentication = self._authentication.renewed(self.connection, self._post, self._secrets.scrub)
                self._hide(self._authentication)
            return self._authentication

    def _hide(self, authentication: Authentication) -> None:
        for secret in authentication.secrets:
            self._secrets.add(secret)
            self._on_secret(secret)

    def _post(self, url: str, body: Fields) -> Raw:
        return self._send("POST", url, body, {}, True)

    def _send(self, method: str, url: str, body: Fields | None, headers: dict[str, str], repeatable: bool) -> Raw:
        """One request, repeated after a pause only if that is safe and may help."""
        attempt = hops = 0
        while True:
            attempt += 1
            last = not repeatable or attempt > self.connection.retries
            try:
                raw = self._exchange(method, url, body, headers)
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

    def _exchange(self, method: str, url: str, body: Fields | None, headers: dict[str, str]) -> Raw:
        at = self.connection
        limit = _Limit(at.timeout * WHOLE_ANSWER)
        self._under_way.add(limit)
        try:
            if self._closed.is_set():
                raise self._broken(method, url, "nobody waits for the answer any longer", sent=False, final=True)
            with limit, self._open(method, url, body, headers) as answer:
                raw = self._read(method, url, answer)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            if not limit.over:
                reason, sent, final = explain(error, at.protocol, at.timeout)
                raise self._broken(method, url, reason, sent, final) from None
        except OSError as error:  # a CA bundle or client certificate that cannot be read
            if not limit.over:
                raise self._broken(method, url, file_advice(str(error)), sent=False, final=True) from None
        finally:
            self._under_way.discard(limit)
        if limit.over:
            raise self._broken(method, url, f"the answer was not whole after {limit.seconds:g} s")
        return raw

    def _open(self, method: str, url: str, body: Fields | None, headers: dict[str, str]) -> requests.Response:
        at = self.connection
        return self._session().request(
            method,
            url,
            json=body,
            headers=headers,
            timeout=at.timeout,
            verify=at.verify,  # with each request, since REQUESTS_CA_BUNDLE overrides the session's
            cert=(at.client_cert, at.client_key) if at.client_cert and at.client_key else at.client_cert,
            allow_redirects=False,
            stream=True,
        )

    def _read(self, method: str, url: str, answer: requests.Response) -> Raw:
        answer.raw.enforce_content_length = True  # urllib3 before 2.0 takes a cut answer for a whole one
        encoding = answer.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "gzip", "deflate"):
            raise self._broken(method, url, "the answer is compressed in a way that is not read", final=True)
        text = bytearray()
        for piece in answer.iter_content(PIECE if encoding == "identity" else COMPRESSED_PIECE):
            text += piece
            if len(text) > MAX_BODY:
                error = self._broken(method, url, f"the answer is larger than {MAX_BODY >> 20} MiB")
                raise TooLarge(error.message, sent=True, final=True, **error.context)
        if not text and answer.raw.length_remaining is None and not answer.raw.chunked:
            # The standard library takes the end of the connection for the end of the headers.
            raise urllib3.exceptions.ProtocolError("The connection ended before the headers did")
        cookies = answer.raw.headers.getlist("Set-Cookie")
        return Raw(answer.status_code, bytes(text), dict(answer.headers.lower_items()), cookies, url)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # Proxies come from the environment, but credentials never from ~/.netrc, and cookies never from a server:
            # authentication is given with each request.
            session.auth = lambda request: request
            # Otherwise requests reads a redirect's body whole, whatever its size, and takes its address to pieces.
            session.get_redirect_target = lambda *_answer: None  # type: ignore[method-assign]
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            session.headers.update(HEADERS)
            for prefix in ("http://", "https://"):
                session.mount(prefix, _Adapter())
            if self.connection.verify is False:
                urllib3.disable_warnings()
        return session

    def _broken(self, method: str, url: str, reason: str, sent: bool = True, final: bool = False) -> Unreachable:
        scrub = self._secrets.scrub
        text = f"{method} {scrub(url)}: {clean(scrub(reason), 500)}."
        return Unreachable(text, sent=sent, final=final, url=scrub(url))
