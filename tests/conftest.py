# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test has: the collection's path, marks for programs, and how much property tests draw."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import threading

import pytest
from hypothesis import HealthCheck, Phase, settings

from tooling import tree
from tooling.paths import REQUIREMENTS

PROGRAMS = [
    line.split()[0]
    for line in (REQUIREMENTS / "programs.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
# A busy machine may take its time for an example: that is no error. ``--hypothesis-profile full`` draws more of them.
for name, examples in (("quick", 40), ("full", 150)):
    settings.register_profile(name, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For tests that are only run to see whether they fail.
settings.register_profile("unshrunk", settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("quick")


def pytest_configure(config: pytest.Config) -> None:
    """Make the collection importable when pytest was started by hand, and declare the programs' marks."""
    tree.prepare()
    importlib.invalidate_caches()  # Python has looked for this path when it was not there yet
    # A shell has what it starts in the background ignore Ctrl-C, and all below inherits that: tests that send one
    # would wait for ever.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for program in PROGRAMS:
        config.addinivalue_line("markers", f"needs_{program}: needs {program} on PATH")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is missing, and say which; where everything has to run, that is a failure."""
    for program in PROGRAMS:
        if item.get_closest_marker(f"needs_{program}") and not shutil.which(program):
            reason = f"{program} is not installed"
            if os.environ.get("CI") == "true":
                pytest.fail(f"{reason}, and with CI=true nothing may be skipped for that", pytrace=False)
            pytest.skip(reason)
