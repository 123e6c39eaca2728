# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection ``awx.awx`` is taken out of its package once."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tooling import collections
from tooling.process import Failed

PYTHON = Path("python")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; pip's download gives a package with two collections."""
    commands: list[list[str]] = []

    def download(command: Any, *_more: object) -> str:
        words = [str(word) for word in command]
        commands.append(words)
        with zipfile.ZipFile(Path(words[words.index("--dest") + 1], "ansible-1.whl"), "w") as wheel:
            for name in ("awx/awx/meta/runtime.yml", "awx/awxother/x", "other/one/x"):
                wheel.writestr(f"ansible_collections/{name}", name)
        return ""

    monkeypatch.setattr(collections, "capture", download)
    return commands


def test_only_that_collection_is_kept_and_nothing_else_is_left(fetched: list[list[str]], tmp_path: Path) -> None:
    folder = collections.ensure(PYTHON, tmp_path)
    assert folder == tmp_path / "ansible_collections" / "awx" / "awx"
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {f"{collections.AWX}/meta/runtime.yml", f"{collections.AWX}/.complete"}


def test_it_is_fetched_once(fetched: list[list[str]], tmp_path: Path) -> None:
    for _turn in range(2):
        collections.ensure(PYTHON, tmp_path)
    assert len(fetched) == 1


@pytest.mark.parametrize("damage", [lambda stamp: stamp.unlink(), lambda stamp: stamp.write_text("ansible==1")])
def test_one_that_is_incomplete_or_of_another_version_is_fetched_anew(
    fetched: list[list[str]], tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    folder = collections.ensure(PYTHON, tmp_path)
    (folder / "left-over").touch()
    damage(folder / ".complete")
    collections.ensure(PYTHON, tmp_path)
    assert len(fetched) == 2
    assert not (folder / "left-over").exists()


def test_without_an_index_it_says_what_it_was_about(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*_words: object) -> str:
        raise Failed("no route to host")

    monkeypatch.setattr(collections, "capture", unreachable)
    with pytest.raises(Failed, match=r"awx\.awx could not be fetched"):
        collections.ensure(PYTHON, tmp_path)
    assert list(tmp_path.iterdir()) == []
