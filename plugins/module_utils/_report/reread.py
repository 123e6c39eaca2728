# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an existing file says: whether it begins as a report does, and the summary of the rows in it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from .._text import undefused
from .formats import BOM
from .html_assets import FINDINGS, GENERATOR, SUMMARY_LINE
from .summary import Fields, Summary

# Bytes of a file that are looked at to tell what it is.
_BEGINNING = 64 * 1024


def begins_as_report(path: str, report_format: str) -> bool:
    """Tell whether the file begins as a report of this format does: with a row that carries a type and an action.

    Meant for the moment before a file is removed, so in doubt the answer is no; anything but a regular file is no
    report. Raises ``OSError`` when the file cannot be read.
    """
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        start = file.read(_BEGINNING)
        whole = len(start) < _BEGINNING
    if report_format == "csv":
        return _csv_header(start)
    if report_format == "jsonl":
        return not start or _json_rows_begin(start, whole=whole)
    if report_format == "json":
        return start.strip() == b"[]" or (start.startswith(b"[\n") and _json_rows_begin(start[2:], whole=whole))
    if report_format == "html":
        return start.startswith(b"<!DOCTYPE html>") and f'content="{GENERATOR}"'.encode() in start
    raise ValueError(f"not a format of a report: {report_format}")


def _csv_header(start: bytes) -> bool:
    try:
        # The header of a report of ours ends within the beginning, unless keys are absurdly long.
        text = _without_nul(start.decode("utf-8-sig", "replace"))
        names = next(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (csv.Error, StopIteration):
        return False
    return len(set(names)) == len(names) and Fields.of(map(undefused, names)).look_like_mismatches()


def _json_rows_begin(start: bytes, *, whole: bool) -> bool:
    lines = start.decode("utf-8", "replace").split("\n")
    if len(lines) == 1 and not whole:
        # A first row that is longer than what was read: its names will have to do.
        names = re.findall(r'[{,]"([^"\\]{1,200})":', lines[0])
        return lines[0].startswith("{") and Fields.of(names).look_like_mismatches()
    found = False
    for text in filter(None, lines if whole else lines[:-1]):
        if text == "]":
            break
        try:
            row = json.loads(text.rstrip(","))
        except (ValueError, RecursionError):
            return False
        if not isinstance(row, dict):
            return False
        found = found or Fields.of(row).look_like_mismatches()
    return found


def read_summary(path: str, report_format: str) -> Summary | None:
    """Return the summary of the rows in an existing report, or ``None`` when the file cannot be read as one.

    Reads row by row, so the size of the file does not matter.
    """
    rows = _csv_rows if report_format == "csv" else _json_rows
    summary = Summary()
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            if report_format == "html":
                return _html_summary(file)
            for row in rows(file):
                summary.add(row)
    except (OSError, ValueError, RecursionError, csv.Error):
        return None
    return summary


def read_findings(path: str) -> str | None:
    """Return what stands for the findings of a page (see ``ReportResult``); ``None`` when the file is no such page."""
    try:
        if not begins_as_report(path, "html"):
            return None
        with open(path, "rb") as file:
            found = re.search(re.escape(FINDINGS).encode() + b"([0-9a-f]{64})", file.read(_BEGINNING))
    except OSError:
        return None
    return found[1].decode() if found else None


def _html_summary(file: BinaryIO) -> Summary | None:
    for line in file:
        if line.startswith(SUMMARY_LINE.encode()):
            text = line[len(SUMMARY_LINE) :].partition(b"</script>")[0]
            return Summary.restored(json.loads(text))
        if line.startswith(b"<body"):
            break
    return None


def _json_rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    for line in file:
        text = line.strip().rstrip(b",")
        if text in (b"", b"[", b"]", b"[]"):
            continue
        row = json.loads(text)
        if not isinstance(row, dict):
            raise ValueError("not a row of a report")
        yield row


def _csv_rows(file: BinaryIO) -> Iterator[dict[str, Any]]:
    limit = csv.field_size_limit(sys.maxsize)
    try:
        lines = (_without_nul(line.decode("utf-8", "replace")) for line in _without_bom(file))
        reader = csv.reader(lines, strict=True)
        names = [undefused(name) for name in next(reader, [])]
        if not Fields.of(names).look_like_mismatches():
            raise ValueError("not the header of a report")
        for values in reader:
            yield dict(zip(names, map(undefused, values)))
    finally:
        csv.field_size_limit(limit)


def _without_nul(text: str) -> str:
    """Python before 3.11 stops at NUL, which no name and no column that matters here holds."""
    return text.replace("\0", "")


def _without_bom(file: BinaryIO) -> Iterator[bytes]:
    first = file.readline()
    yield first.removeprefix(BOM)
    yield from file
