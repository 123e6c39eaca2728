# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tour of the collection on every pair of ansible-core and Python that is supported and that is here."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tooling import environments, interpreters
from tooling.environments import NEWEST
from tooling.paths import ROOT
from tooling.process import Failed, attempt, say

# The oldest and the newest Python that each ansible-core takes, by its own documentation, where Ansible runs.
PYTHONS = {
    "2.16": ("3.10", "3.12"),
    "2.17": ("3.10", "3.12"),
    "2.18": ("3.11", "3.13"),
    "2.19": ("3.11", "3.13"),
    "2.20": ("3.12", "3.14"),
    NEWEST: ("3.12", "3.14"),
}
TOUR = "tests/functional/test_versions.py"


@dataclass(frozen=True)
class Leg:
    """One pair of versions."""

    core: str
    python: interpreters.Interpreter

    def __str__(self) -> str:
        return f"ansible-core {self.core} on Python {self.python.name}"


def legs() -> tuple[list[Leg], list[str]]:
    """Return the pairs that can be run here, and what is to be said of those that cannot."""
    chosen, missing = [], []
    for core, (oldest, newest) in PYTHONS.items():
        names = _between(oldest, newest)
        here = [found for found in map(interpreters.find, names) if found]
        chosen += [Leg(core, python) for python in dict.fromkeys(here[:1] + here[-1:])]
        ends = {here[0].name, here[-1].name} if here else set()
        missing += [f"ansible-core {core}: no Python {name} here" for name in (oldest, newest) if name not in ends]
    return chosen, missing


def corners(chosen: list[Leg]) -> list[Leg]:
    """Return the oldest ansible-core on its oldest Python and the newest on its newest."""
    return list(dict.fromkeys([chosen[0], chosen[-1]])) if chosen else []


def matrix(words: list[str]) -> None:
    """Run the tour on every pair, on the ``corners`` alone, or on those of some versions of ansible-core."""
    unknown = sorted(set(words) - {"corners", *PYTHONS})
    if unknown:
        raise Failed(f"takes nothing, corners, or some of {', '.join(PYTHONS)}; not {', '.join(unknown)}", 2)
    chosen, missing = legs()
    for text in missing:
        say(text)
    cores = set(words) - {"corners"}
    chosen = [leg for leg in chosen if not cores or leg.core in cores]
    _run(corners(chosen) if "corners" in words else chosen)


def _run(chosen: Iterable[Leg]) -> None:
    tests = environments.ensure("test")
    failed: list[str] = []
    passed: list[str] = []
    for leg in chosen:
        begun = time.monotonic()
        made = environments.ensure("modules", leg.core, leg.python)
        env = environments.variables(tests) | {
            "DAM_TEST_ANSIBLE_PYTHON": str(made.python),
            "DAM_TEST_EXPECTED_VERSIONS": f"{leg.python.name} {leg.core}",
        }
        pytest: list[str | Path] = [tests.python, "-m", "pytest", "-q", "-n", "2", "-m", "not slow", TOUR]
        code, text = attempt(pytest, env, ROOT)
        good = code == 0
        (passed if good else failed).append(str(leg))
        say(f"--- {leg}: {'ok' if good else f'FAILED ({code})'}, {time.monotonic() - begun:.0f} s")
        say(text.strip().splitlines()[-1] if good else text)
    if failed or not passed:
        raise Failed(f"not good: {', '.join(failed) or 'nothing was run'}")


def _between(oldest: str, newest: str) -> list[str]:
    first, last = (int(name.partition(".")[2]) for name in (oldest, newest))
    return [f"3.{minor}" for minor in range(first, last + 1)]
