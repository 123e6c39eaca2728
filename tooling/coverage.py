# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of ``plugins/`` the tests run, branches included, in all the processes that they start."""

from __future__ import annotations

import os
import shutil

from tooling import environments
from tooling.paths import BUILD, ROOT
from tooling.process import Command, Failed, attempt, run, say

LEAST = 95
FOLDER = BUILD / "coverage"
# What is not counted, and why.
LEFT_OUT = {
    "plugins/doc_fragments/*": "documentation, no code",
}
# Lines by what stands in them, with what belongs to them.
LINES_LEFT_OUT = {
    "if __name__ == .__main__.:": "the end of a module, that every run of it goes through",
}
_EXCLUDED = "\n    ".join(LINES_LEFT_OUT)
SETTINGS = f"""\
[run]
branch = true
parallel = true
sigterm = true
source = {ROOT / "plugins"}
omit = {",".join(f"{ROOT / name}" for name in LEFT_OUT)}
data_file = {FOLDER / "data"}
patch = _exit, fork, subprocess

[report]
include_namespace_packages = true
precision = 1
show_missing = true
skip_covered = true
skip_empty = true
exclude_also =
    {_EXCLUDED}

[html]
directory = {FOLDER / "html"}
"""


def coverage(core: str | None, rest: list[str]) -> None:
    """Run the tests, or those that pytest is told; raise ``Failed`` where less than ``LEAST`` per cent was run."""
    made = environments.ensure("test", core)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    settings = FOLDER / "coverage.ini"
    settings.write_text(SETTINGS, encoding="utf-8")
    env = environments.variables(made)
    # What Ansible sends elsewhere runs from an archive, whose lines belong to no file here: the same modules are run
    # from their files by many tests.
    program: Command = [made.python, "-m", "coverage"]
    workers = [] if any(word.startswith("-n") for word in rest) else ["-n", "2", "--dist", "loadgroup"]
    pytest: Command = [*program, "run", f"--rcfile={settings}", "-m", "pytest", *workers, *rest]
    failed, _text = attempt(pytest, env, ROOT, show=True)
    code, text = attempt([*program, "combine", "--quiet", f"--rcfile={settings}"], env, ROOT)
    if code:
        raise Failed(f"nothing was measured:\n{text}")
    run([*program, "html", "--quiet", f"--rcfile={settings}"], env)
    code, _text = attempt([*program, "report", f"--rcfile={settings}", f"--fail-under={LEAST}"], env, ROOT, show=True)
    for name, reason in (LEFT_OUT | LINES_LEFT_OUT).items():
        say(f"left out: {name} ({reason})")
    say(f"each line: {os.path.relpath(FOLDER / 'html' / 'index.html', ROOT)}")
    if failed or code:
        raise Failed("the tests failed" if failed else f"less than {LEAST} per cent")
