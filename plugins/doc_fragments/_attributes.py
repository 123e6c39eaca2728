# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what would be changed, without changing it.
  diff_mode:
    description: Tells in diff mode what changed, or would be changed in check mode.
  idempotent:
    description: Run again with the same options, with nothing else having changed, it changes nothing.
  action_group:
    description: >-
      Use the group C(dxops.dam_staging.dam) in C(module_defaults) to set options for all modules of the collection.
    support: full
    membership:
      - dxops.dam_staging.dam
"""

    # What only reads.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It changes nothing, so it does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
    details:
      - It changes nothing.
"""
