# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One scene for each thing that a module does: where it begins, where it can be hit, and how it has to end."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from damsim.names import RecordType
from damsim.seeds.library import record_id
from support.scenes import (
    COMPARED,
    api,
    compared,
    keep_operations,
    log_mismatches,
    named,
    of_subscriber,
    register,
    registration,
    server_rows,
    warned,
)
from support.standin import StandIn

Options = dict[str, Any]
NEW_HOST = "127.0.0.9:4711"
# What is there from an earlier run, where a scene writes a report.
OLD_REPORT = b"recordType,recordAction\r\nKEYWORD,CREATE\r\n"


@dataclass(frozen=True)
class Point:
    """A request of a scene: the one after ``skip`` others that ``method`` and ``path`` (a pattern) fit."""

    name: str
    method: str
    path: str
    skip: int = 0
    at_subscriber: bool = False

    @property
    def write(self) -> bool:
        """Whether the request changes something."""
        return self.method != "GET" and not self.login

    @property
    def login(self) -> bool:
        """Whether it is the login."""
        return self.path.endswith("login")

    @property
    def rows(self) -> bool:
        """Whether it asks for a page of rows."""
        return self.method == "GET" and self.path.startswith(("/staging/mismatches", "/operations"))

    @property
    def line(self) -> str:
        """Return a pattern for the request's first line."""
        return f"^{self.method} \\S*{self.path.replace('$', ' ')}"


@dataclass(frozen=True)
class Scene:
    """``begin`` returns the options; ``wrong`` what is not as it has to be after a run that went well, else "".

    ``job`` is the server's function that may run once at most; ``sends_again`` says that a change which did not arrive
    is sent once more.
    """

    name: str
    module: str
    begin: Callable[[StandIn, Path], Options]
    wrong: Callable[[StandIn, Path, Mapping[str, Any]], str]
    points: tuple[Point, ...]
    job: str = ""
    sends_again: tuple[str, ...] = ()
    options: Options = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    """Faults that may well be what a release answers."""


def _favorite(label: str) -> dict[str, Any]:
    return {"type": RecordType.FAVORITE, "id": record_id(RecordType.FAVORITE, label)}


def _keyword(label: str) -> dict[str, Any]:
    return {"type": RecordType.KEYWORD, "id": record_id(RecordType.KEYWORD, label)}


# Of two types only: to count what differs costs requests for each, and no fault cares how many there are.
DAMAGE = [
    {**_keyword("logo.png/brand"), "action": "DELETE"},
    {**_keyword("hero.jpg/spring"), "action": "DELETE"},
    {**_keyword("logo.png/logo"), "action": "UPDATE", "body": {"keyword": "Logo"}},
    *({**_keyword(f"left over {n}"), "action": "CREATE", "body": {"keyword": f"left over {n}"}} for n in range(8)),
    {**_favorite("hero.jpg/ben"), "action": "DELETE"},
    {**_favorite("logo.png/anna"), "action": "UPDATE", "body": {"userId": "Anna"}},
]


def reset(standin: StandIn, faster: float) -> None:
    """Bring the servers to where every scene begins: a subscriber that differs a little."""
    standin.reset("clean", faster)
    standin.post("/_sim/records", DAMAGE, at=standin.subscribers[0])


LOGIN = Point("login", "POST", "/auth/login")
LIST = Point("before", "GET", "/staging/subscriber$")
ONE = "/staging/subscriber/[^ ?]+"


def report_path(folder: Path) -> Path:
    """Return where a scene's report goes."""
    return folder / "report.csv"


def _old_comparison(standin: StandIn, folder: Path) -> Options:
    compared(standin, age=7200)
    keep_operations(standin)
    return named(standin)


def _comparison(standin: StandIn, folder: Path) -> Options:
    compared(standin)
    keep_operations(standin)
    return named(standin)


def _report(folder: Path) -> Options:
    report_path(folder).write_bytes(OLD_REPORT)
    return {"dest": str(report_path(folder))}


def _with_file(standin: StandIn, folder: Path) -> Options:
    return {**_comparison(standin, folder), **_report(folder), "page_size": 5, "prefetch": 2}


def _queue(standin: StandIn, folder: Path) -> Options:
    added = {"triggerFunction": "syncStagingMediaContent", "status": "TODO", "moves": True, "times": 5}
    standin.post("/_sim/operations", added)
    return {"wait": True}


def _new_host(standin: StandIn, folder: Path) -> Options:
    return {"target_host": NEW_HOST, "enabled": False}


def _old_host(standin: StandIn, folder: Path) -> Options:
    one = register(standin, standin.publisher, NEW_HOST)
    return {"subscriber_id": one["id"], "state": "absent", "confirm_restage": True}


def found(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return type, action and id of mismatch rows, sorted."""
    return sorted((row["recordType"], row["recordAction"], row["recordId"]) for row in rows)


def _not_compared(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    there = found(server_rows(standin, of_subscriber(standin)))
    differs = sorted(tuple(row) for row in standin.expected()["rows"])
    if registration(standin).get("resyncStatus") != COMPARED or there != differs:
        return "the comparison did not find what differs"
    told = result["mismatch_count"], result["in_sync"]
    return "" if told == (len(there), False) else f"it tells {told}"


def _not_repaired(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    for place in reversed(standin.places):
        standin.get("/_sim/idle", at=place)
    if result["failed_operations"]:
        return "operations failed"
    return "" if standin.digests_equal() else "the data differ"


def _not_deleted(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    return "logs are left" if server_rows(standin, of_subscriber(standin)) else ""


def _not_reported(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    if not result["accurate"]:
        return "" if warned(result, "while they were read") else "it does not warn"
    with open(report_path(folder), newline="", encoding="utf-8") as file:
        rows = found(list(csv.DictReader(file)))
    if rows != found(server_rows(standin, of_subscriber(standin))):
        return "the file is not what the server has"
    return "" if result["count"] == len(rows) else "the count is wrong"


def _not_what_differs(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    kinds = ("KEYWORD", "FAVORITE")
    differs = sorted(tuple(row) for row in standin.expected()["rows"] if row[0] in kinds)
    if result["unjudged"]:
        return "it is said to be equal" if result["equal"] else ""
    with open(report_path(folder), newline="", encoding="utf-8") as file:
        rows = found(list(csv.DictReader(file)))
    return "" if rows == differs else "the file is not what differs"


def _not_idle(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    busy = [one for one in api(standin, "GET", "/operations?limit=1000") if one["status"] not in ("FAILED", "ABORT")]
    return "" if result["idle"] and not busy else "the queue is not idle"


def _not_ready(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    return "" if result["ready"] and len(result["checks"]) > 5 else "it is not ready"


def _not_settled(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    return "" if result["settled"] and result["busy"] is None else "it is not settled"


def _not_listed(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    listed = [one["subscriber_id"] for one in result["subscribers"]]
    return "" if listed == [one.id for one in standin.subscribers] else f"it lists {listed}"


def _hosts(standin: StandIn) -> list[str]:
    return [one["targetHost"] for one in api(standin, "GET", "/staging/subscriber")]


def _not_changed(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    return "" if registration(standin)["cycleLength"] == 30 else "the cycle is another"


def _not_registered(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    return "" if _hosts(standin).count(NEW_HOST) == 1 else "it is not registered once"


def _not_gone(standin: StandIn, folder: Path, result: Mapping[str, Any]) -> str:
    return "it is still registered" if NEW_HOST in _hosts(standin) or len(_hosts(standin)) != 1 else ""


def _rows_of_nobody(standin: StandIn, folder: Path) -> Options:
    log_mismatches(standin, [("KEYWORD", "CREATE", "1")])
    return {}


SCENES = (
    Scene(
        "find",
        "dam_find_mismatch",
        _old_comparison,
        _not_compared,
        (
            LOGIN,
            LIST,
            Point("clear", "DELETE", "/staging/mismatches"),
            Point("trigger", "PATCH", ONE),
            Point("after", "GET", ONE, skip=2),
        ),
        job="findStagingMismatch",
        sends_again=("trigger",),
    ),
    Scene(
        "resync",
        "dam_resync",
        _comparison,
        _not_repaired,
        (
            Point("before", "GET", "/staging/mismatches"),
            Point("guard", "GET", "/staging/subscriber$", at_subscriber=True),
            Point("look", "GET", ONE),
            Point("trigger", "PATCH", ONE),
            Point("after", "GET", ONE, skip=1),
            Point("drain", "GET", "/operations", skip=2, at_subscriber=True),
        ),
        job="resyncSubscriber",
    ),
    Scene(
        "delete logs",
        "dam_delete_mismatch",
        _comparison,
        _not_deleted,
        (LIST, Point("trigger", "DELETE", "/staging/mismatches"), Point("after", "GET", "/staging/mismatches", skip=2)),
    ),
    Scene(
        "report",
        "dam_mismatch_report",
        _with_file,
        _not_reported,
        (
            LOGIN,
            Point("first page", "GET", "/staging/mismatches"),
            # By its offset: of pages that are read ahead either can come first, and one may be beyond the end.
            Point("later page", "GET", r"/staging/mismatches[?]\S*offset=7&"),
        ),
    ),
    Scene(
        "operations",
        "dam_operations_info",
        _queue,
        _not_idle,
        (LOGIN, Point("first", "GET", "/operations"), Point("later", "GET", "/operations", skip=1)),
    ),
    Scene(
        "preflight",
        "dam_preflight",
        _comparison,
        _not_ready,
        (LIST, Point("subscriber", "GET", "/staging/subscriber$", at_subscriber=True)),
        options={"before": "resync"},
    ),
    Scene(
        "settle",
        "dam_settle",
        _comparison,
        _not_settled,
        (LIST, Point("subscriber", "GET", "/operations", at_subscriber=True)),
    ),
    Scene("list", "dam_subscriber_info", _rows_of_nobody, _not_listed, (LOGIN, LIST)),
    Scene(
        "change",
        "dam_subscriber",
        lambda standin, _folder: named(standin),
        _not_changed,
        (LIST, Point("trigger", "PATCH", ONE)),
        options={"cycle_length": 30},
    ),
    Scene(
        "register",
        "dam_subscriber",
        _new_host,
        _not_registered,
        (LOGIN, Point("trigger", "POST", "/staging/subscriber$")),
    ),
    Scene("deregister", "dam_subscriber", _old_host, _not_gone, (LIST, Point("trigger", "DELETE", ONE))),
    Scene(
        "drift",
        "dam_drift_info",
        lambda standin, folder: {**named(standin), **_report(folder)},
        _not_what_differs,
        (
            Point("window", "GET", "/staging/records/", skip=1),
            Point("subscriber", "GET", "/staging/records/", skip=1, at_subscriber=True),
            Point("ids", "GET", "/staging/records[?]", at_subscriber=True),
        ),
        options={"record_type": ["KEYWORD", "FAVORITE"], "concurrency": 2},
        takes=("400",),
    ),
)
