# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows that move while a list is read do not go unnoticed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.paging import Deduplicated, Overlapping, Row
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError


class Server:
    """A list that changes after so many requests; ``caps`` are the most rows of its answers, in turns."""

    def __init__(self, number: int, caps: list[int] | None = None) -> None:
        self.rows: list[Row] = [{"id": index} for index in range(number)]
        self.calls: list[tuple[int, int]] = []
        self.changes: dict[int, Callable[[list[Row]], object]] = {}
        self._caps = itertools.cycle(caps or [10**9])

    def fetch(self, offset: int, limit: int) -> list[Row]:
        self.calls.append((offset, limit))
        page = self.rows[offset : offset + min(limit, next(self._caps))]
        if change := self.changes.get(len(self.calls)):
            change(self.rows)
        return page


def read(server: Server, page_size: int = 10, ahead: int = 1) -> tuple[list[Row], bool]:
    source = Overlapping(server.fetch, page_size, ahead)
    rows = [row for page in source for row in page]
    return rows, source.moved


@given(
    number=st.integers(0, 120),
    page_size=st.integers(2, 40),
    kinds=st.sampled_from([10**9, 1, 2, 3, 7]),
    caps=st.lists(st.integers(1, 50), max_size=5),
    ahead=st.sampled_from([1, 3]),
)
def test_a_list_that_stays_as_it_is_is_read_whole_and_nothing_moved(
    number: int, page_size: int, kinds: int, caps: list[int], ahead: int
) -> None:
    server = Server(number, caps)
    server.rows = [{"id": index % kinds} for index in range(number)]
    assert read(server, page_size, ahead) == (server.rows, False)


@given(
    number=st.integers(15, 100),
    request=st.integers(1, 30),
    gone=st.lists(st.integers(0, 100), min_size=1, max_size=5),
)
def test_no_row_is_missed_without_a_word_when_the_list_shrinks(number: int, request: int, gone: list[int]) -> None:
    server = Server(number)
    places = sorted({place % number for place in gone}, reverse=True)

    def shrink(rows: list[Row]) -> None:
        for place in places:
            del rows[place]

    server.changes = {request: shrink}
    rows, moved = read(server)
    missed = [row for row in server.rows if row not in rows]
    assert moved or not missed


def test_rows_that_move_up_and_are_skipped_are_noticed_though_the_count_agrees() -> None:
    server = Server(100)
    server.changes = {5: lambda rows: rows.__delitem__(slice(20, 30))}
    rows, moved = read(server)
    assert (len(rows), len(server.rows), moved) == (90, 90, True)
    assert [row for row in server.rows if row not in rows] != []


@pytest.mark.parametrize("request_number", [1, 3, 6])
@pytest.mark.parametrize(
    "change", [list.clear, lambda rows: rows.insert(0, {"id": "new"}), list.pop], ids=["cleared", "grown", "cut"]
)
def test_rows_that_come_or_go_are_noticed(request_number: int, change: Callable[[list[Row]], object]) -> None:
    server = Server(50)
    server.changes = {request_number: change}
    rows, moved = read(server)
    # What was cut off before it was read is not missed.
    assert moved == ([row for row in server.rows if row not in rows] != [] or len(rows) > len(server.rows))


def test_logs_that_vanish_after_the_last_page_are_noticed() -> None:
    server = Server(7)
    server.changes = {1: list.clear}
    assert read(server) == ([{"id": index} for index in range(7)], True)


def test_it_costs_hardly_a_request_more_than_pages_without_a_seam() -> None:
    server = Server(0)
    read(server)
    assert server.calls == [(0, 10)]
    server = Server(7)
    read(server)
    assert server.calls == [(0, 10), (6, 10), (7, 9)]
    server = Server(90)
    read(server)
    assert [offset for offset, _limit in server.calls] == [0, *range(8, 90, 9), 90]
    assert max(limit for _offset, limit in server.calls) == 10


def test_what_is_read_ahead_beyond_the_end_is_asked_for_once() -> None:
    server = Server(95)
    went_beyond = threading.Event()

    def fetch(offset: int, limit: int) -> list[Row]:
        if offset > 95:
            went_beyond.set()
        elif offset == 89:  # the last page; those behind it are requested meanwhile
            assert went_beyond.wait(10)
        return server.fetch(offset, limit)

    source = Overlapping(fetch, 10, 4)
    assert [row for page in source for row in page] == server.rows
    assert not source.moved
    beyond = [offset for offset, _limit in server.calls if offset > 95]
    assert len(beyond) == len(set(beyond)) >= 1
    assert {offset % 9 for offset in beyond} == {8}, "an empty answer was asked for again from one row later on"


def test_what_is_read_ahead_has_the_size_that_the_server_really_gives() -> None:
    server = Server(400, [20])
    assert read(server, 1000, 4) == (server.rows, False)
    assert {limit for _offset, limit in server.calls[4:]} <= {20, 19}
    assert len(server.calls) <= 400 // 19 + 4 + 5


def test_the_pages_end_when_nobody_wants_more() -> None:
    server = Server(1000)
    source = iter(Overlapping(server.fetch, 10, 1))
    next(source)
    source.close()  # type: ignore[attr-defined]
    assert list(source) == []
    assert len(server.calls) == 1


@pytest.mark.parametrize("page_size", [2, 10])
def test_a_server_that_ignores_the_offset_is_noticed(page_size: int) -> None:
    server = Server(5)
    source = Overlapping(lambda _offset, limit: server.fetch(0, limit), page_size, 1)
    with pytest.raises(DamError, match="same page twice"):
        list(source)


def test_a_page_without_room_for_a_row_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Overlapping(Server(5).fetch, 1, 1)


@pytest.mark.parametrize("number", [1, 3, 9, 10, 11, 19, 30, 95])
@pytest.mark.parametrize("doubled", range(1, 13))
@pytest.mark.parametrize("cap", [10**9, 4])
def test_a_row_that_comes_once_more_at_the_end_of_an_answer_is_one_row(number: int, doubled: int, cap: int) -> None:
    server = Server(number, [cap])

    def fetch(offset: int, limit: int) -> list[Row]:
        rows = server.fetch(offset, limit)
        return rows + rows[:1] if len(server.calls) == doubled and len(rows) != 1 else rows

    source = Overlapping(fetch, 10, 1)
    assert [row for page in source for row in page] == server.rows
    assert not source.moved


def test_a_server_that_gives_more_than_it_was_asked_for_is_read_whole() -> None:
    for size in (12, 15, 25, 1000):
        server = Server(300)
        source = Overlapping(lambda offset, _limit, s=server, n=size: s.fetch(offset, n), 10, 1)  # type: ignore[misc]
        assert [row for page in source for row in page] == server.rows
        assert not source.moved


def test_only_the_rows_of_a_list_that_moved_are_looked_at_for_rows_that_came_twice() -> None:
    server = Server(0)
    server.rows = [{"kind": "same"}] * 25 + [{"id": index} for index in range(40)]
    server.changes = {5: lambda rows: rows.insert(0, {"id": "new"})}
    source = Overlapping(server.fetch, 10, 1)
    once = Deduplicated(source, moved=lambda: source.moved)
    rows = [row for page in once for row in page]
    assert rows == [{"kind": "same"}] * 25 + [{"id": index} for index in range(40)]
    assert once.duplicates == 1
    assert source.moved
