# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judges: style, types, documentation, packaging, and Ansible's own sanity tests."""

from __future__ import annotations

from tooling import environments
from tooling.process import Failed, run, say


def lint() -> None:
    """Run every static check, all of them even when one fails."""
    made = environments.ensure("lint")
    env = environments.variables(made)
    bin_folder = made.bin
    packages = ["ansible_collections.dxops.dam_staging.plugins", "damsim", "tooling"]
    steps = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", *[part for package in packages for part in ("-p", package)]],
        ["yamllint", "--strict", "."],
    ]
    failed = []
    for step in steps:
        say(f"--- {' '.join(step)}")
        try:
            run([bin_folder / step[0], *step[1:]], env)
        except Failed:
            failed.append(step[0])
    if failed:
        raise Failed(f"not clean: {', '.join(failed)}")


def reformat() -> None:
    """Rewrite the code in the project's style."""
    made = environments.ensure("lint")
    env = environments.variables(made)
    run([made.bin / "ruff", "check", "--fix", "--exit-zero", "--quiet", "."], env)
    run([made.bin / "ruff", "format", "."], env)


def sanity(core: str | None) -> None:
    raise Failed("not yet")


def build() -> None:
    raise Failed("not yet")
