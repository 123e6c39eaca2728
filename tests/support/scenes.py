# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States of the servers that a test begins with, put there at once, and what the servers say happened."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event, Thread
from typing import Any

from support.standin import Place, StandIn

COMPARED = "FIND_MISMATCH_COMPLETED"
AGENT = "tests"
LOGIN = "/auth/login"
DAM = "/dx/api/dam/v1"

Row = dict[str, Any]


def server_time(standin: StandIn, ago: float = 0.0) -> str:
    """Return the publisher's time as the API writes it, ``ago`` of its seconds before now."""
    now = datetime.fromisoformat(standin.post("/_sim/advance", {"seconds": 0})["now"])
    return (now - timedelta(seconds=ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def registration(standin: StandIn, number: int = 0) -> Row:
    """Return a subscriber's registration as the publisher has it, without asking its API."""
    found: Row = standin.post(f"/_sim/subscribers/{standin.subscribers[number].id}", {})
    return found


def set_status(standin: StandIn, status: str | None, age: float | None = 0.0, number: int = 0) -> None:
    """Give a subscriber a ``resyncStatus``, and a ``lastResyncTime`` so many of the server's seconds old."""
    moved = None if age is None else server_time(standin, age)
    fields = {"resyncStatus": status, "lastResyncTime": moved}
    standin.post(f"/_sim/subscribers/{standin.subscribers[number].id}", fields)


def log_mismatches(standin: StandIn, found: Iterable[tuple[str | None, str | None, str]], number: int = 0) -> None:
    """Append mismatch logs: (type, action, record id). ``None`` leaves a column out."""
    subscriber = standin.subscribers[number].id
    rows = [
        {"id": f"log-{position}", "subscriberId": subscriber, "recordId": record}
        | ({"recordType": record_type} if record_type else {})
        | ({"recordAction": action} if action else {})
        for position, (record_type, action, record) in enumerate(found)
    ]
    standin.post("/_sim/mismatches", rows)


def compared(standin: StandIn, age: float = 0.0, number: int = 0) -> int:
    """Make it look as if a comparison had ended and found what really differs; return the number of its rows."""
    found = standin.expected(number)["rows"]
    log_mismatches(standin, [tuple(row) for row in found], number)
    set_status(standin, COMPARED, age, number)
    return len(found)


def numbered(record_type: str | None, action: str | None, count: int) -> list[tuple[str | None, str | None, str]]:
    """Return so many mismatches of records that do not exist."""
    return [(record_type, action, f"{record_type}-{action}-{number}") for number in range(count)]


def fault(standin: StandIn, at: Place | None = None, **what: Any) -> None:
    """Have a request go wrong; see the stand-in's faults."""
    standin.post("/_sim/faults", [what], at=at)


def keep_operations(standin: StandIn) -> None:
    """Have the publisher keep the operations that it did well, so that they can be counted."""
    standin.settings(at=standin.publisher, success_linger=1e6)


def runs_started(standin: StandIn, function: str = "findStagingMismatch") -> int:
    """Return how many comparisons (or with ``resyncSubscriber`` resyncs) the publisher began; see keep_operations."""
    queue = api(standin, "GET", f"/operations?triggerFunctions={function}&limit=1000")
    return sum(each["triggerFunction"] == function for each in queue)


def server_rows(standin: StandIn, query: str = "") -> list[Row]:
    """Return the mismatch logs as the publisher gives them; ``query`` is like ``subscriberId=...&recordType=...``."""
    rows: list[Row] = []
    while page := api(standin, "GET", f"/staging/mismatches?offset={len(rows)}&limit=1000&{query}"):
        rows += page
    return rows


def of_subscriber(standin: StandIn, number: int = 0) -> str:
    """Return the query of the mismatch logs of one subscriber."""
    return f"subscriberId={standin.subscribers[number].id}"


def register(standin: StandIn, at: Place, target_host: str) -> Row:
    """Register a subscriber at an environment, switched off so that nothing is staged to it."""
    body: Row = api(standin, "POST", "/staging/subscriber", {"targetHost": target_host, "status": False}, at)
    return body


def api(standin: StandIn, method: str, path: str, body: Any = None, at: Place | None = None) -> Any:
    """Call the DAM API of an environment (the publisher) as the administrator; return the answer's JSON."""
    place = at or standin.publisher
    with _open(place, method, f"{DAM}{path}", body, token(standin, place)) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def token(standin: StandIn, at: Place | None = None) -> str:
    """Log in as the administrator at an environment (the publisher); return the token."""
    login = {"username": standin.username, "password": standin.password}
    with _open(at or standin.publisher, "POST", f"/dx/api/core/v1{LOGIN}", login) as answer:
        cookie: str = answer.headers["Set-Cookie"]
    return cookie.partition(";")[0].partition("=")[2]


def _open(place: Place, method: str, path: str, body: Any, ltpa: str = "") -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, "Cookie": f"LtpaToken2={ltpa}"}
    request = urllib.request.Request(f"{place.url}{path}", data, headers, method=method)
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)


def sent(standin: StandIn) -> list[Row]:
    """Return what the modules sent, in order, without what the tests themselves asked."""
    return [each for each in standin.requests() if each["agent"] != AGENT]


def sent_by_task(standin: StandIn) -> list[list[Row]]:
    """Return what each task sent. A task begins with its login at the publisher."""
    number = 0

    def task_of(request: Mapping[str, Any]) -> int:
        nonlocal number
        number += request["env"] == standin.publisher.name and is_login(request)
        return number

    return [list(requests) for _number, requests in groupby(sent(standin), task_of)]


def is_login(request: Mapping[str, Any]) -> bool:
    """Tell whether a logged request is a login."""
    return bool(request["path"].endswith(LOGIN))


def writes(requests: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return method and last part of the path of those requests that were neither GET nor the login."""
    return [
        f"{each['method']} {_kind(each['path'])}" for each in requests if each["method"] != "GET" and not is_login(each)
    ]


def _kind(path: str) -> str:
    return re.sub(r"^.*/(staging/)?(mismatches|subscriber|eventlogs).*$", r"\2", path)


def named(standin: StandIn, number: int = 0) -> dict[str, str]:
    """Return the option that names a subscriber."""
    return {"subscriber_id": standin.subscribers[number].id}


def shown(standin: StandIn, **fields: Any) -> str:
    """Return the body of an answer that shows the first subscriber with other fields than it has."""
    return json.dumps({**registration(standin), **fields})


def warned(result: Mapping[str, Any], *parts: str) -> bool:
    """Tell whether one of a result's warnings has all these words; ansible-core gives them as texts or objects."""
    texts = [json.dumps(each) for each in result.get("warnings", [])]
    return any(all(part in text for part in parts) for text in texts)


def triggers(standin: StandIn) -> int:
    """Return how often tasks asked the publisher for a comparison or a resync."""
    return writes(sent(standin)).count("PATCH subscriber")


def looked(path: str, times: int) -> Callable[[list[Row]], bool]:
    """Tell from what was sent whether so many GET requests went to an address that ``path`` (a pattern) fits."""
    return lambda requests: sum(e["method"] == "GET" and bool(re.search(path, e["path"])) for e in requests) >= times


@contextmanager
def once(
    seen: Callable[[list[Row]], bool], standin: StandIn, at: Place | None = None, **settings: Any
) -> Iterator[None]:
    """Change settings while the block runs, as soon as ``seen`` is true of what the modules sent: no race, no sleep."""
    with as_soon_as(lambda: seen(sent(standin)), lambda: standin.settings(at=at, **settings)):
        yield


@contextmanager
def meanwhile(happens: Callable[[], Any], standin: StandIn, at: Place | None = None, **request: Any) -> Iterator[None]:
    """Let something happen while the block runs, after a request was sent and before its answer; see ``fault``."""
    fault(standin, at=at, kind="delay", delay=1.5, **request)

    def struck() -> bool:
        return not standin.get("/_sim/faults", at=at)

    with as_soon_as(struck, happens):
        yield
        assert struck()


@contextmanager
def as_soon_as(seen: Callable[[], bool], act: Callable[[], Any]) -> Iterator[None]:
    """Act once while the block runs, as soon as ``seen()`` is true."""
    ended = Event()

    def watch() -> None:
        while not ended.wait(0.05):
            if seen():
                act()
                return

    thread = Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
