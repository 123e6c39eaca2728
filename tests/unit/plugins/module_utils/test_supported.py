# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is too old is told so, in one sentence, before anything newer is met."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.dxops.dam_staging.plugins.module_utils import _supported
from ansible_collections.dxops.dam_staging.plugins.module_utils._supported import (
    OLDEST_CORE,
    OLDEST_PYTHON,
    core_problem,
    python_problem,
    refuse_old_python,
)

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize("version", [(3, 9, 0), (3, 9), (3, 14, 1), (4, 0)])
def test_a_python_that_will_do_is_no_problem(version: tuple[int, ...]) -> None:
    assert python_problem(version, "/python") is None


@pytest.mark.parametrize("version", [(3, 8, 18), (2, 7), (3, 0)])
def test_an_older_python_is_named_with_its_path_and_what_to_set(version: tuple[int, ...]) -> None:
    text = python_problem(version, "/old/python")
    assert text == (
        f"dxops.dam_staging needs Python 3.9 or newer where its modules run; this is {version[0]}.{version[1]} "
        "(/old/python). Set ansible_python_interpreter to a newer one."
    )


@pytest.mark.parametrize("version", ["2.16.0", "2.16.14", "2.21.5", "2.22.0.dev0", "3.0.0"])
def test_an_ansible_core_that_will_do_is_no_problem(version: str) -> None:
    assert core_problem(version) is None


@pytest.mark.parametrize("version", ["2.15.13", "2.9.27", "1.9"])
def test_an_older_ansible_core_is_named(version: str) -> None:
    assert core_problem(version) == (
        f"dxops.dam_staging needs ansible-core 2.16 or newer; this is {version}. Update it where ansible-playbook runs."
    )


@pytest.mark.parametrize("version", ["0.0", "None", "", "devel"])
def test_an_unknown_ansible_core_is_no_problem(version: str) -> None:
    assert core_problem(version) is None


def test_an_older_python_ends_the_module_with_a_failed_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_supported, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(SystemExit) as ended:
        refuse_old_python()
    result = json.loads(capsys.readouterr().out)
    assert (ended.value.code, result["failed"]) == (1, True)
    assert sys.executable in result["msg"]


def test_the_python_that_runs_this_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    refuse_old_python()
    assert capsys.readouterr().out == ""


def test_the_limits_are_those_that_the_metadata_and_the_readme_name() -> None:
    python, core = [".".join(map(str, version)) for version in (OLDEST_PYTHON, OLDEST_CORE)]
    read = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("meta/runtime.yml", "tests/config.yml", "README.md")
    }
    assert yaml.safe_load(read["meta/runtime.yml"])["requires_ansible"] == f">={core}.0"
    assert yaml.safe_load(read["tests/config.yml"])["modules"]["python_requires"] == f">={python}"
    assert f"ansible-core {core} or newer" in read["README.md"]
    assert f"Python {python} or newer" in read["README.md"]
