# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at a publisher: who is asked, and what is told of those that do not answer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError, Unreachable
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch.publisher import REFUSED_PAUSE, PublisherWatch
from support.fakes import Clock, FakeDam, log_of, logs, operation_row, queue_of, subscriber

GONE = Unreachable("gone", sent=True)
REFUSED = ServerError("refused", status=401)
PARAMS: dict[str, Any] = {
    "hostname": "pub.example.com",
    "dx_protocol": "https",
    "dx_username": "me",
    "dx_password": "secret",
    "dam_api_version": "v1",
    "ring_api_version": "v1",
    "validate_certs": True,
    "request_timeout": 30.0,
    "request_retries": 3,
}


def watch(publisher: FakeDam, queue: FakeDam | None = None, clock: Clock | None = None, **more: Any) -> PublisherWatch:
    """Watch a publisher with one subscriber, whose own API is ``queue``."""
    places = {"pub.example.com": publisher, "sub.example.com": queue}

    def reach(connection: Connection) -> Dam:
        place = places[connection.hostname]
        assert place is not None, "nobody was to be asked there"
        return place.dam

    at = Connection("pub.example.com", "https", 443, 443, Ltpa())
    return PublisherWatch("emea", at, PARAMS, operations=queue is not None, reach=reach, clock=clock or Clock(), **more)


def types(watched: PublisherWatch, looks: int = 1) -> list[list[str]]:
    """Return the types of what so many looks tell."""
    return [[each["dam"]["type"] for each in watched.look()] for _number in range(looks)]


def drifted() -> FakeDam:
    """Make a publisher whose last comparison found something."""
    compared = [subscriber("FIND_MISMATCH_COMPLETED", "1")]
    rows = logs([log_of("VERSION", "CREATE")])
    return FakeDam(("subscribers", "mismatches"), subscribers=[compared], mismatches=[rows])


def test_a_look_where_nothing_changed_asks_the_publisher_once_and_the_subscriber_once() -> None:
    compared = [subscriber("FIND_MISMATCH_COMPLETED", "1")]
    publisher = FakeDam(
        ("subscribers", "mismatches"), subscribers=[compared], mismatches=[logs([log_of("VERSION", "CREATE")])]
    )
    queue = FakeDam(("operations",), operations=[queue_of([])])
    watched = watch(publisher, queue)
    assert types(watched) == [["drift_found"]]
    before = len(publisher.calls), len(queue.calls)
    assert types(watched) == [[]]
    assert (len(publisher.calls), len(queue.calls)) == (before[0] + 1, before[1] + 1)


def test_a_publisher_that_does_not_answer_is_told_once_and_its_recovery_too() -> None:
    publisher = FakeDam(subscribers=[GONE, GONE, [], []])
    watched = watch(publisher)
    events = [watched.look() for _number in range(4)]
    assert [[each["dam"]["type"] for each in found] for found in events] == [
        ["watch_failed"],
        [],
        ["watch_recovered"],
        [],
    ]
    assert events[0][0]["dam"]["message"] == "gone"
    assert "subscriber_id" not in events[0][0]["dam"]


def test_a_refused_login_is_not_tried_again_at_every_look() -> None:
    clock = Clock()
    publisher = FakeDam(subscribers=[REFUSED, []])
    watched = watch(publisher, clock=clock)
    assert types(watched, 3) == [["watch_failed"], [], []]
    assert publisher.count("subscribers") == 1
    clock.now += REFUSED_PAUSE
    assert types(watched) == [["watch_recovered"]]


def test_a_subscriber_that_does_not_answer_does_not_keep_back_what_its_publisher_says() -> None:
    compared = [subscriber("FIND_MISMATCH_COMPLETED", "1")]
    publisher = FakeDam(
        ("subscribers", "mismatches"), subscribers=[compared], mismatches=[logs([log_of("VERSION", "CREATE")])]
    )
    queue = FakeDam(operations=[GONE, GONE, []])
    assert types(watch(publisher, queue), 3) == [["drift_found", "watch_failed"], [], ["watch_recovered"]]


def test_a_subscriber_that_refuses_the_login_does_not_keep_back_what_comes_later_either() -> None:
    clock = Clock()
    found, none = logs([log_of("VERSION", "CREATE")]), logs([])
    status = "FIND_MISMATCH_COMPLETED"
    publisher = FakeDam(
        ("mismatches",),
        subscribers=[[subscriber(status, "1")], [subscriber(status, "2")]],
        mismatches=[none, found],
    )
    queue = FakeDam(operations=[REFUSED])
    assert types(watch(publisher, queue, clock), 2) == [["watch_failed"], ["drift_found"]]
    queue.finish()


def test_failed_operations_of_others_than_staging_are_no_matter() -> None:
    publisher = FakeDam(("subscribers",), subscribers=[[subscriber()]])
    rows = [operation_row("renditionScan", "FAILED"), operation_row(status="TODO")]
    assert types(watch(publisher, FakeDam(("operations",), operations=[queue_of(rows)]))) == [[]]
    rows.append(operation_row(status="FAILED"))
    assert types(watch(publisher, FakeDam(("operations",), operations=[queue_of(rows)]))) == [["operations_failed"]]


def test_a_server_that_does_not_filter_makes_nothing_failed() -> None:
    publisher = FakeDam(("subscribers",), subscribers=[[subscriber()]])
    queue = FakeDam(operations=[[operation_row(status="TODO")], []])
    assert types(watch(publisher, queue)) == [[]]


def test_the_end_of_a_resync_is_told_when_its_subscriber_has_nothing_left_to_do() -> None:
    publisher = FakeDam(("subscribers",), subscribers=[[subscriber("RESYNC_TRIGGER_COMPLETED", "1")]])
    rows = [operation_row(status="PROCESSING")]
    watched = watch(publisher, FakeDam(("operations",), operations=[queue_of(rows)]))
    assert types(watched) == [[]]
    rows.clear()
    assert types(watched, 2) == [["resync_finished"], []]


def test_a_subscriber_that_is_switched_off_is_not_asked_for_its_operations() -> None:
    off = replace(subscriber("RESYNC_TRIGGER_COMPLETED", "1"), enabled=False)
    assert types(watch(FakeDam(("subscribers",), subscribers=[[off]]), FakeDam())) == [[]]


def test_a_subscriber_that_is_registered_anew_is_a_new_one() -> None:
    one = subscriber("FIND_MISMATCH_FAILED", "1")
    publisher = FakeDam(subscribers=[[one], [], [one]])
    assert types(watch(publisher), 3) == [["comparison_failed"], [], ["comparison_failed"]]


def test_a_token_is_not_handed_on_to_subscribers_and_that_is_told() -> None:
    publisher = FakeDam(("subscribers",), subscribers=[[subscriber()]])
    at = Connection("pub.example.com", "https", 443, 443, Ltpa())
    params = {**PARAMS, "dx_username": None, "dx_password": None, "ltpa_token": "token-of-somebody"}
    watched = PublisherWatch("emea", at, params, reach=lambda _at: publisher.dam, clock=Clock())
    (told,) = watched.look()
    assert told["dam"]["type"] == "watch_failed"
    assert "subscriber.dx_username" in told["dam"]["message"]
    assert watched.look() == []


def test_after_its_end_nothing_more_is_asked() -> None:
    def ended_meanwhile() -> list[Any]:
        watched.close()
        return [subscriber("FIND_MISMATCH_COMPLETED", "1")]

    publisher, queue = FakeDam(subscribers=[ended_meanwhile]), FakeDam()
    publisher.client = SimpleNamespace(close=list)
    watched = watch(publisher, queue)
    assert types(watched, 2) == [[], []]
    assert (publisher.count("subscribers"), queue.calls) == (1, [])
