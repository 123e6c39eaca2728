# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's path, from a clone with any name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tooling import tree
from tooling.paths import COLLECTION


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "a clone"
    root.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    monkeypatch.setattr(tree, "ROOT", root)
    monkeypatch.setattr(tree, "BUILD", root / ".build")
    monkeypatch.setattr(tree, "HOME", root / ".build" / "home")
    # What runs git looks at the real root unless told otherwise.
    monkeypatch.setattr(tree, "capture", _capture_in(root))
    return root


def _capture_in(root: Path) -> object:
    def capture(command: list[str], env: object = None, cwd: Path = root) -> str:
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

    return capture


def test_the_link_leads_to_the_root_and_survives_a_move(clone: Path) -> None:
    tree.prepare()
    tree.prepare()
    assert (clone / ".build" / COLLECTION).resolve() == clone
    moved = clone.rename(clone.with_name("moved"))
    assert (moved / ".build" / COLLECTION).resolve() == moved


def test_a_link_that_leads_elsewhere_is_put_right(clone: Path) -> None:
    tree.prepare()
    link = clone / ".build" / COLLECTION
    link.unlink()
    link.symlink_to("/nowhere")
    tree.prepare()
    assert link.resolve() == clone


def test_the_copy_has_new_files_but_neither_ignored_nor_deleted_ones(clone: Path) -> None:
    for name, text in {".gitignore": "/.build/\n*.log\n", "new file.py": "x", "kept.py": "x", "x.log": "x"}.items():
        (clone / name).write_text(text, encoding="utf-8")
    (clone / "deleted.py").write_text("x", encoding="utf-8")
    subprocess.run(["git", "add", "kept.py", "deleted.py"], cwd=clone, check=True)
    (clone / "deleted.py").unlink()
    copied = tree.copy(clone / ".build" / "copy")
    assert sorted(os.listdir(copied)) == [".git", ".gitignore", "kept.py", "new file.py"]
    listed = subprocess.run(["git", "ls-files"], cwd=copied, check=True, capture_output=True, text=True).stdout
    assert "kept.py" in listed


def test_two_commands_that_begin_at_once_do_not_stumble_over_each_other(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    tree.prepare()
    # The other one has made its links right after this one has looked.
    monkeypatch.setattr(Path, "is_symlink", lambda _path: False)
    tree.prepare()
    assert (clone / ".build" / COLLECTION).resolve() == clone
    assert (tree.HOME / ".config" / "pip").resolve() == tmp_path / ".config" / "pip"
