# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action that all waiting modules share: the module as ever, and lines on the way."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.progress import VARIABLE

from .lines import Watch
from .place import Place, place_for


class WaitingAction(NormalAction):  # type: ignore[misc]
    """Runs the module of the same name in one piece, so that its result is exactly the module's own.

    Its progress is shown meanwhile, other than with ``async`` and with ``no_log``.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._task.async_val or self._task.no_log:
            return self._module(tmp, task_vars)
        with place_for(self) as place:
            return self._module(tmp, task_vars) if place is None else self._watched(place, tmp, task_vars)

    def _module(self, tmp: Any, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result

    def _watched(self, place: Place, tmp: Any, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        task = self._task
        given = task.environment
        what = f"[{(task_vars or {}).get('inventory_hostname', '')}] {task.get_name().strip()}"
        try:
            # Of this run alone: a loop uses the task again.
            task.environment = [*(given or []), {VARIABLE: place.path}]
            with Watch(place.source, what, Display().display, place.pause).running():
                return self._module(tmp, task_vars)
        finally:
            task.environment = given
