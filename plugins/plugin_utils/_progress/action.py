# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of all modules that wait: it runs the module and prints lines of progress."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - its name everywhere
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import VARIABLE

from .lines import Watch


class WaitingAction(NormalAction):  # type: ignore[misc]
    """Runs the module of the same name in one piece, so that its result is the module's own.

    The module writes its progress to a file in a folder of the controller. So there are lines only if it runs there,
    by the same account; with ``async`` and ``no_log`` there are none.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        local = self._connection.transport == "local" and self._connection.become is None
        if local and not self._task.async_val and not self._task.no_log:
            return self._watched(tmp, task_vars)
        return self._module(tmp, task_vars)

    def _module(self, tmp: Any, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result

    def _watched(self, tmp: Any, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        task = self._task
        given = task.environment
        what = f"[{(task_vars or {}).get('inventory_hostname', '')}] {task.get_name().strip()}"
        folder = Path(tempfile.mkdtemp(prefix="dam-progress-", dir=C.DEFAULT_LOCAL_TMP))
        try:
            # For this run only: a loop uses the task again.
            task.environment = [*(given or []), {VARIABLE: str(folder / "lines")}]
            with Watch(folder / "lines", what, Display().display).running():
                return self._module(tmp, task_vars)
        finally:
            task.environment = given
            shutil.rmtree(folder, ignore_errors=True)
