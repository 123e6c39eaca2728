#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_resync
short_description: Repair a DAM subscriber from its publisher
version_added: 0.1.0
description:
  - Declares that the mismatches of the last comparison are repaired. Has the publisher create the operations for it,
    and waits until the subscriber has worked through its queue.
  - The publisher is always the truth. What is only at the subscriber is deleted there.
  - It never says that the two are in sync. Only a new comparison with M(dxops.dam_staging.dam_find_mismatch) can
    tell.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._connection.subscriber
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._wait
  - dxops.dam_staging._attributes
attributes:
  check_mode:
    support: full
    details:
      - All guards are judged, nothing is started and nothing is waited for.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - After a resync nothing is triggered before there is a new comparison with mismatches.
options:
  max_age:
    type: int
    default: 86400
    description:
      - Age in seconds up to which a completed comparison is good enough to repair from. An older one is an error, and so
        is one whose time is more than five minutes ahead of the publisher's own clock.
  wait_for:
    type: str
    choices: [operations, trigger]
    default: operations
    description:
      - What O(wait=true) waits for. V(operations) waits until the subscriber's queue is idle, V(trigger) only until
        the publisher has created the operations.
  operation_scope:
    type: str
    choices: [all, sync]
    default: all
    description:
      - Which of the subscriber's operations have to be done. V(all) is what the vendor's documentation asks for,
        V(sync) only those of staging, for a subscriber that is never idle otherwise.
  max_mismatches:
    type: int
    default: -1
    description:
      - Refuse where there are more mismatches than this; V(-1) is no limit.
  max_deletes:
    type: int
    default: 1000
    description:
      - Refuse where more records than this would be deleted at the subscriber, all types together; V(-1) is no limit.
      - A mismatch whose action is not known counts as a deletion. Where the publisher gives more logs by type and
        action than there are, the deletions are not known, and every limit refuses.
  max_delete_percent:
    type: float
    default: 50
    description:
      - Refuse where more than this percentage of a type's records at the subscriber would be deleted; V(-1) is no
        limit.
      - Judged for a type with more than 20 deletions whose total the subscriber tells.
  allow_failed_operations:
    type: bool
    default: false
    description:
      - Go on although sync operations have failed at the subscriber, before the resync or in it. They are reported
        all the same.
  downstream_hosts:
    type: list
    elements: str
    default: []
    description:
      - Hosts that the subscriber itself publishes to, in a chain of environments. You vouch that none of them is the
        publisher by another name.
notes:
  - With two-way staging (each environment is the other's subscriber) a resync loses collections and assets on both
    sides. It is refused where the subscriber has the publisher as its own subscriber, has one that is not named in
    O(downstream_hosts), or cannot be asked. No option overrides this.
  - Needs the subscriber's own API, for the guards and for waiting.
  - Nobody should author on the publisher between the comparison and the end of the resync.
  - A resync whose trigger did not arrive is not sent again by itself; running the task again is safe.
  - That a resync is started by setting C(resyncStatus) is inferred from the vendor's OpenAPI document and command
    line; it is not documented for the API itself.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
  - module: dxops.dam_staging.dam_operations_info
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Repair what the last comparison found
  dxops.dam_staging.dam_resync:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
  register: resync

- name: Repair a subscriber with an account of its own and a queue that is never idle
  dxops.dam_staging.dam_resync:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    subscriber:
      dx_username: "{{ vault_subscriber_username }}"
      dx_password: "{{ vault_subscriber_password }}"
    operation_scope: sync
    max_deletes: 50
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
  sample: RESYNC_TRIGGER_COMPLETED
phase:
  description: What C(resync_status) means, in a closed list of words; see M(dxops.dam_staging.dam_subscriber_info).
  returned: success
  type: str
  sample: resync_started
actions:
  description:
    - What the task did, or would do in check mode, in this order. Empty where there was nothing to repair.
    - C(trigger) started a resync, C(join) found one under way, C(wait_trigger) waited until its operations were
      created, C(wait_operations) waited for the subscriber's queue.
  returned: success
  type: list
  elements: str
  sample: [trigger, wait_trigger, wait_operations]
planned:
  description:
    - What the resync was to change at the subscriber, by type and action, as counted before the trigger. C(UNKNOWN)
      counts the mismatches of no known type or action. Null where the resync was found under way or done.
  returned: success
  type: dict
  sample:
    total: 3
    by_type: {MEDIA_ITEM: {CREATE: 2, UPDATE: 0, DELETE: 1}}
    by_action: {CREATE: 2, UPDATE: 0, DELETE: 1, UNKNOWN: 0}
guards:
  description: What each guard found. C(status) is C(ok), C(refused) or C(not judged).
  returned: when a resync was to be triggered
  type: list
  elements: dict
  sample:
    - {name: max_deletes, status: ok, message: "A resync would delete 1 records, no more than 1000."}
mismatch_count_before:
  description: Number of mismatches before the trigger; null where the resync was found under way or done.
  returned: success
  type: int
  sample: 3
operation_counts:
  description: Operations left in the subscriber's queue at the end, by status.
  returned: when it was waited for them
  type: dict
  sample: {FAILED: 1}
failed_operations:
  description: The first ten sync operations of this resync that failed, with the fields of
    M(dxops.dam_staging.dam_operations_info); of C(error_info) at most 300 characters.
  returned: when it was waited for them
  type: list
  elements: dict
failed_operation_count:
  description: Number of sync operations of this resync that failed.
  returned: when it was waited for them
  type: int
  sample: 1
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

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import Planned, plan
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    guards_spec,
    one_subscriber_spec,
    other_environment_spec,
    wait_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.resync import (
    created_since,
    drain,
    judge,
    refuse,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.runs import RESYNC, Started, follow, start
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import (
    Phase,
    decide_resync,
    phase_of,
    without_waits,
)


def work(task: Task) -> None:
    dam, params, result, waiter = task.publisher, task.params, task.result, task.waiter()
    before = task.chosen()
    compared = phase_of(before) is Phase.COMPARED
    planned = plan(dam, before.subscriber_id) if compared else Planned(0)
    task.show(before)
    result.update(actions=[], duration=0.0)
    result["planned"] = planned.as_dict() if compared else None
    result["mismatch_count_before"] = planned.total if compared else None
    todo = decide_resync(before, planned.total > 0, params["max_age"], dam.now())
    steps = without_waits(todo, params["wait"], params["wait_for"])
    if not steps:
        return
    subscriber = task.subscriber_dam(before)
    belongs = created_since(before, dam, subscriber)
    started = Started(before, triggered=False, joined=True)
    if "trigger" in steps:
        verdicts, belongs = judge(dam, subscriber, planned, params)
        result["guards"] = [verdict.as_dict() for verdict in verdicts]
        refuse(verdicts)
        result["diff"] = task.status_diff(before.resync_status, RESYNC.trigger)
    if task.check_mode:
        result.update(actions=steps, changed="trigger" in steps)
        return
    if "trigger" in steps:
        started = start(dam, before, RESYNC, waiter)
        steps = ["trigger"] * started.triggered + ["join"] * started.joined + steps[1:]
        task.show(started.subscriber)
        result["changed"] = started.triggered
    result["actions"] = steps
    if "wait_trigger" in steps:
        task.show(follow(dam, before, started, RESYNC, waiter))
    if "wait_operations" in steps:
        found, problem = drain(subscriber, params["operation_scope"], waiter, belongs)
        result.update(found, duration=waiter.elapsed)
        if problem:
            task.fail_or_warn(problem, fail=not params["allow_failed_operations"])
    result["duration"] = waiter.elapsed


def main() -> None:
    wait_for = {"type": "str", "choices": ["operations", "trigger"], "default": "operations"}
    spec = {**other_environment_spec(), **one_subscriber_spec(), **wait_spec(), **guards_spec(), "wait_for": wait_for}
    run(work, spec, **ONE_SUBSCRIBER)


if __name__ == "__main__":
    main()
