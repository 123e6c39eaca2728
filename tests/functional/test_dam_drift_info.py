# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dam_drift_info: exactly what differs, with few requests, nothing changed, and no verdict where none is possible."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from support.connections import SPEED
from support.playbooks import Call
from support.role import found_in, meanwhile
from support.scenes import fault, is_login, looked, named, sent, writes
from support.standin import Place, StandIn

MODULE = "dam_drift_info"
NOT_OFFERED = {"RESOURCE", "PERMISSION"}
OLD_REPORT = "recordType,recordAction,recordId,subscriberId\nKEYWORD,CREATE,k,s\n"
KEYWORDS = [f"{number * 7919 % 100_000:05d}-keyword" for number in range(600)]


def asked(standin: StandIn) -> list[dict[str, Any]]:
    """Return the calls on records that the module made."""
    return [each for each in sent(standin) if "/staging/records" in each["path"]]


def by_type(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what came out by record type."""
    return {each["record_type"]: each for each in result["types"]}


def expected_rows(standin: StandIn) -> list[list[str]]:
    """Return the differences that can be seen so, as the stand-in finds them without windows."""
    return [row for row in standin.expected()["rows"] if row[0] not in NOT_OFFERED]


def change(standin: StandIn, at: Place | None, *changes: tuple[str, str], **body: Any) -> None:
    """Change keywords unnoticed: (action, id)."""
    rows = [{"type": "KEYWORD", "action": action, "id": record, "body": body} for action, record in changes]
    standin.post("/_sim/records", rows, at=at)


def fill(standin: StandIn) -> None:
    """Give both environments the same few hundred keywords more."""
    for place in standin.places:
        change(standin, place, *(("CREATE", record) for record in KEYWORDS))


def test_every_difference_is_found_without_changing_anything(damsim: StandIn, run_modules: Any, tmp_path: Path) -> None:
    wanted = expected_rows(damsim)
    dest = tmp_path / "drift.csv"
    call = Call(MODULE, {**named(damsim), "dest": str(dest), "max_records": 5})
    preview, first, again = run_modules([Call(MODULE, call.args, check=True, diff=True), call, call])
    assert [each["changed"] for each in (preview, first, again)] == [True, True, False]
    assert preview["diff"]["after"]["by_action"]["CREATE"] == sum(action == "CREATE" for _type, action, _id in wanted)
    assert found_in(dest) == wanted
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    with open(dest, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["subscriberId"] for row in rows} == {damsim.subscribers[0].id}
    counts = damsim.expected()["counts"]
    for result in (preview, first, again):
        assert (result["equal"], result["count"], result["records"]) == (False, len(wanted), rows[:5])
        found = by_type(result)
        assert set(found) - NOT_OFFERED == {row[0] for row in wanted}
        for name, each in found.items():
            if name in NOT_OFFERED:
                assert (each["status"], each["equal"], each["missing"]) == ("not offered", None, None)
            else:
                numbers = {"CREATE": each["missing"], "UPDATE": each["differing"], "DELETE": each["extra"]}
                assert {action: number for action, number in numbers.items() if number} == counts[name]
                assert (each["status"], each["equal"], each["reason"]) == ("different", False, None)
        assert set(result["unjudged"]) == NOT_OFFERED
        assert result["subscriber"]["target_host"] == damsim.subscribers[0].target_host
    assert writes(sent(damsim)) == []
    assert first["requests"] == len(asked(damsim)) / 3 < 200
    assert {each["env"] for each in asked(damsim)} == {place.name for place in damsim.places}
    assert sum(is_login(each) for each in sent(damsim)) == 3 * 2


@pytest.mark.seed("clean")
def test_equal_environments_are_equal_at_the_price_of_three_requests_a_side_and_type(
    damsim: StandIn, run_module: Any, tmp_path: Path
) -> None:
    dest = tmp_path / "drift.csv"
    dest.write_text(OLD_REPORT, encoding="utf-8")
    result = run_module(MODULE, {**named(damsim), "dest": str(dest)})
    assert (result["equal"], result["count"], result["records"], result["dest"]) == (True, 0, [], None)
    assert {name for name, each in by_type(result).items() if each["equal"] is None} == NOT_OFFERED
    assert result["msg"] == "Equal: 10 of 12 record types are equal; nothing is said about RESOURCE, PERMISSION."
    assert "in_sync" not in result
    assert not dest.exists()
    assert result["requests"] == len(asked(damsim)) == 10 * 2 * 3


@pytest.mark.seed("clean")
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_few_differences_among_many_records_take_few_requests(
    damsim: StandIn, run_module: Any, concurrency: int
) -> None:
    fill(damsim)
    subscriber = damsim.subscribers[0]
    change(damsim, subscriber, ("DELETE", KEYWORDS[17]), ("CREATE", "00000"), ("CREATE", "zzzzz"))
    change(damsim, subscriber, ("UPDATE", KEYWORDS[300]), keyword="another")
    options = {"record_type": ["KEYWORD"], "window": 20, "concurrency": concurrency}
    result = run_module(MODULE, {**named(damsim), **options})
    found = [[each["recordType"], each["recordAction"], each["recordId"]] for each in result["records"]]
    assert sorted(found) == [row for row in expected_rows(damsim) if row[0] == "KEYWORD"]
    ids = [each["recordId"] for each in result["records"]]
    assert ids == sorted(ids)
    assert len(ids) == 4
    assert result["requests"] == len(asked(damsim)) < 100
    assert "KEYWORD: different, 1 missing, 1 differ, 2 only at the subscriber (" in result["msg"]


@pytest.mark.seed("clean")
def test_windows_that_are_limited_give_the_same(damsim: StandIn, run_module: Any) -> None:
    fill(damsim)
    change(damsim, damsim.subscribers[0], ("DELETE", KEYWORDS[100]))
    result = run_module(MODULE, {**named(damsim), "record_type": ["KEYWORD"], "window": 20, "max_window": 50})
    assert [each["recordId"] for each in result["records"]] == [KEYWORDS[100]]
    limits = [int(each["query"].partition("limit=")[2]) for each in asked(damsim) if "limit=" in each["query"]]
    assert max(limits) == 50


def test_a_budget_ends_it_with_what_was_found_by_then(damsim: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, {**named(damsim), "max_requests": 100, "concurrency": 1})
    assert result["requests"] == 100
    statuses = [each["status"] for each in result["types"]]
    assert {"different", "unfinished"} <= set(statuses)
    assert statuses.index("unfinished") > statuses.index("different")
    last = result["types"][-3]
    assert (last["status"], last["reason"]) == ("unfinished", "max_requests: all 100 requests were sent.")
    assert result["equal"] is False
    assert "unfinished, 0% looked through" in result["msg"]


@pytest.mark.seed("clean")
def test_a_budget_too_small_for_anything_calls_nothing_equal_and_leaves_an_old_file(
    damsim: StandIn, run_module: Any, tmp_path: Path
) -> None:
    dest = tmp_path / "drift.csv"
    dest.write_text(OLD_REPORT, encoding="utf-8")
    result = run_module(MODULE, {**named(damsim), "max_requests": 3, "dest": str(dest)})
    assert (result["equal"], result["count"]) == (None, 0)
    assert {each["equal"] for each in result["types"]} == {None}
    assert (result["changed"], result["dest"], dest.read_text(encoding="utf-8")) == (False, None, OLD_REPORT)
    assert "was not removed" in result["not_removed"]


@pytest.mark.seed("clean")
@pytest.mark.parametrize("answers_after", [1, 30])
def test_seconds_end_it_when_the_request_under_way_ends(damsim: StandIn, run_module: Any, answers_after: float) -> None:
    fault(damsim, at=damsim.subscribers[0], path="records/KEYWORD", kind="delay", delay=answers_after)
    options = {"record_type": ["KEYWORD"], "max_seconds": 2, "request_timeout": 4, "request_retries": 0}
    result = run_module(MODULE, {**named(damsim), **options})
    (keyword,) = result["types"]
    assert (keyword["status"], result["equal"], result["failed"]) == ("unfinished", None, False)
    assert keyword["reason"] == "max_seconds: the 2 s are over."
    assert 2 <= result["duration"] < 10 * SPEED  # the delay is in real seconds


@pytest.mark.seed("clean")
def test_records_that_change_meanwhile_are_said_to(damsim: StandIn, run_module: Any) -> None:
    fill(damsim)
    subscriber = damsim.subscribers[0]
    change(damsim, subscriber, ("DELETE", KEYWORDS[17]))
    # The list is held up while somebody works at the subscriber.
    fault(damsim, at=subscriber, path=r"/staging/records\?", kind="delay", delay=3)
    lists = looked(r"/staging/records$", 1)
    with meanwhile(lambda: lists(sent(damsim)), lambda: change(damsim, subscriber, ("CREATE", "new"))):
        result = run_module(MODULE, {**named(damsim), "record_type": ["KEYWORD"], "window": 20})
    (found,) = result["types"]
    assert (found["status"], found["equal"], result["equal"]) == ("changed meanwhile", None, None)
    assert "the subscriber changed while" in found["reason"]


NO_ID = json.dumps({"hash": "0123", "count": 1, "id": ""})
SHORT_LIST = json.dumps({"contents": [{"id": "zzz", "hash": "0123"}]})


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (r"KEYWORD\?offset=0&limit=1$", NO_ID, "gives no id"),
        (r"records\?recordType=KEYWORD", SHORT_LIST, "it lists 1 behind"),
    ],
)
def test_a_server_whose_answers_do_not_fit_together_is_not_judged(
    damsim: StandIn, run_module: Any, path: str, body: str, said: str
) -> None:
    fault(damsim, at=damsim.subscribers[0], path=path, kind="body", body=body, times=1000)
    result = run_module(MODULE, {**named(damsim), "record_type": ["KEYWORD", "VERSION"]})
    keyword, version = result["types"]
    assert (keyword["status"], keyword["equal"], keyword["missing"]) == ("not comparable", None, None)
    assert said in keyword["reason"]
    assert version["status"] == "different"
    assert {row["recordType"] for row in result["records"]} == {"VERSION"}


def test_nothing_but_such_types_is_never_equal(damsim: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, {**named(damsim), "record_type": ["PERMISSION", "RESOURCE"]})
    assert (result["equal"], result["requests"]) == (None, 0)


@pytest.mark.parametrize(("release", "needed"), [("CF212", "CF213"), ("CF216", "CF217")])
def test_an_older_release_is_an_error_that_names_the_one_that_is_needed(
    damsim: StandIn, run_module: Any, release: str, needed: str
) -> None:
    damsim.settings(release=release)
    result = run_module(MODULE, named(damsim))
    assert result["failed"]
    assert f"This call came with DAM release {needed}" in result["msg"]
    assert {each["equal"] for each in result["types"]} <= {None, True}


@pytest.mark.parametrize(("release", "seed_equal"), [("CF220", None), ("CF217", None), ("CF223", False)])
def test_relations_are_not_judged_where_the_release_does_not_know_them(
    damsim: StandIn, run_module: Any, release: str, seed_equal: bool | None
) -> None:
    damsim.settings(release=release)
    result = run_module(MODULE, {**named(damsim), "record_type": ["COLLECTION_MEDIA_RELATION", "KEYWORD"]})
    relation, keyword = result["types"]
    assert relation["status"] == ("different" if seed_equal is False else "not offered by this release")
    assert (relation["equal"], keyword["status"]) == (seed_equal, "different")


@pytest.mark.seed("clean")
def test_a_type_that_the_release_does_not_know_does_not_make_the_others_less_equal(
    damsim: StandIn, run_module: Any
) -> None:
    damsim.settings(release="CF220")
    result = run_module(MODULE, named(damsim))
    assert result["equal"] is True
    assert set(result["unjudged"]) == NOT_OFFERED | {"COLLECTION_MEDIA_RELATION"}


def test_a_token_that_runs_out_on_the_way_is_renewed(damsim: StandIn, run_module: Any) -> None:
    fill(damsim)
    path = "/staging/records/KEYWORD"

    def expire() -> None:
        for place in damsim.places:
            damsim.post("/_sim/sessions/expire", at=place)

    fault(damsim, path=f"{path}.*limit=1&?", kind="delay", delay=1)
    with meanwhile(lambda: looked(path, 2)(sent(damsim)), expire):
        result = run_module(MODULE, {**named(damsim), "window": 10})
    assert not result["failed"]
    assert result["count"] == len(expected_rows(damsim))


def test_a_subscriber_that_cannot_be_reached_is_an_error(damsim: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, {**named(damsim), "subscriber": {"dx_port": 1}, "request_retries": 0})
    assert result["failed"]
    assert ":1/" in result["msg"]
    assert result["equal"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 0}, "window: 0 is out of range"),
        ({"max_seconds": 0}, "max_seconds: 0 is out of range"),
        ({"dest": "/nowhere/drift.csv"}, "dest: there is no folder '/nowhere'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    damsim: StandIn, run_module: Any, options: dict[str, Any], said: str
) -> None:
    result = run_module(MODULE, {**named(damsim), **options})
    assert result["failed"]
    assert said in result["msg"]
    assert asked(damsim) == []
