# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that the modules send, and every answer of the stand-in, by the vendor's documents of two releases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.contract import Judge
from support.standin import StandIn
from tooling.paths import ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("dam_*.py"))
ONE = "/staging/subscriber/{subscriber_id}"
TYPES_WITH_RECORDS = ("COLLECTION", "MEDIA_ITEM", "RENDITION", "VERSION", "FAVORITE", "KEYWORD", "CUSTOM_URL")


def tour(standin: StandIn, folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Calls of every module, with the options that change what is sent."""
    place = standin.subscribers[0]
    one = {"subscriber_id": place.id}
    dest = {"dest": str(folder / "report.jsonl"), "format": "jsonl"}
    only = {"record_type": ["MEDIA_ITEM", "CUSTOM_URL"], "record_action": ["CREATE", "DELETE"]}
    there = {"hostname": place.host, "dx_port": place.port}
    return [
        ("dam_subscriber_info", {}),
        ("dam_settle", one),
        ("dam_preflight", {**one, "before": "compare"}),
        ("dam_drift_info", one),
        ("dam_find_mismatch", one),
        ("dam_find_mismatch", one),
        ("dam_preflight", {**one, "before": "resync"}),
        ("dam_mismatch_report", {**one, **dest}),
        ("dam_mismatch_report", {**one, **dest, **only}),
        ("dam_mismatch_report", {"all_subscribers": True, "dest": str(folder / "all.json"), "format": "json"}),
        ("dam_resync", one),
        ("dam_operations_info", {**there, "wait": True, "operation_scope": "all"}),
        ("dam_operations_info", {**there, "wait": True, "operation_scope": "sync"}),
        ("dam_operations_info", {"status": ["FAILED", "RETRY"], "trigger_function": ["findStagingMismatch"]}),
        ("dam_find_mismatch", {**one, "force": True}),
        ("dam_delete_mismatch", one),
        ("dam_delete_mismatch", {"all_subscribers": True}),
        ("dam_subscriber", {**one, "cycle_length": 30, "enabled": False}),
        ("dam_subscriber", {"target_host": "another.example.com", "cycle_length": 5}),
        ("dam_subscriber", {"target_host": "another.example.com", "state": "absent", "confirm_restage": True}),
    ]


def test_every_module_sends_what_is_documented_and_is_answered_so(
    standin: StandIn, run: Callable[..., dict[str, Any]], judge: Judge, tmp_path: Path
) -> None:
    calls = tour(standin, tmp_path)
    assert sorted({name for name, _args in calls}) == MODULES, "a module is missing in the tour"
    for name, args in calls:
        for check in (True, False):
            result = run(name, args, check)
            assert check or not result.get("failed"), (name, result["msg"])
    assert judge.complaints == []
    assert {
        ("POST", "/auth/login", 200),
        ("GET", "/staging/subscriber", 200),
        ("GET", ONE, 200),
        ("PATCH", ONE, 200),
        ("POST", "/staging/subscriber", 200),
        ("DELETE", ONE, 204),
        ("GET", "/staging/mismatches", 200),
        ("DELETE", "/staging/mismatches", 204),
        ("GET", "/operations", 200),
        ("GET", "/api-version", 200),
    } <= judge.seen


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("dam_find_mismatch", {"subscriber_id": "nobody"}),
        ("dam_subscriber_info", {"dx_password": "wrong"}),
        ("dam_subscriber_info", {"ltpa_token": "a-token-that-is-stale", "dx_username": None, "dx_password": None}),
        ("dam_subscriber_info", {"dx_username": "author", "dx_password": "author-secret"}),
        ("dam_operations_info", {"dx_username": "author", "dx_password": "author-secret"}),
        ("dam_subscriber", {"target_host": "x", "dx_username": "author", "dx_password": "author-secret"}),
    ],
)
def test_what_is_refused_is_refused_as_documented(
    standin: StandIn, run: Callable[..., dict[str, Any]], judge: Judge, name: str, args: dict[str, Any]
) -> None:
    assert run(name, args)["failed"] is True
    assert judge.complaints == []
    assert judge.seen


def test_what_a_publisher_asks_of_a_subscriber_is_answered_as_documented(
    standin: StandIn, api: Callable[..., Any], judge: Judge
) -> None:
    there = api(standin.subscribers[0])
    ids = {each["type"]: each["id"] for each in standin.get("/_sim/records", at=standin.subscribers[0])}
    for record_type in TYPES_WITH_RECORDS:
        assert there.call("GET", f"/staging/records/{record_type}", {"offset": 0, "limit": 1}).json()["id"]
        assert there.call("GET", f"/staging/records/{record_type}", {"offset": 0, "limit": 100}).ok
        assert there.call("GET", f"/staging/records/{record_type}/summary").ok
        assert there.call("GET", f"/staging/records/{record_type}/{ids[record_type]}", {"details": "true"}).ok
        assert there.call("GET", "/staging/records", {"recordType": record_type, "firstId": "0", "lastId": "f"}).ok
    event = {"eventData": {"recordId": "k"}, "host": "h", "type": "KEYWORD", "action": "DELETE"}
    assert there.call("POST", "/eventlogs", body=[{**event, "created": "2026-03-02T09:30:00.000Z"}]).ok
    assert judge.complaints == []
    assert len(judge.seen) == 6


def test_a_judge_that_sees_something_wrong_says_so(standin: StandIn, api: Callable[..., Any], judge: Judge) -> None:
    here = api(standin.publisher)
    here.call("GET", "/staging/mismatches", {"subscriber": "x"})
    here.call("GET", "/nothing")
    standin.post("/_sim/faults", [{"path": "/staging/subscriber", "kind": "body", "body": '[{"id": 5}]'}])
    here.call("GET", "/staging/subscriber")
    standin.post("/_sim/faults", [{"path": "/staging/subscriber", "kind": "status", "status": 418}])
    here.call("GET", "/staging/subscriber")
    here.call("PATCH", "/staging/subscriber/x", body={"nonsense": 1})
    text = "\n".join(judge.complaints)
    for part in ("query subscriber is not", "/nothing is not documented", "answer 200", "status 418 is not documented"):
        assert part in text
