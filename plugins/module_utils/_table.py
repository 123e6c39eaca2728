# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A summary as a small table for a terminal."""

from __future__ import annotations

from typing import Any

from ._text import clean

MOST_LINES = 20
WIDTH = 28


def table(by_type: dict[str, dict[str, int]]) -> list[str]:
    """Lines of types and actions with their totals, no more than about a screen; empty for no mismatches.

    Columns that hold nothing but zeros are kept for the three actions and left out for ``UNKNOWN``.
    """
    total: dict[str, int] = {}
    for counts in by_type.values():
        for action, number in counts.items():
            total[action] = total.get(action, 0) + number
    if not any(total.values()):
        return []
    actions = [action for action in total if action != "UNKNOWN" or total[action]]
    rows: list[tuple[str, Any]] = sorted(by_type.items())
    if len(rows) > MOST_LINES:
        rest = {action: sum(counts.get(action, 0) for _name, counts in rows[MOST_LINES:]) for action in actions}
        rows = [*rows[:MOST_LINES], (f"({len(rows) - MOST_LINES} more types)", rest)]
    width = max(len("total"), *(min(len(name), WIDTH) for name, _counts in rows))
    lines = [_line("", [*actions, "total"], width)]
    for name, counts in [*rows, ("total", total)]:
        numbers = [counts.get(action, 0) for action in actions]
        lines.append(_line(clean(name, WIDTH), [*numbers, sum(numbers)], width))
    return lines


def _line(name: str, cells: list[Any], width: int) -> str:
    return f"{name:<{width}}" + "".join(f"{cell or '.':>10}" for cell in cells)
