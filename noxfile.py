# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of ``dev.py``, which starts them with clean variables and shows their docstrings as help."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import tooling.demo  # noqa: E402
import tooling.interpreters  # noqa: E402
import tooling.mutants  # noqa: E402
import tooling.packaging  # noqa: E402
import tooling.release  # noqa: E402
import tooling.sanity  # noqa: E402
from tooling.environments import Environment, ensure  # noqa: E402
from tooling.paths import BUILD  # noqa: E402
from tooling.process import environment  # noqa: E402

Command = Sequence[str | Path]

CORE = os.environ.get("DEV_CORE") or None
CHECKS = {
    "ansible-lint": "ansible-lint --offline --profile production --nocolor",
    "mypy": "mypy",
    "antsibull-docs": "antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .",
    "antsibull-changelog": "antsibull-changelog lint",
    "reuse": "reuse lint --lines",
    "ruff check": "ruff check --no-cache --output-format concise .",
    "ruff format": "ruff format --no-cache --check --quiet --output-format concise .",
    "yamllint": "yamllint --strict .",
}

nox.options.default_venv_backend = "none"  # sessions share the environments of tooling/environments.py
logging.getLogger("nox").addFilter(lambda record: "uv binary" not in record.getMessage())  # none is needed

# SIGTERM is what Ctrl-C is: copies are removed, and a release is put back.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.default_int_handler)


def use(session: nox.Session, name: str, core: str | None = None) -> Environment:
    """Return the environment of a requirement file, whose programs are found first from here on."""
    if core != CORE:
        session.error("has an ansible-core of its own: --core means nothing here")
    made = ensure(name, core)
    os.environ.update(environment(made.bin))
    return made


def become(*command: str | Path) -> None:
    """Run a command in place of nox, so that its exit code and its last line are those of ``dev.py``."""
    os.execvp(command[0], command)  # noqa: S606


def each(session: nox.Session, commands: Mapping[str, Command], wanted: Sequence[str] = ()) -> None:
    """Run the commands, or those that are ``wanted``, two at a time, and all of them even if one fails."""
    if unknown := sorted(set(wanted) - set(commands)):
        session.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(commands)}")

    def succeeds(name: str) -> bool:
        begun = time.monotonic()
        try:
            session.run(*commands[name], silent=True, log=False)  # what it wrote is shown if it fails
        except CommandFailed:
            return False
        session.log(f"{name}: ok, {time.monotonic() - begun:.0f} s")
        return True

    names = wanted or list(commands)
    with ThreadPoolExecutor(2) as pool:
        failed = [name for name, good in zip(names, pool.map(succeeds, names), strict=True) if not good]
    if failed:
        session.error(f"not good: {', '.join(failed)}")


def pytest(words: Sequence[str]) -> list[str]:
    """Return pytest's command line, with a process more than there are cores unless ``words`` say otherwise."""
    own = any(word.startswith(("-n", "--numprocesses", "--dist", "--pdb")) for word in words)
    spread = [] if own else ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadgroup"]
    return ["python", "-m", "pytest", *spread, *words]


@nox.session
def demo(session: nox.Session) -> None:
    """Watch the main job on a stand-in of the product: demo."""
    tooling.demo.show(use(session, "demo", CORE))


@nox.session
def test(session: nox.Session) -> None:
    """Run the quick tests, or with --full all of them: test [--full] [ARGUMENTS OF PYTEST]."""
    use(session, "test", CORE)
    profile = ["--hypothesis-profile=full"] if "--full" in session.posargs else ["-m", "not slow"]
    become(*pytest([*profile, *(word for word in session.posargs if word != "--full")]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and documentation: lint [CHECK ...], with a CHECK of CHECKS in noxfile.py."""
    use(session, "lint")
    each(session, {name: command.split() for name, command in CHECKS.items()}, session.posargs)


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Rewrite code in the project's style: format PATH ..., but never the whole checkout."""
    paths = [(ROOT / path).resolve() for path in session.posargs]
    if not paths or any(path == ROOT or path in ROOT.parents for path in paths):
        session.error("name the files or folders of your change: dev.py format plugins/modules/dam_resync.py")
    use(session, "lint")
    session.run("ruff", "check", "--no-cache", "--fix", "--exit-zero", "--quiet", *paths)
    session.run("ruff", "format", "--no-cache", *paths)


@nox.session
def sanity(session: nox.Session) -> None:
    """Run ansible-test sanity on a copy of the tree: sanity [ARGUMENTS OF IT]."""
    use(session, "sanity", CORE)
    tooling.sanity.sanity(session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure report, cycle, comparison of records: bench [report|cycle|delay|drift] [--quick] [--runs N]."""
    use(session, "demo", CORE)
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, [BUILD, ROOT / "tests", ROOT]))
    become("python", "-m", "benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the tarball in .build/dist, and have Galaxy's importer judge it: build."""
    use(session, "lint")
    tooling.packaging.build()


@nox.session
def coverage(session: nox.Session) -> None:
    """Run all tests, or some, and count what of plugins/ they run: coverage [ARGUMENTS OF PYTEST]."""
    use(session, "test", CORE)
    os.environ["DEV_ROOT"] = str(ROOT)
    become(*pytest(session.posargs), "--cov", "--cov-report=term", "--cov-report=html")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation as a site, with no warning, in .build/docs/html: docs."""
    use(session, "docs")
    site, source, collection = BUILD / "docs", BUILD / "docs" / "rst", "dxops.dam_staging"
    shutil.rmtree(site, ignore_errors=True)
    source.mkdir(parents=True)
    source.chmod(0o755)  # antsibull-docs wants to be the only one who writes
    options: Command = ["--use-current", "--squash-hierarchy", "--dest-dir"]
    session.run("antsibull-docs", "sphinx-init", "--lenient", *options, site, collection, silent=True)
    shutil.copyfile(ROOT / "tooling" / "docsite" / "conf.py", site / "conf.py")
    collect: Command = ["collection", "--cleanup", "everything", "--fail-on-error", *options, source, collection]
    with session.chdir(site):
        session.run("antsibull-docs", "--config-file", "antsibull-docs.cfg", *collect)
        session.run("sphinx-build", "-q", "--fail-on-warning", "--keep-going", "-c", site, source, site / "html")


@nox.session
def matrix(session: nox.Session) -> None:
    """Run a short tour on every supported ansible-core and Python that is here: matrix [corners | VERSION ...]."""
    use(session, "test")
    legs, missing = tooling.interpreters.legs(session.posargs)
    for text in missing:
        session.log(text)
    tour = pytest(["-n", "0", "-q", "-m", "not slow", "tests/functional/test_versions.py"])
    commands: dict[str, Command] = {}
    for core, python in legs:
        modules = ensure("modules", core, python).python
        settings = [f"DAM_TEST_ANSIBLE_PYTHON={modules}", f"DAM_TEST_EXPECTED_VERSIONS={python.name} {core}"]
        commands[f"ansible-core {core} on Python {python.name}"] = ["env", *settings, *tour]
    each(session, commands)


@nox.session
def molecule(session: nox.Session) -> None:
    """Test the molecule scenarios, or some: molecule [SCENARIO ...]."""
    scenarios = sorted(path.parent.name for path in ROOT.glob("extensions/molecule/*/molecule.yml"))
    use(session, "molecule", CORE)
    with session.chdir(ROOT / "extensions"):
        each(session, {name: ["molecule", "test", "--scenario-name", name] for name in scenarios}, session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """See whether the unit tests notice faults: mutants [FILE BELOW plugins/module_utils ...], _waiting.py say."""
    use(session, "mutants")
    tooling.mutants.mutants(session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Do the steps of a release, up to the commit, which is yours: release VERSION."""
    use(session, "lint")
    tooling.release.release(session.posargs)


@nox.session
def run(session: nox.Session) -> None:
    """Run a program of the test environment: run PROGRAM ..., say run ansible --version.

    Variables of your shell that would change what tools do are left out (ANSIBLE_*, PYTHON*, ...); DX_* are not.
    """
    if not session.posargs:
        session.error("say what to run, for example: dev.py run ansible --version")
    use(session, "test", CORE)
    os.chdir(session.invoked_from)
    become(*session.posargs)
