# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutation tests: small faults put into the code of a copy, each of which some unit test has to notice."""

from __future__ import annotations

import json
import re
import shutil

from tooling import environments, tree
from tooling.paths import BUILD
from tooling.process import Command, Failed, attempt, capture, say

FOLDER = BUILD / "mutants"
TESTS = "tests/unit/plugins/module_utils"
# What is mutated, and the tests that have to notice.
TARGETS = {
    "_staging": [f"{TESTS}/test_staging.py"],
    "_wait": [f"{TESTS}/test_wait.py"],
    "_report": [f"{TESTS}/test_report.py", f"{TESTS}/test_rows.py"],
    "_summary": [f"{TESTS}/test_report.py", f"{TESTS}/test_rows.py"],
    "_formats": [f"{TESTS}/test_report.py"],
    "_columns": [f"{TESTS}/test_report.py"],
    "_draft": [f"{TESTS}/test_draft.py", f"{TESTS}/test_report.py"],
    "_reread": [f"{TESTS}/test_report.py"],
}
SETTINGS = """\
[cosmic-ray]
module-path = "{module}"
timeout = 30.0
excluded-modules = []
test-command = "{python} -m pytest -x -q {tests}"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = ["core/ReplaceBinaryOperator_(BitOr|Add_(Mod|Pow|RShift|LShift|Bit.*|FloorDiv)).*"]
"""


def mutants(only: list[str]) -> None:
    """Mutate the files (``only`` some) one after the other; raise ``Failed`` where a fault was not noticed."""
    unknown = sorted(set(only) - set(TARGETS))
    if unknown:
        raise Failed(f"no such file: {', '.join(unknown)}; there are: {', '.join(TARGETS)}", 2)
    made = environments.ensure("mutants")
    survived = sum(_mutate(made, name) for name in only or TARGETS)
    if survived:
        raise Failed(f"{survived} faults were not noticed: kill them with a test, or see why they are none")


def _mutate(made: environments.Environment, name: str) -> int:
    """Return how many faults in one file were not noticed, and say which."""
    place = FOLDER / name
    shutil.rmtree(place, ignore_errors=True)
    copied = tree.copy(place)
    # Plugins of pytest that these tests do not use take longer to load than the tests to run.
    env = environments.variables(made) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    settings, session = place / "settings.toml", place / "session.sqlite"
    module = copied / "plugins" / "module_utils" / f"{name}.py"
    tests = " ".join(TARGETS[name])
    settings.write_text(
        SETTINGS.format(module=module.relative_to(copied), python=made.python, tests=tests), encoding="utf-8"
    )
    program: Command = [made.bin / "cosmic-ray"]
    capture([made.python, "-c", "from tooling import tree; tree.prepare()"], env, copied)
    capture([*program, "baseline", settings], env, copied)
    capture([*program, "init", settings, session], env, copied)
    capture([made.bin / "cr-filter-operators", session, settings], env, copied)
    capture([*program, "exec", settings, session], env, copied)
    code, text = attempt([*program, "dump", session], env, copied)
    if code:
        raise Failed(text)
    results = [json.loads(line) for line in text.splitlines() if line.startswith("[")]
    done = [result for _item, result in results if result and result.get("worker_outcome") == "normal"]
    alive = [result for result in done if result["test_outcome"] == "survived"]
    for result in alive:
        changed = re.findall(r"^[-+](?![-+]).*", result["diff"] or "", re.MULTILINE)
        say("\n".join([f"--- {name}: not noticed", *changed]))
    say(f"{name}: {len(done)} faults, {len(done) - len(alive)} noticed")
    if not done:
        raise Failed(f"nothing in {name} was mutated")
    return len(alive)
