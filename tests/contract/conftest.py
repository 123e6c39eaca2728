# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules run in this process, so that a judge sees every request and answer; skipped without the documents."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible.module_utils import basic
from requests.adapters import HTTPAdapter

from support.connections import SPEED, connection_to
from support.contract import DAM_BASE, FOLDER, RELEASES, RING_BASE, Judge
from support.modules import handed_over
from support.standin import Place, StandIn, options_for, started

HERE = Path(__file__).parent
Module = Callable[..., dict[str, Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the documents where they are not."""
    if FOLDER.is_dir():
        return
    reason = f"the vendor's OpenAPI documents are not in {FOLDER}; DAM_CONTRACT_DIR names another folder"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started(sys.executable, tmp_path_factory.mktemp("damsim"), *options_for("small", 1, SPEED)) as running:
        yield running


NEWEST, *OLDER = RELEASES


@pytest.fixture(params=[NEWEST, *(pytest.param(release, marks=pytest.mark.slow) for release in OLDER)])
def judge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The judge for one release, which sees all that is sent from this process during the test."""
    made = Judge(request.param)
    monkeypatch.setattr(HTTPAdapter, "send", made.watching(HTTPAdapter.send))
    return made


@pytest.fixture
def standin(standin_process: StandIn, judge: Judge) -> StandIn:
    """The stand-in at its seed, behaving like the judge's release."""
    standin_process.reset("small", SPEED)
    standin_process.settings(release=judge.release)
    return standin_process


@pytest.fixture
def run(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Module:
    """``run(name, args, check)``: a module's own ``main()``, in this process; returns its result."""
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)

    def run_module(name: str, args: Mapping[str, Any], check: bool = False) -> dict[str, Any]:
        options = handed_over(name, {**connection_to(standin), **args}, tmp_path, check)
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", options)
        capsys.readouterr()
        with pytest.raises(SystemExit):
            importlib.import_module(f"ansible_collections.dxops.dam_staging.plugins.modules.{name}").main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run_module


class Api:
    """A plain client of one environment, which the judge looks into too."""

    def __init__(self, standin: StandIn, place: Place, username: str = "", password: str = "") -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.url = place.url
        account = {"username": username or standin.username, "password": password or standin.password}
        self.login = self.session.post(f"{place.url}{RING_BASE}/auth/login", json=account, timeout=30)

    def call(self, method: str, path: str, query: Any = None, body: Any = None) -> requests.Response:
        """One call of the DAM API."""
        return self.session.request(method, f"{self.url}{DAM_BASE}{path}", params=query, json=body, timeout=30)


@pytest.fixture
def api(standin: StandIn) -> Callable[..., Api]:
    """``api(place, username, password)``: a client, logged in as an administrator unless told otherwise."""
    return lambda place, username="", password="": Api(standin, place, username, password)
