# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The path ``ansible_collections/dxops/dam_staging``, whatever the clone's own folder is called."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tooling.paths import BUILD, COLLECTION, HOME, ROOT
from tooling.process import capture


def prepare() -> None:
    """Make the build folder, with a symbolic link to the root as the collection's path. Quick, and safe to repeat."""
    HOME.mkdir(parents=True, exist_ok=True)
    _lend_pip_settings()
    # An empty file of our own keeps the user's ansible.cfg, and one in the current folder, out of it.
    (BUILD / "ansible.cfg").touch()
    link = BUILD / COLLECTION
    target = os.path.relpath(ROOT, link.parent)
    if not (link.is_symlink() and os.readlink(link) == target):
        _link(link, target)


def _link(link: Path, target: str | Path) -> None:
    """Make a symbolic link or replace the one there is, in one step: other commands may do the same at this moment."""
    link.parent.mkdir(parents=True, exist_ok=True)
    spare = link.with_name(f".{link.name}.{os.getpid()}")
    spare.symlink_to(target)
    spare.replace(link)


def _lend_pip_settings() -> None:
    """Let pip, where a tool starts it with our HOME, find the index that the user has set up."""
    own = os.environ.get("HOME")
    for name in (".pip", ".config/pip"):
        theirs, ours = Path(own or os.devnull, name), HOME / name
        if theirs.is_dir() and theirs != ours and not ours.is_symlink():
            _link(ours, theirs)


def files(*options: str) -> list[str]:
    """Return the files that ``git ls-files`` lists with these options, less those that git ignores."""
    listed = capture(["git", "-c", f"safe.directory={ROOT}", "ls-files", *options, "--exclude-standard", "-z"])
    return [name for name in listed.split("\0") if name]


def copy(folder: Path) -> Path:
    """Copy what git tracks or would track to the collection's path under ``folder``; return the copy.

    ansible-test takes neither a symbolic link nor a folder that git ignores, so the copy is a repository of its own.
    """
    copied = folder / COLLECTION
    shutil.rmtree(copied, ignore_errors=True)
    copied.mkdir(parents=True)
    for name in files("--cached", "--others"):
        source, target = ROOT / name, copied / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    capture(["git", "init", "--quiet"], cwd=copied)
    capture(["git", "add", "--all"], cwd=copied)
    return copied
