# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin through real ``ansible-inventory`` runs against the stand-in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to, role_secrets
from support.cores import python_with
from support.scenes import COMPARED, fault, log_mismatches, numbered, sent, set_status, writes
from support.scripted import Reply, scripted
from support.standin import StandIn
from tooling.process import environment

STATES = {"in_sync", "drifted", "comparing", "resyncing", "failed", "not_compared", "disabled"}


@dataclass(frozen=True)
class Inventory:
    """What ``ansible-inventory --list`` gave."""

    rc: int
    stderr: str
    listed: dict[str, Any]

    def hosts(self) -> dict[str, dict[str, Any]]:
        """Return the variables of every host."""
        facts: dict[str, dict[str, Any]] = self.listed["_meta"]["hostvars"]
        return facts

    def group(self, name: str) -> list[str]:
        """Return the hosts of a group; none where there is no such group."""
        return sorted(self.listed.get(name, {}).get("hosts", []))

    def states(self) -> dict[str, list[str]]:
        """Return the groups by state that have hosts, with the target hosts of these."""
        facts = self.hosts()
        return {
            group: [facts[host]["dam_target_host"] for host in self.group(group)]
            for group in sorted(STATES)
            if self.group(group)
        }


Ask = Callable[..., Inventory]


def listed_from(files: Sequence[Path], *arguments: str, **env: str) -> Inventory:
    """List the inventory that these files make together."""
    listed = files[0].parent / "listed.json"
    listed.unlink(missing_ok=True)
    command = [sys.executable, "-m", "ansible", "inventory", "--list", "--output", str(listed)]
    done = subprocess.run(
        [*command, *(word for file in files for word in ("-i", str(file))), *arguments],
        env=environment(
            Path(sys.executable).parent, {"ANSIBLE_INVENTORY_ENABLED": "dxops.dam_staging.dam_subscribers", **env}
        ),
        cwd=files[0].parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = json.loads(listed.read_text(encoding="utf-8"), object_hook=plain) if done.returncode == 0 else {}
    return Inventory(done.returncode, done.stdout + done.stderr, found)


def written(file: Path, options: Mapping[str, Any]) -> Path:
    """Write a file of the plugin with these options."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"plugin": "dxops.dam_staging.dam_subscribers", **options}), encoding="utf-8")
    return file


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """``ask({...})``: list the inventory that a file with these options makes; one that cannot be read is an error."""

    def run(options: Mapping[str, Any], *arguments: str, name: str = "dam_subscribers.yml", **env: str) -> Inventory:
        strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"}
        return listed_from([written(tmp_path / name, options)], *arguments, **strict, **env)

    return run


def refused(folder: Path, cases: Sequence[Mapping[str, Any]], *arguments: str, **env: str) -> list[str]:
    """Return what is said of each file; all of them are refused."""
    files = [written(folder / f"{number}" / "dam_subscribers.yml", case) for number, case in enumerate(cases)]
    inventory = listed_from(files, *arguments, **env)
    assert (inventory.rc, inventory.hosts()) == (0, {}), inventory.stderr
    # Ansible breaks lines where a terminal's would end.
    *said, _rest = re.split(r"Unable to parse \S+ as an inventory source", " ".join(inventory.stderr.split()))
    assert len(said) == len(cases), inventory.stderr
    return said


def plain(shown: dict[str, Any]) -> Any:
    """Return a text for what newer ansible-core writes of one that is no template."""
    return shown["__ansible_unsafe"] if shown.keys() == {"__ansible_unsafe"} else shown


def options_for(standin: StandIn) -> dict[str, Any]:
    """Return the options that lead to a stand-in's publisher, without the account."""
    return {name: value for name, value in connection_to(standin).items() if name not in ("dx_username", "dx_password")}


def playbook(book: Path, standin: StandIn, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook with the inventory beside it."""
    inventory = book.with_name("dam_subscribers.yml")
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), *arguments, str(book)],
        env=environment(Path(sys.executable).parent, role_secrets(standin)),
        cwd=book.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def hosts_by_target(inventory: Inventory) -> dict[str, str]:
    return {facts["dam_target_host"]: host for host, facts in inventory.hosts().items()}


def test_subscribers_become_hosts_with_what_the_publisher_knows(damsim: StandIn, ask: Ask) -> None:
    (subscriber,) = damsim.subscribers
    log_mismatches(damsim, numbered("MEDIA_ITEM", "CREATE", 130))
    set_status(damsim, COMPARED)
    inventory = ask(options_for(damsim), "-vvvv", **role_secrets(damsim))
    assert inventory.rc == 0, inventory.stderr
    ((name, facts),) = inventory.hosts().items()
    # The name alone would be that of the machine that Ansible runs on.
    assert name == f"{subscriber.host}--{subscriber.id[:8]}"
    wanted = {
        "ansible_host": subscriber.host,
        "dam_publisher": damsim.publisher.host,
        "dam_subscriber_id": subscriber.id,
        "dam_target_host": subscriber.target_host,
        "dam_state": "drifted",
        "dam_mismatch_count": 130,
        "dam_resync_status": COMPARED,
        "dam_enabled": True,
        "dam_cycle_length": 2,
    }
    assert {key: facts[key] for key in wanted} == wanted
    assert facts["dam_last_resync_time"]
    assert writes(sent(damsim)) == []
    for secret in (damsim.password, "Ltpa"):
        assert secret not in inventory.stderr + json.dumps(inventory.listed)


def test_every_subscriber_is_in_the_group_of_its_state_and_in_no_other(
    start_damsim: Callable[..., StandIn], ask: Ask
) -> None:
    cases: list[tuple[str | None, int, str]] = [
        (None, 0, "not_compared"),
        ("FIND_MISMATCH_START", 3, "comparing"),
        ("DYNAMIC_STATUS_COMPUTATION_REQUIRED", 0, "comparing"),
        ("FIND_MISMATCH_COMPLETED", 0, "in_sync"),
        ("FIND_MISMATCH_COMPLETED", 3, "drifted"),
        ("FIND_MISMATCH_FAILED", 0, "failed"),
        ("RESYNC_TRIGGER_START", 3, "resyncing"),
        ("RESYNC_TRIGGER_COMPLETED", 3, "not_compared"),
        ("RESYNC_TRIGGER_FAILED", 3, "failed"),
        ("SOMETHING_NEW", 0, "comparing"),
    ]
    standin = start_damsim(subscribers=len(cases))
    for number, (status, rows, _state) in enumerate(cases):
        log_mismatches(standin, numbered("MEDIA_ITEM", "CREATE", rows), number)
        set_status(standin, status, number=number)
    inventory = ask(options_for(standin), **role_secrets(standin))
    facts = {each["dam_target_host"]: each for each in inventory.hosts().values()}
    for subscriber, (status, rows, state) in zip(standin.subscribers, cases, strict=True):
        groups = [group for group, hosts in inventory.states().items() if subscriber.target_host in hosts]
        assert groups == [state], status
        assert facts[subscriber.target_host]["dam_state"] == state
        assert facts[subscriber.target_host]["dam_mismatch_count"] == (rows if status == COMPARED else None), status


def test_subscribers_of_one_host_have_states_of_their_own_and_are_told_apart_by_their_ids(
    damsim3: StandIn, ask: Ask
) -> None:
    for number in (0, 1):
        set_status(damsim3, COMPARED, number=number)
    log_mismatches(damsim3, numbered("MEDIA_ITEM", "DELETE", 2), number=1)
    damsim3.post(f"/_sim/subscribers/{damsim3.subscribers[1].id}", {"status": False})
    first, second, third = (each.target_host for each in damsim3.subscribers)
    inventory = ask(options_for(damsim3), **role_secrets(damsim3))
    assert inventory.states() == {
        "in_sync": [first],
        "drifted": [second],
        "disabled": [second],
        "not_compared": [third],
    }
    assert len({each.host for each in damsim3.subscribers}) == 1
    assert hosts_by_target(inventory) == {
        each.target_host: f"{each.host}--{each.id[:8]}" for each in damsim3.subscribers
    }


def test_groups_and_variables_are_composed_as_in_every_constructed_inventory(damsim: StandIn, ask: Ask) -> None:
    constructed = {
        "group_prefix": "dam_",
        "compose": {"ansible_host": "dam_target_host.split(':')[0]", "days": "dam_cycle_length / 1440"},
        "groups": {"known": "dam_state != 'not_compared'", "unknown": "dam_state == 'not_compared'"},
        "keyed_groups": [{"key": "dam_publisher", "prefix": "from"}],
        "strict": True,
    }
    inventory = ask({**options_for(damsim), **constructed}, **role_secrets(damsim))
    assert inventory.rc == 0, inventory.stderr
    (name,) = inventory.hosts()
    assert (
        inventory.group("unknown") == inventory.group("dam_not_compared") == inventory.group("from_127_0_0_1") == [name]
    )
    assert inventory.group("known") == inventory.group("not_compared") == []
    assert float(inventory.hosts()[name]["days"]) == pytest.approx(2 / 1440)


@pytest.mark.slow
def test_a_wrong_expression_is_an_error_when_strict(damsim: StandIn, ask: Ask) -> None:
    wrong = {**options_for(damsim), "compose": {"x": "no_such_variable + 1"}}
    assert ask({**wrong, "strict": True}, **role_secrets(damsim)).rc != 0
    assert ask(wrong, **role_secrets(damsim)).rc == 0


def test_several_publishers_make_one_inventory_each_with_its_own_account(
    damsim: StandIn, start_damsim: Callable[..., StandIn], ask: Ask
) -> None:
    other = start_damsim("--host", "127.0.0.2", subscribers=2)
    both = [
        options_for(damsim),
        {
            **options_for(other),
            "dx_username": "{{ 'wps' ~ 'admin' }}",
            "dx_password": "{{ lookup('ansible.builtin.env', 'OTHER_PASSWORD') }}",
        },
    ]
    # A token that is worth nothing there: who has an account of its own must not get it.
    inventory = ask(
        {"publishers": both}, DX_LTPA_TOKEN="a-worthless-token", OTHER_PASSWORD=other.password, **role_secrets(damsim)
    )
    assert inventory.rc == 0, inventory.stderr
    assert sorted(facts["dam_publisher"] for facts in inventory.hosts().values()) == [
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.2",
    ]
    logins = [each for each in sent(other) if each["path"].endswith("/auth/login")]
    assert len(logins) == 1
    assert not [each for each in sent(other) if each["status"] == 401]


def test_one_subscriber_of_two_publishers_gets_two_names(damsim: StandIn, ask: Ask) -> None:
    # The same publisher by two names.
    both = [options_for(damsim), options_for(damsim) | {"hostname": "localhost"}]
    inventory = ask({"publishers": both}, **role_secrets(damsim))
    (subscriber,) = damsim.subscribers
    stem = f"{subscriber.host}--{subscriber.id[:8]}"
    assert sorted(inventory.hosts()) == [f"{stem}--127.0.0.1", f"{stem}--localhost"], inventory.stderr


def test_a_publisher_that_does_not_answer_fails_the_inventory_or_is_left_out(damsim: StandIn, ask: Ask) -> None:
    dead = {"hostname": "127.0.0.9", "dx_protocol": "http", "dx_port": 9, "request_retries": 0}
    options = {"publishers": [dead, options_for(damsim)]}
    failed = ask(options, **role_secrets(damsim))
    assert failed.rc != 0
    assert "127.0.0.9:9" in failed.stderr
    partial = ask({**options, "on_error": "warn"}, **role_secrets(damsim))
    assert (partial.rc, len(partial.hosts())) == (0, 1)
    assert "127.0.0.9" in partial.stderr


@pytest.mark.slow
def test_a_cached_inventory_asks_nobody_until_it_is_flushed(damsim: StandIn, ask: Ask, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    options = {**options_for(damsim), **cache}
    first = ask(options, **role_secrets(damsim))
    asked = len(sent(damsim))
    assert asked
    set_status(damsim, "FIND_MISMATCH_FAILED")
    again = ask(options, **role_secrets(damsim))
    assert again.listed == first.listed
    assert len(sent(damsim)) == asked
    book = tmp_path / "book.yml"
    book.write_text(json.dumps([{"hosts": "failed", "gather_facts": False, "tasks": []}]), encoding="utf-8")
    flushed = playbook(book, damsim, "--flush-cache", "--list-hosts")
    assert "hosts (1)" in flushed.stdout, flushed.stdout + flushed.stderr
    asked = len(sent(damsim))
    assert ask(options, **role_secrets(damsim)).states().keys() == {"failed"}
    assert len(sent(damsim)) == asked
    kept = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "cache").iterdir())
    assert damsim.subscribers[0].id in kept
    assert damsim.password not in kept
    assert "Ltpa" not in kept


@pytest.mark.slow
def test_what_a_publisher_did_not_say_is_not_cached(damsim: StandIn, ask: Ask, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    options = {**options_for(damsim), **cache, "on_error": "warn", "request_retries": 0}
    fault(damsim, path="/staging/subscriber", kind="status", status=503)
    assert ask(options, **role_secrets(damsim)).hosts() == {}
    assert len(ask(options, **role_secrets(damsim)).hosts()) == 1


@pytest.mark.slow
def test_another_publisher_in_the_environment_is_not_answered_from_the_cache(
    damsim: StandIn, start_damsim: Callable[..., StandIn], ask: Ask, tmp_path: Path
) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    other = start_damsim(subscribers=2)
    counts = []
    for standin in (damsim, other):
        place = {"DX_HOSTNAME": standin.publisher.host, "DX_PORT": str(standin.publisher.port), "DX_PROTOCOL": "http"}
        counts.append(len(ask(cache, **place, **role_secrets(standin)).hosts()))
    assert counts == [1, 2]


MARKED = (
    "{{ lookup('ansible.builtin.pipe', 'touch %s') }}",
    # No brace, no line end: the header of a template, in which the delimiters are others.
    """#jinja2:variable_start_string:'<<',variable_end_string:'>>',x:<< lookup(*"pipe~touch %s".split("~")) >>.""",
    "{%% set _ = lookup('ansible.builtin.pipe', 'touch %s') %%}",
)
TEXTS = ("syncStatus", "resyncStatus", "lastSyncTime", "lastResyncTime", "created", "updated", "syncFailureLogs")


@pytest.fixture
def hostile() -> Iterator[Callable[..., dict[str, Any]]]:
    """``hostile(marks, *more)``: options that lead to a publisher whose every text is a template that leaves a mark.

    ``more`` are hosts, or pairs of a host and an id, of more registrations.
    """
    with scripted() as server:

        def serve(marks: Path, *more: str | tuple[str, str]) -> dict[str, Any]:
            marks.mkdir()
            named = [*((f"dx-{number}.example.com", f"id-{number}") for number in range(len(MARKED)))]
            named += [each if isinstance(each, tuple) else (each, f"more-{index}") for index, each in enumerate(more)]
            rows = []
            for number, (host, one) in enumerate(named):
                template = MARKED[number % len(MARKED)]
                texts = {field: template % (marks / f"{number}-{field}") for field in TEXTS}
                rows.append({"id": one, "targetHost": host, "status": True, "cycleLength": 2, **texts})
            server.says(lambda request, _handler: Reply(200, rows if request.path.endswith("/subscriber") else []))
            return {"hostname": "127.0.0.1", "dx_protocol": "http", "dx_port": server.port, "request_retries": 0}

        yield serve


CONSTRUCTED = {
    "compose": {
        "copied": "dam_sync_failure_logs",
        "nested": "{'a': [dam_created, {'b': dam_updated}]}",
        "joined": "dam_sync_failure_logs | replace(' ', '')",
        "cut": "dam_sync_failure_logs[2:]",
    },
    "groups": {"known": "dam_resync_status == 'none'"},
    "keyed_groups": [
        {"key": "dam_sync_status", "prefix": "status"},
        {"key": "dam_subscriber_id", "separator": "", "parent_group": "parent"},
    ],
}


@pytest.mark.parametrize(
    "core",
    [
        pytest.param(None, id="own"),
        *(pytest.param(core, marks=pytest.mark.slow) for core in ("2.16", "2.18", "newest")),
    ],
)
def test_nothing_of_a_hostile_publisher_is_executed(
    hostile: Callable[..., dict[str, Any]], tmp_path: Path, core: str | None
) -> None:
    python = python_with(core)
    marks = tmp_path / "marks"
    evil = MARKED[0] % (marks / "host")
    bad = [evil, MARKED[1] % (marks / "host"), "-oProxyCommand=touch", "a b", "fe80::1%{{ 1 }}", "ALL", "ungrouped"]
    options = hostile(
        marks,
        *bad,
        "drifted",
        "known",
        "others",
        ("id.example.com", "{{lookup('pipe','x')}}"),
        ("bad.example.com", "parent"),
        ("unusable.example.com", ".."),
        ('-oProxyCommand=touch$IFS"x";@ok.example.com', "id-ok"),
        ("webservers", "id-web"),
        ("prodpubs", "prodpubs"),
    )
    source = written(tmp_path / "dam_subscribers.yml", {**options, **CONSTRUCTED})
    # What another source has by then.
    other = tmp_path / "a.yml"
    other.write_text(
        json.dumps({"others": {"hosts": {"mine": {"x": 1}, "dx-1.example.com": {"ansible_host": "192.0.2.1"}}}}),
        encoding="utf-8",
    )
    cache = {
        "ANSIBLE_INVENTORY_CACHE": "1",
        "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(tmp_path / "cache"),
    }
    env = {
        "ANSIBLE_INVENTORY_ENABLED": "dxops.dam_staging.dam_subscribers,ansible.builtin.yaml,ansible.builtin.script",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "DX_USERNAME": "admin",
        "DX_PASSWORD": "secret",
    }
    book = tmp_path / "book.yml"
    tasks = [{"ansible.builtin.debug": {"msg": "{{ [hostvars[inventory_hostname], groups, group_names] }}"}}]
    tasks += [
        {"ansible.builtin.debug": {"var": name}}
        for name in ("dam_created", "nested", "copied", "joined", "cut", "ansible_host")
    ]
    book.write_text(
        json.dumps([{"hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )

    def call(program: str, inventory: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(python), "-m", "ansible", program, "-i", str(other), "-i", str(inventory), *arguments],
            env=environment(python.parent, {**env, **more}),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert list(marks.iterdir()) == [], (program, arguments)
        return done

    first = call("inventory", source, "--list", **cache)
    again = call("inventory", source, "--list", **cache)  # out of the cache
    assert first.stdout == again.stdout
    listed = json.loads(first.stdout, object_hook=plain)
    hosts = listed["_meta"]["hostvars"]
    # The keyed groups are known last: bad.example.com stays, and its group is the parent.
    # The host of the other source stays as it is, and the subscriber gets a name of its own.
    taken, other_name = "dx-1.example.com", "dx-1.example.com--id-1"
    assert sorted(hosts) == [
        "bad.example.com",
        "dx-0.example.com",
        taken,
        other_name,
        "dx-2.example.com",
        "mine",
        "prodpubs--prodpubs",
        "webservers--id-web",
    ]
    assert hosts[taken] == {"ansible_host": "192.0.2.1"}
    assert [hosts[name]["ansible_host"] for name in ("dx-0.example.com", other_name)] == ["dx-0.example.com", taken]
    assert hosts["dx-0.example.com"]["dam_sync_failure_logs"].startswith("{ { lookup(")
    assert hosts[other_name]["dam_sync_failure_logs"].startswith("# jinja2:")
    said = " ".join(first.stderr.split())
    assert said.count("A subscriber of 127.0.0.1 is left out: its host is no host name and no IP address") == 6
    assert said.count("A subscriber of 127.0.0.1 is left out: its name is that of a group") == 5
    assert said.count("A subscriber of 127.0.0.1 is left out: its id has other characters") == 1
    assert said.count("has an 'id' that cannot be one: '..'. Its registration: host 'unusable.example.com'") == 1
    # A source that is read later may have a group of this name.
    assert hosts["webservers--id-web"]["ansible_host"] == "webservers"
    assert "bad.example.com, a subscriber of 127.0.0.1, is not in all of its keyed groups" in said
    call("inventory", source, "--graph", "--vars")
    call("inventory", source, "--host", "dx-1.example.com")
    for form in ("yaml", "json"):
        exported = tmp_path / f"exported.{form}"
        option = ["--yaml"] if form == "yaml" else []
        exported.write_text(call("inventory", source, "--list", "--export", *option).stdout, encoding="utf-8")
    script = tmp_path / "exported.sh"
    script.write_text(f"#!/bin/sh\ncat {tmp_path / 'exported.json'}\n", encoding="utf-8")
    script.chmod(0o755)
    for inventory in (source, tmp_path / "exported.yaml", script):
        done = call("playbook", inventory, str(book))
        assert "lookup(" in done.stdout
    call("playbook", source, str(book), ANSIBLE_JINJA2_NATIVE="1")


def test_what_cannot_be_meant_is_refused_with_the_options_name(damsim: StandIn, tmp_path: Path) -> None:
    cases: dict[str, dict[str, Any]] = {
        "dx_protocol": {"dx_protocol": "ftp"},
        "dx_port: 70000 is out of range": {"dx_port": 70000},
        "hostname: give the host alone, here '127.0.0.1'": {"hostname": "https://127.0.0.1"},
        "publishers: has to be a list": {"publishers": {"hostname": "127.0.0.1", "dx_password": "not-to-be-shown"}},
        "publishers, entry 1: it has to be a dictionary": {"publishers": ["dx.example.com"]},
        "publishers, entry 1: missing required arguments: hostname": {"publishers": [{"dx_port": 443}]},
        "publishers, entry 1: dx_prot": {"publishers": [{"hostname": "x", "dx_prot": 443}]},
    }
    said = refused(tmp_path, [{**options_for(damsim), **case} for case in cases.values()], **role_secrets(damsim))
    assert "not-to-be-shown" not in "".join(said)
    assert [words for words, text in zip(cases, said) if words not in text] == []
    assert sent(damsim) == []


def test_a_blank_variable_is_none_and_no_word_switches_the_check_of_certificates_off(
    start_damsim: Any, tmp_path: Path, ask: Ask
) -> None:
    standin = start_damsim("--tls")
    place = {name: value for name, value in options_for(standin).items() if name in ("hostname", "dx_port")}
    cases = {
        "name its authority with ca_path": ({}, ""),
        "validate_certs' is of type": ({}, "ture"),
        "argument 'validate_certs' is of type": ({"validate_certs": "ture"}, "true"),
    }
    for number, (words, (options, variable)) in enumerate(cases.items()):
        folder = tmp_path / f"case-{number}"
        folder.mkdir()
        (said,) = refused(folder, [{**place, **options}], DX_VALIDATE_CERTS=variable, **role_secrets(standin))
        assert words in said
    assert sent(standin) == []
    blank = {"DX_PORT": "", "DX_PROTOCOL": " ", "DX_LTPA_TOKEN": " ", "DX_CA_PATH": "", "DX_VALIDATE_CERTS": ""}
    inventory = ask({**place, "ca_path": standin.ca_path, "dx_username": ""}, **blank, **role_secrets(standin))
    assert inventory.rc == 0, inventory.stderr
    assert len(inventory.hosts()) == 1


def test_a_login_that_is_refused_is_told_without_the_password(damsim: StandIn, ask: Ask) -> None:
    inventory = ask(options_for(damsim), "-vvvv", DX_USERNAME=damsim.username, DX_PASSWORD="not-this-one")
    assert inventory.rc != 0
    assert "401" in inventory.stderr
    assert "not-this-one" not in inventory.stderr


@pytest.mark.parametrize("text", ["{% if", "{{ '%s' }}"])
def test_a_password_from_the_environment_is_no_template(damsim: StandIn, ask: Ask, text: str) -> None:
    password = text.replace("%s", damsim.password)  # as a template it would be the right one
    inventory = ask(options_for(damsim), DX_USERNAME=damsim.username, DX_PASSWORD=password)
    assert inventory.rc != 0
    assert "401" in inventory.stderr
    assert password not in inventory.stderr
    assert [each["status"] for each in sent(damsim)] == [401]


def test_a_template_that_is_broken_is_told_by_the_options_name_alone(damsim: StandIn, tmp_path: Path) -> None:
    templates = ("secret{{ oops", "secret{{ no_such_one }}", "{{ 'secret' | no_such_filter }}")
    alone = [{**options_for(damsim), "dx_username": damsim.username, "dx_password": each} for each in templates]
    said = refused(tmp_path, [*alone, *({"publishers": [each]} for each in alone)], "-vvv")
    for number, text in enumerate(said):
        where = "publishers, entry 1: " if number >= len(templates) else ""
        assert f"{where}dx_password: its template cannot be resolved" in text
        assert "secret" not in text
    assert sent(damsim) == []


def test_a_file_with_another_name_is_left_to_other_plugins(damsim: StandIn, ask: Ask) -> None:
    assert ask(options_for(damsim), name="other.yml", **role_secrets(damsim)).rc != 0
    assert sent(damsim) == []


def test_a_release_without_comparisons_says_that_nothing_was_compared(damsim: StandIn, ask: Ask) -> None:
    damsim.settings(release="CF203")
    assert ask(options_for(damsim), **role_secrets(damsim)).states().keys() == {"not_compared"}
