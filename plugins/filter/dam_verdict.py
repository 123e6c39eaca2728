# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``dam_verdict``. Internal to the role ``dam_consistency``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._record import verdict


def dam_verdict(records: Any, publisher: str, host: str, failure: Any = None) -> dict[str, Any]:
    """Result, artifact and problems of a run of the role, of the records of its subscribers."""
    try:
        return verdict(records, publisher, host, failure)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(f"dam_verdict: these are no results of the role's steps: {problem!r}") from problem


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Names and functions."""
        return {"dam_verdict": dam_verdict}
