# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison by windows: whatever two environments hold, exactly the difference is found, with few requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from math import log2
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.crew import Budget, Crew
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.run import Drift
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.sides import Listed, NotOffered, Window
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.verdicts import Verdict, in_words, overall
from support.fakes import Clock
from support.records import MemoryRecords, digest

TYPE = "MEDIA_ITEM"
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


class Compared:
    """A comparison of two environments with one record type, and what came of it."""

    def __init__(
        self,
        ours: MemoryRecords | Mapping[str, str],
        theirs: MemoryRecords | Mapping[str, str],
        window: int = 16,
        max_window: int | None = None,
        threads: int = 1,
        budget: Budget | None = None,
    ) -> None:
        self.ours = ours if isinstance(ours, MemoryRecords) else MemoryRecords("publisher", ours)
        self.theirs = theirs if isinstance(theirs, MemoryRecords) else MemoryRecords("subscriber", theirs)
        self.budget = budget or Budget()
        crew = Crew(threads, self.budget)
        sides = (self.ours.side, self.theirs.side)
        drift = Drift(lambda _type: sides, [TYPE], crew, window, max_window, "/tmp")
        try:
            self.rows = [row for page in drift.rows("sub-1") for row in page]
        finally:
            crew.close()
        self.verdict: Verdict = drift.verdicts[0]

    @property
    def found(self) -> list[tuple[str, str]]:
        """Ids and actions in the order in which they came."""
        return [(row["recordId"], row["recordAction"]) for row in self.rows]

    @property
    def requests(self) -> int:
        """How many requests both sides got."""
        return self.ours.requests + self.theirs.requests


# A hash covers the id: otherwise two environments with other ids can be equal.
ANY_MAP = st.dictionaries(st.text("abc", min_size=1, max_size=5), st.sampled_from("12"), max_size=40).map(
    lambda versions: {record_id: digest(record_id + version) for record_id, version in versions.items()}
)


@st.composite
def two_environments(draw: st.DrawFn) -> tuple[Records, Records]:
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
        side.update({f"{end}{number}": digest(end) for number in range(draw(st.integers(1, 50)))})
    return ours, theirs


@settings(max_examples=300, deadline=None)
@given(two_environments(), st.sampled_from([1, 2, 16, 500]))
def test_exactly_the_set_difference_is_found_in_the_order_of_ids(both: tuple[Records, Records], window: int) -> None:
    ours, theirs = both
    compared = Compared(ours, theirs, window)
    wanted = difference(ours, theirs)
    assert compared.found == wanted
    assert compared.verdict.status == ("different" if wanted else "equal")
    assert compared.verdict.progress == 1
    assert (compared.verdict.publisher_count, compared.verdict.subscriber_count) == (len(ours), len(theirs))
    actions = [action for _id, action in wanted]
    verdict = compared.verdict
    assert verdict.missing == actions.count("CREATE")
    assert verdict.differing == actions.count("UPDATE")
    assert verdict.extra == actions.count("DELETE")


@settings(max_examples=150, deadline=None)
@given(ANY_MAP, ANY_MAP)
def test_any_two_maps_of_ids_to_hashes_are_told_apart(ours: Records, theirs: Records) -> None:
    assert Compared(ours, theirs, window=1).found == difference(ours, theirs)


@settings(max_examples=100, deadline=None)
@given(two_environments(), st.sampled_from([1, 2, 16]), st.sampled_from([1, 7, 100]))
def test_windows_that_are_limited_give_the_same(both: tuple[Records, Records], window: int, most: int) -> None:
    ours, theirs = both
    assert Compared(ours, theirs, window, max_window=most).found == difference(ours, theirs)


@settings(max_examples=150, deadline=None)
@given(two_environments(), st.sampled_from([2, 16, 100]))
def test_the_number_of_requests_grows_with_the_differences_not_with_the_records(
    both: tuple[Records, Records], window: int
) -> None:
    ours, theirs = both
    compared = Compared(ours, theirs, window)
    differing, records = len(compared.rows), max(len(ours), len(theirs), 1)
    levels = log2(1 + records / window) + 2
    beginning = 30
    assert compared.requests <= beginning + 8 * differing * (levels + log2(1 + differing))
    assert compared.requests <= beginning + (16 + 2 * log2(records)) * records / window + 8 * levels


@pytest.mark.parametrize("kind", ["missing", "extra", "changed"])
def test_one_difference_among_a_hundred_thousand_takes_a_few_dozen_requests(kind: str) -> None:
    ours = records_of(range(100_000))
    theirs = dict(ours)
    if kind == "changed":
        theirs[digest("id 5")] = digest("other")
    else:
        (ours if kind == "extra" else theirs).pop(digest("id 5"))
    compared = Compared(ours, theirs, window=500)
    assert compared.found == difference(ours, theirs)
    assert compared.requests < 70
    # Two lists of up to a window each, and what was tried out.
    assert compared.ours.bytes + compared.theirs.bytes < 120_000


def test_equal_environments_are_asked_for_everything_once_and_for_single_records_beside() -> None:
    records = records_of(range(1000))
    compared = Compared(records, records)
    assert (compared.verdict.status, compared.verdict.equal, compared.rows) == ("equal", True, [])
    assert compared.requests == 6


def test_where_most_windows_differ_the_lists_are_read_with_few_requests() -> None:
    ours = records_of(range(20_000))
    theirs = {record_id: digest(record_id) for record_id in ours}
    compared = Compared(ours, theirs, window=16)
    assert compared.found == difference(ours, theirs)
    # 1250 windows of 16 records on each side; the lists are up to 16 times as long.
    assert compared.requests < 1250


def test_an_insertion_of_many_neighbours_is_not_searched_for_piece_by_piece() -> None:
    theirs = records_of(range(50_000))
    ours = {**theirs, **{f"8000{number:04d}": digest("new") for number in range(2000)}}
    compared = Compared(ours, theirs, window=500)
    assert len(compared.rows) == 2000
    assert compared.requests < 120


@pytest.mark.parametrize("threads", [2, 8])
def test_many_threads_find_the_same_in_the_same_order(threads: int) -> None:
    ours = records_of(range(3000))
    theirs = {record_id: hash_ for place, (record_id, hash_) in enumerate(ours.items()) if place % 50}
    compared = Compared(ours, theirs, threads=threads)
    assert compared.found == difference(ours, theirs)


def test_a_side_without_records_is_listed_in_portions() -> None:
    records = records_of(range(2000))
    for ours, theirs in ((records, {}), ({}, records)):
        compared = Compared(ours, theirs, window=10)
        assert compared.found == difference(ours, theirs)
        assert compared.verdict.equal is False


class Odd(MemoryRecords):
    """A server that answers otherwise than the comparison relies on."""

    def __init__(
        self,
        records: Mapping[str, str],
        name: str = "publisher",
        window: Callable[[Window, int, int], Window] | None = None,
        listed: Callable[[Listed], Listed] | None = None,
    ) -> None:
        super().__init__(name, records)
        self._window = window
        self._listed = listed

    def window(self, offset: int, limit: int) -> Window:
        answer = super().window(offset, limit)
        return self._window(answer, offset, limit) if self._window else answer

    def listed(self, first: str | None, last: str | None) -> Listed:
        answer = super().listed(first, last)
        return self._listed(answer) if self._listed else answer


SOME = records_of(range(200))
OTHER = {record_id: hash_ for record_id, hash_ in SOME.items() if record_id != digest("id 7")}
NUMBERS = count()

ODDITIES: dict[str, tuple[dict[str, Any], str]] = {
    "no id in a window of one": ({"window": lambda w, _o, _l: replace(w, record_id=None)}, "gives no id"),
    "a hash that is another one each time": (
        {"window": lambda w, _o, _l: replace(w, hash=f"{next(NUMBERS)}")},
        "two answers when it was asked twice for its first record",
    ),
    "a hash that does not depend on anything": (
        {"window": lambda w, _o, _l: replace(w, hash="same")},
        "the same as that of the first one alone",
    ),
    "ids in another order": (
        {"window": lambda w, _o, _l: replace(w, record_id=w.record_id and w.record_id[::-1])},
        "do not increase with the offset",
    ),
    "lists without their ends": ({"listed": lambda rows: rows[1:-1]}, "lists 14 records"),
    "lists of another hash each time": (
        {"listed": lambda rows: [(record_id, f"{next(NUMBERS)}") for record_id, _hash in rows]},
        "asked twice for the same list",
    ),
    "lists that are cut": ({"listed": lambda rows: rows[:10]}, "lists 10 records"),
    "lists that do not look at the range": ({"listed": lambda _rows: sorted(SOME.items())}, "lists 200 records"),
    "a window that does not look at the offset": (
        {"window": lambda w, _o, limit: replace(w, record_id="a" if limit == 1 else None)},
        "do not increase with the offset",
    ),
    "a window's hash with the environment in it": (
        {"window": lambda w, _o, limit: w if limit == 1 else replace(w, hash=f"publisher {w.hash}")},
        "does not depend on its records alone",
    ),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_servers_that_cannot_be_compared_are_not_judged(oddity: str) -> None:
    how, said = ODDITIES[oddity]
    compared = Compared(Odd(SOME, **how), OTHER)
    verdict = compared.verdict
    assert (verdict.status, verdict.equal, compared.rows) == ("not comparable", None, [])
    assert said in (verdict.reason or "")
    assert verdict.as_dict()["missing"] is None


def test_a_hash_that_depends_on_nothing_never_makes_two_environments_equal() -> None:
    constant: dict[str, Any] = {"window": lambda w, _o, _l: replace(w, hash="same")}
    compared = Compared(Odd(SOME, **constant), Odd(SOME, "subscriber", **constant))
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)


def test_a_hash_of_contents_alone_does_not_make_other_ids_equal() -> None:
    theirs = {f"x{record_id}": hash_ for record_id, hash_ in SOME.items()}
    compared = Compared(SOME, theirs)
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)


def test_lists_that_leave_something_out_later_on_are_noticed() -> None:
    hidden = sorted(OTHER)[150]
    compared = Compared(Odd(SOME, listed=lambda rows: [row for row in rows if row[0] != hidden]), {}, window=4)
    assert (compared.verdict.status, compared.rows) == ("not comparable", [])


def test_a_difference_in_hashes_that_no_list_shows_is_not_called_equal() -> None:
    # The hash of a window knows something that the hashes in lists do not.
    deep = sorted(SOME)[120]

    def blind(rows: Listed) -> Listed:
        return [(record_id, "1" if record_id == deep else hash_) for record_id, hash_ in rows]

    theirs = {**SOME, deep: digest("other")}
    compared = Compared(Odd(SOME, listed=blind), Odd(theirs, "subscriber", listed=blind))
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)
    assert "although all ids and hashes" in (compared.verdict.reason or "")


def test_a_server_that_gives_no_large_windows_is_asked_for_smaller_ones() -> None:
    def capped(window: Window, offset: int, limit: int) -> Window:
        return MemoryRecords.window(ours, offset, min(limit, 30)) if limit > 30 else window

    ours = Odd(records_of(range(500)), window=capped)
    theirs = {record_id: hash_ for record_id, hash_ in ours.records.items() if record_id != digest("id 3")}
    compared = Compared(ours, theirs)
    assert compared.found == [(digest("id 3"), "CREATE")]
    assert compared.verdict.publisher_count == 500
    same = Compared(ours, dict(ours.records))
    assert (same.found, same.verdict.equal) == ([], True)


class Moving(MemoryRecords):
    """A server whose records change after so many requests."""

    def __init__(self, records: Mapping[str, str], after: int, change: Callable[[Records], Any]) -> None:
        super().__init__("subscriber", records)
        self._after = after
        self._change = change

    def _move(self) -> None:
        if self.requests == self._after:
            self._change(self.records)
            self.index()

    def window(self, offset: int, limit: int) -> Window:
        self._move()
        return super().window(offset, limit)

    def listed(self, first: str | None, last: str | None) -> Listed:
        self._move()
        return super().listed(first, last)


CHANGES: dict[str, Callable[[Records], Any]] = {
    "comes": lambda records: records.update({digest("new"): digest("new")}),
    "goes": lambda records: records.pop(sorted(records)[100]),
    "is changed": lambda records: records.update({sorted(records)[50]: digest("new")}),
    "is the first to go": lambda records: records.pop(min(records)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("after", [3, 4, 7, 9, 11, 13, 15, 17])
def test_records_that_change_meanwhile_are_said_to(change: str, after: int) -> None:
    theirs = Moving(OTHER, after, CHANGES[change])
    compared = Compared(SOME, theirs, window=4)
    assert theirs.requests > after, "it did not change at all"
    assert compared.verdict.equal is None
    assert compared.verdict.status in ("changed meanwhile", "not comparable")
    if after > 10:
        assert compared.verdict.status == "changed meanwhile"
        assert "subscriber changed while" in (compared.verdict.reason or "")


def test_a_budget_of_requests_is_kept_and_what_was_found_by_then_is_told() -> None:
    ours = records_of(range(2000))
    theirs = {record_id: hash_ for place, (record_id, hash_) in enumerate(sorted(ours.items())) if place % 100}
    whole = Compared(ours, theirs)
    seen = []
    for most in range(0, whole.requests + 20, 20):
        compared = Compared(ours, theirs, budget=Budget(max_requests=most))
        assert compared.requests <= most
        assert compared.found == sorted(compared.found)
        assert set(compared.found) <= set(whole.found)
        seen.append((compared.verdict.progress, len(compared.rows)))
        finished = most >= whole.requests
        assert compared.verdict.status == ("different" if finished else "unfinished")
        assert compared.verdict.equal is (False if compared.rows or finished else None)
        assert finished or "max_requests" in (compared.verdict.reason or "")
    assert seen == sorted(seen)
    assert 0 < seen[len(seen) // 2][0] < 1


def test_a_budget_of_seconds_is_kept() -> None:
    clock = Clock()
    budget = Budget(max_seconds=5, clock=clock)
    ours = MemoryRecords("publisher", SOME)
    asked = ours.window

    def slow(offset: int, limit: int) -> Window:
        clock.now += 1
        return asked(offset, limit)

    ours.side = replace(ours.side, window=slow)
    compared = Compared(ours, OTHER, budget=budget)
    assert compared.verdict.status == "unfinished"
    assert "max_seconds" in (compared.verdict.reason or "")
    assert ours.requests <= 6


def refusing(*_asked: Any) -> Any:
    """Answer as a release does that does not know the type."""
    raise NotOffered("The subscriber does not take it.")


def test_a_type_that_one_release_does_not_take_is_not_judged() -> None:
    theirs = MemoryRecords("subscriber", SOME)
    theirs.side = replace(theirs.side, window=refusing)
    compared = Compared(SOME, theirs)
    assert (compared.verdict.status, compared.verdict.equal) == ("not offered by this release", None)


def test_a_type_that_cannot_be_listed_is_equal_or_not_judged() -> None:
    for records, status in ((SOME, "equal"), (OTHER, "not offered by this release")):
        theirs = MemoryRecords("subscriber", records)
        theirs.side = replace(theirs.side, listed=refusing)
        assert Compared(SOME, theirs).verdict.status == status


@pytest.mark.parametrize(
    ("statuses", "equal"),
    [
        (["equal", "equal"], True),
        (["equal", "not offered", "not offered by this release"], True),
        (["equal", "different"], False),
        (["different", "not comparable"], False),
        (["equal", "not comparable"], None),
        (["equal", "changed meanwhile"], None),
        (["equal", "unfinished"], None),
        (["not offered"], None),
        ([], None),
    ],
)
def test_everything_is_equal_only_where_every_type_that_can_be_asked_about_is(
    statuses: list[str], equal: bool | None
) -> None:
    verdicts = [Verdict(f"TYPE_{place}", status) for place, status in enumerate(statuses)]
    assert overall(verdicts) is equal
    assert in_words(verdicts).startswith({True: "Equal:", False: "Different:", None: "Cannot be told:"}[equal])


def test_what_could_not_be_judged_is_named_in_words() -> None:
    verdicts = [Verdict("KEYWORD", "equal"), Verdict("PERMISSION", "not offered"), Verdict("VERSION", "unfinished")]
    verdicts[2].reason, verdicts[2].progress = "max_requests: all 5 requests were sent.", 0.25
    text = in_words(verdicts)
    assert "nothing is said about PERMISSION, VERSION" in text
    assert "VERSION: unfinished, 25% looked through. max_requests: all 5 requests were sent." in text


def test_types_without_such_a_call_are_never_asked_for() -> None:
    def asked(record_type: str) -> Any:
        raise AssertionError(record_type)

    drift = Drift(asked, ["PERMISSION", "RESOURCE"], Crew(1, Budget()), 500, None, "/tmp")
    assert list(drift.rows("sub-1")) == []
    assert {verdict.status for verdict in drift.verdicts} == {"not offered"}
    assert overall(drift.verdicts) is None


def test_rows_that_do_not_fit_into_memory_come_out_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.dxops.dam_staging.plugins.module_utils._drift import run as _drift_run

    monkeypatch.setattr(_drift_run, "FEW", 100)
    ours = MemoryRecords("publisher", SOME)
    theirs = MemoryRecords("subscriber", {})
    drift = Drift(lambda _type: (ours.side, theirs.side), [TYPE], Crew(1, Budget()), 10, None, str(tmp_path))
    assert [row["recordId"] for page in drift.rows("sub-1") for row in page] == sorted(SOME)
    assert list(tmp_path.iterdir()) == []
