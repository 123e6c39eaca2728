# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything one environment has and remembers; no behaviour of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
from dataclasses import dataclass, field

from damsim.auth import Sessions
from damsim.clock import Clock, SkewedClock
from damsim.events import Outbox
from damsim.faults import Faults
from damsim.mismatches import MismatchLogs
from damsim.operations import Operations
from damsim.peer import Peers
from damsim.registrations import Registrations
from damsim.requestlog import RequestLog
from damsim.settings import Settings
from damsim.store import Records
from damsim.windows import WindowIndex


class Signal:
    """Wakes everyone who waits for something to change."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake them."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Until the next change."""
        await self._event.wait()


@dataclass
class State:
    """One environment's data.

    Args:
        name: for logs.
        host: under which others know it, with its port unless that is the common one.
        connection: its database.
        settings: current ones.
        shared_clock: of the process.
        scheme: ``http`` or ``https``, for peers too.
        peer_port: of target hosts that name no port.
        verify: trusts the peers' certificates.
    """

    name: str
    host: str
    connection: sqlite3.Connection
    settings: Settings
    shared_clock: Clock
    scheme: str = "http"
    peer_port: int | None = None
    verify: ssl.SSLContext | None = None
    changed: Signal = field(default_factory=Signal)
    work: asyncio.Event = field(default_factory=asyncio.Event)
    outgoing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.clock = SkewedClock(self.shared_clock, lambda: self.settings.clock_skew)
        self.sessions = Sessions(self.shared_clock.now, lambda: self.settings.token_ttl)
        self.records = Records(self.connection)
        self.windows = WindowIndex(self.connection, self.records)
        self.registrations = Registrations(self.connection, self.clock.iso)
        self.mismatches = MismatchLogs(self.connection)
        self.operations = Operations(self.connection, self.clock.iso, self.shared_clock.now)
        self.outbox = Outbox(self.connection)
        self.peers = Peers(self.name, self.scheme, self.peer_port, self.verify)
        self.faults = Faults()
        self.requests = RequestLog(self.name)

    def wake(self) -> None:
        """Tell everyone who waits that a setting, an operation or an event changed."""
        self.changed.notify()
        self.work.set()
        self.outgoing.set()
