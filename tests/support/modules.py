# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a module's real ``main()`` without Ansible's controller: each in a process forked from a warm one.

The options come as Ansible hands them over, the result is the JSON on standard output, and the requests go over real
connections. A run costs some hundredths of a second; an ``ansible-playbook`` with one task costs more than one.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from ansible.module_utils.common.parameters import PASS_VARS

from support.connections import SPEED
from support.playbooks import COLLECTION, environment_for_modules
from tooling.paths import ROOT

_SECONDS = 60.0
FORKS = multiprocessing.get_context("forkserver")


def handed_over(module: str, args: Mapping[str, Any], folder: Path, check: bool = False, diff: bool = False) -> bytes:
    """Return the options of a module as Ansible hands them over; ``folder`` is the module's own."""
    internal = {
        "_ansible_module_name": f"{COLLECTION}.{module}",
        "_ansible_check_mode": check,
        "_ansible_diff": diff,
        "_ansible_remote_tmp": str(folder),
        "_ansible_tmpdir": str(folder),
        "_ansible_keep_remote_files": False,
    }
    if "inject_invocation" in PASS_VARS:  # without it, ansible-core 2.21 leaves the invocation out
        internal["_ansible_inject_invocation"] = True
    return json.dumps({"ANSIBLE_MODULE_ARGS": {**args, **internal}}).encode()


@dataclass(frozen=True)
class Outcome:
    """How a run ended: ``result`` is None if it printed none. ``memory`` is the growth of its peak memory, in KiB."""

    result: dict[str, Any] | None
    text: str
    errors: str
    code: int | None
    seconds: float
    memory: int

    @property
    def ok(self) -> bool:
        """Whether the task succeeded."""
        return self.result is not None and not self.result.get("failed") and self.code == 0

    @property
    def message(self) -> str:
        """The error's text, or the empty string."""
        return str((self.result or {}).get("msg", ""))

    def as_registered(self) -> dict[str, Any]:
        """Return the result as a playbook registers it. Raise ``AssertionError`` if there is none."""
        assert self.result is not None, f"no result, exit code {self.code}:\n{self.text}{self.errors}"
        return {"changed": False, **self.result, "failed": not self.ok}


class Run:
    """A module that runs in a process of its own, ``factor`` times faster than real time.

    ``folder`` is created and used by this module alone; ``env`` are additional environment variables.
    """

    def __init__(
        self,
        module: str,
        args: Mapping[str, Any],
        folder: Path,
        check: bool = False,
        diff: bool = False,
        env: Mapping[str, str] | None = None,
        factor: float = SPEED,
    ) -> None:
        warm_up()
        folder.mkdir(parents=True, exist_ok=True)
        self._out = folder.with_name(f"{folder.name}.out")
        self._out.mkdir(exist_ok=True)
        options = handed_over(module, args, folder, check, diff)
        variables = environment_for_modules() | dict(env or {})
        self._begin = time.monotonic()
        self.process: ForkServerProcess = FORKS.Process(
            target=_main, args=(module, options, str(folder), str(self._out), variables, factor), daemon=True
        )
        self.process.start()

    def end(self, seconds: float = _SECONDS) -> Outcome:
        """Wait for its end. Raise ``AssertionError`` if it takes longer than that."""
        self.process.join(seconds)
        late = self.process.is_alive()
        if late:
            self.process.kill()
            self.process.join()
        took = time.monotonic() - self._begin
        text, errors, usage = (self._read(name) for name in ("stdout", "stderr", "usage"))
        assert not late, f"The module did not end in {seconds:g} s:\n{text}{errors}"
        try:
            result = json.loads(text)
        except ValueError:
            result = None
        return Outcome(result, text, errors, self.process.exitcode, took, int(usage or 0))

    def _read(self, name: str) -> str:
        file = self._out / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


@functools.cache
def warm_up() -> None:
    """Start the process that all runs are forked from, with everything loaded."""
    # It gets its path by the environment alone.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / part) for part in (".build", "tests", "."))
    try:
        FORKS.set_forkserver_preload(["support.warm", __name__])
        FORKS.Process(target=int).start()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _main(module: str, options: bytes, folder: str, out: str, variables: dict[str, str], factor: float) -> None:
    from support import faster, warm

    for number, name in ((1, "stdout"), (2, "stderr")):
        descriptor = os.open(os.path.join(out, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    faster.set_factor(factor)
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        warm.run(module, options)
    finally:
        sys.stdout.flush()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        Path(out, "usage").write_text(str(most - begin), encoding="utf-8")


def start_main(name: str, args: Mapping[str, Any], folder: Path) -> subprocess.Popen[str]:
    """Start a module with an interpreter of its own, for tests that put limits on it from its very start.

    Its result is the JSON on its standard output.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "support.launch", name],
        env=environment_for_modules(),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdin is not None
    process.stdin.write(handed_over(name, args, folder).decode())
    process.stdin.close()
    process.stdin = None
    return process
