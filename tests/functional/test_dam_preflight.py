# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``dam_preflight`` against the stand-in: every check both ways, none of them stopping another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.connections import connection_to
from support.playbooks import COLLECTION, Call
from support.scenes import COMPARED, compared, fault, register, server_time, set_status
from support.standin import Place, StandIn

MODULE = "dam_preflight"
RESYNC = {"before": "resync"}
BEFORE_COMPARE = [
    *(f"publisher_{aspect}" for aspect in ("reachable", "login", "release", "administrator")),
    *(f"subscriber_{aspect}" for aspect in ("reachable", "login", "release", "administrator")),
    "clocks",
    "subscriber_registered",
    "subscriber_enabled",
    "subscriber_host",
    "two_way_staging",
    "nothing_running",
    "operations_in_progress",
    "comparison_age",
    "staging_cycle",
]
BEFORE_RESYNC = {*BEFORE_COMPARE, "failed_operations", "authoring"}
FEW_REQUESTS = 16


@pytest.fixture
def still(damsim: StandIn) -> StandIn:
    """A stand-in whose clock runs as ours, and that stages nothing by itself."""
    damsim.settings(speed=1, cycles=False)
    return damsim


@pytest.fixture
def preflight(still: StandIn, run_module: Any) -> Any:
    """Run the checks of the stand-in's subscriber; return the result with ``found``, the checks by name."""

    def run(options: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        result = run_module(MODULE, {"subscriber_id": still.subscribers[0].id, **(options or {})}, **more)
        assert "checks" in result, result
        return {**result, "found": {check["name"]: check for check in result["checks"]}}

    return run


def not_ok(result: dict[str, Any]) -> dict[str, str]:
    """Return the status of every check that is not ok."""
    return {check["name"]: check["status"] for check in result["checks"] if check["status"] != "ok"}


def add_operation(standin: StandIn, at: Place | None = None, **fields: Any) -> None:
    """Put operations into a queue, the subscriber's unless said otherwise."""
    standin.post("/_sim/operations", fields, at=at or standin.subscribers[0])


class TestReady:
    """Nothing is in the way."""

    def test_before_a_comparison_every_check_is_made_and_ok(self, still: StandIn, run_module: Any) -> None:
        result = run_module(MODULE, {"target_host": still.subscribers[0].target_host})
        assert not result["failed"], result
        assert (result["ready"], result["changed"]) == (True, False)
        assert [check["name"] for check in result["checks"]] == BEFORE_COMPARE
        assert not_ok(result) == {}
        assert all(set(check) == {"name", "status", "message", "remedy"} for check in result["checks"])
        assert all(check["message"] and check["remedy"] is None for check in result["checks"])
        assert result["msg"] == "Ready for a comparison: 0 failed, 0 warning, 17 ok."

    def test_before_a_resync_every_check_is_made_and_ok(self, still: StandIn, run_module: Any) -> None:
        compared(still)
        result = run_module(MODULE, {"target_host": still.subscribers[0].target_host, **RESYNC})
        assert not result["failed"], result
        assert {check["name"] for check in result["checks"]} == BEFORE_RESYNC
        assert not_ok(result) == {}
        assert result["msg"] == "Ready for a resync: 0 failed, 0 warning, 19 ok."

    def test_it_reads_only_and_asks_little_in_check_mode_and_without(self, still: StandIn, run_modules: Any) -> None:
        options = {"subscriber_id": still.subscribers[0].id}
        results = run_modules([Call(MODULE, options, check=check) for check in (True, False, True, False)])
        assert [result["changed"] for result in results] == [False] * 4
        assert results[0]["checks"] == results[1]["checks"]
        assert still.writes() == []
        assert len(still.requests()) <= 4 * FEW_REQUESTS

    def test_the_release_that_brought_each_call_is_named(self, preflight: Any) -> None:
        found = preflight()["found"]
        for name, releases in (("publisher", ("CF202", "CF214", "CF215")), ("subscriber", ("CF209", "CF213"))):
            message = found[f"{name}_release"]["message"]
            assert "CF229 (API 1.41.0)" in message
            assert all(f"since {release}" in message for release in releases)


class TestEnvironments:
    """Answers, login, rights and release, at either end."""

    @pytest.mark.parametrize("name", ["publisher", "subscriber"])
    def test_one_that_does_not_answer_leaves_the_other_one_judged(self, preflight: Any, name: str) -> None:
        away = {"dx_port": 1, "request_retries": 0}
        # What is not said of the subscriber is as for the publisher, but its port is in its target host.
        result = preflight({"subscriber": away} if name == "subscriber" else away)
        found, other = result["found"], {"publisher": "subscriber", "subscriber": "publisher"}[name]
        assert result["failed"]
        assert found[f"{name}_reachable"]["status"] == "failed"
        assert "cannot be reached" in found[f"{name}_reachable"]["message"]
        for aspect in ("login", "release", "administrator"):
            assert found[f"{name}_{aspect}"]["status"] == "failed"
            assert f"see {name}_reachable" in found[f"{name}_{aspect}"]["message"]
            if name == "subscriber":
                assert found[f"{other}_{aspect}"]["status"] == "ok"

    def test_a_publisher_that_does_not_answer_leaves_a_named_subscriber_judged(
        self, still: StandIn, preflight: Any
    ) -> None:
        options = {"subscriber_id": None, "target_host": still.subscribers[0].target_host}
        found = preflight({**options, "dx_port": 1, "request_retries": 0})["found"]
        assert found["publisher_reachable"]["status"] == "failed"
        assert all(
            found[f"subscriber_{aspect}"]["status"] == "ok" for aspect in ("reachable", "login", "administrator")
        )
        assert (found["subscriber_registered"]["status"], found["nothing_running"]["status"]) == ("failed", "failed")
        assert (found["clocks"]["status"], found["staging_cycle"]["status"]) == ("warning", "warning")

    def test_something_else_that_answers_is_not_taken_for_the_environment(self, still: StandIn, preflight: Any) -> None:
        fault(still, path="/auth/login", kind="body", body="<html>Welcome</html>")
        found = preflight({"request_retries": 0})["found"]
        assert found["publisher_reachable"]["status"] == "failed"
        assert "Welcome" in found["publisher_reachable"]["message"]

    def test_a_wrong_password_is_told_apart_from_an_environment_that_is_away(
        self, still: StandIn, preflight: Any
    ) -> None:
        own = {"dx_username": "nobody", "dx_password": "wrong-one-here"}
        result = preflight({"subscriber": own, "target_host": still.subscribers[0].target_host})
        found = result["found"]
        assert found["subscriber_reachable"]["status"] == "ok"
        assert found["subscriber_login"]["status"] == "failed"
        assert "subscriber.dx_password" in found["subscriber_login"]["remedy"]
        assert found["publisher_login"]["status"] == "ok"
        assert "wrong-one-here" not in json.dumps(result)

    def test_a_token_that_has_run_out_is_a_failed_login(self, still: StandIn, preflight: Any) -> None:
        secret = "an-old-token-0123456789"
        own = {"dx_username": still.username, "dx_password": still.password}
        options = {"dx_username": None, "dx_password": None, "ltpa_token": secret, "subscriber": own}
        result = preflight({**options, "target_host": still.subscribers[0].target_host})
        assert result["found"]["publisher_reachable"]["status"] == "ok"
        assert result["found"]["publisher_login"]["status"] == "failed"
        assert secret not in json.dumps(result)

    @pytest.mark.parametrize("forbidden", ["always403", "documented"])
    @pytest.mark.parametrize("name", ["publisher", "subscriber"])
    def test_an_account_without_rights_is_named(
        self, still: StandIn, preflight: Any, name: str, forbidden: str
    ) -> None:
        still.settings(forbidden=forbidden)
        author = {"dx_username": still.author_username, "dx_password": still.author_password}
        admin = {"dx_username": still.username, "dx_password": still.password}
        options = {"subscriber": author} if name == "subscriber" else {**author, "subscriber": admin}
        result = preflight({**options, "target_host": still.subscribers[0].target_host})
        found = result["found"]
        assert found[f"{name}_login"]["status"] == found[f"{name}_release"]["status"] == "ok"
        assert found[f"{name}_administrator"]["status"] == "failed"
        assert "administrator" in found[f"{name}_administrator"]["remedy"]

    @pytest.mark.parametrize(
        ("name", "release", "status", "said"),
        [
            ("publisher", "CF216", "ok", "CF216 (API 1.28.0)"),
            ("publisher", "CF215", "warning", "CF216"),
            ("publisher", "CF214", "failed", "since CF215"),
            ("publisher", "CF213", "failed", "since CF214"),
            ("publisher", "CF202", "failed", "CF214"),
            ("subscriber", "CF213", "ok", "CF213"),
            ("subscriber", "CF212", "failed", "since CF213"),
            ("subscriber", "CF208", "failed", "CF209"),
        ],
    )
    def test_a_release_without_the_calls_is_named_with_the_one_that_has_them(
        self, still: StandIn, preflight: Any, name: str, release: str, status: str, said: str
    ) -> None:
        still.settings(at=still.publisher if name == "publisher" else still.subscribers[0], release=release)
        check = preflight({"fail_on": "never"})["found"][f"{name}_release"]
        assert (check["status"], said in check["message"]) == (status, True), check

    def test_clocks_further_apart_than_five_minutes_are_warned_of(self, still: StandIn, preflight: Any) -> None:
        for place, seconds in zip(still.places, (200, -200)):
            still.settings(at=place, clock_skew=seconds)
        result = preflight()
        assert not_ok(result) == {"clocks": "warning"}
        assert result["ready"]


class TestRegistration:
    """Is the subscriber the publisher's, and switched on."""

    def test_one_that_is_not_registered_is_told_with_those_that_are(self, still: StandIn, preflight: Any) -> None:
        place = still.subscribers[0]
        options = {"subscriber_id": None, "target_host": "dx-unknown.example.com"}
        reach = {"subscriber": {"hostname": place.host, "dx_port": place.port}}
        result = preflight({**options, **reach})
        found = result["found"]
        assert found["subscriber_registered"]["status"] == "failed"
        assert place.target_host in found["subscriber_registered"]["message"]
        assert found["subscriber_reachable"]["status"] == found["two_way_staging"]["status"] == "ok"
        assert "see subscriber_registered" in found["subscriber_enabled"]["message"]

    def test_an_unknown_id_leaves_no_place_to_look_at(self, preflight: Any) -> None:
        found = preflight({"subscriber_id": "no-such-id"})["found"]
        assert found["subscriber_registered"]["status"] == "failed"
        assert "not known where the subscriber is" in found["subscriber_reachable"]["message"]

    def test_one_that_is_switched_off_fails(self, still: StandIn, preflight: Any) -> None:
        still.post(f"/_sim/subscribers/{still.subscribers[0].id}", {"status": False})
        result = preflight()
        assert not_ok(result) == {"subscriber_enabled": "failed"}
        assert "enabled=true" in result["found"]["subscriber_enabled"]["remedy"]

    def test_another_host_than_the_registered_one_is_only_a_warning(self, still: StandIn, preflight: Any) -> None:
        result = preflight({"subscriber": {"hostname": "localhost", "dx_port": still.subscribers[0].port}})
        assert not_ok(result) == {"subscriber_host": "warning"}
        assert result["ready"]
        assert any("subscriber_host" in str(warning) for warning in result["warnings"])


class TestTwoWayStaging:
    """The subscriber is asked for its own subscribers."""

    @pytest.mark.parametrize(("before", "form"), [("compare", "http://{0}:{1}/"), ("resync", "{0}")])
    def test_the_publisher_as_the_subscribers_subscriber_fails_however_it_is_written(
        self, still: StandIn, preflight: Any, before: str, form: str
    ) -> None:
        place, own = still.subscribers[0], still.publisher
        registered = register(still, place, f"{own.host}:{own.port}")
        fields = {"targetHost": form.format(own.host, own.port)}
        still.post(f"/_sim/subscribers/{registered['id']}", fields, at=place)
        compared(still)
        result = preflight({"before": before, "downstream_hosts": [fields["targetHost"]]})
        assert not_ok(result) == {"two_way_staging": "failed"}
        assert "both sides" in result["found"]["two_way_staging"]["message"]

    def test_a_third_environment_is_refused_until_it_is_named(self, still: StandIn, preflight: Any) -> None:
        register(still, still.subscribers[0], "third.example.com")
        assert not_ok(preflight()) == {"two_way_staging": "failed"}
        assert not_ok(preflight({"downstream_hosts": ["THIRD.example.com."]})) == {}

    def test_no_answer_is_not_taken_for_none(self, still: StandIn, preflight: Any) -> None:
        away = {"path": "/staging/subscriber", "skip": 1, "times": 9, "kind": "status", "status": 500}
        fault(still, still.subscribers[0], **away)
        assert not_ok(preflight()) == {"two_way_staging": "failed"}


class TestWhatRuns:
    """One comparison or resync at a time."""

    def test_what_runs_for_this_subscriber_is_named_and_passes_only_if_it_is_joined(
        self, still: StandIn, preflight: Any
    ) -> None:
        for before, status, wanted in (
            ("compare", "FIND_MISMATCH_START", "warning"),
            ("compare", "DYNAMIC_STATUS_COMPUTATION_REQUIRED", "warning"),
            ("compare", "RESYNC_TRIGGER_START", "failed"),
            ("compare", "NEVER_HEARD_OF", "failed"),
            ("compare", "RESYNC_TRIGGER_COMPLETED", None),
            ("compare", "FIND_MISMATCH_FAILED", None),
            ("resync", "FIND_MISMATCH_START", "failed"),
            ("resync", "RESYNC_TRIGGER_START", "warning"),
        ):
            set_status(still, status)
            result = preflight({"before": before})
            assert not_ok(result).get("nothing_running") == wanted, (before, status)
            assert wanted is None or status in result["found"]["nothing_running"]["message"]

    @pytest.mark.parametrize("status", ["FIND_MISMATCH_START", "RESYNC_TRIGGER_START"])
    def test_what_runs_for_another_subscriber_fails(self, damsim3: StandIn, run_module: Any, status: str) -> None:
        damsim3.settings(speed=1, cycles=False)
        set_status(damsim3, status, number=1)
        options = {**connection_to(damsim3), "subscriber_id": damsim3.subscribers[0].id}
        result = run_module(MODULE, options)
        assert not_ok(result) == {"nothing_running": "failed"}
        assert damsim3.subscribers[1].target_host in result["msg"]


class TestQueue:
    """The subscriber's operations."""

    def test_a_sync_operation_that_was_done_well_is_not_in_the_way(self, still: StandIn, preflight: Any) -> None:
        add_operation(still, triggerFunction="syncStagingMediaContent", status="SUCCESS", times=3)
        assert not_ok(preflight()) == {}

    def test_a_sync_operation_in_progress_fails(self, still: StandIn, preflight: Any) -> None:
        for status in ("TODO", "PROCESSING", "READ", "RETRY", "WAIT", "PENDING"):
            add_operation(still, triggerFunction="syncStagingMediaContent", status=status, times=3)
            result = preflight()
            assert not_ok(result) == {"operations_in_progress": "failed"}, status
            assert "3 sync operations" in result["found"]["operations_in_progress"]["message"]
            assert "syncStagingMediaContent: 3" in result["msg"]
            still.delete("/_sim/operations", at=still.subscribers[0])

    def test_other_operations_are_in_nobodys_way(self, still: StandIn, preflight: Any) -> None:
        add_operation(still, triggerFunction="generateThumbnails", status="PROCESSING")
        assert not_ok(preflight()) == {}

    def test_failed_ones_matter_before_a_resync_and_the_first_ten_errors_are_shown(
        self, still: StandIn, preflight: Any
    ) -> None:
        old = server_time(still, ago=7200)
        for number in range(12):
            error = {"message": f"disk full {number}"}
            add_operation(
                still, triggerFunction="syncStagingMediaContent", status="FAILED", errorInfo=error, created=old
            )
        assert not_ok(preflight()) == {}
        compared(still)
        result = preflight(RESYNC)
        assert not_ok(result) == {"failed_operations": "failed"}
        message = result["found"]["failed_operations"]["message"]
        assert "12 sync operations" in message
        assert message.endswith("and 2 more.")
        assert [f"disk full {number}" in message for number in (0, 9, 10)] == [True, True, False]
        assert "24 h" in result["found"]["failed_operations"]["remedy"]

    def test_failed_ones_that_are_allowed_are_a_warning(self, still: StandIn, preflight: Any) -> None:
        old = server_time(still, ago=7200)
        add_operation(still, triggerFunction="syncStagingMediaContent", status="FAILED", created=old)
        compared(still)
        result = preflight({**RESYNC, "allow_failed_operations": True})
        assert not_ok(result) == {"failed_operations": "warning"}
        assert result["ready"]

    def test_a_queue_that_cannot_be_read_is_not_taken_for_idle(self, still: StandIn, preflight: Any) -> None:
        compared(still)
        fault(still, at=still.subscribers[0], path="/operations", times=9, kind="status", status=500)
        result = preflight({**RESYNC, "request_retries": 0})
        wanted = {"operations_in_progress": "failed", "failed_operations": "failed", "authoring": "warning"}
        assert not_ok(result) == wanted
        assert "500" in result["found"]["operations_in_progress"]["message"]


class TestComparison:
    """What a resync would repair from."""

    def test_without_a_completed_comparison_a_resync_is_not_ready(self, still: StandIn, preflight: Any) -> None:
        for status in (None, "FIND_MISMATCH_FAILED", "RESYNC_TRIGGER_FAILED"):
            set_status(still, status)
            assert not_ok(preflight(RESYNC)) == {"comparison_age": "failed", "authoring": "warning"}, status
            assert not_ok(preflight()) == {}, status

    def test_its_age_is_judged_by_the_servers_clock_and_may_be_a_day_by_default(
        self, still: StandIn, preflight: Any
    ) -> None:
        still.settings(at=still.publisher, clock_skew=5e6)
        compared(still, 4000)
        options = {**RESYNC, "fail_on": "never"}
        judged = [preflight({**options, "max_age": limit})["found"]["comparison_age"] for limit in (5000, 3600, None)]
        assert [each["status"] for each in judged] == ["ok", "failed", "ok"]
        compared(still, 90000)
        assert preflight(options)["found"]["comparison_age"]["status"] == "failed"

    def test_one_without_mismatches_leaves_nothing_to_repair_at_any_age(self, still: StandIn, preflight: Any) -> None:
        set_status(still, COMPARED, age=1e6)
        result = preflight(RESYNC)
        assert not_ok(result) == {}
        assert "nothing to repair" in result["found"]["comparison_age"]["message"]

    def test_one_that_a_resync_has_used_up_is_warned_of(self, still: StandIn, preflight: Any) -> None:
        set_status(still, "RESYNC_TRIGGER_COMPLETED")
        assert not_ok(preflight(RESYNC)) == {"comparison_age": "warning", "authoring": "warning"}


class TestAuthoring:
    """Signs that the publisher's data changed since the comparison."""

    def test_what_staging_brought_since_is_a_sign(self, still: StandIn, preflight: Any) -> None:
        compared(still, age=1800)
        for created, wanted in ((3000, "ok"), (600, "warning")):
            when = server_time(still, ago=created)
            add_operation(still, triggerFunction="syncStagingMediaContent", status="FAILED", created=when)
            result = preflight({**RESYNC, "allow_failed_operations": True})
            assert (result["found"]["authoring"]["status"], result["ready"]) == (wanted, True)

    @pytest.mark.parametrize(
        ("function", "wanted"), [("createRenditions", "warning"), ("compareRecords", None), ("initiateNextSync", None)]
    )
    def test_work_of_the_publisher_that_is_not_stagings_is_a_sign(
        self, still: StandIn, preflight: Any, function: str, wanted: str | None
    ) -> None:
        compared(still, age=1800)
        add_operation(still, at=still.publisher, triggerFunction=function, status="ABORT")
        assert not_ok(preflight(RESYNC)).get("authoring") == wanted

    def test_a_clock_that_is_ahead_is_reckoned_with(self, still: StandIn, preflight: Any) -> None:
        still.settings(at=still.subscribers[0], clock_skew=250)
        compared(still, age=100)
        # By the subscriber's clock this is after the comparison, in truth it was before it.
        when = server_time(still, ago=-50)
        add_operation(still, triggerFunction="syncStagingMediaContent", status="FAILED", created=when)
        assert preflight({**RESYNC, "allow_failed_operations": True})["found"]["authoring"]["status"] == "ok"

    def test_what_an_author_did_shows_when_it_is_staged(self, still: StandIn, preflight: Any) -> None:
        compared(still, age=1800)
        still.settings(at=still.subscribers[0], hold_operations=True)
        still.settings(at=still.publisher, cycles=True)
        change = {"type": "KEYWORD", "action": "CREATE", "id": "new-keyword", "body": {"keyword": "new"}}
        still.post("/_sim/author", [change])
        still.post("/_sim/advance", {"seconds": 130})
        for _look in range(40):
            result = preflight(RESYNC)
            if result["found"]["authoring"]["status"] != "ok":
                break
        assert not_ok(result)["authoring"] == "warning"


class TestStagingCycle:
    """A long cycle that is about to start."""

    def test_a_cycle_that_is_due_soon_is_warned_of(self, still: StandIn, preflight: Any) -> None:
        fields = {"cycleLength": 60, "lastSyncTime": server_time(still, 59.5 * 60)}
        still.post(f"/_sim/subscribers/{still.subscribers[0].id}", fields)
        result = preflight()
        assert not_ok(result) == {"staging_cycle": "warning"}
        assert result["ready"]

    def test_one_that_never_ran_may_start_at_any_time(self, still: StandIn, preflight: Any) -> None:
        still.post(f"/_sim/subscribers/{still.subscribers[0].id}", {"cycleLength": 60, "lastSyncTime": None})
        assert not_ok(preflight()) == {"staging_cycle": "warning"}


class TestTheResult:
    """``fail_on``, and how it reads."""

    def test_fail_on_says_what_fails_the_task(self, still: StandIn, preflight: Any) -> None:
        outcomes = {}
        for trouble, fields in (("warning", {"cycleLength": 60, "lastSyncTime": None}), ("failed", {"status": False})):
            still.post(f"/_sim/subscribers/{still.subscribers[0].id}", fields)
            for fail_on in ("never", "failed", "warning"):
                result = preflight({"fail_on": fail_on})
                outcomes[trouble, fail_on] = result["failed"], result["ready"]
                assert result["msg"].startswith("Ready" if result["ready"] else "Not ready")
                assert len(result["checks"]) == len(BEFORE_COMPARE)
        assert outcomes == {
            ("warning", "never"): (False, True),
            ("warning", "failed"): (False, True),
            ("warning", "warning"): (True, False),
            ("failed", "never"): (False, False),
            ("failed", "failed"): (True, False),
            ("failed", "warning"): (True, False),
        }

    def test_a_failure_has_one_line_for_each_check_that_is_not_ok(self, still: StandIn, run_module: Any) -> None:
        still.post(f"/_sim/subscribers/{still.subscribers[0].id}", {"status": False})
        still.settings(at=still.subscribers[0], clock_skew=4000)
        add_operation(still, triggerFunction="syncStagingMediaContent", status="TODO")
        result = run_module(MODULE, {"subscriber_id": still.subscribers[0].id})
        assert result["failed"]
        head, *lines = result["msg"].splitlines()
        assert head == "Not ready for a comparison: 2 failed, 1 warning, 14 ok."
        assert [line.split(":")[0].split() for line in lines] == [
            ["failed", "subscriber_enabled"],
            ["failed", "operations_in_progress"],
            ["warning", "clocks"],
        ]
        assert all(" -> " in line for line in lines)
        assert len(result["checks"]) == len(BEFORE_COMPARE)

    def test_it_reads_well_in_a_terminal(self, still: StandIn, run_playbook: Any, tmp_path: Path) -> None:
        still.post(f"/_sim/subscribers/{still.subscribers[0].id}", {"status": False})
        book = tmp_path / "book.yml"
        options = {**connection_to(still), "subscriber_id": still.subscribers[0].id}
        tasks = [
            {"name": "Look", f"{COLLECTION}.{MODULE}": {**options, "fail_on": "never"}, "register": "look"},
            {"name": "Show", "ansible.builtin.debug": {"msg": "{{ look.msg.splitlines() }}"}},
        ]
        book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        run = run_playbook(book)
        assert run.rc == 0
        assert '"Not ready for a comparison: 1 failed, 0 warning, 16 ok."' in run.output
        assert '"failed  subscriber_enabled: Staging to' in run.output

    def test_an_option_out_of_range_is_told_before_anything_is_asked(self, still: StandIn, run_module: Any) -> None:
        result = run_module(MODULE, {"subscriber_id": still.subscribers[0].id, "max_age": -1})
        assert result["failed"]
        assert result["msg"].startswith("max_age: ")
        assert still.requests() == []
