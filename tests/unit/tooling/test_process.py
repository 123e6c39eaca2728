# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What programs are started with, and what comes of their failure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tooling.process import Failed, capture, environment, search_path


def test_version_switchers_are_off_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["/x/shims", "/usr/bin", "/y/shims/", "/bin"]))
    assert search_path(Path("/venv/bin")).split(os.pathsep) == ["/venv/bin", "/usr/bin", "/bin"]


@pytest.mark.parametrize("name", ["ANSIBLE_STDOUT_CALLBACK", "DX_PASSWORD", "GIT_DIR", "PYTHONPATH", "VIRTUAL_ENV"])
def test_settings_of_the_users_shell_do_not_get_through(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "theirs")
    assert environment().get(name) != "theirs"


def test_home_is_not_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert "/home/someone" not in environment().values()


def test_the_loopback_goes_round_a_proxy_and_the_users_exceptions_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert environment()["no_proxy"].split(",")[:2] == ["intranet.example", "127.0.0.1"]


def test_a_captured_failure_shows_what_the_program_said() -> None:
    with pytest.raises(Failed, match="its last words"):
        capture([sys.executable, "-c", "raise SystemExit('its last words')"])


def test_what_was_captured_is_from_both_streams() -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    assert capture([sys.executable, "-c", code]) == "out\nerr\n"
