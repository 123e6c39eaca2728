# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``dam_junit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._junit import junit


def dam_junit(result: Any) -> str:
    """``dam_consistency_result`` as JUnit XML."""
    if not isinstance(result, Mapping):
        raise AnsibleFilterError("dam_junit: this is no dam_consistency_result, but no dictionary at all.")
    try:
        return junit(result)
    except ValueError as problem:
        raise AnsibleFilterError(f"dam_junit: {problem}") from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[[Any], str]]:
        """Names and functions."""
        return {"dam_junit": dam_junit}
