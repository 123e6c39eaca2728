# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of modules by the thousand: a process that does one after the other, each with its real ``main()``.

A third of the time of a process for each. What one run leaves behind in memory, the next one meets: good enough where
what the servers end up with is looked at, and not what a process leaves.
"""

from __future__ import annotations

import io
import json
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from support.modules import FORKS, Outcome, handed_over, warm_up
from support.playbooks import environment_for_modules

_SECONDS = 60.0


class Player:
    """A process that runs modules; see ``players``."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._enter()

    def _enter(self) -> None:
        self._pipe, there = FORKS.Pipe()
        work = (there, environment_for_modules(), self._factor)
        self._process = FORKS.Process(target=_play, args=work, daemon=True)
        self._process.start()
        there.close()

    def begin(self, module: str, args: Mapping[str, Any], folder: Path, check: bool = False) -> None:
        """Start a module; ``folder`` is its own and is made."""
        folder.mkdir()
        self._pipe.send((module, handed_over(module, args, folder, check), str(folder)))

    def end(self) -> Outcome:
        """Wait for its end. Raise ``AssertionError`` where it takes too long."""
        begin = time.monotonic()
        if not self._pipe.poll(_SECONDS):
            self.leave()
            self._enter()
            raise AssertionError(f"The module did not end in {_SECONDS:g} s.")
        text, errors, code = self._pipe.recv()
        try:
            result = json.loads(text)
        except ValueError:
            result = None
        return Outcome(result, text, errors, code, time.monotonic() - begin, 0)

    def leave(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


@contextmanager
def players(number: int, factor: float) -> Iterator[list[Player]]:
    """Start so many players, that many times faster than real time, and end them with the block."""
    warm_up()
    all_ = [Player(factor) for _each in range(number)]
    try:
        yield all_
    finally:
        for each in all_:
            each.leave()


def _play(pipe: Connection[Any, Any], variables: dict[str, str], factor: float) -> None:
    from support import faster, warm

    os.environ.clear()
    os.environ.update(variables)
    faster.set_factor(factor)
    while True:
        try:
            module, options, folder = pipe.recv()
        except EOFError:
            return
        os.chdir(folder)
        text, errors, code = io.StringIO(), io.StringIO(), 1
        with redirect_stdout(text), redirect_stderr(errors):
            try:
                warm.run(module, options)
            except SystemExit as end:
                code = int(end.code or 0)
            except Exception:  # noqa: BLE001 - what Python would print at the end of a process
                traceback.print_exc()
        os.chdir("/")
        pipe.send((text.getvalue(), errors.getvalue(), code))
