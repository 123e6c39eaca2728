# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every point of every module: the right end or a clear error, one run at most, and it converges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faults import tables
from faults.bench import Outcome, Run
from faults.catalogue import FAULTS, Fault
from faults.proxy import Proxy
from faults.scenes import SCENES, Point, Scene, report_path
from support.connections import connection_to
from support.scenes import fault, registration, runs_started
from support.scripted import Reply, Scripted, scripted
from tooling.paths import ROOT
from tooling.standin import StandIn

Cell = tuple[Fault, Scene, Point]
# Whether a request that only reads reached the server makes no difference to it.
CELLS = [
    (what, scene, point)
    for scene in SCENES
    for point in scene.points
    for what in FAULTS
    if point.write or not what.same_for_reads
]
PATIENCE = {"request_timeout": 1, "request_retries": 3}
WAITS = {"wait_timeout": 1200, "wait_sleep": 5, "error_timeout": 300}
WAITING = ("dam_find_mismatch", "dam_resync", "dam_settle", "dam_operations_info")
# Those that need the subscriber's own API.
OTHER = ("dam_resync", "dam_settle", "dam_preflight", "dam_drift_info")


@pytest.fixture(scope="session")
def thief() -> Iterator[Scripted]:
    """A server that nothing may ever be sent to."""
    with scripted() as server:
        server.says(Reply(200, []))
        yield server


def options_of(scene: Scene, standin: StandIn, folder: Path, proxies: tuple[Proxy, Proxy], lasting: bool) -> Any:
    """Bring the servers to where the scene begins; return the options."""
    options = {**connection_to(standin), "dx_port": proxies[0].port, **PATIENCE, **scene.options}
    options |= scene.begin(standin, folder)
    if scene.module in WAITING:
        options |= WAITS | ({"error_timeout": 10, "wait_timeout": 40} if lasting else {})
    if scene.module in OTHER:
        options["subscriber"] = {"dx_port": proxies[1].port}
    return options


def arm(what: Fault, point: Point, standin: StandIn, proxies: tuple[Proxy, Proxy], thief: Scripted) -> None:
    """Have the fault strike at the point."""
    if what.broken:
        proxies[point.at_subscriber].add(what.break_at(point.line, point.skip))
        return
    one = registration(standin)
    answer = json.dumps(dict(what.answer)).replace("THIEF", f"127.0.0.1:{thief.port}")
    filled = json.loads(answer.replace('\\"ID\\"', f'\\"{one["id"]}\\"').replace("HOST", one["targetHost"]))
    times = 10**6 if what.lasting else 1
    place = standin.subscribers[0] if point.at_subscriber else standin.publisher
    fault(standin, at=place, method=point.method, path=point.path, skip=point.skip, times=times, **filled)


def struck(what: Fault, point: Point, standin: StandIn, proxies: tuple[Proxy, Proxy]) -> bool:
    """Tell whether the fault has struck, and take away what is left of it."""
    if what.broken:
        hit = proxies[point.at_subscriber].struck > 0
    else:
        place = standin.subscribers[0] if point.at_subscriber else standin.publisher
        left = standin.get("/_sim/faults", at=place)
        hit = not left or (what.lasting and left[0]["times"] < 10**6)
        standin.delete("/_sim/faults", at=place)
    for proxy in proxies:
        proxy.clear()
        proxy.struck = 0
    return hit


def expected(what: Fault, scene: Scene, point: Point) -> str:
    """Return what has to come of the fault: ok, refused or any."""
    if what.name in scene.takes:
        return "any"
    if point.login and what.at_login:
        return what.at_login
    if not point.write:
        return what.read
    if what.fate == "lost":
        return "ok" if point.name in scene.sends_again else "refused"
    return {"arrived": "ok", "denied": "refused", "any": "any"}[what.fate]


def check(outcome: Outcome, folder: Path, dest: Path, secrets: set[str]) -> None:
    """Check what has to hold for every run, whatever came of it."""
    assert outcome.result is not None, f"no result: {outcome.text}{outcome.errors}"
    assert "Traceback" not in outcome.text + outcome.errors
    assert not outcome.errors
    assert outcome.ok or len(outcome.message) > 20, outcome.text
    for secret in secrets:
        assert secret not in outcome.text
    assert list(folder.iterdir()) == [], "something is left in the module's own folder"
    assert {each.name for each in dest.iterdir()} <= {report_path(dest).name}


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell", CELLS, ids=[f"{scene.name}-{point.name}-{what.name}".replace(" ", "_") for what, scene, point in CELLS]
)
def test_a_fault(
    cell: Cell,
    damsim: StandIn,
    proxies: tuple[Proxy, Proxy],
    forks: None,
    thief: Scripted,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
    new_folder: Callable[[], Path],
) -> None:
    what, scene, point = cell
    number = f"{scene.points.index(point)} {point.name}"
    dest = tmp_path / "reports"
    dest.mkdir()
    for proxy in proxies:
        proxy.clear()
        proxy.struck = 0
    options = options_of(scene, damsim, dest, proxies, what.lasting)
    arm(what, point, damsim, proxies, thief)
    mark = "!"
    try:
        folder = new_folder()
        first = Run(scene.module, options, folder).end()
        hit = struck(what, point, damsim, proxies)
        secrets = {damsim.password} | proxies[0].tokens | proxies[1].tokens
        check(first, folder, dest, secrets)
        wanted = expected(what, scene, point) if hit else "ok"
        came = "ok" if first.ok else "refused"
        assert wanted in (came, "any"), f"{wanted} was to be expected: {first.text}"
        if first.ok:
            assert not scene.wrong(damsim, dest, first.result or {})
        else:
            assert not report_path(dest).exists(), "a report that failed left a file"
        if scene.job:
            assert runs_started(damsim, scene.job) <= 1
        # Running again converges, whatever came of it.
        folder = new_folder()
        if scene.module in WAITING:
            options |= WAITS
        again = Run(scene.module, options, folder).end()
        check(again, folder, dest, secrets)
        assert again.ok, again.text
        if scene.module not in ("dam_resync", "dam_subscriber") or (again.result or {}).get("subscriber"):
            assert not scene.wrong(damsim, dest, {"failed_operations": [], **(again.result or {})})
        if scene.job:
            assert runs_started(damsim, scene.job) == 1
        assert thief.requests == []
        mark = ("✓" if first.ok else "✗") if hit else "∅"
    finally:
        record_property(tables.CELL, [what.name, scene.name, number, mark])


def test_every_module_is_in_the_matrix() -> None:
    there = {file.stem for file in (ROOT / "plugins" / "modules").glob("dam_*.py")}
    assert there == {scene.module for scene in SCENES}
