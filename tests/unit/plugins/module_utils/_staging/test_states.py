# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What statuses and addresses mean, and what follows from them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    OptionError,
    TargetHostChanged,
    UnknownSubscriber,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import (
    FAILED,
    IN_PROGRESS,
    RUN_FIRST,
    Phase,
    age_of,
    choose,
    decide_comparison,
    decide_resync,
    is_fresh,
    is_new_run,
    phase_of,
    record_of,
    report_refusal,
    without_waits,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.address import (
    host_and_port,
    same_environment,
    scheme_of,
)
from support.fakes import NEVER_MOVED, subscriber

MOVED = datetime(2026, 11, 2, 7, 0, 0, tzinfo=timezone.utc)  # noqa: UP017 - these tests run on Python 3.9 too
STATUSES = {
    None: Phase.NEVER_COMPARED,
    "": Phase.NEVER_COMPARED,
    "FIND_MISMATCH_START": Phase.COMPARING,
    "DYNAMIC_STATUS_COMPUTATION_REQUIRED": Phase.COMPARING,
    "FIND_MISMATCH_COMPLETED": Phase.COMPARED,
    "FIND_MISMATCH_FAILED": Phase.COMPARISON_FAILED,
    "RESYNC_TRIGGER_START": Phase.RESYNC_STARTING,
    "RESYNC_TRIGGER_COMPLETED": Phase.RESYNC_STARTED,
    "RESYNC_TRIGGER_FAILED": Phase.RESYNC_FAILED,
    "SOMETHING_NEW": Phase.UNKNOWN,
}
everything = pytest.mark.parametrize("status", list(STATUSES))


def after(seconds: float) -> datetime:
    """Return the server's clock so long after the last run."""
    return MOVED + timedelta(seconds=seconds)


@everything
def test_every_documented_status_has_its_phase_and_any_other_is_unknown(status: str | None) -> None:
    assert phase_of(subscriber(status)) is STATUSES[status]


def test_the_phases_are_the_closed_list_that_modules_return() -> None:
    assert {phase.value for phase in Phase} == {
        "never_compared",
        "comparing",
        "compared",
        "comparison_failed",
        "resync_starting",
        "resync_started",
        "resync_failed",
        "unknown",
    }
    assert record_of(subscriber("RESYNC_TRIGGER_COMPLETED"))["phase"] == "resync_started"
    assert record_of(subscriber(None))["phase"] == "never_compared"
    assert Phase.RESYNC_STARTING.words == "resync starting"


@pytest.mark.parametrize("status", ["find_mismatch_completed", "FIND_MISMATCH_COMPLETED2", "COMPLETED", "0", "null"])
def test_a_status_that_only_resembles_a_documented_one_is_not_taken_for_it(status: str) -> None:
    assert phase_of(subscriber(status)) is Phase.UNKNOWN


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (None, RUN_FIRST),
        ("", RUN_FIRST),
        ("FIND_MISMATCH_START", IN_PROGRESS),
        ("DYNAMIC_STATUS_COMPUTATION_REQUIRED", IN_PROGRESS),
        ("FIND_MISMATCH_COMPLETED", None),
        ("FIND_MISMATCH_FAILED", FAILED),
        ("RESYNC_TRIGGER_START", RUN_FIRST),
        ("RESYNC_TRIGGER_COMPLETED", RUN_FIRST),
        ("RESYNC_TRIGGER_FAILED", RUN_FIRST),
        ("SOMETHING_NEW", IN_PROGRESS),
    ],
)
def test_a_report_is_refused_in_the_words_that_belong_to_the_status(status: str | None, refusal: str | None) -> None:
    assert report_refusal(subscriber(status)) == refusal


def test_age_is_told_by_the_time_of_the_last_run_and_never_negative() -> None:
    assert age_of(subscriber(), after(90)) == 90
    assert age_of(subscriber(), after(-300)) == 0
    assert age_of(subscriber(moved=None), after(0)) is None
    assert age_of(subscriber(moved="yesterday"), after(0)) is None
    assert age_of(subscriber(moved="0001-01-01T00:00:00+14:00"), after(0)) is not None


def test_the_age_of_a_run_that_is_far_ahead_of_the_clock_is_not_known() -> None:
    assert age_of(subscriber(), after(-300.001)) is None
    assert age_of(subscriber(moved="9999-12-31T23:59:59-14:00"), after(0)) is None
    assert not is_fresh(subscriber(), 10**9, after(-86400))


@pytest.mark.parametrize(
    ("age", "max_age", "fresh"), [(0, 0, False), (0, 1, True), (10, 10, True), (10.001, 10, False), (-5, 10, True)]
)
def test_a_run_is_fresh_up_to_max_age_and_never_with_zero(age: float, max_age: float, fresh: bool) -> None:
    assert is_fresh(subscriber(), max_age, after(age)) is fresh


def test_a_run_of_unknown_age_is_not_fresh() -> None:
    assert not is_fresh(subscriber(moved=None), 10**9, after(0))


@everything
@pytest.mark.parametrize("moved", [NEVER_MOVED, "2026-11-02T08:00:00.000Z", None])
def test_a_run_is_new_when_it_is_in_progress_or_the_time_has_moved(status: str | None, moved: str | None) -> None:
    running = STATUSES[status] in (Phase.COMPARING, Phase.RESYNC_STARTING, Phase.UNKNOWN)
    before = subscriber("FIND_MISMATCH_COMPLETED")
    assert is_new_run(before, subscriber(status, moved)) is (running or moved != NEVER_MOVED)


@everything
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("max_age", [0, 60])
@pytest.mark.parametrize("age", [30, 90])
def test_a_comparison_is_joined_reused_or_triggered(status: str | None, force: bool, max_age: int, age: int) -> None:
    state = STATUSES[status]
    one = subscriber(status)
    if state is Phase.RESYNC_STARTING:
        with pytest.raises(DamError, match=r"resync of 'sub.example.com' is running.*dam_resync"):
            decide_comparison(one, max_age, force, after(age))
        return
    expected = "trigger"
    if state in (Phase.COMPARING, Phase.UNKNOWN):
        expected = "join"
    elif state is Phase.COMPARED and not force and age <= max_age:
        expected = "reuse"
    assert decide_comparison(one, max_age, force, after(age)) == expected


def test_a_comparison_of_unknown_age_is_not_reused() -> None:
    assert decide_comparison(subscriber("FIND_MISMATCH_COMPLETED", None), 10**6, False, MOVED) == "trigger"


TRIGGERED = ["trigger", "wait_trigger", "wait_operations"]


@everything
@pytest.mark.parametrize("has_rows", [False, True])
@pytest.mark.parametrize("age", [30, 90])
def test_what_a_resync_does_in_every_state(status: str | None, has_rows: bool, age: int) -> None:
    state = STATUSES[status]
    one = subscriber(status)

    def decided() -> list[str]:
        return decide_resync(one, has_rows, 60, after(age))

    if state is Phase.RESYNC_STARTING:
        assert decided() == ["join", "wait_trigger", "wait_operations"]
    elif state is Phase.RESYNC_STARTED:
        assert decided() == ["wait_operations"]
    elif state is not Phase.COMPARED:
        with pytest.raises(
            DamError, match=r"no completed comparison of 'sub.example.com'.*dam_find_mismatch"
        ) as caught:
            decided()
        assert (status or "empty") in caught.value.message
    elif not has_rows:
        assert decided() == []
    elif age <= 60:
        assert decided() == TRIGGERED
    else:
        with pytest.raises(DamError, match=r"is 90 s old, and max_age is 60 s.*Compare again first"):
            decided()


def test_a_resync_from_a_comparison_of_unknown_age_is_refused() -> None:
    with pytest.raises(DamError, match="of unknown age"):
        decide_resync(subscriber("FIND_MISMATCH_COMPLETED", None), True, 86400, MOVED)


@pytest.mark.parametrize(
    ("wait", "wait_for", "left"),
    [
        (True, "operations", TRIGGERED),
        (True, "trigger", ["trigger", "wait_trigger"]),
        (False, "operations", ["trigger"]),
        (False, "trigger", ["trigger"]),
    ],
)
def test_what_is_not_to_be_waited_for_is_left_out(wait: bool, wait_for: str, left: list[str]) -> None:
    assert without_waits(TRIGGERED, wait, wait_for) == left


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("sub.example.com", "sub.example.com", None),
        ("SUB.Example.COM.", "sub.example.com", None),
        ("sub.example.com/", "sub.example.com", None),
        ("sub.example.com:8443", "sub.example.com", 8443),
        ("https://sub.example.com", "sub.example.com", 443),
        ("HTTPS://sub.example.com/", "sub.example.com", 443),
        ("http://sub.example.com", "sub.example.com", 80),
        ("http://sub.example.com.:8080/dx/", "sub.example.com", 8080),
        ("dx://sub.example.com", "sub.example.com", None),
        ("10.0.0.1:10", "10.0.0.1", 10),
        ("[2001:DB8::1]:8443", "2001:db8::1", 8443),
        ("https://[2001:db8::1]", "2001:db8::1", 443),
    ],
)
def test_an_address_is_a_host_and_the_port_that_it_gives(address: str, host: str, port: int | None) -> None:
    assert host_and_port(address) == (host, port)


@pytest.mark.parametrize(
    "address",
    ["", " ", ".", ":443", "https://", "sub:port", "sub:70000", "sub:-1", "[::1", "a:::1", "a b", "]["],
)
def test_what_is_no_address_is_an_error_that_shows_it(address: str) -> None:
    with pytest.raises(DamError, match="is no host name") as caught:
        host_and_port(address)
    assert f"'{address.strip()}'" in caught.value.message


def test_of_a_long_text_that_is_no_address_the_beginning_is_shown() -> None:
    with pytest.raises(DamError) as caught:
        host_and_port("no host" + "x" * 300)
    assert "'" + "no host".ljust(199, "x") + "…' is no host name" in caught.value.message


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_clear_error(text: str) -> None:
    with suppress(DamError):
        host, port = host_and_port(text)
        assert host
        assert port is None or 0 < port < 65536
    assert scheme_of(text) in (None, "http", "https")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a.example", "A.EXAMPLE.", True),
        ("a.example", "b.example", False),
        ("a.example", "a.example:8443", True),
        ("a.example:443", "a.example:8443", False),
        ("https://a.example", "a.example:443", True),
        ("https://a.example", "http://a.example", False),
        ("a.example", "sub.a.example", False),
    ],
)
def test_an_environment_is_the_same_host_and_where_both_name_one_the_same_port(
    one: str, other: str, same: bool
) -> None:
    assert same_environment(one, other) is same


addresses = st.tuples(
    st.sampled_from(["", "http://", "https://"]),
    st.sampled_from(["a.example", "A.example.", "b.example", "[::1]"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    st.sampled_from(["", "/"]),
).map("".join)


@given(addresses, addresses)
def test_being_the_same_environment_does_not_depend_on_the_order(left: str, right: str) -> None:
    assert same_environment(left, right) is same_environment(right, left)
    assert same_environment(left, left)


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("HTTPS://a", "https"),
        ("http://a", "http"),
        ("ftp://a", None),
        ("a:443", None),
        ("", None),
        ("https://[", "https"),
    ],
)
def test_only_http_and_https_are_schemes(address: str, scheme: str | None) -> None:
    assert scheme_of(address) == scheme


LISTED = [
    subscriber(id="id-a", targetHost="a.example"),
    subscriber(id="id-b", targetHost="https://b.example:8443/"),
    subscriber(id="id-c", targetHost="c.example:8443"),
    subscriber(id="id-d", targetHost="c.example:9443"),
]


@pytest.mark.parametrize(
    ("target_host", "found"),
    [
        ("a.example", "id-a"),
        ("A.example.", "id-a"),
        ("https://a.example/", "id-a"),
        ("b.example", "id-b"),
        ("b.example:8443", "id-b"),
        ("c.example:9443", "id-d"),
    ],
)
def test_a_subscriber_is_found_by_its_host_however_it_is_written(target_host: str, found: str) -> None:
    assert choose(LISTED, None, target_host).subscriber_id == found


def test_a_subscriber_is_found_by_its_id() -> None:
    # An equal text, and not the same one: that is what options are.
    assert choose(LISTED, "-".join(["id", "c"]), None).target_host == "c.example:8443"


def test_a_registration_that_fits_exactly_is_preferred_to_one_that_may_be_meant() -> None:
    listed = [subscriber(id="plain", targetHost="x"), subscriber(id="port", targetHost="x:8443")]
    assert choose(listed, None, "x:8443").subscriber_id == "port"
    assert choose(listed, None, "x").subscriber_id == "plain"


@pytest.mark.parametrize(
    ("subscriber_id", "target_host", "option"),
    [("nobody", None, "subscriber_id"), (None, "nobody", "target_host"), (None, "b.example:443", "target_host")],
)
def test_an_unknown_subscriber_is_an_error_that_lists_those_there_are(
    subscriber_id: str | None, target_host: str | None, option: str
) -> None:
    with pytest.raises(OptionError) as caught:
        choose(LISTED, subscriber_id, target_host)
    assert caught.value.message.startswith(
        f"{option}: the publisher has no subscriber '{subscriber_id or target_host}'"
    )
    assert all(one.target_host in caught.value.message for one in LISTED)


def test_a_publisher_without_subscribers_is_told_apart() -> None:
    with pytest.raises(OptionError, match="It has: none at all"):
        choose([], None, "a.example")


def test_two_subscribers_that_fit_are_an_error_that_asks_for_the_id() -> None:
    with pytest.raises(OptionError, match=r"'c.example' fits 2 subscribers. Name one by subscriber_id: .*\(id-d\)"):
        choose(LISTED, None, "c.example")


def test_the_list_of_subscribers_in_an_error_is_bounded() -> None:
    many = [subscriber(id=f"id-{number}", targetHost=f"host-{number}") for number in range(500)]
    with pytest.raises(OptionError) as caught:
        choose(many, "nobody", None)
    assert "host-19 " in caught.value.message
    assert "host-20 " not in caught.value.message


def test_a_target_host_that_is_no_address_is_an_error_that_names_the_option() -> None:
    with pytest.raises(OptionError, match=r"^target_host: 'a:b:c' is no host name"):
        choose(LISTED, None, "a:b:c")


def test_another_registration_that_leads_nowhere_does_not_stand_in_the_way() -> None:
    listed = [subscriber(id="broken", targetHost="[::1"), *LISTED]
    assert choose(listed, None, "a.example").subscriber_id == "id-a"
    assert choose(listed, "broken", None).target_host == "[::1"


@pytest.mark.parametrize(
    ("subscriber_id", "target_host", "holds"),
    [
        ("id-a", "a.example", True),
        ("id-a", "https://A.example./", True),
        ("id-b", "b.example", True),
        ("id-d", "c.example", True),
        ("id-d", "c.example:9443", True),
        ("broken", "[::1", True),
        ("id-a", "b.example", False),
        ("id-b", "b.example:443", False),
        ("id-c", "c.example:9443", False),
        ("broken", "a.example", False),
    ],
)
def test_an_id_and_a_target_host_both_have_to_hold(subscriber_id: str, target_host: str, holds: bool) -> None:
    listed = [*LISTED, subscriber(id="broken", targetHost="[::1")]
    if holds:
        assert choose(listed, subscriber_id, target_host).subscriber_id == subscriber_id
        return
    registered = choose(listed, subscriber_id, None).target_host
    with pytest.raises(TargetHostChanged) as caught:
        choose(listed, subscriber_id, target_host)
    assert caught.value.message.startswith("target_host changed: ")
    assert f"registered with '{registered}', not with '{target_host}'" in caught.value.message


def test_an_id_that_is_not_there_is_not_looked_for_by_its_target_host() -> None:
    with pytest.raises(UnknownSubscriber, match=r"^subscriber_id: the publisher has no subscriber 'nobody'"):
        choose(LISTED, "nobody", "a.example")
