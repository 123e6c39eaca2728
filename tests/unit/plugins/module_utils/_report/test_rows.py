# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that a report is made of: whether there are any, and which."""

from __future__ import annotations

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Row, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    OptionError,
    ServerError,
    TooLarge,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.rows import (
    MismatchPages,
    compared_at,
    refuse_report,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import IN_PROGRESS, NOT_ALL, RUN_FIRST
from support.fakes import FakeDam, log_of, logs, subscriber


def dam_with(rows: list[Row], unknown: tuple[str, ...] = ()) -> FakeDam:
    """Make a publisher that holds these logs and rejects some types."""
    return FakeDam(
        repeat=("mismatches", "subscriber", "subscribers"),
        mismatches=[logs(rows, unknown=unknown)],
        subscriber=[subscriber()],
        subscribers=[[subscriber()]],
    )


def rows_of(dam: FakeDam, kinds: list[str] | None, wanted: list[str] | None, one: bool = True) -> list[Row]:
    """Return all rows that a report would hold."""
    params = {"record_type": kinds, "record_action": wanted, "page_size": 2, "prefetch": 1}
    return [row for page in MismatchPages(dam.dam, [subscriber()], not one, params) for row in page]


ROWS = [
    log_of(kind, action, number)
    for number, (kind, action) in enumerate(
        [("KEYWORD", "CREATE"), ("KEYWORD", "DELETE"), ("VERSION", "CREATE"), ("NEW", None), ("KEYWORD", "CREATE")]
    )
]


def test_without_a_filter_every_row_comes_once_whatever_it_holds() -> None:
    dam = dam_with(ROWS)
    assert rows_of(dam, None, None) == ROWS
    assert rows_of(dam, [], []) == ROWS
    assert {call[3] for call in dam.calls if call[0] == "mismatches"} == {"id-1"}


def test_rows_of_all_subscribers_are_asked_for_without_naming_one() -> None:
    dam = dam_with(ROWS)
    assert rows_of(dam, None, None, one=False) == ROWS
    assert {call[3] for call in dam.calls if call[0] == "mismatches"} == {None}


def test_the_wanted_types_and_actions_come_one_after_the_other_and_each_once() -> None:
    numbers = [
        row["recordId"] for row in rows_of(dam_with(ROWS), ["VERSION", "KEYWORD", "VERSION"], ["CREATE", "CREATE"])
    ]
    assert numbers == ["2", "0", "4"]


def test_a_type_that_the_release_does_not_know_is_an_error_that_names_the_option() -> None:
    with pytest.raises(
        OptionError, match=r"no such type.* it may be that this one does not take record_type PERMISSION"
    ):
        rows_of(dam_with(ROWS, unknown=("PERMISSION",)), ["PERMISSION"], None)


def test_other_errors_of_the_server_stay_as_they_are() -> None:
    for status, kinds in ((400, None), (500, ["KEYWORD"])):
        error = ServerError("no", status=status)
        with pytest.raises(ServerError) as caught:
            rows_of(FakeDam(mismatches=[error]), kinds, None)
        assert caught.value is error


def test_a_page_that_is_too_large_is_an_error_that_names_the_option() -> None:
    error = TooLarge("The answer is larger than 32 MiB.", sent=True)
    with pytest.raises(DamError, match=r"larger than 32 MiB\. Choose another page_size\."):
        rows_of(FakeDam(mismatches=[error]), None, None)


COMPARED = subscriber("FIND_MISMATCH_COMPLETED")
OTHER = subscriber("FIND_MISMATCH_COMPLETED", id="id-2")


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (COMPARED, False),
        (subscriber("FIND_MISMATCH_COMPLETED", updated="later", lastSyncTime="later"), False),
        (subscriber("FIND_MISMATCH_COMPLETED", "later"), True),
        (subscriber("FIND_MISMATCH_START"), True),
        (subscriber(None), True),
    ],
)
@pytest.mark.parametrize("of_all", [False, True])
def test_rows_that_were_read_while_something_was_started_may_be_too_few(
    now: Subscriber, moved: bool, of_all: bool
) -> None:
    dam = FakeDam(mismatches=[[]], **({"subscribers": [[OTHER, now]]} if of_all else {"subscriber": [now]}))
    params = {"record_type": None, "record_action": None, "page_size": 2, "prefetch": 1}
    pages = MismatchPages(dam.dam, [OTHER, COMPARED] if of_all else [COMPARED], of_all, params)
    assert list(pages) == []
    assert pages.moved is moved
    dam.finish()


@pytest.mark.parametrize(
    ("types", "actions", "filters"),
    [
        (None, None, None),
        ([], [], None),
        (["VERSION"], None, "type VERSION"),
        (["VERSION", "RENDITION"], ["DELETE"], "types VERSION, RENDITION; action DELETE"),
        (None, ["CREATE", "DELETE"], "actions CREATE, DELETE"),
    ],
)
def test_the_origin_of_rows_says_when_they_were_compared_and_what_they_are_limited_to(
    types: list[str] | None, actions: list[str] | None, filters: str | None
) -> None:
    params = {"record_type": types, "record_action": actions, "page_size": 2, "prefetch": 1, "hostname": "dx.example"}
    compared, other = subscriber("FIND_MISMATCH_COMPLETED", "then"), subscriber("RESYNC_TRIGGER_START", id="id-2")
    pages = MismatchPages(FakeDam().dam, [compared], False, params)
    assert (pages.accurate, pages.compared_at, pages.origin.compared_at) == (True, "then", ["then"])
    assert (pages.origin.publisher, pages.origin.filters) == ("dx.example", filters)
    pages = MismatchPages(FakeDam().dam, [compared, other], True, params)
    assert (pages.accurate, pages.compared_at, pages.origin.compared_at) == (False, None, ["then", None])
    assert list(pages.origin.subscribers) == ["id-1", "id-2"]


def test_subscribers_in_another_order_are_the_same_ones() -> None:
    params = {"record_type": None, "record_action": None, "page_size": 2, "prefetch": 1}
    later = subscriber("FIND_MISMATCH_COMPLETED", "another time", id="id-2")
    dam = FakeDam(mismatches=[[]], subscribers=[[COMPARED, later]])
    pages = MismatchPages(dam.dam, [later, COMPARED], True, params)
    assert list(pages) == []
    assert not pages.moved


def test_equal_rows_are_all_there_unless_the_list_moved() -> None:
    rows: list[Row] = [{"recordType": "KEYWORD", "recordAction": "CREATE"}] * 25
    params = {"record_type": None, "record_action": None, "page_size": 5, "prefetch": 1}
    pages = MismatchPages(dam_with(rows).dam, [subscriber()], False, params)
    once = pages.once()
    assert [row for page in once for row in page] == rows
    assert (once.duplicates, pages.moved) == (0, False)


@pytest.mark.parametrize(
    ("kinds", "actions", "words"),
    [
        (["VERSION"], None, "record_type: the server was asked for VERSION alone, and gave rows of KEYWORD"),
        (None, ["UPDATE"], "record_action: the server was asked for UPDATE alone, and gave rows of CREATE"),
    ],
)
def test_a_server_that_does_not_look_at_a_filter_is_noticed(
    kinds: list[str] | None, actions: list[str] | None, words: str
) -> None:
    dam = FakeDam(repeat=("mismatches", "subscriber"), mismatches=[ROWS], subscriber=[subscriber()])
    with pytest.raises(DamError, match=words):
        rows_of(dam, kinds, actions)


def test_words_that_nobody_knows_are_no_sign_of_a_filter_that_is_not_looked_at() -> None:
    strange: list[Row] = [{"type": "image/png", "action": "kept", "id": 1}, {"type": ["KEYWORD"], "action": None}]
    dam = FakeDam(repeat=("subscriber",), mismatches=[strange, [], []], subscriber=[subscriber()])
    assert rows_of(dam, ["VERSION"], ["UPDATE"]) == strange[:1]


def test_the_time_of_a_resync_is_none_of_a_comparison() -> None:
    times = {
        status: compared_at(subscriber(status, "then"))
        for status in (COMPARED.resync_status, "RESYNC_TRIGGER_COMPLETED")
    }
    assert times == {"FIND_MISMATCH_COMPLETED": "then", "RESYNC_TRIGGER_COMPLETED": None}


@pytest.mark.parametrize("now", [[COMPARED], [COMPARED, OTHER, OTHER]])
def test_rows_of_all_that_were_read_while_a_subscriber_came_or_went_may_be_too_few(now: list[Subscriber]) -> None:
    params = {"record_type": None, "record_action": None, "page_size": 2, "prefetch": 1}
    pages = MismatchPages(FakeDam(mismatches=[[]], subscribers=[now]).dam, [COMPARED, OTHER], True, params)
    assert list(pages) == []
    assert pages.moved


def test_a_report_of_one_is_refused_in_the_words_of_its_own_status() -> None:
    refusal = refuse_report([subscriber("FIND_MISMATCH_START")], of_all=False)
    assert refusal is not None
    assert refusal.message == IN_PROGRESS
    assert refusal.context["subscriber"]["resync_status"] == "FIND_MISMATCH_START"
    assert refuse_report([subscriber("FIND_MISMATCH_COMPLETED")], of_all=False) is None
    other = refuse_report([subscriber(None)], of_all=False)
    assert other is not None
    assert other.message == RUN_FIRST


def test_a_report_of_all_is_refused_for_the_first_that_is_not_compared() -> None:
    done, not_done = subscriber("FIND_MISMATCH_COMPLETED"), subscriber("RESYNC_TRIGGER_COMPLETED", id="id-2")
    refusal = refuse_report([done, not_done], of_all=True)
    assert refusal is not None
    assert refusal.message == NOT_ALL
    assert refusal.context["subscriber"]["subscriber_id"] == "id-2"
    assert refuse_report([done, done], of_all=True) is None
    assert refuse_report([], of_all=True) is None
