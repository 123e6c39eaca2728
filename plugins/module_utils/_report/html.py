# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one self-contained page for a person."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

from .._dam.mismatches import UNKNOWN
from .._dam.records import RECORD_ACTIONS, Row
from .._errors import OptionError
from .._text import json_text, parse_time, visible
from .html_assets import AGES, FINDINGS, GENERATOR, PAGE, SCRIPT, STYLE, SUMMARY_LINE, TABLE
from .rows import Origin
from .summary import Fields, Summary
from .writer import Format, chunks

# What the page itself holds; the CSV that it links to has no such limits.
MOST_ROWS = 10_000
_MOST_BYTES = 2**24  # 16 MiB
_MOST_COLUMNS = 40
_LONGEST_CELL = 500

# Bytes at the beginning of a page, with all that stands before the title.
_BEGINNING = 1024

_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_MARKS = {"in-sync": "\u2713", "drift": "\u2260", "not-proven": "?"}
_CAUTION = (
    " This may not be accurate: the comparison was not complete, or its logs changed, while they were being read."
)
_FOR_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})

Counts = Mapping[str, Mapping[str, int]]


class Html(Format):
    """A page with a verdict, the numbers by type and action, and a table of the first 10,000 rows.

    Takes the option ``html``. Two pages say the same if their verdicts, numbers and rows are equal, whatever the order
    of the rows, their ids and the times in them.
    """

    name = "html"
    shows_verdict = True

    def __init__(self, options: Mapping[str, Any], origin: Origin | None = None) -> None:
        super().__init__(options, origin)
        if origin is None:
            raise ValueError("a page says where its rows come from")
        given = options.get("html") or {}
        self._origin = origin
        self._in_sync = given.get("in_sync")
        self._before = _summary_before(given.get("summary_before"))
        self._csv_name = _file_name(given.get("csv_link"))
        # Of the rows that the page holds: how many, their bytes, and whether there is room for more.
        self._held = 0
        self._size = 0
        self._full = False
        # The sum of the digests of all rows.
        self._digests = 0
        self._findings = ""

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the cells of the rows that the page still has room for."""
        names = self.columns.names[:_MOST_COLUMNS]
        lines = []
        for row in rows:
            self._digests += _digest(_lasting(row))
            if self._full:
                continue
            line = json_text([_cell(row.get(name)) for name in names]).translate(_FOR_SCRIPT)
            # A character can take four bytes.
            self._full = self._size + 4 * len(line) > _MOST_BYTES
            if self._full:
                continue
            self._size += len(line.encode("utf-8"))
            lines.append(f",\n{line}" if self._held else line)
            self._held += 1
            self._full = self._held == MOST_ROWS
        return "".join(lines).encode("utf-8")

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the page, with the rows between its text and the script that shows them."""
        page = _Page(
            origin=self._origin,
            accurate=self._origin.accurate(),
            in_sync=self._in_sync,
            summary=self.summary.as_dict(),
            before=self._before,
            columns=self.columns.names,
            held=self._held,
            csv_name=self._csv_name,
        )
        # A sum of digests, so that the order of the rows does not matter.
        self._findings = f"{_digest([*page.says(), self._digests]):064x}"
        yield page.text(self._findings).encode("utf-8")
        if self._held:
            action = Fields.of(page.shown_columns).action
            position = -1 if action is None else page.shown_columns.index(action)
            yield f'<script type="application/json" id="data">{{"action":{position},"rows":[\n'.encode()
            yield from chunks(spool)
            yield f"\n]}}</script>\n<script>{SCRIPT}</script>\n".encode()
        yield b"</body>\n</html>\n"

    def says_the_same(self, path: str) -> bool:
        """Tell whether the page at ``path`` has the same findings."""
        try:
            with open(path, "rb") as file:
                return f'{FINDINGS}{self._findings}"'.encode() in file.read(_BEGINNING)
        except OSError:
            return False

    @staticmethod
    def read(file: BinaryIO) -> Summary:
        """Return the summary that the page holds."""
        for line in file:
            if line.startswith(SUMMARY_LINE.encode()):
                text = line[len(SUMMARY_LINE) :].partition(b"</script>")[0]
                return Summary.restored(json.loads(text))
            if line.startswith(b"<body"):
                break
        raise ValueError("no page of a report")


def _summary_before(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    try:
        return Summary.restored(given).as_dict()
    except ValueError as error:
        raise OptionError("html.summary_before: is not the summary of an earlier report.") from error


def _file_name(name: str | None) -> str | None:
    if name is not None and ("/" in name or name in {"", ".", ".."}):
        raise OptionError("html.csv_link: has to be the name of a file in the folder of dest, without a folder.")
    return name


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json_text(value)
    return visible(text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "\u2026")


def _lasting(row: Row) -> list[Any]:
    """Return the names and values of a row without what a later comparison changes: the id of the log, and times."""
    return [
        [name, row[name]]
        for name in sorted(row)
        if name != "id" and not (isinstance(row[name], str) and _TIME.fullmatch(row[name]))
    ]


def _digest(value: Any) -> int:
    return int.from_bytes(hashlib.sha256(json_text(value).encode("utf-8")).digest(), "big")


class _Verdict(NamedTuple):
    state: str
    headline: str
    explanation: str


@dataclass(frozen=True)
class _Page:
    """All that a page says, and how it says it, from top to bottom."""

    origin: Origin
    accurate: bool
    in_sync: bool | None
    """The verdict of the comparison; ``None`` when nothing proves either. Rows in the report always mean drift."""
    summary: dict[str, Any]
    before: dict[str, Any] | None
    """The summary from before a resync: makes the page one of before and after."""
    columns: list[str]
    held: int
    """Rows that the page holds; the summary may count more."""
    csv_name: str | None
    """The name of a CSV beside the page that holds all rows."""

    def text(self, findings: str) -> str:
        """Return the page up to its data; ``findings`` is the digest of what it says."""
        verdict = self._verdict
        return PAGE.format(
            generator=GENERATOR,
            findings=findings,
            policy=_policy(),
            title=_html(f"{verdict.headline}: {self.origin.publisher} \u2192 {self._hosts}"),
            summary_line=SUMMARY_LINE,
            summary=json_text(self.summary).translate(_FOR_SCRIPT),
            style=STYLE,
            state=verdict.state,
            mark=_MARKS[verdict.state],
            headline=_html(verdict.headline),
            explanation=_html(verdict.explanation),
            deletes="deletes" if self._deletes else "no-deletes",
            facts="".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in self._facts()),
            matrices=self._numbers(),
            table=self._table() if self.held else '<div id="mismatches" tabindex="-1"></div>',
            ages=AGES,
        )

    def says(self) -> list[Any]:
        """Return what makes pages different besides their rows; neither times nor what was before a resync."""
        origin = self.origin
        of_whom = [origin.publisher, dict(origin.subscribers), origin.filters]
        return [self._verdict.state, self.accurate, self.summary, *of_whom]

    @property
    def shown_columns(self) -> list[str]:
        """The columns of the table."""
        return self.columns[:_MOST_COLUMNS]

    @property
    def _hosts(self) -> str:
        return ", ".join(self.origin.subscribers.values()) or "none"

    @cached_property
    def _count(self) -> int:
        return sum(self.summary["by_action"].values())

    @cached_property
    def _deletes(self) -> str:
        """What a resync would delete, as far as the rows tell; empty if nothing."""
        count = self.summary["by_action"]["DELETE"]
        if not count:
            return ""
        records = "1 record" if count == 1 else f"{_number(count)} records"
        return f"at least {records}" if self.origin.filters else records

    @cached_property
    def _verdict(self) -> _Verdict:
        """Never more than what is proven."""
        caution = "" if self.accurate else _CAUTION
        if self._count:
            left = " left" if self.before is not None else ""
            headline = f"Drift: {_number(self._count)} mismatch{'es' * (self._count > 1)}{left}"
            deletes = f" A resync would delete {self._deletes} at the subscriber." if self._deletes else ""
            return _Verdict("drift", headline, "Publisher and subscriber differ." + deletes + caution)
        if self.in_sync is False:
            explanation = "Publisher and subscriber differ, though no mismatch is listed here."
            return _Verdict("drift", "Drift", explanation + caution)
        if self.origin.filters:
            explanation = "No mismatch log matches what was asked for; others may exist."
            return _Verdict("not-proven", "Not proven", explanation + caution)
        if self.in_sync and self.accurate:
            when = "A comparison" if self.before is None else "After the resync, a comparison"
            return _Verdict("in-sync", "In sync", f"{when} that was seen to end found no difference.")
        explanation = (
            "There are no mismatch logs, but nothing shows that a comparison ended without finding any: they may "
            "have been deleted since. Compare again to be sure."
        )
        return _Verdict("not-proven", "Not proven", explanation + caution)

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "Publisher", _html(self.origin.publisher)
        yield "Subscriber" if len(self.origin.subscribers) == 1 else "Subscribers", _html(self._hosts)
        yield from _comparisons(self.origin.compared_at)
        if self.origin.filters:
            yield "Only", _html(self.origin.filters)
        if self._deletes:
            yield "A resync would delete", _html(self._deletes)

    def _numbers(self) -> str:
        by_type, by_subscriber = self.summary["by_type"], self.summary["by_subscriber"]
        parts = []
        if self.before is not None:
            # The same lines and the same scale in both, so that they can be compared at a glance.
            was = self.before["by_type"]
            left = {name: by_type.get(name, {}) for name in sorted({*was, *by_type})}
            parts.append(_matrix("Before the resync", "Type", was, scale=[was, left]))
            parts.append(_matrix("What is left", "Type", left, scale=[was, left]))
        elif self._count:
            parts.append(_matrix("By type", "Type", by_type))
        if len(by_subscriber) > 1:
            hosts = self.origin.subscribers
            by_host = {hosts.get(name, name): counts for name, counts in by_subscriber.items()}
            # Two registrations of one host stay apart.
            of_all = by_host if len(by_host) == len(by_subscriber) else by_subscriber
            parts.append(_matrix("By subscriber", "Subscriber", of_all))
        if not parts:
            return ""
        return f'<section aria-label="Numbers"><h2>Numbers</h2><div class="matrices">{"".join(parts)}</div></section>'

    def _table(self) -> str:
        headers = "".join(
            f'<th scope="col"><button type="button">{_html(name[:_LONGEST_CELL])}</button></th>'
            for name in self.shown_columns
        )
        notes = []
        if self.held < self._count:
            notes.append(f"This page holds the first {_number(self.held)} of {_number(self._count)} rows.")
        if len(self.columns) > _MOST_COLUMNS:
            notes.append(f"It shows the first {_MOST_COLUMNS} columns.")
        if self.csv_name:
            # The dot keeps a name with a colon from being taken for another kind of address.
            link = escape("./" + quote(self.csv_name.encode("utf-8", "surrogatepass"), safe=""))
            notes.append(f'All rows: <a href="{link}">{_html(self.csv_name)}</a>.')
        return TABLE.format(headers=headers, note=f"<p>{' '.join(notes)}</p>" if notes else "")


def _html(text: str) -> str:
    """Return ``text`` as the content of an element or an attribute."""
    return escape(visible(text))


def _number(amount: int) -> str:
    """Return a number with its thousands set apart."""
    return f"{amount:,}"


def _policy() -> str:
    """Return the page's Content-Security-Policy: its own style and scripts, and nothing else."""

    def digest(content: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii") + "'"

    sources = f"style-src {digest(STYLE)}; script-src {digest(AGES)} {digest(SCRIPT)}"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _comparisons(times: Sequence[str | None]) -> Iterator[tuple[str, str]]:
    known = sorted({time for time in times if time}, key=_order)
    if not known or None in times:
        yield "Compared", "not known" if not known else "not known of all of them"
    elif len(known) == 1:
        yield "Compared", _moment(known[0])
    else:
        yield "First compared", _moment(known[0])
        yield "Last compared", _moment(known[-1])


def _order(text: str) -> float:
    instant = parse_time(text)
    return instant.timestamp() if instant else -math.inf


def _moment(text: str) -> str:
    """Return a time of the server in a form to read, in the zone that it names.

    The page's script adds how long ago that is: what changes by itself has no place in the file.
    """
    instant = parse_time(text)
    if instant is None:
        return _html(text)
    offset = f"{instant:%z}"
    zone = "UTC" if not instant.utcoffset() else f"UTC{offset[:3]}:{offset[3:5]}"
    shown = instant.replace(tzinfo=None).isoformat(" ", "seconds")
    exact = instant.isoformat(timespec="seconds")
    return f'<time datetime="{exact}">{shown} {zone}</time> <span class="ago"></span>'


def _matrix(caption: str, first: str, counts: Counts, scale: Sequence[Counts] = ()) -> str:
    """Return a table of ``counts`` (name to action to number); ``first`` heads the column of the names.

    The longest bar stands for the largest number in ``scale``, which by default is the table itself. UNKNOWN has a
    column only if there is something in it. Without counts it is a sentence instead of a table.
    """
    heading = f"<h3>{escape(caption)}</h3>"
    if not any(amount for row in counts.values() for amount in row.values()):
        return f"<div>{heading}<p>No mismatches.</p></div>"
    unknown = any(row.get(UNKNOWN, 0) for row in counts.values())
    actions = (*RECORD_ACTIONS, UNKNOWN) if unknown else RECORD_ACTIONS
    most = max(amount for table in scale or [counts] for row in table.values() for amount in row.values())
    titles = "".join(f'<th scope="col">{action.capitalize()}</th>' for action in (*actions, "total"))
    lines = "".join(_line(name, row, actions, most) for name, row in counts.items())
    totals = [sum(row.get(action, 0) for row in counts.values()) for action in actions]
    sums = "".join(
        f'<td class="{action.lower() if amount else "zero"}">{_number(amount)}</td>'
        for action, amount in zip(actions, totals)
    )
    return (
        f'<div>{heading}<table class="matrix" aria-label="{escape(caption)}">'
        f'<thead><tr><th scope="col">{escape(first)}</th>{titles}</tr></thead>'
        f'<tbody>{lines}</tbody><tfoot><tr><th scope="row">All</th>{sums}<td>{_number(sum(totals))}</td></tr></tfoot>'
        "</table></div>"
    )


def _line(name: str, row: Mapping[str, int], actions: Sequence[str], most: int) -> str:
    # The types' long names may break after an underscore, on a phone.
    title = _html(name).replace("_", "_<wbr>")
    cells = "".join(_number_cell(row.get(action, 0), action, most) for action in actions)
    total = sum(row.get(action, 0) for action in actions)
    return f'<tr><th scope="row">{title}</th>{cells}<td>{_number(total)}</td></tr>'


def _number_cell(amount: int, action: str, most: int) -> str:
    if not amount:
        return '<td class="zero">0</td>'
    # A bar that stands for something is never too short to be seen.
    width = max(2.0, 100 * amount / most)
    drawn = (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{100 - width:.1f}" width="{width:.1f}" height="4"/></svg>'
    )
    return f'<td class="{action.lower()}">{_number(amount)}{drawn}</td>'
