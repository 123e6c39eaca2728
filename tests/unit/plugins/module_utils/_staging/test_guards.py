# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a user and lost data, at and around its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import Planned
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.queue import Tally
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.guards import (
    delete_percent,
    fuse,
    idle_subscriber,
    no_failed_operations,
    two_way,
)
from support.fakes import operation, subscriber

PUBLISHER = ["pub.example:443", "pub.example:10042"]
SUBSCRIBER = "sub.example:443"


def judged(*targets: str, downstream: list[str] | None = None) -> tuple[str, str]:
    """Judge two-way staging for a subscriber that publishes to these hosts."""
    own = [subscriber(id=f"id-{number}", targetHost=target) for number, target in enumerate(targets)]
    verdict = two_way(PUBLISHER, SUBSCRIBER, own, downstream or [])
    assert verdict.as_dict() == {"name": "two_way_staging", "status": verdict.status, "message": verdict.message}
    return verdict.status, verdict.message


def test_a_subscriber_that_publishes_to_no_one_is_fine() -> None:
    assert judged() == ("ok", "The subscriber publishes to no one.")


@pytest.mark.parametrize(
    "target",
    [
        "pub.example",
        "PUB.EXAMPLE.",
        "https://pub.example/",
        "pub.example:443",
        "pub.example:10042",
        "http://pub.example:10042",
    ],
)
@pytest.mark.parametrize("downstream", [[], ["pub.example"], ["pub.example:443", "pub.example:10042"]])
def test_two_way_staging_is_refused_however_the_host_is_written_and_no_option_overrides_it(
    target: str, downstream: list[str]
) -> None:
    status, message = judged(target, downstream=downstream)
    assert status == "refused"
    assert message.startswith(f"Two-way staging: the subscriber {SUBSCRIBER} has the publisher (pub.example")


@pytest.mark.parametrize("target", ["third.example", "10.1.2.3", "pub.example:8443", "pub"])
def test_a_host_that_nobody_vouches_for_may_be_the_publisher_by_another_name(target: str) -> None:
    status, message = judged(target)
    assert status == "refused"
    assert f"publishes to {target}, which may be the publisher by another name" in message
    assert "downstream_hosts" in message


@pytest.mark.parametrize(
    ("target", "downstream", "status"),
    [
        ("third.example", ["third.example"], "ok"),
        ("https://THIRD.example./", ["other.example", "third.example:443"], "ok"),
        ("third.example:8443", ["third.example:443"], "refused"),
        ("third.example", ["hird.example"], "refused"),
        ("third.example", ["example"], "refused"),
    ],
)
def test_a_chain_is_allowed_to_hosts_that_are_named(target: str, downstream: list[str], status: str) -> None:
    assert judged(target, downstream=downstream)[0] == status


def test_every_host_of_a_chain_has_to_be_named_and_none_may_be_the_publisher() -> None:
    named = ["b.example", "c.example"]
    assert judged("b.example", "c.example", downstream=named) == (
        "ok",
        "The subscriber publishes to no one, but for 2 named in downstream_hosts.",
    )
    assert judged("b.example", "d.example", downstream=named)[0] == "refused"
    assert "has the publisher" in judged("b.example", "pub.example", downstream=named)[1]


@pytest.mark.parametrize("address", ["pub.example:443", "pub.example", "https://PUB.example"])
def test_a_subscriber_that_is_the_publisher_itself_is_refused(address: str) -> None:
    verdict = two_way(PUBLISHER, address, [], [])
    assert verdict.status == "refused"
    assert "is the publisher's own" in verdict.message


def test_another_environment_on_the_same_host_is_told_apart_by_its_port() -> None:
    assert two_way(["127.0.0.1:8001"] * 2, "127.0.0.1:8002", [], []).status == "ok"


def test_an_own_subscriber_whose_host_cannot_be_told_is_refused() -> None:
    status, message = judged("[::1", downstream=["third.example"])
    assert status == "refused"
    assert "publishes to no known host: '[::1' is no host name" in message


def test_a_downstream_host_that_is_no_host_is_an_error_that_names_the_option() -> None:
    with pytest.raises(OptionError, match=r"^downstream_hosts: 'a b' is no host name"):
        judged("third.example", downstream=["third.example", "a b"])


@pytest.mark.parametrize("status", ["TODO", "READ", "PROCESSING", "SUCCESS", "RETRY", "WAIT", "PENDING", "NEW"])
def test_operations_in_progress_refuse_a_resync_and_are_named(status: str) -> None:
    left = Tally()
    left.add(operation(status=status))
    verdict = idle_subscriber(left)
    assert (verdict.name, verdict.status) == ("operations_in_progress", "refused")
    assert "1 sync operations are in progress at the subscriber (syncStagingMediaContent: 1)" in verdict.message


def test_an_idle_subscriber_is_fine() -> None:
    assert idle_subscriber(Tally()).status == "ok"


@pytest.mark.parametrize(("error", "shown"), [("disk full", "disk full"), (None, "no error given")])
def test_failed_operations_refuse_a_resync_unless_they_are_allowed(error: str | None, shown: str) -> None:
    left = Tally()
    for number in range(3):
        left.add(operation(status="FAILED", id=str(number), errorInfo=f"later {number}" if number else error))
    refused = no_failed_operations(left, allowed=False)
    assert refused.status == "refused"
    assert (
        f"3 sync operations have failed at the subscriber, the first syncStagingMediaContent: {shown}."
        in refused.message
    )
    assert "allow_failed_operations=true" in refused.message
    allowed = no_failed_operations(left, allowed=True)
    assert (allowed.status, "allow_failed_operations is set" in allowed.message) == ("ok", True)


def test_no_failed_operations_are_fine() -> None:
    assert no_failed_operations(Tally(), allowed=False).status == "ok"


@given(limit=st.integers(-1, 50), number=st.integers(0, 60))
def test_a_fuse_blows_above_its_limit_and_never_without_one(limit: int, number: int) -> None:
    verdict = fuse("max_deletes", limit, number, "delete")
    assert (verdict.status == "refused") is (limit != -1 and number > limit)
    assert f"would delete {number} records" in verdict.message
    if verdict.status == "refused":
        assert f"more than max_deletes={limit}" in verdict.message
        assert f"set max_deletes to {number}" in verdict.message


def planned(**deletes: int) -> Planned:
    """Plan so many deletions by type."""
    by_type = {name: {"CREATE": 5, "UPDATE": 0, "DELETE": number} for name, number in deletes.items()}
    return Planned(sum(deletes.values()) + 5 * len(deletes), by_type)


@pytest.mark.parametrize(
    ("deletes", "total", "limit", "status"),
    [
        (20, 20, 50, "ok"),  # too few to judge
        (21, 42, 50, "ok"),  # just at the limit
        (21, 41, 50, "refused"),
        (21, 21, 100, "ok"),
        (21, 21, 99.9, "refused"),
        (21, 21, -1, "ok"),  # no limit
        (21, 10**6, 0, "refused"),
        (20, 10**6, 0, "ok"),
        (21, None, 50, "not judged"),
        (21, 0, 50, "not judged"),
        (21, 10, 100, "refused"),  # more deletions than records: the numbers cannot be believed
    ],
)
def test_the_share_of_deletions_is_judged_from_21_on(
    deletes: int, total: int | None, limit: float, status: str
) -> None:
    verdicts = delete_percent(limit, planned(MEDIA_ITEM=deletes), lambda _record_type: total)
    assert [verdict.status for verdict in verdicts] == [status]
    assert verdicts[0].name == "max_delete_percent"


def test_every_type_is_judged_by_its_own_total() -> None:
    totals = {"MEDIA_ITEM": 1000, "KEYWORD": 50, "VERSION": None}
    asked: list[str] = []

    def total_of(record_type: str) -> int | None:
        asked.append(record_type)
        return totals[record_type]

    verdicts = delete_percent(50, planned(FAVORITE=3, MEDIA_ITEM=30, VERSION=30, KEYWORD=30), total_of)
    assert [(verdict.status, verdict.message.split(":")[0]) for verdict in verdicts] == [
        ("ok", "MEDIA_ITEM"),
        ("not judged", "VERSION"),
        ("refused", "KEYWORD"),
    ]
    assert "would delete 30 of 50 records at the subscriber (60 %), which is more than max_delete_percent=50" in (
        verdicts[2].message
    )
    assert asked == ["MEDIA_ITEM", "VERSION", "KEYWORD"]


def test_with_nothing_to_judge_the_guard_still_says_so() -> None:
    assert [verdict.status for verdict in delete_percent(50, Planned(0), lambda _record_type: None)] == ["ok"]
