# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios under ``extensions/molecule``, each with a stand-in of its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tooling import environments
from tooling.paths import ROOT
from tooling.process import Failed, attempt, say

EXTENSIONS = ROOT / "extensions"


def scenarios() -> list[str]:
    """Return the names of the scenarios there are."""
    return sorted(path.parent.name for path in EXTENSIONS.glob("molecule/*/molecule.yml"))


def molecule(core: str | None, only: list[str]) -> None:
    """Test the scenarios (``only`` some), two at a time, all of them even when one fails."""
    unknown = sorted(set(only) - set(scenarios()))
    if unknown:
        raise Failed(f"no such scenario: {', '.join(unknown)}; there are: {', '.join(scenarios())}", 2)
    made = environments.ensure("molecule", core)
    chosen = only or scenarios()
    with ThreadPoolExecutor(max_workers=2) as pool:
        good = list(pool.map(lambda name: _test(made, name), chosen))
    failed = [name for name, passed in zip(chosen, good, strict=True) if not passed]
    if failed or not chosen:
        raise Failed(f"not good: {', '.join(failed) or 'there are no scenarios'}")


def _test(made: environments.Environment, name: str) -> bool:
    begun = time.monotonic()
    env = environments.variables(made) | {"NO_COLOR": "1"}
    code, text = attempt([made.bin / "molecule", "test", "--scenario-name", name], env, Path(EXTENSIONS))
    verdict = "ok" if code == 0 else f"FAILED ({code})"
    report = f"--- {name}: {verdict}, {time.monotonic() - begun:.1f} s"
    say(report if code == 0 else f"{report}\n{text.rstrip()}")
    return code == 0
