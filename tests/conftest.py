# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test has: the collection's path, and marks for programs that only some machines have."""

from __future__ import annotations

import os
import shutil

import pytest

from tooling import tree

PROGRAMS = {"needs_chromium": "chromium", "needs_haproxy": "haproxy", "needs_java": "java", "needs_jq": "jq"}


def pytest_configure(config: pytest.Config) -> None:
    """Make the collection importable when pytest was started by hand."""
    tree.prepare()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is missing, and say which; where everything must run, that is a failure."""
    for mark, program in PROGRAMS.items():
        if item.get_closest_marker(mark) and not shutil.which(program):
            reason = f"{program} is not installed"
            if os.environ.get("CI") == "true":
                pytest.fail(f"{reason}, and CI runs every test", pytrace=False)
            pytest.skip(reason)
