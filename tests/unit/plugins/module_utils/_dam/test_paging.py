# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a list page by page, whatever a server makes of offset and limit."""

from __future__ import annotations

import itertools
import math
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam import paging as _paging
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.paging import (
    THREAD,
    Deduplicated,
    Row,
    count,
    pages,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError

GENEROUS = 10.0
"""Seconds that a test waits for another thread before it fails; it never waits that long when all is well."""


def rows_of(number: int, start: int = 0) -> list[Row]:
    return [{"id": f"row-{index}"} for index in range(start, start + number)]


def flat(source: Any) -> list[Row]:
    return [row for page in source for row in page]


class Server:
    """A list behind offset and limit that remembers what it was asked."""

    def __init__(self, rows: list[Row], caps: list[int] | None = None, *, limited: bool = True) -> None:
        self.rows = rows
        self.caps = itertools.cycle(caps) if caps else None
        self.limited = limited
        self.calls: list[tuple[int, int]] = []
        self.lock = threading.Lock()

    def fetch(self, offset: int, limit: int) -> list[Row]:
        with self.lock:
            self.calls.append((offset, limit))
            cap = next(self.caps) if self.caps else limit
        most = min(limit, cap) if self.limited else cap
        return self.rows[offset : offset + most]


@given(
    number=st.integers(0, 120),
    page_size=st.integers(1, 40),
    caps=st.lists(st.integers(1, 50), max_size=5),
    ahead=st.sampled_from([1, 2, 4]),
    limited=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_every_row_comes_exactly_once_and_in_order_whatever_the_size_of_the_pages(
    number: int, page_size: int, caps: list[int], ahead: int, limited: bool
) -> None:
    server = Server(rows_of(number), caps, limited=limited)
    assert flat(pages(server.fetch, page_size, ahead)) == server.rows


@given(number=st.integers(0, 60), ahead=st.sampled_from([1, 3]))
@settings(max_examples=40, deadline=None)
def test_a_server_that_gives_everything_at_once_is_read_once(number: int, ahead: int) -> None:
    server = Server(rows_of(number), [1000], limited=False)
    assert flat(pages(server.fetch, 10, ahead)) == server.rows


def test_an_empty_list_costs_one_request() -> None:
    server = Server([])
    assert list(pages(server.fetch, 10, ahead=4)) == []
    assert server.calls == [(0, 10)]


def test_a_short_first_page_is_followed_by_one_request_for_the_end_and_no_more() -> None:
    server = Server(rows_of(7))
    assert flat(pages(server.fetch, 10, ahead=4)) == server.rows
    assert server.calls == [(0, 10), (7, 10)]


def test_a_short_last_page_does_not_end_the_list_before_an_empty_one_does() -> None:
    server = Server(rows_of(25))
    assert [len(page) for page in pages(server.fetch, 10)] == [10, 10, 5]
    assert [offset for offset, _limit in server.calls] == [0, 10, 20, 25]


def test_reading_ahead_asks_for_the_size_that_the_server_really_gives() -> None:
    server = Server(rows_of(40), [4])
    assert flat(pages(server.fetch, 10, ahead=3)) == server.rows
    assert server.calls[:2] == [(0, 10), (4, 10)]
    assert {limit for _offset, limit in server.calls[2:]} == {4}
    assert len(server.calls) <= 40 // 4 + 3


def test_reading_ahead_is_given_up_where_page_sizes_keep_changing() -> None:
    server = Server(rows_of(600), [10, 3, 7, 9, 2])
    assert flat(pages(server.fetch, 10, ahead=4)) == server.rows
    # Each of the three misfits wastes up to three requests; after that every request brings rows.
    without = Server(rows_of(600), [10, 3, 7, 9, 2])
    list(pages(without.fetch, 10))
    assert len(server.calls) <= len(without.calls) + 20


def test_the_end_of_the_list_costs_no_more_than_what_was_read_ahead() -> None:
    server = Server(rows_of(25))
    assert flat(pages(server.fetch, 10, ahead=4)) == server.rows
    asked = sorted(offset for offset, _limit in server.calls)
    assert [offset for offset in asked if offset <= 25] == [0, 10, 20, 25]
    assert set(asked[4:]) <= {30, 40, 50}
    assert len(asked) <= 7


@pytest.mark.parametrize(("short_pages", "ahead"), [([100], True), ([100, 157], True), ([100, 157, 214], False)])
def test_reading_ahead_ends_with_the_third_page_of_another_size(short_pages: list[int], ahead: bool) -> None:
    threads = []
    server = Server(rows_of(400))

    def fetch(offset: int, limit: int) -> list[Row]:
        threads.append((offset, threading.current_thread().name.startswith(THREAD)))
        return server.fetch(offset, 7 if offset in short_pages else limit)

    assert flat(pages(fetch, 10, ahead=3)) == server.rows
    assert {by_thread for offset, by_thread in threads if 250 < offset < 390} == {ahead}


def test_no_more_pages_are_in_flight_than_allowed_and_several_are() -> None:
    arrived = threading.Semaphore(0)
    let_go = threading.Semaphore(0)
    running: list[int] = []
    peak: list[int] = []
    server = Server(rows_of(100))

    def fetch(offset: int, limit: int) -> list[Row]:
        running.append(offset)
        peak.append(len(running))
        if offset > 0:
            arrived.release()
            assert let_go.acquire(timeout=GENEROUS)
        running.remove(offset)
        return server.fetch(offset, limit)

    source = pages(fetch, 10, ahead=3)
    next(source)
    taker = threading.Thread(target=lambda: next(source), daemon=True)
    taker.start()
    for _unused in range(3):
        assert arrived.acquire(timeout=GENEROUS)
    assert not arrived.acquire(timeout=0.05)
    let_go.release(50)
    taker.join(GENEROUS)
    assert flat(source) == server.rows[20:]
    assert max(peak) == 3


def test_the_next_pages_are_requested_while_one_is_worked_on() -> None:
    server = Server(rows_of(100))
    both = threading.Barrier(3, timeout=GENEROUS)

    def fetch(offset: int, limit: int) -> list[Row]:
        if offset in (20, 30):
            both.wait()
        return server.fetch(offset, limit)

    source = pages(fetch, 10, ahead=2)
    next(source)
    next(source)
    both.wait()
    assert flat(source) == server.rows[20:]


def test_one_page_ahead_needs_no_thread() -> None:
    seen = set()
    server = Server(rows_of(1100))  # long enough for the look beyond the list

    def fetch(offset: int, limit: int) -> list[Row]:
        seen.add(threading.current_thread())
        return server.fetch(offset, limit)

    assert flat(pages(fetch, 10)) == server.rows
    assert seen == {threading.current_thread()}


@pytest.mark.parametrize("ahead", [1, 4])
def test_an_error_comes_after_all_pages_before_it(ahead: int) -> None:
    server = Server(rows_of(100))

    def fetch(offset: int, limit: int) -> list[Row]:
        if offset == 50:
            raise ConnectionResetError("gone")
        return server.fetch(offset, limit)

    taken: list[Row] = []
    source = map(taken.extend, pages(fetch, 10, ahead))
    with pytest.raises(ConnectionResetError, match="gone"):
        list(source)
    assert taken == server.rows[:50]


def test_an_error_beyond_the_end_is_none() -> None:
    server = Server(rows_of(35))

    def fetch(offset: int, limit: int) -> list[Row]:
        if offset > 35:
            raise ValueError("offset out of range")
        return server.fetch(offset, limit)

    assert flat(pages(fetch, 10, ahead=4)) == server.rows


def reading_ahead() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(THREAD)}


@pytest.mark.parametrize("ending", ["exhausted", "closed", "failed"])
def test_no_thread_is_left_when_the_pages_end(ending: str) -> None:
    before = reading_ahead()
    server = Server(rows_of(100))

    def fetch(offset: int, limit: int) -> list[Row]:
        if ending == "failed" and offset == 60:
            raise OSError("no more")
        return server.fetch(offset, limit)

    source = pages(fetch, 10, ahead=3)
    assert len(next(source)) == len(next(source)) == 10
    assert 1 <= len(reading_ahead() - before) <= 3
    if ending == "exhausted":
        list(source)
    elif ending == "failed":
        with pytest.raises(OSError, match="no more"):
            list(source)
    source.close()
    for thread in reading_ahead() - before:
        thread.join(GENEROUS)
        assert not thread.is_alive()


def test_closing_does_not_wait_for_a_server_that_hangs() -> None:
    hang, begun = threading.Event(), threading.Semaphore(0)
    server = Server(rows_of(1000))

    def fetch(offset: int, limit: int) -> list[Row]:
        if offset >= 20:
            begun.release()
            hang.wait(GENEROUS)
        return server.fetch(offset, limit)

    before = reading_ahead()
    source = pages(fetch, 10, ahead=4)
    next(source)
    next(source)
    # Nobody waits for the pages at 20 and beyond. Two of them have to be under way for the test to tell something.
    assert begun.acquire(timeout=GENEROUS)
    assert begun.acquire(timeout=GENEROUS)
    closer = threading.Thread(target=source.close)
    closer.start()
    closer.join(GENEROUS / 2)
    assert not closer.is_alive()
    hang.set()
    for thread in reading_ahead() - before:
        thread.join(GENEROUS)
    assert len(server.calls) <= 2 + 4, "a page was requested after closing"


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_server_that_ignores_the_offset_is_noticed_at_the_second_page(ahead: int) -> None:
    server = Server(rows_of(1000))
    with pytest.raises(DamError, match=r"same page twice.*offset 0 and at offset 10") as caught:
        list(pages(lambda _offset, limit: server.fetch(0, limit), 10, ahead))
    assert caught.value.context == {"offset": 10}
    # Two pages, the pages ahead of the second one, and the row beyond the list.
    assert len(server.calls) <= 2 + (ahead if ahead > 1 else 0) + 1


@pytest.mark.parametrize("ahead", [1, 4])
def test_pages_of_equal_rows_are_real_where_the_server_has_an_end(ahead: int) -> None:
    server = Server([{"recordType": "KEYWORD"}] * 2500)
    assert flat(pages(server.fetch, 100, ahead)) == server.rows
    far = [limit for offset, limit in server.calls if offset > 10**6]
    assert far in ([1], [1, 1])


def test_pages_of_equal_rows_are_an_error_where_the_server_does_not_say_where_it_ends() -> None:
    server = Server([{"recordType": "KEYWORD"}] * 2500)

    def careful(offset: int, limit: int) -> list[Row]:
        if offset > 10**6:
            raise DamError("no such offset")
        return server.fetch(offset, limit)

    with pytest.raises(DamError, match="same page twice"):
        list(pages(careful, 100))


def test_more_rows_than_any_list_has_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_paging, "MOST_ROWS", 55)
    server = Server(rows_of(55))
    assert flat(pages(server.fetch, 10)) == server.rows
    with pytest.raises(DamError, match="more than 55 rows"):
        list(pages(lambda offset, limit: rows_of(limit, offset), 10))


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_list_without_an_end_is_noticed_after_100_pages(ahead: int) -> None:
    calls: list[int] = []

    def endless(offset: int, limit: int) -> list[Row]:
        calls.append(offset)
        return rows_of(limit, offset)

    with pytest.raises(DamError, match="does not seem to look at the offset, so the list would never end"):
        list(pages(endless, 10, ahead))
    assert 101 <= len(calls) <= (101 if ahead == 1 else 100 + 2 * ahead)


@pytest.mark.parametrize("ahead", [2, 4])
def test_the_look_beyond_the_list_keeps_no_page_waiting(ahead: int) -> None:
    server = Server(rows_of(1500))
    went_on = threading.Event()

    def slow_far_away(offset: int, limit: int) -> list[Row]:
        if offset > 10**6:
            assert went_on.wait(GENEROUS), "the pages wait for it"
        elif offset == 1000 + 10 * (2 * ahead - 2):  # the last page that is requested before the answer is waited for
            went_on.set()
        return server.fetch(offset, limit)

    assert flat(pages(slow_far_away, 10, ahead)) == server.rows
    assert went_on.is_set()


def test_a_long_list_costs_one_request_more_even_where_the_server_dislikes_it() -> None:
    server = Server(rows_of(1500))

    def careful(offset: int, limit: int) -> list[Row]:
        if offset > 10**6:
            raise DamError("no such offset")
        return server.fetch(offset, limit)

    assert flat(pages(careful, 10)) == server.rows
    assert len(server.calls) == 151


@pytest.mark.parametrize(("page_size", "ahead"), [(0, 1), (1, 0)])
def test_sizes_below_one_are_refused(page_size: int, ahead: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next(pages(Server([]).fetch, page_size, ahead))


# Pages that overlap by a row


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ("", ""),
        ("a", "a"),
        ("ab", "ab"),
        ("aa", "a"),
        ("abc", "abc"),
        ("aba", "ab"),
        ("abca", "abc"),
        ("abcde", "abc"),
        ("abcdef", "abcdef"),
        ("abcdea", "abcdea"),
        ("abcdefg", "abcdefg"),
    ],
)
def test_rows_that_may_come_again_are_left_to_the_next_page(rows: str, kept: str) -> None:
    got = _paging._without_echo([{"id": letter} for letter in rows], limit=3)
    assert "".join(row["id"] for row in got) == kept


def test_one_row_of_another_page_is_not_enough_for_pages_that_overlap() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        _paging.Overlapping(Server([]).fetch, 1, 1)
    assert flat(_paging.Overlapping(Server(rows_of(5)).fetch, 2, 1)) == rows_of(5)


# Rows that come twice


def test_rows_that_moved_to_the_next_page_are_dropped_and_counted() -> None:
    server = Server(rows_of(30))

    def fetch(offset: int, limit: int) -> list[Row]:
        page = server.fetch(offset, limit)
        if offset == 10:
            # Three rows appear in front: the last three of this page come again on the next one.
            server.rows = rows_of(3, 1000) + server.rows
        return page

    source = Deduplicated(pages(fetch, 10))
    assert flat(source) == rows_of(30)
    assert source.duplicates == 3


def test_a_list_that_shrinks_meanwhile_ends_without_a_row_twice() -> None:
    server = Server(rows_of(30))

    def fetch(offset: int, limit: int) -> list[Row]:
        page = server.fetch(offset, limit)
        if offset == 10:
            del server.rows[:5]
        return page

    source = Deduplicated(pages(fetch, 10))
    assert flat(source) == rows_of(20) + rows_of(5, 25)
    assert source.duplicates == 0


def test_a_page_without_anything_new_is_left_out() -> None:
    source = Deduplicated([rows_of(2), rows_of(2), rows_of(1, 5)])
    assert list(source) == [rows_of(2), rows_of(1, 5)]
    assert source.duplicates == 2


def test_equal_rows_of_a_list_that_stays_as_it_is_all_stay() -> None:
    source = Deduplicated([rows_of(2)] * 30, moved=lambda: False)
    assert flat(source) == rows_of(2) * 30
    assert source.duplicates == 0


def test_equal_rows_within_one_page_all_stay() -> None:
    same = {"recordType": "RENDITION"}
    source = Deduplicated([[same, same, dict(same)], [{"recordType": "VERSION"}]])
    assert flat(source) == [same, same, same, {"recordType": "VERSION"}]
    assert source.duplicates == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0, False), (-1, -2), (0.0, -0.0), ("1", 1), (None, ""), ([], {}), ("a", ["a"]), (2**61, 1)],
)
def test_rows_that_differ_in_a_single_value_or_type_both_stay(one: Any, other: Any) -> None:
    source = Deduplicated([[{"value": one}], [{"value": other}]])
    assert len(flat(source)) == 2


def test_a_row_of_nested_and_odd_values_is_known_again() -> None:
    row = {"a": {"b": [1, None, float("nan"), "\ud800\0"]}, "c": "x" * 100_000}
    again = {"a": {"b": [1, None, float("nan"), "\ud800\0"]}, "c": "x" * 50_000 + "x" * 50_000}
    source = Deduplicated([[row], [again]])
    assert flat(source) == [row]
    assert source.duplicates == 1


def test_a_row_is_the_same_whether_its_texts_are_shared_or_not() -> None:
    shared = "text" * 10
    source = Deduplicated([[{"a": shared, "b": shared}], [{name: "text" * (len(shared) // 4) for name in "ab"}]])
    assert flat(source) == [{"a": shared, "b": shared}]


def test_nesting_beyond_reason_is_an_error() -> None:
    value: Any = 0
    for _unused in range(100_000):
        value = [value]
    with pytest.raises(DamError, match="nested too deeply"):
        flat(Deduplicated([[{"a": value}]]))


def test_a_row_is_looked_for_within_the_last_ten_pages_only() -> None:
    fillers = [rows_of(2, 10 * number) for number in range(1, 11)]
    near = Deduplicated([[{"id": "x"}], *fillers[:9], [{"id": "x"}, {"id": "y"}]])
    assert flat(near).count({"id": "x"}) == 1
    far = Deduplicated([[{"id": "x"}], *fillers, [{"id": "x"}, {"id": "y"}]])
    assert flat(far).count({"id": "x"}) == 2


def test_a_row_that_came_again_is_remembered_from_then_on() -> None:
    fillers = [rows_of(2, 10 * number) for number in range(1, 10)]
    again = [{"id": "x"}, {"id": "new"}]
    source = Deduplicated([[{"id": "x"}], *fillers, again, *fillers, [{"id": "x"}, {"id": "end"}]], window=10)
    rows = flat(source)
    assert rows.count({"id": "x"}) == 1


def test_a_server_that_goes_round_in_circles_is_noticed() -> None:
    circle = itertools.cycle([rows_of(5), rows_of(5, 5), rows_of(5, 10)])
    asked: list[int] = []

    def fetch(offset: int, _limit: int) -> list[Row]:
        asked.append(offset)
        return next(circle)

    with pytest.raises(DamError, match="The last 10 pages held only rows that had come before"):
        flat(Deduplicated(pages(fetch, 5)))
    assert len(asked) == 13


def test_an_endless_page_of_values_that_do_not_equal_themselves_is_noticed() -> None:
    with pytest.raises(DamError, match="only rows that had come before"):
        flat(Deduplicated(pages(lambda _offset, _limit: [{"a": float("nan")}], 5)))


def test_memory_does_not_grow_with_the_number_of_pages() -> None:
    def peak(number: int) -> int:
        source = Deduplicated(pages(lambda offset, limit: rows_of(limit if offset < number else 0, offset), 100))
        tracemalloc.start()
        for _page in source:
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(20_000) < peak(4_000) * 1.3


def test_closing_the_wrapper_closes_the_pages() -> None:
    source = pages(Server(rows_of(100)).fetch, 10, ahead=2)
    wrapper = Deduplicated(source)
    iterator = iter(wrapper)
    next(iterator)
    wrapper.close()
    assert list(source) == []


# Counting


@given(st.integers(0, 5000))
@settings(max_examples=200, deadline=None)
def test_the_count_is_exact_and_costs_two_calls_for_every_doubling(number: int) -> None:
    asked: list[int] = []

    def has_row(offset: int) -> bool:
        asked.append(offset)
        return offset < number

    assert count(has_row) == number
    assert len(asked) <= 2 * math.log2(number + 1) + 3
    assert len(asked) == len(set(asked))


def test_counting_doubles_the_offset_and_then_halves_the_gap() -> None:
    asked: list[int] = []

    def has_row(offset: int) -> bool:
        asked.append(offset)
        return offset < 11

    assert count(has_row) == 11
    assert asked == [0, 1, 2, 4, 8, 16, 12, 10, 11]


def test_counting_nothing_costs_one_call() -> None:
    asked: list[int] = []

    def has_row(offset: int) -> bool:
        asked.append(offset)
        return False

    assert count(has_row) == 0
    assert asked == [0]


def test_a_server_with_a_row_at_every_offset_cannot_be_counted() -> None:
    asked: list[int] = []

    def has_row(offset: int) -> bool:
        asked.append(offset)
        return True

    with pytest.raises(DamError, match="cannot be counted"):
        count(has_row)
    assert len(asked) < 40
    assert max(asked) == 2**31 - 1
