# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of all modules that wait: it runs the module and prints lines of progress."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - its name everywhere
from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import VARIABLE

from .lines import Watch

# The callbacks that write for people; what another one writes may be for a program, as one JSON document is.
FOR_PEOPLE = ("default", "ansible.builtin.default", "awx_display")


def _is_for_people() -> bool:
    """Whether the standard output is a playbook's own, with lines for people."""
    ad_hoc = "module_name" in context.CLIARGS
    return not ad_hoc and C.DEFAULT_STDOUT_CALLBACK in FOR_PEOPLE


class WaitingAction(NormalAction):  # type: ignore[misc]
    """Runs the module of the same name in one piece, so that its result is the module's own.

    The module writes its progress to a file in a folder of the controller. So there are lines only if it runs there,
    by the same account; with ``async`` and ``no_log``, and if ``dam_progress`` is false, there are none.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        local = self._connection.transport == "local" and self._connection.become is None
        if local and not self._task.async_val and not self._task.no_log and self._is_wanted(task_vars or {}):
            return self._watched(tmp, task_vars)
        return self._module(tmp, task_vars)

    def _is_wanted(self, task_vars: dict[str, Any]) -> bool:
        value = self._templar.template(task_vars.get("dam_progress"))
        name = "the variable dam_progress"
        if value in (None, ""):
            value, name = os.environ.get("DAM_PROGRESS") or True, "the environment variable DAM_PROGRESS"
        try:
            return bool(boolean(value))
        except TypeError:
            raise AnsibleActionFail(f"{name} is '{value}'. It has to be a boolean, such as true or off.") from None

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
            with Watch(folder / "lines", what, partial(Display().display, stderr=not _is_for_people())).running():
                return self._module(tmp, task_vars)
        finally:
            task.environment = given
            shutil.rmtree(folder, ignore_errors=True)
