# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role where something runs already, be it an earlier run of the role that was killed: joined or waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun
from support.role import HOST, error_of, kill_when, meanwhile, only, verdict_of
from support.scenes import api, compared, keep_operations, runs_started, sent
from tooling.paths import ROOT
from tooling.standin import StandIn

COMPARISON, RESYNC = "findStagingMismatch", "resyncSubscriber"
START, RESYNC_START = "FIND_MISMATCH_START", "RESYNC_TRIGGER_START"
BUSY = {"triggerFunction": "syncStagingMediaContent", "status": "PROCESSING"}


def trigger(standin: StandIn, status: str, number: int = 0) -> None:
    """Have the publisher begin a comparison or a resync that no task asked for."""
    api(standin, "PATCH", f"/staging/subscriber/{standin.subscribers[number].id}", {"resyncStatus": status})


def followed(standin: StandIn, since: int = 0) -> bool:
    """Tell whether a module follows the run of the first subscriber, after so many requests."""
    gets = [each["path"] for each in sent(standin)[since:] if each["method"] == "GET"]
    return any(str(path).endswith(standin.subscribers[0].id) for path in gets)


def settling(standin: StandIn, since: int = 0) -> bool:
    """Tell whether the role has seen that something is in its way, after so many requests.

    It lists the subscribers for its own sake, for the subscriber's, and when it begins to wait; then it looks.
    """
    lists = [each for each in sent(standin)[since:] if each["env"] == standin.publisher.name]
    return sum(str(each["path"]).endswith("/staging/subscriber") for each in lists) > 4


def waited_for(run: PlaybookRun, number: int = 0) -> list[str]:
    """Return what the role waited for before its first comparison."""
    return [state["status"] for state in run.named("Wait until nothing is in the way")[number].result["states"]]


def refused(standin: StandIn) -> list[dict[str, Any]]:
    """Return the triggers that the publisher refused since something ran."""
    return [each for each in sent(standin) if each["status"] == 409]


def test_a_comparison_of_this_subscriber_is_joined(damsim: StandIn, run_playbook: Any) -> None:
    keep_operations(damsim)
    damsim.settings(at=damsim.publisher, hold_comparison=True)
    trigger(damsim, START)
    with meanwhile(lambda: followed(damsim), lambda: damsim.settings(at=damsim.publisher, hold_comparison=False)):
        run = run_playbook("resync.yml")
    assert run.rc == 0, run.output
    assert run.named("Compare with the publisher")[0].result["joined"] is True
    assert verdict_of(run)["in_sync"] is True
    assert (runs_started(damsim, COMPARISON), runs_started(damsim, RESYNC)) == (2, 1)
    assert refused(damsim) == []


def test_a_resync_of_this_subscriber_is_waited_for_and_not_repeated(damsim: StandIn, run_playbook: Any) -> None:
    keep_operations(damsim)
    compared(damsim)
    damsim.settings(at=damsim.publisher, hold_resync=True)
    trigger(damsim, RESYNC_START)
    with meanwhile(lambda: settling(damsim), lambda: damsim.settings(at=damsim.publisher, hold_resync=False)):
        run = run_playbook("resync.yml")
    assert run.rc == 0, run.output
    assert f"{damsim.subscribers[0].target_host}: {RESYNC_START}" in waited_for(run)
    record = verdict_of(run)
    assert (record["in_sync"], record["mismatches_before"], record["repaired"]) == (True, 0, False)
    assert runs_started(damsim, RESYNC) == 1
    assert damsim.digests_equal()


def test_another_subscribers_comparison_and_sync_operations_are_waited_for(damsim3: StandIn, run_playbook: Any) -> None:
    first, second, _third = damsim3.subscribers
    damsim3.settings(at=damsim3.publisher, hold_comparison=True)
    trigger(damsim3, START, number=1)
    damsim3.post("/_sim/operations", BUSY, at=first)

    def queue_looked_at() -> bool:
        looks = [each["query"] for each in sent(damsim3) if each["env"] == first.name]
        return any("PROCESSING" in query for query in looks)

    def end_comparison() -> None:
        assert not queue_looked_at()
        damsim3.settings(at=damsim3.publisher, hold_comparison=False)

    with (
        meanwhile(lambda: settling(damsim3), end_comparison),
        meanwhile(queue_looked_at, lambda: damsim3.delete("/_sim/operations", at=first)),
    ):
        run = run_playbook(
            "check.yml",
            {HOST: role_connection(damsim3)},
            {"dam_consistency_subscribers": only(damsim3, 0), "dam_consistency_fail_on_drift": False},
            env=role_secrets(damsim3),
        )
    assert run.rc == 0, run.output
    waited = waited_for(run)
    assert waited[0] == f"{second.target_host}: {START}"
    assert waited[-2:] == ["sync operations: PROCESSING", "quiet"]
    assert verdict_of(run)["mismatches_before"] == len(damsim3.expected(0)["rows"])
    assert refused(damsim3) == []


def test_what_does_not_end_in_time_fails_the_subscriber_and_is_named(damsim: StandIn, run_playbook: Any) -> None:
    damsim.post("/_sim/operations", BUSY, at=damsim.subscribers[0])
    run = run_playbook("resync.yml", extra_vars={"dam_consistency_wait_timeout": 1})
    assert run.rc == 2
    assert "sync operations: PROCESSING" in error_of(run)
    assert damsim.subscribers[0].target_host in error_of(run)
    assert verdict_of(run)["in_sync"] is None
    assert damsim.writes() == []


# --- Killed and run again --------------------------------------------------------------------------------------------


def triggers(standin: StandIn) -> int:
    """Return how many comparisons and resyncs were asked for."""
    return sum(each["method"] == "PATCH" for each in sent(standin))


@dataclass(frozen=True)
class Point:
    """A moment in the cycle to be killed at.

    ``held`` are the settings that keep the servers in it, from so many triggers on, until the second run ``met`` it.
    ``comparisons`` is how many there are in both runs together.
    """

    reached: Callable[[StandIn], bool]
    held: dict[str, Any] = field(default_factory=dict)
    hold_after: int = 0
    met: Callable[[StandIn, int], bool] = settling
    comparisons: int = 2
    alone: bool = False


def reporting(standin: StandIn) -> bool:
    """Tell whether the mismatches of the first comparison are being read."""
    requests = sent(standin)
    return triggers(standin) == 1 and any("/staging/mismatches" in each["path"] for each in requests)


def draining(standin: StandIn) -> bool:
    """Tell whether the repair waits for the subscriber's queue."""
    requests = sent(standin)
    last = max((number for number, each in enumerate(requests) if each["method"] == "PATCH"), default=0)
    return triggers(standin) == 2 and any(each["path"].endswith("/operations") for each in requests[last:])


def triggered(number: int) -> Callable[[StandIn], bool]:
    """Return a question: have so many comparisons and resyncs been asked for?"""
    return lambda standin: triggers(standin) == number


POINTS = {
    "the first comparison runs": Point(triggered(1), {"hold_comparison": True}, met=followed),
    "the report is being written": Point(reporting, comparisons=3),
    "the resync creates its operations": Point(triggered(2), {"hold_resync": True}),
    "the same, and the module outlives it": Point(triggered(2), {"hold_resync": True}, alone=True),
    "the subscriber works through its queue": Point(draining, {"hold_operations": True}),
    "the second comparison runs": Point(triggered(3), {"hold_comparison": True}, hold_after=2, met=followed),
}


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
def test_killed_and_run_again_it_ends_the_same(
    damsim: StandIn, run_playbook: Any, tmp_path: Path, point: Point
) -> None:
    keep_operations(damsim)
    holding: list[bool] = []

    def reached() -> bool:
        if not holding and triggers(damsim) >= point.hold_after:
            damsim.settings(**point.held)
            holding.append(True)
        return point.reached(damsim)

    kill_when(reached, ROOT / "playbooks" / "resync.yml", tmp_path / "killed", damsim, point.alone)
    before = len(sent(damsim))
    release: dict[str, Any] = dict.fromkeys(point.held, False)
    with meanwhile(lambda: not release or point.met(damsim, before), lambda: damsim.settings(**release)):
        run = run_playbook("resync.yml")
    assert run.rc == 0, run.output
    assert verdict_of(run)["in_sync"] is True
    assert damsim.digests_equal()
    assert refused(damsim) == []
    assert (runs_started(damsim, COMPARISON), runs_started(damsim, RESYNC)) == (point.comparisons, 1)
