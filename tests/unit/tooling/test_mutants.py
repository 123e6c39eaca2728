# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are mutated, and which tests have to notice."""

from __future__ import annotations

import pytest

from tooling import mutants
from tooling.paths import ROOT
from tooling.process import Failed


def test_every_file_that_is_mutated_has_tests() -> None:
    targets = mutants.targets()
    assert {"_waiting.py", "_dam/paging.py", "_staging/states.py", "_report/writer.py"} <= set(targets)
    for target in targets:
        tests = mutants.tests_of(target)
        assert tests, target
        assert all((ROOT / path).exists() for path in tests), tests


def test_the_tests_of_the_file_come_before_those_of_its_folder() -> None:
    tests = "tests/unit/plugins/module_utils"
    assert [str(path) for path in mutants.tests_of("_dam/paging.py")] == [
        f"{tests}/_dam/test_paging.py",
        f"{tests}/_dam",
    ]
    assert [str(path) for path in mutants.tests_of("_waiting.py")] == [f"{tests}/test_waiting.py"]


def test_a_file_that_is_not_mutated_is_refused_with_those_that_are() -> None:
    with pytest.raises(Failed, match=r"not among the files that are mutated: _wait\.py; there are: _waiting\.py"):
        mutants.mutants(["_wait.py"])
