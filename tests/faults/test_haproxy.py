# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy with TLS in front, as in the product's Kubernetes deployment: what is trusted, and what comes and goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from damsim.tls import Authority, Files
from faults.proxy import Break, Proxy, proxied
from support.connections import connection_to, role_connection
from support.haproxy import Front, HAProxy, haproxy, in_one
from support.modules import Outcome, Run
from support.role import book, meanwhile
from support.scenes import keep_operations, looked, named, runs_started, sent, triggers, warned
from support.standin import StandIn

pytestmark = [pytest.mark.needs_haproxy, pytest.mark.slow]

FIND, SUBSCRIBERS = "dam_find_mismatch", "dam_subscriber_info"
POLL = "GET .*/staging/subscriber/"
WAITS = {"wait_timeout": 1200, "wait_sleep": 5, "error_timeout": 300}


@dataclass(frozen=True)
class Site:
    """A publisher behind HAProxy: ``pods`` stand for the two servers that it runs on."""

    proxy: HAProxy
    pods: tuple[Proxy, Proxy]
    authority: Path
    strangers: Path
    clients: dict[str, dict[str, str]]

    def options(self, standin: StandIn, front: str, **more: Any) -> dict[str, Any]:
        """Return a module's options for a front."""
        secure = {"dx_protocol": "https", "ca_path": str(self.authority), "dx_port": self.proxy.ports[front]}
        return {**connection_to(standin), **secure, **more}

    def wait_for_pods(self) -> None:
        """Return when both servers are back."""
        end = time.monotonic() + 10
        while self.proxy.counters("pods", "BACKEND")["act"] < 2:
            assert time.monotonic() < end, "A server did not come back."
            time.sleep(0.02)


def in_two(files: Files) -> dict[str, str]:
    """Return the options for a client certificate."""
    return {"client_cert": str(files.certificate), "client_key": str(files.key)}


@pytest.fixture(scope="module")
def site(damsim_process: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run HAProxy for all tests of this file."""
    folder = tmp_path_factory.mktemp("site")
    ours, strangers = Authority(folder / "ours"), Authority(folder / "strangers")
    here, there = damsim_process.publisher, damsim_process.subscribers[0]
    good = f"ssl crt {in_one(ours.issue('server', [here.host]))}"
    client, stranger = ours.issue("client"), strangers.issue("client")
    clients = {
        "": {},
        "a client's": in_two(client),
        "a client's, in one file": {"client_cert": str(in_one(client))},
        "a stranger's": in_two(stranger),
        "an expired one": in_two(ours.issue("late", days=-1)),
        "another's key": {"client_cert": str(client.certificate), "client_key": str(stranger.key)},
        "no key": {"client_cert": str(client.certificate)},
    }
    mutual = f"{good} verify required ca-file {ours.certificate}"
    with proxied(here.host, here.port) as first, proxied(here.host, here.port) as second:
        fronts = {
            "good": Front([here.port], good),
            "expired": Front([here.port], f"ssl crt {in_one(ours.issue('old', [here.host], days=-1))}"),
            "for-another": Front([here.port], f"ssl crt {in_one(ours.issue('other', ['dx.example.com']))}"),
            "mutual": Front([here.port], mutual),
            "mutual-subscriber": Front([there.port], mutual),
            "pods": Front([first.port, second.port], good, ["balance first"]),
            "impatient": Front([here.port], good, ["timeout http-keep-alive 100ms"]),
        }
        with haproxy(folder / "haproxy", fronts) as running:
            yield Site(running, (first, second), ours.certificate, strangers.certificate, clients)


@pytest.fixture
def pods(site: Site) -> Iterator[tuple[Proxy, Proxy]]:
    """Both servers, well again afterwards."""
    yield site.pods
    for pod in site.pods:
        pod.clear()
        pod.struck = 0
    site.wait_for_pods()


@pytest.mark.parametrize(
    ("front", "client", "helps"),
    [
        ("expired", "", "has expired and has to be renewed there"),
        ("for-another", "", "give hostname as it stands in the certificate"),
        ("mutual", "", "demands a client certificate; name yours with client_cert and client_key"),
        ("mutual", "a stranger's", "not trust the authority of the client certificate; see client_cert"),
        ("mutual", "an expired one", "the client certificate has expired; see client_cert"),
        ("mutual", "another's key", "the key is not that of the client certificate; check client_cert and client_key"),
        ("mutual", "no key", "cannot be read; check client_cert and client_key"),
    ],
)
def test_what_is_not_trusted_is_refused_at_once_and_the_option_that_helps_is_named(
    damsim: StandIn, site: Site, tmp_path: Path, front: str, client: str, helps: str
) -> None:
    outcome = Run(SUBSCRIBERS, site.options(damsim, front, **site.clients[client]), tmp_path / "run", factor=1).end()
    assert not outcome.ok
    assert helps in outcome.message
    assert outcome.message.startswith(f"POST https://127.0.0.1:{site.proxy.ports[front]}/")
    assert damsim.requests() == []


@pytest.mark.parametrize("client", ["a client's", "a client's, in one file"])
def test_a_client_certificate_opens_what_demands_one(damsim: StandIn, site: Site, tmp_path: Path, client: str) -> None:
    outcome = Run(SUBSCRIBERS, site.options(damsim, "mutual", **site.clients[client]), tmp_path / "run").end()
    assert outcome.ok, outcome.text


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_the_environment_counts_only_where_no_option_says_otherwise(
    damsim: StandIn, site: Site, tmp_path: Path, variable: str
) -> None:
    unset = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}

    def run(name: str, bundle: Path | str, **options: Any) -> Outcome:
        given = site.options(damsim, "good", **options)
        return Run(SUBSCRIBERS, given, tmp_path / name, env={**unset, variable: str(bundle)}).end()

    ours = run("ours", site.authority, ca_path=None)
    assert ours.ok, ours.text
    stranger = run("stranger", site.strangers, ca_path=None)
    assert "name its authority with ca_path" in stranger.message
    missing = run("missing", "/nowhere/ca.pem", ca_path=None)
    assert "/nowhere/ca.pem; REQUESTS_CA_BUNDLE" in missing.message
    assert run("option", site.strangers).ok
    for name, bundle in (("unchecked", site.strangers), ("unchecked-missing", Path("/nowhere/ca.pem"))):
        unchecked = run(name, bundle, ca_path=None, validate_certs=False)
        assert unchecked.ok, unchecked.text
        assert warned(unchecked.result or {}, "validate_certs is false")


def test_a_client_certificate_serves_the_subscriber_too_in_the_modules_and_in_the_role(
    damsim: StandIn, site: Site, run_playbook: Any, tmp_path: Path
) -> None:
    client = site.clients["a client's"]
    ports = site.proxy.ports["mutual"], site.proxy.ports["mutual-subscriber"]
    options = site.options(damsim, "mutual", **named(damsim), **client)
    for module, more in ((FIND, {}), ("dam_resync", {"subscriber": {"dx_port": ports[1]}})):
        outcome = Run(module, {**options, **more}, tmp_path / module).end()
        assert outcome.ok, outcome.text
    assert damsim.digests_equal()
    connection = {"protocol": "https", "port": ports[0], "subscriber_port": ports[1], "ca_path": str(site.authority)}
    secure = {f"dam_consistency_{name}": value for name, value in {**connection, **client}.items()}
    run = run_playbook(
        book(tmp_path / "book.yml", ("all", "preflight", {})), {"publisher": {**role_connection(damsim), **secure}}
    )
    assert run.rc == 0, run.output


def compare(standin: StandIn, site: Site, front: str, folder: Path, seconds: float, **more: Any) -> Run:
    """Start a comparison that takes so many real seconds."""
    keep_operations(standin)
    standin.settings(at=standin.publisher, comparison_delay=seconds * 20)
    factor = more.pop("factor", 20)
    options = site.options(standin, front, **named(standin), **{**WAITS, **more})
    return Run(FIND, options, folder, factor=factor)


def polls(standin: StandIn) -> int:
    """Return how often the subscriber's state was asked for."""
    return sum("/staging/subscriber/" in each["path"] and each["method"] == "GET" for each in sent(standin))


def found_all(standin: StandIn, outcome: Outcome) -> None:
    """Check that a comparison ended well, and was the only one."""
    assert outcome.ok, outcome.text
    assert outcome.result is not None
    assert outcome.result["mismatch_count"] == len(standin.expected()["rows"]) > 0
    assert runs_started(standin) == 1


@pytest.mark.parametrize(("killed_at", "delivered"), [(POLL, True), ("PATCH", True), ("PATCH", False)])
def test_one_of_two_servers_is_killed_in_the_middle_of_a_comparison(
    damsim: StandIn,
    site: Site,
    pods: tuple[Proxy, Proxy],
    tmp_path: Path,
    killed_at: str,
    delivered: bool,
) -> None:
    pods[0].add(Break(kind="refuse", request=killed_at, delivered=delivered, seconds=2.0))
    outcome = compare(damsim, site, "pods", tmp_path / "run", 1.0).end()
    found_all(damsim, outcome)
    assert pods[0].struck == 1
    assert triggers(damsim) == 1


def test_both_servers_are_away_for_a_while_and_the_wait_goes_on(
    damsim: StandIn, site: Site, pods: tuple[Proxy, Proxy], tmp_path: Path
) -> None:
    before = site.proxy.counters("pods")["hrsp_5xx"]
    run = compare(damsim, site, "pods", tmp_path / "run", 2.5)
    polled = looked("/staging/subscriber/", 3)
    with meanwhile(lambda: polled(sent(damsim)), lambda: [pod.go_away(1.5) for pod in pods]):
        outcome = run.end()
    found_all(damsim, outcome)
    assert triggers(damsim) == 1
    assert site.proxy.counters("pods")["hrsp_5xx"] >= before + 3


def test_both_servers_away_for_longer_than_error_timeout_is_an_error_and_running_again_joins(
    damsim: StandIn, site: Site, pods: tuple[Proxy, Proxy], tmp_path: Path
) -> None:
    damsim.settings(hold_comparison=True)
    run = compare(damsim, site, "pods", tmp_path / "run", 0.1, error_timeout=15)
    polled = looked("/staging/subscriber/", 3)
    with meanwhile(lambda: polled(sent(damsim)), lambda: [pod.go_away(2.5) for pod in pods]):
        outcome = run.end()
    assert not outcome.ok
    assert "was answered with 503" in outcome.message
    assert outcome.result is not None
    assert outcome.result["last"] == "FIND_MISMATCH_START"
    site.wait_for_pods()
    polled = looked("/staging/subscriber/", polls(damsim) + 2)
    run = Run(FIND, site.options(damsim, "pods", **named(damsim), **WAITS), tmp_path / "again")
    with meanwhile(lambda: polled(sent(damsim)), lambda: damsim.settings(hold_comparison=False)):
        again = run.end()
    found_all(damsim, again)
    assert again.result is not None
    assert (again.result["joined"], triggers(damsim)) == (True, 1)


def test_a_proxy_that_closes_idle_connections_costs_neither_a_poll_nor_a_second_trigger(
    damsim: StandIn, site: Site, tmp_path: Path
) -> None:
    before = site.proxy.counters("impatient")
    # Each poll comes a quarter of a second after the one before; the first that fails would be the end. The one retry
    # is for a proxy that is late by as much, and closes just then.
    outcome = compare(
        damsim, site, "impatient", tmp_path / "run", 2.5, factor=4, request_retries=1, error_timeout=0
    ).end()
    found_all(damsim, outcome)
    assert triggers(damsim) == 1
    after = site.proxy.counters("impatient")
    assert polls(damsim) >= 6
    assert after["conn_tot"] - before["conn_tot"] >= polls(damsim)
    assert after["req_tot"] - before["req_tot"] == len(sent(damsim))
