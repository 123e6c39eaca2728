# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role when something goes wrong: the others get their turn, and the result says no more than is known."""

from __future__ import annotations

from typing import Any

import pytest

from support.connections import role_connection, role_secrets
from support.role import HOST, SHOW_ARTIFACT, artifact_of, error_of, only, result_of
from support.scenes import fault, register, registration, sent, writes
from support.standin import StandIn

# A subscriber that does not answer is waited for, in case it is only restarting.
BRIEFLY = {"dam_consistency_error_timeout": 2, "dam_consistency_request_retries": 0, "dam_consistency_wait_timeout": 12}
MISSPELT = "value-of-a-misspelt-key"
BUSY = {"triggerFunction": "syncStagingMediaContent", "status": "PROCESSING"}


@pytest.mark.slow
def test_whatever_goes_wrong_with_one_subscriber_the_others_get_their_turn_and_nothing_of_theirs(
    start_damsim: Any, run_playbook: Any
) -> None:
    standin: StandIn = start_damsim(subscribers=12)
    places = standin.subscribers
    # The third subscriber of every four is the one without damage; what is in sync comes first.
    same, down, off, locked, two_way, undrained, healthy, unverified, busy, guarded = (
        only(standin, number)[0] for number in (2, 0, 1, 4, 5, 7, 6, 8, 9, 3)
    )
    standin.post(f"/_sim/subscribers/{off['subscriber_id']}", {"status": False})
    register(standin, places[5], f"{standin.publisher.host}:{standin.publisher.port}")
    standin.settings(at=places[7], hold_operations=True)
    # The first two start the comparison and the resync.
    fault(standin, method="PATCH", path=unverified["subscriber_id"], kind="status", status=400, skip=2, times=9)
    standin.post("/_sim/operations", BUSY, at=places[9])
    limited = [{"type": "KEYWORD", "action": "DELETE", "id": f"k-{number}"} for number in range(1001)]
    standin.post("/_sim/records", [{**each, "action": "CREATE"} for each in limited], at=places[3])
    told: list[tuple[dict[str, Any], str | None, tuple[bool | None, bool]]] = [
        (same, None, (True, False)),
        ({**down, "dx_port": 1}, ":1", (None, False)),
        (off, "switched off", (None, False)),
        ({**locked, "target_host": places[4].target_host, "dx_password": "not-this-one"}, "dx_password", (None, False)),
        (two_way, "wo-way", (None, False)),
        (undrained, "operations", (None, True)),
        (healthy, None, (True, False)),
        (unverified, "400", (None, True)),
        (busy, "sync operations: PROCESSING", (None, False)),
        (guarded, "max_deletes", (False, False)),
        ({"subscriber_id": 12345678}, "12345678", (None, False)),
    ]
    run = run_playbook(
        "resync.yml",
        {HOST: role_connection(standin)},
        {**BRIEFLY, "dam_consistency_subscribers": [entry for entry, _told, _verdict in told]},
        env=role_secrets(standin) | SHOW_ARTIFACT,
    )
    assert run.rc == 2, run.output
    result = result_of(run)
    records = result["subscribers"]
    assert [each["subscriber_id"] for each in records] == [str(entry["subscriber_id"]) for entry, _t, _v in told]
    assert [(each["in_sync"], each["repaired"]) for each in records] == [verdict for _entry, _told, verdict in told]
    for each, (_entry, words, _verdict) in zip(records, told, strict=True):
        assert (each["error"] is None) == (words is None), each
        assert words is None or words in each["error"]
    end = error_of(run)
    assert end == "\n".join(each["error"] for each in records if each["error"])
    assert all(place.target_host in end for place in (places[5], places[7], places[9]))
    assert "not-this-one" not in run.output
    assert (result["in_sync"], result["error"]) == (False, None)
    # A number is missing, so there is no sum.
    figures = {"in_sync": False, "before": None, "after": None}
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"][HOST] == figures
    # What was begun and not seen to end is not known; what was only compared is.
    assert [records[number]["mismatches_after"] for number in (0, 5, 7)] == [0, None, None]
    assert records[5]["mismatches_before"] > 0
    assert records[9]["mismatches_after"] == records[9]["mismatches_before"] > 1000
    # What was refused was not touched.
    resyncs = {each["env"] for each in standin.requests("peer") if each["path"].endswith("/eventlogs")}
    assert resyncs == {places[7].name, places[8].name}


def test_without_a_subscriber_to_work_on_it_fails_and_no_older_result_is_left(
    damsim: StandIn, run_playbook: Any
) -> None:
    damsim.post(f"/_sim/subscribers/{registration(damsim)['id']}", {"status": False})
    old = {"dam_consistency_result": {"schema": 1, "in_sync": True, "publisher": "x", "subscribers": [], "error": None}}
    nameless = [{"target_host": "elsewhere.example"}, {"dx_port": 80, "target_host": ""}]
    hosts: dict[str, tuple[dict[str, Any], str]] = {
        "publisher-down": ({"dam_consistency_port": 1}, ":1"),
        "unknown": ({"dam_consistency_subscribers": nameless[:1]}, "elsewhere.example"),
        "nameless": ({"dam_consistency_subscribers": nameless}, "Entry 2 of dam_consistency_subscribers"),
        "misspelt": (
            {"dam_consistency_subscribers": [{"target_host": "elsewhere.example", "dx_passwort": MISSPELT}]},
            "Entry 1 of dam_consistency_subscribers has unknown keys: dx_passwort. There are: ca_path,",
        ),
        "text": ({"dam_consistency_subscribers": "target_host=x"}, "has to be a list of dictionaries"),
        "none-enabled": ({}, "no enabled subscriber"),
    }
    inventory = {name: role_connection(damsim) | old | facts for name, (facts, _told) in hosts.items()}
    run = run_playbook("resync.yml", inventory, BRIEFLY, env=role_secrets(damsim) | SHOW_ARTIFACT, arguments=["-vvv"])
    assert run.rc == 2, run.output
    assert MISSPELT not in run.output
    figures = {"in_sync": None, "before": None, "after": None}
    assert artifact_of(run)["dam_consistency_artifact"]["publishers"] == dict.fromkeys(hosts, figures)
    for name, (_facts, told) in hosts.items():
        result = result_of(run, name)
        assert told in error_of(run, name)
        assert result["in_sync"] is None
        assert not [each for each in result["subscribers"] if not each["error"]]
        forgotten = run.named("Forget the result", name)[0].result["ansible_facts"]["dam_consistency_result"]
        assert forgotten == {}
    assert writes(sent(damsim)) == []
