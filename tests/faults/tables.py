# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of faults tried and what came of it, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tooling.paths import BUILD

FILE = BUILD / "faults.md"
CELL, FIGURE = "faults_cell", "faults_figure"


def from_properties(properties: Iterable[tuple[str, Any]]) -> str:
    """Return all tables in Markdown; the empty string where there is nothing to tell.

    A ``CELL`` is ``[fault, scene, point, outcome]``, without a point where the fault lasts for the whole run; a
    ``FIGURE`` is ``[name, number, unit]``, and figures of one name are added up.
    """
    cells: list[list[str]] = []
    figures: dict[tuple[str, str], float] = {}
    for name, value in properties:
        if name == CELL:
            cells.append(value)
        elif name == FIGURE:
            what, number, unit = value
            figures[what, unit] = figures.get((what, unit), 0) + number
    at_points = [cell for cell in cells if cell[2]]
    throughout = [cell for cell in cells if not cell[2]]
    parts = [_matrix(part) for part in (at_points, throughout) if part]
    if cells:
        parts.append(_totals(cells))
    if figures:
        rows = [
            f"| {what} | {number:g} {unit} |".replace("  ", " ") for (what, unit), number in sorted(figures.items())
        ]
        parts.append("\n".join(["| what | how much |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n" if parts else ""


def _matrix(cells: list[list[str]]) -> str:
    """Faults down, scenes across; in a cell the outcome at each point, in the order of the scene."""
    scenes = list(dict.fromkeys(scene for _fault, scene, _point, _outcome in cells))
    faults = list(dict.fromkeys(fault for fault, _scene, _point, _outcome in cells))
    points = {scene: sorted({point for _f, s, point, _o in cells if s == scene}) for scene in scenes}
    outcomes = {(fault, scene, point): outcome for fault, scene, point, outcome in cells}
    lines = [f"| fault | {' | '.join(scenes)} |", f"|---|{'---|' * len(scenes)}"]
    if any(point for scene in scenes for point in points[scene]):
        names = (", ".join(point.partition(" ")[2] for point in points[scene]) for scene in scenes)
        lines.append(f"| *points* | {' | '.join(names)} |")
    for fault in faults:
        marks = [" ".join(outcomes.get((fault, scene, p), "·") for p in points[scene]) for scene in scenes]
        lines.append(f"| {fault} | {' | '.join(marks)} |")
    return "\n".join(lines)


def _totals(cells: list[list[str]]) -> str:
    counted = Counter(outcome for _fault, _scene, _point, outcome in cells)
    return (
        f"{len(cells)} faults tried: {counted['✓']} survived (✓), {counted['✗']} refused with a clear error (✗), "
        f"{counted['∅']} not met (∅), {counted['!']} wrong (!). After each, running again converged."
    )
