# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``dam_reports``. Internal to the role ``dam_consistency``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from posixpath import basename
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import FORMATS, Csv


def dam_reports(formats: Sequence[str], stem: str, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The reports of one subscriber: for each format the options that the module is to be given."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise AnsibleFilterError(f"dam_reports: no format of a report: {', '.join(unknown)}.")
    said = {
        "in_sync": record["in_sync"],
        "summary_before": record["summary_before"] if record["repaired"] else None,
        "csv_link": f"{basename(stem)}.{Csv.name}" if Csv.name in formats else None,
    }
    reports = []
    for name in formats:
        verdict = FORMATS[name].shows_verdict
        report = {"format": name, "dest": f"{stem}.{name}", "empty_report": "write" if verdict else "absent"}
        reports.append({**report, name: said} if verdict else report)
    return reports


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Names and functions."""
        return {"dam_reports": dam_reports}
