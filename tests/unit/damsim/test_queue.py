# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operation queue: statuses in order, failures on demand, clean-up in time; and normal staging through it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from damsim import events, seeds
from damsim.clock import Clock
from damsim.names import Action, OperationStatus, RecordType
from damsim.scheduler import Scheduler
from damsim.settings import Settings
from damsim.state import State
from damsim.store import connect

from .conftest import FIND, RESYNC, Pair

MEDIA = "syncStagingMediaContent"


class Queue:
    """An environment without a server, whose clock stands still unless moved."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock(monotonic=lambda: 0.0, start=1_800_000_000.0)
        self.state = State("any", "any", connect(None), Settings(**settings), self.clock)
        self.scheduler = Scheduler(self.state)

    def post(self, count: int = 1) -> None:
        """Queue creations of keywords."""
        made = [
            events.make(RecordType.KEYWORD, Action.CREATE, f"k{n}", {"id": f"k{n}"}, "h", "2026-03-02T09:30:00.000Z")
            for n in range(count)
        ]
        self.state.operations.add_many((events.function_of(event), event) for event in made)

    def statuses(self) -> list[str]:
        """Of all operations, the oldest first."""
        return [operation["status"] for operation in self.state.operations.page(0, None, None, None, prefix=False)]

    def tick(self, seconds: float) -> list[str]:
        """Move the clock and let the scheduler work."""
        self.clock.advance(seconds)
        self.scheduler.step()
        return self.statuses()

    def has(self, number: int) -> bool:
        """Whether an operation has had its effect."""
        return self.state.records.get(RecordType.KEYWORD, f"k{number}") is not None


def test_an_operation_goes_through_its_statuses_and_is_removed() -> None:
    queue = Queue(operation_delay=1, success_linger=5)
    queue.post()
    seen = [queue.statuses(), *(queue.tick(seconds) for seconds in (0, 1, 1))]
    assert seen == [["TODO"], ["READ"], ["PROCESSING"], ["SUCCESS"]]
    assert queue.has(0)
    assert queue.tick(4.9) == ["SUCCESS"]
    assert queue.tick(0.1) == []


def test_nothing_happens_before_its_time() -> None:
    queue = Queue(operation_delay=1)
    queue.post()
    queue.tick(0)
    assert queue.tick(0.9) == ["READ"]
    queue.tick(0.1)
    assert queue.tick(0.9) == ["PROCESSING"]
    assert not queue.has(0)


def test_the_scheduler_says_when_it_has_to_come_again() -> None:
    queue = Queue(operation_delay=1, success_linger=5)
    queue.post()
    start = queue.clock.now()
    assert queue.scheduler.step() == start + 1
    queue.clock.advance(1)
    assert queue.scheduler.step() == start + 2
    queue.clock.advance(1)
    assert queue.scheduler.step() == start + 7


def test_a_batch_is_read_at_a_time_in_the_order_of_arrival() -> None:
    queue = Queue(operation_delay=1, operation_batch=2)
    queue.post(5)
    assert queue.tick(0) == ["READ", "READ", "TODO", "TODO", "TODO"]
    assert queue.tick(1) == ["PROCESSING", "PROCESSING", "READ", "READ", "TODO"]


def test_a_long_queue_is_read_in_larger_batches() -> None:
    queue = Queue(operation_delay=1)
    queue.post(1000)
    assert queue.tick(0).count("READ") == 100


def test_held_operations_do_not_move() -> None:
    queue = Queue(operation_delay=1, hold_operations=True)
    queue.post()
    assert queue.tick(100) == ["TODO"]


@pytest.mark.parametrize("status", ["FAILED", "ABORT"])
def test_a_failed_operation_has_no_effect_and_stays_until_it_is_cleaned_up(status: str) -> None:
    rule = {"trigger_function": MEDIA, "nth": 2, "status": status, "message": "No space left."}
    queue = Queue(operation_delay=1, success_linger=1, failed_cleanup=100, fail_operations=[rule])
    queue.post(3)
    for seconds in (0, 1, 1):
        queue.tick(seconds)
    assert queue.statuses() == ["SUCCESS", status, "SUCCESS"]
    assert [queue.has(number) for number in range(3)] == [True, False, True]
    failed = queue.state.operations.page(0, None, status, None, prefix=False)[0]
    assert failed["errorInfo"] == {"message": "No space left."}
    assert failed["retryCounter"] == (3 if status == "FAILED" else 0)
    assert queue.tick(99) == [status]
    assert queue.tick(1) == []
    assert not queue.has(1)


@pytest.mark.parametrize("status", ["RETRY", "WAIT", "PENDING"])
def test_an_operation_that_waits_succeeds_later(status: str) -> None:
    rule = {"trigger_function": MEDIA, "status": status}
    queue = Queue(operation_delay=1, operation_wait=10, success_linger=100, fail_operations=[rule])
    queue.post()
    for seconds in (0, 1, 1):
        queue.tick(seconds)
    assert queue.statuses() == [status]
    assert queue.tick(9) == [status]
    for _turn in range(3):
        queue.tick(1)
    assert queue.statuses() == ["SUCCESS"]
    assert queue.has(0)
    counters = [operation["retryCounter"] for operation in queue.state.operations.page(0, 1, None, None, prefix=False)]
    assert counters == [1 if status == "RETRY" else 0]


def test_an_event_that_makes_no_sense_fails_alone() -> None:
    queue = Queue(operation_delay=1)
    senseless = {"eventData": {}, "host": "h", "type": "NOTHING", "action": "CREATE", "created": ""}
    queue.state.operations.add_many([(events.function_of(senseless), senseless)])
    queue.post()
    for seconds in (0, 1, 1):
        queue.tick(seconds)
    assert queue.statuses() == ["FAILED", "SUCCESS"]


def test_every_record_type_has_a_trigger_function_that_begins_with_sync() -> None:
    made = {
        events.function_of({"type": record_type, "action": action})
        for record_type in RecordType
        for action in ("CREATE", "UPDATE", "DELETE")
    }
    assert len(made) == 11
    assert all(name.startswith("syncStaging") for name in made)


def test_after_a_failed_operation_its_record_stays_unrepaired(pair: Pair) -> None:
    rule = {"trigger_function": "syncStagingFavoriteContent", "nth": 1}
    pair.subscriber.settings(fail_operations=[rule])
    pair.run(FIND)
    pair.run(RESYNC)
    failed = pair.subscriber.get("/operations", status="FAILED")
    assert len(failed) == 1
    pair.run(FIND)
    assert [row[0] for row in pair.mismatches()] == ["FAVORITE"]
    assert pair.mismatches() == pair.expected()
    pair.subscriber.sim("POST", "/advance", {"seconds": 86_401})
    pair.subscriber.idle()
    pair.subscriber.login()
    pair.subscriber.sim("POST", "/operations", {"triggerFunction": "other", "moves": True})
    pair.subscriber.idle()
    assert pair.subscriber.get("/operations") == []


@pytest.mark.parametrize("status", list(OperationStatus))
def test_an_operation_can_be_put_there_in_any_status_and_stays(pair: Pair, status: OperationStatus) -> None:
    raw = {"triggerFunction": "syncX", "status": status.value, "errorInfo": {"why": "x"}, "retryCounter": 2, "times": 3}
    pair.subscriber.sim("POST", "/operations", raw)
    pair.subscriber.idle()
    found = pair.subscriber.get("/operations", status=status.value)
    assert [(each["triggerFunction"], each["retryCounter"], each["errorInfo"]) for each in found] == [
        ("syncX", 2, {"why": "x"})
    ] * 3
    pair.subscriber.sim("DELETE", "/operations")
    assert pair.subscriber.get("/operations") == []


def wait_for_cycle(pair: Pair) -> None:
    """Let the cycle's time come, and wait until what it staged is done."""
    for _turn in range(100):
        pair.publisher.sim("POST", "/advance", {"seconds": 130})
        pair.publisher.idle()
        pair.subscriber.idle()
        if pair.in_sync():
            return


@pytest.mark.seed("clean")
def test_what_an_author_does_is_staged_in_the_next_cycle(pair: Pair) -> None:
    before = pair.registration()["lastSyncTime"]
    pair.publisher.settings(cycles=False)
    change = {"type": "COLLECTION", "action": "CREATE", "id": "new", "body": {"name": "New"}}
    pair.publisher.sim("POST", "/author", [change])
    assert not pair.in_sync()
    pair.publisher.settings(cycles=True)
    wait_for_cycle(pair)
    assert pair.in_sync()
    pair.publisher.login()
    assert pair.registration()["lastSyncTime"] > before


def test_a_new_subscriber_gets_a_copy_of_everything(pair: Pair) -> None:
    host = pair.standin.subscribers[0].target_host
    pair.publisher.call("DELETE", f"/staging/subscriber/{pair.id}")
    for record in pair.subscriber.sim("GET", "/records"):
        pair.subscriber.sim("POST", "/records", [{"type": record["type"], "action": "DELETE", "id": record["id"]}])
    added = pair.publisher.call("POST", "/staging/subscriber", json={"targetHost": host, "cycleLength": 1440}).json()
    assert "lastSyncTime" not in added
    wait_for_cycle(pair)
    assert pair.in_sync()
    pair.publisher.login()
    assert "lastSyncTime" in pair.publisher.get(f"/staging/subscriber/{added['id']}")


def test_a_disabled_subscriber_is_not_staged_to(pair: Pair) -> None:
    host = pair.standin.subscribers[0].target_host
    pair.publisher.call("DELETE", f"/staging/subscriber/{pair.id}")
    pair.subscriber.sim("DELETE", "/requests")
    pair.publisher.call("POST", "/staging/subscriber", json={"targetHost": host, "status": False})
    pair.publisher.sim("POST", "/advance", {"seconds": 600})
    pair.publisher.idle()
    assert pair.subscriber.sim("GET", "/requests")["requests"] == []


def test_every_seed_says_which_subscriber_is_which() -> None:
    assert len({seeds.subscriber_id(index) for index in range(1, 20)}) == 19


def test_a_subscriber_that_does_not_answer_holds_up_no_other(pair: Pair) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{nobody.getsockname()[1]}"
        added = pair.publisher.call("POST", "/staging/subscriber", json={"targetHost": dead}).json()
        change = {"type": "KEYWORD", "action": "CREATE", "id": "new", "body": {"keyword": "new"}}
        pair.publisher.sim("POST", "/author", [change])
        for _turn in range(100):
            pair.publisher.sim("POST", "/advance", {"seconds": 130})
            pair.subscriber.idle()
            if pair.subscriber.sim("GET", "/hashes")["KEYWORD"].get("new"):
                break
        assert pair.subscriber.sim("GET", "/hashes")["KEYWORD"]["new"]
        pair.publisher.login()
        failed = pair.publisher.get(f"/staging/subscriber/{added['id']}")
        assert failed["syncStatus"] == "SYNC_FAILED"
        assert dead in failed["syncFailureLogs"]
        assert "lastSyncTime" not in failed
