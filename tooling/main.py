# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of ``dev.py``."""

from __future__ import annotations

import argparse
import time

from tooling import checks, demo, environments, tree
from tooling.process import Failed, run, say


def main(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and not options.takes_rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    begun = time.monotonic()
    try:
        tree.prepare()
        options.command(options)
    except Failed as problem:
        say(f"dev.py {options.name}: {problem}")
        return problem.code
    except PermissionError as problem:
        say(f"dev.py {options.name}: {problem}. The checkout has to be writable for you: clone it yourself.")
        return 1
    except KeyboardInterrupt:
        return 130
    if options.timed:
        say(f"dev.py {options.name}: done in {time.monotonic() - begun:.0f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description="Everything that a developer of this collection does.")
    parser.add_argument("--core", metavar="2.16", help="this minor version of ansible-core, instead of the newest")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)

    def add(name: str, command: object, text: str, rest: bool = False, timed: bool = True) -> None:
        sub = commands.add_parser(name, help=text, description=text, add_help=not rest)
        sub.set_defaults(command=command, takes_rest=rest, timed=timed)

    add("demo", lambda options: demo.show(options.core), "watch the main job on a stand-in of the product", timed=False)
    add("test", _test, "run all tests; what follows goes to pytest", rest=True, timed=False)
    add("lint", lambda options: checks.lint(), "style, types, documentation, changelog")
    add("format", lambda options: checks.reformat(), "let ruff rewrite the code in the project's style")
    add("sanity", lambda options: checks.sanity(options.core), "ansible-test sanity, on a copy of the tree")
    add("build", lambda options: checks.build(), "build the tarball and let galaxy-importer judge it")
    add("run", _run, "run any program of the test environment: dev.py run ansible-doc -l dxops.dam_staging", rest=True, timed=False)
    return parser


def _test(options: argparse.Namespace) -> None:
    made = environments.ensure("test", options.core)
    workers = [] if any(part.startswith(("-n", "--numprocesses")) for part in options.rest) else ["-n", "2"]
    spread = ["--dist", "loadfile"]
    run([made.python, "-m", "pytest", *workers, *spread, *options.rest], environments.variables(made))


def _run(options: argparse.Namespace) -> None:
    if not options.rest:
        raise Failed("say what to run, for example: dev.py run ansible --version")
    made = environments.ensure("test", options.core)
    run(options.rest, environments.variables(made))
