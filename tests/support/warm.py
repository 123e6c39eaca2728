# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the processes of ``support.modules`` are forked from: everything imported once, and time that can be sped up."""

from __future__ import annotations

from support import faster

faster.speed_up()

import importlib  # noqa: E402 - the modules have to meet the faster time

import requests.adapters  # noqa: E402 - imported here so that no fork has to
from ansible.module_utils import basic  # noqa: E402

from tooling.paths import ROOT  # noqa: E402

__all__ = ["PACKAGE", "basic", "requests", "run"]
PACKAGE = "ansible_collections.dxops.dam_staging.plugins.modules"

for _file in sorted((ROOT / "plugins" / "modules").glob("dam_*.py")):
    importlib.import_module(f"{PACKAGE}.{_file.stem}")


def run(module: str, options: bytes) -> None:
    """Run a module's ``main()`` with its options as Ansible hands them over; it ends by ``SystemExit``."""
    basic._ANSIBLE_ARGS = options
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        basic._ANSIBLE_PROFILE = "legacy"
    importlib.import_module(f"{PACKAGE}.{module}").main()
