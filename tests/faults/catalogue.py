# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong at one request, and what is to be expected of a module then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from faults.proxy import Break

# What becomes of a request that only reads: repeated until it is well, an error, or either.
Read = Literal["ok", "refused", "any"]
# What became of a change: the server took it, never got it, or said no.
Fate = Literal["arrived", "lost", "denied", "any"]

HTML = "<html><head><title>Oops</title></head><body><h1>It is not working today</h1></body></html>"
PAGE = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
NEW_STATUS = '{"id": "ID", "targetHost": "HOST", "status": true, "resyncStatus": "SOMETHING_NEW"}'


@dataclass(frozen=True)
class Fault:
    """One way to go wrong: of the connection (``broken``) or of the answer (``answer``)."""

    name: str
    read: Read
    fate: Fate
    broken: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    lasting: bool = False
    at_login: Read | None = None
    """What is expected of it at the login, where that differs."""
    same_for_reads: bool = False
    """Whether it is another fault of this list to whoever only reads."""
    of_rows: bool = False
    """Whether only a page of rows can have it."""
    forgets: bool = False
    """Whether the server has forgotten its sessions then."""

    @property
    def hangs(self) -> bool:
        """Whether something is waited for in vain."""
        return self.broken.get("kind") in ("hang", "trickle")

    def can_strike(self, write: bool, rows: bool) -> bool:
        """Tell whether it is a fault of its own at a request that changes something, or asks for rows."""
        return (write or not self.same_for_reads) and (rows or not self.of_rows)

    def break_at(self, request: str, skip: int, also: Callable[[], Any] | None) -> Break:
        """Return what the proxy is to do."""
        times = 10**6 if self.lasting else 1
        return Break(request=request, skip=skip, times=times, also=also, **self.broken)


def _status(name: str, read: Read, fate: Fate, status: int, body: str = HTML, **more: Any) -> Fault:
    headers = more.pop("headers", PAGE)
    at_login = more.pop("at_login", None)
    lasting = more.pop("lasting", False)
    same = more.get("when") == "after" and status >= 500
    answer = {"kind": "status", "status": status, "body": body, "headers": headers, **more}
    return Fault(name, read, fate, answer=answer, lasting=lasting, at_login=at_login, same_for_reads=same)


def _body(name: str, body: str, fate: Fate = "lost", **more: Any) -> Fault:
    return _status(name, "any", fate, 200, body, headers=JSON, **more)


ERROR = '{"error": {"statusCode": "500", "name": "InternalServerError", "message": "Something broke"}}'

FAULTS = (
    # The answer.
    _status("500", "any", "lost", 500, ERROR, headers=JSON),
    _status("500 afterwards", "any", "arrived", 500, ERROR, headers=JSON, when="after"),
    _status("502 with HTML", "ok", "lost", 502),
    _status("502 afterwards", "ok", "arrived", 502, when="after"),
    _status("503, Retry-After", "ok", "lost", 503, headers={"Retry-After": "1"}),
    _status("504 afterwards", "ok", "arrived", 504, when="after"),
    _status("429, Retry-After", "ok", "denied", 429, headers={"Retry-After": "1"}),
    _status("400", "refused", "denied", 400, '{"error": {"statusCode": 400, "message": "No"}}', headers=JSON),
    _status("403", "refused", "denied", 403),
    _status("token expired", "ok", "arrived", 401, headers=JSON, at_login="refused"),
    _status("HTML with 200", "any", "lost", 200),
    _body("half of the JSON", '[{"id": "1", "targetHo'),
    _body("not JSON's characters", "\x00\x01\udce4".encode("utf-8", "replace").decode()),
    _body("null", "null", fate="any"),
    _body("a number", "17"),
    _body("wrong types", '[{"id": 5, "targetHost": [], "status": "yes", "resyncStatus": {}}]'),
    _body("fields missing", "[{}]"),
    _body("unknown status", NEW_STATUS, fate="any", when="after"),
    Fault("a row twice", "ok", "any", answer={"kind": "double"}, of_rows=True),
    _status("redirect elsewhere", "refused", "denied", 302, "", headers={"Location": "http://THIEF/dx"}),
    # The connection.
    Fault("refused", "ok", "lost", {"kind": "refuse", "delivered": False}),
    Fault("restarts", "ok", "lost", {"kind": "refuse", "delivered": False}, forgets=True),
    Fault("restarts afterwards", "ok", "arrived", {"kind": "refuse"}, forgets=True, same_for_reads=True),
    Fault("hangs", "ok", "lost", {"kind": "hang", "delivered": False}),
    Fault("answer hangs", "ok", "arrived", {"kind": "hang"}, same_for_reads=True),
    Fault("slow drip", "ok", "arrived", {"kind": "drip"}),
    Fault("endless drip", "ok", "arrived", {"kind": "trickle"}),
    Fault("cut before", "ok", "lost", {"kind": "cut", "delivered": False}, same_for_reads=True),
    Fault("cut at once", "ok", "arrived", {"kind": "cut", "size": 0}),
    Fault("cut in the head", "ok", "arrived", {"kind": "cut", "size": 40}),
    # An answer without a body has no half: this cuts it in its last byte.
    Fault("cut in the body", "any", "arrived", {"kind": "cut", "size": 250}),
    Fault("reset before", "ok", "lost", {"kind": "reset", "delivered": False}, same_for_reads=True),
    Fault("reset afterwards", "ok", "arrived", {"kind": "reset"}),
    # For good: nothing but a clear error can come of that.
    _status("500 for good", "refused", "denied", 500, ERROR, headers=JSON, lasting=True),
    _status("503 for good", "refused", "denied", 503, lasting=True),
    _status("401 for good", "refused", "denied", 401, lasting=True),
    _body("fields missing for good", "[{}]", fate="denied", lasting=True),
    Fault("reset for good", "refused", "denied", {"kind": "reset", "delivered": False}, lasting=True),
)
