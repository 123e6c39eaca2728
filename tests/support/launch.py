# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's ``main()`` as ``__main__`` with the JSON on standard input: ``python -m support.launch NAME``.

The options reach the module as in a real run, without the controller and its half second.
"""

from __future__ import annotations

import runpy
import sys

from ansible.module_utils import basic

basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
if hasattr(basic, "_ANSIBLE_PROFILE"):
    basic._ANSIBLE_PROFILE = "legacy"
name = sys.argv.pop(1)
runpy.run_module(f"ansible_collections.dxops.dam_staging.plugins.modules.{name}", run_name="__main__", alter_sys=True)
