# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever two environments hold, exactly the difference is found, with few requests, or nothing is said."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.records import Compared, MemoryRecords, digest

Records = dict[str, str]


def records_of(numbers: Sequence[int]) -> Records:
    """Records whose order has nothing to do with their numbers, as with random ids."""
    return {digest(f"id {number}"): digest(f"content {number}") for number in numbers}


def difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[tuple[str, str]]:
    """What differs, in the plainest way."""
    found = [(each, "CREATE") for each in ours.keys() - theirs.keys()]
    found += [(each, "DELETE") for each in theirs.keys() - ours.keys()]
    found += [(each, "UPDATE") for each in ours.keys() & theirs.keys() if ours[each] != theirs[each]]
    return sorted(found)


# Ids of any length, one the beginning of the other.
SMALL = st.dictionaries(st.text("abc", min_size=1, max_size=5), st.sampled_from("12"), max_size=40).map(
    lambda versions: {record_id: digest(record_id + version) for record_id, version in versions.items()}
)


@st.composite
def environments(draw: st.DrawFn) -> tuple[Records, Records]:
    """Two environments with much, little or nothing in common, differing in spread and clustered places."""
    size = draw(st.sampled_from([0, 1, 2, 5, 17, 60, 300, 900]))
    chance = random.Random(draw(st.integers(0, 2**32)))
    ours = records_of(range(size))
    theirs = dict(ours)
    ids = sorted(ours)
    for _place in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["missing", "extra", "changed"]))
        start, length = chance.randrange(size + 1), draw(st.sampled_from([1, 1, 1, 3, 40, 400]))
        step = draw(st.sampled_from([1, 1, 7]))
        for place in range(start, min(start + length * step, size), step):
            if kind == "missing":
                theirs.pop(ids[place], None)
            elif kind == "changed" and ids[place] in theirs:
                theirs[ids[place]] = digest(f"other {ids[place]}")
            elif kind == "extra":
                ours.pop(ids[place], None)
    for end in draw(st.sampled_from([(), ("!",), ("~",), ("!", "~")])):  # before and behind all others
        side = ours if draw(st.booleans()) else theirs
        side.update({f"{end}{number}": digest(f"{end}{number}") for number in range(draw(st.integers(1, 50)))})
    return ours, theirs


BOTH = st.one_of(environments(), st.tuples(SMALL, SMALL))
CAPS = st.sampled_from([None, None, 1, 7, 30])


@given(BOTH, st.sampled_from([1, 2, 3, 16, 500]), st.sampled_from([None, None, 1, 7, 100]), CAPS, CAPS)
def test_exactly_what_differs_is_found_in_the_order_of_ids(
    both: tuple[Records, Records], window: int, max_window: int | None, our_cap: int | None, their_cap: int | None
) -> None:
    ours, theirs = both
    compared = Compared(MemoryRecords(ours, our_cap), MemoryRecords(theirs, their_cap), window, max_window)
    wanted = difference(ours, theirs)
    verdict = compared.verdict
    assert compared.found == wanted
    assert verdict.status == ("different" if wanted else "equal"), verdict.reason
    assert (verdict.progress, verdict.reason) == (1, None)
    assert (verdict.publisher_count, verdict.subscriber_count) == (len(ours), len(theirs))
    actions = [action for _id, action in wanted]
    told = verdict.as_dict()
    counted = {"CREATE": told["missing"], "UPDATE": told["differing"], "DELETE": told["extra"]}
    assert counted == {action: actions.count(action) for action in counted}
    assert max_window is None or max(compared.ours.largest, compared.theirs.largest) <= max_window


@given(BOTH, st.sampled_from([1, 2, 16, 500]), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_servers_that_order_ids_in_another_way_are_not_judged_or_judged_rightly(
    both: tuple[Records, Records], window: int, seed: int, alike: bool, throughout: bool
) -> None:
    def ordered(name: str) -> Callable[[str], Any]:
        return lambda record_id: digest(f"{seed} {name} {record_id}")

    ours, theirs = both
    orders = ordered("one"), ordered("one" if alike else "two")
    compared = Compared(
        *(
            MemoryRecords(each, order=order, order_of_lists=order if throughout else str)
            for each, order in zip(both, orders)
        ),
        window=window,
    )
    if compared.verdict.equal is None:
        assert (compared.verdict.status, compared.found) == ("not comparable", [])
    else:
        assert compared.found == difference(ours, theirs)


@given(environments(), st.sampled_from([2, 16, 100]))
def test_requests_grow_with_the_differences_and_not_with_the_records(
    both: tuple[Records, Records], window: int
) -> None:
    compared = Compared(*both, window=window)
    levels = log2(1 + max(map(len, both)) / window) + 2
    assert compared.budget.requests == compared.ours.requests + compared.theirs.requests
    assert compared.budget.requests <= 12 + 2 * levels + len(compared.rows) * (4 * levels + 5)


MANY = records_of(range(20_000))


@pytest.mark.parametrize("kind", ["missing", "extra", "changed"])
def test_one_difference_among_twenty_thousand_takes_a_few_dozen_requests(kind: str) -> None:
    ours = MANY.copy()
    theirs = dict(ours)
    if kind == "changed":
        theirs[digest("id 5")] = digest("other")
    else:
        (ours if kind == "extra" else theirs).pop(digest("id 5"))
    compared = Compared(ours, theirs, window=500)
    assert compared.found == difference(ours, theirs)
    assert compared.budget.requests < 60
    # One list of a window on each side, and the record before it.
    assert compared.ours.listed + compared.theirs.listed <= 2 * 501


def test_where_one_window_after_the_other_differs_longer_lists_are_read() -> None:
    ours = records_of(range(5000))
    theirs = {record_id: digest(record_id) for record_id in ours}
    changed = Compared(ours, theirs, window=16)
    assert changed.found == difference(ours, theirs)
    # 313 windows of 16 records on each side; the lists are up to 16 times as long.
    assert changed.budget.requests < 200
    for one, other in ((ours, {}), ({}, ours)):
        missing = Compared(one, other, window=16)
        assert missing.found == difference(one, other)
        assert missing.budget.requests < 200


@pytest.mark.parametrize("place", ["8", "~"])
def test_an_insertion_of_many_neighbours_is_not_searched_for_piece_by_piece(place: str) -> None:
    theirs = MANY
    ours = {**theirs, **{f"{place}000{number:04d}": digest(f"new {number}") for number in range(2000)}}
    compared = Compared(ours, theirs, window=500)
    assert compared.found == difference(ours, theirs)
    assert compared.budget.requests < 120


def test_a_few_requests_for_each_of_many_differences() -> None:
    ours = MANY
    ids = sorted(ours)
    theirs = {record_id: hash_ for place, (record_id, hash_) in enumerate(zip(ids, map(ours.get, ids))) if place % 200}
    compared = Compared(ours, theirs, window=10)
    assert len(compared.rows) == 100
    assert compared.budget.requests < 2500
    # Every list is of the smallest window and the record before it.
    assert compared.ours.listed + compared.theirs.listed <= 100 * 2 * 11
