#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_operations_info
short_description: Show the DAM operation queue of an environment, or wait until it is idle
version_added: 0.1.0
description:
  - Counts the operations of the environment that the connection options name, by status and by trigger function. For
    what a resync left to do, ask the subscriber.
  - With O(wait=true) it returns when the queue is idle, that is, when no operation is left in a status other than
    C(FAILED) and C(ABORT). C(SUCCESS) counts as not yet complete, as the vendor's documentation has it, and so does a
    status that nobody knows.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._wait
  - dxops.dam_staging._attributes
  - dxops.dam_staging._attributes.info
options:
  wait:
    default: false
    description:
      - Whether to wait until the queue is idle.
  operation_scope:
    type: str
    choices: [all, sync]
    default: all
    description:
      - V(all) looks at every operation, at the price of at most eight small requests a look.
      - V(sync) looks only at those by which staging and a resync change an environment, for one that is never idle
        otherwise. The whole queue has to be read for that, so it looks less often.
  status:
    type: list
    elements: str
    choices: [TODO, READ, PROCESSING, SUCCESS, RETRY, WAIT, PENDING, FAILED, ABORT]
    description:
      - Count and return only operations in these statuses. RV(idle) does not depend on it.
  trigger_function:
    type: list
    elements: str
    description:
      - Count and return only operations with these trigger functions. RV(idle) does not depend on it.
  max_operations:
    type: int
    default: 0
    description:
      - So many of the operations are returned at most.
notes:
  - How the server's own filter by trigger function matches is not documented, so it is not used.
  - Counting reads the whole queue, which changes meanwhile on an environment in use.
seealso:
  - module: dxops.dam_staging.dam_resync
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Look at what the subscriber still has to do
  dxops.dam_staging.dam_operations_info:
    hostname: dx-subscriber.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"

- name: Look at the first failed operations of staging
  dxops.dam_staging.dam_operations_info:
    hostname: dx-subscriber.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    operation_scope: sync
    status: [FAILED]
    max_operations: 10

- name: Wait until staging has nothing left to do
  dxops.dam_staging.dam_operations_info:
    hostname: dx-subscriber.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    operation_scope: sync
    wait: true
"""

RETURN = r"""
counts:
  description: Number of operations by status.
  returned: success
  type: dict
  sample: {TODO: 12, PROCESSING: 4, FAILED: 1}
by_trigger_function:
  description: Number of operations by trigger function and status.
  returned: success
  type: dict
  sample: {syncStagingMediaContent: {TODO: 12, PROCESSING: 4, FAILED: 1}}
operations:
  description: The first operations, as many as O(max_operations) asks for. Their C(inputs) are left out.
  returned: success
  type: list
  elements: dict
  contains:
    operation_id:
      description: Id of the operation.
      type: str
    trigger_function:
      description: What the operation does.
      type: str
      sample: syncStagingMediaContent
    status:
      description: Its status.
      type: str
      sample: FAILED
    error_info:
      description: What the server says of its failure, up to 2000 characters.
      type: str
    retry_counter:
      description: How often it was tried again.
      type: int
    created:
      description: Time of its creation (ISO 8601).
      type: str
    updated:
      description: Time of its last change (ISO 8601).
      type: str
idle:
  description: Whether no operation in the scope is left to be done.
  returned: success
  type: bool
duration:
  description: Seconds that the task waited.
  returned: success
  type: float
states:
  description: Each status that was seen while waiting, and the seconds after which it was first seen.
  returned: success
  type: list
  elements: dict
last:
  description: The last status seen.
  returned: when a wait failed
  type: str
"""

from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.queue import Queue, Tally
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import (
    FINISHED_STATUSES,
    UNFINISHED_STATUSES,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import wait_spec
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run


def work(task: Task) -> None:
    params, waiter = task.params, task.waiter()
    queue = Queue(task.publisher, params["operation_scope"])
    if params["wait"]:
        queue.wait_until_idle(waiter, task.publisher.client.connection.hostname)
    counted, unfinished = Tally(), 0
    shown: list[dict[str, Any]] = []
    for operation in queue.operations():
        unfinished += not operation.finished
        if params["status"] and operation.status not in params["status"]:
            continue
        if params["trigger_function"] and operation.trigger_function not in params["trigger_function"]:
            continue
        counted.add(operation)
        if len(shown) < params["max_operations"]:
            shown.append(operation.as_dict())
    task.result.update(
        counts=counted.by_status,
        by_trigger_function=counted.by_trigger_function,
        operations=shown,
        idle=params["wait"] or unfinished == 0,
        duration=waiter.elapsed,
    )


def main() -> None:
    spec = {
        **wait_spec(),
        "operation_scope": {"type": "str", "choices": ["all", "sync"], "default": "all"},
        "status": {"type": "list", "elements": "str", "choices": [*UNFINISHED_STATUSES, *FINISHED_STATUSES]},
        "trigger_function": {"type": "list", "elements": "str"},
        "max_operations": {"type": "int", "default": 0},
    }
    spec["wait"]["default"] = False
    run(work, spec)


if __name__ == "__main__":
    main()
