# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The static checks: style, types, YAML, playbooks, documentation, changelog."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tooling import environments
from tooling.paths import ROOT
from tooling.process import Failed, attempt, run, say

PACKAGES = [
    "ansible_collections.dxops.dam_staging.plugins",
    "ansible_collections.dxops.dam_staging.extensions",
    "benchmarks",
    "damsim",
    "support",
    "tooling",
]
CHECKS: dict[str, list[str]] = {
    "ansible-lint": ["ansible-lint", "--offline", "--profile", "production", "--nocolor"],
    "mypy": ["mypy", *(word for package in PACKAGES for word in ("-p", package))],
    "antsibull-docs": [
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs=all",
        ".",
    ],
    "antsibull-changelog": ["antsibull-changelog", "lint"],
    "reuse": ["reuse", "lint", "--lines"],
    "ruff check": ["ruff", "check", "--no-cache", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--no-cache", "--check", "--quiet", "--output-format", "concise", "."],
    "yamllint": ["yamllint", "--strict", "."],
}


def lint(only: list[str]) -> None:
    """Run the static checks (``only`` some, by name), two at a time, all of them even when one fails."""
    unknown = sorted(set(only) - set(CHECKS))
    if unknown:
        raise Failed(f"no such check: {', '.join(unknown)}; there are: {', '.join(CHECKS)}")
    made = environments.ensure("lint")
    with ThreadPoolExecutor(max_workers=2) as pool:
        clean = list(pool.map(lambda name: _check(made, name), only or CHECKS))
    failed = [name for name, good in zip(only or CHECKS, clean, strict=True) if not good]
    if failed:
        raise Failed(f"not clean: {', '.join(failed)}")


def _check(made: environments.Environment, name: str) -> bool:
    command = CHECKS[name]
    begun = time.monotonic()
    code, text = attempt([made.bin / command[0], *command[1:]], environments.variables(made), ROOT)
    verdict = "ok" if code == 0 else f"FAILED ({code})"
    report = f"--- {name}: {verdict}, {time.monotonic() - begun:.1f} s"
    say(report if code == 0 else f"{report}\n{text.rstrip()}")
    return code == 0


def reformat(paths: list[str]) -> None:
    """Rewrite ``paths`` in the project's style. The whole checkout is refused: others may be at work in it."""
    targets = [Path(ROOT, path).resolve() for path in paths]
    if not targets or any(target == ROOT or target in ROOT.parents for target in targets):
        raise Failed("name the files or folders of your change: dev.py format plugins/modules/dam_resync.py", 2)
    made = environments.ensure("lint")
    env = environments.variables(made)
    run([made.bin / "ruff", "check", "--no-cache", "--fix", "--exit-zero", "--quiet", *targets], env)
    run([made.bin / "ruff", "format", "--no-cache", *targets], env)
