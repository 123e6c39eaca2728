# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a finished report comes to its place, or goes from it: knows files, but neither HTTP nor Ansible."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol

from .._errors import OptionError
from .reread import begins_as_report, read_findings, read_summary
from .summary import Summary
from .writer import ReportResult


class Files(Protocol):
    """What Ansible does with files for a module."""

    check_mode: bool
    diff_mode: bool

    def keep_old(self, dest: str) -> None: ...

    def publish(self, path: str, dest: str) -> bool: ...

    def withdraw(self, dest: str) -> None: ...

    def checksum(self, path: str) -> str | None: ...


@dataclass(frozen=True)
class Place:
    """Where a report belongs. Raises OptionError where no report can be put there."""

    dest: str
    report_format: str
    keep_empty: bool

    def __post_init__(self) -> None:
        folder = self.folder
        if os.path.isdir(self.dest):
            raise OptionError(f"dest: '{self.dest}' is a folder. Name a file in it.")
        if os.path.exists(self.dest) and not os.path.isfile(self.dest):
            raise OptionError(f"dest: '{self.dest}' is neither a regular file nor free to become one.")
        if os.path.isfile(self.dest) and not os.access(self.dest, os.R_OK):
            raise OptionError(
                f"dest: the file '{self.dest}' is there, but the user that runs the module cannot read it."
            )
        if not os.path.isdir(folder):
            raise OptionError(f"dest: there is no folder '{folder}'. Make it first.")
        longest = os.pathconf(folder, "PC_NAME_MAX")
        if len(os.fsencode(os.path.basename(os.path.realpath(self.dest)))) > longest:
            raise OptionError(f"dest: the name of the file is too long, the folder '{folder}' takes {longest} bytes.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OptionError(f"dest: the folder '{folder}' cannot be written to by the user that runs the module.")

    @property
    def folder(self) -> str:
        return os.path.dirname(os.path.realpath(self.dest)) or "."

    def deliver(self, report: ReportResult, files: Files) -> dict[str, Any]:
        """Make the file what the report is: ``changed``, ``dest``, ``checksum``, and ``diff`` where it changed.

        Of a page besides ``findings_changed``: whether it says something else than the page that was there, apart from
        the time of the comparison and from what was before a resync.
        """
        if report.count == 0 and not self.keep_empty:
            return self._remove(files)
        before = files.checksum(self.dest)
        differs = before != report.checksum
        result: dict[str, Any] = {"changed": differs, "dest": self.dest, "checksum": report.checksum}
        if report.findings:
            result["findings_changed"] = report.findings != read_findings(self.dest)
        if differs and files.diff_mode:
            result["diff"] = self._diff(report.summary)
        if before is not None or not files.check_mode:
            publish = differs and not files.check_mode
            if publish:
                files.keep_old(os.path.realpath(self.dest))
            # Only now does the new file get a name, and loses it at once to the renaming.
            result["changed"] = files.publish(report.path if publish else self.dest, self.dest) or differs
        return result

    def _remove(self, files: Files) -> dict[str, Any]:
        result: dict[str, Any] = {"changed": False, "dest": None, "checksum": None}
        if not os.path.exists(self.dest):
            return result
        if not begins_as_report(self.dest, self.report_format):
            raise OptionError(
                f"dest: there are no mismatches, so no report belongs there, but '{self.dest}' does not look like a "
                f"{self.report_format} report and was not removed. Remove it where it is an old report whose columns "
                "have other names; else choose another dest, or empty_report=write.",
                leftover=self.dest,
            )
        result["changed"] = True
        if self.report_format == "html":
            result["findings_changed"] = True
        if files.diff_mode:
            result["diff"] = self._diff(None)
        files.withdraw(self.dest)
        return result

    def _diff(self, after: Summary | None) -> dict[str, Any]:
        before = read_summary(self.dest, self.report_format) if os.path.exists(self.dest) else None
        shown = {"before": before, "after": after}
        return {name: summary.as_dict() if summary else {} for name, summary in shown.items()}
