# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in the making."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from typing import Any

from .._errors import DamError

# Where an open file without a name can be given one (Linux).
_DESCRIPTORS = "/proc/self/fd"


class Draft:
    """A new file in ``directory``, for its owner alone, without a name until ``path`` is asked for.

    Where the system has no such files it has a name from the beginning. Raises ``DamError`` where it cannot be made.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._path: str | None = None
        with disk(directory):
            self._descriptor: int | None = self._open()

    def _open(self) -> int:
        flag = getattr(os, "O_TMPFILE", None)
        if flag is not None and os.path.isdir(_DESCRIPTORS):
            with contextlib.suppress(OSError):  # not every file system has them; what else is wrong shows below
                return os.open(self._directory, flag | os.O_RDWR, 0o600)
        descriptor, self._path = tempfile.mkstemp(prefix=".dam-report-", suffix=".tmp", dir=self._directory)
        return descriptor

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        if self._descriptor is None:
            raise RuntimeError("A file that has its name is finished.")
        with disk(self._directory):
            write_all(self._descriptor, data)

    @property
    def path(self) -> str:
        """Its name, beside the files of the directory: from now on it is there, and all of it is on the disk."""
        if self._descriptor is not None:
            with disk(self._directory):
                # A crash of the machine right after the renaming must not leave an empty file in the old one's place.
                os.fsync(self._descriptor)
                if self._path is None:
                    self._path = self._named(self._descriptor)
            self._close()
        if self._path is None:
            raise RuntimeError("A file that was discarded has no name.")
        return self._path

    def _named(self, descriptor: int) -> str:
        name = f".dam-report-{secrets.token_hex(8)}.tmp"
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Only with a folder's descriptor is the link under /proc followed, on every supported Python.
            os.link(f"{_DESCRIPTORS}/{descriptor}", name, dst_dir_fd=folder)
        finally:
            os.close(folder)
        return os.path.join(self._directory, name)

    def discard(self) -> None:
        """Remove it, unless it was moved away."""
        self._close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextlib.contextmanager
def spool(directory: str) -> Iterator[Any]:
    """Give an unbuffered file for bytes that are read again, which never gets a name."""
    with disk(directory):
        file = tempfile.TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115 - closed below
    with file:
        yield file


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``: shortly before a disk or a quota is full, the system may take a part only."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextlib.contextmanager
def disk(directory: str) -> Iterator[None]:
    """Raise what the system says of the disk as ``DamError``."""
    try:
        yield
    except OSError as error:
        raise DamError(
            f"The report could not be written in {directory}: {error.strerror or error}. Nothing was changed there. "
            "Check the free space and the permissions."
        ) from error
