# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback that writes every task's result and the recap, as JSON lines, to the file named by DAM_TEST_RECORD."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: Writes task results and the recap to a file
description: For the tests, which want a task's result as data and not as text.
requirements: [the environment variable DAM_TEST_RECORD]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Only writes; what the terminal shows is the default callback's business."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"

    def _write(self, record: dict[str, Any]) -> None:
        with open(os.environ["DAM_TEST_RECORD"], "a", encoding="utf-8") as handle:
            handle.write(json.dumps(record, default=str) + "\n")

    def _task(self, outcome: str, result: Any, item: bool = False) -> None:
        facts = result.result if hasattr(result, "result") else result._result
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        shown = {name: value for name, value in facts.items() if not name.startswith("_ansible_")}
        record = {"host": host.get_name(), "name": task.get_name(), "action": task.action, "outcome": outcome}
        self._write(record | {"item": item, "result": shown})

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that went well."""
        self._task("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed."""
        self._task("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task that was skipped."""
        self._task("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a host that was out of reach."""
        self._task("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Record one turn of a loop that went well."""
        self._task("ok", result, item=True)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Record one turn of a loop that failed."""
        self._task("failed", result, item=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Record the recap."""
        self._write({"recap": {host: stats.summarize(host) for host in stats.processed}})
