# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that a server gives page by page: read whole, in order, in bounded memory; or only counted.

What is known of the server's paging is little (inferred): it takes an offset and a limit, it may give fewer rows than
the limit, and what it does beyond that is not documented. So only an empty page is the end.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import repeat
from typing import Any

from .._errors import DamError
from .prefetch import Prefetcher

Row = dict[str, Any]
Fetch = Callable[[int, int], list[Row]]

# What nobody asks for otherwise: a server that never comes to an end is not read from for ever.
MOST_ROWS = 100_000_000
# Beyond this offset a server is not believed any more to look at the offset at all.
_HIGHEST_OFFSET = 2**31 - 1
# After so many pages a server is asked once for a row far beyond any list.
_PAGES_BELIEVED = 100
# Pages of a size other than expected, before reading ahead is given up: each one wastes what was read ahead.
_MISFITS_ALLOWED = 3


def pages(
    fetch: Fetch, page_size: int = 1000, ahead: int = 1, max_rows: int | None = None
) -> Generator[list[Row], None, None]:
    """Yield the pages of a list, each as the server gave it, until an empty one comes.

    ``fetch(offset, limit)`` returns the rows of one page. At most ``ahead`` pages are in flight or waiting to be
    taken; with 1 no thread is started, with more ``fetch`` is called from that many threads. The next offset is always
    the offset plus the rows that came, whatever was asked for. An exception out of ``fetch`` is raised in the order of
    the pages: after everything before it was yielded, and never for a page beyond the end.

    Raises ``DamError`` when there is a row even at an offset far beyond any list (the server does not look at the
    offset), when a page equals the one before and the server does not tell by an empty page that there is none, and
    when more than ``max_rows`` rows come (``None``: 100 million). Closing the generator stops the threads.
    """
    if page_size < 1 or ahead < 1:
        raise ValueError("page_size and ahead must be at least 1")
    source = _Source(fetch, page_size, ahead)
    most = MOST_ROWS if max_rows is None else max_rows
    beyond: Callable[[], list[Row] | None] = list
    bounded = False
    previous: list[Row] = []
    offset = number = 0
    try:
        while True:
            rows = source.page(offset)
            number += 1
            if not rows:
                return
            if rows == previous and not bounded:
                # Rows have no schema, so pages of equal rows can be real, but not from a server that has no end.
                bounded = _beyond(fetch) == []
                if not bounded:
                    raise DamError(
                        f"The server gave the same page twice, at offset {offset - len(previous)} and at offset "
                        f"{offset}: it does not seem to look at the offset, so the list cannot be read whole. A proxy "
                        "that caches answers could be the reason.",
                        offset=offset,
                    )
            offset += len(rows)
            if offset > most:
                raise DamError(f"The server gave more than {most} rows, and has not come to an end.", offset=offset)
            if number == _PAGES_BELIEVED:
                beyond = source.beside(lambda: _beyond(fetch))
            # With pages read ahead the answer is not waited for, but comes together with theirs.
            if number == _PAGES_BELIEVED + ahead - 1 and beyond():
                raise DamError(
                    f"The server still gives a row at offset {_HIGHEST_OFFSET}: it does not seem to look at the "
                    "offset, so the list would never end.",
                    offset=offset,
                )
            yield rows
            previous = rows
    finally:
        source.close()


def _beyond(fetch: Fetch) -> list[Row] | None:
    """The row far beyond any list, if there is one; None from a server that does not like the question."""
    try:
        return fetch(_HIGHEST_OFFSET, 1)
    except DamError:
        return None


class _Source:
    """The pages by their offset, read ahead as soon as the server's own page size is known."""

    def __init__(self, fetch: Fetch, page_size: int, ahead: int) -> None:
        self._fetch = fetch
        self._asked = page_size
        self._ahead = ahead
        self._expected: int | None = None
        self._misfits = 0
        self._waiting: deque[tuple[int, Callable[[], list[Row]]]] = deque()
        self._prefetcher: Prefetcher[Any] | None = None

    def page(self, offset: int) -> list[Row]:
        """Return the page at ``offset``; whatever was read ahead for other offsets is dropped."""
        fits = not self._waiting or self._waiting[0][0] == offset
        if not fits:
            # A page was shorter or longer than those before, so nothing that was read ahead belongs behind it. Most
            # often it was the last one, and reading ahead once more would be in vain.
            self._misfits += 1
            self._waiting.clear()
        if fits and self._worth_reading_ahead():
            self._read_ahead(offset)
            rows = self._waiting.popleft()[1]()
            if len(rows) == self._expected:
                # The next one is under way while this one is worked on.
                self._read_ahead(offset + len(rows))
        else:
            rows = self._fetch(offset, self._asked)
        self._learn(offset, rows)
        return rows

    def _worth_reading_ahead(self) -> bool:
        return self._ahead > 1 and self._expected is not None and self._misfits < _MISFITS_ALLOWED

    def _learn(self, offset: int, rows: list[Row]) -> None:
        if offset == 0 and len(rows) == self._asked:
            self._expected = self._asked
        elif self._expected is None and offset > 0 and rows:
            # The first page was not the last one, so it was the server that chose the size. The second one has that of
            # all the following; if it is the last, what it has does not matter.
            self._asked = self._expected = min(self._asked, len(rows))

    def beside(self, call: Callable[[], list[Row] | None]) -> Callable[[], list[Row] | None]:
        """Have something asked for beside the pages that are read ahead; where none are, only when it is wanted."""
        return self._threads().submit(call) if self._ahead > 1 else call

    def _threads(self) -> Prefetcher[Any]:
        if self._prefetcher is None:
            self._prefetcher = Prefetcher(self._ahead)
        return self._prefetcher

    def _read_ahead(self, offset: int) -> None:
        threads = self._threads()
        step = self._expected or self._asked
        following = self._waiting[-1][0] + step if self._waiting else offset
        while len(self._waiting) < self._ahead:
            self._waiting.append((following, threads.submit(self._call(following))))
            following += step

    def _call(self, offset: int) -> Callable[[], list[Row]]:
        return lambda: self._fetch(offset, self._asked)

    def close(self) -> None:
        self._waiting.clear()
        if self._prefetcher is not None:
            self._prefetcher.close()


class Deduplicated:
    """Pages without the rows that came a second time because the data moved between two requests.

    A row counts as come twice when ``moved`` tells of the data that it moved up to its page, and all of its content
    equals that of a row in one of the ``window`` pages before. Equal rows of data that stayed where they were are real,
    and so are those of one and the same page, since one answer does not move within itself. Only a digest of each row
    is kept. Raises ``DamError`` when ``window`` pages in a row hold nothing new: the server goes round in circles.
    """

    def __init__(self, source: Iterable[list[Row]], window: int = 10, moved: Callable[[], bool] = lambda: True) -> None:
        self._source = source
        self._window = window
        self._moved = moved
        self.duplicates = 0

    def __iter__(self) -> Iterator[list[Row]]:
        last_seen: dict[int, int] = {}
        history: deque[list[int]] = deque()
        stale = 0
        for number, rows in enumerate(self._source):
            digests = _digests(rows)
            if self._moved() and not last_seen.keys().isdisjoint(digests):
                rows = [row for row, digest in zip(rows, digests) if digest not in last_seen]
                self.duplicates += len(digests) - len(rows)
            stale = 0 if rows else stale + 1
            if stale >= self._window:
                raise DamError(
                    f"The last {stale} pages held only rows that had come before: the server does not seem to look at "
                    "the offset, so the list cannot be read whole."
                )
            history.append(digests)
            last_seen.update(dict.fromkeys(digests, number))
            if len(history) > self._window:
                expired = number - self._window
                for digest in history.popleft():
                    if last_seen.get(digest) == expired:
                        del last_seen[digest]
            if rows:
                yield rows

    def close(self) -> None:
        """Close the pages that this reads from, and with them the threads that read ahead."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


def _digests(rows: list[Row]) -> list[int]:
    # Version 2 of the format depends on nothing but the value; unlike the hash of the values it tells 1, 1.0 and true
    # apart. 64 bits: among the rows of ten pages a chance hit is out of reach even in a list of a billion rows.
    try:
        return list(map(hash, map(marshal.dumps, rows, repeat(2))))
    except ValueError:
        raise DamError("A row of the server's answer is nested too deeply to be read.") from None


def count(has_row: Callable[[int], bool]) -> int:
    """Return the number of rows of a list, given whether there is a row at an offset.

    Doubles the offset until there is none and halves the gap then: about 2 * log2(n) calls, and one for an empty list.
    Raises ``DamError`` when there is a row at every offset that can be asked for.
    """
    if not has_row(0):
        return 0
    present, absent = 0, 1
    while has_row(absent):
        if absent == _HIGHEST_OFFSET:
            raise DamError(
                f"The server still gives a row at offset {absent}: it does not seem to look at the offset, so the rows "
                "cannot be counted."
            )
        present, absent = absent, min(absent * 2, _HIGHEST_OFFSET)
    while absent - present > 1:
        middle = (present + absent) // 2
        if has_row(middle):
            present = middle
        else:
            absent = middle
    return absent


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
