# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process: start, ready file, addresses, TLS, two processes, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from damsim import cli, tls
from damsim.seeds import large
from support.standin import NotStarted, StandIn, options_for, started
from tooling.paths import ROOT

from .conftest import FIND, RESYNC, SPEED, Pair, subscriber_alone

SMALL = options_for("small", 1, SPEED)


def whole_cycle(running: StandIn) -> None:
    pair = Pair(running)
    assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"
    assert pair.mismatches() == pair.expected() != []
    assert pair.run(RESYNC) == "RESYNC_TRIGGER_COMPLETED"
    assert pair.in_sync()


def test_it_says_where_it_is_and_ends_in_order_though_a_connection_is_open(tmp_path: Path) -> None:
    with started(sys.executable, tmp_path, *SMALL) as running:
        ready = json.loads((tmp_path / "ready.json").read_text(encoding="utf-8"))
        assert set(ready) == {
            "publisher", "subscribers", "username", "password", "author_username", "author_password", "ca_path", "pid",
        }  # fmt: skip
        assert not (tmp_path / "ready.json.part").exists()
        with httpx.Client(base_url=running.publisher.url, trust_env=False) as client:
            client.get("/_sim/settings")
            os.kill(running.pid, signal.SIGTERM)
            os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    assert not (tmp_path / "ready.json").exists()
    assert (tmp_path / "damsim.log").read_text(encoding="utf-8") == ""


def test_the_end_of_the_parent_is_its_end(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    command = [sys.executable, "-m", "damsim", "serve", "--ready-file", str(ready), "--parent-pid", str(parent.pid)]
    server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")})
    try:
        while not ready.exists():
            assert server.poll() is None
        parent.kill()
        parent.wait()
        assert server.wait(timeout=5) == 0
    finally:
        server.kill()


@pytest.mark.slow
def test_each_host_can_have_an_address_of_its_own_on_one_port(tmp_path: Path) -> None:
    options = options_for("small", 2, SPEED)
    with started(sys.executable, tmp_path, *options, "--distinct-hosts") as running:
        assert [place.host for place in running.places] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        assert len({place.port for place in running.places}) == 1
        assert [place.target_host for place in running.subscribers] == ["127.0.0.2", "127.0.0.3"]
        whole_cycle(running)


@pytest.mark.slow
def test_several_publishers_of_one_process_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    with started(sys.executable, tmp_path, *SMALL, "--publishers", "3") as running:
        assert len({place.port for one in (running, *running.others) for place in one.places}) == 6
        assert json.loads((tmp_path / "ready.json").read_text(encoding="utf-8"))["others"][1]["publisher"]["port"] == (
            running.others[1].publisher.port
        )
        before = running.get("/_sim/digest"), running.others[0].expected()
        whole_cycle(running.others[1])
        assert (running.get("/_sim/digest"), running.others[0].expected()) == before
        assert not running.digests_equal()
        assert running.requests() == running.others[0].requests() == []


def test_everything_works_over_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    with started(sys.executable, tmp_path, *SMALL, "--tls-dir", str(tmp_path / "tls")) as running:
        assert running.publisher.url.startswith("https://")
        assert (tmp_path / "tls" / "server.key").stat().st_mode & 0o077 == 0
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(running.publisher.url, trust_env=False)
        login = Pair(running).publisher.login()
        assert login.headers["set-cookie"].endswith("; Secure")
        whole_cycle(running)


@pytest.mark.slow
def test_certificates_can_be_brought_along(tmp_path: Path) -> None:
    files = tls.make(tmp_path / "own", ["127.0.0.1"])
    own = ["--cert", str(files.certificate), "--key", str(files.key), "--ca", str(files.authority)]
    with started(sys.executable, tmp_path, *SMALL, *own) as running:
        assert running.ca_path == str(files.authority)
        whole_cycle(running)


def test_the_certificate_is_for_its_hosts_alone(tmp_path: Path) -> None:
    files = tls.make(tmp_path, ["dam.example.com", "127.0.0.1"])
    context = ssl.create_default_context(cafile=files.authority)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)

    def handshake(name: str) -> None:
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = context.wrap_bio(to_client, to_server, server_hostname=name)
        theirs = server.wrap_bio(to_server, to_client, server_side=True)
        for side in (ours, theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue

    handshake("dam.example.com")
    handshake("127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake("other.example.com")


@pytest.mark.slow
def test_publisher_and_subscribers_can_be_two_processes(tmp_path: Path) -> None:
    with subscriber_alone(tmp_path) as there:
        peer = there["url"]
        with started(sys.executable, tmp_path / "p", *SMALL, "--env", "publisher", "--peer", peer) as running:
            assert [place.url for place in running.subscribers] == [peer]
            whole_cycle(running)


def test_a_taken_port_is_said_and_nothing_stays_behind(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = f"cannot listen on 127.0.0.1:{port}"
        with (
            pytest.raises(NotStarted, match=message),
            started(sys.executable, tmp_path, *SMALL, "--publisher-port", port),
        ):
            pass
    assert not (tmp_path / "ready.json").exists()


def test_a_seed_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "--seed", "nothing"]) == 1
    assert "no seed 'nothing'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [("CREATE", "UPDATE", "DELETE"), ("DELETE",), ("CREATE", "UPDATE")])
def test_a_large_seed_has_as_many_records_and_mismatches_as_asked(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    arguments = ["seed", str(tmp_path / "seed"), "--records", "3000", "--mismatches", "500", "--kinds", *kinds]
    assert cli.main(arguments) == 0
    with started(sys.executable, tmp_path, *options_for(str(tmp_path / "seed"), 1, 1000)) as running:
        pair = Pair(running)
        digest = pair.publisher.sim("GET", "/digest")
        assert sum(entry["count"] for entry in digest.values()) == 3000
        assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"
        found = pair.mismatches()
        assert len(found) == 500
        assert {action for _rest, action, _rest in found} == set(kinds)
        assert found == pair.expected()
        running.reset(str(tmp_path / "seed"))
        assert Pair(running).mismatches() == []


def test_a_large_seed_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        large.make(tmp_path / name, 700, 90)
    for side in (0, 1):
        with large.opened(tmp_path / "a", side) as one, large.opened(tmp_path / "b", side) as other:
            query = "SELECT * FROM records ORDER BY type, id"
            assert one.execute(query).fetchall() == other.execute(query).fetchall()


def test_more_mismatches_than_records_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["seed", str(tmp_path), "--records", "100", "--mismatches", "1000"]) == 1
    assert "do not fit" in capsys.readouterr().err
    assert not large.is_seed(tmp_path)
