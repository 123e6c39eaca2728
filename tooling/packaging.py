# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball that users install, and Galaxy's judgement of it."""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
from collections.abc import Collection
from pathlib import Path

from tooling import environments, tree
from tooling.paths import BUILD, COLLECTION, ROOT
from tooling.process import Command, Failed, attempt, capture, say

DIST = BUILD / "dist"

# Whatever else is in the tarball got there by mistake, an editor's copy, say.
_FOLDERS = r"(plugins|roles|playbooks|docs|extensions/eda)"
_FILE = r"/[A-Za-z0-9_]+(\.schema\.json|\.py|\.ya?ml|\.md|\.rst)|/extra-docs\.yml"
SHIPPED = re.compile(
    rf"{_FOLDERS}(/[A-Za-z0-9_]+)*({_FILE})?|extensions|meta(/(runtime|execution-environment|extensions)\.yml)?"
    r"|changelogs(/changelog\.yaml)?|(README|CHANGELOG|SECURITY)\.md|LICENSE|(bindep|requirements)\.txt"
    r"|execution-environment\.yml|(MANIFEST|FILES)\.json"
)


def build(new: Collection[str] = ()) -> Path:
    """Build the tarball, look at what is in it, and have galaxy-importer judge it. Return its path.

    What git does not track may not get into it, but for the files that are ``new``.
    """
    made = environments.ensure("lint")
    env = environments.variables(made)
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=BUILD) as folder:
        copied = tree.copy(Path(folder))
        capture([made.bin / "ansible-galaxy", "collection", "build", "--output-path", DIST], env, copied)
    tarball = next(DIST.glob("*.tar.gz"))
    listed = capture(["git", "-c", f"safe.directory={ROOT}", "ls-files", "--others", "--exclude-standard", "-z"])
    with tarfile.open(tarball) as archive:
        _look_at(archive.getnames(), set(filter(None, listed.split("\0"))) - set(new))
    _judge(made, tarball)
    say(f"{tarball.relative_to(ROOT)}: {tarball.stat().st_size / 1024:.0f} KiB, nothing to complain about")
    return tarball


def _look_at(names: list[str], untracked: set[str]) -> None:
    strays = [
        name for name in names if not SHIPPED.fullmatch(name) or "__pycache__" in name or name.endswith("/demo.yml")
    ]
    if strays:
        raise Failed(f"galaxy.yml's build_ignore lets through: {', '.join(strays)}")
    if unknown := sorted(untracked & set(names)):
        raise Failed(f"git does not track: {', '.join(unknown)}; add them or take them away")


def _judge(made: environments.Environment, tarball: Path) -> None:
    """Run galaxy-importer, which ends with 0 whatever it finds: its lines tell."""
    with tempfile.TemporaryDirectory(prefix="importer-") as folder:
        command: Command = [made.python, "-m", "galaxy_importer.main", tarball]
        code, text = attempt(command, environments.variables(made), Path(folder))
    complaints = re.findall(r"^(?:WARNING|ERROR|CRITICAL):.*", text, re.MULTILINE)
    if code or complaints:
        raise Failed("galaxy-importer:\n" + ("\n".join(complaints) or text))
    if "Importer processing completed successfully" not in text:
        raise Failed(f"galaxy-importer did not say that it is content with {COLLECTION.name}:\n{text}")
