# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight's checks on facts made by hand: at their limits, and where a fact is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Operation, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, ServerError, Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.checks import CHECKS, judge, release_of
from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.facts import Environment, Facts, aspect_of
from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.findings import (
    FAILED,
    OK,
    WARNING,
    Preflight,
    span,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.guards import Verdict
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.resync import SyncQueue
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import parse_time

NOW = datetime.fromisoformat("2026-11-02T12:00:00+00:00")


def ago(seconds: float) -> str:
    """A time as the server writes it."""
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


ONE = Subscriber.from_json(
    {
        "id": "id-1",
        "targetHost": "one.example.com",
        "cycleLength": 2,
        "status": True,
        "resyncStatus": "FIND_MISMATCH_COMPLETED",
        "lastResyncTime": ago(600),
        "lastSyncTime": ago(60),
    }
)
PARAMS = {"before": "resync", "max_age": 86400, "allow_failed_operations": False}


def facts(params: dict[str, Any] | None = None, **changed: Any) -> Facts:
    """Facts by which everything is ok, but for what is ``changed``."""
    chosen = changed.get("chosen", ONE)
    known = [chosen] if isinstance(chosen, Subscriber) else [ONE]
    fine: dict[str, Any] = {
        "publisher": Environment("publisher", "pub.example.com:443", version="1.41.0", ahead=0.0, subscribers=known),
        "subscriber": Environment("subscriber", "one.example.com:443", version="1.41.0", ahead=0.0),
        "chosen": chosen,
        "now": NOW,
        "has_mismatches": True,
        "two_way": Verdict("two_way_staging", "ok", "The subscriber publishes to no one."),
        "queue": SyncQueue(),
        "newest_at_publisher": None,
    }
    return Facts(params={**PARAMS, **(params or {})}, **{**fine, **changed})


def not_ok(preflight: Preflight) -> dict[str, str]:
    """The checks that are not ok."""
    return {name: finding.status for name, finding in preflight.having(FAILED, WARNING).items()}


def judged(**changed: Any) -> dict[str, str]:
    """What is not ok when one fact is changed."""
    return not_ok(judge(facts(**changed)))


def environment(name: str, **changed: Any) -> Environment:
    """An environment that is fine but for what is changed."""
    fine: Environment = getattr(facts(), name)
    return replace(fine, **changed)


def operation(status: str, created: float = 3600.0) -> Operation:
    """A sync operation that was created so many seconds ago."""
    fields = {"id": "op", "triggerFunction": "syncStagingMediaContent", "status": status, "created": ago(created)}
    return Operation.from_json({**fields, "errorInfo": "x" * 5000})


def test_every_check_can_be_ok() -> None:
    preflight = judge(facts())
    assert not_ok(preflight) == {}
    assert set(preflight.findings) == {check.name for check in CHECKS}
    assert all(finding.remedy is None for finding in preflight.findings.values())


def test_names_are_unique() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS) == 19


@pytest.mark.parametrize(
    ("error", "logged_in", "by_token", "aspect"),
    [
        (Unreachable("away", sent=False), False, False, "reachable"),
        (Unreachable("away", sent=True), True, False, "reachable"),
        (DamError("no host name"), False, False, "reachable"),
        (ServerError("", status=401), False, False, "login"),
        (ServerError("", status=403), False, False, "login"),
        (ServerError("", status=404), False, False, "reachable"),
        (ServerError("", status=503), False, False, "reachable"),
        (ServerError("", status=200), False, False, "reachable"),
        (ServerError("", status=401), True, True, "login"),
        (ServerError("", status=401), True, False, "administrator"),
        (ServerError("", status=403), True, True, "administrator"),
        (ServerError("", status=403), True, False, "administrator"),
        (ServerError("", status=404), True, False, "release"),
        (ServerError("", status=405), True, True, "release"),
        (ServerError("", status=404), True, True, "release"),
        (ServerError("", status=500), True, False, "reachable"),
    ],
)
def test_an_error_speaks_against_one_aspect(error: DamError, logged_in: bool, by_token: bool, aspect: str) -> None:
    assert aspect_of(error, logged_in, by_token) == aspect


@pytest.mark.parametrize(
    ("version", "release"),
    [("1.41.0", 229), ("1.29", 217), ("1.0.0", 188), ("2.1.0", None), ("", None), (None, None), ("latest", None)],
)
def test_the_release_follows_from_the_api_version(version: str | None, release: int | None) -> None:
    assert release_of(version) == release


@pytest.mark.parametrize("seconds", [0.0, 1.0, 119.0, 120.0, 7199.0, 7200.0, 172799.0, 172800.0, 1e9])
def test_a_span_is_short_and_has_a_unit(seconds: float) -> None:
    number, unit = span(seconds).split()
    assert float(number) * {"s": 1, "min": 60, "h": 3600, "days": 86400}[unit] == pytest.approx(seconds, rel=0.26)


@pytest.mark.parametrize("name", ["publisher", "subscriber"])
@pytest.mark.parametrize("aspect", ["reachable", "login", "release", "administrator"])
def test_what_ends_the_questions_fails_and_what_comes_after_it_refers_to_it(name: str, aspect: str) -> None:
    order = ["reachable", "login", "release", "administrator"]
    place = environment(name, failed=aspect, error=DamError("The reason."), version=None)
    changed: dict[str, Any] = {name: place}
    found = judge(facts(**changed)).findings
    for other in order:
        finding = found[f"{name}_{other}"]
        if order.index(other) < order.index(aspect):
            assert finding.status == OK
        elif other == aspect:
            assert (finding.status, finding.message) == (FAILED, "The reason.")
        else:
            assert (finding.status, finding.message) == (FAILED, f"Cannot be told: see {name}_{aspect}.")


def test_an_environment_that_does_not_tell_its_release_is_judged_by_its_calls() -> None:
    silent = environment("publisher", version=None)
    assert judged(publisher=silent) == {}
    assert judged(publisher=silent, has_mismatches=ServerError("no such call", status=404)) == {
        "publisher_release": "failed",
        "comparison_age": "failed",
    }


def test_a_call_that_is_not_there_counts_more_than_what_the_release_promises() -> None:
    assert "subscriber_release" in judged(queue=ServerError("no such call", status=404))
    assert "subscriber_release" not in judged(queue=ServerError("busy", status=503))


@pytest.mark.parametrize(
    ("publisher", "subscriber", "wanted"),
    [
        (300.0, 0.0, {}),
        (300.1, 150.0, {"clocks": "warning"}),
        (-300.1, -150.0, {"clocks": "warning"}),
        (151.0, -150.0, {"clocks": "warning"}),
        (150.0, -150.0, {}),
        (None, 0.0, {"clocks": "warning"}),
        (None, None, {"clocks": "warning"}),
    ],
)
def test_clocks_are_held_against_ours_and_each_other(
    publisher: float | None, subscriber: float | None, wanted: dict[str, str]
) -> None:
    found = judged(
        publisher=environment("publisher", ahead=publisher), subscriber=environment("subscriber", ahead=subscriber)
    )
    assert found == wanted


def test_a_subscriber_that_is_not_registered_fails_once_and_the_rest_refers_to_it() -> None:
    preflight = judge(facts(chosen=DamError("It has: none.")))
    assert preflight.findings["subscriber_registered"].message == "It has: none."
    for name in ("subscriber_enabled", "comparison_age", "staging_cycle", "subscriber_host", "authoring"):
        assert preflight.findings[name].message == "Cannot be told: see subscriber_registered."
    assert preflight.findings["staging_cycle"].status == WARNING
    assert preflight.findings["comparison_age"].status == FAILED


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("one.example.com:443", {}),
        ("one.example.com:8443", {}),
        ("one.internal:443", {"subscriber_host": "warning"}),
        ("", {"subscriber_host": "warning"}),
    ],
)
def test_a_host_other_than_the_registered_one_only_warns(address: str, wanted: dict[str, str]) -> None:
    assert judged(subscriber=environment("subscriber", address=address)) == wanted


@pytest.mark.parametrize("before", ["compare", "resync"])
def test_two_way_staging_fails_before_either(before: str) -> None:
    refused = Verdict("two_way_staging", "refused", "Both sides.")
    assert not_ok(judge(facts({"before": before}, two_way=refused))) == {"two_way_staging": "failed"}
    assert "two_way_staging" in not_ok(judge(facts({"before": before}, two_way=DamError("no answer"))))


def test_only_this_subscribers_own_run_is_joined() -> None:
    running = replace(ONE, resync_status="FIND_MISMATCH_START")
    other = replace(running, subscriber_id="id-2", target_host="two.example.com")
    alone = facts({"before": "compare"}, chosen=running)
    assert not_ok(judge(alone)) == {"nothing_running": "warning"}
    alone.publisher.subscribers.append(other)
    assert not_ok(judge(alone)) == {"nothing_running": "failed"}
    assert "two.example.com" in judge(alone).findings["nothing_running"].message


def test_failed_operations_show_ten_errors_each_of_bounded_length() -> None:
    queue = SyncQueue()
    for _number in range(25):
        queue.failed.add(operation("FAILED"))
    finding = judge(facts(queue=queue)).findings["failed_operations"]
    assert finding.status == FAILED
    assert finding.message.count("syncStagingMediaContent") == 10
    assert "and 15 more" in finding.message
    assert len(finding.message) <= 4000
    assert "\n" not in finding.message


@pytest.mark.parametrize(("age", "status"), [(86400, OK), (86401, FAILED)])
def test_the_age_of_the_comparison_is_judged_at_its_limit(age: float, status: str) -> None:
    assert judge(facts(chosen=replace(ONE, last_resync_time=ago(age)))).findings["comparison_age"].status == status


def test_mismatches_that_cannot_be_counted_are_not_taken_for_none() -> None:
    assert judged(has_mismatches=DamError("no answer")) == {"comparison_age": "failed"}


@pytest.mark.parametrize(
    ("created", "skew", "wanted"),
    [
        (600, 0.0, {}),
        (595, 0.0, {}),
        (590, 0.0, {"authoring": "warning"}),
        (500, 200.0, {}),
        (700, -200.0, {"authoring": "warning"}),
    ],
)
def test_authoring_is_told_by_the_clock_of_whoever_wrote_the_time(
    created: float, skew: float, wanted: dict[str, str]
) -> None:
    queue = SyncQueue(newest=NOW - timedelta(seconds=created))
    assert judged(queue=queue, subscriber=environment("subscriber", ahead=skew)) == wanted


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_times_at_the_edge_of_the_calendar_are_judged_like_others(edge: str) -> None:
    at_edge = parse_time(edge)
    late = {"authoring": "warning"} if edge.startswith("9") else {}
    for ahead in (-200.0, 200.0):
        target = environment("subscriber", ahead=ahead)
        assert (
            judged(queue=SyncQueue(newest=at_edge), subscriber=target, newest_at_publisher=at_edge).items()
            >= late.items()
        )
    assert judged(chosen=replace(ONE, last_resync_time=edge), newest_at_publisher=NOW)["comparison_age"] == "failed"


def test_authoring_is_seen_in_the_publishers_queue_and_that_may_be_unreadable() -> None:
    assert judged(newest_at_publisher=NOW) == {"authoring": "warning"}
    assert judged(newest_at_publisher=NOW - timedelta(seconds=3600)) == {}
    assert judged(newest_at_publisher=DamError("403")) == {"authoring": "warning"}


@pytest.mark.parametrize(
    ("minutes", "since_last", "warns"),
    [
        (10, 480, True),
        (10, 479, False),
        (10, 599, True),
        (10, 601, False),
        (9, 539, False),
        (60, 3600 * 5 - 30, True),
        (60, 3600 * 5 + 30, False),
        (None, 100, False),
        (60, None, True),
    ],
)
def test_a_long_cycle_warns_in_its_last_two_minutes(minutes: int | None, since_last: float | None, warns: bool) -> None:
    last = None if since_last is None else ago(since_last)
    one = replace(ONE, cycle_length=minutes, last_sync_time=last)
    assert judged(chosen=one) == ({"staging_cycle": "warning"} if warns else {})
    off = judged(chosen=replace(one, enabled=False))
    assert off == {"subscriber_enabled": "failed"}


def test_a_warning_refuses_only_where_it_is_asked_to() -> None:
    preflight = judge(facts(newest_at_publisher=NOW))
    assert [bool(preflight.refusing(fail_on)) for fail_on in ("never", "failed", "warning")] == [False, False, True]


def test_the_words_have_the_figures_first_and_then_a_line_for_each_that_is_not_ok() -> None:
    preflight = judge(facts(newest_at_publisher=NOW, chosen=replace(ONE, enabled=False)))
    head, first, second = preflight.in_words("failed").splitlines()
    assert head == "Not ready for a resync: 1 failed, 1 warning, 17 ok."
    assert first.startswith("failed  subscriber_enabled: ")
    assert second.startswith("warning authoring: ")


def test_a_servers_control_characters_do_not_break_the_lines() -> None:
    place = environment("publisher", failed="reachable", error=DamError("one\ntwo\x1b[31m\u202e"))
    message = judge(facts(publisher=place)).findings["publisher_reachable"].message
    assert message.isprintable()
