# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts on record types: none where answers do not fit together, records move or the budget is used up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._drift import run, sides
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.run import Budget, Verdict, in_words, summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError, Unreachable
from support.fakes import Clock
from support.records import Compared, MemoryRecords, digest

Row = dict[str, Any]
SOME = {digest(f"id {number}"): digest(f"content {number}") for number in range(200)}
IDS = sorted(SOME)
OTHER = {record_id: hash_ for record_id, hash_ in SOME.items() if record_id != IDS[120]}
NUMBERS = count()


class Odd(MemoryRecords):
    """A server that answers otherwise than the comparison relies on."""

    def __init__(
        self,
        records: Mapping[str, str],
        window: Callable[[Row, int, int], Row] = lambda answer, _offset, _limit: answer,
        listed: Callable[[list[Row]], list[Row]] = lambda rows: rows,
    ) -> None:
        super().__init__(records)
        self._window = window
        self._listed = listed

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        return self._window(super().record_window(record_type, offset, limit), offset, limit)

    def record_hashes(self, record_type: str, first: str | None, last: str | None) -> list[Row]:
        return self._listed(super().record_hashes(record_type, first, last))


def refusing(status: int = 400) -> Callable[..., Any]:
    """Make an answer that is a refusal."""

    def refuse(*_asked: Any) -> Any:
        raise ServerError("no", status=status)

    return refuse


def without_large_windows(answer: Row, _offset: int, limit: int) -> Row:
    """Refuse large windows."""
    if limit > 1000:
        raise ServerError("limit is too large", status=400)
    return answer


CONSTANT: dict[str, Any] = {"window": lambda w, _o, _l: {**w, "hash": "same"}}
ODDITIES: dict[str, tuple[dict[str, Any], str]] = {
    "no id in a window of one": ({"window": lambda w, _o, _l: {**w, "id": ""}}, "gives no id"),
    "a hash that does not depend on anything": (CONSTANT, "the same hash for different windows"),
    "a window that does not look at the offset": (
        {"window": lambda _w, _o, limit: MemoryRecords(SOME).record_window("", 0, limit)},
        "the same hash for different windows",
    ),
    "large windows are refused": ({"window": without_large_windows}, "set max_window"),
    "windows that are cut at different lengths": (
        {"window": lambda _w, o, limit: MemoryRecords(SOME).record_window("", o, min(limit, 20 - o % 7))},
        "counts 14 in a window of 20",
    ),
    "a window that counts nothing": (
        {"window": lambda w, _o, limit: {**w, "count": 0} if limit > 1 else w},
        "counts 0 in a window",
    ),
    "a window that counts too few": (
        {"window": lambda w, o, limit: {**w, "count": 15} if limit == 16 and o else w},
        "counts 15 of 16 records",
    ),
    "lists without their last id": ({"listed": lambda rows: rows[:-1]}, "it lists 15 behind"),
    "lists without their first id": ({"listed": lambda rows: rows[1:]}, "the same on both sides, but its hashes"),
    "lists that are cut": ({"listed": lambda rows: rows[:10]}, "it lists 9 behind"),
    "lists that do not look at the range": (
        {"listed": lambda _rows: [{"id": each, "hash": hash_} for each, hash_ in SOME.items()]},
        "it lists 199 behind",
    ),
    "lists with an id that comes twice": ({"listed": lambda rows: [*rows, rows[-1]]}, "it lists 16 behind"),
    "lists of another hash each time": (
        {"listed": lambda rows: [{**row, "hash": f"{next(NUMBERS)}"} for row in rows]},
        "the same on both sides, but its hashes are not",
    ),
    "a window's hash with the environment in it": (
        {"window": lambda w, _o, _l: {**w, "hash": f"publisher {w['hash']}"}},
        "but the ids and hashes in them do not",
    ),
    "a hash that knows the offset": (
        {"window": lambda w, o, _l: {**w, "hash": f"{w['hash']}{o}"} if o > 30 else w},
        "but the ids and hashes in them do not",
    ),
}


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("ours_is_odd", [True, False])
def test_servers_that_cannot_be_compared_are_not_judged(oddity: str, ours_is_odd: bool) -> None:
    how, said = ODDITIES[oddity]
    compared = Compared(Odd(SOME, **how), OTHER) if ours_is_odd else Compared(OTHER, Odd(SOME, **how))
    told = compared.verdict.as_dict()
    assert (told["status"], told["equal"], compared.rows) == ("not comparable", None, [])
    assert (told["missing"], told["differing"], told["extra"]) == (None, None, None)
    assert said in told["reason"]


@pytest.mark.parametrize("oddity", ["no id in a window of one", "a hash that does not depend on anything"])
def test_servers_that_are_odd_in_the_same_way_are_not_equal(oddity: str) -> None:
    how, said = ODDITIES[oddity]
    compared = Compared(Odd(SOME, **how), Odd(SOME, **how))
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)
    assert said in (compared.verdict.reason or "")


def test_a_hash_of_contents_alone_does_not_make_other_ids_equal() -> None:
    compared = Compared(SOME, {f"x{record_id}": hash_ for record_id, hash_ in SOME.items()})
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)
    assert "not the same first id" in (compared.verdict.reason or "")


@pytest.mark.parametrize("hidden", [10, 121, 150])
def test_lists_that_leave_something_out_are_noticed(hidden: int) -> None:
    def without(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["id"] != IDS[hidden]]

    for theirs in ({}, {**OTHER, IDS[11]: digest("other"), IDS[151]: digest("other")}):
        compared = Compared(Odd(SOME, listed=without), theirs, window=4)
        assert (compared.verdict.status, compared.rows) == ("not comparable", [])
        assert " missing" not in compared.verdict.in_words()


def test_lists_with_ids_that_no_window_counts_are_noticed() -> None:
    def more(rows: list[Row]) -> list[Row]:
        return [*rows, *({"id": f"{rows[1]['id']}-{number}", "hash": "1"} for number in range(2))]

    compared = Compared(SOME, Odd(OTHER, listed=more))
    assert (compared.verdict.status, compared.rows) == ("not comparable", [])
    assert "records of the subscriber end with" in (compared.verdict.reason or "")


def test_windows_of_one_record_that_do_not_look_at_the_offset_are_noticed() -> None:
    same = Odd(SOME, window=lambda _w, _o, limit: MemoryRecords(SOME).record_window("", 0, limit))
    compared = Compared(same, SOME, max_window=1, budget=Budget(5000, None))
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)


def test_windows_that_are_always_full_are_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "EVERYTHING", 5000)

    def full(answer: Row, _offset: int, limit: int) -> Row:
        return {**answer, "hash": f"{next(NUMBERS)}", "count": limit, "id": "x"}

    compared = Compared(Odd(SOME, window=full), SOME, max_window=10)
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)
    assert compared.ours.requests < 600


def test_what_does_not_fit_together_is_dropped_even_if_the_budget_ends_before_it_is_asked_again() -> None:
    def without(rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["id"] != IDS[150]]

    theirs = {**OTHER, IDS[151]: digest("other")}
    whole = Compared(Odd(SOME, listed=without), theirs, window=4, concurrency=1)
    for most in range(whole.budget.requests - 5, whole.budget.requests):
        compared = Compared(Odd(SOME, listed=without), theirs, window=4, concurrency=1, budget=Budget(most, None))
        assert (compared.verdict.status, compared.rows) == ("not comparable", [])


def test_a_difference_in_hashes_that_no_list_shows_is_not_called_equal() -> None:
    def blind(rows: list[Row]) -> list[Row]:
        return [{**row, "hash": "1"} if row["id"] == IDS[120] else row for row in rows]

    compared = Compared(Odd(SOME, listed=blind), Odd({**SOME, IDS[120]: digest("other")}, listed=blind))
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)
    assert "the ids and hashes in them do not" in (compared.verdict.reason or "")


def test_only_the_hash_of_everything_differing_is_not_called_equal() -> None:
    def salted(answer: Row, _offset: int, limit: int) -> Row:
        return {**answer, "hash": "other"} if limit > 1000 else answer

    compared = Compared(SOME, Odd(SOME, window=salted))
    assert (compared.verdict.status, compared.verdict.equal) == ("not comparable", None)
    assert compared.verdict.reason == "As a whole the two differ, but no record was found that does."


def test_equal_environments_are_asked_for_everything_once_and_for_single_records_before_and_behind() -> None:
    compared = Compared(SOME, SOME)
    assert (compared.verdict.status, compared.verdict.equal, compared.rows) == ("equal", True, [])
    assert compared.budget.requests == compared.ours.requests + compared.theirs.requests == 6


def test_a_server_that_gives_no_large_windows_is_asked_for_smaller_ones() -> None:
    for cap, limits in ((30, {None, 30}), (10**6, {None})):
        same = Compared(MemoryRecords(SOME, cap), SOME)
        assert same.verdict.as_dict()["equal"] is True, limits
        assert (same.verdict.publisher_count, same.verdict.subscriber_count) == (200, 200)
    both = Compared(MemoryRecords(SOME, 30), MemoryRecords(SOME, 30))
    # One record, the large window, seven smaller ones, and single records behind the first and the last of them: all of
    # it twice, since records may be moved from one window to another while they are read.
    assert (both.verdict.equal, both.budget.requests) == (True, 2 * 2 * 10)


class Moving(MemoryRecords):
    """A server whose records change after so many requests."""

    def __init__(
        self, records: Mapping[str, str], after: int, change: Callable[[dict[str, str]], Any], cap: int | None = None
    ) -> None:
        super().__init__(records, cap)
        self._after = after
        self._change = change

    def _move(self) -> None:
        if self.requests == self._after:
            self._change(self.records)
            self.index()

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        self._move()
        return super().record_window(record_type, offset, limit)

    def record_hashes(self, record_type: str, first: str | None, last: str | None) -> list[Row]:
        self._move()
        return super().record_hashes(record_type, first, last)


CHANGES: dict[str, Callable[[dict[str, str]], Any]] = {
    "comes": lambda records: records.update({digest("new"): digest("new")}),
    "goes": lambda records: records.pop(IDS[100]),
    "is changed": lambda records: records.update({IDS[50]: digest("new")}),
    "is the first to go": lambda records: records.pop(min(records)),
    "becomes the same": lambda records: records.update(SOME),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("differs", [120, 190, 199])
def test_records_that_change_meanwhile_are_said_to(change: str, differs: int) -> None:
    before = {**SOME, IDS[differs]: digest("other")}
    whole = Compared(SOME, before, window=16)
    for after in range(3, whole.theirs.requests - 3):
        theirs = Moving(before, after, CHANGES[change])
        compared = Compared(SOME, theirs, window=16)
        assert theirs.requests > after, "it did not change at all"
        assert (compared.verdict.status, compared.verdict.equal) == ("changed meanwhile", None)
        assert "The records of the subscriber changed while" in (compared.verdict.reason or "")


def test_records_that_change_all_the_time_are_not_judged() -> None:
    restless = Odd(SOME, window=lambda answer, _offset, _limit: {**answer, "hash": f"{next(NUMBERS)}"})
    compared = Compared(restless, SOME)
    assert compared.verdict.equal is None
    assert compared.verdict.status in ("changed meanwhile", "not comparable")


def test_a_budget_of_requests_is_kept_and_what_was_found_by_then_is_told() -> None:
    theirs = {record_id: SOME[record_id] for place, record_id in enumerate(IDS) if place % 40}
    whole = Compared(SOME, theirs, window=4)
    seen = []
    for most in range(whole.budget.requests + 5):
        compared = Compared(SOME, theirs, window=4, budget=Budget(most, None))
        assert compared.ours.requests + compared.theirs.requests == min(most, whole.budget.requests)
        assert compared.found == whole.found[: len(compared.rows)]
        seen.append((compared.verdict.progress, len(compared.rows)))
        finished = most >= whole.budget.requests
        assert compared.verdict.status == ("different" if finished else "unfinished")
        assert compared.verdict.equal is (False if compared.rows or finished else None)
        assert finished or compared.verdict.reason == f"max_requests: all {most} requests were sent."
    assert seen == sorted(seen)
    assert 0 < seen[len(seen) // 2][0] < 1


class Slow(MemoryRecords):
    """A server that takes a second for each window, and fails after some of them."""

    def __init__(self, clock: Clock, fails_after: int = 1000) -> None:
        super().__init__(SOME)
        self._clock = clock
        self._fails_after = fails_after

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        self._clock.now += 1
        if self.requests >= self._fails_after:
            raise Unreachable("no answer", sent=True)
        return super().record_window(record_type, offset, limit)


@pytest.mark.parametrize("fails_after", [4, 1000])
def test_a_budget_of_seconds_is_kept_and_no_error_counts_that_comes_when_it_is_over(fails_after: int) -> None:
    clock = Clock()
    slow = Slow(clock, fails_after)
    compared = Compared(slow, OTHER, budget=Budget(None, 5, clock), concurrency=1)
    assert compared.error is None
    assert (compared.verdict.status, compared.verdict.reason) == ("unfinished", "max_seconds: the 5 s are over.")
    assert compared.budget.elapsed == 5
    early = Compared(Slow(clock, 3), OTHER, budget=Budget(None, 5, clock), concurrency=1)
    assert isinstance(early.error, Unreachable)


class Types(MemoryRecords):
    """A server with other records for some types, and an error for others."""

    def __init__(self, by_type: Mapping[str, MemoryRecords | Exception]) -> None:
        super().__init__(SOME)
        self._by_type = by_type

    def _of(self, record_type: str) -> MemoryRecords:
        found = self._by_type.get(record_type) or MemoryRecords(SOME)
        if isinstance(found, Exception):
            raise found
        return found

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        return self._of(record_type).record_window(record_type, offset, limit)

    def record_hashes(self, record_type: str, first: str | None, last: str | None) -> list[Row]:
        return self._of(record_type).record_hashes(record_type, first, last)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_every_type_is_judged_by_itself_and_rows_come_in_the_order_of_types(concurrency: int) -> None:
    types = ("VERSION", "PERMISSION", "KEYWORD", "RENDITION", "COLLECTION", "RESOURCE", "VERSION")
    refused = ServerError("no such type", status=400)
    theirs = Types(
        {
            "VERSION": MemoryRecords(OTHER),
            "RENDITION": refused,
            "COLLECTION": MemoryRecords({}),
        }
    )
    compared = Compared(SOME, theirs, types=types, concurrency=concurrency)
    statuses = {verdict.record_type: verdict.status for verdict in compared.drift.verdicts}
    assert statuses == {
        "VERSION": "different",
        "PERMISSION": "not offered",
        "KEYWORD": "equal",
        "RENDITION": "not offered by this release",
        "COLLECTION": "different",
        "RESOURCE": "not offered",
    }
    assert [(row["recordType"], row["recordId"]) for row in compared.rows] == [
        ("VERSION", IDS[120]),
        *(("COLLECTION", record_id) for record_id in IDS),
    ]
    assert compared.rows[0] == {
        "recordType": "VERSION",
        "recordAction": "CREATE",
        "recordId": IDS[120],
        "subscriberId": "sub-1",
    }
    result = summary(compared.drift.verdicts)
    assert result["equal"] is False
    assert result["unjudged"] == ["PERMISSION", "RENDITION", "RESOURCE"]
    assert [each["record_type"] for each in result["types"]] == list(dict.fromkeys(types))
    counts = "missing, 0 differ, 0 only at the subscriber (200 at the publisher"
    assert in_words(compared.drift.verdicts).splitlines() == [
        "Different: 1 of 6 record types are equal; nothing is said about PERMISSION, RENDITION, RESOURCE.",
        f"VERSION: different, 1 {counts}, 199 at the subscriber)",
        f"COLLECTION: different, 200 {counts}, 0 at the subscriber)",
    ]


class Watched(Budget):
    """A budget that says when it is stopped."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        super().__init__(None, None)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "stopped" and value:
            self.ended.set()


class Waiting(MemoryRecords):
    """A server whose second window waits for something."""

    def __init__(self, awaited: threading.Event) -> None:
        super().__init__(SOME)
        self.begun = threading.Event()
        self._awaited = awaited

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        if self.requests == 1:
            self.begun.set()
            self._awaited.wait(10)
        return super().record_window(record_type, offset, limit)


class Broken(MemoryRecords):
    """A server that answers with an error once something has begun."""

    def __init__(self, begun: threading.Event) -> None:
        super().__init__(SOME)
        self._begun = begun

    def record_window(self, _record_type: str, _offset: int, _limit: int) -> Row:
        self._begun.wait(10)
        raise ServerError("broken", status=500)


def test_the_error_of_one_type_ends_another_one_before_its_next_request() -> None:
    budget = Watched()
    waiting = Waiting(budget.ended)
    theirs = Types({"VERSION": waiting, "KEYWORD": Broken(waiting.begun)})
    compared = Compared(SOME, theirs, types=("VERSION", "KEYWORD"), concurrency=8, budget=budget)
    assert str(compared.error) == "broken"
    assert (compared.verdict.status, compared.verdict.reason) == ("unfinished", "An error ended the comparison.")
    assert waiting.requests == 2


@pytest.mark.parametrize("concurrency", [1, 8])
def test_the_error_of_one_type_ends_the_others_and_leaves_what_was_judged(concurrency: int) -> None:
    theirs = Types({"KEYWORD": ServerError("broken", status=500)})
    types = ("VERSION", "KEYWORD", "FAVORITE")
    compared = Compared(SOME, theirs, types=types, concurrency=concurrency)
    assert str(compared.error) == "broken"
    version, keyword, favorite = compared.drift.verdicts
    assert keyword.status == "unfinished"
    assert {version.status, favorite.status} <= {"equal", "unfinished"}
    assert version.status == "equal" or concurrency > 1
    assert summary(compared.drift.verdicts)["equal"] is None


def test_a_type_that_cannot_be_listed_is_equal_or_not_judged() -> None:
    for records, status in ((SOME, "equal"), (OTHER, "not offered by this release")):
        theirs = Odd(records, listed=refusing())
        compared = Compared(SOME, theirs)
        assert (compared.verdict.status, compared.error) == (status, None)
    missing = Compared(SOME, Odd(OTHER, listed=refusing(404)))
    assert isinstance(missing.error, ServerError)
    assert missing.verdict.equal is None


class Crowded(MemoryRecords):
    """A server that notes how many requests are there at a time."""

    def __init__(self) -> None:
        super().__init__({})
        self.lock, self.now, self.most = threading.Lock(), 0, 0
        self.both = threading.Barrier(2, timeout=10)

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.both.wait()
        with self.lock:
            self.now -= 1
        return super().record_window(record_type, offset, limit)


def test_as_many_requests_are_under_way_as_concurrency_says() -> None:
    crowded = Crowded()
    compared = Compared(crowded, crowded, concurrency=2, types=("KEYWORD", "VERSION", "FAVORITE"))
    assert crowded.most == 2
    assert summary(compared.drift.verdicts)["equal"] is True


def test_what_was_read_in_several_windows_is_equal_only_if_a_second_reading_is_the_same() -> None:
    ours = Moving({each: digest(each) for each in "abc"}, 2, lambda records: records.pop("a"), cap=1)
    theirs = MemoryRecords({each: digest(each) for each in "ac"}, cap=1)
    assert Compared(ours, theirs).verdict.status == "changed meanwhile"
    still = Compared(MemoryRecords(SOME, cap=16), MemoryRecords(SOME, cap=16))
    assert still.verdict.status == "equal"


def test_the_only_record_may_be_lost_meanwhile() -> None:
    compared = Compared(Moving({"a": digest("a")}, 1, lambda records: records.clear()), MemoryRecords({}))
    assert (compared.error, compared.verdict.status) == (None, "changed meanwhile")


class Threads(MemoryRecords):
    """A server that notes which threads ask."""

    def __init__(self, records: Mapping[str, str], seen: set[int]) -> None:
        super().__init__(records)
        self._seen = seen

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        self._seen.add(threading.get_ident())
        return super().record_window(record_type, offset, limit)


def test_a_record_type_sends_no_request_beside_those_that_are_counted() -> None:
    seen: set[int] = set()
    compared = Compared(Threads(SOME, seen), Threads(OTHER, seen), concurrency=1)
    assert compared.verdict.equal is False
    assert len(seen) == 1


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
    assert summary(verdicts)["equal"] is equal
    assert in_words(verdicts).startswith({True: "Equal:", False: "Different:", None: "Cannot be told:"}[equal])


def test_what_could_not_be_judged_is_named_in_words() -> None:
    verdicts = [Verdict("KEYWORD", "equal"), Verdict("PERMISSION", "not offered"), Verdict("VERSION", "unfinished")]
    verdicts[2].reason, verdicts[2].progress = "max_requests: all 5 requests were sent.", 0.25
    text = in_words(verdicts)
    assert "nothing is said about PERMISSION, VERSION" in text
    assert "VERSION: unfinished, 25% looked through. max_requests: all 5 requests were sent." in text


def test_rows_that_do_not_fit_into_memory_come_out_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "IN_MEMORY", 100)
    compared = Compared(SOME, {}, directory=str(tmp_path))
    assert [row["recordId"] for row in compared.rows] == IDS
    assert list(tmp_path.iterdir()) == []
    nowhere = Compared(SOME, {}, directory="/nowhere")
    assert "could not be kept in /nowhere: No such file or directory" in str(nowhere.error)
