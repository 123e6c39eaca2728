# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one self-contained page for a person."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from html import escape
from typing import Any, BinaryIO
from urllib.parse import quote

from ._columns import Columns
from ._html_assets import AGES, GENERATOR, PAGE, SCRIPT, SUMMARY_LINE, TABLE
from ._html_facts import HtmlContext, facts, html_text
from ._html_matrix import matrix, number
from ._html_style import STYLE
from ._news import Findings
from ._summary import Fields, Summary
from ._text import json_text, visible

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
