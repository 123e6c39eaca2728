# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks ``pause`` and ``resume``: around an upgrade, and what they leave alone."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.playbooks import PlaybookRun, play, variables
from support.role import HOST
from support.scenes import registration
from support.scripted import Reply, Request, Scripted, scripted
from support.standin import StandIn
from tooling.paths import ROOT

CYCLES = (2, 15, 60)


@pytest.fixture
def three(damsim3: StandIn) -> StandIn:
    """A publisher with three subscribers, each with a cycle of its own."""
    damsim3.settings(cycles=False)
    for place, minutes in zip(damsim3.subscribers, CYCLES, strict=True):
        damsim3.post(f"/_sim/subscribers/{place.id}", {"cycleLength": minutes})
    return damsim3


@pytest.fixture
def run(three: StandIn, run_playbook: Any) -> Any:
    """Run one of the two playbooks on that publisher, or on inventory hosts that are all that publisher."""

    def run_on(
        name: str, check: bool = False, fails: bool = False, hosts: dict[str, Any] | None = None, **extra_vars: Any
    ) -> PlaybookRun:
        inventory = {host: role_connection(three) | facts for host, facts in (hosts or {HOST: {}}).items()}
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


def target_hosts(standin: StandIn) -> list[str]:
    """Return the target hosts."""
    return [place.target_host for place in standin.subscribers]


def remembered(done: PlaybookRun) -> dict[str, int]:
    """Return the cycles that ``pause`` keeps in its fact."""
    facts: dict[str, int] = done.named("Remember the cycles")[0].result["ansible_facts"]["dam_consistency_paused"]
    return facts


@pytest.mark.slow
def test_pause_changes_once_and_the_command_that_it_prints_gives_every_subscriber_its_cycle_back(
    three: StandIn, run: Any
) -> None:
    checked, done, again = run("pause", check=True), run("pause"), run("pause")
    assert [each.changed(HOST) for each in (checked, done, again)] == [1, 1, 0]
    assert cycles(three) == [1440] * 3
    assert [each["method"] for each in three.writes()] == ["PATCH"] * 3
    assert remembered(checked) == remembered(done) == dict(zip(target_hosts(three), CYCLES, strict=True))
    assert remembered(again) == {}
    assert "paused already" in again.named("Show the cycles")[0].result["msg"][0]

    printed = done.named("Show the cycles")[0].result["msg"]
    assert printed[1].startswith("To resume: ansible-playbook dxops.dam_staging.resume -e dam_cycle_lengths=")
    given = {"dam_cycle_lengths": printed[1].partition("dam_cycle_lengths=")[2]}
    checked, resumed, again = (run("resume", check=check, **given) for check in (True, False, False))
    assert [each.changed(HOST) for each in (checked, resumed, again)] == [1, 1, 0]
    assert cycles(three) == list(CYCLES)
    assert [each["method"] for each in three.writes()] == ["PATCH"] * 6

    # The command of one publisher among several is limited to it: the others know nothing of its subscribers.
    both = run("pause", check=True, hosts={HOST: {}, "other.example.com": {}})
    shown = {task.host: task.result["msg"][1] for task in both.named("Show the cycles")}
    assert shown == {
        host: printed[1].replace(".resume -e ", f".resume --limit {host} -e ") for host in (HOST, "other.example.com")
    }


@pytest.mark.slow
def test_what_is_switched_off_or_not_named_or_not_paused_is_left_alone(three: StandIn, run: Any) -> None:
    first, second = target_hosts(three)[:2]
    three.post(f"/_sim/subscribers/{three.subscribers[0].id}", {"status": False})
    named = [
        {"target_host": second, "dx_password": "not-to-be-shown-anywhere"},
        {"subscriber_id": three.subscribers[2].id},
    ]
    done = run("pause", hosts={HOST: {"dam_consistency_subscribers": named[:1]}})
    assert cycles(three) == [CYCLES[0], 1440, CYCLES[2]]
    assert "not-to-be-shown-anywhere" not in done.output
    run("pause")
    assert cycles(three) == [CYCLES[0], 1440, 1440]
    run("resume", dam_consistency_subscribers=named[:1], dam_cycle_length=30)
    assert cycles(three) == [CYCLES[0], 30, 1440]
    # The product's own cycle, and only for what is paused.
    run("resume")
    assert cycles(three) == [CYCLES[0], 30, 2]
    assert first not in json.dumps([task.result for task in done.named("Set the longest cycle")])


@pytest.mark.slow
def test_what_cannot_be_done_is_refused_before_anything_is_changed(three: StandIn, run: Any) -> None:
    minutes = {
        f"minutes-{number}": {"dam_cycle_lengths": dict.fromkeys(target_hosts(three), number)} for number in (0, 1441)
    }
    chosen = {
        "mistyped": [{"target_host": "dx-mistyped.example.com"}],
        "nameless": [{"dx_port": 8443}],
        "text": "dx-one.example.com",
    }
    told = {
        "mistyped": "dx-mistyped.example.com",
        "nameless": "Entry 1",
        "text": "list",
        **dict.fromkeys(minutes, "cycle_length"),
    }
    hosts = {name: {"dam_consistency_subscribers": value} for name, value in chosen.items()}
    unknown = {"unknown": {"dam_cycle_lengths": {"dx-mistyped.example.com": 10}}}
    told["unknown"] = "dam_consistency_cycle_lengths names dx-mistyped.example.com"
    for name, refused in (("pause", hosts), ("resume", hosts | minutes | unknown)):
        done = run(name, fails=True, hosts=refused)
        for host in refused:
            failed = [task.result for task in done.tasks if task.host == host and task.outcome == "failed"]
            assert told[host] in str(failed), host
    assert three.writes() == []


@pytest.mark.slow
def test_the_cycles_are_shown_although_pausing_fails_half_way(three: StandIn, run: Any) -> None:
    body = json.dumps({"error": {"message": "Not today."}})
    fault = {"method": "PATCH", "path": three.subscribers[1].id, "kind": "status", "status": 400, "body": body}
    three.post("/_sim/faults", [fault])
    done = run("pause", fails=True)
    assert remembered(done) == dict(zip(target_hosts(three), CYCLES, strict=True))
    assert "Not today" in done.output
    assert cycles(three) == [1440, CYCLES[1], 1440]


# Hosts that a shell, a terminal, a template or the display of a result could take for something else.
HOSTILE = (
    "dx$(touch made-by-shell).example.com",
    "`touch made-by-shell`",
    "'; touch made-by-shell; '",
    '"; touch made-by-shell; "',
    "dx\\'; touch made-by-shell #",
    "{{ lookup('pipe', 'touch made-by-template') }}",
    "!!;~root %24 &|<>{a,b}*?[x]=1,y=2",
    "\x1b[31mred\x9b0m\u202e\r\ntouch made-by-shell\n",
    "dx-live.example.com:10039",
)


@contextmanager
def hostile_publisher() -> Iterator[tuple[Scripted, dict[str, int]]]:
    """Serve a publisher whose subscribers have these hosts; also its cycles by id, which a PATCH changes."""
    lengths = {f"5ab5c41e-0000-4000-8000-{number:012}": 10 + number for number in range(len(HOSTILE))}
    hosts = dict(zip(lengths, HOSTILE, strict=True))

    def record(each: str) -> dict[str, Any]:
        return {"id": each, "targetHost": hosts[each], "status": True, "cycleLength": lengths[each]}

    def answer(request: Request, _handler: BaseHTTPRequestHandler) -> Reply:
        each = request.path.rpartition("/")[2]
        if request.method == "PATCH":
            lengths[each] = json.loads(request.body)["cycleLength"]
        return Reply(200, record(each) if each in hosts else [record(one) for one in hosts])

    with scripted() as server:
        server.says(answer)
        yield server, lengths


@pytest.mark.slow
@pytest.mark.parametrize("result_format", ["json", "yaml"])
def test_the_command_as_the_terminal_shows_it_gives_back_the_cycles_of_hostile_hosts(
    tmp_path: Path, result_format: str
) -> None:
    shown = {"ANSIBLE_CALLBACK_RESULT_FORMAT": result_format, "ANSIBLE_INVENTORY": str(tmp_path / "inventory.json")}
    secrets = {"DX_USERNAME": "admin", "DX_PASSWORD": "a-password"}
    with hostile_publisher() as (server, lengths):
        before = dict(lengths)
        there = {"hostname": "127.0.0.1", "protocol": "http", "port": server.port}
        inventory = {HOST: {f"dam_consistency_{name}": value for name, value in there.items()}}
        paused = play(ROOT / "playbooks" / "pause.yml", tmp_path, inventory, env=shown | secrets)
        assert paused.rc == 0, paused.output
        assert set(lengths.values()) == {1440}

        (line,) = [line for line in paused.stdout.splitlines() if "ansible-playbook" in line]
        command = re.sub("[\"']?,?$", "", line[line.index("ansible-playbook") :])
        again = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=variables(tmp_path, tmp_path / "record.jsonl") | shown | secrets,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert again.returncode == 0, again.stdout + again.stderr
        assert lengths == before
    assert list(tmp_path.rglob("made-by-*")) == []
    assert not [path for path in (Path.cwd(), ROOT / "playbooks") if list(path.glob("made-by-*"))]
