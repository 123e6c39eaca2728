# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between Ansible and everything below: options in, one place for errors, result out.

The only folder that knows AnsibleModule.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._dam.api import Dam
from .._dam.records import Subscriber
from .._errors import DamError
from .._report.disk import copy_beside, disk, is_file
from .._staging.progress import reporter
from .._staging.states import choose, record_of
from .._transport.client import REQUESTS_IMPORT_ERROR, Client
from .._transport.connection import Connection
from .._waiting import Waiter
from .connections import publisher_connection, subscriber_connection, warnings_of
from .options import AUTHENTICATION, Spec, connection_spec


class Task:
    """One run of a module. What ``result`` holds goes back to Ansible, on failure too."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self.params: dict[str, Any] = module.params
        self.check_mode: bool = module.check_mode
        self.diff_mode: bool = module._diff
        self.result: dict[str, Any] = {"changed": False}
        self._clients: list[Client] = []
        self.publisher = self._dam(publisher_connection(self.params), "")

    def _dam(self, connection: Connection, prefix: str) -> Dam:
        for text in warnings_of(connection, prefix):
            self.warn(text)
        client = Client(connection, read_only=self.check_mode, on_secret=self._hide)
        self._clients.append(client)
        return Dam(client, " The options of this environment stand below 'subscriber'." if prefix else "")

    def close(self) -> None:
        """End the requests that other threads still wait for, which would keep the process from ending."""
        for client in self._clients:
            client.close()

    def _hide(self, secret: str) -> None:
        self._module.no_log_values.add(secret)

    def warn(self, text: str) -> None:
        self._module.warn(text)

    def chosen(self) -> Subscriber:
        """The one subscriber that ``subscriber_id`` or ``target_host`` names."""
        subscribers = self.publisher.subscribers()
        return choose(subscribers, self.params["subscriber_id"], self.params["target_host"])

    def subscriber_dam(self, subscriber: Subscriber) -> Dam:
        """The subscriber's own API."""
        return self.dam_at(subscriber.target_host)

    def dam_at(self, target_host: str) -> Dam:
        """The API of the environment that is, or is to be, registered with ``target_host``."""
        return self._dam(subscriber_connection(self.params, target_host), "subscriber.")

    def fail_or_warn(self, text: str, fail: bool) -> None:
        if fail:
            raise DamError(text)
        self.warn(text)

    def show(self, subscriber: Subscriber) -> None:
        """Return the subscriber as it was last seen."""
        record = record_of(subscriber)
        self.result.update(subscriber=record, resync_status=record["resync_status"], phase=record["phase"])

    def waiter(self) -> Waiter:
        waiter = Waiter(
            timeout=self.params["wait_timeout"],
            most_sleep=self.params["wait_sleep"],
            error_timeout=self.params["error_timeout"],
            watch=reporter(),
        )
        self.result["states"] = waiter.states
        return waiter

    @staticmethod
    def status_diff(before: str | None, after: str | None) -> dict[str, dict[str, str | None]]:
        """What ``--diff`` shows of a run that was started."""
        return {"before": {"resync_status": before}, "after": {"resync_status": after}}

    @property
    def scratch_dir(self) -> str:
        """A folder of this task alone, which Ansible removes."""
        return str(self._module.tmpdir)

    def publish(self, path: str, dest: str) -> bool:
        """Put a finished file in its place in one step, with the owner and mode asked for; True if these changed.

        A symbolic link is replaced itself. With ``path`` equal to ``dest`` only owner and mode are seen to.
        """
        if path != dest:
            self._move(path, dest)
        arguments = self._module.load_file_common_arguments(self.params, path=dest)
        return bool(self._module.set_fs_attributes_if_different(arguments, False))

    def _move(self, path: str, dest: str) -> None:
        if is_file(dest):
            self._module.atomic_move(path, dest, unsafe_writes=bool(self.params.get("unsafe_writes")))
        else:
            # atomic_move would give the file the owner and mode of what a link leads to.
            with disk(os.path.dirname(dest)):
                os.replace(path, dest)

    def withdraw(self, dest: str) -> None:
        """Remove a file, of which ``backup`` keeps a copy, or a symbolic link."""
        if not self.check_mode:
            self.keep_old(dest)
            with disk(os.path.dirname(dest)):
                os.unlink(dest)

    def keep_old(self, dest: str) -> None:
        """Keep a copy of a file that is about to be replaced, where the option ``backup`` asks for it."""
        if self.params.get("backup") and is_file(dest):
            self.result["backup_file"] = copy_beside(dest)

    def checksum(self, path: str) -> str | None:
        """SHA-1 of a file in hexadecimal, as ``ansible.builtin.copy`` gives it; None where there is none."""
        return self._module.sha1(path) if os.path.exists(path) else None


def run(work: Callable[[Task], None], spec: Spec, **more: Any) -> None:
    """Run a module: ``work`` fills ``task.result``. Every foreseen error becomes one clear failure."""
    module = AnsibleModule(
        argument_spec={**connection_spec(), **spec},
        supports_check_mode=True,
        required_one_of=[*AUTHENTICATION["required_one_of"], *more.pop("required_one_of", [])],
        required_together=AUTHENTICATION["required_together"],
        **more,
    )
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=REQUESTS_IMPORT_ERROR)
    os.umask(0o077)  # what is written is for the user's eyes, unless the option mode says otherwise
    learnt: dict[str, Any] = {}
    try:
        task = Task(module)
        learnt = task.result
        with closing(task):
            work(task)
    except DamError as error:
        module.fail_json(msg=error.message, **{**learnt, **error.context})
    module.exit_json(**learnt)
