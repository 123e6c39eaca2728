#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_subscriber
short_description: Register a DAM subscriber, change its staging, or deregister it
version_added: 0.1.0
description:
  - Declares that a publisher stages to a subscriber, how often, and whether it does so at present; or that it does
    not stage to it at all.
  - What is not given is left as it is. For a new registration the server chooses it.
extends_documentation_fragment:
  - dxops.dam_staging._connection
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
    type: str
    description:
      - Id of the subscriber's registration at the publisher.
      - O(subscriber_id) or O(target_host) names the subscriber. With both, both have to hold; a registration with this
        id that has another host is an error, and nothing is changed.
      - The server gives the ids, so a new one needs O(target_host) alone.
  target_host:
    type: str
    description:
      - Target host of the subscriber's registration. To find one that is registered, a scheme, a port, upper case and
        a trailing dot or slash do not matter.
      - A new subscriber is registered by it as it is given, so it has to be a host name, with a port where that is
        needed, as the publisher reaches it.
  state:
    type: str
    choices: [present, absent]
    default: present
    description:
      - Whether the subscriber is registered.
      - V(absent) needs O(confirm_restage=true) where it is registered.
  enabled:
    type: bool
    description:
      - Whether the publisher stages to it at present.
  cycle_length:
    type: int
    description:
      - Minutes between two staging cycles, from 1 to 1440. The product's own default is 2.
  confirm_restage:
    type: bool
    default: false
    description:
      - Confirms that a subscriber may be deregistered although registering it again copies every asset to it anew.
      - To stop staging for a while, around an upgrade for instance, the vendor's documentation says to set
        O(cycle_length=1440) instead. The playbook C(dxops.dam_staging.pause) does that.
notes:
  - For a subscriber outside the publisher's Kubernetes cluster, its credentials have to be there as a Kubernetes
    secret in both environments before it is registered (vendor's documentation). This module cannot see them.
  - Registering makes the publisher copy every asset to the subscriber. Wait with
    M(dxops.dam_staging.dam_operations_info) until that is done.
  - Never let each of two environments be the other's subscriber. With such two-way staging a resync loses assets on
    both sides.
  - A change whose answer was lost is looked for at the server for 10 seconds and never sent again by itself. Running
    the task again is safe.
seealso:
  - module: dxops.dam_staging.dam_subscriber_info
  - module: dxops.dam_staging.dam_preflight
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Stage to a subscriber every ten minutes
  dxops.dam_staging.dam_subscriber:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    enabled: true
    cycle_length: 10

- name: Deregister a subscriber for good
  dxops.dam_staging.dam_subscriber:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    state: absent
    confirm_restage: true
"""

RETURN = r"""
subscriber:
  description:
    - The subscriber as it is now; the same record as M(dxops.dam_staging.dam_subscriber_info) returns. Null where it
      is not registered any more.
    - In check mode as it would be. Of a new one, what only the server can know is null then.
  returned: success
  type: dict
before:
  description: The same record as it was before the task; null where it was not registered.
  returned: success
  type: dict
action:
  description: What the task did, or would do in check mode. Null where there was nothing to do.
  returned: success
  type: str
  sample: update
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    one_subscriber_spec,
    registration_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.registration import (
    DEREGISTER,
    REGISTER,
    Registrar,
    decide,
    differences,
    expected,
    find,
    shown,
    wanted,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import RUNNING, phase_of, record_of


def work(task: Task) -> None:
    publisher, params, result = task.publisher, task.params, task.result
    before = now = find(publisher.subscribers(), params)
    record = record_of(before) if before else None
    result.update(before=record, subscriber=record, action=None)
    step = decide(before, params, publisher.client.connection.addresses)
    after = expected(step, before, params)
    diff = {"before": shown(record), "after": shown(after)}
    result.update(action=step, diff=diff)
    if before and step == DEREGISTER and phase_of(before) in RUNNING:
        task.warn(
            f"'{before.target_host}' has the status {before.resync_status}: what becomes of that run is not documented."
        )
    if task.check_mode or not step:
        result.update(changed=step is not None, subscriber=after)
        return
    registrar = Registrar(publisher)
    if step == DEREGISTER and before:
        result.update(changed=registrar.deregister(before), subscriber=None)
        return
    if step == REGISTER:
        now, made = registrar.register(params["target_host"], wanted(params))
        result.update(changed=made, subscriber=record_of(now))
    left = differences(now, wanted(params)) if now else {}
    if now and left:
        result.update(subscriber=record_of(registrar.change(now, left)), changed=True)
    diff["after"] = shown(result["subscriber"])


def main() -> None:
    run(work, {**one_subscriber_spec(), **registration_spec()}, **ONE_SUBSCRIBER)


if __name__ == "__main__":
    main()
