# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine, by their real paths: version switchers' stand-ins stop Ansible's own discovery."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROBE = "import ensurepip, os, sys, venv; print(os.path.realpath(sys.executable)); print(sys.version)"


@dataclass(frozen=True, order=True)
class Interpreter:
    """A Python that can make virtual environments. ``minor`` is (3, 12); ``text`` is what it says of its version."""

    minor: tuple[int, int]
    text: str
    path: str

    @property
    def name(self) -> str:
        """``3.12``."""
        return f"{self.minor[0]}.{self.minor[1]}"


def own() -> Interpreter:
    """Return the Python that runs this."""
    return Interpreter((sys.version_info.major, sys.version_info.minor), sys.version, os.path.realpath(sys.executable))


@functools.cache
def find(name: str) -> Interpreter | None:
    """Return a Python of the minor version ``name`` (``3.12``), or None where this machine has none."""
    if own().name == name:
        return own()
    for candidate in _candidates(name):
        found = _probe(candidate)
        if found and found.name == name:
            return found
    return None


def _candidates(name: str) -> Iterator[str]:
    yield f"python{name}"
    for root in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"):
        if root:
            yield from (str(path) for path in sorted(Path(root, "versions").glob(f"{name}.*/bin/python{name}")))
    yield from (f"{folder}/python{name}" for folder in ("/usr/local/bin", "/usr/bin", f"/opt/python{name}/bin"))


def _probe(candidate: str) -> Interpreter | None:
    try:
        done = subprocess.run([candidate, "-c", _PROBE], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    path, _newline, text = done.stdout.strip().partition("\n")
    version = re.match(r"(\d+)\.(\d+)", text)
    if done.returncode or not version:
        return None
    return Interpreter((int(version[1]), int(version[2])), text, path)
