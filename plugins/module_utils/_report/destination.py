# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a finished report comes to its place, or an older one goes from it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol

from .._errors import OptionError
from .ownership import REMEDY, problem_of_file, problem_of_folder
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

    def warn(self, text: str) -> None: ...


@dataclass(frozen=True)
class Place:
    """Where a report belongs; with ``keep_empty`` one without rows, too. Raises OptionError for an unusable place."""

    dest: str
    keep_empty: bool

    def __post_init__(self) -> None:
        folder = self.folder
        if os.path.isdir(self.dest):
            raise OptionError(f"dest: '{self.dest}' is a folder. Name a file in it.")
        if not os.path.isdir(folder):
            raise OptionError(f"dest: there is no folder '{folder}'. Make it first.")
        longest = os.pathconf(folder, "PC_NAME_MAX")
        if len(os.fsencode(os.path.basename(self.dest))) > longest:
            raise OptionError(f"dest: the name of the file is too long, the folder '{folder}' takes {longest} bytes.")
        problem = problem_of_folder(folder) or problem_of_file(os.path.abspath(self.dest))
        if problem:
            raise OptionError(f"dest: {problem}. {REMEDY} In the role the folder is dam_consistency_report_dir.")
        if self._has_file and not os.path.isfile(self.dest):
            raise OptionError(f"dest: '{self.dest}' is neither a regular file nor free to become one.")
        if self._has_file and not os.access(self.dest, os.R_OK):
            raise OptionError(
                f"dest: the file '{self.dest}' is there, but the user that runs the module cannot read it."
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OptionError(f"dest: the folder '{folder}' cannot be written to by the user that runs the module.")

    @property
    def folder(self) -> str:
        return os.path.dirname(os.path.abspath(self.dest))

    @property
    def _has_file(self) -> bool:
        """Whether there is something other than a symbolic link, which counts as nothing: it is replaced itself."""
        return os.path.lexists(self.dest) and not os.path.islink(self.dest)

    def deliver(self, report: ReportResult, files: Files, complete: bool) -> dict[str, Any]:
        """Make the file what the report is: ``changed``, ``dest``, ``checksum``, and ``diff`` if it changed.

        ``complete`` tells whether the rows are all those of a completed comparison: only such a report removes an older
        one. A file that stays for this or another reason is named in a warning and in ``not_removed``.
        """
        if report.count == 0 and not self.keep_empty:
            return self._remove(report, files, complete)
        before = files.checksum(self.dest) if self._has_file else None
        differs = before != report.checksum
        changed = before is None or (differs and not report.format.says_the_same(self.dest))
        result: dict[str, Any] = {"changed": changed, "dest": self.dest, "checksum": report.checksum}
        if changed and files.diff_mode:
            result["diff"] = self._diff(report, report.summary)
        if differs and not files.check_mode:
            report.sync()
            if changed:
                files.keep_old(self.dest)
            result["changed"] = files.publish(report.path, self.dest) or changed
        elif before is not None:
            # The content stays: owner and mode are seen to.
            result["changed"] = files.publish(self.dest, self.dest) or changed
        return result

    def _remove(self, report: ReportResult, files: Files, complete: bool) -> dict[str, Any]:
        result: dict[str, Any] = {"changed": False, "dest": None, "checksum": None}
        if not os.path.lexists(self.dest):
            return result
        if not complete:
            result["not_removed"] = (
                f"dest: there are no mismatches, but '{self.dest}' was not removed: the rows are not those of a "
                "completed comparison."
            )
            files.warn(result["not_removed"])
            return result
        result["changed"] = True
        if files.diff_mode:
            result["diff"] = self._diff(report, None)
        files.withdraw(self.dest)
        return result

    def _diff(self, report: ReportResult, after: Summary | None) -> dict[str, Any]:
        before = report.format.read_summary(self.dest) if self._has_file else None
        shown = {"before": before, "after": after}
        return {name: summary.as_dict() if summary else {} for name, summary in shown.items()}
