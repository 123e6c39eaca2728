# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a release, up to the commit, the tag and the upload: those are a person's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tooling import packaging
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, capture

GALAXY = ROOT / "galaxy.yml"
CHANGELOG = ROOT / "CHANGELOG.md"
NOTES = BUILD / "dist" / "RELEASE_NOTES.md"
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


def release(words: Sequence[str]) -> None:
    """Set the version, turn the fragments into the changelog, build, and write the release notes.

    If any of it fails, the files are what they were.
    """
    if len(words) != 1 or not _VERSION.fullmatch(words[0]):
        raise Failed("say which version, for example: dev.py release 1.2.0")
    version = words[0]
    if changed := _git("status", "--porcelain").strip():
        raise Failed(f"there are changes that are not committed:\n{changed}")
    if not list((ROOT / "changelogs" / "fragments").glob("*.y*ml")):
        raise Failed("there are no fragments in changelogs/fragments, so there is nothing to release")
    try:
        tarball = _make(version)
    except BaseException:
        _git("stash", "push", "--include-untracked", "--quiet", "--message", f"release {version}, which failed")
        raise
    print(f"release notes: {NOTES.relative_to(ROOT)}")
    print("What is left is yours: read git diff, then")
    print(f"  git add --all && git commit -m 'Release {version}' && git tag -a {version} -m {version}")
    print("  git push --follow-tags")
    print(f"  ansible-galaxy collection publish {tarball.relative_to(ROOT)}")


def _make(version: str) -> Path:
    old = version_of(GALAXY)
    for path in [GALAXY, *naming(old)]:
        text = path.read_text(encoding="utf-8").replace(tarball_of(old), tarball_of(version))
        path.write_text(text.replace(f"\nversion: {old}\n", f"\nversion: {version}\n"), encoding="utf-8")
    capture(["antsibull-changelog", "lint"], cwd=ROOT)
    capture(["antsibull-changelog", "release", "--version", version], cwd=ROOT)
    tarball = packaging.build(new={CHANGELOG.name, "changelogs/changelog.yaml"})
    notes = ["antsibull-changelog", "generate", "--only-latest", "--output", str(NOTES), "--output-format", "md"]
    capture([*notes, version], cwd=ROOT)
    return tarball


def version_of(galaxy: Path) -> str:
    """Return the version in galaxy.yml."""
    found: list[str] = re.findall(r"^version: (.*)$", galaxy.read_text(encoding="utf-8"), re.MULTILINE)
    return found[0]


def tarball_of(version: str) -> str:
    """Return the tarball's name."""
    return f"dxops-dam_staging-{version}.tar.gz"


def naming(version: str) -> list[Path]:
    """Return the files with the name of that version's tarball in them, of those that git tracks."""
    paths = [ROOT / name for name in _git("ls-files", "-z").split("\0") if name]
    naming = tarball_of(version).encode()
    return [path for path in paths if path.is_file() and naming in path.read_bytes()]


def _git(*words: str) -> str:
    return capture(["git", "-c", f"safe.directory={ROOT}", *words], cwd=ROOT)
