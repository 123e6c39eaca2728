# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a release, up to the commit, the tag and the upload: those are a person's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tooling import environments, packaging
from tooling.paths import BUILD, NAME, NAMESPACE, ROOT
from tooling.process import Failed, attempt, capture, say

GALAXY = ROOT / "galaxy.yml"
CHANGELOG = ROOT / "CHANGELOG.md"
NOTES = BUILD / "dist" / "RELEASE_NOTES.md"
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


def release(words: list[str]) -> None:
    """Set the version, turn the fragments into the changelog, build, and write the release notes.

    Where any of it fails, the files are what they were.
    """
    if len(words) != 1 or not _VERSION.fullmatch(words[0]):
        raise Failed("say which version, for example: dev.py release 1.2.0", 2)
    version = words[0]
    if changed := _git("status", "--porcelain").strip():
        raise Failed(f"there are changes that are not committed:\n{changed}")
    if not list((ROOT / "changelogs" / "fragments").glob("*.y*ml")):
        raise Failed("there are no fragments in changelogs/fragments, so there is nothing to release")
    named = naming(version_of(GALAXY.read_text(encoding="utf-8")))
    with _all_or_nothing([GALAXY, *named]):
        tarball = _make(version, named)
    say(f"release notes: {_shown(NOTES)}")
    say("What is left is yours: read git diff, then")
    say(f"  git add --all && git commit -m 'Release {version}' && git tag -a {version} -m {version}")
    say("  git push --follow-tags")
    say(f"  ansible-galaxy collection publish {_shown(tarball)}")


def _make(version: str, named: list[Path]) -> Path:
    text = GALAXY.read_text(encoding="utf-8")
    old = version_of(text)
    GALAXY.write_text(with_version(text, version), encoding="utf-8")
    for path in named:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(tarball_of(old), tarball_of(version)), encoding="utf-8")
    made = environments.ensure("lint")
    env = environments.variables(made)
    for step in (["lint"], ["release", "--version", version]):
        code, text = attempt([made.bin / "antsibull-changelog", *step], env, ROOT)
        if code:
            raise Failed(f"antsibull-changelog {step[0]}:\n{text}")
    notes = notes_of(CHANGELOG.read_text(encoding="utf-8"), version)
    tarball = packaging.build(new={str(_shown(CHANGELOG)), "changelogs/changelog.yaml"})
    NOTES.write_text(notes, encoding="utf-8")
    return tarball


@contextmanager
def _all_or_nothing(files: list[Path]) -> Iterator[None]:
    """Where what is inside fails or is interrupted, put back the files, the changelog and its fragments."""

    def all_of_them() -> list[Path]:
        return [path for path in (*files, CHANGELOG, *CHANGELOG.parent.glob("changelogs/**/*")) if path.is_file()]

    before = {path: path.read_bytes() for path in all_of_them()}
    try:
        yield
    except BaseException:
        for path in all_of_them():
            if path not in before:
                path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
        raise


def naming(version: str) -> list[Path]:
    """Return the files with the name of that version's tarball in them, of those that git tracks."""
    paths = (ROOT / name for name in _git("ls-files", "-z").split("\0") if name)
    texts = {path: path.read_text(encoding="utf-8", errors="ignore") for path in paths if path.is_file()}
    return [path for path, text in texts.items() if tarball_of(version) in text]


def _git(*words: str) -> str:
    return capture(["git", "-c", f"safe.directory={ROOT}", *words], cwd=ROOT)


def tarball_of(version: str) -> str:
    """Return the tarball's name."""
    return f"{NAMESPACE}-{NAME}-{version}.tar.gz"


def version_of(text: str) -> str:
    """Return the version in galaxy.yml."""
    found = re.search(r"^version: (.*)$", text, flags=re.MULTILINE)
    if found is None:
        raise Failed("galaxy.yml has no line with the version")
    return found[1].strip()


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
