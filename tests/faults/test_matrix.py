# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every point of every module: the right end or a clear error, one run at most, and it converges."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faults import tables
from faults.catalogue import FAULTS, Fault
from faults.proxy import Proxy
from faults.scenes import SCENES, Point, Scene
from faults.stage import HANGING, QUICK, SHORT_WAITS, WAITING, Stage
from functional.conftest import RunModules
from support.playbooks import Call
from support.scenes import compared, keep_operations, named, runs_started
from support.scripted import Scripted
from support.standin import StandIn
from tooling.paths import ROOT

Cell = tuple[Fault, Scene, Point]
ALL_CELLS = [
    (what, scene, point)
    for scene in SCENES
    for point in scene.points
    for what in FAULTS
    if what.can_strike(point.write, point.rows)
]


def chosen_cells() -> list[Cell]:
    """Return a read and a write for each fault, each at the point that has met the fewest faults so far."""
    cells: list[Cell] = []
    met: Counter[tuple[str, str]] = Counter()
    for what, write in itertools.product(FAULTS, (False, True)):
        there = [cell for cell in ALL_CELLS if cell[0] is what and cell[2].write is write]
        if there:
            cells.append(min(there, key=lambda cell: met[cell[1].name, cell[2].name]))
            met[cells[-1][1].name, cells[-1][2].name] += 1
    return cells


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give ``test_a_fault`` the chosen cells, or with ``--all-cells`` each fault at each point."""
    if "cell" in metafunc.fixturenames:
        cells = ALL_CELLS if metafunc.config.getoption("all_cells") else chosen_cells()
        names = [f"{scene.name}-{point.name}-{what.name}".replace(" ", "_") for what, scene, point in cells]
        metafunc.parametrize("cell", cells, ids=names)


BY_NAME = {what.name: what for what in FAULTS}
# So that a server that was away for a moment is back before the last attempt, however busy this machine is.
MANY = 8


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


def test_a_fault(
    cell: Cell,
    damsim_process: StandIn,
    proxies: tuple[Proxy, Proxy],
    thief: Scripted,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    what, scene, point = cell
    stage = Stage(scene, damsim_process, proxies, tmp_path, HANGING if what.hangs else QUICK)
    stage.begin()
    if what.broken.get("kind") == "refuse":
        stage.options["request_retries"] = MANY
    mark = "!"
    try:
        stage.arm(what, point, thief)
        first = stage.run(**(SHORT_WAITS if what.lasting and scene.module in WAITING else {}))
        hit = stage.struck(what, point)
        assert hit or point.skip, "there was no such request"
        wanted = expected(what, scene, point) if hit else "ok"
        assert wanted in ("ok" if first.ok else "refused", "any"), f"{wanted} was to be expected: {first.text}"
        if first.ok:
            stage.right(first)
        # Running again converges, whatever came of it.
        again = stage.run()
        assert again.ok, again.text
        if scene.module != "dam_resync" or (again.result or {}).get("subscriber"):
            assert not scene.wrong(damsim_process, stage.dest, {"failed_operations": [], **(again.result or {})})
        assert stage.started() == bool(scene.job)
        assert thief.requests == []
        mark = ("✓" if first.ok else "✗") if hit else "∅"
    finally:
        number = f"{scene.points.index(point)} {point.name}"
        record_property(tables.CELL, [what.name, scene.name, number, mark])


SAMPLE = ("502 afterwards", "400")


@pytest.mark.parametrize("name", SAMPLE)
def test_a_fault_in_a_playbook(
    name: str,
    damsim: StandIn,
    proxies: tuple[Proxy, Proxy],
    thief: Scripted,
    run_tasks: RunModules,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    find = next(scene for scene in SCENES if scene.name == "find")
    point = next(point for point in find.points if point.name == "trigger")
    what = BY_NAME[name]
    compared(damsim, age=7200)
    keep_operations(damsim)
    stage = Stage(find, damsim, proxies, tmp_path)
    for proxy in proxies:
        proxy.forget()
    mark = "!"
    try:
        stage.arm(what, point, thief)
        (result,) = run_tasks([Call("dam_find_mismatch", {**named(damsim), "dx_port": proxies[0].port})])
        assert stage.struck(what, point)
        assert expected(what, find, point) == ("refused" if result["failed"] else "ok"), result
        if result["failed"]:
            assert len(result["msg"]) > 20
        else:
            assert not find.wrong(damsim, tmp_path, result)
        assert runs_started(damsim) == (not result["failed"])
        mark = "✗" if result["failed"] else "✓"
    finally:
        record_property(tables.CELL, [what.name, "find in a playbook", "0 trigger", mark])


def test_every_point_of_every_module_meets_a_fault() -> None:
    there = {file.stem for file in (ROOT / "plugins" / "modules").glob("dam_*.py")}
    assert there == {scene.module for scene in SCENES}
    points = [(scene.name, point.name) for scene in SCENES for point in scene.points]
    met = {(scene.name, point.name) for _what, scene, point in chosen_cells()}
    assert [each for each in points if each not in met] == []
    assert {what.name for what, _scene, _point in chosen_cells()} == set(BY_NAME)
