# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of a report, one class each, and the registry of all."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from .._dam.records import Row
from .._errors import DamError, OptionError
from .._text import FORMULA_STARTS, defused, json_text, shown, undefused
from .html import Html
from .rows import Origin
from .summary import Fields, Summary
from .writer import Format, chunks

BOM = b"\xef\xbb\xbf"
# The header of a report without rows: the names of the mismatch query's own parameters (the vendor's OpenAPI document).
EMPTY_COLUMNS = ("recordType", "recordAction", "subscriberId")

_LINE_END = b"\r\n"


class Csv(Format):
    """Comma-separated values as in RFC 4180, with a header.

    Texts stand as they are, nested values as compact JSON, true, false and numbers as JSON writes them, null and what
    a row lacks as nothing. Lone surrogates, which UTF-8 cannot hold, become ``\\udXXX``. With the option ``csv_safe``,
    texts and column names that a spreadsheet would run as a formula get a leading apostrophe; ``csv_bom`` begins the
    file with a byte order mark for Excel; with ``csv_printable``, what cannot be seen becomes an escape.
    """

    name = "csv"

    def __init__(self, options: Mapping[str, Any], origin: Origin | None = None) -> None:
        super().__init__(options, origin)
        self._bom = options["csv_bom"]
        self._printable = options["csv_printable"]
        self._suspect = FORMULA_STARTS if options["csv_safe"] else frozenset()
        # Where in the spool rows of so many columns begin, in bytes. There never are fewer columns than before.
        self._starts: dict[int, int] = {}
        self._size = 0

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the rows with the columns known so far."""
        if not self.columns.complete:
            raise DamError(
                f"The rows have more than {len(self.columns.names)} different keys, which is too many for the columns "
                "of a table. Use the format jsonl or json."
            )
        # Rows without any key would be empty lines, which readers pass over: they get one empty column at least.
        names = self.columns.names or list(EMPTY_COLUMNS[:1])
        exact = self.columns.exact and bool(self.columns.names) and not self._printable
        self._starts.setdefault(len(names), self._size)
        if self._printable:
            rows, names = shown(rows), shown(names)
        # The innermost loop of a large report: the usual texts and numbers pass without a function call each.
        suspect, cell = self._suspect, self._cell
        lines = (
            [
                value
                if (value.__class__ is str and value[:1] not in suspect) or value.__class__ is int
                else cell(value)
                for value in (row.values() if exact else map(row.get, names))
            ]
            for row in rows
        )
        data = _csv_bytes(lines)
        self._size += len(data)
        return data

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the header and the rows; those from before a column came up are widened on the way."""
        names = shown(self.columns.names) if self._printable else self.columns.names
        names = names or EMPTY_COLUMNS
        yield (BOM if self._bom else b"") + _csv_bytes([[defused(name) if self._suspect else name for name in names]])
        position = 0
        ends = [*self._starts.values(), self._size][1:]
        for width, end in zip(self._starts, ends):
            if width == len(names):
                yield from chunks(spool)
            else:
                yield from _padded(spool, end - position, b"," * (len(names) - width))
            position = end

    def _cell(self, value: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, str):
            return defused(value) if value[:1] in self._suspect else value
        text = json_text(value)
        # Numbers that JSON does not know come back as JSON texts.
        return self._cell(text[1:-1]) if isinstance(value, float) and text.startswith('"') else text

    @staticmethod
    def read(file: BinaryIO) -> Summary:
        """Count the rows below a header that has a type and an action."""
        limit = csv.field_size_limit(sys.maxsize)
        try:
            # Python before 3.11 stops at NUL, which no name and no column that matters here holds.
            lines = (line.decode("utf-8", "replace").replace("\0", "") for line in _without_bom(file))
            reader = csv.reader(lines, strict=True)
            names = [undefused(name) for name in next(reader, [])]
            if not Fields.of(names).look_like_mismatches():
                raise ValueError("not the header of a report")
            return _summary_of(dict(zip(names, map(undefused, values))) for values in reader)
        except csv.Error as error:
            raise ValueError("not a CSV") from error
        finally:
            csv.field_size_limit(limit)


def _csv_bytes(lines: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    # With CR and LF both in the line end, every supported Python quotes a value that holds either of them.
    csv.writer(buffer, lineterminator="\r\n").writerows(lines)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _padded(spool: BinaryIO, size: int, padding: bytes) -> Iterator[bytes]:
    """Yield the next ``size`` bytes of the spool, in blocks, with ``padding`` at the end of every record."""
    block: list[bytes] = []
    length = 0
    quoted = 0
    while size:
        line = spool.readline()
        size -= len(line)
        # A quote within a quoted value is doubled, so only an odd number of them opens or closes one.
        quoted ^= line.count(b'"') & 1
        block.append(line if quoted else line[: -len(_LINE_END)] + padding + _LINE_END)
        length += len(block[-1])
        if length >= 256 * 1024:
            yield b"".join(block)
            block, length = [], 0
    yield b"".join(block)


def _without_bom(file: BinaryIO) -> Iterator[bytes]:
    yield file.readline().removeprefix(BOM)
    yield from file


class JsonLines(Format):
    """One JSON object a line, in the server's own order of keys."""

    name = "jsonl"

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the rows, one a line."""
        return "".join([json_text(row) + "\n" for row in rows]).encode("utf-8")

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the lines as they are."""
        return chunks(spool)

    @staticmethod
    def read(file: BinaryIO) -> Summary:
        """Count the objects, one a line."""
        return _summary_of(_json_rows(file))


class JsonArray(JsonLines):
    """One JSON array, with one row a line so that line tools can read it as well."""

    name = "json"
    _begun = False

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the rows, each with what separates it from the one before."""
        text = ",\n".join([json_text(row) for row in rows])
        before = ",\n" if self._begun else "[\n"
        self._begun = True
        return (before + text).encode("utf-8")

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the array."""
        yield from chunks(spool)
        yield b"\n]\n" if self._begun else b"[]\n"


def _json_rows(file: BinaryIO) -> Iterator[Row]:
    for line in file:
        text = line.strip().rstrip(b",")
        if text in (b"", b"[", b"]", b"[]"):
            continue
        row = json.loads(text)
        if not isinstance(row, dict):
            raise ValueError("not a row of a report")
        yield row


def _summary_of(rows: Iterable[Row]) -> Summary:
    summary = Summary()
    for row in rows:
        summary.add(row)
    return summary


FORMATS: dict[str, type[Format]] = {each.name: each for each in (Csv, JsonLines, JsonArray, Html)}


def new_format(options: Mapping[str, Any], origin: Origin | None = None) -> Format:
    """Return the format that the option ``format`` names, for one report.

    What only one format needs stands in an option of its name. Raises ``OptionError`` for such an option of another
    format, and for one that cannot be used.
    """
    chosen = options["format"]
    for other in FORMATS:
        if other != chosen and options.get(other) is not None:
            raise OptionError(f"{other}: only with format={other}.")
    return FORMATS[chosen](options, origin)
