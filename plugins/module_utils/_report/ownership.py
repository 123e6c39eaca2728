# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a file and its folder are: only the user of the task, root or a group may decide what is written.

Folders that a group can write to are accepted: the owner has chosen the group.
"""

from __future__ import annotations

import os
import stat
from pathlib import PurePath

_ROOT = 0
REMEDY = (
    "Choose a folder that belongs to the user that runs the task or to root, and that other users cannot write to, or "
    "only with the sticky bit, such as /tmp."
)


def problem_of_folder(path: str) -> str | None:
    """Return why nothing should be written to an existing folder, an absolute path; None if there is no reason.

    No link on the way to it may be another user's. Who owns the folders above it is left to the user.
    """
    trusted = (os.geteuid(), _ROOT)
    for each in (path, *map(str, PurePath(path).parents)):
        link = os.lstat(each)
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in trusted:
            return f"the folder '{each}' is a symbolic link of the user with the id {link.st_uid}"
    folder = os.stat(path)
    if folder.st_uid not in trusted:
        return f"the folder '{path}' belongs to the user with the id {folder.st_uid}"
    if _is_public(folder) and not folder.st_mode & stat.S_ISVTX:
        return f"every user can write to the folder '{path}', which has no sticky bit"
    return None


def problem_of_file(path: str) -> str | None:
    """Return why a file in a folder without a problem should not be written; None if there is no reason."""
    if not os.path.lexists(path):
        return None
    file = os.lstat(path)
    if file.st_uid == os.geteuid():
        return None
    if stat.S_ISLNK(file.st_mode):
        return f"'{path}' is a symbolic link of the user with the id {file.st_uid}"
    if file.st_uid != _ROOT and _is_public(os.stat(os.path.dirname(path))):
        return f"'{path}' belongs to the user with the id {file.st_uid}, in a folder that every user can write to"
    return None


def _is_public(folder: os.stat_result) -> bool:
    """Whether every user can write to it."""
    return bool(folder.st_mode & stat.S_IWOTH)
