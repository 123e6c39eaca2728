# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters ``dam_places`` and ``dam_place_problems``. Internal to the role ``dam_consistency``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._places import looked_at, problems


def dam_place_problems(files: Any, found: Any, user: Any) -> list[str]:
    """Why files should not be written, one sentence for each such file."""
    try:
        return problems(files, found, int(user))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise AnsibleFilterError(f"dam_place_problems: these are no results of stat: {problem!r}") from problem


def dam_places(files: Any) -> list[str]:
    """The paths to look at before the files are written."""
    return list(dict.fromkeys(path for file in files.values() for path in looked_at(file)))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Names and functions."""
        return {"dam_places": dam_places, "dam_place_problems": dam_place_problems}
