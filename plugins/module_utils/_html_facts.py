# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the HTML report says besides the rows: which environments, when they were compared, what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ._text import parse_time, visible


@dataclass(frozen=True)
class HtmlContext:
    """What the page says besides the rows."""

    publisher: str
    """The publisher's host."""
    subscribers: Mapping[str, str]
    """The subscribers: their ids, as the rows have them, and their hosts."""
    in_sync: bool | None = None
    """The verdict; ``None`` when nothing proves either. Rows in the report always mean drift."""
    compared_at: Sequence[str | None] = ()
    """When the comparisons ended (ISO 8601), one for each subscriber; ``None`` where it is not known."""
    accurate: bool = True
    """False when the rows need not be those of a completed comparison."""
    filters: str | None = None
    """What the rows were limited to, in words; then no rows prove nothing, and deletions may be missing."""
    before: Mapping[str, Any] | None = None
    """The summary from before a resync, as ``Summary.as_dict`` gives it: makes the page one of before and after."""
    csv_name: str | None = None
    """The name of a CSV beside the page that holds all rows."""

    @property
    def hosts(self) -> str:
        """The subscribers' hosts as one text."""
        return ", ".join(self.subscribers.values()) or "none"


def facts(context: HtmlContext, deletes: str | None) -> str:
    """Return the entries of the page's list of facts; ``deletes`` says what a resync would delete, if anything."""
    subscribers = "Subscriber" if len(context.subscribers) == 1 else "Subscribers"
    entries = [("Publisher", html_text(context.publisher)), (subscribers, html_text(context.hosts))]
    entries += _comparisons(context.compared_at)
    entries += [("Only", html_text(context.filters))] if context.filters else []
    entries += [("A resync would delete", html_text(deletes))] if deletes else []
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in entries)


def html_text(text: str) -> str:
    """Return ``text`` as the content of an element or an attribute."""
    return escape(visible(text))


def _comparisons(times: Sequence[str | None]) -> Iterator[tuple[str, str]]:
    known = sorted({time for time in times if time}, key=_order)
    if not known or None in times:
        yield "Compared", "not known" if not known else "not known of all of them"
        return
    if len(known) == 1:
        yield "Compared", _moment(known[0])
        return
    yield "First compared", _moment(known[0])
    yield "Last compared", _moment(known[-1])


def _order(text: str) -> float:
    instant = parse_time(text)
    return instant.timestamp() if instant else 0.0


def _moment(text: str) -> str:
    """A time of the server in a form to read, in the zone that it names; the page's script adds how long ago that is.

    What changes by itself has no place in the file, or a report of the same findings would never be the same file.
    """
    instant = parse_time(text)
    if instant is None:
        return html_text(text)
    offset = f"{instant:%z}"
    zone = "UTC" if not instant.utcoffset() else f"UTC{offset[:3]}:{offset[3:5]}"
    shown = instant.replace(tzinfo=None).isoformat(" ", "seconds")
    exact = instant.isoformat(timespec="seconds")
    return f'<time datetime="{exact}">{shown} {zone}</time> <span class="ago"></span>'
