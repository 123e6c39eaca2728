# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of a report: how rows become bytes, and what stands around them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from .._errors import DamError
from .._text import FORMULA_STARTS, defused, json_text

Row = dict[str, Any]

BOM = b"\xef\xbb\xbf"
# The header of a report without rows: the names of the mismatch query's own parameters (the vendor's OpenAPI document).
EMPTY_COLUMNS = ("recordType", "recordAction", "subscriberId")

_CHUNK = 256 * 1024
_LINE_END = b"\r\n"

# A table wider than this is not one; the limit keeps data with ever new keys from filling memory and disk.
_MOST_COLUMNS = 1000


class JsonLines:
    """One JSON object a line, in the server's own order of keys."""

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the rows as bytes for the spool."""
        return "".join([json_text(row) + "\n" for row in rows]).encode("utf-8")

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the file's content; ``spool`` holds all encoded rows and stands at its beginning."""
        return _chunks(spool)


class JsonArray(JsonLines):
    """One JSON array, with one row a line so that line tools can read it as well."""

    def __init__(self) -> None:
        self._begun = False

    def encode(self, rows: Sequence[Row]) -> bytes:
        text = ",\n".join([json_text(row) for row in rows])
        before = ",\n" if self._begun else "[\n"
        self._begun = True
        return (before + text).encode("utf-8")

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        yield from _chunks(spool)
        yield b"\n]\n" if self._begun else b"[]\n"


class Csv:
    """Comma-separated values as in RFC 4180, with a header.

    Texts stand as they are, nested values as compact JSON, true, false and numbers as JSON writes them, null and what
    a row lacks as nothing. Lone surrogates, which UTF-8 cannot hold, become ``\\udXXX``. With ``safe``, texts and
    column names that a spreadsheet would run as a formula get a leading apostrophe.
    """

    def __init__(self, columns: Columns, safe: bool, bom: bool) -> None:
        self._columns = columns
        self._bom = bom
        self._suspect = FORMULA_STARTS if safe else frozenset()
        # Where in the spool the rows get wider: (position in bytes, columns from there on).
        self._widths: list[tuple[int, int]] = []
        self._size = 0

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the rows as bytes for the spool, with the columns known so far."""
        # Rows without any key would be empty lines, which readers pass over: they get one empty column at least.
        names = self._columns.names or list(EMPTY_COLUMNS[:1])
        exact = self._columns.exact and rows[0]
        if not self._widths or self._widths[-1][1] != len(names):
            self._widths.append((self._size, len(names)))
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
        """Yield the file's content; ``spool`` holds all encoded rows and stands at its beginning.

        Rows from before a column came up are widened on the way.
        """
        names = self._columns.names or EMPTY_COLUMNS
        yield (BOM if self._bom else b"") + _csv_bytes([[defused(name) if self._suspect else name for name in names]])
        position = 0
        ends = [start for start, _width in self._widths[1:]] + [self._size]
        for (_start, width), end in zip(self._widths, ends):
            if width == len(names):
                yield from _chunks(spool)
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


def _csv_bytes(lines: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    # With CR and LF both in the line end, every supported Python quotes a value that holds either of them.
    csv.writer(buffer, lineterminator="\r\n").writerows(lines)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _padded(spool: BinaryIO, size: int, padding: bytes) -> Iterator[bytes]:
    """Yield the next ``size`` bytes of the spool with ``padding`` at the end of every record."""
    block: list[bytes] = []
    length = 0
    quoted = 0
    while size > 0:
        line = spool.readline()
        size -= len(line)
        # A quote within a quoted value is doubled, so only an odd number of them opens or closes one.
        quoted ^= line.count(b'"') & 1
        block.append(line if quoted else line[: -len(_LINE_END)] + padding + _LINE_END)
        length += len(block[-1])
        if length >= _CHUNK:
            yield b"".join(block)
            block, length = [], 0
    yield b"".join(block)


def _chunks(spool: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: spool.read(_CHUNK), b"")


class Columns:
    """Collects the keys of all rows, in order of first appearance, up to 1000 of them.

    With ``strict`` more of them raise ``DamError``; without, the others are left out.
    """

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._known: set[str] = set()
        self.names: list[str] = []
        self.alike = False
        """Whether all rows learnt from last have the same keys in the same order."""
        self.exact = False
        """Whether these keys are just ``names``, in that order."""

    def learn(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take the keys of ``rows``."""
        shapes = dict.fromkeys(map(tuple, rows))
        for shape in shapes:
            for name in shape:
                if name not in self._known:
                    self._add(name)
        self.alike = len(shapes) == 1
        self.exact = self.alike and next(iter(shapes)) == tuple(self.names)

    def _add(self, name: str) -> None:
        if len(self.names) < _MOST_COLUMNS:
            self._known.add(name)
            self.names.append(name)
        elif self._strict:
            raise DamError(
                f"The rows have more than {_MOST_COLUMNS} different keys, which is too many for the columns of a "
                "table. Use the format jsonl or json."
            )
