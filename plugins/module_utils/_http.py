# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request to an environment consists of, and how its answer reads: no session, no sending."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._types import clean

DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_RETRY_AFTER = 60.0
MAX_PAUSE = 10.0
SHOWN = 200

Scrub = Callable[[str], str]


@dataclass(frozen=True)
class Connection:
    """Where an environment is and how to log in there; secrets stay out of its ``repr``.

    ``verify`` is True, False or the path of a CA bundle; ``timeout`` is in seconds.
    """

    hostname: str
    protocol: str
    dam_port: int
    ring_port: int
    dam_version: str = "v1"
    ring_version: str = "v1"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    verify: bool | str = True
    client_cert: str | None = None
    client_key: str | None = None
    timeout: float = 30.0
    retries: int = 3

    def _base(self, port: int, path: str) -> str:
        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        where = "" if port == DEFAULT_PORTS[self.protocol] else f":{port}"
        return f"{self.protocol}://{host}{where}/dx/api/{path}"

    @property
    def addresses(self) -> list[str]:
        """``host:port`` of the two APIs, the DAM API's first."""
        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return [f"{host}:{port}" for port in (self.dam_port, self.ring_port)]

    @property
    def dam_url(self) -> str:
        return self._base(self.dam_port, f"dam/{self.dam_version}")

    @property
    def ring_url(self) -> str:
        return self._base(self.ring_port, f"core/{self.ring_version}")


@dataclass(frozen=True)
class Answer:
    """A good answer: its status, the decoded JSON (None where the body was empty) and the server's clock."""

    status: int
    body: Any
    date: datetime | None
    url: str


@dataclass(frozen=True)
class Raw:
    """What came over the wire, of whatever status; the names of ``headers`` are in lower case."""

    status: int
    text: bytes
    headers: dict[str, str]
    token: str | None
    url: str

    def json(self) -> Any:
        return json.loads(self.text) if self.text.strip() else None


def server_message(raw: Raw) -> str:
    """The server's own words: ``error.message`` of DAM, with ``reason`` of Ring, else the beginning of what came."""
    try:
        error = raw.json()["error"]
        text = " - ".join(error[key] for key in ("message", "reason", "details") if error.get(key))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        text = ""
    return clean(text or _beginning(raw), SHOWN)


def server_date(headers: dict[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def retry_after(headers: dict[str, str], otherwise: float) -> float:
    """Seconds that the server asks to be left alone for, at most a minute; ``otherwise`` where it does not say."""
    try:
        return max(0.0, min(MAX_RETRY_AFTER, float(headers["retry-after"])))
    except (KeyError, ValueError):
        return otherwise


def backoff(attempt: int) -> float:
    """Seconds to wait after an attempt: doubling, bounded, and spread so that many clients do not come at once."""
    return min(0.5 * 2.0 ** (attempt - 1), MAX_PAUSE) * random.uniform(0.5, 1.0)


def origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def refused(method: str, raw: Raw, scrub: Scrub, account: str | None, login: bool = False) -> ServerError:
    """The server answered with an error: its own words, and what helps."""
    said = scrub(server_message(raw))
    text = f"{method} {raw.url} was answered with {raw.status}: {said.rstrip('.') or '(empty)'}."
    if login:
        text = f"Login as '{account}' failed. {text}"
    if raw.status == 401 and login:
        text += " Check dx_username and dx_password."
    elif raw.status in (401, 403):
        who = f"'{account}'" if account else "that the ltpa_token belongs to"
        text += f" The account {who} has to be an administrator of DAM."
    return ServerError(text, status=raw.status, url=raw.url, server_message=said)


def unusable(method: str, raw: Raw, scrub: Scrub, how: str) -> ServerError:
    """The status was good, but the answer is not what the API gives."""
    begin = scrub(clean(_beginning(raw), SHOWN))
    return ServerError(
        f"{method} {raw.url} was answered with {raw.status}, but {how}. The answer begins: {begin or '(empty)'}. "
        "Is this the address of the API, with nothing in front that answers in its place?",
        status=200,
        url=raw.url,
        server_message=begin,
    )


def redirected(method: str, raw: Raw, target: str) -> ServerError:
    """A redirect that is not followed, since the login would travel with it."""
    return ServerError(
        f"{method} {raw.url} was answered with a redirect ({raw.status}) to {clean(target.partition('?')[0], SHOWN)}, "
        "which is not followed: the login must not travel to another address. If that is where the API is, say so "
        "with hostname, dx_protocol and dx_port.",
        status=raw.status,
        url=raw.url,
    )


def _beginning(raw: Raw) -> str:
    return raw.text[: SHOWN * 4].decode("utf-8", "replace")
