# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blocking looks within an event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch.loop import THREAD, repeat


class Enough(Exception):  # noqa: N818 - read as a sentence where it is raised
    """Ends a watch from within."""


class Time(asyncio.SelectorEventLoop):
    """An event loop whose clock goes on by itself when there is nothing to do but wait."""

    now = 0.0

    def time(self) -> float:
        """Return the loop's own time."""
        return self.now

    def call_at(self, when: float, *args: Any, **more: Any) -> asyncio.TimerHandle:
        """Come to that time at once."""
        self.now = max(self.now, when)
        return super().call_at(when, *args, **more)


def run(work: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> Any:
    """Run to the end in this loop."""
    try:
        return loop.run_until_complete(asyncio.wait_for(work, None))
    finally:
        loop.close()


def test_looks_stay_on_time_however_long_they_take() -> None:
    loop = Time()
    begun: list[float] = []
    lasts = iter([2.0, 0.0, 25.0, 9.5])

    def look() -> list[float]:
        begun.append(loop.now)
        try:
            loop.now += next(lasts)
        except StopIteration:
            raise Enough from None
        return []

    async def put(_seen: float) -> None:
        raise AssertionError("there is nothing to tell")

    with pytest.raises(Enough):
        run(repeat([look], 10.0, put), loop)
    assert begun == [0.0, 10.0, 20.0, 50.0, 60.0]


def test_what_is_seen_is_put_in_order() -> None:
    told: list[int] = []
    seen = iter([[1, 2], [], [3]])

    def look() -> list[int]:
        try:
            return next(seen)
        except StopIteration:
            raise Enough from None

    async def put(each: int) -> None:
        told.append(each)

    with pytest.raises(Enough):
        run(repeat([look], 1.0, put), Time())
    assert told == [1, 2, 3]


def test_many_that_hang_neither_delay_the_others_nor_the_end() -> None:
    hanging = threading.Event()
    told: list[str] = []

    def hang() -> list[str]:
        hanging.wait(60)
        return []

    async def watch() -> None:
        both = asyncio.Event()

        async def put(each: str) -> None:
            told.append(each)
            if len(told) == 2:
                both.set()

        task = asyncio.ensure_future(repeat([hang] * 40 + [lambda: ["seen"]], 0.01, put))
        await both.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    begun = time.monotonic()
    asyncio.run(watch())
    assert time.monotonic() - begun < 10
    assert told == ["seen", "seen"]
    hanging.set()
    for thread in threading.enumerate():
        if thread.name.startswith(THREAD):
            thread.join(10)
            assert not thread.is_alive()


def test_one_that_fails_ends_all() -> None:
    hanging = threading.Event()

    async def put(_seen: object) -> None:
        raise AssertionError("there is nothing to tell")

    def fail() -> list[object]:
        raise Enough

    async def watch() -> int:
        with pytest.raises(Enough):
            await repeat([lambda: (hanging.wait(60) and []) or [], fail], 0.01, put)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    left = asyncio.run(watch())
    hanging.set()
    assert left == 1  # the test itself
