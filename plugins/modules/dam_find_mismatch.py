#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_find_mismatch
short_description: Compare a DAM subscriber with its publisher
version_added: 0.1.0
description:
  - Declares that there is a completed comparison of a subscriber that is no older than O(max_age). Starts one where
    there is none, joins one that already runs, and waits for its end.
  - A comparison is a job of the publisher. It changes no asset; it renews the mismatch logs that the publisher keeps
    of the subscriber.
  - RV(in_sync) is true only when this task itself started or joined a comparison and saw it end without any mismatch.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._wait
  - dxops.dam_staging._attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is started and nothing is waited for.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - A completed comparison is taken again while it is no older than O(max_age). With O(max_age=0) or O(force=true)
        every run starts a new one.
options:
  max_age:
    type: int
    default: 3600
    description:
      - Age in seconds up to which a completed comparison is good enough; V(0) always wants a new one.
      - The age is that of the subscriber's C(lastResyncTime) by the server's own clock. A comparison without that
        time, or with one more than five minutes ahead of that clock, counts as too old.
  force:
    type: bool
    default: false
    description:
      - Start a new comparison whatever the age of the last one. One that is running is joined all the same.
  delete_previous:
    type: bool
    default: true
    description:
      - Delete this subscriber's old mismatch logs before a new comparison is started.
      - Whether a new comparison replaces them is not documented, and the vendor names the deletion as the step before
        it.
      - Skipped with a warning where the release has no such call (before CF216).
notes:
  - Nobody should author on the publisher meanwhile; what is changed during a comparison shows up as a mismatch.
  - A publisher takes one comparison or resync at a time.
  - That a comparison is started by setting C(resyncStatus) is inferred from the vendor's OpenAPI document and command
    line; it is not documented for the API itself.
seealso:
  - module: dxops.dam_staging.dam_mismatch_report
  - module: dxops.dam_staging.dam_resync
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Compare, unless that was done within the last hour
  dxops.dam_staging.dam_find_mismatch:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
  register: comparison

- name: Compare anew and give it four hours
  dxops.dam_staging.dam_find_mismatch:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    force: true
    wait_timeout: 14400
  register: comparison

- name: Stop where the two differ
  ansible.builtin.assert:
    that: comparison.in_sync
    fail_msg: "{{ comparison.mismatch_count }} mismatches"
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
reused:
  description: Whether an earlier comparison was fresh enough.
  returned: success
  type: bool
joined:
  description:
    - Whether the task waited for a run that it found under way. True on a task that changed something means that the
      answer to the task's own trigger was lost and the run was found afterwards.
  returned: success
  type: bool
mismatch_count:
  description: Number of mismatch logs of the subscriber; null where no completed comparison was seen.
  returned: success
  type: int
  sample: 42
in_sync:
  description:
    - V(true) where this task itself saw a comparison end without mismatches, V(false) where there are any.
    - Null in every other case (check mode, O(wait=false), a reused comparison without mismatches), since the logs may
      have been deleted meanwhile.
    - Each look at a running comparison asks for one mismatch log too. Where there was one and none is left at the end,
      the task fails. Where somebody else had started the comparison, it may have been an old one, so that this is null
      then, with a warning. Logs that the publisher writes only at the end of a comparison, and that somebody deletes before
      the task sees that end, are missed without a trace. With old logs left in place (O(delete_previous=false), or a
      release that cannot delete them) this is not asked, since the comparison may replace them.
  returned: success
  type: bool
compared_at:
  description: Time of the comparison by the server's clock (ISO 8601); null where no completed one was seen.
  returned: success
  type: str
  sample: "2026-11-02T07:00:12.000Z"
duration:
  description: Seconds that the task waited.
  returned: success
  type: float
  sample: 92.4
states:
  description: Each status that was seen while waiting, and the seconds after which it was first seen.
  returned: success
  type: list
  elements: dict
  sample:
    - {status: FIND_MISMATCH_START, elapsed: 0.1}
    - {status: FIND_MISMATCH_COMPLETED, elapsed: 92.4}
last:
  description: The last status seen.
  returned: when a wait failed
  type: str
too_much_data:
  description:
    - Whether the publisher has C(findStagingMismatch) operations that failed after retries, which the vendor's
      documentation names as the sign of too much data. The error's message then holds the vendor's advice.
  returned: when the comparison failed or was not seen to end
  type: bool
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import count_mismatches
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    one_subscriber_spec,
    wait_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.comparison import Rows, verdict, without_logs
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.runs import (
    COMPARISON,
    Started,
    follow,
    look_again,
    start,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import decide_comparison


def work(task: Task) -> None:
    dam, params, result, waiter = task.publisher, task.params, task.result, task.waiter()
    before = task.chosen()
    decision = decide_comparison(before, params["max_age"], params["force"], dam.now())
    result.update(reused=decision == "reuse", joined=decision == "join", duration=0.0)
    result.update(mismatch_count=None, in_sync=None, compared_at=None)
    task.show(before)
    if decision == "reuse":
        result.update(verdict(dam, before))
        return
    started = Started(before, triggered=False, joined=True)
    rows = Rows(dam, before.subscriber_id, task.warn)
    if decision == "trigger":
        stored = count_mismatches(dam, before.subscriber_id)  # a release without mismatch calls is refused here
        result["diff"] = task.status_diff(before.resync_status, COMPARISON.trigger)
        if task.check_mode:
            result["changed"] = True
            return
        meanwhile = look_again(dam, before, COMPARISON)  # whose logs would go with the old ones
        if stored and params["delete_previous"] and not meanwhile:
            before, result["changed"] = without_logs(dam, before, waiter, task.warn)
        rows.theirs, rows.kept = bool(meanwhile), stored > 0 and not meanwhile and not result["changed"]
        started = meanwhile or start(dam, before, COMPARISON, waiter)
        result.update(changed=result["changed"] or started.triggered, joined=started.joined)
        task.show(started.subscriber)
    if params["wait"] and not task.check_mode:
        end = follow(dam, before, started, COMPARISON, waiter, rows.look)
        task.show(end)
        result.update(verdict(dam, end, rows), duration=waiter.elapsed)


def main() -> None:
    spec = {
        **one_subscriber_spec(),
        **wait_spec(),
        "max_age": {"type": "int", "default": 3600},
        "force": {"type": "bool", "default": False},
        "delete_previous": {"type": "bool", "default": True},
    }
    run(work, spec, **ONE_SUBSCRIBER)


if __name__ == "__main__":
    main()
