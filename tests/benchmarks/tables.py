# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables and verdicts for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

Cell = str | float | int | None


def say(text: str = "") -> None:
    """Print a line now, also where the output is a pipe."""
    print(text, flush=True)


def table(title: str, heads: Sequence[str], lines: Sequence[Sequence[Cell]]) -> None:
    """Print a table: the first column to the left, all others to the right."""
    texts = [list(heads), *([_text(cell) for cell in line] for line in lines)]
    widths = [max(len(line[column]) for line in texts) for column in range(len(heads))]
    say(f"\n{title}\n")
    for number, line in enumerate(texts):
        say("  ".join(f"{cell:<{w}}" if not at else f"{cell:>{w}}" for at, (cell, w) in enumerate(zip(line, widths))))
        if not number:
            say("  ".join("-" * width for width in widths))


def verdict(aim: str, figure: float, limit: float, most: bool = True) -> None:
    """Say whether a figure meets its aim: at most the limit, or at least."""
    good = figure <= limit if most else figure >= limit
    say(f"{'met   ' if good else 'MISSED'}  {aim}: {_text(figure)}")


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.2f}" if cell < 10 else f"{cell:.1f}" if cell < 100 else f"{cell:.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
