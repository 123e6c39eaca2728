# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deciding what becomes of a registration, and changing it with one request each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    OptionError,
    ServerError,
    Unreachable,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.registration import (
    DEREGISTER,
    LOOK_FOR,
    REGISTER,
    UPDATE,
    Registrar,
    decide,
    differences,
    expected,
    find,
    shown,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import record_of

PUBLISHER = ["publisher.example.com:443", "publisher.example.com:8443"]
KNOWN = Subscriber.from_json({"id": "id-1", "targetHost": "one.example.com", "cycleLength": 2, "status": True})
LOST = Unreachable("PATCH: the connection broke", sent=True)
REFUSED = ServerError("PATCH was answered with 400: Not today.", status=400)


def options(**given: Any) -> dict[str, Any]:
    """The module's options with their defaults."""
    names = {"subscriber_id": None, "target_host": "one.example.com", "enabled": None, "cycle_length": None}
    return {**names, "state": "present", "confirm_restage": False, **given}


class FakeDam:
    """Registrations in a list. ``lost`` or ``refuse`` raises after or before a change takes effect; ``late`` is the
    number of looks for which a change does not show yet. ``down`` is what every look gets."""

    def __init__(self, *known: Subscriber) -> None:
        self.known = list(known)
        self.sent: list[str] = []
        self.lost: Exception | None = None
        self.refuse: Exception | None = None
        self.late = 0
        self.down: Exception | None = None
        self._before = list(known)

    def _change(self, name: str, effect: Callable[[], None]) -> None:
        self.sent.append(name)
        if self.refuse is not None:
            raise self.refuse
        self._before = list(self.known)
        effect()
        if self.lost is not None:
            raise self.lost

    def register(self, target_host: str, cycle_length: int | None = None) -> Subscriber:
        new = replace(KNOWN, subscriber_id="id-2", target_host=target_host, cycle_length=cycle_length or 2)
        self._change("POST", lambda: self.known.append(new))
        return new

    def update(self, subscriber_id: str, **settings: Any) -> Subscriber:
        def effect() -> None:
            self.known = [replace(one, **settings) if one.subscriber_id == subscriber_id else one for one in self.known]

        self._change("PATCH", effect)
        return self._find(self._before if self.late else self.known, subscriber_id)

    def deregister(self, subscriber_id: str) -> None:
        def effect() -> None:
            self.known = [one for one in self.known if one.subscriber_id != subscriber_id]

        self._change("DELETE", effect)

    def subscribers(self) -> list[Subscriber]:
        if self.down is not None:
            raise self.down
        self.late -= 1
        return self.known if self.late < 0 else self._before

    def subscriber(self, subscriber_id: str) -> Subscriber:
        return self._find(self.subscribers(), subscriber_id)

    @staticmethod
    def _find(among: list[Subscriber], subscriber_id: str) -> Subscriber:
        return next(one for one in among if one.subscriber_id == subscriber_id)


class Clock:
    """Time that goes by only while someone sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def dam() -> FakeDam:
    return FakeDam(KNOWN)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registrar(dam: FakeDam, clock: Clock) -> Registrar:
    return Registrar(dam, clock, clock.sleep)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "given", "step"),
    [
        (None, {}, REGISTER),
        (KNOWN, {}, None),
        (KNOWN, {"enabled": True, "cycle_length": 2}, None),
        (KNOWN, {"enabled": False}, UPDATE),
        (KNOWN, {"cycle_length": 3}, UPDATE),
        (KNOWN, {"cycle_length": 3, "confirm_restage": True}, UPDATE),
        (None, {"state": "absent"}, None),
        (None, {"state": "absent", "confirm_restage": True}, None),
        (KNOWN, {"state": "absent", "confirm_restage": True}, DEREGISTER),
    ],
)
def test_the_step_follows_from_what_is_and_what_shall_be(
    known: Subscriber | None, given: dict[str, Any], step: str | None
) -> None:
    assert decide(known, options(**given), PUBLISHER) == step


def test_deregistering_without_confirmation_is_refused_with_the_way_around() -> None:
    with pytest.raises(DamError, match=r"copies every asset.*1440"):
        decide(KNOWN, options(state="absent", enabled=False), PUBLISHER)


@pytest.mark.parametrize("host", ["publisher.example.com", "PUBLISHER.example.com.", "publisher.example.com:8443"])
def test_the_publisher_is_never_registered_with_itself(host: str) -> None:
    with pytest.raises(OptionError, match="the publisher itself"):
        decide(None, options(target_host=host), PUBLISHER)


def test_another_port_of_the_publishers_host_may_be_another_environment() -> None:
    assert decide(None, options(target_host="publisher.example.com:9443"), PUBLISHER) == REGISTER


@pytest.mark.parametrize("host", ["https://new.example.com", "new.example.com/", "new.example.com:port", "", "a b"])
def test_what_is_no_plain_host_is_not_registered(host: str) -> None:
    with pytest.raises(OptionError, match=r"^target_host: "):
        decide(None, options(target_host=host), PUBLISHER)


def test_find_knows_none_only_where_a_host_can_be_registered_or_nothing_shall_be() -> None:
    assert find([KNOWN], options(target_host="other.example.com")) is None
    assert find([KNOWN], options(target_host=None, subscriber_id="id-9", state="absent")) is None
    for target_host in (None, "new.example.com"):
        with pytest.raises(OptionError, match="by target_host alone"):
            find([KNOWN], options(target_host=target_host, subscriber_id="id-9"))


def test_find_does_not_take_two_for_none() -> None:
    twice = [replace(KNOWN, target_host=f"one.example.com:{port}") for port in (1, 2)]
    for state in ("present", "absent"):
        with pytest.raises(OptionError, match="fits 2"):
            find(twice, options(state=state))


def test_what_is_expected_is_what_comes_of_it(dam: FakeDam, registrar: Registrar) -> None:
    given = options(cycle_length=30)
    now = registrar.change(KNOWN, differences(KNOWN, {"cycle_length": 30}))
    assert expected(UPDATE, KNOWN, given) == record_of(now)
    assert expected(DEREGISTER, KNOWN, given) is None
    assert expected(None, None, given) is None
    new = expected(REGISTER, None, given)
    assert new is not None
    assert set(new) == set(record_of(KNOWN))
    assert shown(new) == {"target_host": "one.example.com", "enabled": None, "cycle_length": 30}


class TestChanging:
    """``Registrar.change``."""

    def test_an_answer_that_shows_the_settings_is_enough(
        self, dam: FakeDam, registrar: Registrar, clock: Clock
    ) -> None:
        assert registrar.change(KNOWN, {"cycle_length": 30}).cycle_length == 30
        assert (dam.sent, clock.now) == (["PATCH"], 0)

    @pytest.mark.parametrize("late", [0, 1, 5, 10])
    def test_a_lost_answer_is_looked_for_until_the_settings_show(
        self, dam: FakeDam, registrar: Registrar, clock: Clock, late: int
    ) -> None:
        dam.lost, dam.late = LOST, late
        assert registrar.change(KNOWN, {"cycle_length": 30}).cycle_length == 30
        assert (dam.sent, clock.now) == (["PATCH"], late)

    def test_an_answer_with_the_old_settings_is_looked_at_again(self, dam: FakeDam, registrar: Registrar) -> None:
        dam.late = 3
        assert registrar.change(KNOWN, {"cycle_length": 30}).cycle_length == 30
        assert dam.sent == ["PATCH"]

    def test_settings_that_never_show_are_an_error_though_the_server_said_yes(
        self, dam: FakeDam, registrar: Registrar, clock: Clock
    ) -> None:
        dam.late = 1000
        with pytest.raises(DamError, match=r"was not set to cycle_length=30: The server accepted that.*safe"):
            registrar.change(KNOWN, {"cycle_length": 30})
        assert (dam.sent, clock.now) == (["PATCH"], LOOK_FOR)

    def test_what_did_not_arrive_is_not_sent_again(self, dam: FakeDam, registrar: Registrar) -> None:
        dam.refuse = LOST
        with pytest.raises(DamError, match=r"the connection broke.*Running again is safe"):
            registrar.change(KNOWN, {"cycle_length": 30})
        assert dam.sent == ["PATCH"]

    def test_a_refusal_is_told_at_once(self, dam: FakeDam, registrar: Registrar, clock: Clock) -> None:
        dam.refuse = REFUSED
        with pytest.raises(ServerError, match="Not today"):
            registrar.change(KNOWN, {"cycle_length": 30})
        assert clock.now == 0


class TestRegistering:
    """``Registrar.register``."""

    def test_a_new_registration_is_ours(self, dam: FakeDam, registrar: Registrar) -> None:
        found, made = registrar.register("two.example.com", {"cycle_length": 30})
        assert (found.target_host, made, dam.sent) == ("two.example.com", True, ["POST"])

    def test_a_lost_answer_counts_as_ours_when_the_host_shows_up(self, dam: FakeDam, registrar: Registrar) -> None:
        dam.lost, dam.late = LOST, 4
        found, made = registrar.register("two.example.com", {"cycle_length": 30})
        assert (found.target_host, found.cycle_length, made, dam.sent) == ("two.example.com", 30, True, ["POST"])

    def test_a_conflict_joins_what_is_there_and_does_not_count_as_ours(
        self, dam: FakeDam, registrar: Registrar, clock: Clock
    ) -> None:
        dam.refuse = ServerError("It exists.", status=409)
        assert registrar.register("one.example.com", {}) == (KNOWN, False)
        assert clock.now == 0

    @pytest.mark.parametrize(
        ("error", "seconds"), [(ServerError("In the way.", status=409), 0), (LOST, LOOK_FOR)], ids=["409", "lost"]
    )
    def test_what_never_shows_up_is_an_error_and_not_sent_again(
        self, dam: FakeDam, registrar: Registrar, clock: Clock, error: DamError, seconds: float
    ) -> None:
        dam.refuse = error
        with pytest.raises(DamError, match=r"'two.example.com' was not registered: .*Running again is safe"):
            registrar.register("two.example.com", {})
        assert (dam.sent, clock.now) == (["POST"], seconds)

    def test_a_refusal_is_told_at_once(self, dam: FakeDam, registrar: Registrar) -> None:
        dam.refuse = DamError("It was not done.")
        with pytest.raises(DamError, match="It was not done"):
            registrar.register("two.example.com", {})


@pytest.mark.parametrize("step", [REGISTER, UPDATE, DEREGISTER])
def test_where_nobody_answers_it_is_not_said_that_a_change_did_not_arrive(
    dam: FakeDam, registrar: Registrar, clock: Clock, step: str
) -> None:
    dam.lost, dam.down = LOST, Unreachable("GET: refused.", sent=False)
    steps: dict[str, Callable[[], Any]] = {
        REGISTER: lambda: registrar.register("two.example.com", {}),
        UPDATE: lambda: registrar.change(KNOWN, {"cycle_length": 30}),
        DEREGISTER: lambda: registrar.deregister(KNOWN),
    }
    with pytest.raises(DamError, match=r"^PATCH: the connection broke Whether that took effect is not known: .*GET"):
        steps[step]()
    assert (len(dam.sent), clock.now) == (1, LOOK_FOR)


class TestDeregistering:
    """``Registrar.deregister``."""

    def test_it_is_seen_to_be_gone(self, dam: FakeDam, registrar: Registrar, clock: Clock) -> None:
        dam.late = 3
        assert registrar.deregister(KNOWN) is True
        assert (dam.sent, clock.now) == (["DELETE"], 3)

    def test_a_lost_answer_counts_when_it_is_gone(self, dam: FakeDam, registrar: Registrar) -> None:
        dam.lost = LOST
        assert registrar.deregister(KNOWN) is True

    def test_one_that_was_gone_before_is_not_our_doing(self, dam: FakeDam, registrar: Registrar) -> None:
        dam.known.clear()
        dam.refuse = ServerError("Not found.", status=404)
        assert registrar.deregister(KNOWN) is False

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (None, "still lists it"),
            (LOST, "the connection broke"),
            (ServerError("Not found.", status=404), "Not found"),
        ],
        ids=["accepted", "lost", "404"],
    )
    def test_one_that_stays_is_an_error(
        self, dam: FakeDam, registrar: Registrar, clock: Clock, error: Exception | None, said: str
    ) -> None:
        dam.refuse, dam.late = error, 1000
        with pytest.raises(DamError, match=f"was not deregistered: .*{said}"):
            registrar.deregister(KNOWN)
        assert (dam.sent, clock.now) == (["DELETE"], 0 if isinstance(error, ServerError) else 10)

    def test_a_refusal_is_told_at_once(self, dam: FakeDam, registrar: Registrar, clock: Clock) -> None:
        dam.refuse = REFUSED
        with pytest.raises(ServerError, match="Not today"):
            registrar.deregister(KNOWN)
        assert clock.now == 0
