# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runners themselves: what a test gets back is what Ansible gave, good or bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.playbooks import Call
from tooling.standin import StandIn

MODULE = "dam_subscriber_info"


@pytest.mark.parametrize("runner", ["run_module", "run_main"])
def test_a_result_comes_back_as_data(damsim: StandIn, runner: str, request: pytest.FixtureRequest) -> None:
    result = request.getfixturevalue(runner)(MODULE)
    assert not result.get("failed"), result
    assert [each["subscriber_id"] for each in result["subscribers"]] == [damsim.subscribers[0].id]
    assert [each["agent"] for each in damsim.requests()]


@pytest.mark.parametrize("runner", ["run_module", "run_main"])
def test_a_failure_comes_back_as_data_too(damsim: StandIn, runner: str, request: pytest.FixtureRequest) -> None:
    result = request.getfixturevalue(runner)(MODULE, {"dx_password": "wrong-one"})
    assert result["failed"] is True
    assert result["msg"]
    assert "wrong-one" not in json.dumps(result)


@pytest.mark.parametrize("runner", ["run_module", "run_main"])
def test_none_takes_a_default_option_away_and_env_stands_in_for_it(
    damsim: StandIn, runner: str, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(runner)
    assert run(MODULE, {"dx_username": None, "dx_password": None})["failed"] is True
    env = {"DX_USERNAME": damsim.username, "DX_PASSWORD": damsim.password}
    assert not run(MODULE, {"dx_username": None, "dx_password": None}, env=env).get("failed")


def test_several_calls_come_back_in_order_though_one_fails(damsim: StandIn, run_modules: Any) -> None:
    calls = [Call(MODULE), Call(MODULE, {"dx_port": 1}), Call(MODULE, check=True)]
    outcomes = [bool(result.get("failed")) for result in run_modules(calls)]
    assert outcomes == [False, True, False]


def test_a_playbook_comes_back_with_recap_and_tasks(damsim: StandIn, run_playbook: Any, tmp_path: Path) -> None:
    book = tmp_path / "book.yml"
    tasks = [
        {"name": "Look at the mode", "ansible.builtin.debug": {"msg": "{{ ansible_check_mode }} {{ extra }}"}},
        {"name": "Change something", "ansible.builtin.copy": {"dest": str(tmp_path / "x"), "content": "x"}},
        {"name": "End badly", "ansible.builtin.fail": {"msg": "on purpose"}},
    ]
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    run = run_playbook(book, extra_vars={"extra": "given"}, check=True)
    assert (run.rc, run.changed("publisher"), run.failed("publisher")) == (2, 1, 1)
    assert run.named("Look at")[0].result["msg"] == "True given"
    assert run.named("End badly")[0].outcome == "failed"
    assert not (tmp_path / "x").exists()
