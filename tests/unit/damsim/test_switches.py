# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every switch for what the vendor left open, and the ways to hold and to fail a job."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import FIND, RESYNC, Pair

DONE = "FIND_MISMATCH_COMPLETED"


def status(pair: Pair) -> Any:
    return pair.registration().get("resyncStatus")


def test_an_unknown_or_wrong_setting_changes_nothing(pair: Pair) -> None:
    before = pair.publisher.sim("GET", "/settings")
    for wrong in ({"sped": 3}, {"page_cap": 5, "speed": -1}, {"release": "CF1"}, {"new_comparison": "forgets"}):
        assert pair.publisher.http.post("/_sim/settings", json=wrong).status_code == 400
    assert pair.publisher.sim("GET", "/settings") == before


@pytest.mark.parametrize("moves", ["start", "end"])
def test_last_resync_time_moves_at_one_end_of_a_run(pair: Pair, moves: str) -> None:
    pair.publisher.settings(last_resync_time_moves=moves, hold_comparison=True, hold_resync=True)
    for trigger, release in ((FIND, "hold_comparison"), (RESYNC, "hold_resync")):
        before = pair.registration().get("lastResyncTime")
        pair.publisher.patch(pair.id, resyncStatus=trigger)
        during = pair.registration().get("lastResyncTime")
        assert (during != before) is (moves == "start")
        pair.publisher.settings(**{release: False})
        pair.publisher.idle()
        after = pair.registration()["lastResyncTime"]
        assert (after != during) is (moves == "end")


@pytest.mark.parametrize("resets", [True, False])
def test_deleting_the_logs_resets_the_status_or_not(pair: Pair, resets: bool) -> None:
    pair.publisher.settings(delete_resets_resync_status=resets)
    pair.run(FIND)
    assert pair.publisher.call("DELETE", "/staging/mismatches", params={"subscriberId": pair.id}).status_code == 204
    assert pair.mismatches() == []
    assert status(pair) == (None if resets else DONE)


def test_deleting_the_logs_of_one_subscriber_leaves_those_of_others(pair: Pair) -> None:
    pair.publisher.sim("POST", "/mismatches", [{"subscriberId": "a"}, {"subscriberId": "b"}, {"odd": 1}])
    pair.publisher.call("DELETE", "/staging/mismatches", params={"subscriberId": "a"})
    assert pair.publisher.get("/staging/mismatches") == [{"subscriberId": "b"}, {"odd": 1}]
    pair.publisher.call("DELETE", "/staging/mismatches")
    assert pair.publisher.get("/staging/mismatches") == []


@pytest.mark.parametrize(("behaviour", "times"), [("replaces", 1), ("appends", 2)])
def test_a_new_comparison_replaces_the_logs_or_appends(pair: Pair, behaviour: str, times: int) -> None:
    pair.publisher.settings(new_comparison=behaviour)
    pair.run(FIND)
    pair.run(FIND)
    assert len(pair.mismatches()) == times * len(pair.expected())


def test_pages_have_the_servers_own_limits(pair: Pair) -> None:
    pair.run(FIND)
    total = len(pair.mismatches())
    for changes, query, size in (
        ({"default_page": 7}, {}, 7),
        ({"default_page": 7}, {"limit": 9}, 9),
        ({"default_page": None}, {}, total),
        ({"page_cap": 5}, {}, 5),
        ({"page_cap": 5}, {"limit": 9}, 5),
        ({"page_cap": 5}, {"limit": 3}, 3),
    ):
        pair.publisher.settings(**{"default_page": 1000, "page_cap": None, **changes})
        assert len(pair.publisher.get("/staging/mismatches", **query)) == size


@pytest.mark.parametrize(
    ("how", "asked", "found"),
    [
        ("exact", "syncA", ["syncA"]),
        ("exact", "syncA,syncB", []),
        ("list", "syncA,syncB", ["syncA", "syncB"]),
        ("list", "sync", []),
        ("prefix", "sync", ["syncA", "syncB"]),
    ],
)
def test_trigger_functions_are_matched_in_one_of_three_ways(pair: Pair, how: str, asked: str, found: list[str]) -> None:
    pair.publisher.settings(trigger_functions_filter=how)
    pair.publisher.sim("POST", "/operations", [{"triggerFunction": name} for name in ("syncA", "other", "syncB")])
    operations = pair.publisher.get("/operations", triggerFunctions=asked)
    assert [operation["triggerFunction"] for operation in operations] == found


@pytest.mark.parametrize(
    ("behaviour", "code", "now"), [("409", 409, FIND), ("ignored", 200, FIND), ("restart", 200, RESYNC)]
)
def test_a_trigger_while_a_job_runs_is_refused_ignored_or_obeyed(
    pair: Pair, behaviour: str, code: int, now: str
) -> None:
    pair.publisher.settings(duplicate_trigger=behaviour, hold_comparison=True, hold_resync=True)
    pair.publisher.patch(pair.id, resyncStatus=FIND)
    assert pair.publisher.patch(pair.id, resyncStatus=RESYNC).status_code == code
    assert status(pair) == now


def test_a_forced_running_status_counts_as_a_job(pair: Pair) -> None:
    pair.publisher.sim("POST", f"/subscribers/{pair.id}", {"resyncStatus": "DYNAMIC_STATUS_COMPUTATION_REQUIRED"})
    assert pair.publisher.patch(pair.id, resyncStatus=FIND).status_code == 409
    pair.publisher.sim("POST", f"/subscribers/{pair.id}", {"resyncStatus": None})
    assert pair.run(FIND) == DONE


@pytest.mark.parametrize(("by", "with_id", "with_host"), [("id", 200, 404), ("host", 404, 200), ("either", 200, 200)])
def test_a_subscriber_is_found_by_id_or_host(pair: Pair, by: str, with_id: int, with_host: int) -> None:
    pair.publisher.settings(subscriber_key=by)
    host = pair.standin.subscribers[0].target_host
    assert pair.publisher.call("GET", f"/staging/subscriber/{pair.id}").status_code == with_id
    assert pair.publisher.call("GET", f"/staging/subscriber/{host}").status_code == with_host


@pytest.mark.parametrize(("where", "held"), [("start", FIND), ("dynamic", "DYNAMIC_STATUS_COMPUTATION_REQUIRED")])
def test_a_comparison_stays_where_it_is_held(pair: Pair, where: str, held: str) -> None:
    pair.publisher.settings(hold_comparison=True, hold_comparison_at=where)
    pair.publisher.patch(pair.id, resyncStatus=FIND)
    assert pair.publisher.http.get("/_sim/idle?timeout=0.3").status_code == 503
    assert status(pair) == held
    pair.publisher.settings(hold_comparison=False)
    pair.publisher.idle()
    assert status(pair) == DONE


def test_a_comparison_and_a_resync_can_be_made_to_fail(pair: Pair) -> None:
    pair.publisher.settings(fail_comparison=True, fail_resync_trigger=True)
    assert pair.run(FIND) == "FIND_MISMATCH_FAILED"
    assert pair.run(RESYNC) == "RESYNC_TRIGGER_FAILED"
    failed = pair.publisher.get("/operations", status="FAILED")
    assert [operation["triggerFunction"] for operation in failed] == ["findStagingMismatch", "resyncSubscriber"]


def test_too_much_data_leaves_a_failed_operation_while_the_status_says_it_runs(pair: Pair) -> None:
    pair.publisher.settings(comparison_retry_failed=True, hold_comparison=True)
    pair.publisher.patch(pair.id, resyncStatus=FIND)
    pair.publisher.http.get("/_sim/idle?timeout=0.3")
    failed = pair.publisher.get("/operations", status="FAILED", triggerFunctions="findStagingMismatch")
    assert [operation["retryCounter"] for operation in failed] == [3]
    assert status(pair) == FIND
    pair.publisher.settings(hold_comparison=False)
    pair.publisher.idle()
    assert status(pair) == "FIND_MISMATCH_FAILED"


def test_a_subscriber_that_goes_ends_its_comparison(pair: Pair) -> None:
    pair.publisher.settings(hold_comparison=True)
    pair.publisher.patch(pair.id, resyncStatus=FIND)
    assert pair.publisher.call("DELETE", f"/staging/subscriber/{pair.id}").status_code == 204
    pair.publisher.idle()
    assert pair.publisher.get("/staging/subscriber") == []


def test_a_reset_in_the_middle_of_it_all_gives_the_seed_back(pair: Pair) -> None:
    digest, registration = pair.publisher.sim("GET", "/digest"), pair.registration()
    pair.run(FIND)
    pair.publisher.settings(hold_comparison=True)
    pair.publisher.patch(pair.id, resyncStatus=FIND)
    pair.standin.reset("small")
    again = Pair(pair.standin)
    assert again.publisher.sim("GET", "/digest") == digest
    assert {**again.registration(), "created": "", "updated": ""} == {**registration, "created": "", "updated": ""}
    assert again.mismatches() == []
    assert again.publisher.get("/operations") == []
    assert again.run(FIND) == DONE


def test_there_is_no_such_seed(pair: Pair) -> None:
    assert pair.publisher.http.post("/_sim/reset", json={"seed": "nothing"}).status_code == 400
    assert pair.expected()
