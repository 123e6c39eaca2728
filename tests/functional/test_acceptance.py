# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's acceptance scenario: a subscriber broken in every kind of record, told, repaired, proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from damsim.names import RecordType as T
from damsim.seeds.library import record_id
from support.role import HOST, folder_listing, found_in, verdict_of
from support.scenes import of_subscriber, server_rows
from support.standin import StandIn

# What was done to the subscriber, and so what has to be told of it: type, action, record.
DAMAGE = {
    "a collection was deleted": (T.COLLECTION, "CREATE", "Collection 1"),
    "with all its items": (T.MEDIA_ITEM, "CREATE", "item-1-3.png"),
    "a collection was renamed": (T.COLLECTION, "UPDATE", "Collection 2"),
    "a collection was added": (T.COLLECTION, "DELETE", "Collection 6"),
    "an item was deleted": (T.MEDIA_ITEM, "CREATE", "item-2-1.png"),
    "a rendition was removed": (T.RENDITION, "CREATE", "item-3-1.png/Smartphone"),
    "another rendition was removed": (T.RENDITION, "CREATE", "item-3-1.png/Desktop"),
    "a version was removed": (T.VERSION, "CREATE", "item-3-2.png/Original/1"),
    "another version was removed": (T.VERSION, "CREATE", "item-3-2.png/Original/2"),
    "a keyword was removed": (T.KEYWORD, "CREATE", "item-3-3.png/asset"),
    "a favourite was removed": (T.FAVORITE, "CREATE", "item-4-1.png/wpsadmin"),
    "a custom URL was changed, so the right one is missing": (T.CUSTOM_URL, "CREATE", "item-4-2.png//assets/4/2"),
    "and the wrong one is too many": (T.CUSTOM_URL, "DELETE", "item-4-2.png//assets/4/changed"),
    "a permission is missing": (T.PERMISSION, "CREATE", "Collection 4/team 4"),
    "a permission is too many": (T.PERMISSION, "DELETE", "Collection 5/intruders"),
    "a resource is missing": (T.RESOURCE, "CREATE", "Collection 5"),
}


# Of the role for one subscriber in the whole cycle, without the check of the arguments that Ansible puts in front.
MOST_TASKS = 25


@pytest.mark.seed("acceptance")
def test_every_kind_of_damage_is_reported_with_type_and_action_and_repaired(
    damsim: StandIn, run_playbook: Any, tmp_path: Path
) -> None:
    expected = damsim.expected()["rows"]
    run = run_playbook("resync.yml", extra_vars={"dam_consistency_report_dir": str(tmp_path)})
    assert run.rc == 0, run.output

    (report,) = [name for name in folder_listing(tmp_path) if name.endswith(".csv")]
    assert report.endswith(".before.csv")
    reported = found_in(tmp_path / report)
    assert reported == expected
    told = {what: [str(kind), action, record_id(kind, label)] for what, (kind, action, label) in DAMAGE.items()}
    assert {what for what, row in told.items() if row not in reported} == set()

    record = verdict_of(run)
    assert (record["mismatches_before"], record["mismatches_after"]) == (len(expected), 0)
    assert record["in_sync"] is True
    assert server_rows(damsim, of_subscriber(damsim)) == []
    assert damsim.expected()["rows"] == []
    assert damsim.digests_equal()

    # What a user sees of it: every task that was shown, skipped ones and included files too, a loop as one.
    shown = [task for task in run.tasks if not task.item]
    assert shown[0].action.endswith("validate_argument_spec")
    own = [task.name.partition(" : ")[2] for task in shown[1:]]
    assert len(own) <= MOST_TASKS, own
    host = damsim.subscribers[0].target_host
    for name in (f"Compare the publisher with {host}", f"Repair {host}", f"Verify the repair of {host}"):
        assert own.count(name) == 1

    again = run_playbook("resync.yml", extra_vars={"dam_consistency_report_dir": str(tmp_path)})
    assert (again.rc, again.changed(HOST)) == (0, 0), again.output
    assert verdict_of(again)["in_sync"] is True
    assert f"Repair {host}" not in again.output
