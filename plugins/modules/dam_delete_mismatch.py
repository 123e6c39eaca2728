#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_delete_mismatch
short_description: Delete the mismatch logs of a DAM subscriber
version_added: 0.1.0
description:
  - Declares that a publisher keeps no mismatch logs of a subscriber, or of any.
  - This changes what the publisher knows about differences, not the differences. After it, an empty report proves
    nothing until the next comparison has ended.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  subscriber_id:
    description:
      - Id of the subscriber's registration at the publisher.
      - Either O(all_subscribers) has to be given, or O(subscriber_id), O(target_host) or both. Both have to hold then; a
        registration with this id that has another host is an error before anything else is done.
  all_subscribers:
    type: bool
    description:
      - V(true) deletes the logs of all subscribers of the publisher.
notes:
  - Refused while a comparison or a resync of the subscriber runs, or with O(all_subscribers=true) of any, since both
    work with the logs.
  - The call came with release CF216. Whether it resets the subscriber's C(resyncStatus) is not documented.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Forget what the last comparison found
  dxops.dam_staging.dam_delete_mismatch:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com

- name: Forget it for all subscribers
  dxops.dam_staging.dam_delete_mismatch:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    all_subscribers: true
"""

RETURN = r"""
deleted_count:
  description: Number of mismatch logs that were deleted, or would be in check mode.
  returned: success
  type: int
  sample: 42
subscriber:
  description:
    - The subscriber before the deletion; the same record as M(dxops.dam_staging.dam_subscriber_info) returns. Null
      with O(all_subscribers=true).
  returned: success
  type: dict
"""

import time

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import count_mismatches, delete_logs
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_OR_ALL_SUBSCRIBERS,
    check_all_subscribers,
    one_or_all_subscribers_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import RUNNING, phase_of, record_of


def work(task: Task) -> None:
    check_all_subscribers(task.params)
    one = None if task.params["all_subscribers"] else task.chosen()
    subscriber_id = one.subscriber_id if one else None
    count = count_mismatches(task.publisher, subscriber_id)
    # As late as can be: a comparison that begins now would lose what it finds.
    for subscriber in [task.publisher.subscriber(subscriber_id)] if subscriber_id else task.publisher.subscribers():
        if phase_of(subscriber) in RUNNING:
            raise DamError(
                f"The mismatch logs are in use: '{subscriber.target_host}' has the status {subscriber.resync_status}. "
                "Wait for that to end, with dam_find_mismatch or dam_resync, then run again."
            )
    task.result.update(
        changed=count > 0,
        deleted_count=count,
        subscriber=record_of(one) if one else None,
        diff={"before": {"mismatch_count": count}, "after": {"mismatch_count": 0}},
    )
    if count and not task.check_mode:
        task.result.update(changed=False, deleted_count=0)
        delete_logs(task.publisher, subscriber_id, time.monotonic, time.sleep)
        task.result.update(changed=True, deleted_count=count)
        task.warn("Without mismatch logs an empty report proves nothing until the next comparison has ended.")


def main() -> None:
    run(work, one_or_all_subscribers_spec(), **ONE_OR_ALL_SUBSCRIBERS)


if __name__ == "__main__":
    main()
