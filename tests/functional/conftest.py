# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests against the running stand-in: one process of it for each test worker, reset before each test."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from support.awx import collection
from support.awx.scene import Scene, set_up
from support.connections import SPEED, connection_to, given, role_connection, role_secrets
from support.modules import Run
from support.playbooks import Call, PlaybookRun, play, play_modules
from support.standin import StandIn, options_for, started
from tooling.paths import ROOT


class RunModule(Protocol):
    """``run_module(name, args)``: one run of a module."""

    def __call__(
        self,
        name: str,
        args: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the task's result."""
        raise NotImplementedError


class RunPlaybook(Protocol):
    """``run_playbook(path)``: a playbook of the collection, or any other."""

    def __call__(
        self,
        path: str | Path,
        inventory: Mapping[str, Mapping[str, Any]] | None = None,
        extra_vars: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        env: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> PlaybookRun:
        """Return what came of it."""
        raise NotImplementedError


RunModules = Callable[[Sequence[Call]], list[dict[str, Any]]]
StartStandIn = Callable[..., StandIn]


@pytest.fixture(scope="session")
def damsim_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One publisher with one subscriber, for the whole session of this worker."""
    with started(sys.executable, tmp_path_factory.mktemp("damsim"), *options_for("small", 1, SPEED)) as running:
        yield running


@pytest.fixture(scope="session")
def damsim3_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One publisher with three subscribers, for the whole session of this worker."""
    with started(sys.executable, tmp_path_factory.mktemp("damsim3"), *options_for("small", 3, SPEED)) as running:
        yield running


def _seed(request: pytest.FixtureRequest) -> str:
    mark = request.node.get_closest_marker("seed")
    return str(mark.args[0]) if mark else "small"


@pytest.fixture
def damsim(damsim_process: StandIn, request: pytest.FixtureRequest) -> StandIn:
    """The stand-in with one subscriber, back at its seed: ``small``, or what ``@pytest.mark.seed("...")`` says."""
    damsim_process.reset(_seed(request), SPEED)
    return damsim_process


@pytest.fixture
def damsim3(damsim3_process: StandIn, request: pytest.FixtureRequest) -> StandIn:
    """The same with three subscribers."""
    damsim3_process.reset(_seed(request), SPEED)
    return damsim3_process


@pytest.fixture
def start_damsim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartStandIn]:
    """``start_damsim("--two-way", seed="small", subscribers=1, speed=20)``: one more stand-in, for this test alone."""
    with ExitStack() as stack:

        def start(*options: str, seed: str = "small", subscribers: int = 1, speed: float = SPEED) -> StandIn:
            folder = tmp_path_factory.mktemp("standin")
            return stack.enter_context(
                started(sys.executable, folder, *options_for(seed, subscribers, speed), *options)
            )

        yield start


@pytest.fixture
def credentials(damsim: StandIn) -> dict[str, Any]:
    """The connection options that ``run_module`` and ``run_modules`` add by themselves."""
    return connection_to(damsim)


@pytest.fixture
def work_folder(tmp_path: Path) -> Callable[[], Path]:
    """A new folder for each run, beside the files of the test."""
    numbers = itertools.count()
    return lambda: tmp_path / f".run-{next(numbers)}"


@pytest.fixture
def run_modules(credentials: dict[str, Any], work_folder: Callable[[], Path]) -> RunModules:
    """Run modules one after the other: ``run_modules([Call("dam_resync", {...}, check=True), ...])``.

    Each runs its real ``main()`` in a process of its own, with time as fast as the stand-in's. The options of
    ``credentials`` are added; ``None`` takes one away.
    """

    def run(calls: Sequence[Call]) -> list[dict[str, Any]]:
        results = []
        for call in calls:
            args = given(credentials | dict(call.args))
            started = Run(call.name, args, work_folder(), call.check, call.diff, call.env)
            results.append(started.end().as_registered())
        return results

    return run


@pytest.fixture
def run_module(run_modules: RunModules) -> RunModule:
    """Run one module in the same way; return its result."""

    def run(
        name: str,
        args: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        return run_modules([Call(name, args or {}, check, diff, env or {})])[0]

    return run


@pytest.fixture
def run_tasks(credentials: dict[str, Any], work_folder: Callable[[], Path]) -> RunModules:
    """Run the calls as the tasks of one real ``ansible-playbook``, for what only Ansible does."""

    def run(calls: Sequence[Call]) -> list[dict[str, Any]]:
        full = [
            Call(call.name, given(credentials | dict(call.args)), call.check, call.diff, call.env) for call in calls
        ]
        return play_modules(full, work_folder())

    return run


@pytest.fixture(scope="session")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A stand-in of AWX that the playbook has set up; its tests are of one group, so that this is done once."""
    collection.ensure()
    with set_up(tmp_path_factory.mktemp("awx")) as scene:
        yield scene


@pytest.fixture
def publisher_vars(damsim: StandIn) -> dict[str, Any]:
    """Host variables that make an inventory host the stand-in's publisher; the credentials go by environment."""
    return role_connection(damsim)


@pytest.fixture
def run_playbook(request: pytest.FixtureRequest, work_folder: Callable[[], Path]) -> RunPlaybook:
    """Run a playbook: a name such as ``resync.yml`` means one of the collection's.

    Without an inventory there is one host, ``publisher``, the fixture ``damsim``'s. ``DX_USERNAME`` and ``DX_PASSWORD``
    are the stand-in's unless ``env`` says otherwise.
    """

    def run(
        path: str | Path,
        inventory: Mapping[str, Mapping[str, Any]] | None = None,
        extra_vars: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        env: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> PlaybookRun:
        book = Path(path) if Path(path).is_absolute() else ROOT / "playbooks" / path
        variables = dict(env or {})
        if "DX_USERNAME" not in variables or inventory is None:
            standin: StandIn = request.getfixturevalue("damsim")
            variables = role_secrets(standin) | variables
            if inventory is None:
                inventory = {"publisher": role_connection(standin)}
        folder = work_folder()
        facts = {"dam_consistency_report_dir": str(folder / "reports")} | dict(extra_vars or {})
        return play(book, folder, inventory, facts, check, diff, variables, arguments)

    return run
