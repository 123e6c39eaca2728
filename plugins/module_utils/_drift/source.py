# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API as a side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._dam.api import HASH_LISTS_SINCE, WINDOWS_SINCE, Dam
from .._dam.records import Row
from .._errors import DamError, NotSupported, ServerError
from .sides import Listed, NotOffered, Side, Window

T = TypeVar("T")

# API version 1.N belongs to release CF(N+188) (vendor's OpenAPI documents).
CF_OF_MINOR = 188


def side_of(name: str, dam: Dam, record_type: str) -> Side:
    """The records of one type at a server; ``name`` says which one it is.

    Its questions raise NotOffered where the release does not take the type, NotSupported where it lacks the call, and
    what ``Dam`` raises.
    """

    def window(offset: int, limit: int) -> Window:
        answer = _asked(name, dam, WINDOWS_SINCE, lambda: dam.record_window(record_type, offset, limit))
        return _window(answer)

    def listed(first: str | None, last: str | None) -> Listed:
        answer = _asked(name, dam, HASH_LISTS_SINCE, lambda: dam.record_hashes(record_type, first, last))
        return [(_text(row, "id"), _text(row, "hash")) for row in answer]

    return Side(name, window, listed)


def _asked(name: str, dam: Dam, since: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except ServerError as error:
        if error.status == 400:
            raise NotOffered(f"The {name} does not take it: {error.message}", **error.context) from None
        if error.status in (404, 405):
            raise NotSupported(f"{_release(name, dam, since)} {error.message}", **error.context) from None
        raise


def _release(name: str, dam: Dam, since: str) -> str:
    try:
        version = dam.api_version() or ""
    except DamError:
        version = ""
    major, _dot, rest = version.partition(".")
    minor = rest.partition(".")[0]
    known = (
        f" (its DAM API is {version}, release CF{int(minor) + CF_OF_MINOR})"
        if major == "1" and minor.isdecimal()
        else ""
    )
    return f"The {name}{known} cannot be asked for its records, which takes release {since}."


def _window(answer: Row) -> Window:
    count: Any = answer.get("count")
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ServerError("The server's window of records lacks a usable 'count'.", status=200)
    record_id = answer.get("id")
    found = _text(answer, "hash") if count else ""
    return Window(found, count, record_id if isinstance(record_id, str) and record_id else None)


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise ServerError(f"The server's records lack a usable '{key}'.", status=200)
    return value
