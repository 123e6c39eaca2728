# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look after the other at a publisher and its subscribers, and the events that come of it. Knows no Ansible."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.mismatches import count_mismatches
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.queue import Queue
from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.connections import subscriber_connection
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import Client
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection

from .events import (
    WATCH_FAILED,
    WATCH_RECOVERED,
    Event,
    Found,
    Story,
    event,
)

# A login that was refused is not tried again for so long, in seconds: accounts get locked by such.
REFUSED_PAUSE = 600.0
MOST_FAILED = 10000


def read_only(connection: Connection) -> Dam:
    """An environment's API that nothing but logins and reading requests go to."""
    return Dam(Client(connection, read_only=True))


class PublisherWatch:
    """Remembers what was told of one publisher; ``name`` is its name in the events.

    ``params`` are the options by their modules' names. With ``initial`` what the first look finds is told as well; with
    ``operations`` the subscribers' own APIs are asked for their operations.
    """

    def __init__(
        self,
        name: str,
        connection: Connection,
        params: dict[str, Any],
        initial: bool = True,
        operations: bool = True,
        reach: Callable[[Connection], Dam] = read_only,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._hostname = connection.hostname
        self._params = params
        self._initial = initial
        self._operations = operations
        self._reach = reach
        self._clock = clock
        self._dam = reach(connection)
        self._subscribers: dict[str, Dam] = {}
        self._closed = False
        self._stories: dict[str, Story] = {}
        # What cannot be asked at present, by the subscriber's id (None for all), and when to ask again.
        self._failing: dict[tuple[str | None, str], float] = {}

    def look(self) -> list[Event]:
        """Everything that is new since the last look. Blocks; an environment that fails becomes an event, once."""
        events: list[Event] = []
        subscribers: list[Subscriber] = []
        if self._asked(None, "", events, lambda: subscribers.extend(self._dam.subscribers())):
            known = {one.subscriber_id for one in subscribers}
            self._stories = {key: story for key, story in self._stories.items() if key in known}
            self._failing = {key: due for key, due in self._failing.items() if key[0] is None or key[0] in known}
            for one in subscribers:
                self._follow(one, events)
        return events

    def close(self) -> None:
        """End a look that is under way in another thread: nothing more is asked."""
        self._closed = True
        for dam in [self._dam, *self._subscribers.values()]:
            dam.client.close()

    def _follow(self, one: Subscriber, events: list[Event]) -> None:
        key = one.subscriber_id
        story = self._stories.setdefault(key, Story(self._initial))

        def tell(found: list[Found]) -> None:
            events.extend(self._event(kind, one, **facts) for kind, facts in found)

        def staging() -> None:
            tell(story.staging(one, lambda: count_mismatches(self._dam, key)))

        def operations() -> None:
            queue = Queue(self._subscriber(one.target_host), "sync")
            failed = [each for each in islice(queue.operations("FAILED"), MOST_FAILED) if each.status == "FAILED"]
            tell(story.operations(failed, lambda: queue.look().done))

        self._asked(one, "staging", events, staging)
        if self._operations and one.enabled:
            self._asked(one, "operations", events, operations)

    def _asked(self, about: Subscriber | None, what: str, events: list[Event], ask: Callable[[], None]) -> bool:
        """Ask, and tell when that began to fail, and when it no longer does."""
        key = about.subscriber_id if about else None, what
        if self._closed or self._clock() < self._failing.get(key, 0.0):
            return False
        try:
            ask()
        except DamError as error:
            refused = isinstance(error, ServerError) and error.status in (401, 403)
            if key not in self._failing:
                events.append(self._event(WATCH_FAILED, about, message=error.message))
            self._failing[key] = self._clock() + REFUSED_PAUSE if refused else 0.0
            return False
        if self._failing.pop(key, None) is not None:
            events.append(self._event(WATCH_RECOVERED, about))
        return True

    def _subscriber(self, target_host: str) -> Dam:
        if target_host not in self._subscribers:
            self._subscribers[target_host] = self._reach(subscriber_connection(self._params, target_host))
        return self._subscribers[target_host]

    def _event(self, kind: str, about: Subscriber | None, **facts: Any) -> Event:
        return event(kind, self.name, self._hostname, about, **facts)
