# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock: speed, jumps, skew."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from damsim.clock import Clock, SkewedClock, iso

from .conftest import Pair

START = 1_772_443_800.0


class Time:
    """Real time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_clock_runs_as_fast_as_it_is_told_and_never_jumps_for_it() -> None:
    real = Time()
    clock = Clock(20, real, START)
    real.now = 2.0
    assert clock.now() == START + 40
    clock.set_speed(1)
    assert clock.now() == START + 40
    real.now = 3.0
    assert clock.now() == START + 41


def test_moving_the_clock_wakes_who_sleeps() -> None:
    async def sleeper() -> float:
        clock = Clock(1, Time(), START)
        task = asyncio.create_task(clock.sleep(86_400))
        await asyncio.sleep(0)
        clock.advance(86_400)
        await asyncio.wait_for(task, 5)
        return clock.now()

    assert asyncio.run(sleeper()) == START + 86_400


def test_who_sleeps_can_be_woken_early() -> None:
    async def sleeper() -> bool:
        clock, wake = Clock(1, Time(), START), asyncio.Event()
        task = asyncio.create_task(clock.sleep_until(START + 1000, wake))
        await asyncio.sleep(0)
        wake.set()
        await asyncio.wait_for(task, 5)
        return clock.now() == START

    assert asyncio.run(sleeper())


def test_times_are_utc_with_milliseconds() -> None:
    assert iso(START + 0.25) == "2026-03-02T09:30:00.250Z"


def test_a_skewed_clock_is_wrong_by_what_it_is_told() -> None:
    skew = 0.0
    clock = SkewedClock(Clock(1, Time(), START), lambda: skew)
    assert clock.http_date() == "Mon, 02 Mar 2026 09:30:00 GMT"
    skew = -3600
    assert clock.iso() == "2026-03-02T08:30:00.000Z"


def test_the_date_header_is_the_environments_own_clock(pair: Pair) -> None:
    pair.subscriber.settings(clock_skew=-7200)
    here, there = (
        parsedate_to_datetime(api.call("GET", "/api-version").headers["date"])
        for api in (pair.publisher, pair.subscriber)
    )
    assert 7000 < (here - there).total_seconds() < 7300


def test_a_reset_brings_the_clock_back_to_the_present(pair: Pair) -> None:
    pair.publisher.sim("POST", "/advance", {"seconds": 864_000})
    pair.standin.reset("small")
    answer = Pair(pair.standin).publisher.call("GET", "/api-version")
    shown = parsedate_to_datetime(answer.headers["date"])
    assert abs((shown - datetime.now(UTC)).total_seconds()) < 300
