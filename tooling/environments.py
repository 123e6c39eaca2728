# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments: one for each Python and set of requirements, made when they are first needed."""

from __future__ import annotations

import atexit
import fcntl
import functools
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tooling.interpreters import Interpreter, own
from tooling.paths import REQUIREMENTS, ROOT, VENVS
from tooling.process import Failed, capture, environment, say, search_path

NEWEST = "newest"
# Settings of pip that would put packages somewhere else.
_PIP_ELSEWHERE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_CONSTRAINT")


@dataclass(frozen=True)
class Environment:
    """A virtual environment that is ready for use."""

    folder: Path

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return self.folder / "bin"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.bin / "python"


def ensure(
    name: str, core: str | None = None, base: Interpreter | None = None, limits: Sequence[str] = ()
) -> Environment:
    """Return the environment for the requirement file ``name``, made anew when it is missing, half-made or out of date.

    ``core`` (``2.16``) asks for that minor version of ansible-core, ``newest`` for the newest one even where the file
    asks for none; ``base`` for another Python than the one that runs this; ``limits`` are more requirements.
    """
    base = base or own()
    suffix = "".join(f"-{each}" for each in ([f"core{core}"] if core else []) + [_as_name(each) for each in limits])
    folder = VENVS / f"{base.name}-{name}{suffix}"
    requirements = REQUIREMENTS / f"{name}.txt"
    wanted_core = [] if core is None else ["ansible-core"] if core == NEWEST else [f"ansible-core~={core}.0"]
    more = [*wanted_core, *limits]
    wanted = _fingerprint(requirements, [base.path, base.text, str(folder), *more])
    stamp = folder / ".complete"
    with _lock(folder):
        if not (stamp.is_file() and stamp.read_text() == wanted and (folder / "bin" / "python").exists()):
            say(f"Making the environment {folder.relative_to(ROOT)} (once; a minute or two) ...")
            shutil.rmtree(folder, ignore_errors=True)
            _make(base.path, folder, ["-r", str(requirements), *more])
            stamp.write_text(wanted)
    return Environment(_without_spaces(folder))


def _as_name(requirement: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", requirement)


@functools.cache
def _without_spaces(folder: Path) -> Path:
    """Return a path to ``folder`` without white space, valid while this process lives.

    Older releases of ansible-core put the interpreter's path into a shell command as it is.
    """
    if not any(character.isspace() for character in str(folder)):
        return folder
    place = Path(tempfile.mkdtemp(prefix="dam-staging-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    alias = place / folder.name
    alias.symlink_to(folder)
    return alias


def _make(base: str, folder: Path, requirements: list[str]) -> None:
    env = {name: value for name, value in os.environ.items() if name not in _PIP_ELSEWHERE}
    env = {name: value for name, value in env.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    env |= {"PATH": search_path(), "LC_ALL": "C.UTF-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    try:
        capture([base, "-m", "venv", folder], env)
    except Failed as problem:
        raise Failed(
            f"No virtual environment could be made. On Debian and Ubuntu install python3-venv.\n{problem}"
        ) from None
    try:
        capture([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements], env)
    except Failed as problem:
        raise Failed(f"The requirements could not be installed (is a package index reachable?)\n{problem}") from None


def _fingerprint(requirements: Path, more: list[str]) -> str:
    digest = hashlib.sha256()
    for text in [*_texts(requirements), *more]:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _texts(requirements: Path) -> Iterator[str]:
    text = requirements.read_text(encoding="utf-8")
    yield text
    for line in text.splitlines():
        if line.startswith("-r "):
            yield from _texts(requirements.parent / line[3:].strip())


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Two commands started at once do not make the same environment together."""
    try:
        VENVS.mkdir(exist_ok=True)
        with open(VENVS / f"{folder.name}.lock", "w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
    except PermissionError as problem:
        raise Failed(f"{problem}. The checkout has to be writable for you: clone it yourself.") from None


def variables(made: Environment) -> dict[str, str]:
    """Return the variables for programs of this environment."""
    return environment(made.bin)
