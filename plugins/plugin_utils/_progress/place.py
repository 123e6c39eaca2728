# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a waiting module writes its progress, and how the controller reads it there: beside it, or far away."""

from __future__ import annotations

import copy
import shlex
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - its name everywhere
from ansible.plugins.loader import become_loader, connection_loader

from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import QUIET

from .lines import Source

# A look at a far file is a command over there, and with some connections a login.
FAR_FIRST, FAR_MOST, FAR_SHARE = QUIET + 1.0, 30.0, 0.05
NEAR = 0.25


@dataclass(frozen=True)
class Place:
    """The file's path where the module runs, how to read it, and the pause after so many seconds, in seconds."""

    path: str
    source: Source
    pause: Callable[[float], float]


@contextmanager
def place_for(action: Any) -> Iterator[Place | None]:
    """Where the module of this action can write; None where that cannot be told or read."""
    connection = action._connection
    if connection.transport == "local" and connection.become is None:
        with _near() as place:
            yield place
    elif getattr(connection._shell, "SHELL_FAMILY", None) == "sh" and not connection.force_persistence:
        with _far(action) as place:
            yield place
    else:
        yield None


@contextmanager
def _near() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="dam-progress-", dir=C.DEFAULT_LOCAL_TMP))
    file = folder / "lines"

    def read(offset: int) -> bytes:
        if not file.exists():
            return b""
        with open(file, "rb") as handle:
            handle.seek(offset)
            return handle.read()

    try:
        yield Place(str(file), read, lambda _elapsed: NEAR)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _far(action: Any) -> Iterator[Place]:
    """A file among those that are temporary over there, with a name that nobody guesses; the module removes it."""
    folder = (action.get_shell_option("system_tmpdirs") or ["/tmp"])[0]  # noqa: S108
    path = f"{folder}/dam-progress-{uuid.uuid4().hex}"
    twin: Any = None

    def read(offset: int) -> bytes:
        nonlocal twin
        if twin is None:
            twin = _twin(action)
        command = f"tail -c +{offset + 1} {shlex.quote(path)} 2>/dev/null || true"
        done = twin._low_level_execute_command(command)
        if done["rc"]:
            raise OSError(done["stderr"])
        # A terminal in between ends lines in its own way.
        return str(done["stdout"]).replace("\r\n", "\n").encode()

    try:
        yield Place(path, read, lambda elapsed: max(FAR_FIRST, min(FAR_MOST, FAR_SHARE * elapsed)))
    finally:
        if twin is not None:
            with suppress(Exception):
                twin._connection.close()


def _twin(action: Any) -> Any:
    """The same action with a connection of its own: the module's is busy, and no plugin promises to be shared."""
    twin = copy.copy(action)
    mine = action._connection
    twin._connection = connection_loader.get(mine._load_name, action._play_context)
    twin._connection.set_options(direct=_options(mine))
    twin._connection._shell = mine._shell
    if mine.become is not None:
        become = become_loader.get(mine.become._load_name)
        become.set_options(direct=_options(mine.become))
        twin._connection.set_become_plugin(become)
    return twin


def _options(plugin: Any) -> dict[str, Any]:
    return {name: value for name, value in plugin.get_options().items() if value is not None}
