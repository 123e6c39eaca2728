# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection ``awx.awx``, beside ours in the build folder: the role ``dam_awx`` calls its modules."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from tooling.paths import BUILD, REQUIREMENTS
from tooling.process import Failed, capture, say

AWX = Path("ansible_collections", "awx", "awx")
_REQUIREMENTS = REQUIREMENTS / "awx.txt"


def ensure(python: Path, build: Path = BUILD) -> Path:
    """Return the collection's folder, taken out of the package that brings it where it is missing or out of date.

    ``python`` is any interpreter with pip. Raise ``Failed`` where the package cannot be had.
    """
    folder = build / AWX
    if not _is_complete(folder):
        say("Fetching the collection awx.awx (once, 55 MB, of which 1 MB is kept) ...")
        with tempfile.TemporaryDirectory(prefix="awx-", dir=build) as work:
            _put(_fetch(python, Path(work)), folder)
    return folder


def _fetch(python: Path, work: Path) -> Path:
    try:
        capture([python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, "-r", _REQUIREMENTS])
    except Failed as problem:
        raise Failed(
            f"The collection awx.awx could not be fetched (is a package index reachable?)\n{problem}"
        ) from None
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        wheel.extractall(work, [name for name in wheel.namelist() if name.startswith(f"{AWX}/")])
    return work / AWX


def _put(fetched: Path, folder: Path) -> None:
    _stamp(fetched).write_text(_wanted(), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetched.rename(folder)
    except OSError:
        if not _is_complete(folder):  # two commands started at once, and the other one was quicker
            raise


def _is_complete(folder: Path) -> bool:
    return _stamp(folder).is_file() and _stamp(folder).read_text(encoding="utf-8") == _wanted()


def _stamp(folder: Path) -> Path:
    return folder / ".complete"


def _wanted() -> str:
    return _REQUIREMENTS.read_text(encoding="utf-8")
