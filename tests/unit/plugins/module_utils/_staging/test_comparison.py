# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds a comparison: the deletion of old logs before it, and the verdict after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Row, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, ServerError, Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.comparison import Rows, verdict, without_logs
from support.fakes import NEVER_MOVED, Clock, FakeDam, log_of, logs, subscriber

ONE = "id-1"


def dam_with(rows: list[Row], subscriber: list[Subscriber] | None = None) -> FakeDam:
    """Make a publisher that holds these logs."""
    return FakeDam(repeat=("mismatches",), mismatches=[logs(rows)], subscriber=subscriber or [])


def test_before_a_comparison_the_old_logs_go_and_the_subscriber_is_read_again() -> None:
    changed = subscriber(None, None)
    dam = FakeDam(delete_mismatches=[None], mismatches=[[]], subscriber=[changed])
    before = subscriber("FIND_MISMATCH_COMPLETED")
    assert without_logs(dam.dam, before, Clock().waiter(), pytest.fail) == (changed, True)


@pytest.mark.parametrize("status", ["FIND_MISMATCH_START", "RESYNC_TRIGGER_START", "SOMETHING_NEW"])
def test_a_run_that_begins_while_the_old_logs_go_has_lost_what_it_found(status: str) -> None:
    dam = FakeDam(delete_mismatches=[None], mismatches=[[]], subscriber=[subscriber(status)])
    with pytest.raises(DamError, match=r"^No comparison was started: while .* run again with force=true\.$") as caught:
        without_logs(dam.dam, subscriber("FIND_MISMATCH_COMPLETED"), Clock().waiter(), pytest.fail)
    assert caught.value.context == {"changed": True, "last": status}


def test_where_logs_cannot_be_deleted_the_user_is_warned_and_the_comparison_goes_on() -> None:
    told: list[str] = []
    dam = FakeDam(delete_mismatches=[ServerError("no such call.", status=404)])
    before = subscriber("FIND_MISMATCH_COMPLETED")
    assert without_logs(dam.dam, before, Clock().waiter(), told.append) == (before, False)
    begin = "delete_previous: no such call. Deleting mismatch logs came with DAM release CF216. The old logs stay"
    assert [text.startswith(begin) for text in told] == [True]


# The verdict


def unseen_rows() -> Rows:
    """Return what saw a comparison without rows."""
    return Rows(FakeDam().dam, ONE, pytest.fail)


def seen_rows(warn: Callable[[str], object] = pytest.fail, theirs: bool = True) -> Rows:
    """Return what saw a comparison that had rows."""
    return Rows(FakeDam().dam, ONE, warn, theirs, seen=True)


@pytest.mark.parametrize(
    ("rows", "seen_to_end", "in_sync"), [(0, True, True), (0, False, None), (3, True, False), (3, False, False)]
)
def test_only_who_saw_a_comparison_end_without_rows_may_say_in_sync(
    rows: int, seen_to_end: bool, in_sync: bool | None
) -> None:
    dam = dam_with([log_of("KEYWORD", "CREATE")] * rows, subscriber=[subscriber()] if in_sync else [])
    found = verdict(dam.dam, subscriber(), unseen_rows() if seen_to_end else None)
    assert found == {"mismatch_count": rows, "in_sync": in_sync, "compared_at": NEVER_MOVED}
    dam.finish()


@pytest.mark.parametrize(
    "now",
    [subscriber(None), subscriber("FIND_MISMATCH_START"), subscriber("FIND_MISMATCH_COMPLETED", "later")],
    ids=repr,
)
def test_logs_that_somebody_may_have_deleted_before_they_were_counted_prove_nothing(now: Subscriber) -> None:
    end = subscriber("FIND_MISMATCH_COMPLETED")
    with pytest.raises(DamError, match=r"^What the comparison of 'sub.example.com' found is not known: ") as caught:
        verdict(dam_with([], subscriber=[now]).dam, end, unseen_rows())
    assert f"went from FIND_MISMATCH_COMPLETED to {now.resync_status or 'empty'}." in caught.value.message
    assert caught.value.context == {"last": now.resync_status}


def test_rows_that_were_seen_while_it_ran_and_are_gone_at_its_end_prove_nothing() -> None:
    with pytest.raises(DamError, match=r"found is not known: while it ran there were mismatch logs") as caught:
        verdict(dam_with([], subscriber=[subscriber()]).dam, subscriber(), seen_rows(theirs=False))
    assert caught.value.context == {"last": None}
    dam = dam_with([log_of("KEYWORD", "CREATE")])
    assert verdict(dam.dam, subscriber(), seen_rows(theirs=False))["in_sync"] is False


def test_rows_that_are_gone_may_be_old_ones_where_somebody_else_began() -> None:
    warnings: list[str] = []
    found = verdict(dam_with([], subscriber=[subscriber()]).dam, subscriber(), seen_rows(warn=warnings.append))
    assert (found["mismatch_count"], found["in_sync"]) == (0, None)
    assert "or they were old ones. Run again with force=true." in warnings[0]


def test_while_a_comparison_runs_one_row_is_asked_for_until_there_was_one() -> None:
    dam = FakeDam(mismatches=[[], Unreachable("gone", sent=False), [{}]])
    rows = Rows(dam.dam, ONE, pytest.fail)
    seen = []
    for _look in range(4):
        rows.look()
        seen.append(rows.seen)
    assert seen == [False, False, True, True]
    assert dam.calls == [("mismatches", 0, 1, ONE)] * 3


def test_who_gets_no_answer_twice_and_who_left_old_logs_asks_for_no_row_any_more() -> None:
    dam = FakeDam(mismatches=[Unreachable("gone", sent=False)] * 2)
    rows = Rows(dam.dam, ONE, pytest.fail)
    for _look in range(4):
        rows.look()
    Rows(dam.dam, ONE, pytest.fail, kept=True).look()
    assert (rows.seen, len(dam.calls)) == (False, 2)


def test_a_comparison_without_a_time_is_dated_by_the_servers_clock_only_where_it_was_seen() -> None:
    at = datetime(2026, 11, 2, 7, tzinfo=timezone.utc)  # noqa: UP017 - also run on Python 3.9
    dam = FakeDam(repeat=("mismatches",), mismatches=[[]], subscriber=[subscriber(moved=None)], now=[at])
    assert verdict(dam.dam, subscriber(moved=None), unseen_rows())["compared_at"] == "2026-11-02T07:00:00+00:00"
    assert verdict(dam.dam, subscriber(moved=None))["compared_at"] is None
