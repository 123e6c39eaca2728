# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine, by their real paths, and the releases of ansible-core that run on them."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tooling.process import Failed, search_path

NEWEST = "newest"
# The oldest and the newest minor version of Python 3 that each ansible-core takes where it runs, by its documentation.
PYTHONS = {
    "2.16": (10, 12),
    "2.17": (10, 12),
    "2.18": (11, 13),
    "2.19": (11, 13),
    "2.20": (12, 14),
    NEWEST: (12, 14),
}
_PROBE = "import ensurepip, os, sys, venv; print(os.path.realpath(sys.executable))"


class Interpreter(NamedTuple):
    """A Python that can make virtual environments; ``name`` is its minor version, ``3.12``."""

    name: str
    path: str


def own() -> Interpreter:
    """Return the Python that runs this."""
    return Interpreter(f"{sys.version_info.major}.{sys.version_info.minor}", os.path.realpath(sys.executable))


@functools.cache
def find(name: str) -> Interpreter | None:
    """Return a Python of the minor version ``name``, on PATH or of pyenv, or None if this machine has none."""
    if name == own().name:
        return own()
    pyenv = os.environ.get("PYENV_ROOT") or Path(pwd.getpwuid(os.getuid()).pw_dir, ".pyenv")
    candidates = [shutil.which(f"python{name}", path=search_path())]
    candidates += [str(path) for path in Path(pyenv).glob(f"versions/{name}.*/bin/python{name}")]
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", _PROBE], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Interpreter(name, done.stdout.strip())
    return None


def legs(words: Sequence[str] = ()) -> tuple[list[tuple[str, Interpreter]], list[str]]:
    """Return each ansible-core with the oldest and the newest Python that it takes here, and what is missing here.

    ``words`` are some of the versions of ansible-core, or ``corners``: the oldest on its oldest Python and the newest
    on its newest. Raise ``Failed`` if there is nothing to run.
    """
    if unknown := sorted(set(words) - {"corners", *PYTHONS}):
        raise Failed(f"takes nothing, corners, or some of {', '.join(PYTHONS)}; not {', '.join(unknown)}")
    chosen, missing = [], []
    for core, ends in PYTHONS.items():
        here = [found for minor in range(ends[0], ends[1] + 1) if (found := find(f"3.{minor}"))]
        chosen += [(core, python) for python in dict.fromkeys(here[:1] + here[-1:])]
        names = {python.name for python in here[:1] + here[-1:]}
        missing += [f"ansible-core {core}: no Python 3.{end} here" for end in ends if f"3.{end}" not in names]
    if "corners" in words:
        chosen = list(dict.fromkeys([*chosen[:1], *chosen[-1:]]))
    elif words:
        chosen = [(core, python) for core, python in chosen if core in words]
    if not chosen:
        raise Failed("there is no Python to run any of them with")
    return chosen, missing
