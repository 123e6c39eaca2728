# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tells the rows of one comparison from those of a later one that found the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from .._text import json_text

_TIME_NAME = re.compile(r"(?:created|updated|modified|changed)(?:at|on|time|date)?$|time(?:stamp)?$|date$")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}\S*)?")
# Where a row names its record by one of these, its plain ``id`` is that of the log.
_RECORD_NAMES = {"recordid", "itemid", "entityid", "objectid", "contentid"}


class Findings:
    """Collects rows to a number that is the same for the same findings, in whatever order."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take a row. Raises ``DamError`` where it is nested too deeply."""
        plain = {name: re.sub(r"[^a-z0-9]", "", name.lower()) for name in row}
        drop_id = not _RECORD_NAMES.isdisjoint(plain.values())
        lasting = [
            [name, row[name]]
            for name in sorted(row)
            if not (_TIME_NAME.search(plain[name]) or (drop_id and plain[name] == "id") or _is_time(row[name]))
        ]
        digest = hashlib.sha256(json_text(lasting).encode("utf-8")).digest()
        self._sum = (self._sum + int.from_bytes(digest, "big")) % 2**256

    def digest(self, said: Iterable[Any]) -> str:
        """Return what stands for the rows and for what is ``said`` besides, in hexadecimal."""
        text = json_text([f"{self._sum:x}", *said])
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None
