# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``dam_reports``. Internal to the role ``dam_consistency``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._reports import reports


def dam_reports(formats: Any, stem: Any, record: Any) -> list[dict[str, Any]]:
    """The reports of one subscriber: for each format the options that the module is to be given."""
    try:
        return reports(formats, stem, record)
    except ValueError as problem:
        raise AnsibleFilterError(f"dam_reports: {problem}") from problem


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Names and functions."""
        return {"dam_reports": dam_reports}
