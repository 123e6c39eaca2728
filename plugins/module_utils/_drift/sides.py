# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One side of the comparison: the records of one type in one environment.

A server gives hash and count of a window of records, and ids and hashes of a range of ids (vendor's OpenAPI document).
What a hash covers, the order of the records, the largest window and whether the ends of a range belong to it are not
documented, so answers that do not fit together raise Incomparable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .._dam.api import Dam
from .._dam.records import Row
from .._errors import DamError, ServerError
from .._text import is_identifier

# More records than any environment has, and still a number that every server can read.
EVERYTHING = 10**9


class Unjudged(DamError):  # noqa: N818
    """No verdict on a record type is possible; its ``status`` is returned instead."""

    status: str


class Incomparable(Unjudged):
    """Answers do not fit together, so nothing can be concluded from them."""

    status = "not comparable"


class NotOffered(Unjudged):
    """The release of one of the environments does not take this record type in this call."""

    status = "not offered by this release"


@dataclass(frozen=True)
class Window:
    """The answer for a window of records."""

    hash: str
    count: int
    record_id: str | None


@dataclass(frozen=True)
class Whole:
    """All records of a type at one time, hashed in windows of ``largest`` records."""

    total: int
    hash: str
    largest: int
    first_id: str | None


class Side:
    """The records of one type in the environment ``name``. Those before ``offset`` were compared.

    ``send`` runs a request. Methods raise what it and ``Dam`` raise, NotOffered and Incomparable.
    """

    def __init__(
        self, name: str, dam: Dam, record_type: str, max_window: int, send: Callable[[Callable[[], Any]], Any]
    ) -> None:
        self.name, self.largest = name, max_window
        self.total = self.offset = 0
        self._dam, self._type, self._send = dam, record_type, send

    def whole(self) -> Whole:
        """Count and hash all records, in one window or, if the server gives none as large as that, in several."""
        first, hashes = self._window(0, 1), sha256()
        if not first.count:
            return Whole(0, "", self.largest, None)
        if first.record_id is None:
            raise Incomparable(f"The {self.name}'s window of one record gives no id.")
        previous = first.hash
        while True:
            try:
                found = self._window(self.total, self.largest)
            except NotOffered as error:
                raise Incomparable(f"There is no window of {self.largest}: set max_window. {error.message}") from None
            if found.hash == previous and (self.total or found.count > 1):
                raise Incomparable(f"The {self.name} gives the same hash for different windows of its records.")
            hashes.update(found.hash.encode())
            self.total, previous = self.total + found.count, found.hash
            if found.count == self.largest and self.total < EVERYTHING:
                continue
            if not self._window(self.total, 1).count:
                return Whole(self.total, hashes.hexdigest(), self.largest, first.record_id)
            if not found.count or self.total > found.count:
                raise Incomparable(f"The {self.name} counts {found.count} in a window of {self.largest} records.")
            self.largest = found.count

    def ahead(self, size: int) -> int:
        """How many of the next ``size`` records there are."""
        return min(size, self.total - self.offset)

    def hash_ahead(self, size: int) -> str:
        """The hash of the next ``size`` records."""
        found, ahead = self._window(self.offset, self.ahead(size)), self.ahead(size)
        if found.count != ahead:
            raise Incomparable(f"The {self.name} counts {found.count} of {ahead} records at offset {self.offset}.")
        return found.hash

    def last_ahead(self, size: int) -> str | None:
        """The last id of the next ``size`` records; None if there are none."""
        return self.id_at(self.offset + self.ahead(size) - 1) if self.ahead(size) else None

    def list_ahead(self, size: int, first: str, last: str, own_last: str | None) -> dict[str, str]:
        """Hashes by id from the id ``first``, which was compared, to the id ``last``.

        ``own_last`` is the last id of the next ``size`` records; ``last`` is that or a lower one.
        """
        rows = self._asked(lambda: self._dam.record_hashes(self._type, first or None, last))
        if not all(is_identifier(row.get("id")) for row in rows):
            raise ServerError("The server's records lack a usable 'id'.", status=200)
        listed = {row["id"]: _hash(row) for row in rows}
        ahead, count = self.ahead(size), len(listed.keys() - {first})
        fits = count == ahead if own_last in (None, last) else count < ahead
        if not fits or len(listed) != len(rows) or any(not first <= record_id <= last for record_id in listed):
            counted = f"The next {ahead} records of the {self.name} end with '{own_last}'"
            raise Incomparable(f"{counted}, but it lists {count} behind '{first}' up to '{last}'.")
        return listed

    def id_at(self, offset: int) -> str:
        """The id of the record at ``offset``."""
        found = self._window(offset, 1)
        if found.count != 1 or found.record_id is None:
            raise Incomparable(f"The {self.name}'s window of one record at offset {offset} gives no id.")
        return found.record_id

    def _window(self, offset: int, limit: int) -> Window:
        answer = self._asked(lambda: self._dam.record_window(self._type, offset, limit))
        count, record_id = answer.get("count"), answer.get("id")
        if isinstance(count, bool) or not isinstance(count, (int, float)) or count % 1 or count < 0:
            raise ServerError("The server's window of records lacks a usable 'count'.", status=200)
        usable_id = record_id if is_identifier(record_id) else None
        return Window(_hash(answer) if count else "", int(count), usable_id)

    def _asked(self, call: Callable[[], Any]) -> Any:
        try:
            return self._send(call)
        except ServerError as error:
            if error.status == 400:
                raise NotOffered(f"The {self.name} does not take it: {error.message}", **error.context) from None
            raise


def _hash(row: Row) -> str:
    value = row.get("hash")
    if not isinstance(value, str) or not value:
        raise ServerError("The server's records lack a usable 'hash'.", status=200)
    return value
