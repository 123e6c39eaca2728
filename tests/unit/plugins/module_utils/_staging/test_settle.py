# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a comparison has to wait for: another subscriber's run, a resync, sync operations, the first staging."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Row, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, TimedOut
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.runs import poll_settled, settle
from support.fakes import Clock, FakeDam, operation_row, queue_of, subscriber

DONE, COMPARING, RESYNCING = "FIND_MISMATCH_COMPLETED", "FIND_MISMATCH_START", "RESYNC_TRIGGER_START"
BUSY = [operation_row(status="PROCESSING")]
THUMBNAIL = [operation_row("renditionScan", "PROCESSING")]
STAGED = {"lastSyncTime": "2026-11-02T08:00:00.000Z"}


def looked(
    mine: str | None, others: str | None = DONE, rows: list[Row] | None = None, first_sync: bool = False, **fields: Any
) -> tuple[str, bool, bool]:
    """Return status, end, and whether the subscriber's queue was asked, with this subscriber between two others."""
    around = [subscriber(others, id=f"{side}-1", targetHost=f"{side}.example.com") for side in ("a", "z")]
    publisher = FakeDam(subscribers=[[around[0], subscriber(mine, id="m-1", **fields), around[1]]])
    queue = FakeDam(("operations",), operations=[queue_of(rows or [])])
    seen = poll_settled(publisher.dam, queue.dam, "m-1", first_sync)
    assert seen.value.subscriber_id == "m-1"
    return seen.status, seen.done, bool(queue.calls)


@pytest.mark.parametrize(
    ("mine", "others", "rows", "expected"),
    [
        (None, None, [], ("quiet", True, True)),
        (DONE, DONE, THUMBNAIL, ("quiet", True, True)),
        (COMPARING, DONE, [], ("quiet", True, True)),
        (DONE, DONE, BUSY, ("sync operations: PROCESSING", False, True)),
        (COMPARING, DONE, BUSY, ("sync operations: PROCESSING", False, True)),
        (RESYNCING, DONE, [], (f"sub.example.com: {RESYNCING}", False, False)),
        ("SOMETHING_NEW", DONE, [], ("sub.example.com: SOMETHING_NEW", False, False)),
        (DONE, COMPARING, [], (f"a.example.com: {COMPARING}", False, False)),
        (DONE, RESYNCING, BUSY, (f"a.example.com: {RESYNCING}", False, False)),
    ],
)
def test_all_but_a_comparison_of_this_subscriber_has_to_end(
    mine: str | None, others: str | None, rows: list[Row], expected: tuple[str, bool, bool]
) -> None:
    assert looked(mine, others, rows) == expected


def test_after_a_registration_an_idle_queue_proves_nothing_before_the_first_staging() -> None:
    assert looked(None, first_sync=True) == ("not staged yet", False, False)
    assert looked(None, first_sync=False) == ("quiet", True, True)
    assert looked(None, first_sync=True, **STAGED) == ("quiet", True, True)


def test_a_subscriber_that_is_deregistered_meanwhile_is_an_error() -> None:
    publisher = FakeDam(subscribers=[[subscriber(DONE, id="l-1"), subscriber(DONE, id="n-1")]])
    with pytest.raises(DamError, match=r"no subscriber m-1 any more: it was deregistered meanwhile"):
        poll_settled(publisher.dam, FakeDam().dam, "m-1", False)


def test_the_wait_ends_with_the_subscriber_as_it_is_then_or_names_what_is_in_the_way() -> None:
    now: Subscriber = subscriber(DONE, "later")
    publisher = FakeDam(("subscribers",), subscribers=[[subscriber(RESYNCING)], [now]])
    queue = FakeDam(("operations",), operations=[queue_of([])])
    assert settle(publisher.dam, queue.dam, subscriber(RESYNCING), Clock().waiter(), False) == now
    stuck = FakeDam(("subscribers",), subscribers=[[subscriber(RESYNCING)]])
    with pytest.raises(TimedOut, match=rf"'sub.example.com' to have nothing running; .*'sub.example.com: {RESYNCING}'"):
        settle(stuck.dam, queue.dam, subscriber(RESYNCING), Clock().waiter(10), False)
