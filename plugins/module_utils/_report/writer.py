# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of mismatches become a report file and a summary, in memory that does not grow with their number."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .._dam.paging import Deduplicated, Row
from .._text import shown
from .draft import Draft, disk, spool, write_all
from .formats import Columns, Csv, JsonArray, JsonLines
from .html import Html, HtmlContext
from .summary import Summary

# Rows that are encoded at once; a server that does not look at the limit can give far larger pages.
_PORTION = 1000


@dataclass(frozen=True)
class ReportResult:
    """A finished report in a file that belongs to the caller, who moves it to its place or discards it."""

    draft: Draft
    """The file, readable by its owner alone."""
    count: int
    """Rows in the file."""
    duplicates: int
    """Rows that came twice because the data moved meanwhile, and stand in the file once."""
    columns: list[str]
    """Every key that any row has, in order of first appearance: the first 1000 of them, fit for a terminal."""
    summary: Summary
    checksum: str
    """SHA-1 of the file, as ``ansible.builtin.copy`` and ``stat`` give it."""
    size: int
    """Size of the file in bytes."""
    records: list[dict[str, Any]]
    """The first rows, as many as were asked for, fit for a terminal."""
    findings: str | None = None
    """Of a page: the same as that of another page that says the same, whenever it was compared."""

    @property
    def path(self) -> str:
        """The name of the file, which it gets when it is first asked for."""
        return self.draft.path

    def discard(self) -> None:
        """Remove the file unless it was moved away."""
        self.draft.discard()


def write_report(
    pages: Iterable[list[Row]],
    directory: str,
    report_format: str = "csv",
    *,
    csv_safe: bool = True,
    csv_bom: bool = False,
    max_records: int = 0,
    html: Callable[[], HtmlContext] | None = None,
) -> ReportResult:
    """Write all rows to a new temporary file in ``directory``.

    ``report_format`` is ``csv``, ``jsonl``, ``json`` or ``html``; ``csv_safe`` defuses formulas in a CSV, ``csv_bom``
    begins it with a byte order mark for Excel; ``html`` gives what a page says besides the rows, and is asked when all
    of them were read. Rows that come twice are dropped (see ``Deduplicated``).

    The rows go through a spool without a name into a file without a name, so a process that is killed leaves nothing;
    on an exception of any kind no file stays either, and ``pages`` is closed if it can be. Raises ``DamError`` when
    the file cannot be written or the rows do not fit the format; what ``pages`` raises passes unchanged.
    """
    if (report_format == "html") != (html is not None):
        raise ValueError("the format html, and no other, needs its context")
    columns = Columns(strict=report_format == "csv")
    source = pages if isinstance(pages, Deduplicated) else Deduplicated(pages)
    summary = Summary()
    writer = _writer(report_format, columns, csv_safe, csv_bom) if html is None else Html(columns, summary, html)
    records: list[Row] = []
    with contextlib.closing(source), spool(directory) as file:
        for rows in source:
            for start in range(0, len(rows), _PORTION):
                portion = rows[start : start + _PORTION]
                columns.learn(portion)
                if columns.alike:
                    summary.add_alike(portion)
                else:
                    for row in portion:
                        summary.add(row)
                records.extend(portion[: max_records - len(records)] if len(records) < max_records else ())
                data = writer.encode(portion)
                with disk(directory):
                    write_all(file.fileno(), data)
        returned = shown(records)
        file.seek(0)
        # The reader is not to close the spool, which has an owner: it is detached instead.
        reader = io.BufferedReader(file, 256 * 1024)
        try:
            draft, checksum, size = _finished(directory, writer.assemble(reader))
        finally:
            reader.detach()
    findings = writer.findings if isinstance(writer, Html) else None
    names = shown(columns.names)
    return ReportResult(draft, summary.count, source.duplicates, names, summary, checksum, size, returned, findings)


def _writer(report_format: str, columns: Columns, csv_safe: bool, csv_bom: bool) -> Csv | JsonLines:
    if report_format == "csv":
        return Csv(columns, csv_safe, csv_bom)
    if report_format == "jsonl":
        return JsonLines()
    if report_format == "json":
        return JsonArray()
    raise ValueError(f"not a format of a report: {report_format}")


def _finished(directory: str, content: Iterator[bytes]) -> tuple[Draft, str, int]:
    draft = Draft(directory)
    try:
        checksum = hashlib.new("sha1", usedforsecurity=False)
        size = 0
        for chunk in content:
            draft.write(chunk)
            checksum.update(chunk)
            size += len(chunk)
        return draft, checksum.hexdigest(), size
    except BaseException:
        draft.discard()
        raise
