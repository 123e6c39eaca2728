# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Password, cookie and token are nowhere to be seen, and nothing is written that others could read.

What AWX keeps of a job is looked through in the tests of ansible-runner.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from faults.proxy import Proxy
from support.connections import connection_to, role_connection, role_secrets
from support.playbooks import Call, PlaybookRun, play, play_modules
from support.role import book, only
from support.scenes import COMPARED, compared, log_mismatches, named, registration, set_status, token
from support.standin import StandIn
from tooling.paths import ROOT

# Files by which a test itself hands the secrets over.
INPUT = ("inventory.json", "extra_vars.json", "calls.yml")
WRONG = "a-wrong-password"


@contextmanager
def process_list() -> Iterator[list[str]]:
    """Collect the command lines of all processes while the block runs, each once."""
    seen: dict[str, None] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen[file.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")] = None
                except OSError:
                    continue

    lines: list[str] = []
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lines
    finally:
        over.set()
        thread.join()
        lines.extend(seen)


def holding(folder: Path, secrets: set[str]) -> list[str]:
    """Return the files under a folder that hold one of the secrets."""
    found = []
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in INPUT:
            content = file.read_bytes()
            found += [str(file) for secret in secrets if secret.encode() in content]
    return found


def readable_for_others(folder: Path) -> list[str]:
    """Return the files under a folder that another user can read or write."""
    return [str(file) for file in folder.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]


def assert_nothing_shows(run: PlaybookRun, folder: Path, lines: list[str], secrets: set[str]) -> None:
    """Check output, files and process list."""
    assert len(secrets) > 1
    assert any("ansible" in line for line in lines)
    for secret in secrets:
        assert secret not in run.output
        assert not [line for line in lines if secret in line]
    assert holding(folder, secrets) == []


def variables(standin: StandIn, proxies: tuple[Proxy, Proxy], source: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return facts of the host and environment variables, with the credentials in the one or the other.

    With ``token`` the facts hold a token for the publisher and the account for the subscriber.
    """
    facts = role_connection(standin) | {"dam_consistency_port": proxies[0].port}
    port = {"dx_port": proxies[1].port}
    if source == "environment":
        return facts | {"dam_consistency_subscribers": only(standin, 0, **port)}, role_secrets(standin)
    login = {"dx_username": standin.username, "dx_password": standin.password}
    facts |= {"dam_consistency_subscribers": only(standin, 0, **port, **login)}
    facts |= {"dam_consistency_subscriber_hosts": [standin.subscribers[0].host]}
    return facts | {"dam_consistency_ltpa_token": token(standin)}, {}


@pytest.mark.slow
@pytest.mark.parametrize("source", ["environment", "token"])
def test_a_repair_shows_no_secret_anywhere(
    damsim: StandIn, proxies: tuple[Proxy, Proxy], tmp_path: Path, source: str
) -> None:
    folder = tmp_path / "run"
    facts, env = variables(damsim, proxies, source)
    secrets = {damsim.password, str(facts.get("dam_consistency_ltpa_token", damsim.password))}
    for proxy in proxies:
        proxy.clear()
        proxy.tokens.clear()
    env["ANSIBLE_LOG_PATH"] = str(folder / "ansible.log")
    wanted = {"dam_consistency_report_dir": str(folder / "reports"), "dam_consistency_report_formats": ["csv", "html"]}
    wanted["dam_consistency_result_file"] = str(folder / "result.json")
    with process_list() as lines:
        run = play(
            ROOT / "playbooks" / "resync.yml", folder, {"dx": facts}, wanted, diff=True, env=env, arguments=["-vvvv"]
        )
    assert run.rc == 0, run.output
    assert damsim.digests_equal()
    assert (folder / "ansible.log").stat().st_size > 10_000
    assert_nothing_shows(run, folder, lines, secrets | proxies[0].tokens | proxies[1].tokens)
    assert readable_for_others(folder / "reports") == []
    assert len(list((folder / "reports").iterdir())) >= 2
    assert not (folder / "result.json").stat().st_mode & 0o077


@pytest.mark.slow
def test_logins_that_fail_show_no_secret_anywhere(
    damsim: StandIn, proxies: tuple[Proxy, Proxy], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    facts, env = variables(damsim, proxies, "environment")
    env |= {"DX_PASSWORD": WRONG, "ANSIBLE_LOG_PATH": str(folder / "ansible.log")}
    with process_list() as lines:
        run = play(ROOT / "playbooks" / "check.yml", folder, {"dx": facts}, {}, env=env, arguments=["-vvvv"])
    assert run.rc == 2
    assert "was answered with 401" in run.output
    assert_nothing_shows(run, folder, lines, {WRONG, damsim.password})


def test_every_module_shows_no_secret_at_full_verbosity(
    damsim: StandIn, proxies: tuple[Proxy, Proxy], tmp_path: Path
) -> None:
    compared(damsim)
    folder = tmp_path / "run"
    proxies[0].tokens.clear()
    one = {**connection_to(damsim), "dx_port": proxies[0].port, **named(damsim)}
    login = {"dx_username": damsim.username, "dx_password": damsim.password, "dx_port": proxies[1].port}
    given = {"ltpa_token": token(damsim), "dx_username": None, "dx_password": None}
    at = {"subscriber_hosts": [damsim.subscribers[0].host]}
    stale = {
        name: value
        for name, value in {**one, **given, "ltpa_token": "a-token-that-is-stale"}.items()
        if value is not None
    }
    calls = [
        Call("dam_subscriber_info", one, diff=True),
        Call("dam_operations_info", {name: value for name, value in one.items() if name != "subscriber_id"}),
        Call("dam_preflight", {**one, **at, "subscriber": login}),
        Call("dam_settle", {**one, **at, "subscriber": login}),
        Call("dam_mismatch_report", {**one, "dest": str(tmp_path / "report.csv")}, diff=True),
        Call("dam_resync", {**one, **at, "subscriber": login}, diff=True),
        Call("dam_find_mismatch", one, diff=True),
        Call("dam_delete_mismatch", one, diff=True),
        Call("dam_subscriber", {**one, "cycle_length": 30}, diff=True),
        Call("dam_drift_info", {**one, **at, "subscriber": login}),
        Call("dam_subscriber_info", stale),
        Call("dam_subscriber_info", {**one, "dx_password": WRONG}),
    ]
    texts: list[str] = []
    with process_list() as lines:
        env = {"ANSIBLE_LOG_PATH": str(folder / "ansible.log")}
        results = play_modules(calls, folder, env, ["-vvvv"], texts)
    assert [result["failed"] for result in results] == [False] * 10 + [True] * 2, results
    secrets = {damsim.password, WRONG, "a-token-that-is-stale"} | proxies[0].tokens | proxies[1].tokens
    assert_nothing_shows(PlaybookRun(0, "".join(texts), ""), folder, lines, secrets)
    assert not (tmp_path / "report.csv").stat().st_mode & 0o077


@pytest.mark.slow
def test_names_from_the_server_lead_no_file_astray(damsim3: StandIn, tmp_path: Path) -> None:
    hosts = ["../../escaped", "x" * 300, ".."]
    for number, (one, host) in enumerate(zip(damsim3.subscribers, hosts)):
        log_mismatches(damsim3, [("KEYWORD", "CREATE", "1")], number)
        set_status(damsim3, COMPARED, number=number)
        damsim3.post(f"/_sim/subscribers/{one.id}", {"targetHost": host})
    reports = tmp_path / "deep" / "reports"
    playbook = book(tmp_path / "book.yml", ("all", "report", {"dam_consistency_report_dir": str(reports)}))
    facts = role_connection(damsim3) | {
        "dam_consistency_subscribers": [
            {"subscriber_id": one.id, "hostname": one.host, "dx_port": one.port} for one in damsim3.subscribers
        ]
    }
    before = set(os.listdir(tmp_path))
    run = play(playbook, tmp_path / "run", {"publisher": facts}, {}, env=role_secrets(damsim3))
    assert run.rc == 0, run.output
    assert [registration(damsim3, number)["targetHost"] for number in range(3)] == hosts
    names = os.listdir(reports)
    assert len(names) == 3
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name)
    assert set(os.listdir(tmp_path)) - before == {"deep", "run"}
    assert os.listdir(tmp_path / "deep") == ["reports"]
