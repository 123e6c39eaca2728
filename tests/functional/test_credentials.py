# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A publisher whose registrations lead to another host: no credentials arrive there unless the user named it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to, role_connection
from support.playbooks import Call
from support.role import book, error_of, meanwhile
from support.scenes import compared, is_login, named, sent, sent_by_task
from support.scripted import Reply, Scripted, scripted
from support.standin import StandIn

MODULES = ["dam_settle", "dam_preflight", "dam_drift_info", "dam_resync"]
USER, PASSWORD = "subadmin", "password-of-the-subscriber"
OWN = {"dx_username": USER, "dx_password": PASSWORD}
AGENT = "dxops.dam_staging"


@pytest.fixture
def other() -> Iterator[Scripted]:
    """Serve at ``localhost``, where no subscriber is, and refuse every request but logins."""
    with scripted() as script:
        script.says(Reply(500, {"error": "not a DX server"}))
        yield script


def lead_to(other: Scripted, standin: StandIn, number: int = 0) -> None:
    """Have the publisher's registration name the other server."""
    place = standin.subscribers[number]
    standin.post(f"/_sim/subscribers/{place.id}", {"targetHost": f"localhost:{other.port}"})


def accounts_sent_to(other: Scripted) -> list[tuple[str, str]]:
    """Return the accounts that modules tried to log in with, each once; every other request fails the test."""
    requests = [each for each in other.requests if AGENT in each.headers.get("user-agent", "")]
    logins = [json.loads(each.body) for each in requests if each.is_login]
    assert logins or not requests, requests
    return sorted({(each["username"], each["password"]) for each in logins})


def test_credentials_of_a_subscribers_own_go_only_to_a_host_that_the_user_named(
    damsim: StandIn, run_modules: Any, other: Scripted
) -> None:
    compared(damsim)
    lead_to(other, damsim)
    one = named(damsim)
    message = "subscriber_hosts: credentials of the subscriber's own are not sent to 'localhost'"
    refused = [
        ({"subscriber": OWN}, message),
        (
            {"subscriber": {"ltpa_token": "a-token-of-the-subscriber"}},
            "subscriber_hosts: credentials of the subscriber's own",
        ),
        (
            {"subscriber": OWN, "subscriber_hosts": ["*.dx.example.com"]},
            "subscriber_hosts: credentials of the subscriber's own",
        ),
        ({"subscriber_hosts": ["*.dx.example.com"]}, "subscriber_hosts: the publisher's account is not sent to"),
    ]
    tried = [(module, given, message) for module in MODULES for given, message in refused]
    results = run_modules([Call(module, {**one, **given}) for module, given, _message in tried])
    for (module, given, message), result in zip(tried, results, strict=True):
        assert result["failed"], (module, given)
        assert message in result["msg"], (module, given, result["msg"])
    assert accounts_sent_to(other) == []

    for module in MODULES:
        for given in ({"subscriber_hosts": ["LOCALHOST"]}, {"target_host": "localhost"}):
            run_modules([Call(module, {**one, "subscriber": OWN, **given, "request_retries": 0}, check=True)])
            assert accounts_sent_to(other) == [(USER, PASSWORD)], (module, given)
            other.requests.clear()
    # Without both it is as the guide says: the publisher's account goes to what is registered.
    run_modules([Call("dam_preflight", {**one, "request_retries": 0})])
    assert accounts_sent_to(other) == [(damsim.username, damsim.password)]


def test_a_registration_that_names_another_host_than_the_task_is_an_error_before_anything_is_sent(
    damsim: StandIn, run_modules: Any, other: Scripted
) -> None:
    compared(damsim)
    was = damsim.subscribers[0].target_host
    lead_to(other, damsim)
    damsim.forget_requests()
    one = {**named(damsim), "target_host": was}
    more: dict[str, dict[str, Any]] = {
        **{module: {"subscriber": OWN} for module in MODULES},
        "dam_subscriber_info": {},
        "dam_find_mismatch": {},
        "dam_mismatch_report": {},
        "dam_delete_mismatch": {},
        "dam_subscriber": {"cycle_length": 5},
    }
    results = run_modules([Call(module, {**one, **given}) for module, given in more.items()])
    for module, result in zip(more, results):
        assert result["failed"], module
        assert not result["changed"], module
        assert "target_host changed" in result["msg"], (module, result["msg"])
        assert f"'localhost:{other.port}', not with '{was}'" in result["msg"]
    assert accounts_sent_to(other) == []
    for requests in sent_by_task(damsim):
        assert {each["method"] for each in requests if not is_login(each)} == {"GET"}
        assert requests[-1]["path"].endswith("/staging/subscriber"), requests
    assert {each["env"] for each in sent(damsim)} == {damsim.publisher.name}


def test_the_role_sends_credentials_only_where_an_entry_or_the_list_leads(
    damsim: StandIn, run_playbook: Any, tmp_path: Path, other: Scripted
) -> None:
    lead_to(other, damsim)
    place, variables = damsim.subscribers[0], {"dam_consistency_request_retries": 0, "dam_consistency_wait_timeout": 2}
    hosts = "dam_consistency_subscriber_hosts"
    common = {"dam_consistency_username": damsim.username, "dam_consistency_password": damsim.password}

    def entry(**options: Any) -> dict[str, Any]:
        return {"dam_consistency_subscribers": [{"subscriber_id": place.id, **options}]}

    refused: dict[str, dict[str, Any]] = {
        "by-environment": {},
        "by-entry": entry(dx_username="entry", dx_password="of-the-entry"),
        "other-pattern": {hosts: ["*.dx.example.com"]},
        "empty": {hosts: []},
        "text": {hosts: "a.example,b.example"},
        "changed": entry(target_host=place.target_host),
    }
    allowed: dict[str, dict[str, Any]] = {
        "by-pattern": {hosts: "a.example,local*", "dam_consistency_subscriber_password": "by-pattern"},
        "by-target-host": entry(target_host=f"LOCALHOST.:{other.port}/", dx_password="by-target-host"),
        "by-hostname": entry(hostname="localhost", dx_port=other.port, dx_password="by-hostname"),
    }
    facts = {host: role_connection(damsim) | common | given for host, given in (refused | allowed).items()}
    run = run_playbook(
        book(tmp_path / "book.yml", ("all", "preflight", {})),
        facts,
        variables,
        env={"DX_SUBSCRIBER_USERNAME": USER, "DX_SUBSCRIBER_PASSWORD": PASSWORD},
    )
    for host in refused:
        message = "target_host changed" if host == "changed" else "subscriber_hosts: credentials of the"
        assert message in error_of(run, host), (host, error_of(run, host))
    for host in allowed:
        assert "subscriber_hosts" not in error_of(run, host), (host, error_of(run, host))
    assert accounts_sent_to(other) == [(USER, host) for host in sorted(allowed)]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_registration_that_changes_during_the_role_is_an_error_before_any_login_there(
    damsim: StandIn, run_playbook: Any, tmp_path: Path, other: Scripted, is_named: bool
) -> None:
    place = damsim.subscribers[0]
    entry = {"target_host": place.target_host, "dx_username": damsim.username, "dx_password": damsim.password}
    facts = role_connection(damsim) | ({"dam_consistency_subscribers": [entry]} if is_named else {})

    def is_known() -> bool:
        # A subscriber that nobody named is known from the first look at the publisher on.
        asked = (place.name,) if is_named else (damsim.publisher.name,)
        return any(each["env"] in asked and not is_login(each) for each in sent(damsim))

    with meanwhile(is_known, lambda: lead_to(other, damsim)):
        run = run_playbook(book(tmp_path / "book.yml", ("all", "main", {})), {"publisher": facts})
    assert "target_host changed" in error_of(run)
    assert f"'localhost:{other.port}', not with '{place.target_host}'" in error_of(run)
    assert accounts_sent_to(other) == []


@pytest.mark.parametrize("hosts", [None, ["*.dx.example.com"], ["localhost"]])
def test_the_event_source_follows_the_same_rule(damsim: StandIn, other: Scripted, hosts: list[str] | None) -> None:
    from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch.options import read

    lead_to(other, damsim)
    given = {"subscriber": OWN, "subscriber_hosts": hosts, "request_retries": 0}
    (watch,), _interval, _warnings = read({**connection_to(damsim), **given})
    try:
        told = [each["dam"].get("message", "") for each in watch.look()]
    finally:
        watch.close()
    named_host = hosts == ["localhost"]
    assert any("subscriber_hosts: credentials" in message for message in told) is not named_host, told
    assert accounts_sent_to(other) == ([(USER, PASSWORD)] if named_host else [])
