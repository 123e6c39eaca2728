# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters ``dam_cycles`` and ``dam_resume_command``. Internal to the role ``dam_consistency``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._cycles import cycles, resume_command


def dam_cycles(given: Any) -> dict[str, Any]:
    """Minutes by target host, given as a dictionary or as a text."""
    try:
        return cycles(given)
    except (TypeError, ValueError) as problem:
        raise AnsibleFilterError(str(problem)) from problem


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names and functions."""
        return {"dam_cycles": dam_cycles, "dam_resume_command": resume_command}
