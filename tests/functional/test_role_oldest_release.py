# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's whole cycle on the oldest release that the collection works with."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import HOST, result_of
from support.scenes import sent, warned, writes
from tooling.paths import ROOT


def oldest_release() -> str:
    """The release that the README names."""
    found = re.search(r"with DAM from release (CF\d+) on", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert found
    return found[1]


@pytest.mark.slow
def test_environments_of_the_oldest_release_are_repaired_and_proven(start_damsim: Any, run_playbook: Any) -> None:
    old = start_damsim("--release", oldest_release())
    count = len(old.expected()["rows"])
    run = run_playbook("resync.yml", {HOST: role_connection(old)}, env=role_secrets(old))
    assert run.rc == 0, run.output
    record = result_of(run)["subscribers"][0]
    assert (record["in_sync"], record["repaired"]) == (True, True)
    assert (record["mismatches_before"], record["mismatches_after"]) == (count, 0)
    assert old.digests_equal()
    # That release cannot delete logs: the second comparison finds those of the first, says so and goes on.
    compared = [task.result for task in run.tasks if task.action.endswith(".dam_find_mismatch")]
    assert [warned(result, "delete_previous", "CF216") for result in compared] == [False, True]
    assert writes(sent(old)) == ["PATCH subscriber", "PATCH subscriber", "DELETE mismatches", "PATCH subscriber"]
