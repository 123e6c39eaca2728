# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of mismatches become a report file and a summary, in memory that does not grow with their number."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from ansible_collections.dxops.dam_staging.plugins.module_utils._columns import Columns
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._formats import Csv, JsonArray, JsonLines
from ansible_collections.dxops.dam_staging.plugins.module_utils._html import Html, HtmlContext
from ansible_collections.dxops.dam_staging.plugins.module_utils._paging import Deduplicated, Row
from ansible_collections.dxops.dam_staging.plugins.module_utils._reread import begins_as_report, read_summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._summary import Summary

__all__ = ["HtmlContext", "ReportResult", "Summary", "begins_as_report", "read_summary", "write_report"]

# Rows that are encoded at once; a server that does not look at the limit can give far larger pages.
_PORTION = 1000


@dataclass(frozen=True)
class ReportResult:
    """A finished report in a temporary file that belongs to the caller, who moves it to its place or discards it."""

    path: str
    """The temporary file, readable by its owner alone."""
    count: int
    """Rows in the file."""
    duplicates: int
    """Rows that came twice because the data moved meanwhile, and stand in the file once."""
    columns: list[str]
    """Every key that any row has, in order of first appearance: the first 1000 of them."""
    summary: Summary
    checksum: str
    """SHA-1 of the file, as ``ansible.builtin.copy`` and ``stat`` give it."""
    size: int
    """Size of the file in bytes."""
    records: list[dict[str, Any]]
    """The first rows, as many as were asked for."""

    def discard(self) -> None:
        """Remove the file unless it was moved away."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def write_report(
    pages: Iterable[list[Row]],
    directory: str,
    report_format: str = "csv",
    *,
    csv_safe: bool = True,
    csv_bom: bool = False,
    max_records: int = 0,
    html: HtmlContext | None = None,
) -> ReportResult:
    """Write all rows to a new temporary file in ``directory``.

    ``report_format`` is ``csv``, ``jsonl``, ``json`` or ``html``; ``csv_safe`` defuses formulas in a CSV, ``csv_bom``
    begins it with a byte order mark for Excel; ``html`` is what a page says besides the rows.
    Rows that come twice are dropped (see ``Deduplicated``).

    The rows go through a spool without a name, so a process that is killed while they come in leaves nothing; on an
    exception of any kind no file stays either, and ``pages`` is closed if it can be. Raises ``DamError`` when the file
    cannot be written or the rows do not fit the format; what ``pages`` raises passes unchanged.
    """
    if (report_format == "html") != (html is not None):
        raise ValueError("the format html, and no other, needs its context")
    columns = Columns(strict=report_format == "csv")
    source = pages if isinstance(pages, Deduplicated) else Deduplicated(pages)
    summary = Summary()
    writer = _writer(report_format, columns, csv_safe, csv_bom) if html is None else Html(columns, summary, html)
    records: list[Row] = []
    with contextlib.closing(source), _spool(directory) as spool:
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
                with _disk(directory):
                    _write_all(spool, data)
        spool.seek(0)
        # The reader is not to close the spool, which has an owner: it is detached instead.
        reader = io.BufferedReader(spool, 256 * 1024)
        try:
            path, checksum, size = _finished(directory, writer.assemble(cast("BinaryIO", reader)))
        finally:
            reader.detach()
    return ReportResult(path, summary.count, source.duplicates, columns.names, summary, checksum, size, records)


def _writer(report_format: str, columns: Columns, csv_safe: bool, csv_bom: bool) -> Csv | JsonLines:
    if report_format == "csv":
        return Csv(columns, csv_safe, csv_bom)
    if report_format == "jsonl":
        return JsonLines()
    if report_format == "json":
        return JsonArray()
    raise ValueError(f"not a format of a report: {report_format}")


def _finished(directory: str, content: Iterator[bytes]) -> tuple[str, str, int]:
    path: str | None = None
    try:
        with _disk(directory):
            descriptor, path = tempfile.mkstemp(prefix=".dam-report-", suffix=".tmp", dir=directory)
            checksum = hashlib.new("sha1", usedforsecurity=False)
            size = 0
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for chunk in content:
                    _write_all(file, chunk)
                    checksum.update(chunk)
                    size += len(chunk)
            return path, checksum.hexdigest(), size
    except BaseException:
        if path is not None:
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise


def _write_all(file: Any, data: bytes) -> None:
    # An unbuffered file may take a part only, shortly before a disk or a quota is full.
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextlib.contextmanager
def _spool(directory: str) -> Iterator[io.FileIO]:
    with _disk(directory):
        spool = tempfile.TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115 - closed below
    with spool:
        yield spool


@contextlib.contextmanager
def _disk(directory: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DamError(
            f"The report could not be written in {directory}: {error.strerror or error}. Nothing was changed there. "
            "Check the free space and the permissions."
        ) from error
