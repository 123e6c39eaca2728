# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules do not run on, and what is said of it.

A newer ansible-core refuses an old Python itself, in words of its own, before anything of this collection is imported.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

OLDEST_PYTHON = (3, 9)
OLDEST_CORE = (2, 16)


def python_problem(version: Any, path: str) -> str | None:
    """What is to be said of a Python of that version (``sys.version_info``), None where it will do."""
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return None
    return (
        f"dxops.dam_staging needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer where its modules run; this is "
        f"{version[0]}.{version[1]} ({path}). Set ansible_python_interpreter to a newer one."
    )


def core_problem(version: str) -> str | None:
    """What is to be said of an ansible-core (``2.15.3``), None where it will do, or where it is not known."""
    parts = re.match(r"(\d+)\.(\d+)", version)
    if parts is None or version == "0.0" or (int(parts[1]), int(parts[2])) >= OLDEST_CORE:
        return None
    return (
        f"dxops.dam_staging needs ansible-core {OLDEST_CORE[0]}.{OLDEST_CORE[1]} or newer; this is {version}. "
        "Update it where ansible-playbook runs."
    )


def refuse_old_python() -> None:
    """End the process with a failed task's result where the Python is too old."""
    problem = python_problem(sys.version_info, sys.executable)
    if problem is not None:
        sys.stdout.write(json.dumps({"failed": True, "msg": problem}))
        raise SystemExit(1)
