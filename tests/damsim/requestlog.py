# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an environment was asked, in order."""

from __future__ import annotations

from collections import deque
from typing import Any

from damsim.peer import AGENT

_KEPT = 200_000


class RequestLog:
    """Requests, without headers and bodies, so that no secret is in it.

    Args:
        env: the environment's name.
    """

    def __init__(self, env: str) -> None:
        self._env = env
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._next = 0
        self.era = 0
        """How often it was emptied: who logs a request at its end has to know it as of the request's beginning."""

    def add(self, era: int, method: str, path: str, query: str, status: int, at: str, agent: str) -> None:
        """Remember a request that began in an ``era``; status 0 means that it got no answer.

        One that was still under way when the log was emptied belongs to what was forgotten.
        """
        if era != self.era:
            return
        source = "peer" if agent.startswith(AGENT) else "client"
        self._entries.append(
            {
                "n": self._next,
                "env": self._env,
                "method": method,
                "path": path,
                "query": query,
                "status": status,
                "at": at,
                "agent": agent,
                "source": source,
            }
        )
        self._next += 1

    def since(self, number: int) -> dict[str, Any]:
        """Requests from a number on, and the number that comes next."""
        return {"next": self._next, "requests": [entry for entry in self._entries if entry["n"] >= number]}

    def clear(self) -> None:
        """Forget all; numbers go on."""
        self._entries.clear()
        self.era += 1
