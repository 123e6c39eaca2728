# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a release, up to the commit, the tag and the upload: those are a person's."""

from __future__ import annotations

import re
from pathlib import Path

from tooling import environments, packaging
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, attempt, capture, say

GALAXY = ROOT / "galaxy.yml"
CHANGELOG = ROOT / "CHANGELOG.md"
NOTES = BUILD / "dist" / "RELEASE_NOTES.md"
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


def release(words: list[str]) -> None:
    """Set the version, turn the fragments into the changelog, build the tarball and write the release notes."""
    if len(words) != 1 or not _VERSION.fullmatch(words[0]):
        raise Failed("say which version, for example: dev.py release 1.2.0", 2)
    version = words[0]
    git = ["git", "-c", f"safe.directory={ROOT}"]
    if changed := capture([*git, "status", "--porcelain"]).strip():
        raise Failed(f"there are changes that are not committed:\n{changed}")
    if not list((ROOT / "changelogs" / "fragments").glob("*.y*ml")):
        raise Failed("there are no fragments in changelogs/fragments, so there is nothing to release")
    made = environments.ensure("lint")
    env = environments.variables(made)
    GALAXY.write_text(with_version(GALAXY.read_text(encoding="utf-8"), version), encoding="utf-8")
    for step in (["lint"], ["release", "--version", version]):
        code, text = attempt([made.bin / "antsibull-changelog", *step], env, ROOT)
        if code:
            capture([*git, "checkout", "--", "galaxy.yml"])
            raise Failed(f"antsibull-changelog {step[0]}:\n{text}")
    tarball = packaging.build()
    NOTES.write_text(notes_of(CHANGELOG.read_text(encoding="utf-8"), version), encoding="utf-8")
    say(f"release notes: {_shown(NOTES)}")
    say("What is left is yours: read git diff, then")
    say(f"  git add --all && git commit -m 'Release {version}' && git tag -a {version} -m {version} && git push --tags")
    say(f"  ansible-galaxy collection publish {_shown(tarball)}")


def with_version(text: str, version: str) -> str:
    """Return galaxy.yml with that version."""
    changed, count = re.subn(r"^version: .*$", f"version: {version}", text, flags=re.MULTILINE)
    if count != 1:
        raise Failed("galaxy.yml has no line with the version")
    return changed


def notes_of(changelog: str, version: str) -> str:
    """Return the part of the changelog that is about one version."""
    anchor = r'(?:<a id="[^"]*"></a>\n)?'
    heading = re.escape(version.replace(".", "\\."))  # the dots are escaped there
    pattern = rf"^{anchor}## v{heading}\n(.*?)(?=^{anchor}## |\Z)"
    found = re.search(pattern, changelog, re.MULTILINE | re.DOTALL)
    if not found or not found[1].strip():
        raise Failed(f"the changelog has nothing about {version}")
    return found[1].strip() + "\n"


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT)
