# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a command, measured; and the medians of several."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MEASURE = Path(__file__).with_name("measure.py")


@dataclass(frozen=True)
class Figures:
    """Seconds by the clock and of the processors, peak memory of the largest process in MiB, requests."""

    wall: float
    cpu: float
    peak: float
    requests: float


class Wrong(Exception):  # noqa: N818 - read as a sentence where it is raised
    """A contender failed, or did not do what all have to do."""


def measured(command: Sequence[str | Path], folder: Path, env: dict[str, str], stdin: str = "") -> Figures:
    """Run a command; return what it took. The requests are the server's to count."""
    result = folder / "measured.json"
    result.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(_MEASURE), str(result), *map(str, command)],
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"[-4000:])
    taken = json.loads(result.read_text(encoding="utf-8"))
    return Figures(taken["wall"], taken["cpu"], taken["peak"], 0)


def median(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    return Figures(
        *(statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu", "peak", "requests"))
    )
