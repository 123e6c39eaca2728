# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release: the version in one place, the notes out of the changelog, and nothing half done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tooling import packaging, release, tree
from tooling.paths import COLLECTION, ROOT
from tooling.process import Failed, capture

NEW = "7.8.9"
Files = dict[str, bytes]


@pytest.mark.parametrize("words", [[], ["1.0"], ["v1.0.0"], ["1.0.0", "2.0.0"]])
def test_what_is_no_version_is_refused_before_anything_happens(words: list[str]) -> None:
    with pytest.raises(Failed, match="say which version"):
        release.release(words)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the tree, which is what is released; its antsibull-changelog only writes files."""
    tree.copy(tmp_path)
    folder = tmp_path / COLLECTION
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    capture([*git, "commit", "--quiet", "--message", "All"], cwd=folder)
    monkeypatch.setattr(release, "ROOT", folder)
    for name, path in {"GALAXY": "galaxy.yml", "CHANGELOG": "CHANGELOG.md", "NOTES": ".build/NOTES.md"}.items():
        monkeypatch.setattr(release, name, folder / path)
    (folder / ".build").mkdir()
    program = folder / ".build" / "antsibull-changelog"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "if sys.argv[1] == 'release':\n"
        "    for path in pathlib.Path('changelogs/fragments').iterdir():\n"
        "        path.unlink()\n"
        "    pathlib.Path('changelogs/changelog.yaml').write_text('releases: {}')\n"
        "    pathlib.Path('CHANGELOG.md').write_text('All of them.')\n"
        "if '--only-latest' in sys.argv:\n"
        "    pathlib.Path(sys.argv[sys.argv.index('--output') + 1]).write_text(f'Notes of {sys.argv[-1]}.')\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))
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
    old = release.version_of(ROOT / "galaxy.yml")
    before = {path.name for path in release.naming(old)}
    assert {"README.md", "execution-environment.yml", "quick_start.rst", "awx_and_pipelines.rst"} <= before
    given = building(monkeypatch, copy)
    release.release([NEW])
    assert given == [{"CHANGELOG.md", "changelogs/changelog.yaml"}]
    assert release.naming(old) == []
    assert {path.name for path in release.naming(NEW)} == before
    galaxy = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    assert (copy / "galaxy.yml").read_text(encoding="utf-8") == galaxy.replace(f"version: {old}", f"version: {NEW}")
    assert (copy / ".build" / "NOTES.md").read_text(encoding="utf-8") == f"Notes of {NEW}."
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
