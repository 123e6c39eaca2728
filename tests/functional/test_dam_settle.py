# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dam_settle: waits until nothing is in the way of a comparison, and touches nothing."""

from __future__ import annotations

from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import Call
from support.role import meanwhile
from support.scenes import fault, sent, writes
from support.standin import StandIn

MODULE = "dam_settle"


def options(standin: StandIn, **more: Any) -> dict[str, Any]:
    """Name the first subscriber of a stand-in, and do not wait for long."""
    return {**connection_to(standin), "subscriber_id": standin.subscribers[0].id, "wait_timeout": 600, **more}


def running(standin: StandIn, status: str | None, number: int = 0) -> None:
    """Give a subscriber's registration a status that stays."""
    standin.post(f"/_sim/subscribers/{standin.subscribers[number].id}", {"resyncStatus": status})


def busy(standin: StandIn, function: str = "syncStagingMediaContent") -> None:
    """Put an operation that does not move by itself into the subscriber's queue."""
    standin.post("/_sim/operations", [{"triggerFunction": function, "status": "PROCESSING"}], at=standin.subscribers[0])


def test_where_nothing_runs_it_says_so_at_once_and_changes_nothing(damsim: StandIn, run_modules: Any) -> None:
    results = run_modules([Call(MODULE, options(damsim), check=check) for check in (True, False, True, False)])
    for result in results:
        assert (result["changed"], result["settled"], result["busy"]) == (False, True, None)
        assert result["subscriber"]["subscriber_id"] == damsim.subscribers[0].id
    assert writes(sent(damsim)) == []


@pytest.mark.parametrize("status", ["FIND_MISMATCH_START", "RESYNC_TRIGGER_START", "SOMETHING_NEW"])
def test_a_run_of_another_subscriber_is_in_the_way(damsim3: StandIn, run_module: Any, status: str) -> None:
    running(damsim3, status, number=1)
    result = run_module(MODULE, options(damsim3, wait=False))
    assert (result["settled"], result["busy"]) == (False, f"{damsim3.subscribers[1].target_host}: {status}")


def test_a_comparison_of_this_subscriber_is_not_in_the_way_but_a_resync_is(damsim: StandIn, run_module: Any) -> None:
    running(damsim, "FIND_MISMATCH_START")
    assert run_module(MODULE, options(damsim, wait=False))["settled"] is True
    running(damsim, "RESYNC_TRIGGER_START")
    assert run_module(MODULE, options(damsim, wait=False))["settled"] is False


def test_a_sync_operation_at_the_subscriber_is_in_the_way_and_another_one_is_not(
    damsim: StandIn, run_module: Any
) -> None:
    busy(damsim, "createRendition")
    assert run_module(MODULE, options(damsim, wait=False))["settled"] is True
    busy(damsim)
    result = run_module(MODULE, options(damsim, wait=False))
    assert (result["settled"], result["busy"]) == (False, "sync operations: PROCESSING")


def test_it_waits_for_one_thing_after_the_other(damsim3: StandIn, run_module: Any) -> None:
    running(damsim3, "RESYNC_TRIGGER_START", number=2)
    busy(damsim3)
    first = f"{damsim3.subscribers[2].target_host}: RESYNC_TRIGGER_START"

    with (
        meanwhile(
            lambda: sum(each["path"].endswith("/staging/subscriber") for each in sent(damsim3)) > 1,
            lambda: running(damsim3, "RESYNC_TRIGGER_COMPLETED", number=2),
        ),
        meanwhile(
            # The statuses are asked for one by one: it has to be the one that is there.
            lambda: any("status=PROCESSING" in each["query"] for each in sent(damsim3)),
            lambda: damsim3.delete("/_sim/operations", at=damsim3.subscribers[0]),
        ),
    ):
        result = run_module(MODULE, options(damsim3))
    assert [state["status"] for state in result["states"]] == [first, "sync operations: PROCESSING", "quiet"]
    assert result["settled"] is True


def test_a_timeout_fails_and_names_what_is_in_the_way(damsim3: StandIn, run_module: Any) -> None:
    running(damsim3, "FIND_MISMATCH_START", number=1)
    result = run_module(MODULE, options(damsim3, wait_timeout=2))
    assert result["failed"] is True
    assert result["last"] == f"{damsim3.subscribers[1].target_host}: FIND_MISMATCH_START"
    assert f"the last status seen was '{result['last']}'" in result["msg"]
    assert result["duration"] >= 2


def test_after_a_registration_an_idle_queue_proves_nothing(damsim: StandIn, run_module: Any) -> None:
    damsim.settings(cycles=False)
    damsim.post(f"/_sim/subscribers/{damsim.subscribers[0].id}", {"lastSyncTime": None})
    assert run_module(MODULE, options(damsim, wait=False))["settled"] is True
    waiting = run_module(MODULE, options(damsim, wait=False, first_sync=True))
    assert (waiting["settled"], waiting["busy"]) == (False, "not staged yet")
    damsim.post(f"/_sim/subscribers/{damsim.subscribers[0].id}", {"lastSyncTime": "2026-11-02T08:15:30.000Z"})
    assert run_module(MODULE, options(damsim, wait=False, first_sync=True))["settled"] is True


def test_a_server_that_is_away_for_a_moment_is_waited_for(damsim: StandIn, run_module: Any) -> None:
    fault(damsim, damsim.subscribers[0], method="GET", path="/operations", kind="status", status=500, times=1)
    result = run_module(MODULE, options(damsim))
    assert (result["settled"], result.get("failed", False)) == (True, False)
