# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments are made once, and anew when they are half-made or out of date."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tooling import environments
from tooling.process import Failed


def is_locked(path: Path) -> bool:
    with open(path, encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


class Maker:
    """Stands in for ``python -m venv`` and pip: makes the folder, and remembers the calls."""

    def __init__(self) -> None:
        self.installs = 0
        self.broken = False
        self.locked: list[bool] = []

    def __call__(self, command: Sequence[str | Path], *_where: object) -> str:
        words = [str(word) for word in command]
        self.locked.append(is_locked(next(environments.VENVS.glob("*.lock"))))
        if "venv" in words:
            folder = Path(words[-1])
            (folder / "bin").mkdir(parents=True)
            (folder / "bin" / "python").touch()
        else:
            self.installs += 1
            if self.broken:
                raise Failed("no index")
        return ""


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    made = Maker()
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    (requirements / "base.txt").write_text("one\n", encoding="utf-8")
    (requirements / "test.txt").write_text("-r base.txt\n", encoding="utf-8")
    monkeypatch.setattr(environments, "VENVS", tmp_path / "venvs")
    monkeypatch.setattr(environments, "REQUIREMENTS", requirements)
    monkeypatch.setattr(environments, "capture", made)
    return made


def test_a_complete_environment_is_used_again(maker: Maker) -> None:
    assert environments.ensure("test") == environments.ensure("test")
    assert maker.installs == 1


def test_another_core_gets_another_environment(maker: Maker) -> None:
    assert environments.ensure("test").folder != environments.ensure("test", "2.16").folder


def test_a_half_made_environment_is_made_anew(maker: Maker) -> None:
    maker.broken = True
    with pytest.raises(Failed, match="could not be installed"):
        environments.ensure("test")
    maker.broken = False
    environments.ensure("test")
    assert maker.installs == 2


def change_included(made: environments.Environment) -> None:
    (environments.REQUIREMENTS / "base.txt").write_text("two\n", encoding="utf-8")


def lose_interpreter(made: environments.Environment) -> None:
    made.python.unlink()


def lose_stamp(made: environments.Environment) -> None:
    (made.folder / ".complete").unlink()


@pytest.mark.parametrize("damage", [change_included, lose_interpreter, lose_stamp])
def test_what_no_longer_fits_is_made_anew(maker: Maker, damage: Callable[[environments.Environment], None]) -> None:
    damage(environments.ensure("test"))
    environments.ensure("test")
    assert maker.installs == 2


def test_while_one_command_makes_an_environment_another_waits(maker: Maker) -> None:
    environments.ensure("test")
    assert maker.locked == [True, True]
