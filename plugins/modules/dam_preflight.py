#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_preflight
short_description: Check whether a publisher and a subscriber are ready
version_added: 0.1.0
description:
  - Checks whether a comparison or a resync may begin, and says of everything that is in the way what to do about it.
  - All checks are made in one run; none that fails stops the others. One that cannot be made because of another says
    so, and counts as failed, or as a warning where nothing can be harmed.
  - It reads only, and never waits for anything to get better.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._connection.subscriber
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._attributes
  - dxops.dam_staging._attributes.info
options:
  before:
    type: str
    choices: [compare, resync]
    default: compare
    description:
      - What comes next. V(resync) asks for more, among it a completed comparison that is young enough.
  fail_on:
    type: str
    choices: [failed, warning, never]
    default: failed
    description:
      - Whether the task fails where a check failed, or where one so much as warns. With V(never) it only reports.
  max_age:
    type: int
    default: 86400
    description:
      - Age in seconds up to which a completed comparison is good enough to repair from, as in
        M(dxops.dam_staging.dam_resync).
  allow_failed_operations:
    type: bool
    default: false
    description:
      - With O(before=resync), whether sync operations that have failed at the subscriber are only a warning.
  downstream_hosts:
    type: list
    elements: str
    default: []
    description:
      - Hosts that the subscriber itself publishes to, in a chain of environments. You vouch that none of them is the
        publisher by another name.
notes:
  - Needs the subscriber's own API.
  - The checks are C(publisher_reachable), C(publisher_login), C(publisher_release), C(publisher_administrator), the
    same four for the subscriber, C(clocks), C(subscriber_registered), C(subscriber_enabled), C(subscriber_host),
    C(two_way_staging), C(nothing_running), C(operations_in_progress), C(comparison_age) and C(staging_cycle); before
    a resync C(failed_operations) and C(authoring) too.
  - Only what leaves an operation in one of the queues can be seen of authoring. When the next staging cycle is due is
    reckoned from the last one, which is inferred.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
  - module: dxops.dam_staging.dam_resync
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Make sure that a comparison may begin
  dxops.dam_staging.dam_preflight:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com

- name: See what stands in the way of a resync
  dxops.dam_staging.dam_preflight:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    before: resync
    fail_on: never
  register: preflight

- name: Show it
  ansible.builtin.debug:
    msg: "{{ preflight.msg.splitlines() }}"
"""

RETURN = r"""
ready:
  description: Whether nothing speaks against going on. A warning does only with O(fail_on=warning).
  returned: always
  type: bool
  sample: false
checks:
  description: Every check that was made, in the same order every time.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check, the same in every release.
      type: str
      sample: operations_in_progress
    status:
      description: C(ok), C(warning) or C(failed).
      type: str
      sample: failed
    message:
      description: What was found.
      type: str
      sample: "3 sync operations are in progress at the subscriber (syncStagingMediaContent: 3)."
    remedy:
      description: What to do about it; null where the check is ok.
      type: str
      sample: Wait with dam_operations_info (wait=true, operation_scope=sync) at the subscriber.
msg:
  description: The figures on the first line, then one line for each check that is not ok.
  returned: always
  type: str
  sample: "Ready for a comparison: 0 failed, 0 warning, 17 ok."
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    one_subscriber_spec,
    other_environment_spec,
    preflight_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.checks import judge
from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.facts import survey
from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.findings import WARNING, line


def work(task: Task) -> None:
    fail_on = task.params["fail_on"]
    preflight = judge(survey(task.publisher, task.dam_at, task.params))
    refusing = preflight.refusing(fail_on)
    words = preflight.in_words(fail_on)
    task.result.update(ready=not refusing, checks=preflight.as_list(), msg=words)
    if refusing and fail_on != "never":
        del task.result["msg"]  # it is the error's
        raise DamError(words)
    for name, finding in preflight.having(WARNING).items():
        task.warn(line(name, finding))


def main() -> None:
    run(work, {**other_environment_spec(), **one_subscriber_spec(), **preflight_spec()}, **ONE_SUBSCRIBER)


if __name__ == "__main__":
    main()
