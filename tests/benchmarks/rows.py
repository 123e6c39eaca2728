# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the ready-made pages: any number of them, all of one width, so that a page is a slice of a file."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

WIDTH = 340
"""Bytes of a row, less the comma behind it."""
COLUMNS = (
    "id", "subscriberId", "recordId", "recordType", "recordAction", "created", "collectionId", "recordName", "size",
)  # fmt: skip
SUBSCRIBER = "5f0c9a52-1111-4000-8000-000000000001"
_TYPES = ("MEDIA_ITEM", "RENDITION", "VERSION", "KEYWORD", "CUSTOM_URL")
_ACTIONS = ("CREATE", "UPDATE", "DELETE")
_AT_ONCE = 10_000


def make(path: Path, count: int) -> None:
    """Write ``count`` rows to a file."""
    with open(path, "wb") as file:
        file.writelines(
            b"".join(_row(number) for number in range(start, min(count, start + _AT_ONCE)))
            for start in range(0, count, _AT_ONCE)
        )


def _row(number: int) -> bytes:
    text = (
        f'{{"id":"0b2f4c6e-0000-4000-8000-{number:012}","subscriberId":"{SUBSCRIBER}",'
        f'"recordId":"{number % 1013:08x}-0000-4000-8000-{number:012}","recordType":"{_TYPES[number % 5]}",'
        f'"recordAction":"{_ACTIONS[number % 3]}","created":"2026-11-02T07:00:00.000Z",'
        f'"collectionId":"c{number % 97:035}","recordName":"asset {number}.png","size":{number % 70000}}}'
    )
    # White space between two rows is as good as none.
    return text.encode().ljust(WIDTH) + b","


class Pages:
    """Pages of the first ``count`` rows of a file."""

    def __init__(self, path: Path) -> None:
        with open(path, "rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.count = os.path.getsize(path) // (WIDTH + 1)

    def page(self, offset: int, limit: int) -> bytes:
        """Return a page as JSON."""
        begin, end = min(offset, self.count), min(offset + limit, self.count)
        return b"[" + self._data[begin * (WIDTH + 1) : max(begin, end) * (WIDTH + 1) - (end > begin)] + b"]"
