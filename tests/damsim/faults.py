# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that a test asks for: which request goes wrong, and how."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Fault(BaseModel):
    """One fault.

    Args:
        method: only requests with it; any by default.
        path: regular expression, searched for in path and query.
        times: how often it strikes.
        skip: how many requests that match pass before.
        when: whether the request takes effect (``after``) or not (``before``).
        kind: what goes wrong.
        status: of the answer, for ``status``, ``body`` and ``redirect``.
        headers: of the answer; a redirect needs ``Location``.
        body: of the answer.
        delay: real seconds to wait first.
        source: whose requests.
    """

    model_config = ConfigDict(extra="forbid")

    method: str | None = None
    path: str = ""
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    when: Literal["before", "after"] = "before"
    kind: Literal["status", "drop", "truncate", "delay", "body", "redirect", "double"]
    status: int | None = Field(default=None, ge=100, le=599)
    headers: dict[str, str] = {}
    body: str = ""
    delay: float = Field(default=0.0, ge=0)
    source: Literal["client", "peer", "any"] = "client"

    @field_validator("path")
    @classmethod
    def _is_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return value

    def matches(self, method: str, path: str, source: str) -> bool:
        """Whether a request is meant."""
        if self.method not in (None, method) or self.source not in ("any", source):
            return False
        return re.search(self.path, path) is not None


class Faults:
    """The faults that are still to strike."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, faults: list[Fault]) -> None:
        """Add faults behind those that wait."""
        self.waiting.extend(faults)

    def clear(self) -> None:
        """Forget all."""
        self.waiting.clear()

    def strike(self, method: str, path: str, source: str) -> Fault | None:
        """The fault that strikes a request, if one does; counts it."""
        for fault in self.waiting:
            if not fault.matches(method, path, source):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self.waiting.remove(fault)
            return fault
        return None
