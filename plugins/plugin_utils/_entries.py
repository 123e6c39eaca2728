# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the entries of ``dam_consistency_subscribers``. Shows names only: a value may be a password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import connection_spec
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import clean

NAMES = ("subscriber_id", "target_host")
KEYS = {*NAMES, *connection_spec()}
_NO_LIST = (
    "dam_consistency_subscribers is no list. It has to be a list of dictionaries: in the inventory, in a file, or with "
    "-e '{dam_consistency_subscribers: [{target_host: dx-subscriber.example.com}]}'."
)


def problems(entries: Any) -> list[str]:
    """Return a sentence for each entry that cannot be used, or one for what is no list of entries."""
    if not isinstance(entries, Sequence) or isinstance(entries, (str, bytes)):
        return [_NO_LIST]
    found = (_problem(number, entry) for number, entry in enumerate(entries, 1))
    return [problem for problem in found if problem]


def _problem(number: int, entry: Any) -> str | None:
    if not isinstance(entry, Mapping):
        return f"Entry {number} of dam_consistency_subscribers is no dictionary: it needs subscriber_id or target_host."
    unknown = ", ".join(clean(str(key), 50) for key in entry if key not in KEYS)
    if unknown:
        known = ", ".join(sorted(KEYS))
        return f"Entry {number} of dam_consistency_subscribers has unknown keys: {unknown}. There are: {known}."
    if not any(entry.get(name) for name in NAMES):
        return (
            f"Entry {number} of dam_consistency_subscribers names no subscriber: it needs subscriber_id or target_host."
        )
    return None
