# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the role's addresses and credentials come from, and that no credential is ever shown."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from support.connections import role_connection
from support.role import book, error_of, only, result_of
from support.standin import StandIn

EVERY_HOST: tuple[str, str, dict[str, Any]] = ("all", "preflight", {})
BRIEFLY = {"dam_consistency_request_retries": 0, "dam_consistency_wait_timeout": 2}


def token_of(standin: StandIn) -> str:
    """Log in at the publisher; return the value of the cookie."""
    body = json.dumps({"username": standin.username, "password": standin.password}).encode()
    request = urllib.request.Request(f"{standin.publisher.url}/dx/api/core/v1/auth/login", body)
    request.add_header("Content-Type", "application/json")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return str(answer.headers["Set-Cookie"]).partition("=")[2].partition(";")[0]


def test_credentials_come_from_the_entry_else_the_variable_else_the_environment_and_are_never_shown(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    token = token_of(damsim)
    user, password = damsim.username, damsim.password
    publisher = {"dam_consistency_username": user, "dam_consistency_password": password}
    named = {"dam_consistency_subscriber_hosts": [damsim.subscribers[0].host]}
    subscriber = {"dam_consistency_subscriber_username": user, "dam_consistency_subscriber_password": password}
    wrong = {"dam_consistency_subscriber_username": user, "dam_consistency_subscriber_password": "wrong-in-variable"}
    right_entry = only(damsim, 0, dx_password=password, dx_port=damsim.subscribers[0].port)
    wrong_entry = only(damsim, 0, dx_username=user, dx_password="wrong-in-entry")
    hosts: dict[str, tuple[dict[str, Any], str]] = {
        "variables": (publisher | subscriber, ""),
        "token": ({"dam_consistency_ltpa_token": token} | subscriber, ""),
        "entry": (
            publisher | wrong | {"dam_consistency_subscriber_port": 1, "dam_consistency_subscribers": right_entry},
            "",
        ),
        "wrong-entry": (publisher | subscriber | {"dam_consistency_subscribers": wrong_entry}, "subscriber"),
        "wrong-variable": (publisher | wrong, "subscriber"),
        "environment": (publisher, "subscriber"),
        "all-environment": ({}, "publisher"),
    }
    run = run_playbook(
        book(tmp_path / "book.yml", EVERY_HOST),
        {host: role_connection(damsim) | named | facts for host, (facts, _fails) in hosts.items()},
        BRIEFLY,
        diff=True,
        env={
            "DX_USERNAME": user,
            "DX_PASSWORD": "wrong-in-environment",
            "DX_SUBSCRIBER_USERNAME": user,
            "DX_SUBSCRIBER_PASSWORD": "wrong-for-subscriber",
        },
        arguments=["-vvv"],
    )
    places = {"subscriber": damsim.subscribers[0], "publisher": damsim.publisher}
    for host, (_facts, fails) in hosts.items():
        error = error_of(run, host)
        assert bool(error) == bool(fails), (host, error)
        assert not fails or f":{places[fails].port}" in error
    events = json.dumps([task.result for task in run.tasks])
    for secret in (
        password,
        token,
        "wrong-in-environment",
        "wrong-for-subscriber",
        "wrong-in-variable",
        "wrong-in-entry",
    ):
        assert secret not in run.output
        assert secret not in events


@pytest.mark.slow
def test_with_one_user_for_both_environments_two_variables_of_the_environment_do_and_an_empty_one_is_none(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    # As a credential of AWX sets them that has nothing for them.
    empty = dict.fromkeys(("DX_SUBSCRIBER_USERNAME", "DX_SUBSCRIBER_PASSWORD", "DX_CA_PATH"), "")
    run = run_playbook(book(tmp_path / "book.yml", EVERY_HOST), extra_vars=BRIEFLY, env=empty)
    assert run.rc == 0, run.output
    assert damsim.password not in run.output


@pytest.mark.slow
def test_a_publishers_name_is_given_or_that_of_the_inventory_but_localhost_only_when_given(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    without = {name: value for name, value in role_connection(damsim).items() if name != "dam_consistency_hostname"}
    address, given = damsim.publisher.host, "dam_consistency_hostname"
    hosts: dict[str, tuple[dict[str, Any], str]] = {
        address: ({}, address),
        "address": ({"ansible_host": address}, address),
        "variable": ({"ansible_host": "elsewhere.invalid", given: address}, address),
        "given-localhost": ({given: "localhost"}, "localhost"),
        "localhost": ({}, "localhost"),
    }
    run = run_playbook(
        book(tmp_path / "book.yml", EVERY_HOST, ("given-localhost", "status", {})),
        {host: without | facts for host, (facts, _publisher) in hosts.items()},
        BRIEFLY,
        env={"DX_USERNAME": damsim.username, "DX_PASSWORD": damsim.password},
    )
    for host, (_facts, publisher) in hosts.items():
        assert result_of(run, host)["publisher"] == publisher
        assert bool(error_of(run, host)) == (host == "localhost"), error_of(run, host)
    assert "No publisher is named." in error_of(run, "localhost")

    by_environment = run_playbook(
        book(tmp_path / "book.yml", EVERY_HOST, ("localhost", "status", {})),
        {"localhost": without, "elsewhere.invalid": without},
        BRIEFLY,
        env={"DX_USERNAME": damsim.username, "DX_PASSWORD": damsim.password, "DX_HOSTNAME": address},
    )
    assert by_environment.rc == 0, by_environment.output
    assert [result_of(by_environment, host)["publisher"] for host in by_environment.recap] == [address] * 2
