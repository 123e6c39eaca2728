# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutation tests: small faults put into the code of a copy, each of which some unit test has to notice."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tooling import tree
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, capture

FOLDER = BUILD / "mutants"
UTILS = Path("plugins", "module_utils")
TESTS = Path("tests", "unit", "plugins", "module_utils")
TARGETS = ["_waiting.py", "_dam/paging.py", "_staging/*.py", "_report/*.py"]
OPTIONS = "-p _hypothesis_pytestplugin --hypothesis-profile=unshrunk -m 'not needs_chromium'"
# Of the faults of an operator, the ones that are hard to notice: a limit that is one off, or a wrong sign.
SETTINGS = """\
[cosmic-ray]
module-path = "{module}"
timeout = {timeout:.1f}
excluded-modules = []
test-command = "python -m pytest -x -q {options} {tests}"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = [
    "core/RemoveDecorator",
    "core/ReplaceBinaryOperator_(?!Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|Pow_Mul)",
    "core/ReplaceComparisonOperator_(?!Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Is_IsNot|IsNot_Is|In_NotIn|NotIn_In)",
]
"""


def targets() -> list[str]:
    """Return the files that are mutated, as paths below ``plugins/module_utils``."""
    return [str(path.relative_to(ROOT / UTILS)) for name in TARGETS for path in sorted((ROOT / UTILS).glob(name))]


def tests_of(target: str) -> list[Path]:
    """Return the tests that have to notice: those of the file itself first, then all of its folder."""
    folder = TESTS / Path(target).parent
    own = folder / f"test_{Path(target).stem.lstrip('_')}.py"
    return ([own] if (ROOT / own).exists() else []) + ([folder] if folder != TESTS else [])


def mutants(names: Sequence[str]) -> None:
    """Mutate the files, or those that are named, one on each core; raise ``Failed`` if a fault was not noticed."""
    if unknown := sorted(set(names) - set(targets())):
        raise Failed(f"not among the files that are mutated: {', '.join(unknown)}; there are: {', '.join(targets())}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    # Plugins of pytest that these tests do not use take longer to load than the tests to run.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        unnoticed = sum(pool.map(_mutate, names or targets()))
    if unnoticed:
        raise Failed(f"{unnoticed} faults were not noticed: add a test for each, or see why it is no fault")


def _mutate(name: str) -> int:
    """Return how many faults in one file were not noticed, and print them."""
    place = FOLDER / name.replace("/", ".")
    copied, settings, session = tree.copy(place), place / "settings.toml", place / "session.sqlite"
    tests = " ".join(map(str, tests_of(name)))

    def write_settings(timeout: float) -> None:
        text = SETTINGS.format(module=UTILS / name, options=OPTIONS, tests=tests, timeout=timeout)
        settings.write_text(text, encoding="utf-8")

    write_settings(600)
    begun = time.monotonic()
    capture(["cosmic-ray", "baseline", settings], os.environ, copied)
    # A fault that makes a loop endless is noticed, too.
    write_settings(5 + 2 * (time.monotonic() - begun))
    capture(["cosmic-ray", "init", settings, session], os.environ, copied)
    capture(["cr-filter-operators", session, settings], os.environ, copied)
    capture(["cosmic-ray", "exec", settings, session], os.environ, copied)
    dump = capture(["cosmic-ray", "dump", session], os.environ, copied)
    results = [json.loads(line)[1] for line in dump.splitlines() if line.startswith("[")]
    done = [result for result in results if result and result["worker_outcome"] == "normal"]
    unnoticed = [result for result in done if result["test_outcome"] == "survived"]
    lines = [f"--- {name}: {len(done) - len(unnoticed)}/{len(done)} noticed"]
    for result in unnoticed:
        lines += ["not noticed:", *re.findall(r"^[-+](?![-+]).*", result["diff"], re.MULTILINE)]
    print("\n".join(lines), flush=True)
    return len(unnoticed)
