# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    type: bool
    default: true
    description:
      - Whether to wait for the end.
  wait_timeout:
    type: int
    default: 1800
    description:
      - Seconds to wait at most. A wait that runs out of time fails; nothing is stopped at the server, and running
        the task again goes on waiting.
  wait_sleep:
    type: int
    default: 15
    description:
      - Most seconds between two looks. The pause grows with the elapsed time, from one second on, as 5 %
        of it.
  error_timeout:
    type: int
    default: 300
    description:
      - Seconds without one good answer after which a wait ends with the last error. Until then, a server that
        restarts is waited for.
"""
