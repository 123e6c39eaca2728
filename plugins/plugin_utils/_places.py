# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that the role writes with Ansible's own modules: whether another user decides what is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.ownership import (
    REMEDY,
    Entry,
    file_problem,
    folder_problem,
)


def looked_at(file: str) -> list[str]:
    """The paths that ``problems`` needs to know of a file: its own, its folder's, and what the folder leads to."""
    folder = file.rpartition("/")[0] or ("/" if file.startswith("/") else ".")
    return [file, folder, f"{folder}/."]


def problems(files: Mapping[str, str], found: Iterable[Mapping[str, Any]], user: int) -> list[str]:
    """Return a sentence for each file that ``user`` should not write.

    ``files`` are paths by the variable that names them; ``found`` are the results of ``ansible.builtin.stat`` for
    their paths.
    """
    entries = {result[result["ansible_loop_var"]]: Entry.of_result(result["stat"]) for result in found}
    said = []
    for variable, path in files.items():
        file, way, folder = (entries[each] for each in looked_at(path))
        folder_path = looked_at(path)[1]
        problem = folder_problem(folder_path, way, folder, user) or file_problem(path, file, folder, user)
        if problem:
            said.append(f"{variable}: {problem}. {REMEDY}")
    return said
