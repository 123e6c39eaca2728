# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of dev.py: its help, and what it starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import dev
from tooling.environments import Environment
from tooling.paths import ROOT
from tooling.process import Failed

NAMES = {
    "bench", "build", "coverage", "demo", "docs", "format", "lint", "matrix", "molecule", "mutants", "release", "run",
    "sanity", "test",
}  # fmt: skip


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_help_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    dev.main(words)
    listed = capsys.readouterr().out.partition("noxfile.py:\n")[2].split("\n  ")
    assert {line.split()[0] for line in listed if line.strip()} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_command_has_help_that_shows_how_it_is_called(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    dev.main([name, "--help"])
    assert f": {name}" in capsys.readouterr().out
    assert f"dev.py {name}" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_an_unknown_command_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Failed, match=r"no such command: tset; there are: .*test"):
        dev.main(["tset"])


def test_a_command_is_started_as_a_session_with_what_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    made = Environment(Path("/nox"), Path("/nox/bin"), Path("/nox/bin/python"))
    monkeypatch.setattr(dev.environments, "ensure", lambda _name: made)
    monkeypatch.setattr(os, "execve", lambda *words: started.append(words))
    dev.main(["--core", "2.16", "run", "ansible", "--version"])
    ((program, words, variables),) = started
    assert (program, words[-5:]) == (made.python, ["--session", "run", "--", "ansible", "--version"])
    assert variables["DEV_CORE"] == "2.16"
    assert variables["PATH"].startswith("/nox/bin:")
