#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_subscriber_info
short_description: Show the DAM subscribers of a publisher
version_added: 0.1.0
description:
  - Returns the subscribers that are registered at a publisher, with the state of staging, comparison and resync.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._attributes
  - dxops.dam_staging._attributes.info
options:
  subscriber_id:
    type: str
    description:
      - Id of one subscriber's registration. Without it and O(target_host), all subscribers are returned.
      - An id that the publisher does not have is an error, which lists those that it has.
      - With O(target_host) too, both have to hold; a registration with this id that has another host is an error.
  target_host:
    type: str
    description:
      - Target host of one subscriber's registration, with or without a scheme and a port; upper case and a trailing
        dot or slash do not matter.
      - A host that the publisher does not have, or that fits two subscribers, is an error, which lists those that it
        has.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
  - module: dxops.dam_staging.dam_operations_info
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Look at all subscribers
  dxops.dam_staging.dam_subscriber_info:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
  register: dam

- name: Name those that are switched off
  ansible.builtin.debug:
    msg: "{{ dam.subscribers | rejectattr('enabled') | map(attribute='target_host') }}"
"""

RETURN = r"""
subscribers:
  description: The subscribers, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    subscriber_id:
      description: Id of the registration.
      type: str
      sample: 4f6c2a0e-9f5d-4b8a-8f0e-0c3c4c1d2e3f
    target_host:
      description: Host that the publisher stages to.
      type: str
      sample: dx-subscriber.example.com
    enabled:
      description: Whether the publisher stages to it.
      type: bool
      sample: true
    cycle_length:
      description: Minutes between two staging cycles.
      type: int
      sample: 2
    sync_status:
      description: State of staging, in the server's words.
      type: str
      sample: SUCCESS
    resync_status:
      description: State of the last comparison or resync, in the server's words; null where there was none.
      type: str
      sample: FIND_MISMATCH_COMPLETED
    phase:
      description:
        - What C(resync_status) means. One of C(never_compared), C(comparing), C(compared), C(comparison_failed),
          C(resync_starting) (the publisher creates the operations of a resync), C(resync_started) (they are created, not
          done), C(resync_failed) (they could not be created) and C(unknown) (a status that is not documented; the modules
          treat it as running).
      type: str
      sample: compared
    last_sync_time:
      description: Time of the last staging cycle (ISO 8601).
      type: str
      sample: "2026-11-02T08:15:30.000Z"
    last_resync_time:
      description:
        - Time of the last comparison or resync (ISO 8601). Whether the server sets it at the start or at the end of a
          run is not documented.
      type: str
      sample: "2026-11-02T07:00:12.000Z"
    created:
      description: Time of the registration (ISO 8601).
      type: str
      sample: "2026-01-10T10:00:00.000Z"
    updated:
      description: Time of the registration's last change (ISO 8601), which moves for many reasons.
      type: str
      sample: "2026-11-02T08:15:30.000Z"
    sync_failure_logs:
      description: What the server says of failed staging, up to 2000 characters.
      type: str
      sample: null
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import one_subscriber_spec
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import record_of


def work(task: Task) -> None:
    named = task.params["subscriber_id"] or task.params["target_host"]
    subscribers = [task.chosen()] if named else task.publisher.subscribers()
    task.result["subscribers"] = [record_of(subscriber) for subscriber in subscribers]


def main() -> None:
    run(work, one_subscriber_spec())


if __name__ == "__main__":
    main()
