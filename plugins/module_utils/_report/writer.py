# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows become a report file and a summary, in memory that does not grow with their number."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

from .._dam.paging import Deduplicated
from .._dam.records import Row
from .._text import shown
from .disk import disk
from .rows import Origin
from .summary import Summary

# Rows that are encoded at once; a server that does not look at the limit can give far larger pages.
_PORTION = 1000

_CHUNK = 256 * 1024

# The limit keeps data with ever new keys from filling memory and disk.
_MOST_COLUMNS = 1000


class Columns:
    """The keys of all rows, in order of first appearance, up to 1000 of them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.names: list[str] = []
        self.complete = True
        """Whether ``names`` has all keys."""
        self.alike = False
        """Whether all rows learnt from last have the same keys in the same order."""
        self.exact = False
        """Whether these keys are just ``names``, in that order."""

    def learn(self, rows: Sequence[Row]) -> None:
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
        else:
            self.complete = False


class Format(ABC):
    """How the rows of one report become the bytes of its file, and how such a file is read again.

    ``options`` are the module's, of which a format takes its own; ``origin`` says where the rows come from. Raises
    ``OptionError`` for options that cannot be used.
    """

    name: ClassVar[str]
    """The choice of the option ``format``, and the ending of the files."""
    shows_verdict: ClassVar[bool] = False
    """Whether a report without rows says something, too."""

    def __init__(self, options: Mapping[str, Any], origin: Origin | None = None) -> None:  # noqa: ARG002
        self.columns = Columns()
        """The columns of the rows so far; the writer adds to them before it has the rows encoded."""
        self.summary = Summary()
        """The summary of the rows so far, likewise."""

    @abstractmethod
    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return the next rows as bytes for the spool. Raises ``DamError`` for rows that the format cannot hold."""

    @abstractmethod
    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        """Yield the content of the file; ``spool`` holds all encoded rows and stands at its beginning."""

    @staticmethod
    @abstractmethod
    def read(file: BinaryIO) -> Summary:
        """Return the summary of the rows in a file, in constant memory. Raises ``ValueError`` if it is no report."""

    def says_the_same(self, path: str) -> bool:  # noqa: ARG002
        """Tell whether the older file at ``path`` says the same as this report though its bytes differ."""
        return False

    @classmethod
    def read_summary(cls, path: str) -> Summary | None:
        """Return the summary of the rows in an existing file; ``None`` if it cannot be read as a report."""
        try:
            with open(path, "rb") as file:
                regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                return cls.read(file) if regular else None
        except (OSError, ValueError, RecursionError):
            return None


def chunks(spool: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a file, piece by piece."""
    return iter(lambda: spool.read(_CHUNK), b"")


@dataclass(frozen=True)
class ReportResult:
    """A finished report in a temporary file that belongs to the caller, who moves it to its place or discards it."""

    path: str
    """The file, readable by its owner alone."""
    format: Format
    """What wrote it."""
    duplicates: int
    """Rows that came twice because the data moved meanwhile, and stand in the file once."""
    columns: list[str]
    """Every key that any row has, in order of first appearance: the first 1000 of them, fit for a terminal."""
    summary: Summary
    checksum: str
    """SHA-1 of the file, as ``ansible.builtin.copy`` and ``stat`` give it."""
    records: list[dict[str, Any]]
    """The first rows, as many as were asked for, fit for a terminal."""

    @property
    def count(self) -> int:
        """Rows in the report."""
        return self.summary.count

    def sync(self) -> None:
        """Bring the file to the disk: a crash after the renaming must not leave an empty file in the old one's place.

        Raises ``DamError`` if the disk does not take it.
        """
        with disk(os.path.dirname(self.path)), open(self.path, "r+b") as file:
            os.fsync(file.fileno())

    def discard(self) -> None:
        """Remove the file unless it was moved away."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def write_report(
    pages: Iterable[list[Row]], directory: str, report_format: Format, max_records: int = 0
) -> ReportResult:
    """Write all rows to a new temporary file in ``directory``.

    Rows that come twice are dropped (see ``Deduplicated``). They are spooled to a file without a name first, so the
    temporary file exists only once all of them were read. On an exception of any kind no file stays, and ``pages`` is
    closed if it can be. Raises ``DamError`` when the file cannot be written or the rows do not fit the format; what
    ``pages`` raises passes unchanged.
    """
    columns, summary = report_format.columns, report_format.summary
    source = pages if isinstance(pages, Deduplicated) else Deduplicated(pages)
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
                data = report_format.encode(portion)
                with disk(directory):
                    _write_all(spool.fileno(), data)
        returned, names = shown(records), shown(columns.names)
        spool.seek(0)
        # The reader is not to close the spool, which has an owner: it is detached instead.
        reader = io.BufferedReader(spool, _CHUNK)
        try:
            path, checksum = _write_file(directory, report_format.assemble(reader))
        finally:
            reader.detach()
    return ReportResult(path, report_format, source.duplicates, names, summary, checksum, returned)


@contextlib.contextmanager
def _spool(directory: str) -> Iterator[Any]:
    """Give an unbuffered file for bytes that are read again, which has no name in the directory."""
    with disk(directory):
        file = tempfile.TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115 - closed below
    with file:
        yield file


def _write_file(directory: str, content: Iterator[bytes]) -> tuple[str, str]:
    """Write a new file for its owner alone; return its path and its SHA-1."""
    checksum = hashlib.new("sha1", usedforsecurity=False)
    with disk(directory):
        descriptor, path = tempfile.mkstemp(prefix=".dam-report-", suffix=".tmp", dir=directory)
    try:
        try:
            for chunk in content:
                checksum.update(chunk)
                with disk(directory):
                    _write_all(descriptor, chunk)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return path, checksum.hexdigest()


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``: shortly before a disk or a quota is full, the system may take a part only."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
