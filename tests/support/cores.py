# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pythons with other releases of ansible-core than the tests' own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tooling import environments, interpreters


def python_with(core: str | None) -> Path:
    """Return a Python with a minor version of ansible-core or the ``newest``, the tests' own without one, or skip."""
    if not core:
        return Path(sys.executable)
    base = interpreters.find("3.13") or interpreters.find("3.12") if core == "newest" else interpreters.find("3.11")
    if base is None:
        pytest.skip(f"there is no Python that ansible-core {core} takes")
    return environments.ensure("modules", core, base).python
