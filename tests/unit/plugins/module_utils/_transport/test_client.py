# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests over real HTTP: which are repeated, what an error says, and where the secrets do not go."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import certifi
import pytest
import requests

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    ServerError,
    Unreachable,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport import client as _client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import Client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from support.scripted import Reply, Request, Scripted, logged_in, scripted

GENEROUS = 10.0
"""Seconds after which a test that waits for another thread gives up; it never waits that long when all is well."""

PASSWORD = 'pa"ss/wörd &<1>'
TOKEN = "given+token/with=="
ACCOUNT = {"username": "admin", "password": PASSWORD, "token": None}
UNAUTHORIZED = Reply(401, {"error": {"statusCode": 401, "message": "Unauthorized"}})
ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC")


@pytest.fixture(autouse=True)
def _untouched_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve by a script."""
    with scripted() as script:
        yield script


class Pauses(list[float]):
    """What a client wanted to sleep."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def connection(port: int, **more: Any) -> Connection:
    """Describe a server on the loopback interface."""
    login = {name: more.pop(name, given) for name, given in ACCOUNT.items()}
    given = {"hostname": "127.0.0.1", "protocol": "http", "timeout": 5.0, "authentication": Ltpa(**login)}
    return Connection(**{**given, "dam_port": port, "ring_port": port, **more})


def client(server: Scripted, pauses: Pauses | None = None, read_only: bool = False, **more: Any) -> Client:
    """Make a client of a scripted server; it never really sleeps."""
    return Client(connection(server.port, **more), read_only=read_only, sleep=Pauses() if pauses is None else pauses)


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# Login


def test_the_first_call_logs_in_and_every_call_brings_the_token(server: Scripted) -> None:
    server.says(Reply(200, [1]))
    one = client(server)
    assert one.get("/staging/subscriber").body == [1]
    one.get("/staging/subscriber")
    assert server.seen() == ["login", "GET", "GET"]
    login, first, second = server.requests
    assert login.path == "/dx/api/core/v1/auth/login"
    assert json.loads(login.body) == {"username": "admin", "password": PASSWORD}
    assert "cookie" not in login.headers
    assert first.path == "/dx/api/dam/v1/staging/subscriber"
    assert first.headers["cookie"] == second.headers["cookie"] == "LtpaToken2=token-of-the-login"


def test_login_in_advance_is_not_repeated_by_the_first_call(server: Scripted) -> None:
    server.says(Reply(200, []))
    one = client(server)
    one.login()
    one.get("/x")
    assert server.seen() == ["login", "GET"]


def test_a_token_that_was_given_is_used_without_a_login(server: Scripted) -> None:
    server.says(Reply(200, []))
    client(server, token=TOKEN, username=None, password=None).get("/x")
    assert server.seen() == ["GET"]
    assert server.calls[0].headers["cookie"] == f"LtpaToken2={TOKEN}"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
def test_an_expired_token_costs_one_login_and_one_repetition(server: Scripted, method: str) -> None:
    server.says(UNAUTHORIZED, Reply(200, {"good": 1}))
    one = client(server, token=TOKEN)
    answer = one.get("/x") if method == "GET" else one.write(method, "/x", {"a": 1})
    assert answer.body == {"good": 1}
    assert server.seen() == [method, "login", method]
    assert server.calls[0].body == server.calls[1].body
    assert server.calls[1].headers["cookie"] == "LtpaToken2=token-of-the-login"


def test_a_second_401_is_an_error_and_no_third_try(server: Scripted) -> None:
    server.says(UNAUTHORIZED)
    with pytest.raises(ServerError, match="'admin' has to be an administrator of DAM") as caught:
        client(server, token=TOKEN).write("PATCH", "/x", {})
    assert caught.value.status == 401
    assert server.seen() == ["PATCH", "login", "PATCH"]


def test_a_token_that_has_run_out_and_cannot_be_renewed_says_what_to_give(server: Scripted) -> None:
    server.says(UNAUTHORIZED)
    with pytest.raises(ServerError, match=r"did not accept the ltpa_token.*dx_username and dx_password") as caught:
        client(server, token=TOKEN, username=None, password=None).get("/x")
    assert caught.value.status == 401
    assert server.seen() == ["GET"]


def test_every_secret_is_handed_on_to_be_hidden_elsewhere_too(server: Scripted) -> None:
    server.says(UNAUTHORIZED, Reply(200))
    server.says_to_logins(logged_in('"first-token"'), logged_in("second-token"))
    told: list[str] = []
    one = Client(connection(server.port), on_secret=told.append, sleep=Pauses())
    one.get("/x")
    assert list(dict.fromkeys(told)) == [PASSWORD, "first-token", "second-token"]


def test_threads_that_find_the_same_token_stale_make_one_login_between_them(server: Scripted) -> None:
    number = 6
    together = threading.Barrier(number, timeout=GENEROUS)

    def answer(request: Request, _handler: BaseHTTPRequestHandler) -> Reply:
        if TOKEN in request.headers["cookie"]:
            together.wait()
            return UNAUTHORIZED
        return Reply(200, [request.target])

    server.says(answer)
    one = client(server, token=TOKEN)
    with ThreadPoolExecutor(number) as pool:
        bodies = list(pool.map(lambda index: one.get(f"/{index}").body, range(number)))
    assert bodies == [[f"/dx/api/dam/v1/{index}"] for index in range(number)]
    assert server.seen().count("login") == 1
    assert len(server.calls) == 2 * number


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_login_that_is_refused_is_not_repeated_and_names_the_account(server: Scripted, status: int) -> None:
    server.says_to_logins(Reply(status, {"error": {"code": "X", "message": "No.", "reason": "Because."}}))
    with pytest.raises(ServerError, match=r"^Login as 'admin' failed. POST http.*/auth/login was answered") as caught:
        client(server).get("/x")
    assert caught.value.context["server_message"] == "No. - Because."
    assert ("Check dx_username and dx_password." in caught.value.message) is (status == 401)
    assert server.seen() == ["login"]


@pytest.mark.parametrize("cookie", ["LtpaToken2=; Path=/", "JSESSIONID=1", "ltpatoken2=x"])
def test_a_login_without_the_token_is_an_error(server: Scripted, cookie: str) -> None:
    server.says_to_logins(Reply(200, b"<html>Welcome</html>", (("Set-Cookie", cookie),)))
    with pytest.raises(ServerError, match=r"without the cookie LtpaToken2. The answer begins: <html>Welcome") as caught:
        client(server).get("/x")
    assert caught.value.status == 200


def test_cookies_of_the_server_are_never_sent_back(server: Scripted) -> None:
    server.says(Reply(200, [], (("Set-Cookie", "LtpaToken2=planted; Path=/"), ("Set-Cookie", "other=1; Path=/"))))
    one = client(server)
    one.get("/x")
    one.get("/x")
    one.write("PATCH", "/x", {})
    assert {request.headers["cookie"] for request in server.calls} == {"LtpaToken2=token-of-the-login"}


# What is repeated


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(server: Scripted, status: int) -> None:
    pauses = Pauses()
    server.says(Reply(status), Reply(status), Reply(200, ["good"]))
    assert client(server, pauses, token=TOKEN).get("/x").body == ["good"]
    assert len(server.requests) == 3
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 422, 500, 501])
def test_other_errors_are_final(server: Scripted, status: int) -> None:
    server.says(Reply(status, {"error": {"message": "No."}}))
    with pytest.raises(ServerError) as caught:
        client(server, token=TOKEN).get("/x")
    assert caught.value.status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_the_number_of_repetitions_is_bounded(server: Scripted, retries: int) -> None:
    pauses = Pauses()
    server.says(Reply(503, b"<html>down</html>"))
    with pytest.raises(ServerError, match=r"was answered with 503: <html>down</html>\.") as caught:
        client(server, pauses, token=TOKEN, retries=retries).get("/x")
    assert caught.value.status == 503
    assert len(server.requests) == retries + 1
    assert len(pauses) == retries


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_change_is_never_repeated_when_the_server_is_busy(server: Scripted, method: str, status: int) -> None:
    pauses = Pauses()
    server.says(Reply(status, headers=(("Retry-After", "1"),)))
    with pytest.raises(ServerError):
        client(server, pauses, token=TOKEN).write(method, "/x", {})
    assert server.seen() == [method]
    assert pauses == []


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_change_whose_answer_is_lost_is_sent_once_and_may_have_arrived(server: Scripted, method: str) -> None:
    server.says(lambda _request, _handler: None)
    with pytest.raises(Unreachable, match=f"{method} http.*the connection broke") as caught:
        client(server, token=TOKEN).write(method, "/x", {})
    assert caught.value.sent
    assert not caught.value.final
    assert server.seen() == [method]


def test_a_read_whose_answer_is_lost_or_cut_is_repeated(server: Scripted) -> None:
    server.says(lambda _request, _handler: None, Reply(200, [1], cut=True), Reply(200, ["whole"]))
    assert client(server, token=TOKEN).get("/x").body == ["whole"]
    assert server.seen() == ["GET"] * 3


def test_a_login_whose_answer_is_lost_or_busy_is_repeated(server: Scripted) -> None:
    server.says(Reply(200, ["good"]))
    server.says_to_logins(lambda _request, _handler: None, Reply(503), logged_in("third-time"))
    assert client(server).get("/x").body == ["good"]
    assert server.seen() == ["login", "login", "login", "GET"]


@pytest.mark.parametrize(
    ("header", "pause"), [("7", 7.0), ("0", 0.0), ("-5", 0.0), ("3600", 60.0), ("inf", 60.0), ("2.5", 2.5)]
)
def test_the_server_is_left_alone_for_as_long_as_it_asks_up_to_a_minute(
    server: Scripted, header: str, pause: float
) -> None:
    pauses = Pauses()
    server.says(Reply(429, headers=(("Retry-After", header),)), Reply(200))
    client(server, pauses, token=TOKEN).get("/x")
    assert pauses == [pause]


@pytest.mark.parametrize("header", ["", "soon", "Fri, 21 Nov 2036 07:28:00 GMT"])
def test_without_a_number_in_retry_after_the_usual_pause_is_made(server: Scripted, header: str) -> None:
    pauses = Pauses()
    server.says(Reply(503, headers=(("Retry-After", header),)), Reply(200))
    client(server, pauses, token=TOKEN).get("/x")
    assert len(pauses) == 1
    assert 0.25 <= pauses[0] <= 0.5


def test_a_server_that_cannot_be_reached_is_tried_again_and_then_named() -> None:
    pauses = Pauses()
    port = closed_port()
    with pytest.raises(Unreachable, match="cannot be reached; check hostname and dx_port") as caught:
        Client(connection(port, token=TOKEN, retries=2), sleep=pauses).get("/x")
    assert not caught.value.sent
    assert not caught.value.final
    assert len(pauses) == 2
    assert caught.value.message.startswith(f"GET http://127.0.0.1:{port}/dx/api/dam/v1/x: ")
    assert caught.value.context["url"] == f"http://127.0.0.1:{port}/dx/api/dam/v1/x"


def test_check_mode_sends_nothing_but_get_and_login(server: Scripted) -> None:
    server.says(Reply(200, []))
    one = client(server, read_only=True)
    one.get("/x")
    for method in ("POST", "PATCH", "DELETE"):
        with pytest.raises(DamError, match=f"{method} /x was not sent: nothing is changed in check mode"):
            one.write(method, "/x", {})
    assert server.seen() == ["login", "GET"]


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n["])
def test_closing_ends_the_requests_of_other_threads_and_sends_no_more(server: Scripted, begin: bytes) -> None:
    hanging, over = threading.Event(), threading.Event()

    def hang(_request: Request, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(begin)
        hanging.set()
        over.wait(GENEROUS)

    server.says(hang)
    one = Client(connection(server.port, token=TOKEN, timeout=60.0, retries=100))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(one.get, "/x")
        assert hanging.wait(GENEROUS)
        one.close()
        with pytest.raises(Unreachable, match="nobody waits for the answer any longer"):
            answer.result(GENEROUS)
        over.set()
    with pytest.raises(Unreachable, match="nobody waits"):
        one.get("/y")
    assert server.seen() == ["GET"]


# Redirects


def moved(location: str, status: int = 302) -> Reply:
    """Make a redirect."""
    return Reply(status, headers=(("Location", location),))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/dx/elsewhere?a=1", "http://127.0.0.1:{port}/dx/elsewhere?a=1"])
def test_a_read_follows_a_redirect_to_the_same_address(server: Scripted, status: int, location: str) -> None:
    server.says(moved(location.format(port=server.port), status), Reply(200, ["there"]))
    assert client(server, token=TOKEN).get("/x").body == ["there"]
    assert server.calls[1].target == "/dx/elsewhere?a=1"
    assert server.calls[1].headers["cookie"] == f"LtpaToken2={TOKEN}"


@pytest.mark.parametrize(
    "location",
    [
        "http://other.example:{port}/x",
        "https://127.0.0.1:{port}/x",
        "http://127.0.0.1/x",
        "//other.example/x",
        "http://127.0.0.1:99999/x",
        "http://[::1/x",
        "file:///etc/passwd",
        "http://127.0.0.1:{port}@other.example/x",
    ],
)
def test_a_redirect_to_another_address_is_not_followed(server: Scripted, location: str) -> None:
    server.says(moved(location.format(port=server.port)))
    with pytest.raises(
        ServerError, match=r"answered with a redirect \(302\).*hostname, dx_protocol and dx_port"
    ) as caught:
        client(server, token=TOKEN).get("/x")
    assert caught.value.status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_change_follows_no_redirect_at_all(server: Scripted, method: str) -> None:
    server.says(moved("/dx/elsewhere"))
    with pytest.raises(ServerError, match="nor a change may travel"):
        client(server, token=TOKEN).write(method, "/x", {})
    assert server.seen() == [method]


def test_a_login_follows_no_redirect(server: Scripted) -> None:
    server.says_to_logins(moved("/elsewhere"))
    with pytest.raises(ServerError, match="neither a login"):
        client(server).get("/x")
    assert server.seen() == ["login"]


def test_redirects_that_go_round_in_circles_end(server: Scripted) -> None:
    server.says(moved(""))
    with pytest.raises(ServerError, match="redirect"):
        client(server, token=TOKEN).get("/x")
    assert len(server.requests) == 4


# Answers


def test_an_answer_carries_status_body_url_and_the_servers_clock(server: Scripted) -> None:
    server.says(Reply(raw=b'HTTP/1.1 201 Made\r\nDate: Mon, 02 Nov 2026 07:00:00 GMT\r\nContent-Length: 4\r\n\r\n"ab"'))
    answer = client(server, token=TOKEN).get("/x", offset=0, limit=1, recordType=None)
    assert (answer.status, answer.body) == (201, "ab")
    assert answer.date == datetime(2026, 11, 2, 7, tzinfo=timezone.utc)  # noqa: UP017 - also run on Python 3.9
    assert answer.url.endswith("/dx/api/dam/v1/x?offset=0&limit=1")
    assert server.calls[0].target == "/dx/api/dam/v1/x?offset=0&limit=1"


def test_queries_are_quoted(server: Scripted) -> None:
    server.says(Reply(200))
    client(server, token=TOKEN).get("/x", subscriberId="a&b=c ü")
    assert server.calls[0].target.endswith("?subscriberId=a%26b%3Dc+%C3%BC")


@pytest.mark.parametrize("reply", [Reply(204), Reply(200), Reply(200, b"  \r\n")])
def test_an_empty_answer_is_no_error(server: Scripted, reply: Reply) -> None:
    server.says(reply)
    assert client(server, token=TOKEN).write("DELETE", "/x").body is None


@pytest.mark.parametrize(
    "body", [b"<html>Please log in</html>", b"[1,", b"\xff\xfe\xfd", b"[" * 40000, b'{"a":' * 40000]
)
def test_what_is_no_json_is_an_error_that_shows_how_it_begins(server: Scripted, body: bytes) -> None:
    server.says(Reply(200, body))
    with pytest.raises(ServerError, match=r"answered with 200, but it is not JSON. The answer begins: .") as caught:
        client(server, token=TOKEN).get("/x")
    assert caught.value.status == 200
    assert len(caught.value.context["server_message"]) <= 200
    assert caught.value.message.isprintable()


def test_compressed_and_chunked_answers_are_read(server: Scripted) -> None:
    packed = gzip.compress(json.dumps(["x" * 100000]).encode())
    server.says(Reply(200, packed, (("Content-Encoding", "gzip"),)))
    one = client(server, token=TOKEN)
    assert one.get("/x").body == ["x" * 100000]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.says(Reply(raw=head + b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"))
    assert one.get("/x").body == [1, 2]


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n[1]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n[1]",
        b"what is this?\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_not_whole_is_no_answer(server: Scripted, raw: bytes) -> None:
    server.says(Reply(raw=raw))
    with pytest.raises(Unreachable, match="the connection broke before the answer was whole") as caught:
        client(server, token=TOKEN, retries=0).get("/x")
    assert caught.value.sent
    assert not caught.value.final


def test_one_connection_serves_many_requests_of_a_thread(server: Scripted) -> None:
    server.says(Reply(200, [1]), Reply(204), Reply(404, {}), Reply(200, {"a": "b" * 200000}), Reply(200))
    one = client(server)
    for _turn in range(5):
        try:
            one.get("/x")
        except ServerError as error:
            assert error.status == 404  # noqa: PT017
    assert len({request.peer for request in server.requests}) == 1


@pytest.mark.parametrize("idle", ["PATCH", "GET"])
def test_a_change_goes_over_a_connection_that_has_not_lain_idle(server: Scripted, idle: str) -> None:
    used: set[Any] = set()

    def only_once(request: Request, _handler: BaseHTTPRequestHandler) -> Reply | None:
        """Answer the first request of a connection, and hang up at the second like a proxy that was closing it."""
        if request.peer in used:
            return None
        used.add(request.peer)
        return Reply(200)

    server.says(only_once)
    one = client(server, None, False, retries=0)
    one.get("/x") if idle == "GET" else one.write("PATCH", "/x", {})
    one.write("PATCH", "/x", {})
    one.write("DELETE", "/x")
    assert server.seen() == ["login", idle, "PATCH", "DELETE"]


def test_an_answer_that_is_too_large_is_given_up(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_client, "MAX_BODY", 1 << 20)
    server.says(Reply(200, b"[" + b" " * (1 << 20) + b"]"))
    with pytest.raises(Unreachable, match="the answer is larger than 1 MiB") as caught:
        client(server, token=TOKEN).get("/x")
    assert caught.value.final
    assert len(server.requests) == 1


def test_the_body_of_a_redirect_is_limited_too(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_client, "MAX_BODY", 1 << 20)
    server.says(Reply(302, b" " * (1 << 21), (("Location", "/elsewhere"),)))
    with pytest.raises(Unreachable, match="larger than 1 MiB"):
        client(server, token=TOKEN).get("/x")


def test_an_answer_that_is_small_only_while_compressed_is_given_up(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_client, "MAX_BODY", 1 << 20)
    server.says(Reply(200, gzip.compress(b" " * (1 << 23)), (("Content-Encoding", "gzip"),)))
    with pytest.raises(Unreachable, match="larger than 1 MiB"):
        client(server, token=TOKEN).get("/x")


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,gzip", "br", "zstd", "deflate, gzip"])
def test_what_is_compressed_twice_or_otherwise_is_not_read(server: Scripted, encoding: str) -> None:
    server.says(Reply(200, gzip.compress(gzip.compress(b"[]")), (("Content-Encoding", encoding),)))
    with pytest.raises(Unreachable, match="compressed in a way that is not read") as caught:
        client(server, token=TOKEN).get("/x")
    assert caught.value.final
    assert server.requests[-1].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity"])
def test_what_is_compressed_once_or_not_at_all_is_read(server: Scripted, encoding: str) -> None:
    body = b"[]" if encoding == "identity" else gzip.compress(b"[]")
    server.says(Reply(200, body, (("Content-Encoding", encoding),)))
    assert client(server, token=TOKEN).get("/x").body == []


@pytest.mark.parametrize(
    "proxy", ["http://user:s3cr3t@proxy:80a80", "http://user:s3/cr3t@proxy:80a80", "http://s3cr3t@[x"]
)
def test_the_login_of_a_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    at = Connection("dx.example.com", "http", 80, 80, Ltpa(token=TOKEN), retries=0)
    with pytest.raises(Unreachable) as caught:
        Client(at).get("/x")
    assert "cr3t" not in str(caught.value)


def test_a_server_that_says_nothing_is_a_timeout(server: Scripted) -> None:
    over = threading.Event()

    def silent(_request: Request, _handler: BaseHTTPRequestHandler) -> None:
        over.wait(GENEROUS)

    server.says(silent)
    try:
        with pytest.raises(Unreachable, match=r"no answer within 0.05 s \(request_timeout\)") as caught:
            client(server, token=TOKEN, retries=0, timeout=0.05).write("PATCH", "/x", {})
    finally:
        over.set()
    assert caught.value.sent
    assert not caught.value.final


def test_a_server_that_stops_in_the_middle_is_a_timeout(server: Scripted) -> None:
    over = threading.Event()

    def stall(_request: Request, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[")
        over.wait(GENEROUS)

    server.says(stall)
    try:
        with pytest.raises(Unreachable, match="no answer within"):
            client(server, token=TOKEN, retries=0, timeout=0.05).get("/x")
    finally:
        over.set()


# Secrets


def _echo_json(secrets: str) -> Reply:
    return Reply(403, {"error": {"message": secrets, "details": secrets}})


def _echo_html(secrets: str) -> Reply:
    return Reply(403, f"<html>{html.escape(secrets)}</html>".encode())


def _echo_raw_json(secrets: str) -> Reply:
    return Reply(200, json.dumps(secrets).encode() + b"no JSON")


def _echo_utf8_json(secrets: str) -> Reply:
    return Reply(400, json.dumps({"x": secrets}, ensure_ascii=False).encode())


def _echo_at_the_cut(secrets: str) -> Reply:
    return Reply(500, b"." * 185 + secrets.encode())


def _echo_in_the_location(secrets: str) -> Reply:
    return moved("http://other.example/" + quote(secrets))


def _echo_on_the_way(secrets: str) -> Reply:
    return moved("/here?" + quote(secrets, safe=""))


ECHOES = [
    _echo_json,
    _echo_html,
    _echo_raw_json,
    _echo_utf8_json,
    _echo_at_the_cut,
    _echo_in_the_location,
    _echo_on_the_way,
]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "token-of-the-login", "x" * 900])
def test_no_error_shows_a_secret_even_when_the_server_gives_it_back(server: Scripted, echo: Any, secret: str) -> None:
    server.says_to_logins(logged_in("x" * 900 if secret.startswith("x") else "token-of-the-login"))
    server.says(UNAUTHORIZED, echo(secret), Reply(403, secret.encode()))
    with pytest.raises(ServerError) as caught:
        client(server, token=TOKEN).get("/x")
    shown = f"{caught.value!r} {caught.value.message} {caught.value.context}"
    for form in (secret, quote(secret), quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1]):
        assert form[:8] not in shown
    assert "********" in shown


def test_no_error_of_a_login_shows_the_password(server: Scripted) -> None:
    server.says_to_logins(lambda request, _handler: Reply(400, request.body))
    with pytest.raises(ServerError) as caught:
        client(server).get("/x")
    assert "wörd" not in caught.value.message
    assert "w\\u00f6rd" not in caught.value.message
    assert "********" in caught.value.message


def test_a_broken_answer_that_holds_a_secret_does_not_show_it(server: Scripted) -> None:
    server.says(Reply(raw=TOKEN.encode() + b"\r\n\r\n"))
    with pytest.raises(Unreachable) as caught:
        client(server, token=TOKEN, retries=0).get("/x")
    assert TOKEN not in f"{caught.value.message} {caught.value.context}"


def test_no_error_carries_the_librarys_own_one_along(server: Scripted) -> None:
    server.says(lambda _request, _handler: None)
    with pytest.raises(Unreachable) as caught:
        client(server, token=TOKEN, retries=0).get("/x")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_password_from_netrc_is_never_used(server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(f"http://127.0.0.1:{server.port}/") is not None
    server.says(Reply(200))
    client(server).get("/x")
    assert all("authorization" not in request.headers for request in server.requests)


# Proxies and TLS


def test_the_proxy_of_the_environment_is_used(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:proxy-secret@127.0.0.1:{server.port}")
    server.says(Reply(200, ["by way of the proxy"]))
    elsewhere = Client(connection(80, hostname="dx.invalid", token=TOKEN), sleep=Pauses())
    assert elsewhere.get("/x").body == ["by way of the proxy"]
    assert server.calls[0].target == "http://dx.invalid/dx/api/dam/v1/x"
    expected = base64.b64encode(b"user:proxy-secret").decode()
    assert server.calls[0].headers["proxy-authorization"] == f"Basic {expected}"


def test_a_host_that_needs_no_proxy_is_asked_directly(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.says(Reply(200, ["direct"]))
    assert client(server, token=TOKEN).get("/x").body == ["direct"]


def test_a_proxy_that_refuses_is_named_as_such_and_its_password_is_not(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://user:proxy-secret@127.0.0.1:{server.port}")
    server.says(Reply(407))
    there = Client(connection(443, hostname="dx.invalid", protocol="https", token=TOKEN, retries=0), sleep=Pauses())
    with pytest.raises(Unreachable, match="the proxy of the environment did not let it through") as caught:
        there.write("PATCH", "/x", {})
    assert not caught.value.sent
    assert "proxy-secret" not in caught.value.message
    assert server.seen() == ["CONNECT"]


@pytest.fixture
def certificates(tmp_path: Path) -> Any:
    """Make an authority and a certificate for the loopback interface."""
    tls = pytest.importorskip("damsim.tls", reason="the stand-in needs Python 3.11", exc_type=ImportError)
    return tls.make(tmp_path / "tls", ["127.0.0.1"])


@pytest.fixture
def secure(certificates: Any) -> Iterator[Scripted]:
    """Serve by a script over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with scripted(context) as script:
        script.says(Reply(200, ["safe"]))
        yield script


def test_a_certificate_of_an_unknown_authority_is_refused_at_once(secure: Scripted) -> None:
    pauses = Pauses()
    with pytest.raises(Unreachable, match="the certificate is not trusted; name its authority with ca_path") as caught:
        client(secure, pauses, protocol="https").get("/x")
    assert caught.value.final
    assert not caught.value.sent
    assert pauses == []
    assert secure.requests == []


def test_ca_path_is_trusted_whatever_the_environment_says(
    secure: Scripted, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    there = client(secure, protocol="https", verify=str(certificates.authority))
    assert there.get("/x").body == ["safe"]


def test_validate_certs_false_holds_whatever_the_environment_says(
    secure: Scripted, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    assert client(secure, protocol="https", verify=False).get("/x").body == ["safe"]
    assert [warning for warning in recwarn if "Unverified" in str(warning.message)] == []


def test_a_certificate_for_another_host_is_refused(secure: Scripted, certificates: Any) -> None:
    there = client(secure, protocol="https", hostname="localhost", verify=str(certificates.authority), retries=0)
    with pytest.raises(Unreachable, match="for another host; give hostname as it stands in the certificate"):
        there.get("/x")


@pytest.mark.parametrize("turn", range(5))
def test_a_client_certificate_that_is_demanded_after_the_handshake_is_asked_for(certificates: Any, turn: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # which demands it only then
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.load_verify_locations(certificates.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    with scripted(context) as script:
        there = client(script, None, False, protocol="https", verify=str(certificates.authority))
        with pytest.raises(Unreachable, match="demands a client certificate; name yours with client_cert") as caught:
            there.write("PATCH", "/x", {"field": "x" * 100_000})
    assert caught.value.final
    assert not caught.value.sent


def test_a_bundle_of_the_environment_that_is_missing_is_told_from_an_option(
    secure: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(Unreachable, match=r"/nowhere/bundle\.pem; REQUESTS_CA_BUNDLE .* which ca_path overrides"):
        client(secure, protocol="https").get("/x")


@pytest.mark.parametrize("option", ["verify", "client_cert"])
def test_a_certificate_file_that_is_missing_is_an_error_that_names_it(server: Scripted, option: str) -> None:
    missing: dict[str, Any] = {option: "/nowhere/file.pem"}
    with pytest.raises(Unreachable, match=re.escape("/nowhere/file.pem")) as caught:
        client(server, None, False, protocol="https", **missing).get("/x")
    assert caught.value.final
    assert not caught.value.sent


def test_tls_spoken_to_a_plain_port_says_so(server: Scripted) -> None:
    with pytest.raises(
        Unreachable, match="no TLS is spoken there; check dx_port, or set dx_protocol to http"
    ) as caught:
        client(server, protocol="https").get("/x")
    assert caught.value.final


def test_tls_that_cannot_be_agreed_on_names_the_options_that_may_be_wrong() -> None:
    alert = b"\x15\x03\x03\x00\x02\x02\x28"  # a fatal one: the handshake failed

    def refuse(listening: socket.socket) -> None:
        peer, _address = listening.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(alert)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        listening.settimeout(GENEROUS)
        pool.submit(refuse, listening)
        there = Client(connection(listening.getsockname()[1], protocol="https", token=TOKEN), sleep=Pauses())
        with pytest.raises(
            Unreachable, match="TLS could not be agreed on; check dx_port, ca_path, client_cert"
        ) as caught:
            there.write("PATCH", "/x", {})
    assert caught.value.final
    assert not caught.value.sent


def test_plain_http_spoken_to_a_tls_port_says_so(secure: Scripted) -> None:
    with pytest.raises(Unreachable, match="if that port speaks TLS, set dx_protocol to https"):
        client(secure, retries=0).get("/x")


def test_a_change_whose_tls_connection_ends_without_an_answer_may_have_arrived(
    secure: Scripted, certificates: Any
) -> None:
    def vanish(_request: Request, handler: BaseHTTPRequestHandler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    secure.says(vanish)
    with pytest.raises(Unreachable) as caught:
        client(secure, protocol="https", verify=str(certificates.authority)).write("PATCH", "/x", {})
    assert caught.value.sent
    assert not caught.value.final
    assert secure.seen() == ["login", "PATCH"]


@pytest.mark.parametrize("hostname", ["a" * 70 + ".example", "dx..example", "-"])
def test_a_host_name_that_cannot_exist_is_an_error_that_names_the_option(hostname: str) -> None:
    there = Client(connection(80, hostname=hostname, token=TOKEN, retries=0), sleep=Pauses())
    with pytest.raises(Unreachable, match="check hostname and dx_port") as caught:
        there.get("/x")
    assert not caught.value.sent
