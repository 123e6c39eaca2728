# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that mean no good: whatever they answer, a module ends soon, in little memory, with a clear error."""

from __future__ import annotations

import csv
import gzip
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.modules import Outcome, Run
from support.playbooks import Call, play_modules
from support.scripted import Reply, Request, Scripted, logged_in, scripted

PASSWORD = "the-hostile-ones-password"
TOKEN = "the-hostile-ones-token"
MOST_MEMORY = 160 * 1024
"""KiB beyond what a module takes anyway: a few times the largest answer that is read."""
SUBSCRIBER = {
    "id": "5ab5c41e-0000-4000-8000-000000000001",
    "targetHost": "dx.example.com",
    "status": True,
    "cycleLength": 2,
    "resyncStatus": "FIND_MISMATCH_COMPLETED",
    "lastResyncTime": "2026-03-02T10:00:00.000Z",
}
LIST, MISMATCHES = "/staging/subscriber", "/staging/mismatches"
Handler = BaseHTTPRequestHandler
Answer = Callable[[Request, Handler], "Reply | None"]


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Serve what a test sets with ``serve``."""
    with scripted() as script:
        script.says_to_logins(logged_in(TOKEN))
        yield script


def serve(server: Scripted, **by_path: Answer | Any) -> None:
    """Answer by the end of the path: ``subscriber``, ``mismatches``, ``operations``; a JSON value or a function."""
    answers = {"subscriber": [SUBSCRIBER], "mismatches": [], "operations": []} | by_path

    def answer(request: Request, handler: Handler) -> Reply | None:
        what = answers.get(request.path.rpartition("/")[2], SUBSCRIBER)
        return what(request, handler) if callable(what) else Reply(200, what)

    server.says(answer)


def run(server: Scripted, module: str, folder: Path, seconds: float = 30, **args: Any) -> Outcome:
    """Run a module against the server, in real time."""
    where = {"hostname": "127.0.0.1", "dx_protocol": "http", "dx_port": server.port}
    login = {"dx_username": "admin", "dx_password": PASSWORD}
    patience = {"request_timeout": 5, "request_retries": 0}
    outcome = Run(module, {**where, **login, **patience, **args}, folder, factor=1).end(seconds)
    assert outcome.result is not None, outcome.text + outcome.errors
    assert not outcome.errors
    assert PASSWORD not in outcome.text
    assert TOKEN not in outcome.text
    assert outcome.memory < MOST_MEMORY
    return outcome


def refused(outcome: Outcome, words: str) -> None:
    """Check that the task failed with a message that ``words`` (a pattern) is found in."""
    assert not outcome.ok
    assert re.search(words, outcome.message), outcome.message


def a_gigabyte(header: bytes, piece: bytes, sent: list[int]) -> Answer:
    """Answer with a body of a GiB, as far as it is taken."""

    def answer(_request: Request, handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n")
        try:
            for _number in range((1 << 30) // len(piece)):
                handler.wfile.write(piece)
                sent.append(len(piece))
        except OSError:
            return

    return answer


@pytest.mark.parametrize("header", [b"Content-Length: 1073741824", b"X-Length: none"])
def test_a_gigabyte_is_not_read(server: Scripted, tmp_path: Path, header: bytes) -> None:
    sent: list[int] = []
    serve(server, subscriber=a_gigabyte(header, b" " * 65536, sent))
    refused(run(server, "dam_subscriber_info", tmp_path / "run"), "larger than 32 MiB")
    assert sum(sent) < 48 << 20


def test_a_gigabyte_of_error_page_is_not_read(server: Scripted, tmp_path: Path) -> None:
    def error(request: Request, handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1073741824\r\n\r\n")
        try:
            for _number in range(16384):
                handler.wfile.write(b"x" * 65536)
        except OSError:
            return

    serve(server, subscriber=error)
    refused(run(server, "dam_subscriber_info", tmp_path / "run"), "larger than 32 MiB")


def test_a_compressed_gigabyte_is_not_unpacked(server: Scripted, tmp_path: Path) -> None:
    packed = gzip.compress(b" " * (1 << 28))
    serve(server, subscriber=lambda *_: Reply(200, packed * 4, (("Content-Encoding", "gzip"),)))
    refused(run(server, "dam_subscriber_info", tmp_path / "run"), "larger than 32 MiB|broke")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 " + b"2" * 200_000,
        b"\x00\xff\x16\x03 this is not HTTP at all\r\n\r\n",
    ],
    ids=["long-header", "many-headers", "long-status", "not-http"],
)
def test_a_monstrous_head_is_a_broken_connection(server: Scripted, tmp_path: Path, head: bytes) -> None:
    serve(server, subscriber=lambda *_: Reply(raw=head))
    refused(run(server, "dam_subscriber_info", tmp_path / "run"), "broke")


@pytest.mark.parametrize("depth", [900, 20_000, 1_000_000])
@pytest.mark.parametrize("module", ["dam_subscriber_info", "dam_operations_info", "dam_mismatch_report"])
def test_deep_nesting_is_refused(server: Scripted, tmp_path: Path, module: str, depth: int) -> None:
    deep = b'[{"id": "1", "targetHost": ' + b"[" * depth + b"]" * depth + b"}]"
    what = {"dam_subscriber_info": "subscriber", "dam_operations_info": "operations"}.get(module, "mismatches")
    serve(server, **{what: lambda *_: Reply(200, deep)})
    args = {"subscriber_id": SUBSCRIBER["id"]} if module == "dam_mismatch_report" else {}
    outcome = run(server, module, tmp_path / "run", **args)
    refused(outcome, "not JSON|nested too deeply|lacks a usable|same page twice")


def endless(request: Request, _handler: Handler) -> Reply:
    """Give rows at any offset, all of them different."""
    query = parse_qs(urlsplit(request.target).query)
    offset, limit = int(query["offset"][0]), int(query["limit"][0])
    fields = {"triggerFunction": "syncStagingMediaContent", "status": "TODO", "recordType": "KEYWORD"}
    return Reply(200, [{"id": f"{offset + number}", **fields} for number in range(limit)])


def unending(_request: Request, _handler: Handler) -> Reply:
    """Give new rows whatever is asked for."""
    now = time.monotonic_ns()
    fields = {"triggerFunction": "syncStagingMediaContent", "status": "TODO", "recordType": "KEYWORD"}
    return Reply(200, [{"id": f"{now}-{number}", **fields} for number in range(1000)])


@pytest.mark.parametrize("rows", [endless, unending])
@pytest.mark.parametrize(
    ("module", "what", "args"),
    [
        ("dam_mismatch_report", "mismatches", {"subscriber_id": SUBSCRIBER["id"], "dest": "DEST"}),
        ("dam_mismatch_report", "mismatches", {"subscriber_id": SUBSCRIBER["id"], "dest": "DEST", "page_size": 2}),
        ("dam_operations_info", "operations", {}),
        ("dam_delete_mismatch", "mismatches", {"subscriber_id": SUBSCRIBER["id"]}),
    ],
)
def test_endless_pages_come_to_an_end(
    server: Scripted, tmp_path: Path, rows: Answer, module: str, what: str, args: dict[str, Any]
) -> None:
    dest = tmp_path / "reports"
    dest.mkdir()
    serve(server, **{what: rows})
    given = {name: str(dest / "report.csv") if value == "DEST" else value for name, value in args.items()}
    outcome = run(server, module, tmp_path / "run", seconds=120, **given)
    refused(outcome, "does not seem to look at the offset")
    assert len(server.requests) < 2000
    assert list(dest.iterdir()) == []


def test_a_page_that_hangs_does_not_keep_a_task_that_fails(server: Scripted, tmp_path: Path) -> None:
    """The pages that were requested ahead are given up, and not requested again."""
    over = threading.Event()

    def pages(request: Request, handler: Handler) -> Reply | None:
        offset = int(parse_qs(urlsplit(request.target).query)["offset"][0])
        if offset > 30:
            over.wait(60)
            return None
        return Reply(403, {"error": {"message": "No more"}}) if offset > 20 else endless(request, handler)

    serve(server, mismatches=pages)
    args = {"subscriber_id": SUBSCRIBER["id"], "dest": str(tmp_path / "report.csv"), "page_size": 10, "prefetch": 4}
    try:
        outcome = run(server, "dam_mismatch_report", tmp_path / "run", request_timeout=30, request_retries=3, **args)
    finally:
        over.set()
    refused(outcome, "No more")
    assert outcome.seconds < 20
    assert not (tmp_path / "report.csv").exists()


@pytest.mark.parametrize(
    "begin", [b"HTTP/1.1 200 OK\r\nX-Name: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n["]
)
def test_an_answer_that_never_ends_is_cut(server: Scripted, tmp_path: Path, begin: bytes) -> None:
    def drip(_request: Request, handler: Handler) -> None:
        handler.wfile.write(begin)
        with suppress(OSError):
            for _number in range(600):
                handler.wfile.write(b" ")
                time.sleep(0.1)

    serve(server, subscriber=drip)
    outcome = run(server, "dam_subscriber_info", tmp_path / "run", request_timeout=0.5)
    refused(outcome, "the answer was not whole after 5 s")
    assert outcome.seconds < 15


UGLY = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066\x00\x08\r\n\ufeff"
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


def test_a_terminal_stays_clean_whatever_the_server_says(server: Scripted, tmp_path: Path) -> None:
    operation = {"id": UGLY, "triggerFunction": f"sync{UGLY}", "status": f"DONE{UGLY}", "errorInfo": UGLY}
    serve(
        server,
        subscriber=[{**SUBSCRIBER, "targetHost": f"dx{UGLY}", "syncStatus": UGLY, "resyncStatus": UGLY}],
        operations=lambda *_: Reply(403, {"error": {"message": f"No{UGLY}"}}),
        mismatches=[operation],
    )
    where = {"hostname": "127.0.0.1", "dx_protocol": "http", "dx_port": server.port}
    where |= {"dx_username": "admin", "dx_password": PASSWORD, "request_retries": 0}
    one = {"subscriber_id": SUBSCRIBER["id"]}
    calls = [
        Call("dam_subscriber_info", where),
        Call("dam_operations_info", where),
        Call("dam_mismatch_report", {**where, **one}),
        Call("dam_find_mismatch", {**where, **one, "wait_timeout": 0}),
        Call("dam_subscriber_info", {**where, "target_host": "another"}),
    ]
    texts: list[str] = []
    results = play_modules(calls, tmp_path / "run", arguments=["-v"], output=texts)
    assert [result["failed"] for result in results] == [False, True, True, True, True]
    (shown,) = texts
    assert "another" in shown
    assert not HIDDEN.findall(shown)


def test_a_terminal_stays_clean_whatever_the_rows_hold(server: Scripted, tmp_path: Path) -> None:
    rows = [{"recordType": "KEYWORD", "recordAction": "CREATE", UGLY: UGLY, "more": [{UGLY: [UGLY]}]}]

    def pages(request: Request, _handler: Handler) -> Reply:
        return Reply(200, rows[int(parse_qs(urlsplit(request.target).query)["offset"][0]) :])

    serve(server, mismatches=pages)
    where = {"hostname": "127.0.0.1", "dx_protocol": "http", "dx_port": server.port}
    where |= {"dx_username": "admin", "dx_password": PASSWORD, "request_retries": 0}
    dest = tmp_path / "report.jsonl"
    args = {"subscriber_id": SUBSCRIBER["id"], "max_records": 10, "dest": str(dest), "format": "jsonl"}
    texts: list[str] = []
    (result,) = play_modules(
        [Call("dam_mismatch_report", {**where, **args})], tmp_path / "run", arguments=["-v"], output=texts
    )
    assert not result["failed"]
    assert "owned" in texts[0]
    assert not HIDDEN.findall(texts[0])
    assert json.loads(dest.read_text(encoding="utf-8")) == rows[0]
    assert not HIDDEN.findall("".join(result["columns"]) + str(result["records"]))


@pytest.mark.parametrize("header", ["gzip, gzip", "br"])
def test_what_is_compressed_twice_is_not_unpacked(server: Scripted, tmp_path: Path, header: str) -> None:
    packed = gzip.compress(gzip.compress(b" " * (1 << 28)))
    serve(server, mismatches=lambda *_: Reply(200, packed, (("Content-Encoding", header),)))
    outcome = run(server, "dam_mismatch_report", tmp_path / "run", subscriber_id=SUBSCRIBER["id"])
    refused(outcome, "compressed in a way that is not read")


def test_formulas_and_controls_in_rows_stay_data(server: Scripted, tmp_path: Path) -> None:
    names = ['=HYPERLINK("http://evil","x")', "@SUM(1)", "+1+cmd|' /C calc'!A0", UGLY, '"\r\n=1+1', "a,b;c\td"]
    rows = [{"id": str(n), "recordType": "KEYWORD", "recordAction": "CREATE", "name": x} for n, x in enumerate(names)]

    def pages(request: Request, _handler: Handler) -> Reply:
        offset = int(parse_qs(urlsplit(request.target).query)["offset"][0])
        return Reply(200, rows[offset:])

    serve(server, mismatches=pages)
    dest = tmp_path / "report.csv"
    outcome = run(server, "dam_mismatch_report", tmp_path / "run", subscriber_id=SUBSCRIBER["id"], dest=str(dest))
    assert outcome.ok, outcome.message
    with open(dest, newline="", encoding="utf-8") as file:
        kept = [row["name"] for row in csv.DictReader(file)]
    assert len(kept) == len(names)
    assert not any(name.lstrip().startswith(("=", "+", "-", "@")) for name in kept)


def test_a_cookie_for_others_goes_nowhere(server: Scripted, tmp_path: Path) -> None:
    server.says_to_logins(
        Reply(
            200,
            {},
            (
                ("Set-Cookie", "Evil=1; Domain=example.com; Path=/"),
                ("Set-Cookie", f"LtpaToken2={TOKEN}; Path=/; HttpOnly"),
                ("Set-Cookie", "JSESSIONID=abc; Domain=127.0.0.1; Path=/"),
            ),
        )
    )
    serve(server, subscriber=lambda *_: Reply(200, [SUBSCRIBER], (("Set-Cookie", "LtpaToken2=changed; Path=/"),)))
    outcome = run(server, "dam_operations_info", tmp_path / "run", wait=True)
    assert outcome.ok, outcome.message
    assert {request.headers.get("cookie") for request in server.calls} == {f"LtpaToken2={TOKEN}"}


def test_a_server_that_gives_everything_back_gives_no_secret_away(server: Scripted, tmp_path: Path) -> None:
    """An error page that shows the request, as some proxies make them, with its cookie and what the login held."""

    def mirror(request: Request, _handler: Handler) -> Reply:
        said = json.dumps({"headers": request.headers, "password": PASSWORD, "line": request.target})
        body = {"error": {"statusCode": "500", "message": f"{PASSWORD} {TOKEN}", "details": said}}
        headers = (("X-Token", TOKEN), ("Location", f"http://evil.example.com/{TOKEN}"))
        return Reply(500, body, headers)

    serve(server, subscriber=mirror, mismatches=mirror, operations=mirror)
    for module, args in (
        ("dam_subscriber_info", {}),
        ("dam_operations_info", {}),
        ("dam_find_mismatch", {"subscriber_id": TOKEN}),
        ("dam_mismatch_report", {"all_subscribers": True}),
    ):
        refused(run(server, module, tmp_path / module, **args), "500")  # which looks for the secrets, too
