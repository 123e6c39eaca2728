# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``dam_operations_info``, with lines that tell how it comes along."""

from __future__ import annotations

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._progress.action import WaitingAction


class ActionModule(WaitingAction):
    """See WaitingAction; Ansible looks for this name."""
