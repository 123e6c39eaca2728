# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of text in requests: times, and Unicode."""

from __future__ import annotations

import re
from datetime import datetime

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def unicode_text(value: str) -> str:
    """The value, if it can be stored: half a surrogate pair, which JSON can write, is no text.

    Raises:
        ValueError: it cannot.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("this is not Unicode") from error
    return value


def date_time(value: str) -> str:
    """The value, if it is a date and time as OpenAPI's ``date-time`` wants it.

    Raises:
        ValueError: it is not.
    """
    if not _RFC_3339.fullmatch(value):
        raise ValueError("a date and time with time zone is needed")
    datetime.fromisoformat(value[:19].upper())
    return value
