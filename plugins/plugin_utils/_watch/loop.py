# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blocking looks from within an event loop that has other things to do: on time, and over at once when cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

# The name of the threads that look.
THREAD = "dam-look"


async def repeat(
    looks: Sequence[Callable[[], Sequence[T]]], interval: float, put: Callable[[T], Awaitable[Any]]
) -> None:
    """Look every ``interval`` seconds, each independently of the others, and put what was seen; for ever.

    However long a look takes, the next one is at a multiple of ``interval`` after the first. Ends with the first
    exception, or when cancelled; a look under way is not waited for.
    """
    # A thread for each: in the loop's own executor a few servers that hang would keep all others waiting.
    threads = ThreadPoolExecutor(len(looks), thread_name_prefix=THREAD)
    tasks = [asyncio.ensure_future(_repeat(threads, look, interval, put)) for look in looks]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        threads.shutdown(wait=False, cancel_futures=True)


async def _repeat(
    threads: ThreadPoolExecutor,
    look: Callable[[], Sequence[T]],
    interval: float,
    put: Callable[[T], Awaitable[Any]],
) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while True:
        for seen in await loop.run_in_executor(threads, look):
            await put(seen)
        await asyncio.sleep(interval - (loop.time() - begin) % interval)
