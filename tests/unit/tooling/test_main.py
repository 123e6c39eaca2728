# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of dev.py refuses what would mean nothing."""

from __future__ import annotations

import pytest

from tooling.main import COMMANDS, main


@pytest.mark.parametrize("name", ["build", "docs", "format", "lint", "matrix", "mutants", "release"])
def test_a_core_is_refused_where_it_means_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["x"] if COMMANDS[name].rest else []
    assert main(["--core", "2.16", name, *rest]) == 2
    assert f"dev.py {name}: has an ansible-core of its own: --core means nothing here" in capsys.readouterr().out


def test_the_others_take_one() -> None:
    taking = {name for name, command in COMMANDS.items() if command.any_core}
    assert taking == {"bench", "coverage", "demo", "molecule", "run", "sanity", "test"}


def test_words_are_refused_where_none_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "more"]) == 2
    assert "takes no more words, but got: more" in capsys.readouterr().out
