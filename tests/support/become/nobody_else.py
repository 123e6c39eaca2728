# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Becomes nobody else, and notes every command that it is asked to run, in the file that ``DAM_TEST_BECAME`` names."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.become import BecomeBase

DOCUMENTATION = """
name: nobody_else
short_description: Becomes nobody else
description:
  - Notes every command.
author: tests
options:
  become_user:
    description: Not looked at.
    default: root
    vars:
      - name: ansible_become_user
  become_exe:
    description: Not looked at.
    default: ""
  become_flags:
    description: Not looked at.
    default: ""
"""


class BecomeModule(BecomeBase):  # type: ignore[misc]
    """See above; Ansible looks for this name."""

    name = "nobody_else"

    def build_become_command(self, cmd: str, shell: Any) -> str:
        """Return the command for a shell of its own."""
        super().build_become_command(cmd, shell)
        with open(os.environ["DAM_TEST_BECAME"], "a", encoding="utf-8") as handle:
            handle.write(cmd + "\n")
        done: str = self._build_success_command(cmd, shell)
        return done
