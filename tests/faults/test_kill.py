# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook killed at a random moment of its cycle, and run again: it ends as one that was let alone."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults import tables
from support.connections import SPEED, role_connection, role_secrets
from support.playbooks import PlaybookRun, play
from support.role import HOST, folder_listing, found_in, kill_when, result_of
from support.scenes import keep_operations, of_subscriber, registration, runs_started, sent, server_rows
from support.standin import StandIn
from tooling.paths import ROOT

RESYNC = ROOT / "playbooks" / "resync.yml"
COMPARISON, REPAIR = "findStagingMismatch", "resyncSubscriber"
# How often out of ten only the controller is killed, and the module that it has just started goes on.
ALONE = 3
SECONDS = 30.0
"""The longest that a module which was let go on may take to end."""


@dataclass(frozen=True)
class Cycle:
    """What a whole cycle took, and what it left behind."""

    seconds: float
    left: dict[str, Any]
    comparisons: int
    resyncs: int


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make as many tests as ``--kills`` says."""
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", range(metafunc.config.getoption("kills", 10)))


def begin(standin: StandIn) -> list[Any]:
    """Bring the servers to where every cycle begins; return what differs."""
    standin.reset("small", SPEED)
    keep_operations(standin)
    return sorted(standin.expected()["rows"])


def facts(folder: Path) -> dict[str, Any]:
    """Return the role's variables: one format is enough to see whether a file is whole."""
    return {"dam_consistency_report_dir": str(folder / "reports"), "dam_consistency_report_formats": ["csv"]}


def cycle(standin: StandIn, folder: Path) -> PlaybookRun:
    """Run the whole cycle; reports are those of ``folder``."""
    inventory = {HOST: {**role_connection(standin), **facts(folder)}}
    return play(RESYNC, folder / "run", inventory, env=role_secrets(standin))


def left_by(standin: StandIn, run: PlaybookRun, folder: Path) -> dict[str, Any]:
    """Return all that a cycle leaves behind but what tells of its course."""
    for place in standin.places:
        standin.get("/_sim/idle", at=place)
    return {
        "data": [standin.get("/_sim/digest", at=place) for place in standin.places],
        "differs": standin.expected()["rows"],
        "status": registration(standin)["resyncStatus"],
        "logs": server_rows(standin, of_subscriber(standin)),
        "in_sync": result_of(run)["in_sync"],
        "reports": [name for name in reports_in(folder) if ".before." not in name],
    }


@pytest.fixture(scope="session")
def undisturbed(damsim_process: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Cycle:
    """A cycle that nothing happens to, from drift to in sync."""
    folder = tmp_path_factory.mktemp("undisturbed")
    begin(damsim_process)
    started = time.monotonic()
    run = cycle(damsim_process, folder)
    seconds = time.monotonic() - started
    assert run.rc == 0, run.output
    left = left_by(damsim_process, run, folder)
    assert left["in_sync"] is True
    assert left["data"][0] == left["data"][1]
    return Cycle(seconds, left, runs_started(damsim_process, COMPARISON), runs_started(damsim_process, REPAIR))


@pytest.mark.slow
def test_a_cycle_that_is_killed_and_run_again_ends_as_one_that_is_not(
    number: int,
    undisturbed: Cycle,
    damsim_process: StandIn,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    moment, alone = random.random(), number % 10 < ALONE
    for attempt in range(5):
        folder = tmp_path / f"killed-{attempt}"
        differ = begin(damsim_process)
        with suppress(AssertionError):  # it was quicker than the kill
            kill_when(after(moment * undisturbed.seconds), RESYNC, folder, damsim_process, alone, facts(folder))
            break
        moment *= random.random()
    else:
        raise AssertionError("It was never killed.")
    where = f"killed at {moment:.3f} of the cycle, {'the controller alone' if alone else 'all of it'}"
    print(where)
    try:
        if not alone:  # a module that goes on may be writing one
            whole(folder, differ)
        again = cycle(damsim_process, folder)
        assert again.rc == 0, f"{where}:\n{again.output}"
        wait_for_all_of(folder)
        assert left_by(damsim_process, again, folder) == undisturbed.left, where
        whole(folder, differ)
        assert [each for each in sent(damsim_process) if each["status"] == 409] == []
        # The comparison that begins the second run besides, and one more of what was on its way.
        assert runs_started(damsim_process, COMPARISON) <= undisturbed.comparisons + 2
        assert undisturbed.resyncs <= runs_started(damsim_process, REPAIR) <= undisturbed.resyncs + 1
        record_property(tables.FIGURE, ["playbooks killed, run again, and in the same end", 1, ""])
    finally:
        end_all_of(folder)


def after(seconds: float) -> Callable[[], bool]:
    """Return a question: have so many seconds passed since it was made?"""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def reports_in(folder: Path) -> list[str]:
    """Return the names of the reports, without a temporary file that a module left when it was killed."""
    return [name for name in folder_listing(folder / "reports") if not name.startswith(".dam-report-")]


def whole(folder: Path, differ: list[Any]) -> None:
    """Check that there is no file but whole reports of what differed."""
    for name in reports_in(folder):
        assert name.endswith(".csv"), f"{name} is left"
        assert found_in(folder / "reports" / name) == differ, f"half a report is left: {name}"


def processes_of(folder: Path) -> Iterator[int]:
    """Yield the processes that a playbook started in the folder has left behind, whoever is their parent now."""
    mark = f"ANSIBLE_HOME={folder}/".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environ.read_bytes():
                yield int(environ.parent.name)


def wait_for_all_of(folder: Path) -> None:
    """Wait until what a kill has left going on has ended."""
    end = time.monotonic() + SECONDS
    while any(processes_of(folder)):
        assert time.monotonic() < end, "A module that was let go on does not end."
        time.sleep(0.1)


def end_all_of(folder: Path) -> None:
    """End what is left: the next test must not meet it."""
    for process in processes_of(folder):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
