# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``dam_entry_problems``. Internal to the role ``dam_consistency``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._entries import problems


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[[Any], list[str]]]:
        """Names and functions."""
        return {"dam_entry_problems": problems}
