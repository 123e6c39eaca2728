# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of ``dev.py``."""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tooling import (
    coverage,
    demo,
    docs,
    environments,
    lint,
    matrix,
    molecule,
    mutants,
    packaging,
    release,
    sanity,
    tree,
)
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, run, say

Words = list[str]


@dataclass(frozen=True)
class Command:
    """What ``dev.py NAME`` does.

    ``rest`` says what may follow the name, empty for nothing. ``any_core`` tells whether ``--core`` means anything.
    """

    text: str
    act: Callable[[str | None, Words], object]
    rest: str = ""
    any_core: bool = True


def main(arguments: Words) -> int:
    """Run one command; return its exit code."""
    # What follows the command's name belongs to another program, so argparse must not look at it.
    end = next((number for number, word in enumerate(arguments, 1) if word in COMMANDS), len(arguments))
    options, rest = _parser().parse_args(arguments[:end]), arguments[end:]
    command = COMMANDS[options.name]
    begun = time.monotonic()
    try:
        if rest and not command.rest:
            raise Failed(f"takes no more words, but got: {' '.join(rest)}", 2)
        if options.core and not command.any_core:
            raise Failed("has an ansible-core of its own: --core means nothing here", 2)
        tree.prepare()
        with _ended_by_signals():
            command.act(options.core, rest)
    except Failed as problem:
        if str(problem):
            say(f"dev.py {options.name}: {problem}")
        return problem.code
    except PermissionError as problem:
        say(f"dev.py {options.name}: {problem}. The checkout has to be writable for you: clone it yourself.")
        return 1
    except KeyboardInterrupt:
        return 130
    if options.name not in CLOSES_ITSELF:
        say(f"dev.py {options.name}: done in {time.monotonic() - begun:.0f} s")
    return 0


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into what Ctrl-C is, so that nothing that we started or made is left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    old = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    width = max(len(f"{name} {command.rest}") for name, command in COMMANDS.items())
    listed = [f"  {f'{name} {command.rest}':<{width}}  {command.text}" for name, command in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="dev.py",
        usage="python3 dev.py [--core VERSION] COMMAND ...",
        description="Everything that a developer of this collection does.",
        epilog="commands:\n" + "\n".join(listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--core", metavar="VERSION", help="a minor version of ansible-core, 2.16 say, not the newest")
    parser.add_argument("name", metavar="COMMAND", choices=COMMANDS, help="one of the commands below")
    return parser


def _test(core: str | None, rest: Words) -> None:
    made = environments.ensure("test", core)
    own = any(word.startswith(("-n", "--numprocesses", "--dist", "--pdb")) for word in rest)
    spread = [] if own else ["-n", "3", "--dist", "loadgroup"]
    run([made.python, "-m", "pytest", *spread, *rest], environments.variables(made))


def _bench(core: str | None, rest: Words) -> None:
    made = environments.ensure("demo", core)
    path = os.pathsep.join([str(BUILD), str(ROOT / "tests"), str(ROOT)])
    run([made.python, "-m", "benchmarks", *rest], environments.variables(made) | {"PYTHONPATH": path})


def _run(core: str | None, rest: Words) -> None:
    if not rest:
        raise Failed("say what to run, for example: dev.py run ansible --version")
    made = environments.ensure("test", core)
    run(rest, environments.variables(made), Path.cwd())


def _plain(text: str, act: Callable[[Words], object], rest: str = "") -> Command:
    """A command that has an ansible-core of its own, or several."""
    return Command(text, lambda _core, words: act(words), rest, any_core=False)


COMMANDS = {
    "demo": Command("watch the main job on a stand-in of the product", lambda core, _rest: demo.show(core)),
    "test": Command("run all tests, or what pytest is told", _test, "[PYTEST ARGUMENTS]"),
    "lint": _plain("check style, types and documentation", lint.lint, "[CHECK ...]"),
    "format": _plain("rewrite code in the project's style", lint.reformat, "PATH ..."),
    "sanity": Command("run ansible-test sanity on a copy of the tree", sanity.sanity, "[ARGUMENTS]"),
    "bench": Command("measure the report, the cycle, the comparison of records", _bench, "[--quick | --help ...]"),
    "build": _plain("build the tarball and have Galaxy's importer judge it", lambda _rest: packaging.build()),
    "coverage": Command("run the tests and count what of plugins/ they run", coverage.coverage, "[PYTEST ARGUMENTS]"),
    "docs": _plain("build the documentation as a site, and follow its links", lambda _rest: docs.docs()),
    "matrix": _plain("run a short tour on every ansible-core and Python", matrix.matrix, "[corners | CORE ...]"),
    "molecule": Command("test the molecule scenarios, or some", molecule.molecule, "[SCENARIO ...]"),
    "mutants": _plain("see whether the unit tests notice faults", mutants.mutants, "[FILE ...]"),
    "release": _plain("do the steps of a release", release.release, "VERSION"),
    "run": Command("run a program of the test environment: run ansible --version", _run, "PROGRAM ..."),
}
# Their last line is somebody else's, and has to stay the last.
CLOSES_ITSELF = {"demo", "test", "run"}
