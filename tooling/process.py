# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting other programs in an environment that a user's own settings cannot change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tooling.paths import BUILD, HOME, ROOT

Command = Sequence[str | Path]

# Settings of the user's shell that would change what the tools do.
_FOREIGN = ("ANSIBLE_", "DX_", "GIT_", "MYPY", "PYTEST_", "PYTHON", "VIRTUAL_ENV")
_LOOPBACK = "127.0.0.1,localhost,127.0.0.0/8"


class Failed(Exception):  # noqa: N818 - read as a sentence where it is raised
    """The work cannot go on; ``code`` becomes the exit code.

    The message is for the person at the terminal; it is empty where a program that failed has said it all.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(text: str = "") -> None:
    """Print a line now, also where the output is a pipe."""
    print(text, flush=True)


def search_path(first: Path | None = None) -> str:
    """Return PATH less the folders of Python version switchers: their stand-ins for interpreters stop ansible-test."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    kept = [folder for folder in folders if not folder.rstrip(os.sep).endswith("shims")]
    return os.pathsep.join([str(first), *kept] if first else kept)


def environment(bin_folder: Path | None = None, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables for a tool: the caller's, less what would change results, plus the collection's path.

    HOME lies in the build folder, so that nothing is written to, or read from, the user's own.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    kept |= {
        "PATH": search_path(bin_folder),
        "LC_ALL": "C.UTF-8",
        "HOME": str(HOME),
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), _LOOPBACK])),
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_CONFIG": str(BUILD / "ansible.cfg"),
        "ANSIBLE_HOME": str(HOME / ".ansible"),
        "ANSIBLE_REMOTE_TMP": str(HOME / ".ansible" / "tmp"),
        "PYTHONUNBUFFERED": "1",
    }
    kept["no_proxy"] = kept["NO_PROXY"]
    return kept | dict(extra or {})


def run(command: Command, env: Mapping[str, str], cwd: Path = ROOT) -> None:
    """Run ``command``, its output going where ours goes. Raise ``Failed``, without a word, unless it ends with 0."""
    try:
        done = subprocess.run([str(part) for part in command], env=env, cwd=cwd, check=False)
    except FileNotFoundError as problem:
        raise Failed(str(problem), 127) from None
    if done.returncode:
        raise Failed("", done.returncode)


def attempt(command: Command, env: Mapping[str, str], cwd: Path, show: bool = False) -> tuple[int, str]:
    """Run ``command``; return its exit code and what it wrote, which is also shown as it comes if ``show`` is true."""
    lines = []
    with subprocess.Popen(
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if show:
                print(line, end="", flush=True)
    return process.returncode, "".join(lines)


def capture(command: Command, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run ``command`` and return what it wrote. Raise ``Failed``, with all of it, unless it ends with 0."""
    code, text = attempt(command, environment() if env is None else env, cwd)
    if code:
        raise Failed(f"{' '.join(str(part) for part in command)} ended with {code}:\n{text}")
    return text
