# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a comparison must find, computed from the whole data of both sides and without the comparison's own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from damsim.names import RecordType, knows_type

Hashes = Mapping[str, Mapping[str, str]]


def expected(ours: Hashes, theirs: Hashes, release: int) -> dict[str, Any]:
    """Every mismatch of two data sets.

    Args:
        ours: the publisher's hashes by id, by type.
        theirs: the subscriber's.
        release: leaves out types that it does not know.
    """
    rows: list[tuple[str, str, str]] = []
    for record_type in RecordType:
        if not knows_type(release, record_type):
            continue
        here, there = ours.get(record_type, {}), theirs.get(record_type, {})
        rows += [(record_type, "CREATE", i) for i in here if i not in there]
        rows += [(record_type, "UPDATE", i) for i, value in here.items() if there.get(i, value) != value]
        rows += [(record_type, "DELETE", i) for i in there if i not in here]
    counts: dict[str, dict[str, int]] = {}
    for name, action, _rest in rows:
        counts.setdefault(name, {}).setdefault(action, 0)
        counts[name][action] += 1
    return {"rows": sorted(rows), "counts": counts}
