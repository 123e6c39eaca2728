# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``dam_subscriber`` against the stand-in: registering, changing, deregistering, each sent once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.playbooks import Call
from support.standin import StandIn

MODULE = "dam_subscriber"
SUBSCRIBERS = "/dx/api/dam/v1/staging/subscriber"
NEW = "127.0.0.1:9"
TWICE_EACH = (True, False, True, False)


@pytest.fixture
def quiet(damsim: StandIn) -> StandIn:
    """A publisher that does not stage by itself, so that a new subscriber may be one that is not there."""
    damsim.settings(cycles=False)
    return damsim


def cycle(options: dict[str, Any]) -> list[Call]:
    """Check, run, check, run."""
    return [Call(MODULE, options, check=check) for check in TWICE_EACH]


def changes(results: list[dict[str, Any]]) -> list[bool]:
    """Return what each task said of itself; fail where one failed."""
    assert not [result for result in results if result["failed"]], results
    return [result["changed"] for result in results]


def sent(damsim: StandIn) -> list[str]:
    """Return the methods of the writing requests."""
    return [each["method"] for each in damsim.writes()]


def hosts(info: dict[str, Any]) -> list[str]:
    """Return the target hosts that ``dam_subscriber_info`` gave."""
    return [one["target_host"] for one in info["subscribers"]]


def unseen_at_first(damsim: StandIn) -> None:
    """Hide the subscribers from the first look: as if another one had registered them right after it."""
    fault = {"method": "GET", "path": "/staging/subscriber$", "kind": "body", "body": "[]"}
    damsim.post("/_sim/faults", [fault])


class TestRegistering:
    """``state: present`` with a host that is not registered."""

    def test_check_run_check_run_registers_once(self, quiet: StandIn, run_modules: Any) -> None:
        options = {"target_host": NEW, "enabled": False, "cycle_length": 30}
        *results, info = run_modules([*cycle(options), Call("dam_subscriber_info", {"target_host": NEW})])
        assert changes(results) == [True, True, False, False]
        assert [result["action"] for result in results] == ["register", "register", None, None]
        assert sent(quiet) == ["POST"]
        assert info["subscribers"] == [results[1]["subscriber"]]
        assert results[1]["before"] is None
        assert (results[1]["subscriber"]["enabled"], results[1]["subscriber"]["cycle_length"]) == (False, 30)
        assert results[3]["subscriber"] == results[3]["before"] == results[1]["subscriber"]

    def test_check_mode_shows_what_is_known_of_the_new_one(self, quiet: StandIn, run_module: Any) -> None:
        result = run_module(MODULE, {"target_host": NEW, "cycle_length": 30}, check=True)
        known = {name: value for name, value in result["subscriber"].items() if value is not None}
        assert known == {"target_host": NEW, "cycle_length": 30, "phase": "never_compared"}
        assert result["diff"] == {"before": {}, "after": {"target_host": NEW, "cycle_length": 30, "enabled": None}}
        assert sent(quiet) == []

    def test_what_is_not_given_is_the_servers_to_choose(self, quiet: StandIn, run_module: Any) -> None:
        result = run_module(MODULE, {"target_host": NEW})
        assert (result["subscriber"]["enabled"], result["subscriber"]["cycle_length"]) == (True, 2)
        assert result["diff"]["after"] == {"target_host": NEW, "enabled": True, "cycle_length": 2}
        assert sent(quiet) == ["POST"]

    def test_a_conflict_joins_the_registration_that_another_one_made(self, quiet: StandIn, run_module: Any) -> None:
        place = quiet.subscribers[0]
        unseen_at_first(quiet)
        result = run_module(MODULE, {"target_host": place.target_host})
        assert not result["failed"], result
        assert (result["changed"], result["subscriber"]["subscriber_id"]) == (False, place.id)
        assert sent(quiet) == ["POST"]

    def test_a_joined_registration_gets_the_settings_asked_for(self, quiet: StandIn, run_module: Any) -> None:
        unseen_at_first(quiet)
        result = run_module(MODULE, {"target_host": quiet.subscribers[0].target_host, "cycle_length": 30})
        assert not result["failed"], result
        assert (result["changed"], result["subscriber"]["cycle_length"]) == (True, 30)
        assert sent(quiet) == ["POST", "PATCH"]

    def test_a_conflict_with_nothing_there_is_an_error_in_the_servers_words(
        self, quiet: StandIn, run_module: Any
    ) -> None:
        body = json.dumps({"error": {"message": "Something else is in the way."}})
        fault = {"method": "POST", "path": "/staging/subscriber$", "kind": "status", "status": 409, "body": body}
        quiet.post("/_sim/faults", [fault])
        result = run_module(MODULE, {"target_host": NEW})
        assert result["failed"]
        assert not result["changed"]
        assert "Something else is in the way" in result["msg"]
        assert result["status"] == 409

    def test_an_answer_that_says_no_success_is_an_error(self, quiet: StandIn, run_module: Any) -> None:
        said = {"id": "x", "targetHost": NEW, "isSuccess": False, "errorMessage": "No secret for this host."}
        fault = {"method": "POST", "path": "/staging/subscriber$", "kind": "body", "body": json.dumps(said)}
        quiet.post("/_sim/faults", [fault])
        result = run_module(MODULE, {"target_host": NEW})
        assert result["failed"]
        assert "No secret for this host." in result["msg"]
        assert result["server_message"] == "No secret for this host."
        assert not result["changed"]

    @pytest.mark.parametrize(
        ("host", "said"),
        [
            ("https://dx-new.example.com/", "by its host name alone, here 'dx-new.example.com'"),
            ("dx-new.example.com/dx", "by its host name alone"),
            ("dx new", "no host name"),
            ("dx-new.example.com:http", "no host name"),
        ],
    )
    def test_what_is_no_host_name_is_not_registered(
        self, quiet: StandIn, run_module: Any, host: str, said: str
    ) -> None:
        result = run_module(MODULE, {"target_host": host})
        assert result["failed"]
        assert result["msg"].startswith("target_host: ")
        assert said in result["msg"]
        assert sent(quiet) == []

    def test_the_publisher_is_not_registered_with_itself(self, quiet: StandIn, run_module: Any) -> None:
        result = run_module(MODULE, {"target_host": f"{quiet.publisher.host}:{quiet.publisher.port}"})
        assert result["failed"]
        assert "the publisher itself" in result["msg"]
        assert sent(quiet) == []

    def test_an_id_that_is_not_there_cannot_be_registered(self, quiet: StandIn, run_module: Any) -> None:
        result = run_module(MODULE, {"subscriber_id": "no-such-id"})
        assert result["failed"]
        assert "name a new one by target_host" in result["msg"]
        assert quiet.subscribers[0].id in result["msg"]


class TestChanging:
    """``state: present`` with a host that is registered."""

    @pytest.mark.parametrize(("option", "value"), [("enabled", False), ("cycle_length", 1440)])
    def test_check_run_check_run_changes_once(
        self, quiet: StandIn, run_modules: Any, option: str, value: object
    ) -> None:
        place = quiet.subscribers[0]
        calls = [*cycle({"subscriber_id": place.id, option: value}), Call("dam_subscriber_info")]
        *results, info = run_modules(calls)
        assert changes(results) == [True, True, False, False]
        assert sent(quiet) == ["PATCH"]
        for result in results[:2]:
            assert (result["before"][option], result["subscriber"][option]) != (value, value)
            assert result["subscriber"][option] == value
            assert {name for name, old in result["diff"]["before"].items() if result["diff"]["after"][name] != old} == {
                option
            }
        assert results[3]["diff"]["before"] == results[3]["diff"]["after"]
        assert info["subscribers"][0][option] == value

    def test_only_what_differs_is_sent(self, quiet: StandIn, run_modules: Any) -> None:
        place = quiet.subscribers[0]
        first, second = run_modules(
            [
                Call(MODULE, {"subscriber_id": place.id, "enabled": True, "cycle_length": 15}),
                Call(MODULE, {"target_host": place.target_host, "enabled": False}),
            ]
        )
        assert first["diff"]["after"] == {"target_host": place.target_host, "enabled": True, "cycle_length": 15}
        assert second["diff"]["after"] == {"target_host": place.target_host, "enabled": False, "cycle_length": 15}
        assert sent(quiet) == ["PATCH", "PATCH"]

    def test_a_registered_host_is_found_by_another_spelling(self, quiet: StandIn, run_module: Any) -> None:
        place = quiet.subscribers[0]
        result = run_module(MODULE, {"target_host": f"HTTP://{place.target_host}/"})
        assert not result["failed"], result
        assert (result["changed"], result["subscriber"]["subscriber_id"]) == (False, place.id)

    @pytest.mark.parametrize("minutes", [0, 1441, -5])
    def test_a_cycle_length_that_the_product_does_not_take_is_refused(
        self, quiet: StandIn, run_module: Any, minutes: int
    ) -> None:
        result = run_module(MODULE, {"subscriber_id": quiet.subscribers[0].id, "cycle_length": minutes})
        assert result["failed"]
        assert f"cycle_length: {minutes} is out of range; it has to be from 1 to 1440" in result["msg"]
        assert quiet.requests() == []

    @pytest.mark.parametrize("minutes", [1, 1440])
    def test_the_limits_of_the_cycle_length_are_taken(self, quiet: StandIn, run_module: Any, minutes: int) -> None:
        result = run_module(MODULE, {"subscriber_id": quiet.subscribers[0].id, "cycle_length": minutes})
        assert result["subscriber"]["cycle_length"] == minutes

    def test_a_host_that_fits_two_is_an_error_that_lists_them(self, damsim3: StandIn, run_module: Any) -> None:
        at = {"hostname": damsim3.publisher.host, "dx_port": damsim3.publisher.port}
        result = run_module(MODULE, {**at, "target_host": damsim3.publisher.host, "enabled": False})
        assert result["failed"]
        assert all(place.id in result["msg"] for place in damsim3.subscribers)
        assert damsim3.writes() == []


class TestDeregistering:
    """``state: absent``."""

    def test_check_run_check_run_deregisters_once(self, quiet: StandIn, run_modules: Any) -> None:
        place = quiet.subscribers[0]
        options = {"target_host": place.target_host, "state": "absent", "confirm_restage": True}
        *results, info = run_modules([*cycle(options), Call("dam_subscriber_info")])
        assert changes(results) == [True, True, False, False]
        assert sent(quiet) == ["DELETE"]
        assert info["subscribers"] == []
        for result in results[:2]:
            assert result["before"]["subscriber_id"] == place.id
            assert result["subscriber"] is None
            assert result["diff"]["before"]["target_host"] == place.target_host
            assert result["diff"]["after"] == {}
        assert results[3]["before"] is None

    @pytest.mark.parametrize("check", [True, False])
    def test_without_confirmation_it_is_refused_with_the_reason_and_the_way_around(
        self, quiet: StandIn, run_module: Any, check: bool
    ) -> None:
        place = quiet.subscribers[0]
        result = run_module(MODULE, {"subscriber_id": place.id, "state": "absent"}, check=check)
        assert result["failed"]
        for part in ("confirm_restage", "copies every asset", "cycle_length to 1440", place.target_host):
            assert part in result["msg"]
        assert sent(quiet) == []

    def test_what_is_not_registered_needs_no_confirmation(self, quiet: StandIn, run_modules: Any) -> None:
        calls = [
            Call(MODULE, {"target_host": NEW, "state": "absent"}),
            Call(MODULE, {"subscriber_id": "gone", "state": "absent"}),
        ]
        assert changes(run_modules(calls)) == [False, False]
        assert sent(quiet) == []

    def test_the_others_stay(self, damsim3: StandIn, run_modules: Any) -> None:
        damsim3.settings(cycles=False)
        at = {"hostname": damsim3.publisher.host, "dx_port": damsim3.publisher.port}
        options = {**at, "subscriber_id": damsim3.subscribers[1].id, "state": "absent", "confirm_restage": True}
        done, info = run_modules([Call(MODULE, options), Call("dam_subscriber_info", at)])
        assert done["changed"]
        assert hosts(info) == [damsim3.subscribers[0].target_host, damsim3.subscribers[2].target_host]

    def test_one_that_was_gone_before_our_request_is_no_change(self, quiet: StandIn, run_module: Any) -> None:
        fault = {"method": "DELETE", "path": "/staging/subscriber", "kind": "status", "status": 404, "when": "after"}
        quiet.post("/_sim/faults", [fault])
        options = {"subscriber_id": quiet.subscribers[0].id, "state": "absent", "confirm_restage": True}
        result = run_module(MODULE, options)
        assert not result["failed"], result
        assert not result["changed"]

    def test_a_404_for_one_that_stays_is_an_error(self, quiet: StandIn, run_module: Any) -> None:
        quiet.settings(subscriber_key="host")
        options = {"subscriber_id": quiet.subscribers[0].id, "state": "absent", "confirm_restage": True}
        result = run_module(MODULE, options)
        assert result["failed"]
        assert "was not deregistered" in result["msg"]
        assert result["status"] == 404

    def test_a_running_comparison_is_warned_of(self, quiet: StandIn, run_module: Any) -> None:
        place = quiet.subscribers[0]
        quiet.post(f"/_sim/subscribers/{place.id}", {"resyncStatus": "FIND_MISMATCH_START"})
        options = {"subscriber_id": place.id, "state": "absent", "confirm_restage": True}
        result = run_module(MODULE, options)
        assert result["changed"]
        assert any("FIND_MISMATCH_START" in str(warning) for warning in result["warnings"])


STEPS: dict[str, dict[str, Any]] = {
    "POST": {"target_host": NEW, "cycle_length": 30},
    "PATCH": {"cycle_length": 30},
    "DELETE": {"state": "absent", "confirm_restage": True},
}
LOST: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "truncate"},
    {"kind": "status", "status": 502, "body": "<html>Bad Gateway</html>"},
    {"kind": "status", "status": 500},
    {"kind": "body", "body": "<html>Welcome</html>"},
]
# The answer to a deletion has no body that could be cut or replaced.
LOST_ANSWERS = [
    pytest.param(method, how, id=f"{method}-{how['kind']}{how.get('status', '')}")
    for method in STEPS
    for how in LOST
    if method != "DELETE" or how["kind"] in {"drop", "status"}
]


def options_for(damsim: StandIn, method: str) -> dict[str, Any]:
    """Return options that make the module send ``method``."""
    return ({} if method == "POST" else {"subscriber_id": damsim.subscribers[0].id}) | STEPS[method]


class TestALostAnswer:
    """Whatever becomes of the answer, the request is sent once and its effect looked for."""

    @pytest.mark.parametrize(("method", "how"), LOST_ANSWERS)
    def test_what_arrived_counts(self, quiet: StandIn, run_module: Any, method: str, how: dict[str, Any]) -> None:
        quiet.post("/_sim/faults", [{**how, "method": method, "path": "/staging/subscriber", "when": "after"}])
        options = options_for(quiet, method)
        result = run_module(MODULE, options)
        assert not result["failed"], result
        assert result["changed"]
        assert sent(quiet) == [method]
        assert run_module(MODULE, options)["changed"] is False

    def test_what_did_not_arrive_is_an_error_and_not_sent_again(self, quiet: StandIn, run_module: Any) -> None:
        # The other two methods, without ten real seconds each: the unit tests.
        fault = {"method": "POST", "path": "/staging/subscriber", "kind": "drop", "when": "before"}
        quiet.post("/_sim/faults", [fault])
        options = options_for(quiet, "POST")
        result = run_module(MODULE, options)
        assert result["failed"]
        assert not result["changed"]
        assert "Running again is safe" in result["msg"]
        assert sent(quiet) == ["POST"]
        again = run_module(MODULE, options)
        assert not again["failed"], again
        assert again["changed"]

    @pytest.mark.parametrize("method", STEPS)
    def test_a_plain_refusal_is_told_at_once(self, quiet: StandIn, run_module: Any, method: str) -> None:
        body = json.dumps({"error": {"message": "Not today."}})
        fault = {"method": method, "path": "/staging/subscriber", "kind": "status", "status": 400, "body": body}
        quiet.post("/_sim/faults", [fault])
        result = run_module(MODULE, options_for(quiet, method))
        assert result["failed"]
        assert "Not today" in result["msg"]
        assert sent(quiet) == [method]


def test_an_expired_token_is_renewed_before_the_change(quiet: StandIn, run_module: Any) -> None:
    fault = {"method": "PATCH", "path": "/staging/subscriber", "kind": "status", "status": 401}
    quiet.post("/_sim/faults", [fault])
    result = run_module(MODULE, {"subscriber_id": quiet.subscribers[0].id, "enabled": False})
    assert not result["failed"], result
    assert result["subscriber"]["enabled"] is False


def test_no_optional_field_is_sent_as_null(quiet: StandIn, run_module: Any) -> None:
    # The stand-in answers a null with 400, as the vendor's document demands.
    assert run_module(MODULE, {"target_host": NEW})["changed"]
    assert run_module(MODULE, {"target_host": NEW, "enabled": False})["changed"]


def test_an_account_that_is_no_administrator_is_refused(quiet: StandIn, run_module: Any) -> None:
    account = {"dx_username": quiet.author_username, "dx_password": quiet.author_password}
    result = run_module(MODULE, {**account, "target_host": NEW})
    assert result["failed"]
    assert "administrator" in result["msg"]


def test_a_name_is_needed(quiet: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, {})
    assert result["failed"]
    assert "subscriber_id" in result["msg"]
    assert quiet.requests() == []


def test_an_id_that_is_not_there_registers_nothing_at_its_target_host(quiet: StandIn, run_module: Any) -> None:
    result = run_module(MODULE, {"subscriber_id": "a", "target_host": "b.example.com"})
    assert (result["failed"], result["changed"]) == (True, False)
    assert "name a new one by target_host alone" in result["msg"]
    assert sent(quiet) == []


def test_a_host_that_is_registered_again_has_a_new_id(damsim: StandIn, run_modules: Any) -> None:
    place = damsim.subscribers[0]
    away = {"target_host": place.target_host, "state": "absent", "confirm_restage": True}
    gone, back = run_modules([Call(MODULE, away), Call(MODULE, {"target_host": place.target_host})])
    assert gone["changed"]
    assert back["changed"]
    assert back["subscriber"]["subscriber_id"] != place.id
    assert back["before"] is None
