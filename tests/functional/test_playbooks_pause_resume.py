# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks ``pause`` and ``resume``: around an upgrade, and what they leave alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun
from support.scenes import registration
from tooling.standin import StandIn

CYCLES = (2, 15, 60)
HOST = "publisher"


@pytest.fixture
def three(damsim3: StandIn) -> StandIn:
    """A publisher with three subscribers, each with a cycle of its own."""
    damsim3.settings(cycles=False)
    for place, minutes in zip(damsim3.subscribers, CYCLES, strict=True):
        damsim3.post(f"/_sim/subscribers/{place.id}", {"cycleLength": minutes})
    return damsim3


@pytest.fixture
def run(three: StandIn, run_playbook: Any) -> Any:
    """Run one of the two playbooks on that publisher."""

    def run_on(name: str, check: bool = False, fails: bool = False, **extra_vars: Any) -> PlaybookRun:
        inventory = {HOST: role_connection(three)}
        done: PlaybookRun = run_playbook(
            f"{name}.yml", inventory, extra_vars, check=check, env=role_secrets(three), arguments=["-v"]
        )
        assert (done.rc != 0) == fails, done.output
        assert three.password not in done.output
        return done

    return run_on


def cycles(standin: StandIn) -> list[Any]:
    """Return the cycles as the publisher has them."""
    return [registration(standin, number)["cycleLength"] for number in range(len(standin.subscribers))]


def hosts(standin: StandIn) -> list[str]:
    """Return the target hosts."""
    return [place.target_host for place in standin.subscribers]


def remembered(done: PlaybookRun) -> dict[str, int]:
    """Return the cycles that ``pause`` keeps in its fact."""
    facts: dict[str, int] = done.named("Remember the cycles")[0].result["ansible_facts"]["dam_consistency_paused"]
    return facts


def test_pause_check_run_check_run_changes_once_and_remembers_the_cycles(three: StandIn, run: Any) -> None:
    checked, done, checked_again, again = (run("pause", check=check) for check in (True, False, True, False))
    assert [each.changed(HOST) > 0 for each in (checked, done, checked_again, again)] == [True, True, False, False]
    assert cycles(three) == [1440] * 3
    assert remembered(checked) == remembered(done) == dict(zip(hosts(three), CYCLES, strict=True))
    assert [each["method"] for each in three.writes()] == ["PATCH"] * 3


def test_the_command_that_pause_prints_gives_every_subscriber_its_own_cycle_back(three: StandIn, run: Any) -> None:
    done = run("pause")
    printed = done.named("Show the cycles")[0].result["msg"]
    found = re.search(r"^To resume: ansible-playbook dxops\.dam_staging\.resume -e '(.*)'$", printed[1])
    assert found, printed
    resumed = run("resume", **json.loads(found[1]))
    assert resumed.changed(HOST) == 1
    assert cycles(three) == list(CYCLES)


def test_pausing_twice_says_that_there_is_nothing_to_remember(three: StandIn, run: Any) -> None:
    run("pause")
    again = run("pause")
    assert remembered(again) == {}
    assert "paused already" in again.named("Show the cycles")[0].result["msg"][0]


def test_resume_check_run_check_run_gives_all_the_same_cycle(three: StandIn, run: Any) -> None:
    run("pause")
    three.forget_requests()
    runs = [run("resume", check=check, dam_cycle_length=20) for check in (True, False, True, False)]
    assert [each.changed(HOST) > 0 for each in runs] == [True, True, False, False]
    assert cycles(three) == [20] * 3
    assert [each["method"] for each in three.writes()] == ["PATCH"] * 3


def test_resume_without_a_cycle_takes_the_products_own(three: StandIn, run: Any) -> None:
    run("pause")
    run("resume")
    assert cycles(three) == [2] * 3


def test_resume_leaves_alone_what_is_not_paused(three: StandIn, run: Any) -> None:
    done = run("resume", dam_cycle_length=5)
    assert done.changed(HOST) == 0
    assert cycles(three) == list(CYCLES)
    assert three.writes() == []


def test_one_that_is_switched_off_is_left_alone(three: StandIn, run: Any) -> None:
    three.post(f"/_sim/subscribers/{three.subscribers[1].id}", {"status": False})
    run("pause")
    assert cycles(three) == [1440, CYCLES[1], 1440]


def test_only_the_subscribers_that_are_named_are_paused_and_resumed(three: StandIn, run: Any) -> None:
    named = [
        {"target_host": hosts(three)[1], "dx_password": "not-to-be-shown-anywhere"},
        {"subscriber_id": three.subscribers[2].id},
    ]
    done = run("pause", dam_consistency_subscribers=named)
    assert cycles(three) == [CYCLES[0], 1440, 1440]
    assert "not-to-be-shown-anywhere" not in done.output
    run("resume", dam_consistency_subscribers=named[:1], dam_cycle_length=30)
    assert cycles(three) == [CYCLES[0], 30, 1440]


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_one_that_is_named_but_not_registered_fails_and_is_never_registered(
    three: StandIn, run: Any, name: str
) -> None:
    done = run(name, fails=True, dam_consistency_subscribers=[{"target_host": "dx-mistyped.example.com"}])
    assert "dx-mistyped.example.com" in done.output
    assert three.writes() == []


def test_the_cycles_are_shown_although_pausing_fails_half_way(three: StandIn, run: Any) -> None:
    body = json.dumps({"error": {"message": "Not today."}})
    fault = {"method": "PATCH", "path": three.subscribers[1].id, "kind": "status", "status": 400, "body": body}
    three.post("/_sim/faults", [fault])
    done = run("pause", fails=True)
    assert remembered(done) == dict(zip(hosts(three), CYCLES, strict=True))
    assert "Not today" in done.output
    assert cycles(three) == [1440, CYCLES[1], 1440]


@pytest.mark.parametrize("minutes", [0, 1441])
def test_a_cycle_that_the_product_does_not_take_is_refused(three: StandIn, run: Any, minutes: int) -> None:
    run("pause")
    three.forget_requests()
    done = run("resume", fails=True, dam_cycle_lengths=dict.fromkeys(hosts(three), minutes))
    assert "cycle_length" in done.output
    assert three.writes() == []


def test_a_text_for_the_list_of_subscribers_is_told(three: StandIn, run: Any) -> None:
    done = run("pause", fails=True, dam_consistency_subscribers="dx-one.example.com")
    assert "list" in done.output
    assert three.writes() == []
