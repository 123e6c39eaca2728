# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the disk: errors in words, and copies that follow no symbolic link."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator

from .._errors import DamError


@contextlib.contextmanager
def disk(directory: str) -> Iterator[None]:
    """Raise what the system says of the disk as ``DamError``."""
    try:
        yield
    except OSError as error:
        raise DamError(
            f"The report could not be written in {directory}: {error.strerror or error}. Nothing was changed there. "
            "Check the free space and the permissions."
        ) from error


def is_file(path: str) -> bool:
    """Tell whether ``path`` itself is a regular file, no symbolic link to one."""
    return os.path.isfile(path) and not os.path.islink(path)


def copy_beside(path: str) -> str:
    """Copy a file with its owner, mode and times; return the name of the copy, in Ansible's form of a backup.

    The copy is a new file. Ansible's own ``backup_local`` would follow a link that has its name already.
    """
    copy = f"{path}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S')}~"
    with disk(os.path.dirname(path)), open(path, "rb") as old, open(copy, "xb") as new:
        try:
            shutil.copyfileobj(old, new)
            new.flush()
            found = os.fstat(old.fileno())
            with contextlib.suppress(PermissionError):
                os.fchown(new.fileno(), found.st_uid, found.st_gid)
            shutil.copystat(path, copy, follow_symlinks=False)
        except BaseException:
            os.unlink(copy)
            raise
    return copy
