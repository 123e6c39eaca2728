# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments: one for each Python and requirement file, made when it is first needed.

nox has one for each session, and keeps it when a requirement file changes. Sessions, tests and nox itself share these.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tooling.interpreters import NEWEST, Interpreter, own
from tooling.paths import REQUIREMENTS, VENVS
from tooling.process import Failed, capture


class Environment(NamedTuple):
    """A virtual environment that is ready for use, the folder of its programs, and its interpreter."""

    folder: Path
    bin: Path
    python: Path


def ensure(
    name: str, core: str | None = None, base: Interpreter | None = None, limits: Sequence[str] = ()
) -> Environment:
    """Return the environment for the requirement file ``name``, made anew if it is missing, half-made or out of date.

    ``core`` (``2.16``) asks for that minor version of ansible-core, ``newest`` for the newest one even if the file
    asks for none; ``base`` for another Python than the one that runs this; ``limits`` are more requirements.
    """
    base = base or own()
    parts = [base.name, name, *([f"core{core}"] if core else []), *limits]
    folder = VENVS / "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", part) for part in parts)
    made = Environment(folder, folder / "bin", folder / "bin" / "python")
    more = [{None: "", NEWEST: "ansible-core"}.get(core, f"ansible-core~={core}.0"), *limits]
    wanted = "\n".join([base.path, *more, *_lines(REQUIREMENTS / f"{name}.txt")])
    stamp = folder / ".complete"
    VENVS.mkdir(parents=True, exist_ok=True)
    with open(VENVS / f"{folder.name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another command may make the same one
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and made.python.exists()):
            print(f"Making the environment {folder} (once; up to a minute) ...", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            _make(base.path, folder, ["-r", str(REQUIREMENTS / f"{name}.txt"), *filter(None, more)])
            stamp.write_text(wanted, encoding="utf-8")
    return made


def _make(base: str, folder: Path, requirements: list[str]) -> None:
    try:
        capture([base, "-m", "venv", folder])
    except Failed as problem:
        raise Failed(
            f"{problem}\nNo virtual environment could be made. On Debian and Ubuntu install python3-venv."
        ) from None
    try:
        capture([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements])
    except Failed as problem:
        raise Failed(f"{problem}\nThe requirements could not be installed. Is a package index reachable?") from None


def _lines(requirements: Path) -> list[str]:
    """Return the lines of a requirement file and of those that it includes."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    included = [requirements.parent / line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    return [*lines, *(line for path in included for line in _lines(path))]
