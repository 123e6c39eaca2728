#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_drift_info
short_description: Compare a publisher and a subscriber without the publisher's own comparison
version_added: 0.1.0
description:
  - Asks both environments for hashes of windows of their records, side by side, and lists which records are missing at
    the subscriber, differ there, or exist only there. Neither environment is changed, and no job is started.
  - A record type that is equal takes three requests to each environment. Each difference takes a number of requests
    that grows with the logarithm of the number of records before it.
  - This is a second opinion. What goes into the servers' hashes and how windows are ordered is not documented, and
    the vendor advises to avoid these calls without knowledge of their implementation. Every answer is checked against
    the others; if they do not fit together, RV(types) says so and nothing is called equal.
  - It never says that environments are in sync, which only M(dxops.dam_staging.dam_find_mismatch) does, and it is no
    reason to start a resync.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._connection.subscriber
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._report_file
  - dxops.dam_staging._attributes
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details:
      - The environments are compared all the same, and O(dest) is not written.
  diff_mode:
    support: full
    details:
      - Shows the summary of O(dest) before and after, never records.
  idempotent:
    support: full
    details:
      - The same differences make the same file.
options:
  record_type:
    description:
      - Record types to compare; all of them without it. C(RESOURCE) and C(PERMISSION) have no such call and are C(not
        offered).
  window:
    type: int
    default: 500
    description:
      - Number of records in the smallest window. If it differs, all ids and hashes in it are listed. If one window
        after the other differs, up to 16 times as many records are listed at once.
      - Smaller values take more requests and transfer less.
  max_window:
    type: int
    description:
      - Number of records in the largest window that a server is asked for. Without it, each type is asked for as a
        whole first, which can take a server a long time. With it, the number of requests grows with the number of
        records.
  concurrency:
    type: int
    default: 8
    description:
      - Number of requests at a time, to both environments together. Record types are compared side by side. With V(1)
        all requests are sent one after the other.
  max_requests:
    type: int
    description:
      - Requests after which the comparison ends with what it found by then. No limit without it.
  max_seconds:
    type: int
    description:
      - Seconds after which no more requests are sent, and the comparison ends with what it found by then. A request that
        was sent before is waited for, as long as O(request_timeout) and O(request_retries) allow. No limit without it.
  max_records:
    type: int
    default: 100
    description:
      - Return so many differing records at most, of all types together.
  dest:
    type: path
    description:
      - File for all differing records as CSV, in a folder that exists. If RV(equal) is V(true) the file is removed, as
        a report would have replaced it; O(backup) keeps a copy. If none was found but RV(equal) is null, it stays,
        there is a warning, and RV(not_removed) says why.
      - Other users cannot read a new file unless O(mode) says so.
      - The folder has to belong to the user that runs the module or to root, and other users, apart from a group, can
        write to it only if it has the sticky bit. A symbolic link of that user is replaced or removed itself; one of
        another user is refused.
notes:
  - Needs the subscriber's own API, and an administrator on both sides.
  - Needs DAM release CF213 for the windows and, if a type differs, CF217 for the lists. C(COLLECTION_MEDIA_RELATION) is
    C(not offered by this release) from CF218 to CF222.
  - Operations that the subscriber has still to do show as differences. Wait for an idle queue first.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
  - module: dxops.dam_staging.dam_operations_info
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: See whether anything differs
  dxops.dam_staging.dam_drift_info:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
  register: drift

- name: Show it
  ansible.builtin.debug:
    msg: "{{ drift.msg.splitlines() }}"

- name: List every media item that differs, in ten minutes at most
  dxops.dam_staging.dam_drift_info:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    record_type: [MEDIA_ITEM]
    max_seconds: 600
    dest: /var/reports/dx-subscriber-drift.csv
"""

RETURN = r"""
equal:
  description:
    - V(false) if any record type differs. V(true) only if every type that was asked for and can be asked about is
      equal. Null if neither is known.
    - Types that have no such call are not in it, see RV(unjudged).
  returned: once the comparison began
  type: bool
  sample: false
unjudged:
  description: Record types that nothing is said about, neither that they are equal nor that they differ.
  returned: once the comparison began
  type: list
  elements: str
  sample: [RESOURCE, PERMISSION]
types:
  description: What came out for every record type that was asked for.
  returned: once the comparison began
  type: list
  elements: dict
  contains:
    record_type:
      description: The type.
      type: str
      sample: MEDIA_ITEM
    status:
      description:
        - C(equal); C(different); C(not comparable), if the answers do not fit together; C(changed meanwhile), if the
          records changed while they were compared; C(unfinished), if O(max_requests) or O(max_seconds) was reached, or
          an error ended the comparison; C(not offered), if there is no such call; C(not offered by this release).
      type: str
      sample: different
    equal:
      description: V(true) or V(false) if it is known, else null.
      type: bool
      sample: false
    reason:
      description: Why nothing, or no more, can be said; null otherwise.
      type: str
    publisher_count:
      description: Number of records at the publisher; null if it is not known.
      type: int
      sample: 51230
    subscriber_count:
      description: The same at the subscriber.
      type: int
      sample: 51229
    missing:
      description: Records found to be missing at the subscriber.
      type: int
      sample: 2
    differing:
      description: Records found to differ.
      type: int
      sample: 1
    extra:
      description: Records found to exist only at the subscriber.
      type: int
      sample: 1
    progress:
      description: The part of the records that was compared, from 0 to 1.
      type: float
      sample: 1.0
count:
  description: Number of differing records that were found, of all types that can be compared.
  returned: success
  type: int
  sample: 4
records:
  description:
    - The first differing records, as many as O(max_records) asks for, by type and id. C(recordAction) is C(CREATE)
      for one that is missing at the subscriber, C(UPDATE) for one that differs and C(DELETE) for one that is only
      there.
  returned: success
  type: list
  elements: dict
  sample:
    - recordType: MEDIA_ITEM
      recordAction: CREATE
      recordId: 0407f224-14aa-49a3-abd4-b31d6c0e01e9
      subscriberId: 4f6c2a0e-9f5d-4b8a-8f0e-0c3c4c1d2e3f
dest:
  description: The file; null if none was asked for or no record was found to differ.
  returned: success
  type: str
  sample: /var/reports/dx-subscriber-drift.csv
checksum:
  description: SHA-1 of the file; null if there is none.
  returned: success
  type: str
  sample: 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
not_removed:
  description: Why the file stays although no differing record was found.
  returned: when a file was not removed
  type: str
backup_file:
  description: The copy of the old file.
  returned: when O(backup=true) and there was one
  type: str
subscriber:
  description: The subscriber, as M(dxops.dam_staging.dam_subscriber_info) returns it.
  returned: success
  type: dict
compared_at:
  description: Time of the end by the publisher's clock (ISO 8601).
  returned: success
  type: str
  sample: "2026-11-02T07:00:12+00:00"
requests:
  description: Number of requests to both environments together, without logins and retries.
  returned: once the comparison began
  type: int
  sample: 84
duration:
  description: Seconds that it took.
  returned: once the comparison began
  type: float
  sample: 1.4
msg:
  description: The verdict on the first line, then one line for each type that is neither equal nor without such a call.
  returned: success
  type: str
  sample: "Different: 9 of 12 record types are equal; nothing is said about RESOURCE, PERMISSION."
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import RECORD_TYPES
from ansible_collections.dxops.dam_staging.plugins.module_utils._drift.run import Budget, Drift, in_words, summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_SUBSCRIBER,
    drift_spec,
    one_subscriber_spec,
    other_environment_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.destination import Place
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import Csv
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import write_report
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import record_of


def work(task: Task) -> None:
    params, result, ours = task.params, task.result, task.publisher
    place = Place(params["dest"], keep_empty=False) if params["dest"] else None
    folder = place.folder if place and not task.check_mode else task.scratch_dir
    subscriber = task.chosen()
    budget = Budget(params["max_requests"], params["max_seconds"])
    drift = Drift(
        ours,
        task.subscriber_dam(subscriber),
        subscriber.subscriber_id,
        params["record_type"] or RECORD_TYPES,
        budget,
        concurrency=params["concurrency"],
        window=params["window"],
        max_window=params["max_window"],
        directory=folder,
    )
    try:
        report = write_report(drift.rows(), folder, Csv(params), params["max_records"])
    finally:
        result.update(summary(drift.verdicts), requests=budget.requests, duration=round(budget.elapsed, 3))
    result.update(subscriber=record_of(subscriber), compared_at=ours.now().isoformat(), msg=in_words(drift.verdicts))
    result.update(count=report.count, records=report.records, dest=None, checksum=None)
    try:
        if place:
            result.update(place.deliver(report, task, complete=result["equal"] is True))
    finally:
        report.discard()


def main() -> None:
    spec = {**other_environment_spec(), **one_subscriber_spec(), **drift_spec()}
    run(work, spec, add_file_common_args=True, **ONE_SUBSCRIBER)


if __name__ == "__main__":
    main()
