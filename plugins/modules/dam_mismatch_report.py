#!/usr/bin/python
# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dam_mismatch_report
short_description: Write the report of a DAM comparison
version_added: 0.1.0
description:
  - Declares that the file O(dest) holds the mismatch logs that a publisher keeps of a subscriber, or of all, and
    summarises them.
  - The file appears whole or not at all. Memory does not grow with the number of rows.
extends_documentation_fragment:
  - dxops.dam_staging._connection
  - dxops.dam_staging._one_subscriber
  - dxops.dam_staging._report_file
  - dxops.dam_staging._attributes
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details:
      - The rows are read and compared with the file that is there. Nothing is written beside it.
  diff_mode:
    support: full
    details:
      - Shows the summary before and after, never rows.
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
      - V(true) reports on all subscribers of the publisher in one file.
  dest:
    type: path
    description:
      - File for the report, in a folder that exists. The report is written to a temporary file beside it, which takes
        its place in one step. Without O(dest) the rows are only counted.
      - Other users cannot read a new file unless O(mode) says so.
      - The folder has to belong to the user that runs the module or to root, and other users, apart from a group, can
        write to it only if it has the sticky bit. A symbolic link of that user is replaced or removed itself; one of
        another user is refused.
  format:
    type: str
    choices: [csv, jsonl, json, html]
    default: csv
    description:
      - V(csv) has a header with every key that any row has, in order of first appearance; nested values stand in it
        as JSON.
      - V(jsonl) has one JSON object a line, V(json) one array.
      - V(html) is one page for people that needs no other file, with the verdict, the numbers by type and action,
        what a resync would delete, and a table of the first 10,000 rows to search and sort. It can be printed.
      - A page counts as changed if its verdict, its numbers or its rows are others than those of the page that was
        there. Where these are equal, in whatever order, and only times and ids of logs are others, the page is written
        without being a change, and O(backup) keeps no copy.
  html:
    type: dict
    description:
      - What the page of O(format=html) is to say besides the rows.
    suboptions:
      in_sync:
        type: bool
        description:
          - "The verdict of M(dxops.dam_staging.dam_find_mismatch), its RV(dxops.dam_staging.dam_find_mismatch#module:in_sync)."
          - Without it a page without mismatches says that nothing is proven, since logs can have been deleted. Where
            there are mismatches the verdict is drift, whatever is given here.
      summary_before:
        type: dict
        description:
          - The RV(summary) of the report from before a resync. The page then shows what was there beside what is left.
      csv_link:
        type: str
        description:
          - Name of a CSV in the same folder to link to, for the rows that have no room in the page.
  record_type:
    description:
      - Only mismatches of these record types. A release that does not know a type answers with an error.
  record_action:
    type: list
    elements: str
    choices: [CREATE, UPDATE, DELETE]
    description:
      - Only mismatches with these actions. C(CREATE) is missing at the subscriber, C(UPDATE) differs, C(DELETE) is
        only at the subscriber.
  force:
    type: bool
    default: false
    description:
      - Write the report in any state of the comparison, even while it runs. Such a report may not be accurate, and
        RV(accurate) says so.
  empty_report:
    type: str
    choices: [absent, write]
    default: absent
    description:
      - What becomes of O(dest) when there are no mismatches. V(absent) removes the file, whatever it holds, as a report
        would have replaced it, and O(backup) keeps a copy. V(write) writes a report without rows.
      - V(absent) only removes a file if all rows of a completed comparison were read. In any other case, as with
        O(force=true) in another state, the file stays, there is a warning, and RV(not_removed) says why.
  max_records:
    type: int
    default: 0
    description:
      - Return so many of the rows at most.
  page_size:
    type: int
    default: 1000
    description:
      - Rows to ask for with one request, V(2) at least. The server may give fewer.
  prefetch:
    type: int
    default: 4
    description:
      - Pages that are fetched ahead at most; V(1) fetches one after the other.
notes:
  - The rows have no documented schema. They are kept with every key that the server sends, and rows that equal each
    other all stay unless the data moved while they were read.
seealso:
  - module: dxops.dam_staging.dam_find_mismatch
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: Write the report of the last comparison
  dxops.dam_staging.dam_mismatch_report:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    dest: /var/reports/dx-subscriber.csv
  register: report

- name: List what a resync would delete
  dxops.dam_staging.dam_mismatch_report:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    record_action: [DELETE]
    dest: /var/reports/dx-subscriber-deletions.jsonl
    format: jsonl
    mode: "0640"

- name: Count the mismatches of all subscribers
  dxops.dam_staging.dam_mismatch_report:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    all_subscribers: true
  register: everything

- name: Compare
  dxops.dam_staging.dam_find_mismatch:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
  register: comparison

- name: Write a page about it, whether there are mismatches or not
  dxops.dam_staging.dam_mismatch_report:
    hostname: dx-publisher.example.com
    dx_username: "{{ vault_dx_username }}"
    dx_password: "{{ vault_dx_password }}"
    target_host: dx-subscriber.example.com
    dest: /var/www/reports/dx-subscriber.html
    format: html
    html:
      in_sync: "{{ comparison.in_sync }}"
    empty_report: write
    mode: "0644"
"""

RETURN = r"""
subscriber:
  description: The subscriber; the same record as M(dxops.dam_staging.dam_subscriber_info) returns.
  returned: other than with O(all_subscribers=true)
  type: dict
count:
  description: Number of rows in the report.
  returned: success
  type: int
  sample: 42
report_available:
  description:
    - Whether there are mismatch logs that fit. V(false) is what the vendor reads as in sync as of RV(compared_at);
      whether it is, only M(dxops.dam_staging.dam_find_mismatch) can tell, since logs can be deleted.
  returned: success
  type: bool
accurate:
  description:
    - Whether the rows are those of a completed comparison. V(false) with O(force=true) where there is none, and, with
      a warning, where mismatch logs were added or deleted, or something was started, while they were read.
  returned: success
  type: bool
compared_at:
  description:
    - Time of the comparison by the server's clock (ISO 8601); null where it is not known, where the last thing that
      ended was no comparison, as can be with O(force=true), and with O(all_subscribers=true).
  returned: success
  type: str
  sample: "2026-11-02T07:00:12.000Z"
summary:
  description:
    - Number of rows by type and action, by action, and by subscriber and action. C(UNKNOWN) counts rows that lack them.
  returned: success
  type: dict
  sample:
    by_type: {MEDIA_ITEM: {CREATE: 40, UPDATE: 1, DELETE: 1, UNKNOWN: 0}}
    by_action: {CREATE: 40, UPDATE: 1, DELETE: 1, UNKNOWN: 0}
    by_subscriber: {4f6c2a0e-9f5d-4b8a-8f0e-0c3c4c1d2e3f: {CREATE: 40, UPDATE: 1, DELETE: 1, UNKNOWN: 0}}
table:
  description: The summary as lines of a table for people; empty where there are no rows.
  returned: success
  type: list
  elements: str
  sample:
    - "              CREATE    UPDATE    DELETE     total"
    - "MEDIA_ITEM        40         1         1        42"
    - "total             40         1         1        42"
dest:
  description: The report's file; null where none was asked for or there is nothing to report.
  returned: success
  type: str
  sample: /var/reports/dx-subscriber.csv
checksum:
  description: SHA-1 of the file; null where there is none.
  returned: success
  type: str
  sample: 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
columns:
  description:
    - Every key that any row has, in order of first appearance; the first 1000 of them. Characters that cannot be seen
      stand as escapes.
  returned: success
  type: list
  elements: str
records:
  description:
    - The first rows with the server's own keys, as many as O(max_records) asks for. Characters that cannot be seen
      stand as escapes such as C(\u202e); the file has them as they are.
  returned: success
  type: list
  elements: dict
duplicates:
  description:
    - Number of rows that came twice because the data moved between two pages, and stand in the report once. RV(accurate)
      is V(false) then.
  returned: success
  type: int
  sample: 0
not_removed:
  description: Why the file stays although there are no mismatches.
  returned: when O(empty_report=absent) and a file was not removed
  type: str
  sample: "dest: there are no mismatches, but '/var/reports/dx.csv' was not removed: the rows are not those of a
    completed comparison."
backup_file:
  description: The copy of the old file.
  returned: when O(backup=true) and there was one
  type: str
"""

from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    ONE_OR_ALL_SUBSCRIBERS,
    check_all_subscribers,
    one_or_all_subscribers_spec,
    report_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.task import Task, run
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.destination import Place
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import FORMATS, new_format
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.rows import MOVED, MismatchPages
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.summary import table
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import write_report
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import record_of


def work(task: Task) -> None:
    params, result = task.params, task.result
    check_all_subscribers(params)
    place = Place(params["dest"], params["empty_report"] == "write") if params["dest"] else None
    one = None if params["all_subscribers"] else task.chosen()
    subscribers = [one] if one else task.publisher.subscribers()
    if one:
        result["subscriber"] = record_of(one)
    pages = MismatchPages(task.publisher, subscribers, one is None, params)
    report_format = new_format(params, pages.origin)
    if pages.refusal and not params["force"]:
        raise pages.refusal
    folder = place.folder if place and not task.check_mode else task.scratch_dir
    report = write_report(pages.once(), folder, report_format, params["max_records"])
    if pages.moved:
        task.warn(MOVED)
    summary = report.summary.as_dict()
    result.update(
        count=report.count,
        report_available=report.count > 0,
        accurate=pages.accurate,
        compared_at=pages.compared_at,
        summary=summary,
        table=table(summary["by_type"]),
        columns=report.columns,
        records=report.records,
        duplicates=report.duplicates,
        dest=None,
        checksum=None,
    )
    try:
        if place:
            result.update(place.deliver(report, task, complete=pages.accurate))
    finally:
        report.discard()


def main() -> None:
    spec = {**one_or_all_subscribers_spec(), **report_spec(FORMATS)}
    run(work, spec, add_file_common_args=True, **ONE_OR_ALL_SUBSCRIBERS)


if __name__ == "__main__":
    main()
