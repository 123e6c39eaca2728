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

from tooling import tree
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, capture

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
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=BUILD) as folder:
        capture(["ansible-galaxy", "collection", "build", "--output-path", DIST], cwd=tree.copy(Path(folder)))
    tarball = next(DIST.glob("*.tar.gz"))
    with tarfile.open(tarball) as archive:
        _look_at(archive.getnames(), set(tree.files("--others")) - set(new))
    _judge(tarball)
    print(f"{tarball.relative_to(ROOT)}: {tarball.stat().st_size / 1024:.0f} KiB, nothing to complain about")
    return tarball


def _look_at(names: list[str], untracked: set[str]) -> None:
    if strays := [name for name in names if not SHIPPED.fullmatch(name)]:
        raise Failed(f"galaxy.yml's build_ignore lets through: {', '.join(strays)}")
    if unknown := sorted(untracked & set(names)):
        raise Failed(f"git does not track: {', '.join(unknown)}; add them or take them away")


def _judge(tarball: Path) -> None:
    """Run galaxy-importer, which ends with 0 whatever it finds: its lines tell."""
    with tempfile.TemporaryDirectory(prefix="importer-") as folder:
        text = capture(["python", "-m", "galaxy_importer.main", tarball], cwd=Path(folder))
    complaints = re.findall(r"^(?:WARNING|ERROR|CRITICAL):.*", text, re.MULTILINE)
    if complaints or "Importer processing completed successfully" not in text:
        raise Failed("galaxy-importer:\n" + ("\n".join(complaints) or text))
