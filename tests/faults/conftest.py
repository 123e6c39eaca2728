# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests of what goes wrong, and the tables that they leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from faults import tables
from faults.proxy import Proxy, proxied
from functional.conftest import (
    credentials,
    damsim,
    damsim3,
    damsim3_process,
    damsim_process,
    publisher_vars,
    run_module,
    run_modules,
    run_playbook,
    run_tasks,
    start_damsim,
    work_folder,
)
from support.scripted import Reply, Scripted, scripted
from support.standin import StandIn

# Imported for pytest, which looks for fixtures here.
__all__ = [
    "credentials",
    "damsim",
    "damsim3",
    "damsim3_process",
    "damsim_process",
    "publisher_vars",
    "run_module",
    "run_modules",
    "run_playbook",
    "run_tasks",
    "start_damsim",
    "work_folder",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for how much is left to chance."""
    parser.addoption(
        "--all-cells", action="store_true", help="each fault at each request of each module, in tests/faults"
    )
    parser.addoption("--schedules", type=int, default=300, help="how many schedules tests/faults draws (300)")
    parser.addoption("--kills", type=int, default=20, help="how often tests/faults kills a playbook (20)")
    parser.addoption("--schedules-seed", type=int, help="the seed of the schedules (a new one each time)")


@pytest.fixture(scope="session")
def proxy_processes(damsim_process: StandIn) -> Iterator[tuple[Proxy, Proxy]]:
    """One proxy before the publisher and one before the subscriber, for the whole session."""
    here, there = damsim_process.publisher, damsim_process.subscribers[0]
    with proxied(here.host, here.port) as first, proxied(there.host, there.port) as second:
        yield first, second


@pytest.fixture
def proxies(proxy_processes: tuple[Proxy, Proxy]) -> tuple[Proxy, Proxy]:
    """The same, without what an earlier test has left in them."""
    for proxy in proxy_processes:
        proxy.forget()
    return proxy_processes


@pytest.fixture(scope="session")
def thief() -> Iterator[Scripted]:
    """A server that nothing may ever be sent to."""
    with scripted() as server:
        server.says(Reply(200, []))
        yield server


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables, and write them to ``.build/faults.md``."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    text = tables.from_properties([each for report in reports for each in getattr(report, "user_properties", ())])
    if text:
        tables.FILE.write_text(text, encoding="utf-8")
        terminalreporter.write_sep("=", "what was tried, and what came of it")
        terminalreporter.write_line(text)
