# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a module's ``main()`` alone, for tests that do it hundreds of times."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.playbooks import environment_for_modules

_SECONDS = 120


def handed_over(args: Mapping[str, Any], folder: Path, check: bool = False, diff: bool = False) -> str:
    """Return the options of a module as Ansible hands them over; ``folder`` is the module's own."""
    internal = {
        "_ansible_check_mode": check,
        "_ansible_diff": diff,
        "_ansible_remote_tmp": str(folder),
        "_ansible_tmpdir": str(folder),
        "_ansible_keep_remote_files": False,
    }
    return json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal}})


def start_main(
    name: str,
    args: Mapping[str, Any],
    folder: Path,
    check: bool = False,
    diff: bool = False,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a module; its result is the JSON on its standard output. For tests that kill it on the way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.launch", name],
        env=environment_for_modules() | dict(env or {}),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdin is not None
    process.stdin.write(handed_over(args, folder, check, diff))
    process.stdin.close()
    process.stdin = None
    return process


def run_main(
    name: str,
    args: Mapping[str, Any],
    folder: Path,
    check: bool = False,
    diff: bool = False,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a module to its end; return its result. Raise ``AssertionError``, with its output, if that is no JSON."""
    process = start_main(name, args, folder, check, diff, env)
    try:
        stdout, stderr = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        raise AssertionError(f"{name} did not end in {_SECONDS} s:\n{stdout}{stderr}") from None
    try:
        result: dict[str, Any] = json.loads(stdout)
    except ValueError:
        raise AssertionError(f"{name} ended with {process.returncode} and no result:\n{stdout}{stderr}") from None
    return {**result, "failed": bool(result.get("failed")) or process.returncode != 0}
