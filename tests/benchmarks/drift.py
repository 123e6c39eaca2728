# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last table: what the comparison of the records themselves takes, asked of the stand-in over HTTP.

Beside it is what reading all ids and hashes of both environments takes.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.run import Budget, Drift
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.answers import Raw
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import Client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from benchmarks.runs import Wrong
from benchmarks.tables import Cell, table
from damsim.names import RecordType
from damsim.seeds.large import MANIFEST
from damsim.store import Record, Records, connect
from support.records import digest
from support.scenes import DAM, token
from support.standin import Place, StandIn, options_for, started

TYPE = RecordType.KEYWORD
WINDOW, CONCURRENCY = 500, 8
# How many records differ, where, and how.
SCENARIOS = (
    (0, "spread", "changed"),
    (1, "spread", "deleted"),
    (100, "spread", "changed"),
    (100, "spread", "inserted"),
    (10_000, "spread", "changed"),
    (10_000, "clustered", "inserted"),
)
HEADS = ("differences", "found", "requests", "MB", "seconds")


@dataclass(frozen=True)
class Figures:
    """What one comparison found and took."""

    found: int
    requests: int
    bytes: int
    seconds: float

    def line(self, name: str) -> list[Cell]:
        """Return it as a line of a table."""
        return [name, self.found, self.requests, self.bytes / 1e6, self.seconds]


def compare(ours: Dam, theirs: Dam) -> tuple[int, int, float]:
    """Compare; return the differences found, the requests and the seconds."""
    budget = Budget(None, None)
    drift = Drift(
        ours,
        theirs,
        "subscriber",
        [TYPE.value],
        budget,
        concurrency=CONCURRENCY,
        window=WINDOW,
        max_window=None,
        directory=tempfile.gettempdir(),
    )
    begin = time.perf_counter()
    found = sum(len(rows) for rows in drift.rows())
    status = drift.verdicts[0].status
    if status not in ("equal", "different"):
        raise Wrong(f"{status}: {drift.verdicts[0].reason}")
    return found, budget.requests, time.perf_counter() - begin


def chosen(ids: Sequence[str], count: int, place: str) -> list[str]:
    """Return the ids of the records that are to differ."""
    if place == "spread":
        return [ids[(2 * number + 1) * len(ids) // (2 * count)] for number in range(count)]
    return list(ids[len(ids) // 3 :][:count])


class Weighing(Client):
    """A client that adds up what its answers weigh."""

    received = 0

    def _exchange(self, *what: Any) -> Raw:
        raw = super()._exchange(*what)
        Weighing.received += len(raw.text)
        return raw


def over_http(records: int) -> None:
    """Print the table for so many records on each side."""
    with tempfile.TemporaryDirectory(prefix="dam-bench-") as name:
        folder = Path(name)
        ids = make_seed(folder / "seed", records)
        options = options_for(str(folder / "seed"), 1, 1)
        lines: list[list[Cell]] = []
        with started(sys.executable, folder / "standin", *options) as standin:
            standin.settings(cycles=False)
            lines.append(_whole_lists(standin))
            for count, place, kind in SCENARIOS:
                if count > records // 10:
                    continue
                change(standin, chosen(ids, count, place) if count else [], kind)
                figures = _asked(standin)
                if figures.found != count:
                    raise Wrong(f"{figures.found} differences were found instead of {count}")
                lines.append(figures.line(f"{count:,} {place} {kind}" if count else "0"))
                standin.reset(str(folder / "seed"), 1)
                standin.settings(cycles=False)
        title = f"{records:,} records on each side, over HTTP, {CONCURRENCY} requests at a time, one server process"
        table(title, HEADS, [*lines[1:], lines[0]])


def make_seed(folder: Path, records: int) -> list[str]:
    """Make a seed of one type, without differences; return the ids in order."""
    folder.mkdir()
    ids = [digest(f"id {number}") for number in range(records)]
    with closing(connect(folder / "publisher.sqlite")) as connection:
        Records(connection).put_many(Record(TYPE, each, {"id": each, "keyword": each[:6]}) for each in ids)
    shutil.copyfile(folder / "publisher.sqlite", folder / "subscriber.sqlite")
    (folder / MANIFEST).write_text(json.dumps({"records": records, "mismatches": 0}), encoding="utf-8")
    return sorted(ids)


def change(standin: StandIn, ids: Sequence[str], kind: str) -> None:
    """Make the environments differ in these records."""
    place = standin.publisher if kind == "deleted" else standin.subscribers[0]
    action, body = ("UPDATE", {"keyword": "other"}) if kind == "changed" else ("DELETE", {})
    standin.post(
        "/_sim/records", [{"type": TYPE, "action": action, "id": each, "body": body} for each in ids], at=place
    )


def _dam(standin: StandIn, place: Place) -> Dam:
    port, who = place.port, (standin.username, standin.password)
    return Dam(Weighing(Connection(place.host, "http", port, port, Ltpa(*who))))


def _asked(standin: StandIn) -> Figures:
    dams = [_dam(standin, place) for place in (standin.publisher, standin.subscribers[0])]
    for dam in dams:
        dam.record_window(TYPE.value, 0, 1)  # logs in, and has the server's index made
    Weighing.received = 0
    found, requests, seconds = compare(dams[0], dams[1])
    return Figures(found, requests, Weighing.received, seconds)


def _whole_lists(standin: StandIn) -> list[Cell]:
    """Read all ids and hashes of both sides with one request each, as the collection's own client would not."""
    weight = 0
    begin = time.perf_counter()
    for place in standin.places:
        weight += len(_read(f"{place.url}{DAM}/staging/records?recordType={TYPE}", token(standin, place)))
    return ["both lists whole", None, 2, weight / 1e6, time.perf_counter() - begin]


def _read(url: str, ltpa: str) -> bytes:
    request = urllib.request.Request(url, headers={"Cookie": f"LtpaToken2={ltpa}"})
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
    json.loads(content)
    return content
