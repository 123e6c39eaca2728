# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports that the role writes of one subscriber. Knows no Ansible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import basename
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import FORMATS, Csv


def reports(formats: Sequence[str], stem: str, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for each format the options of ``dam_mismatch_report``.

    ``stem`` is the path without the ending; ``record`` has ``in_sync``, ``repaired`` and ``summary_before``. Raises
    ValueError for a format that does not exist.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"no format of a report: {', '.join(unknown)}.")
    said = {
        "in_sync": record["in_sync"],
        "summary_before": record["summary_before"] if record["repaired"] else None,
        "csv_link": f"{basename(stem)}.{Csv.name}" if Csv.name in formats else None,
    }
    found = []
    for name in formats:
        verdict = FORMATS[name].shows_verdict
        report = {"format": name, "dest": f"{stem}.{name}", "empty_report": "write" if verdict else "absent"}
        found.append({**report, name: said} if verdict else report)
    return found
