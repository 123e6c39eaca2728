# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release: the version in one place, the notes out of the changelog, and nothing half done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tooling import packaging, release, tree
from tooling.paths import COLLECTION, ROOT
from tooling.process import Failed, capture

NEW = "7.8.9"
Files = dict[str, bytes]

CHANGELOG = """# dxops.dam_staging Release Notes

**Topics**

- <a href="#v1-1-0">v1\\.1\\.0</a>

<a id="v1-1-0"></a>
## v1\\.1\\.0

<a id="minor-changes"></a>
### Minor Changes

* New\\.

<a id="v1-0-0"></a>
## v1\\.0\\.0

<a id="release-summary"></a>
### Release Summary

The first\\.
"""


def test_the_version_is_set_and_nothing_else() -> None:
    text = "name: dam_staging\nversion: 0.1.0\nlicense: [x]\n"
    assert release.with_version(text, "1.0.0") == "name: dam_staging\nversion: 1.0.0\nlicense: [x]\n"


def test_a_file_without_a_version_is_refused() -> None:
    with pytest.raises(Failed, match="no line with the version"):
        release.with_version("name: x\n", "1.0.0")


@pytest.mark.parametrize(("version", "has", "lacks"), [("1.1.0", "New", "The first"), ("1.0.0", "The first", "New")])
def test_the_notes_are_the_part_of_that_version(version: str, has: str, lacks: str) -> None:
    notes = release.notes_of(CHANGELOG, version)
    assert has in notes
    assert lacks not in notes


def test_a_version_that_the_changelog_does_not_have_is_refused() -> None:
    with pytest.raises(Failed, match=r"nothing about 2\.0\.0"):
        release.notes_of(CHANGELOG, "2.0.0")


@pytest.mark.parametrize("words", [[], ["1.0"], ["v1.0.0"], ["1.0.0", "2.0.0"]])
def test_what_is_no_version_is_refused_before_anything_happens(words: list[str]) -> None:
    with pytest.raises(Failed, match="say which version"):
        release.release(words)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the tree, which is what is released."""
    tree.copy(tmp_path)
    folder = tmp_path / COLLECTION
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    capture([*git, "commit", "--quiet", "--message", "All"], cwd=folder)
    monkeypatch.setattr(release, "ROOT", folder)
    for name, path in {"GALAXY": "galaxy.yml", "CHANGELOG": "CHANGELOG.md", "NOTES": ".build/NOTES.md"}.items():
        monkeypatch.setattr(release, name, folder / path)
    (folder / ".build").mkdir()
    made = SimpleNamespace(bin=folder / ".build")
    monkeypatch.setattr(release.environments, "ensure", lambda _purpose: made)
    monkeypatch.setattr(release.environments, "variables", lambda _made: None)
    program = folder / ".build" / "antsibull-changelog"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "if sys.argv[1] == 'release':\n"
        "    for path in pathlib.Path('changelogs/fragments').iterdir():\n"
        "        path.unlink()\n"
        "    pathlib.Path('changelogs/changelog.yaml').write_text('releases: {}')\n"
        f"    pathlib.Path('CHANGELOG.md').write_text('## v{NEW}\\n\\nNew.\\n'.replace('.', chr(92) + '.'))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


def files_of(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if ".build" not in path.parts}


def building(monkeypatch: pytest.MonkeyPatch, folder: Path, act: Callable[[], None] = lambda: None) -> list[Any]:
    """Have the build note which new files it was given, and do something else."""
    given = []

    def build(new: Any = ()) -> Path:
        given.append(new)
        act()
        return folder / ".build" / "x.tar.gz"

    monkeypatch.setattr(packaging, "build", build)
    return given


def test_a_release_has_its_version_wherever_the_tarball_is_named(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = release.version_of((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    before = {path.name for path in release.naming(old)}
    assert {"README.md", "execution-environment.yml", "quick_start.rst", "awx_and_pipelines.rst"} <= before
    given = building(monkeypatch, copy)
    release.release([NEW])
    assert given == [{"CHANGELOG.md", "changelogs/changelog.yaml"}]
    assert release.naming(old) == []
    assert {path.name for path in release.naming(NEW)} == before
    assert f"version: {NEW}\n" in (copy / "galaxy.yml").read_text(encoding="utf-8")
    assert (copy / ".build" / "NOTES.md").read_text(encoding="utf-8") == "New\\.\n"
    assert "git push --follow-tags" in capsys.readouterr().out


@pytest.mark.parametrize("problem", [Failed("galaxy-importer: no"), KeyboardInterrupt()])
def test_a_build_that_fails_leaves_everything_as_it_was(
    copy: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    def fail() -> None:
        raise problem

    building(monkeypatch, copy, fail)
    before = files_of(copy)
    with pytest.raises(type(problem)):
        release.release([NEW])
    assert files_of(copy) == before
    assert capture(["git", "status", "--porcelain"], cwd=copy) == ""


def test_what_is_not_committed_is_refused(copy: Path) -> None:
    (copy / "README.md").write_text("x", encoding="utf-8")
    with pytest.raises(Failed, match="not committed"):
        release.release([NEW])
