# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of a summary as an HTML table with small bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ._summary import ACTIONS, UNKNOWN
from ._text import visible

Counts = Mapping[str, Mapping[str, int]]


def matrix(caption: str, first: str, counts: Counts, scale: Sequence[Counts] = ()) -> str:
    """Return a table of ``counts`` (name to action to number); ``first`` heads the column of the names.

    The longest bar stands for the largest number in ``scale``, which by default is the table itself. UNKNOWN has a
    column only where there is something in it. Without counts it is a sentence instead of a table.
    """
    heading = f"<h3>{escape(caption)}</h3>"
    if not any(amount for row in counts.values() for amount in row.values()):
        return f"<div>{heading}<p>No mismatches.</p></div>"
    unknown = any(row.get(UNKNOWN, 0) for row in counts.values())
    actions = (*ACTIONS, UNKNOWN) if unknown else ACTIONS
    most = max(amount for table in scale or [counts] for row in table.values() for amount in row.values())
    titles = "".join(f'<th scope="col">{action.capitalize()}</th>' for action in (*actions, "total"))
    lines = "".join(_line(name, row, actions, most) for name, row in counts.items())
    totals = [sum(row.get(action, 0) for row in counts.values()) for action in actions]
    sums = "".join(
        f'<td class="{action.lower() if amount else "zero"}">{number(amount)}</td>'
        for action, amount in zip(actions, totals)
    )
    return (
        f'<div>{heading}<table class="matrix" aria-label="{escape(caption)}">'
        f'<thead><tr><th scope="col">{escape(first)}</th>{titles}</tr></thead>'
        f'<tbody>{lines}</tbody><tfoot><tr><th scope="row">All</th>{sums}<td>{number(sum(totals))}</td></tr></tfoot>'
        "</table></div>"
    )


def number(amount: int) -> str:
    """Return a number with its thousands set apart."""
    return f"{amount:,}"


def _line(name: str, row: Mapping[str, int], actions: Sequence[str], most: int) -> str:
    # The types' long names may break after an underscore, on a phone.
    title = escape(visible(name)).replace("_", "_<wbr>")
    cells = "".join(_cell(row.get(action, 0), action, most) for action in actions)
    total = sum(row.get(action, 0) for action in actions)
    return f'<tr><th scope="row">{title}</th>{cells}<td>{number(total)}</td></tr>'


def _cell(amount: int, action: str, most: int) -> str:
    if not amount:
        return '<td class="zero">0</td>'
    # A bar that stands for something is never too short to be seen.
    width = max(2.0, 100 * amount / most)
    drawn = (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{100 - width:.1f}" width="{width:.1f}" height="4"/></svg>'
    )
    return f'<td class="{action.lower()}">{number(amount)}{drawn}</td>'
