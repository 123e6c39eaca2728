# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users get wrong: one clear sentence, nothing changed, nothing left behind, no traceback and no secret."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.connections import SPEED, connection_to, given
from support.mistakes import (
    CASES,
    DELETE,
    FIND,
    HTML,
    OPERATIONS,
    REPORT,
    RESYNC,
    SUBSCRIBERS,
    WRONG,
    Case,
    Scene,
)
from support.playbooks import COLLECTION, play
from support.scenes import compared, fault, registration, sent, server_rows, writes
from support.standin import StandIn, options_for, started


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A stand-in that speaks TLS with an authority of its own."""
    with started(sys.executable, tmp_path_factory.mktemp("tls"), *options_for("clean", 1, SPEED), "--tls") as running:
        yield running


@pytest.fixture
def scene(damsim: StandIn, tls: StandIn, tmp_path: Path) -> Scene:
    """Two stand-ins, and a folder with a file and a folder in it."""
    tls.forget_requests()
    damsim.settings(cycles=False)  # staging would move the time of its last cycle
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "garbage.pem").write_text("this is no certificate")
    (folder / "locked").mkdir(mode=0o555)
    return Scene(damsim, tls, folder)


def ready(scene: Scene, case: Case) -> dict[str, Any]:
    """Bring the servers where the case begins; return the module's options."""
    if case.prepare:
        case.prepare(scene)
    if case.answer:
        fault(scene.plain, method="GET", path="/staging/subscriber$", **case.answer)
    return given({**connection_to(scene.plain), "request_retries": 0, **case.options(scene)})


def server_state(scene: Scene) -> list[Any]:
    """Return what must not have changed at the servers."""
    release = scene.plain.get("/_sim/settings")["release"]
    rows = server_rows(scene.plain) if release == "CF229" else []
    return [
        registration(scene.plain),
        rows,
        *(scene.plain.get("/_sim/digest", at=place) for place in scene.plain.places),
    ]


def files_in(folder: Path) -> list[tuple[str, bytes]]:
    """Return everything in a folder."""
    return sorted(
        (str(each.relative_to(folder)), each.read_bytes() if each.is_file() else b"") for each in folder.rglob("*")
    )


def assert_silent(text: str, scene: Scene) -> None:
    """Check that a text holds no secret and no traceback."""
    for secret in (scene.plain.password, scene.plain.author_password, WRONG):
        assert secret not in text
    assert not re.search(r"LtpaToken2=\w|\b[0-9a-f]{64}\b", text)  # what the stand-in's tokens look like
    assert "Traceback" not in text


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_one_clear_sentence_and_changes_nothing(scene: Scene, run_module: Any, name: str) -> None:
    case = CASES[name]
    options = ready(scene, case)
    state, files = server_state(scene), files_in(scene.folder)
    absent = dict.fromkeys(set(connection_to(scene.plain)) - set(options))
    result = run_module(case.module, {**absent, **options})
    assert (result["failed"], result.get("changed", False)) == (True, False), result
    for words in case.words:
        assert words in result["msg"], result["msg"]
    assert_silent(json.dumps(result), scene)
    assert server_state(scene) == state
    assert writes(sent(scene.plain)) == writes(scene.tls.requests()) == []
    assert files_in(scene.folder) == files


# Of each kind one: an answer of the server's, an account, a token, a connection, an option that Ansible refuses, and a
# value that the module does. A fault strikes the first that comes.
IN_A_PLAYBOOK = (
    "HTML with 200",
    "wrong password",
    "token that is not valid",
    "certificate not trusted",
    "port that is no number",
    "hostname with a scheme",
)


def test_through_ansible_playbook_at_vvv_they_are_as_clear_and_no_secret_is_shown(scene: Scene, tmp_path: Path) -> None:
    cases = {name: CASES[name] for name in IN_A_PLAYBOOK}
    tasks = [
        {"name": name, f"{COLLECTION}.{case.module}": ready(scene, case), "ignore_errors": True}
        for name, case in cases.items()
    ]
    book = tmp_path / "mistakes.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]))
    state, files = server_state(scene), files_in(scene.folder)
    run = play(book, tmp_path / "run", {"localhost": {}}, arguments=["-vvv"])
    results = {task.name: task for task in run.tasks}
    assert list(results) == list(cases)
    for name, case in cases.items():
        assert results[name].outcome == "ignored", (name, results[name])
        for words in case.words:
            assert words in results[name].result["msg"], name
    assert_silent(run.output, scene)
    assert_silent(json.dumps([task.result for task in run.tasks]), scene)
    assert server_state(scene) == state
    assert writes(sent(scene.plain)) == writes(scene.tls.requests()) == []
    assert files_in(scene.folder) == files


@pytest.mark.parametrize("module", [FIND, REPORT, RESYNC, DELETE, OPERATIONS, SUBSCRIBERS])
def test_every_module_refuses_a_wrong_password_with_one_login_and_nothing_else(
    scene: Scene, run_module: Any, module: str
) -> None:
    name = {} if module in (OPERATIONS, SUBSCRIBERS) else scene.named
    result = run_module(module, {**name, "dx_password": WRONG, "dx_username": "wpsadmin"})
    assert (result["failed"], result["status"]) == (True, 401)
    assert "Check dx_username and dx_password." in result["msg"]
    assert [(each["method"], each["status"]) for each in sent(scene.plain)] == [("POST", 401)]
    assert_silent(json.dumps(result), scene)


def test_a_redirected_login_does_not_send_the_password_on(scene: Scene, run_module: Any) -> None:
    elsewhere = scene.plain.subscribers[0]
    fault(
        scene.plain,
        path="/auth/login",
        kind="redirect",
        status=307,
        headers={"Location": f"{elsewhere.url}/dx/api/core/v1/auth/login"},
    )
    result = run_module(SUBSCRIBERS, {"request_retries": 0})
    assert result["failed"]
    assert "redirect (307)" in result["msg"]
    assert {each["env"] for each in sent(scene.plain)} == {scene.plain.publisher.name}
    assert_silent(json.dumps(result), scene)


def test_a_login_page_in_place_of_the_login_is_an_error_that_shows_it(scene: Scene, run_module: Any) -> None:
    fault(scene.plain, path="/auth/login", kind="body", body=HTML)
    result = run_module(SUBSCRIBERS, {"request_retries": 0})
    assert result["failed"]
    assert "Please sign in" in result["msg"]


def test_a_target_host_that_is_none_is_named_with_the_way_out(scene: Scene, run_module: Any) -> None:
    compared(scene.plain)
    place = scene.plain.subscribers[0]
    scene.plain.post(f"/_sim/subscribers/{place.id}", {"targetHost": "not a host"})
    refused = run_module(RESYNC, scene.named)
    assert refused["failed"]
    assert "'not a host'" in refused["msg"]
    assert "subscriber.hostname" in refused["msg"]
    own = {"hostname": place.host, "dx_port": place.port}
    assert not run_module(RESYNC, {**scene.named, "subscriber": own}, check=True)["failed"]


def test_without_validation_of_certificates_it_works_and_warns(scene: Scene, run_module: Any) -> None:
    options = {**connection_to(scene.tls), "ca_path": None, "validate_certs": False}
    result = run_module(SUBSCRIBERS, options)
    assert len(result["subscribers"]) == 1
    assert "validate_certs is false" in json.dumps(result["warnings"])


def test_the_authority_of_the_option_counts_whatever_the_environment_says(scene: Scene, run_module: Any) -> None:
    garbage = str(scene.folder / "garbage.pem")
    env = {"REQUESTS_CA_BUNDLE": garbage, "CURL_CA_BUNDLE": garbage}
    assert len(run_module(SUBSCRIBERS, connection_to(scene.tls), env=env)["subscribers"]) == 1
