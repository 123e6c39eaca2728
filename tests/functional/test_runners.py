# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runners themselves: what a test gets back is what Ansible gave, good or bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.playbooks import Call
from support.standin import StandIn

MODULE = "dam_subscriber_info"
# Ansible's controller gives these another form, which differs between its releases.
OF_THE_CONTROLLER = {"exception", "invocation", "warnings"}


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """Return what is the module's own in a result."""
    return {name: value for name, value in result.items() if name not in OF_THE_CONTROLLER}


def test_a_module_alone_gives_what_a_task_gives(damsim: StandIn, run_modules: Any, run_tasks: Any) -> None:
    damsim.settings(cycles=False)  # a cycle would change the subscriber's times
    no_account = {"dx_username": None, "dx_password": None}
    env = {"DX_USERNAME": damsim.username, "DX_PASSWORD": damsim.password}
    calls = [
        Call(MODULE),
        Call(MODULE, {"dx_port": 1, "request_retries": 0}),
        Call(MODULE, check=True),
        Call(MODULE, no_account),
        Call(MODULE, no_account, env=env),
        Call(MODULE, {"dx_password": "wrong-one"}),
        Call(MODULE, {"no_such_option": "x"}),
        Call("dam_subscriber", {"subscriber_id": damsim.subscribers[0].id, "cycle_length": 9}, check=True, diff=True),
    ]
    tasks, alone = run_tasks(calls), run_modules(calls)
    assert [plain(each) for each in alone] == [plain(each) for each in tasks]
    assert [each["failed"] for each in alone] == [False, True, False, True, False, True, True, False]
    assert [each["subscriber_id"] for each in alone[0]["subscribers"]] == [damsim.subscribers[0].id]
    assert alone[-1]["diff"]["after"]["cycle_length"] == 9
    assert [len(each.get("warnings", [])) for each in alone] == [len(each.get("warnings", [])) for each in tasks]
    assert "wrong-one" not in json.dumps([alone, tasks])


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
