# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pairs of versions the matrix runs, and what it says of those that it cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import pytest

from tooling import interpreters
from tooling.interpreters import NEWEST, Interpreter
from tooling.paths import ROOT
from tooling.process import Failed

Here = Callable[[Collection[str]], None]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    def have(names: Collection[str]) -> None:
        def find(name: str) -> Interpreter | None:
            return Interpreter(name, f"/python{name}") if name in names else None

        monkeypatch.setattr(interpreters, "find", find)

    return have


def shown(words: Sequence[str] = ()) -> list[tuple[str, str]]:
    return [(core, python.name) for core, python in interpreters.legs(words)[0]]


def test_each_core_runs_on_its_oldest_and_newest_python(here: Here) -> None:
    here({"3.10", "3.11", "3.12", "3.13", "3.14"})
    assert interpreters.legs()[1] == []
    assert shown() == [(core, f"3.{minor}") for core, minors in interpreters.PYTHONS.items() for minor in minors]
    assert shown(["2.16", "2.18"]) == [("2.16", "3.10"), ("2.16", "3.12"), ("2.18", "3.11"), ("2.18", "3.13")]


def test_without_its_newest_python_the_next_one_stands_in_and_that_is_said(here: Here) -> None:
    here({"3.10", "3.11", "3.12", "3.13"})
    assert shown()[-2:] == [(NEWEST, "3.12"), (NEWEST, "3.13")]
    assert f"ansible-core {NEWEST}: no Python 3.14 here" in interpreters.legs()[1]


def test_with_one_python_every_core_that_takes_it_runs_once(here: Here) -> None:
    here({"3.12"})
    assert shown() == [(core, "3.12") for core in interpreters.PYTHONS]


def test_the_corners_are_the_oldest_and_the_newest(here: Here) -> None:
    here({"3.10", "3.11", "3.12", "3.13"})
    assert shown(["corners"]) == [("2.16", "3.10"), (NEWEST, "3.13")]


@pytest.mark.parametrize("words", [[], ["corners"], ["2.16"]])
def test_a_matrix_that_has_nothing_to_run_is_not_good(here: Here, words: list[str]) -> None:
    here(set())
    with pytest.raises(Failed, match="no Python to run"):
        interpreters.legs(words)


def test_an_unknown_version_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Failed, match=r"2\.16.*not 2\.9"):
        interpreters.legs(["2.9"])


def test_the_oldest_core_of_the_matrix_is_the_oldest_supported() -> None:
    runtime = (ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8")
    assert f'requires_ansible: ">={next(iter(interpreters.PYTHONS))}.0"' in runtime


def test_the_python_that_runs_this_is_found_by_its_real_path() -> None:
    own = interpreters.own()
    assert interpreters.find(own.name) == own
    assert "shims" not in own.path


def test_a_python_that_is_not_there_is_none() -> None:
    assert interpreters.find("3.99") is None
