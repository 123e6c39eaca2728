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

# Settings of the user's shell that would change what the tools do.
_FOREIGN = ("ANSIBLE_", "DX_", "GIT_", "MYPY", "NOX", "PYTEST_", "PYTHON", "VIRTUAL_ENV")
_LOOPBACK = "127.0.0.1,localhost,127.0.0.0/8"


class Failed(SystemExit):
    """The work cannot go on, for the reason that the message gives."""


def search_path(first: Path | None = None) -> str:
    """Return PATH with ``first`` before it, without the shims of Python version switchers: they stop ansible-test."""
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
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    kept["no_proxy"] = kept["NO_PROXY"]
    return kept | dict(extra or {})


def capture(command: Sequence[str | Path], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run ``command`` and return what it wrote. Raise ``Failed``, with all of it, unless it ends with 0."""
    done = subprocess.run(
        command,
        check=False,
        env=environment() if env is None else env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
