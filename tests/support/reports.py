# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What unit tests of reports write: rows, where they come from, and the format they go into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import new_format
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.rows import Origin
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import (
    Format,
    ReportResult,
    write_report,
)

Row = dict[str, Any]

# Those whose files hold the rows and nothing else.
TEXT_FORMATS = ["csv", "jsonl", "json"]


def mismatch(number: int, action: str = "UPDATE", kind: str = "MEDIA_ITEM", **more: Any) -> Row:
    """Make a row with the documented names."""
    return {"id": f"id-{number}", "recordType": kind, "recordAction": action, "subscriberId": "sub-1", **more}


def in_pages(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """Split rows as a server would."""
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


def origin(**more: Any) -> Origin:
    """Make the origin of rows of a completed comparison."""
    by_default: dict[str, Any] = {
        "publisher": "publish.example.com",
        "subscribers": {"sub-1": "sub.example.com"},
        "accurate": lambda: True,
    }
    return Origin(**{**by_default, **more})


def format_of(name: str = "csv", **options: Any) -> Format:
    """Make a format as the module does, with the defaults of its options."""
    return new_format({"format": name, "csv_safe": True, "csv_bom": False, "csv_printable": False, **options}, origin())


def make_report(folder: Path, pages: Any, name: str = "csv", max_records: int = 0, **options: Any) -> ReportResult:
    """Write a report of these pages."""
    return write_report(pages, str(folder), format_of(name, **options), max_records)
