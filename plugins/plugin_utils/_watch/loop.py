# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blocking looks from within an event loop that has other things to do: on time, and over at once when cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

# The name of the threads of in_thread.
THREAD = "dam-look"


async def in_thread(work: Callable[[], T]) -> T:
    """What ``work`` returns or raises, from a thread that nobody waits for.

    An executor's threads are waited for at the end of the process, and a server that hangs would keep it from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(settle: Callable[[Any], None], result: Any) -> None:
        if not future.done():  # cancelled meanwhile
            settle(result)

    def run() -> None:
        outcome: tuple[Callable[[Any], None], Any]
        try:
            outcome = future.set_result, work()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            outcome = future.set_exception, error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(deliver, *outcome)

    threading.Thread(target=run, daemon=True, name=THREAD).start()
    return await future


async def repeat(
    looks: Sequence[Callable[[], Sequence[T]]], interval: float, put: Callable[[T], Awaitable[Any]]
) -> None:
    """Look every ``interval`` seconds, each independently of the others, and put what was seen; for ever.

    However long a look takes, the next one is at a multiple of ``interval`` after the first. Ends with the first
    exception, or when cancelled.
    """
    tasks = [asyncio.ensure_future(_repeat(look, interval, put)) for look in looks]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _repeat(look: Callable[[], Sequence[T]], interval: float, put: Callable[[T], Awaitable[Any]]) -> None:
    clock = asyncio.get_running_loop().time
    begin = clock()
    while True:
        for seen in await in_thread(look):
            await put(seen)
        await asyncio.sleep(interval - (clock() - begin) % interval)
