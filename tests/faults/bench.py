# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a module's ``main()`` by the hundred: each in a process of its own, forked from one that has it all loaded.

A run takes some hundredths of a second instead of some tenths, and is otherwise what it is in earnest: the options come
as Ansible hands them over, the result is the JSON on standard output, and the requests go over real connections.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from support.modules import handed_over
from support.playbooks import environment_for_modules
from tooling.paths import ROOT

# As many times faster as the stand-in of the functional tests.
FACTOR = 20.0
_SECONDS = 60.0
FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: ``result`` is None where it gave none. ``memory`` is the most it took beyond its start, KiB."""

    result: dict[str, Any] | None
    text: str
    errors: str
    code: int | None
    seconds: float
    memory: int

    @property
    def ok(self) -> bool:
        """Whether the task went well."""
        return self.result is not None and not self.result.get("failed") and self.code == 0

    @property
    def message(self) -> str:
        """The error's text, or the empty string."""
        return str((self.result or {}).get("msg", ""))


class Run:
    """A module under way in a process of its own."""

    def __init__(
        self,
        module: str,
        args: Mapping[str, Any],
        folder: Path,
        check: bool = False,
        diff: bool = False,
        env: Mapping[str, str] | None = None,
        factor: float = FACTOR,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._out = folder.with_name(f"{folder.name}.out")
        self._out.mkdir(exist_ok=True)
        options = encoded(args, folder, check, diff)
        variables = environment_for_modules() | dict(env or {})
        self._begin = time.monotonic()
        self.process: ForkServerProcess = FORKS.Process(
            target=_main, args=(module, options, str(folder), str(self._out), variables, factor), daemon=True
        )
        self.process.start()

    def end(self, seconds: float = _SECONDS) -> Outcome:
        """Wait for its end. Raise ``AssertionError`` where it takes longer than that."""
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


def encoded(args: Mapping[str, Any], folder: Path, check: bool = False, diff: bool = False) -> bytes:
    """Return the options of a module as it reads them; one that is None is not given."""
    given = {name: value for name, value in args.items() if value is not None}
    return handed_over(given, folder, check, diff).encode()


def warm_up() -> None:
    """Start the process that all runs are forked from; quick when it is there."""
    # It gets its path by the environment alone.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / part) for part in (".build", "tests", "."))
    try:
        FORKS.set_forkserver_preload(["faults.warm"])
        FORKS.Process(target=int).start()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _main(module: str, options: bytes, folder: str, out: str, variables: dict[str, str], factor: float) -> None:
    from faults import faster, warm

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
