# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``dam_hosts``. Internal to the playbooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible import context
from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._hosts import Groups, pattern


def dam_hosts(given: Any, groups: Groups, limit: str = "", null: str | None = None) -> str:
    """The hosts that ``dam_publishers`` names, as a pattern; ``null`` is what null stands for."""
    if context.CLIARGS.get("syntax"):  # a check of the syntax alone has no inventory, as a rule
        return "all"
    try:
        return pattern(null if given is None else given, groups, limit)
    except ValueError as problem:
        raise AnsibleFilterError(str(problem)) from problem


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names and functions."""
        return {"dam_hosts": dam_hosts}
