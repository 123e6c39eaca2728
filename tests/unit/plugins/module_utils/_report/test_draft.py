# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in the making: without a name until they are whole, and gone when nobody wants them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import draft as _draft
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.draft import Draft, write_all

unnamed = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")


@pytest.fixture(params=["unnamed", "named"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system with files without a name, and one where they have to have one from the beginning."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


def test_a_file_has_its_name_only_when_it_is_asked_for_and_then_all_of_its_content(tmp_path: Path, system: str) -> None:
    draft = Draft(str(tmp_path))
    draft.write(b"one, ")
    draft.write(b"two")
    if system == "unnamed":
        assert list(tmp_path.iterdir()) == []
    path = Path(draft.path)
    assert path.parent == tmp_path
    assert path.name.startswith(".dam-report-")
    assert path.read_bytes() == b"one, two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert draft.path == str(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_discarded_is_gone_with_or_without_a_name(tmp_path: Path, system: str) -> None:
    for asked in (False, True):
        draft = Draft(str(tmp_path))
        draft.write(b"x")
        assert not asked or os.path.exists(draft.path)
        draft.discard()
        draft.discard()
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_moved_away_is_not_removed(tmp_path: Path, system: str) -> None:
    draft = Draft(str(tmp_path))
    draft.write(b"x")
    os.replace(draft.path, tmp_path / "report.csv")
    draft.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


def test_no_descriptor_stays_open(tmp_path: Path, system: str) -> None:
    opened = os.open(tmp_path, os.O_RDONLY)
    os.close(opened)
    for asked in (False, True):
        draft = Draft(str(tmp_path))
        assert not asked or draft.path
        draft.discard()
        again = os.open(tmp_path, os.O_RDONLY)
        os.close(again)
        assert again == opened


def test_all_is_on_the_disk_before_there_is_a_name(
    tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.fsync
    seen: list[tuple[int, int]] = []

    def synced(descriptor: int) -> None:
        plain(descriptor)
        seen.append((os.fstat(descriptor).st_size, len(list(tmp_path.iterdir()))))

    monkeypatch.setattr(os, "fsync", synced)
    draft = Draft(str(tmp_path))
    draft.write(b"x" * 100)
    assert seen == []
    assert draft.path
    assert seen == [(100, 0 if system == "unnamed" else 1)]


def test_what_only_shows_when_it_is_brought_to_the_disk_is_told_and_leaves_nothing(
    tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    draft = Draft(str(tmp_path))
    draft.write(b"x")
    with pytest.raises(DamError, match="No space left on device"):
        _unused = draft.path
    draft.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_such_files_gives_one_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.open

    def refusing(path: Any, flags: int, *more: Any, **options: Any) -> int:
        wanted = getattr(os, "O_TMPFILE", 0)
        if wanted and flags & wanted == wanted:
            raise OSError(95, "Operation not supported")
        return plain(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refusing)
    draft = Draft(str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    draft.discard()


@unnamed
def test_without_proc_there_is_no_way_to_name_it_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_draft, "_DESCRIPTORS", str(tmp_path / "no-proc"))
    draft = Draft(str(tmp_path))
    draft.write(b"x")
    assert Path(draft.path).read_bytes() == b"x"


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path: Path, system: str) -> None:
    with pytest.raises(DamError, match=r"nowhere.*No such file"):
        Draft(str(tmp_path / "nowhere"))


def test_a_write_that_takes_a_part_only_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: plain(descriptor, bytes(data)[:3]))
    descriptor = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
    try:
        write_all(descriptor, b"0123456789")
    finally:
        os.close(descriptor)
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == b"0123456789"
