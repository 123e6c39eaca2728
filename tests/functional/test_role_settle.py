# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role where something runs already, be it an earlier run of the role that was killed: joined or waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun
from support.role import HOST, kill_when, meanwhile, only, verdict_of
from support.scenes import api, compared, keep_operations, runs_started, sent
from support.standin import StandIn
from tooling.paths import ROOT

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
    return [state["status"] for state in run.named("dam_settle")[number].result["states"]]


def refused(standin: StandIn) -> list[dict[str, Any]]:
    """Return the triggers that the publisher refused since something ran."""
    return [each for each in sent(standin) if each["status"] == 409]


@pytest.mark.slow
def test_a_comparison_of_this_subscriber_is_joined(damsim: StandIn, run_playbook: Any) -> None:
    keep_operations(damsim)
    damsim.settings(at=damsim.publisher, hold_comparison=True)
    trigger(damsim, START)
    with meanwhile(lambda: followed(damsim), lambda: damsim.settings(at=damsim.publisher, hold_comparison=False)):
        run = run_playbook("resync.yml")
    assert run.rc == 0, run.output
    assert run.named("dam_find_mismatch")[0].result["joined"] is True
    assert verdict_of(run)["in_sync"] is True
    assert (runs_started(damsim, COMPARISON), runs_started(damsim, RESYNC)) == (2, 1)
    assert refused(damsim) == []


@pytest.mark.slow
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


@pytest.mark.slow
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


# --- Killed and run again --------------------------------------------------------------------------------------------


def triggers(standin: StandIn) -> int:
    """Return how many comparisons and resyncs were asked for."""
    return sum(each["method"] == "PATCH" for each in sent(standin))


@dataclass(frozen=True)
class Point:
    """A moment in the cycle to be killed at; ``held`` keeps the servers in it until the second run ``met`` it."""

    reached: Callable[[StandIn], bool]
    held: str
    met: Callable[[StandIn, int], bool] = settling
    alone: bool = False


def draining(standin: StandIn) -> bool:
    """Tell whether the repair waits for the subscriber's queue."""
    requests = sent(standin)
    last = max((number for number, each in enumerate(requests) if each["method"] == "PATCH"), default=0)
    return triggers(standin) == 2 and any(each["path"].endswith("/operations") for each in requests[last:])


def triggered(number: int) -> Callable[[StandIn], bool]:
    """Return a question: have so many comparisons and resyncs been asked for?"""
    return lambda standin: triggers(standin) == number


POINTS = {
    "the first comparison runs": Point(triggered(1), "hold_comparison", met=followed),
    "the resync creates its operations, and the module outlives it": Point(triggered(2), "hold_resync", alone=True),
    "the subscriber works through its queue": Point(draining, "hold_operations"),
}


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
def test_killed_and_run_again_it_ends_the_same(
    damsim: StandIn, run_playbook: Any, tmp_path: Path, point: Point
) -> None:
    keep_operations(damsim)
    damsim.settings(**{point.held: True})
    kill_when(
        lambda: point.reached(damsim), ROOT / "playbooks" / "resync.yml", tmp_path / "killed", damsim, point.alone
    )
    before = len(sent(damsim))
    with meanwhile(lambda: point.met(damsim, before), lambda: damsim.settings(**{point.held: False})):
        run = run_playbook("resync.yml")
    assert run.rc == 0, run.output
    assert verdict_of(run)["in_sync"] is True
    assert damsim.digests_equal()
    assert refused(damsim) == []
    assert (runs_started(damsim, COMPARISON), runs_started(damsim, RESYNC)) == (2, 1)
