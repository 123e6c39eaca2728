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

from support.awx import collection


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; pip's download gives a package with two collections."""
    commands: list[list[str]] = []

    def download(command: Any) -> str:
        words = [str(word) for word in command]
        commands.append(words)
        with zipfile.ZipFile(Path(words[words.index("--dest") + 1], "ansible-1.whl"), "w") as wheel:
            for name in ("awx/awx/meta/runtime.yml", "awx/awxother/x", "other/one/x"):
                wheel.writestr(f"ansible_collections/{name}", name)
        return ""

    monkeypatch.setattr(collection, "capture", download)
    return commands


def test_only_that_collection_is_kept_and_it_is_fetched_once(fetched: list[list[str]], tmp_path: Path) -> None:
    folder = collection.ensure(tmp_path)
    assert collection.ensure(tmp_path) == folder == tmp_path / "ansible_collections" / "awx" / "awx"
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {"awx.lock", f"{collection.AWX}/meta/runtime.yml", f"{collection.AWX}/.complete"}
    assert len(fetched) == 1


@pytest.mark.parametrize("damage", [lambda stamp: stamp.unlink(), lambda stamp: stamp.write_text("ansible==1")])
def test_one_that_is_incomplete_or_of_another_version_is_fetched_anew(
    fetched: list[list[str]], tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    folder = collection.ensure(tmp_path)
    (folder / "left-over").touch()
    damage(folder / ".complete")
    collection.ensure(tmp_path)
    assert len(fetched) == 2
    assert not (folder / "left-over").exists()
