# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own sanity tests, on a copy of the tree, with nothing fetched but packages from the index."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from tooling import environments, tree
from tooling.paths import BUILD, HOME
from tooling.process import Command, Failed, attempt, capture

# What it says, with exit code 0, when it has looked at nothing.
NOTHING_SEEN = "All targets skipped"


def sanity(core: str | None, more: list[str]) -> None:
    """Run ``ansible-test sanity``; ``more`` goes to it. Raise ``Failed`` also when it has looked at nothing."""
    made = environments.ensure("sanity", core)
    _provide_pip(made)
    env = environments.variables(made)
    with _workplace() as folder:
        copied = tree.copy(Path(folder))
        ignored = sorted(path.name for path in copied.glob("tests/sanity/ignore*"))
        if ignored:
            raise Failed(f"the collection makes no exceptions for itself, but there is {', '.join(ignored)}")
        command: Command = [made.python, made.bin / "ansible-test", "sanity", "--local", "--color", "no", *more]
        code, text = attempt(command, env, copied, show=True)
    if code:
        raise Failed("ansible-test sanity found something", code)
    if NOTHING_SEEN in text:
        raise Failed("ansible-test has looked at nothing, so this proves nothing")


def _workplace() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for the copy, in the build folder unless a space in its path would stop ansible-test."""
    return tempfile.TemporaryDirectory(prefix="sanity-", dir=None if " " in str(BUILD) else BUILD)


def _provide_pip(made: environments.Environment) -> None:
    """Put pip where ansible-test looks before it downloads a script from a place that not every network reaches."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    where = capture([made.python, "-c", "import ansible_test; print(ansible_test.__path__[0])"]).strip()
    source = Path(where, "_internal", "python_requirements.py").read_text(encoding="utf-8")
    for version in sorted(set(re.findall(r"\bpip='([0-9.]+)'", source))):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not list(cache.glob(f"pip-{version}-*.whl")):
            download: Command = [
                made.python,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                cache,
                f"pip=={version}",
            ]
            capture(download)
        shutil.copyfile(Path(__file__).with_name("get_pip.py"), script)
