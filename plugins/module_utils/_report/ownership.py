# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a file and its folder are: nobody but their user, root or a group may decide what is written.

Folders that a group can write to are accepted: the owner has chosen the group.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any

ROOT = 0
REMEDY = (
    "Choose a folder that belongs to the user that runs the task or to root, and that other users cannot write to, or "
    "only with the sticky bit, such as /tmp."
)


@dataclass(frozen=True)
class Entry:
    """Owner and mode of a path, links not followed; the mode with the type of the file."""

    uid: int
    mode: int

    @classmethod
    def of(cls, path: str) -> Entry | None:
        """What is at ``path``; None if there is nothing."""
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return cls(found.st_uid, found.st_mode)

    @classmethod
    def of_result(cls, found: dict[str, Any]) -> Entry | None:
        """The same from the ``stat`` that ``ansible.builtin.stat`` returns."""
        if not found["exists"]:
            return None
        kind = stat.S_IFLNK if found["islnk"] else stat.S_IFDIR if found["isdir"] else stat.S_IFREG
        return cls(found["uid"], int(found["mode"], 8) | kind)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_public(self) -> bool:
        """Whether every user can write to it."""
        return bool(self.mode & stat.S_IWOTH)


def folder_problem(path: str, way: Entry | None, folder: Entry | None, user: int) -> str | None:
    """Why ``user`` should write nothing to the folder ``path``; None if there is no reason.

    ``way`` is the path itself, which may be a link, and ``folder`` the folder that it leads to.
    """
    if way and way.is_link and way.uid not in (user, ROOT):
        return f"the folder '{path}' is a symbolic link of the user with the id {way.uid}"
    if not folder:
        return None
    if folder.uid not in (user, ROOT):
        return f"the folder '{path}' belongs to the user with the id {folder.uid}"
    if folder.is_public and not folder.mode & stat.S_ISVTX:
        return f"every user can write to the folder '{path}', which has no sticky bit"
    return None


def file_problem(path: str, file: Entry | None, folder: Entry | None, user: int) -> str | None:
    """Why ``user`` should not write the file ``path``, in a folder that has no problem; None if there is no reason."""
    if not file or file.uid == user:
        return None
    if file.is_link:
        return f"'{path}' is a symbolic link of the user with the id {file.uid}"
    if file.uid != ROOT and folder and folder.is_public:
        return f"'{path}' belongs to the user with the id {file.uid}, in a folder that every user can write to"
    return None
