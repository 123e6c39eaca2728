# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection ``awx.awx``, beside ours in the build folder: the role ``dam_awx`` calls its modules."""

from __future__ import annotations

import fcntl
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from tooling.paths import BUILD, REQUIREMENTS
from tooling.process import capture

AWX = Path("ansible_collections", "awx", "awx")
_REQUIREMENTS = REQUIREMENTS / "awx.txt"


def ensure(build: Path = BUILD) -> Path:
    """Return the collection's folder, taken out of the package that brings it if it is missing or out of date.

    The package has 55 MB, of which 1 MB is kept.
    """
    folder = build / AWX
    stamp, wanted = folder / ".complete", _REQUIREMENTS.read_text(encoding="utf-8")
    with open(build / "awx.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test run may fetch it, too
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
            shutil.rmtree(folder, ignore_errors=True)
            _fetch(build)
            stamp.write_text(wanted, encoding="utf-8")
    return folder


def _fetch(build: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="awx-", dir=build) as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        capture([*pip, "--dest", work, "-r", _REQUIREMENTS])
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as wheel:
            wheel.extractall(build, [name for name in wheel.namelist() if name.startswith(f"{AWX}/")])
