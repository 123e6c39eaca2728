#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_settle
short_description: Wait until a publisher and a DAM subscriber are quiet
version_added: 0.1.0
description:
  - Waits until nothing runs that a comparison of the subscriber would have to wait for. That is a comparison or
    resync of another subscriber of the publisher, a resync of this one, and operations at the subscriber whose
    trigger function begins with C(sync).
  - A comparison of this very subscriber does not count, since M(dxops.dam_staging.dam_find_mismatch) joins it.
  - It starts and changes nothing.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._connection.subscriber
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._wait
  - dxops.dam_staging._attributes
  - dxops.dam_staging._attributes.info
attributes:
  check_mode:
    support: full
    details:
      - It looks once and does not wait.
options:
  first_sync:
    type: bool
    default: false
    description:
      - Wait also until staging has reached the subscriber for the first time, that is, until its C(lastSyncTime) is
        set. Right after a registration nothing runs yet, so an idle queue proves nothing.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
  - module: dxops.dam_staging.dam_operations_info
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Wait until a comparison can begin
  dxops.dam_staging.dam_settle:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    wait_timeout: 3600
"""

RETURN = r"""
subscriber:
  description: The subscriber as last seen; the same record as M(dxops.dam_staging.dam_subscriber_info) returns.
  returned: success
  type: dict
resync_status:
  description: The subscriber's last seen status, in the server's words.
  returned: success
  type: str
  sample: FIND_MISMATCH_COMPLETED
phase:
  description: What C(resync_status) means, in a closed list of words; see M(dxops.dam_staging.dam_subscriber_info).
  returned: success
  type: str
  sample: compared
settled:
  description: Whether nothing is in the way. V(false) only with O(wait=false) or in check mode.
  returned: success
  type: bool
busy:
  description: The first thing that is still running; null where nothing is.
  returned: success
  type: str
  sample: "dx-other.example.com: FIND_MISMATCH_START"
duration:
  description: Seconds that the task waited.
  returned: success
  type: float
states:
  description: Each thing that was waited for, and the seconds after which it was first seen.
  returned: success
  type: list
  elements: dict
last:
  description: What was still running at last.
  returned: when a wait failed
  type: str
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    one_subscriber_spec,
    other_environment_spec,
    wait_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.runs import poll_settled, settle


def work(task: Task) -> None:
    waiter = task.waiter()
    known = task.chosen()
    subscriber = task.subscriber_dam(known)
    if task.params["wait"] and not task.check_mode:
        known = settle(task.publisher, subscriber, known, waiter, task.params["first_sync"])
        busy = None
    else:
        seen = poll_settled(task.publisher, subscriber, known.subscriber_id, task.params["first_sync"])
        known, busy = seen.value, None if seen.done else seen.status
    task.show(known)
    task.result.update(settled=busy is None, busy=busy, duration=waiter.elapsed)


def main() -> None:
    first_sync = {"type": "bool", "default": False}
    spec = {**other_environment_spec(), **one_subscriber_spec(), **wait_spec(), "first_sync": first_sync}
    run(work, spec, **ONE_SUBSCRIBER)


if __name__ == "__main__":
    main()
