# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action that all waiting modules share: the module as ever, and lines on the way."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - its name everywhere
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.dxops.dam_staging.plugins.module_utils._progress import VARIABLE
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._progress import Watch


class WaitingAction(NormalAction):  # type: ignore[misc]
    """Runs the module of the same name in one piece, so that its result is exactly the module's own.

    With a local connection the module's progress is shown meanwhile. Over other connections, with ``async`` and with
    ``no_log`` nothing is shown before the end.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task = self._task
        if task.async_val or task.no_log or self._connection.transport != "local":
            plain: dict[str, Any] = super().run(tmp, task_vars)
            return plain
        folder = Path(tempfile.mkdtemp(prefix="dam-progress-", dir=C.DEFAULT_LOCAL_TMP))
        file = folder / "lines"
        given = task.environment
        try:
            file.touch()
            # Of this run alone: a loop uses the task again.
            task.environment = [*(given or []), {VARIABLE: str(file)}]
            host = (task_vars or {}).get("inventory_hostname", "")
            with Watch(file, f"[{host}] {task.get_name().strip()}", Display().display).running():
                result: dict[str, Any] = super().run(tmp, task_vars)
        finally:
            task.environment = given
            shutil.rmtree(folder, ignore_errors=True)
        return result
