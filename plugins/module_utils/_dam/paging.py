# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that a server gives page by page: read whole, in order and in bounded memory, or only counted.

Little is known of the server's paging (inferred): it takes an offset and a limit, and may give fewer rows than the
limit. So only an empty page is the end.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import repeat

from .._errors import DamError
from .records import Row

# Returns the rows of one page, for an offset and a limit.
Fetch = Callable[[int, int], list[Row]]

# The name of the threads that read ahead.
THREAD = "dam-page"
# A list with more rows than this is not read on.
MOST_ROWS = 100_000_000
# No list has a row at this offset, unless the server ignores the offset.
_BEYOND = 2**31 - 1
# After this many pages the server is asked once for the row at that offset.
_PAGES_BELIEVED = 100
# After this many pages of an unexpected size no page is read ahead: each of them wastes what was read ahead.
_MISFITS_ALLOWED = 3


def pages(fetch: Fetch, page_size: int, ahead: int = 1) -> Generator[list[Row], None, None]:
    """Yield the pages of a list as the server gives them, until an empty page comes.

    Each offset is the offset before plus the rows that came, whatever the limit was. At most ``ahead`` pages are
    requested or wait to be taken; with 1 ``fetch`` is called by the caller's thread, with more by that many threads. An
    exception of ``fetch`` is raised after all pages before it were yielded, and never for a page beyond the end.

    Raises DamError if the server ignores the offset (it has a row far beyond any list, or repeats a page and has no
    empty page beyond), and after 100 million rows. Closing the generator ends reading ahead; a request under way is not
    waited for.
    """
    if page_size < 1 or ahead < 1:
        raise ValueError("page_size and ahead must be at least 1")
    reader = _Reader(fetch, page_size, ahead)
    previous: list[Row] = []
    has_end = False
    offset = number = 0
    try:
        while True:
            rows = reader.page(offset)
            if not rows:
                return
            # Rows have no schema: two pages of equal rows can be real, but not if the list has no end.
            if rows == previous and not has_end:
                has_end = _beyond(fetch) == []
                if not has_end:
                    raise DamError(
                        f"The server gave the same page twice, at offset {offset - len(previous)} and at offset "
                        f"{offset}: it does not seem to look at the offset, so the list cannot be read whole. A proxy "
                        "that caches answers could be the reason.",
                        offset=offset,
                    )
            offset += len(rows)
            number += 1
            if offset > MOST_ROWS:
                raise DamError(
                    f"The server gave more than {MOST_ROWS} rows, and has not come to an end.", offset=offset
                )
            if number == _PAGES_BELIEVED:
                reader.ask_beside(lambda: _beyond(fetch))
            # The pages that were requested before come first, so that none waits for this answer.
            if number == _PAGES_BELIEVED + ahead - 1 and reader.answer_beside():
                raise DamError(
                    f"The server still gives a row at offset {_BEYOND}: it does not seem to look at the offset, so the "
                    "list would never end.",
                    offset=offset,
                )
            yield rows
            previous = rows
    finally:
        reader.close()


def _beyond(fetch: Fetch) -> list[Row] | None:
    """The rows far beyond any list; None if the server refuses the question."""
    try:
        return fetch(_BEYOND, 1)
    except DamError:
        return None


class _Reader:
    """Gives pages by their offset, and reads ahead once it knows the size of the server's pages."""

    def __init__(self, fetch: Fetch, page_size: int, ahead: int) -> None:
        self._fetch = fetch
        self._limit = page_size
        self._ahead = ahead
        self._size: int | None = None
        self._misfits = 0
        self._requested: deque[tuple[int, Future[list[Row]]]] = deque()
        self._beside: Future[list[Row] | None] = Future()
        self._threads = ThreadPoolExecutor(ahead, thread_name_prefix=THREAD)  # starts none before the first request

    def page(self, offset: int) -> list[Row]:
        """Return the page at ``offset``; pages that were read ahead for other offsets are dropped."""
        fits = not self._requested or self._requested[0][0] == offset
        if not fits:
            self._misfits += 1
            self._requested.clear()
        # A page of another size is most often the last one but the empty one: nothing is read ahead behind it.
        if fits and self._ahead > 1 and self._size is not None and self._misfits < _MISFITS_ALLOWED:
            self._read_ahead(offset, self._size)
            rows = self._requested.popleft()[1].result()
            if len(rows) == self._size:
                self._read_ahead(offset, self._size)  # while the caller works on this page
        else:
            rows = self._fetch(offset, self._limit)
        self._learn_size(offset, rows)
        return rows

    def _learn_size(self, offset: int, rows: list[Row]) -> None:
        if offset == 0 and len(rows) == self._limit:
            self._size = self._limit
        elif self._size is None and offset and rows:
            # The first page was short, but not the last one: the server has a size of its own. The second page has it.
            self._limit = self._size = min(self._limit, len(rows))

    def _read_ahead(self, offset: int, size: int) -> None:
        if self._requested:
            offset = self._requested[-1][0] + size
        while len(self._requested) < self._ahead:
            self._requested.append((offset, self._threads.submit(self._fetch, offset, self._limit)))
            offset += size

    def ask_beside(self, question: Callable[[], list[Row] | None]) -> None:
        """Ask something else, behind the pages that are requested already."""
        if self._ahead > 1:
            self._beside = self._threads.submit(question)
        else:
            self._beside.set_result(question())

    def answer_beside(self) -> list[Row] | None:
        """Wait for the answer to that."""
        return self._beside.result()

    def close(self) -> None:
        """End reading ahead; a request under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Overlapping:
    """The pages of a list, and whether rows moved while it was read.

    Each request asks for one row more, the last row of the page before: if it is another row, rows were added or
    deleted. This costs one request more, for the last row of the list. ``page_size`` has to be at least 2.
    """

    def __init__(self, fetch: Fetch, page_size: int, ahead: int) -> None:
        if page_size < 2:
            raise ValueError("page_size must be at least 2")
        self._fetch = fetch
        self._page_size = page_size
        self._ahead = ahead
        # The row before each page, by the offset of the page, as it came together with the page.
        self._before: dict[int, Row | None] = {}
        self.moved = False
        """Whether rows were added or deleted before the page that was yielded last, or before the end."""

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
            # Cut to the length of the following pages, whose first row does not count.
            return rows[:limit] if len(rows) == limit + 1 else rows
        self._before[offset] = rows[0] if rows else None
        if not rows:
            return rows
        # The row before alone is no empty page: the server may give fewer rows than the limit.
        return rows[1:] or self._fetch(offset, limit)


def _without_echo(rows: list[Row], limit: int) -> list[Row]:
    """The rows of one answer without those that may come again: beyond the limit, or a last row equal to the first.

    No row is lost, since the next page begins behind the rows that are left. From twice the limit on the server ignores
    the limit, and all rows are taken, or each page would bring all of them again.
    """
    if limit < len(rows) < 2 * limit:
        return rows[:limit]
    return rows[:-1] if 1 < len(rows) <= limit and rows[-1] == rows[0] else rows


class Deduplicated:
    """Pages without the rows that came twice because rows were added while the list was read.

    A row is left out if it equals a row of the ``window`` pages before and ``moved`` says that rows moved before its
    page. Equal rows of a list that did not move are real, and so are equal rows of one page. Of each row only a digest
    is kept. Raises DamError after ``window`` pages without a new row: the server gives the same pages again and again.
    """

    def __init__(self, source: Iterable[list[Row]], window: int = 10, moved: Callable[[], bool] = lambda: True) -> None:
        self._source = source
        self._window = window
        self._moved = moved
        self.duplicates = 0

    def __iter__(self) -> Iterator[list[Row]]:
        last_page: dict[int, int] = {}  # by the digest of a row: the number of the last page that had it
        window: deque[list[int]] = deque()  # the digests of the last pages
        without_news = 0
        for number, rows in enumerate(self._source):
            digests = _digests(rows)
            if self._moved() and not last_page.keys().isdisjoint(digests):
                rows = [row for row, digest in zip(rows, digests) if digest not in last_page]
                self.duplicates += len(digests) - len(rows)
            without_news = 0 if rows else without_news + 1
            if without_news >= self._window:
                raise DamError(
                    f"The last {without_news} pages held only rows that had come before: the server does not seem to "
                    "look at the offset, so the list cannot be read whole."
                )
            last_page.update(dict.fromkeys(digests, number))
            window.append(digests)
            if len(window) > self._window:
                for digest in window.popleft():
                    if last_page.get(digest) == number - self._window:
                        del last_page[digest]
            if rows:
                yield rows

    def close(self) -> None:
        """Close the source, and with it the threads that read ahead."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


def _digests(rows: list[Row]) -> list[int]:
    # Unlike the hash of the values, marshal tells 1, 1.0 and true apart; its version 2 depends on the value alone. 64
    # bits are enough: two different rows of ten pages with one digest are not to be expected in a billion rows.
    try:
        return list(map(hash, map(marshal.dumps, rows, repeat(2))))
    except ValueError:
        raise DamError("A row of the server's answer is nested too deeply to be read.") from None


def count(has_row: Callable[[int], bool]) -> int:
    """Return the number of rows of a list; ``has_row`` tells whether there is a row at an offset.

    Doubles the offset until there is no row, then halves the gap: about 2 * log2(n) calls, and one for an empty list.
    Raises DamError if there is a row at every offset.
    """
    if not has_row(0):
        return 0
    present, absent = 0, 1
    while has_row(absent):
        if absent == _BEYOND:
            raise DamError(
                f"The server still gives a row at offset {absent}: it does not seem to look at the offset, so the rows "
                "cannot be counted."
            )
        present, absent = absent, min(absent * 2, _BEYOND)
    while absent - present > 1:
        middle = (present + absent) // 2
        if has_row(middle):
            present = middle
        else:
            absent = middle
    return absent
