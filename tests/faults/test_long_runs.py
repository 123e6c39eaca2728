# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison of hours, whose tokens run out every few minutes and whose proxy restarts: nothing grows meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from damsim.tls import Authority
from faults import tables
from support.connections import connection_to
from support.haproxy import Front, HAProxy, haproxy, in_one
from support.modules import Run
from support.scenes import is_login, named, sent, triggers
from support.standin import StandIn

FACTOR = 720.0
HOURS = 4.0
# Half a second of the real time, which a busy machine may take from one request to the next.
TOKEN_MINUTES = 6.0
RESTARTS = 3
MOST_GROWTH = 640
"""KiB between the second quarter of the time and the last: a step of the allocator's, less than a leak would make."""
# Without the pages of files, which come and go as the system likes.
_ANONYMOUS = re.compile(r"^Anonymous: +(\d+) kB", re.MULTILINE)
# What is a moment for the machine is minutes for the clock.
PATIENCE = {"wait_timeout": 8 * 3600, "error_timeout": 1800, "request_retries": 10}


@dataclass
class Samples:
    """What a process took over the time: KiB of memory, open sockets, threads."""

    run: Run
    memory: list[int] = field(default_factory=list)
    sockets: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def take(self) -> None:
        """Look once, unless it has ended."""
        here = Path(f"/proc/{self.run.process.pid}")
        try:
            self.memory.append(int(_ANONYMOUS.findall((here / "smaps_rollup").read_text(encoding="ascii"))[0]))
            self.threads.append(len(list((here / "task").iterdir())))
            self.sockets.append(sum(str(each.readlink()).startswith("socket:") for each in (here / "fd").iterdir()))
        except (OSError, IndexError):
            return

    @property
    def growth(self) -> int:
        """KiB from the second quarter of the time to the last."""
        quarter = len(self.memory) // 4
        return int(median(self.memory[-quarter:]) - median(self.memory[quarter : 2 * quarter]))


class Connections:
    """Counts the connections to a front of HAProxy, whose own count begins anew when it restarts."""

    def __init__(self, proxy: HAProxy, front: str) -> None:
        self._proxy, self._front = proxy, front
        self._before = 0
        self.most_open = 0

    def look(self) -> int:
        """Return how many there were so far."""
        now = self._proxy.counters(self._front)
        self.most_open = max(self.most_open, now["scur"])
        return self._before + now["conn_tot"]

    def restart(self) -> None:
        """Kill HAProxy with all its connections, and start it again."""
        self._before = self.look()
        self._proxy.kill()
        self._proxy.start()


@pytest.mark.slow
@pytest.mark.needs_haproxy
def test_memory_and_connections_stay_flat_over_hours(
    damsim: StandIn, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    place = damsim.publisher
    authority = Authority(tmp_path / "tls")
    files = authority.issue("server", [place.host])
    fronts = {"dx": Front([place.port], f"ssl crt {in_one(files)}")}
    damsim.settings(speed=FACTOR, token_ttl=TOKEN_MINUTES * 60, comparison_delay=HOURS * 3600)
    jobs = damsim.get("/_sim/jobs")["findStagingMismatch"]
    with haproxy(tmp_path / "haproxy", fronts) as proxy:
        secure = {"dx_protocol": "https", "ca_path": str(authority.certificate), "dx_port": proxy.ports["dx"]}
        options = {**connection_to(damsim), **secure, **PATIENCE}
        find = Samples(Run("dam_find_mismatch", {**options, **named(damsim)}, tmp_path / "find", factor=FACTOR))
        while find.run.process.is_alive() and not triggers(damsim):
            time.sleep(0.02)
        # The publisher's queue holds the comparison until that ends.
        idle = Samples(
            Run("dam_operations_info", {**options, "wait": True, "wait_sleep": 120}, tmp_path / "idle", factor=FACTOR)
        )
        connections = Connections(proxy, "dx")
        begin = time.monotonic()
        restarts = [begin + HOURS * 3600 / FACTOR * (number + 0.5) / RESTARTS for number in range(RESTARTS)]
        while find.run.process.is_alive() and time.monotonic() < begin + 60:
            for samples in (find, idle):
                samples.take()
            connections.look()
            if restarts and time.monotonic() > restarts[0]:
                del restarts[0]
                connections.restart()
            time.sleep(0.1)
        found, waited = find.run.end(), idle.run.end()
        opened = connections.look()

    assert found.ok, found.text
    assert found.result is not None
    assert found.result["mismatch_count"] == len(damsim.expected()["rows"])
    assert found.result["duration"] > HOURS * 3600
    assert waited.ok, waited.text
    assert not restarts
    assert (triggers(damsim), damsim.get("/_sim/jobs")["findStagingMismatch"] - jobs) == (1, 1)

    asked = sent(damsim)
    logins, expired = sum(is_login(each) for each in asked), sum(each["status"] == 401 for each in asked)
    growth, sockets = max(find.growth, idle.growth), max(find.sockets + idle.sockets)
    for what, number, unit in (
        ("simulated", found.result["duration"] / 3600, "hours"),
        ("requests", len(asked), ""),
        ("tokens that ran out", expired, ""),
        ("proxy restarted", RESTARTS, "times"),
        ("connections made", opened, ""),
        ("connections open at once, of two tasks", connections.most_open, ""),
        ("memory grew in the second half", growth, "KiB"),
    ):
        record_property(tables.FIGURE, [f"long run: {what}", round(number, 1), unit])
    assert len(asked) > 300
    assert expired > HOURS * 60 / TOKEN_MINUTES, "hardly a token ran out"
    assert logins <= expired + 2 * (1 + RESTARTS), "more than one login for a token that ran out"
    assert opened <= 30, "connections are not used again"
    assert connections.most_open <= 4
    assert sockets <= 2, "the module keeps connections that it does not need"
    # The module's, the one that limits a request, and for a moment the one of the request before.
    assert max(find.threads + idle.threads) <= 3
    assert growth < MOST_GROWTH, f"{find.memory}\n{idle.memory}"
    assert len(found.text) + len(waited.text) < 20_000, "the result grows with the time"
