# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages that overlap by one row, so that it does not go unnoticed when rows move between two requests.

Where rows before the one that was read last are deleted meanwhile, those behind it move up and some are never read. A
count cannot tell: the list is as short at its end as what was read of it. The row at the seam can. It tells as well
whether a row that equals an earlier one came twice because others were added before it, or is one more of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._paging import Fetch, Row, pages


class Overlapping:
    """The pages of a list, and whether its rows stayed where they were while it was read.

    Costs no more requests than other pages do, but one at the end, which looks whether the last row is still the last.
    ``page_size`` has to be at least 2, for the row at the seam and one behind it.
    """

    def __init__(self, fetch: Fetch, page_size: int, ahead: int) -> None:
        if page_size < 2:
            raise ValueError("page_size must be at least 2")
        self._fetch = fetch
        self._page_size = page_size
        self._ahead = ahead
        # By offset of a page: the row right before it, as the server gave it together with the page.
        self._before: dict[int, Row | None] = {}
        self.moved = False
        """Whether rows were added or deleted before the page that was yielded last; of the end, once all pages are."""

    def __iter__(self) -> Iterator[list[Row]]:
        source = pages(self._page, self._page_size - 1, self._ahead)
        offset, last = 0, None
        try:
            for rows in source:
                self._compare(offset, last)
                yield rows
                offset, last = offset + len(rows), rows[-1]
            self._compare(offset, last)
        finally:
            source.close()

    def _compare(self, offset: int, last: Row | None) -> None:
        if last is not None and self._before.pop(offset, None) != last:
            self.moved = True

    def _page(self, offset: int, limit: int) -> list[Row]:
        rows = _without_echo(self._fetch(max(0, offset - 1), limit + 1), limit + 1)
        if offset == 0:
            # As long as all that follow, which begin with a row that does not count.
            return rows[:limit] if len(rows) == limit + 1 else rows
        self._before[offset] = rows[0] if rows else None
        if not rows:
            return rows
        # A server may give fewer rows than it was asked for, so only an empty page is the end.
        return rows[1:] or self._fetch(offset, limit)


def _without_echo(rows: list[Row], limit: int) -> list[Row]:
    """The rows of one answer less what may be in it twice: what is over the limit, and a last row like the first.

    Nothing is lost: the next page begins where this one is cut, and brings what is real. A server that does not look at
    the limit is not asked for everything again and again, though.
    """
    if limit < len(rows) < 2 * limit:
        return rows[:limit]
    return rows[:-1] if 1 < len(rows) <= limit and rows[-1] == rows[0] else rows
