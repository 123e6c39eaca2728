# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role where a comparison fails for too much data: it registers the subscriber anew if that is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from support.role import error_of, meanwhile, verdict_of
from support.scenes import sent
from support.standin import StandIn


def registrations(standin: StandIn) -> list[str]:
    """Return the methods of the requests that registered or deregistered."""
    return [
        each["method"]
        for each in sent(standin)
        if "/staging/subscriber" in each["path"] and each["method"] in {"POST", "DELETE"}
    ]


@pytest.mark.slow
def test_where_it_is_wanted_everything_is_staged_anew_and_compared_and_else_the_advice_is_all(
    damsim: StandIn, run_playbook: Any
) -> None:
    damsim.settings(at=damsim.publisher, fail_comparison=True, comparison_retry_failed=True)
    old = damsim.subscribers[0].id
    unwanted = run_playbook("resync.yml")
    assert unwanted.rc == 2
    assert "there may be too much data to compare" in error_of(unwanted)
    assert verdict_of(unwanted)["in_sync"] is None
    assert registrations(damsim) == []

    with meanwhile(
        lambda: "POST" in registrations(damsim),
        lambda: damsim.settings(at=damsim.publisher, fail_comparison=False, comparison_retry_failed=False),
    ):
        run = run_playbook("resync.yml", extra_vars={"dam_consistency_reregister": True})
    assert run.rc == 0, run.output
    record = verdict_of(run)
    assert registrations(damsim) == ["DELETE", "POST"]
    assert record["subscriber_id"] != old
    assert (record["in_sync"], record["repaired"], record["error"]) == (True, True, None)
    assert damsim.get("/_sim/digest") == damsim.get("/_sim/digest", at=damsim.subscribers[0])
