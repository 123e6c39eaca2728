# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that tests ask for: the right request goes wrong, in the right way, so often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .conftest import FIND, RESYNC, Pair

ONE = "/staging/subscriber$"


def faults(pair: Pair, *added: dict[str, Any]) -> None:
    pair.publisher.sim("POST", "/faults", list(added))


def test_a_status_with_headers_and_body_comes_as_often_as_asked(pair: Pair) -> None:
    fault = {
        "path": ONE,
        "kind": "status",
        "status": 503,
        "headers": {"Retry-After": "7"},
        "body": "<html>",
        "times": 2,
    }
    faults(pair, fault)
    for _turn in range(2):
        response = pair.publisher.call("GET", "/staging/subscriber")
        assert (response.status_code, response.headers["retry-after"], response.text) == (503, "7", "<html>")
        assert response.headers["content-type"] == "text/html"
    assert pair.publisher.call("GET", "/staging/subscriber").status_code == 200


def test_method_path_and_skip_choose_the_request(pair: Pair) -> None:
    faults(pair, {"method": "GET", "path": r"operations\?limit=1$", "skip": 1, "kind": "status"})
    assert pair.publisher.call("POST", "/operations?limit=1").status_code == 405
    assert pair.publisher.call("GET", "/operations?limit=2").status_code == 200
    assert pair.publisher.call("GET", "/operations?limit=1").status_code == 200
    assert pair.publisher.call("GET", "/operations?limit=1").status_code == 500
    assert pair.publisher.sim("GET", "/faults") == []


def test_a_dropped_connection_gives_no_answer_and_is_logged_as_such(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "drop"})
    pair.publisher.sim("DELETE", "/requests")
    with pytest.raises(httpx.RemoteProtocolError):
        pair.publisher.call("GET", "/staging/subscriber")
    assert [each["status"] for each in pair.publisher.sim("GET", "/requests")["requests"]] == [0]


def test_a_request_that_was_under_way_when_the_log_was_emptied_is_not_in_it(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "delay", "delay": 1.0})
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(pair.publisher.call, "GET", "/staging/subscriber")
        while pair.publisher.sim("GET", "/faults"):
            pass
        pair.publisher.sim("DELETE", "/requests")
        assert late.result().status_code == 200
    assert pair.publisher.sim("GET", "/requests")["requests"] == []


def test_a_cut_answer_promises_more_than_it_has(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "truncate"})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        pair.publisher.call("GET", "/staging/subscriber")
    assert pair.publisher.call("GET", "/staging/subscriber").status_code == 200


def test_a_doubled_row_comes_twice_in_one_answer(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "double"})
    first, second = (pair.publisher.call("GET", "/staging/subscriber").json() for _turn in range(2))
    assert first == [*second, second[0]]


@pytest.mark.parametrize(("when", "effect"), [("before", False), ("after", True)])
def test_a_request_has_its_effect_or_not(pair: Pair, when: str, effect: bool) -> None:
    faults(pair, {"method": "PATCH", "kind": "status", "status": 504, "when": when})
    assert pair.publisher.patch(pair.id, resyncStatus=FIND).status_code == 504
    assert ("resyncStatus" in pair.registration()) is effect


def test_a_body_replaces_the_answer_with_200(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "body", "body": '{"a":', "headers": {"Content-Type": "application/json"}})
    response = pair.publisher.call("GET", "/staging/subscriber")
    assert (response.status_code, response.text) == (200, '{"a":')


def test_a_redirect_leads_elsewhere(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "redirect", "headers": {"Location": "http://other.example.com/"}})
    response = pair.publisher.call("GET", "/staging/subscriber")
    assert (response.status_code, response.headers["location"]) == (302, "http://other.example.com/")


def test_a_delayed_answer_is_the_real_one(pair: Pair) -> None:
    faults(pair, {"path": ONE, "kind": "delay", "delay": 0.2})
    with pytest.raises(httpx.ReadTimeout):
        pair.publisher.call("GET", "/staging/subscriber", timeout=0.05)
    faults(pair, {"path": ONE, "kind": "delay", "delay": 0.01})
    assert len(pair.publisher.get("/staging/subscriber")) == 1


@pytest.mark.parametrize("fault", [{"kind": "nothing"}, {"kind": "drop", "path": "("}, {"kind": "drop", "other": 1}])
def test_a_fault_that_makes_no_sense_is_refused(pair: Pair, fault: dict[str, Any]) -> None:
    assert pair.publisher.http.post("/_sim/faults", json=[fault]).status_code == 400
    assert pair.publisher.sim("GET", "/faults") == []


def test_a_fault_for_clients_spares_the_other_environments(pair: Pair) -> None:
    pair.subscriber.sim("POST", "/faults", [{"kind": "status", "times": 1000}])
    assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"


def test_a_comparison_tries_again_when_the_subscriber_does_not_answer(pair: Pair) -> None:
    pair.subscriber.sim("POST", "/faults", [{"path": "/staging/records", "kind": "drop", "source": "peer", "times": 2}])
    assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"
    assert pair.mismatches() == pair.expected()


def test_a_comparison_that_never_gets_an_answer_fails_and_says_so(pair: Pair) -> None:
    fault = {"path": "/staging/records", "kind": "status", "status": 502, "source": "peer", "times": 1000}
    pair.subscriber.sim("POST", "/faults", [fault])
    assert pair.run(FIND) == "FIND_MISMATCH_FAILED"
    failed = pair.publisher.get("/operations", status="FAILED", triggerFunctions="findStagingMismatch")
    assert [operation["retryCounter"] for operation in failed] == [3]
    assert "502" in failed[0]["errorInfo"]["message"]


def test_a_resync_whose_events_do_not_arrive_fails(pair: Pair) -> None:
    pair.run(FIND)
    pair.subscriber.sim("POST", "/faults", [{"path": "/eventlogs", "kind": "drop", "source": "peer"}])
    assert pair.run(RESYNC) == "RESYNC_TRIGGER_FAILED"


def test_the_publisher_logs_in_again_when_its_token_ends(pair: Pair) -> None:
    pair.run(FIND)
    pair.subscriber.sim("POST", "/sessions/expire")
    assert pair.run(FIND) == "FIND_MISMATCH_COMPLETED"
    assert pair.run(RESYNC) == "RESYNC_TRIGGER_COMPLETED"


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", "null", '{"contents": [1]}'])
def test_a_comparison_fails_when_the_subscribers_answers_make_no_sense(pair: Pair, body: str) -> None:
    fault = {"path": "/staging/records", "kind": "body", "body": body, "source": "peer", "times": 1000}
    pair.subscriber.sim("POST", "/faults", [fault])
    assert pair.run(FIND) == "FIND_MISMATCH_FAILED"


@pytest.mark.parametrize(
    "host", ["", " ", "\r\n", "a b", "[::1", "no.such.host.invalid", "x" * 300, "ü", "1.2.3.4.5:x"]
)
def test_a_comparison_with_a_host_that_is_none_fails(pair: Pair, host: str) -> None:
    pair.publisher.sim("POST", f"/subscribers/{pair.id}", {"targetHost": host})
    assert pair.publisher.patch(pair.id, resyncStatus=FIND).status_code == 200
    pair.publisher.idle()
    assert pair.registration()["resyncStatus"] == "FIND_MISMATCH_FAILED"
