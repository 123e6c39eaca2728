# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one self-contained page for a person."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, BinaryIO
from urllib.parse import quote

from .._dam.records import Subscriber
from .._errors import OptionError
from .._text import json_text, parse_time, visible
from .formats import Columns
from .html_assets import AGES, GENERATOR, PAGE, SCRIPT, STYLE, SUMMARY_LINE, TABLE
from .news import Findings
from .rows import compared_at
from .summary import ACTIONS, UNKNOWN, Fields, Summary

# What the page itself holds; the CSV that it links to has no such limits.
MOST_ROWS = 10_000
_MOST_BYTES = 16 * 1024 * 1024
_MOST_COLUMNS = 40
_LONGEST_CELL = 500

_CHUNK = 256 * 1024
_MARKS = {"in-sync": "\u2713", "drift": "\u2260", "not-proven": "?"}
_CAUTION = (
    " This may not be accurate: the comparison was not complete, or its logs changed, while they were being read."
)
_FOR_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})

Counts = Mapping[str, Mapping[str, int]]


class Html:
    """A page with a verdict, the numbers by type and action, and a table of the first 10,000 rows."""

    def __init__(self, columns: Columns, summary: Summary, context: Callable[[], HtmlContext]) -> None:
        self._columns = columns
        self._summary = summary
        self._tell = context
        self._rows = 0
        self._size = 0
        self._found_rows = Findings()
        self.findings: str | None = None
        """Stands for what the page says, less times and what was before; known when it is assembled."""

    @cached_property
    def _context(self) -> HtmlContext:
        """Not asked for before all rows are there, since how they came belongs to it."""
        return self._tell()

    def encode(self, rows: Sequence[dict[str, Any]]) -> bytes:
        """Return the rows as bytes for the spool: those that the page still has room for."""
        names = self._columns.names[:_MOST_COLUMNS]
        lines = []
        for row in rows[: MOST_ROWS - self._rows]:
            line = json_text([_cell(row.get(name)) for name in names]).translate(_FOR_SCRIPT)
            # A character can take four bytes.
            if self._size + 4 * len(line) > _MOST_BYTES:
                self._size = _MOST_BYTES
                break
            self._size += len(line.encode("utf-8"))
            self._found_rows.add(row)
            lines.append(f",\n{line}" if self._rows else line)
            self._rows += 1
        return "".join(lines).encode("utf-8")

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the page; ``spool`` holds the encoded rows and stands at its beginning."""
        table = self._table() if self._rows else '<div id="mismatches" tabindex="-1"></div>'
        state, headline, explanation = self._verdict()
        context = self._context
        self.findings = self._found(state)
        yield PAGE.format(
            generator=GENERATOR,
            policy=_policy(),
            title=html_text(f"{headline}: {context.publisher} \u2192 {context.hosts}"),
            summary_line=SUMMARY_LINE,
            summary=json_text(self._summary.as_dict()).translate(_FOR_SCRIPT),
            style=STYLE,
            state=state,
            mark=_MARKS[state],
            headline=html_text(headline),
            explanation=html_text(explanation),
            facts=facts(context, self._deletes() if self._has_deletes() else None),
            deletes="deletes" if self._has_deletes() else "no-deletes",
            findings=self.findings,
            matrices=self._matrices(),
            table=table,
            ages=AGES,
        ).encode("utf-8")
        if self._rows:
            names = self._columns.names[:_MOST_COLUMNS]
            action = Fields.of(names).action
            position = "-1" if action is None else str(names.index(action))
            yield f'<script type="application/json" id="data">{{"action":{position},"rows":[\n'.encode()
            yield from iter(lambda: spool.read(_CHUNK), b"")
            yield f"\n]}}</script>\n<script>{SCRIPT}</script>\n".encode()
        yield b"</body>\n</html>\n"

    def _found(self, state: str) -> str:
        """So that the page of a later comparison that found the same can be told from one with news."""
        context = self._context
        said = [state, context.accurate, context.filters, context.publisher, dict(context.subscribers)]
        return self._found_rows.digest([*said, self._summary.as_dict()])

    def _verdict(self) -> tuple[str, str, str]:
        """Return the state, the headline and the sentence below it; never more than what is proven."""
        count, context = self._summary.count, self._context
        caution = "" if context.accurate else _CAUTION
        if count:
            left = " left" if context.before is not None else ""
            headline = f"Drift: {number(count)} mismatch{'es' * (count > 1)}{left}"
            deletes = f" A resync would delete {self._deletes()} at the subscriber." if self._has_deletes() else ""
            return "drift", headline, "Publisher and subscriber differ." + deletes + caution
        if context.in_sync is False:
            return "drift", "Drift", "Publisher and subscriber differ, though no mismatch is listed here." + caution
        if context.filters:
            return "not-proven", "Not proven", "No mismatch log matches what was asked for; others may exist." + caution
        if context.in_sync and context.accurate:
            when = "A comparison" if context.before is None else "After the resync, a comparison"
            return "in-sync", "In sync", f"{when} that was seen to end found no difference."
        return (
            "not-proven",
            "Not proven",
            "There are no mismatch logs, but nothing shows that a comparison ended without finding any: they may "
            "have been deleted since. Compare again to be sure." + caution,
        )

    def _has_deletes(self) -> bool:
        return bool(self._summary.as_dict()["by_action"]["DELETE"])

    def _deletes(self) -> str:
        count = self._summary.as_dict()["by_action"]["DELETE"]
        records = "1 record" if count == 1 else f"{number(count)} records"
        return f"at least {records}" if self._context.filters else records

    def _matrices(self) -> str:
        now, before = self._summary.as_dict(), self._context.before
        parts = []
        if before is None and self._summary.count:
            parts.append(matrix("By type", "Type", now["by_type"]))
        elif before is not None:
            # The same lines and the same scale in both, so that they can be compared at a glance.
            was = before.get("by_type", {})
            left = {name: now["by_type"].get(name, {}) for name in sorted({*was, *now["by_type"]})}
            parts.append(matrix("Before the resync", "Type", was, scale=[was, left]))
            parts.append(matrix("What is left", "Type", left, scale=[was, left]))
        if len(now["by_subscriber"]) > 1:
            hosts = self._context.subscribers
            by_host = {hosts.get(name, name): counts for name, counts in now["by_subscriber"].items()}
            # Two registrations of one host stay apart.
            of_all = by_host if len(by_host) == len(now["by_subscriber"]) else now["by_subscriber"]
            parts.append(matrix("By subscriber", "Subscriber", of_all))
        if not parts:
            return ""
        return f'<section aria-label="Numbers"><h2>Numbers</h2><div class="matrices">{"".join(parts)}</div></section>'

    def _table(self) -> str:
        headers = "".join(
            f'<th scope="col"><button type="button">{html_text(name[:_LONGEST_CELL])}</button></th>'
            for name in self._columns.names[:_MOST_COLUMNS]
        )
        notes = []
        if self._rows < self._summary.count:
            notes.append(f"This page holds the first {number(self._rows)} of {number(self._summary.count)} rows.")
        if len(self._columns.names) > _MOST_COLUMNS:
            notes.append(f"It shows the first {_MOST_COLUMNS} columns.")
        if self._context.csv_name:
            # The dot keeps a name with a colon from being taken for another kind of address.
            link = escape("./" + quote(self._context.csv_name.encode("utf-8", "surrogatepass"), safe=""))
            notes.append(f'All rows: <a href="{link}">{html_text(self._context.csv_name)}</a>.')
        return TABLE.format(headers=headers, note=f"<p>{' '.join(notes)}</p>" if notes else "")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json_text(value)
    return visible(text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "\u2026")


def _policy() -> str:
    def digest(content: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii") + "'"

    sources = f"style-src {digest(STYLE)}; script-src {digest(AGES)} {digest(SCRIPT)}"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def page_context(
    params: dict[str, Any], publisher: str, subscribers: list[Subscriber], accurate: Callable[[], bool]
) -> Callable[[], HtmlContext] | None:
    """What gives the page its context once the rows were read, when ``accurate`` can tell; None for other formats.

    Raises OptionError for suboptions of ``html`` that cannot be meant.
    """
    given = params["html"]
    if params["format"] != "html":
        if given is not None:
            raise OptionError("html: only with format=html.")
        return None
    given = given or {}
    before = _before(given.get("summary_before"))
    csv_link = _file_name(given.get("csv_link"))
    return lambda: HtmlContext(
        publisher=publisher,
        subscribers={one.subscriber_id: one.target_host for one in subscribers},
        in_sync=given.get("in_sync"),
        compared_at=[compared_at(one) for one in subscribers],
        accurate=accurate(),
        filters=in_words(params["record_type"], params["record_action"]),
        before=before,
        csv_name=csv_link,
    )


def in_words(types: list[str] | None, actions: list[str] | None) -> str | None:
    """What the options ``record_type`` and ``record_action`` leave, for a person; None where they leave everything."""
    parts = [
        f"{name}{'s' * (len(chosen) > 1)} {', '.join(chosen)}"
        for name, chosen in (("type", types), ("action", actions))
        if chosen
    ]
    return "; ".join(parts) or None


def _before(summary: dict[str, Any] | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    try:
        return Summary.restored(summary).as_dict()
    except ValueError:
        raise OptionError("html.summary_before: is not the summary of an earlier report.") from None


def _file_name(name: str | None) -> str | None:
    if name is not None and ("/" in name or name in {"", ".", ".."}):
        raise OptionError("html.csv_link: has to be the name of a file in the folder of dest, without a folder.")
    return name


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
    cells = "".join(_number_cell(row.get(action, 0), action, most) for action in actions)
    total = sum(row.get(action, 0) for action in actions)
    return f'<tr><th scope="row">{title}</th>{cells}<td>{number(total)}</td></tr>'


def _number_cell(amount: int, action: str, most: int) -> str:
    if not amount:
        return '<td class="zero">0</td>'
    # A bar that stands for something is never too short to be seen.
    width = max(2.0, 100 * amount / most)
    drawn = (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{100 - width:.1f}" width="{width:.1f}" height="4"/></svg>'
    )
    return f'<td class="{action.lower()}">{number(amount)}{drawn}</td>'
