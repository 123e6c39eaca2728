# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes on during a whole run: clocks that differ, and tokens that expire at every single request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from faults import tables
from faults.proxy import Proxy
from faults.scenes import SCENES, Scene
from faults.stage import Stage
from support.scenes import COMPARED, fault, sent, server_time, set_status
from support.standin import Place, StandIn

HOUR, YEAR = 3600.0, 365 * 86400.0
EXPIRED = {"kind": "status", "status": 401, "path": "^/dx/api/dam/"}
# More than any scene sends to one server.
MANY = 300

Record = Callable[[str, Any], None]

every_scene = pytest.mark.parametrize("scene", SCENES, ids=[scene.name.replace(" ", "_") for scene in SCENES])


@dataclass(frozen=True)
class Clocks:
    """What the clocks show: errors of the servers' in seconds, and when the last run is said to have been."""

    name: str
    publisher: float = 0.0
    subscriber: float = 0.0
    last_run: Callable[[StandIn], str | None] | None = None
    refused: tuple[str, ...] = field(default=())
    """Scenes that have to refuse to work on that."""


CLOCKS = (
    Clocks("all servers a year ahead", YEAR, YEAR),
    Clocks("all servers a year behind", -YEAR, -YEAR),
    Clocks("publisher an hour ahead", publisher=HOUR),
    Clocks("subscriber an hour ahead", subscriber=HOUR),
    Clocks(
        "last run tomorrow",
        last_run=lambda standin: server_time(standin, ago=-86400),
        refused=("resync", "preflight"),
    ),
    Clocks("last run in 1970", last_run=lambda _standin: "1970-01-01T00:00:00.000Z", refused=("resync", "preflight")),
    Clocks("last run at no time", last_run=lambda _standin: "yesterday", refused=("resync", "preflight")),
    Clocks("last run unknown", last_run=lambda _standin: None, refused=("resync", "preflight")),
)


@pytest.mark.slow
@every_scene
@pytest.mark.parametrize("clocks", CLOCKS, ids=[clocks.name.replace(" ", "_") for clocks in CLOCKS])
def test_clocks_that_differ(
    clocks: Clocks,
    scene: Scene,
    damsim_process: StandIn,
    proxies: tuple[Proxy, Proxy],
    tmp_path: Path,
    record_property: Record,
) -> None:
    standin = damsim_process
    stage = Stage(scene, standin, proxies, tmp_path)
    mark = "!"
    try:
        stage.begin(
            {
                standin.publisher: {"clock_skew": clocks.publisher},
                standin.subscribers[0]: {"clock_skew": clocks.subscriber},
            }
        )
        if clocks.last_run is not None:
            standin.post(f"/_sim/subscribers/{standin.subscribers[0].id}", {"lastResyncTime": clocks.last_run(standin)})
        first = stage.run()
        assert first.ok == (scene.name not in clocks.refused), first.text
        if first.ok:
            stage.right(first)
        else:
            set_status(standin, COMPARED)
            stage.right(stage.run())
        mark = "✓" if first.ok else "✗"
    finally:
        record_property(tables.CELL, [clocks.name, scene.name, "", mark])


@pytest.mark.slow
@every_scene
def test_a_token_that_expires_at_any_request_is_renewed(
    scene: Scene,
    damsim_process: StandIn,
    proxies: tuple[Proxy, Proxy],
    tmp_path: Path,
    record_property: Record,
) -> None:
    struck, mark = 0, "!"
    try:
        stage = Stage(scene, damsim_process, proxies, tmp_path / "whole")
        stage.begin()
        stage.right(stage.run())
        for place, number in list(requests_of_each_kind(damsim_process)):
            stage = Stage(scene, damsim_process, proxies, tmp_path / f"{place.name}-{number}")
            stage.begin()
            fault(damsim_process, at=place, skip=number, **EXPIRED)
            outcome = stage.run()
            struck += not damsim_process.get("/_sim/faults", at=place)
            damsim_process.delete("/_sim/faults", at=place)
            stage.right(outcome)
        # A request more or less than in the first run, where something is waited for, but no more than that.
        assert struck > 0
        mark = "✓"
    finally:
        record_property(tables.CELL, ["token expired at any request", scene.name, "", mark])
        record_property(tables.FIGURE, ["requests at which a token expired", struck, ""])


@pytest.mark.slow
@every_scene
def test_tokens_that_last_for_one_request_do_for_all(
    scene: Scene,
    damsim_process: StandIn,
    proxies: tuple[Proxy, Proxy],
    tmp_path: Path,
    record_property: Record,
) -> None:
    mark = "!"
    try:
        stage = Stage(scene, damsim_process, proxies, tmp_path)
        stage.begin()
        for name in {"prefetch", "concurrency"} & stage.options.keys():
            stage.options[name] = 1  # two threads would use one token at the same time
        for place in damsim_process.places:
            # A fault counts only those requests that no earlier one struck: so every second one is refused.
            damsim_process.post("/_sim/faults", [{**EXPIRED, "skip": number} for number in range(MANY)], at=place)
        outcome = stage.run()
        left = len(damsim_process.get("/_sim/faults"))
        assert 0 < left < MANY
        for place in damsim_process.places:
            damsim_process.delete("/_sim/faults", at=place)
        stage.right(outcome)
        mark = "✓"
    finally:
        record_property(tables.CELL, ["token for one request", scene.name, "", mark])


def requests_of_each_kind(standin: StandIn) -> Iterator[tuple[Place, int]]:
    """Yield the server and the number, there, of the first and the last request of each kind that a module has sent."""
    for place in standin.places:
        dam = [each for each in sent(standin) if each["env"] == place.name and "/api/dam/" in each["path"]]
        first: dict[tuple[str, str], int] = {}
        last: dict[tuple[str, str], int] = {}
        for number, each in enumerate(dam):
            kind = each["method"], each["path"]
            first.setdefault(kind, number)
            last[kind] = number
        for number in sorted({*first.values(), *last.values()}):
            yield place, number
