# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a server's answer reads: its status, body, clock and errors. No session, no sending."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urljoin

from .._errors import ServerError
from .._text import clean
from .address import origin

MAX_RETRY_AFTER = 60.0
MAX_PAUSE = 10.0
MAX_HOPS = 3
SHOWN = 200
# A value takes up to thirty times as much memory as it does in an answer, so that many at most are read; for a list of
# rows so many more for each row that was asked for.
MOST_VALUES = 200_000
VALUES_OF_A_ROW = 1000
# So much of an answer is searched for secrets before it is cut to what is shown.
SEARCHED = 64 * 1024
TOKEN_COOKIE = "LtpaToken2"

Scrub = Callable[[str], str]


@dataclass(frozen=True)
class Answer:
    """A good answer: its status, the decoded JSON (None where the body was empty) and the server's clock."""

    status: int
    body: Any
    date: datetime | None
    url: str


class TooManyValues(ValueError):  # noqa: N818
    """An answer that would take far more memory than it has bytes."""


@dataclass(frozen=True)
class Raw:
    """What came over the wire, of whatever status; the names of ``headers`` are in lower case."""

    status: int
    text: bytes
    headers: dict[str, str]
    token: str | None
    url: str

    def json(self, rows: int = 0) -> Any:
        """What the answer says. Raises ``TooManyValues`` where that is much more than ``rows`` rows can."""
        most = MOST_VALUES + rows * VALUES_OF_A_ROW
        many = len(self.text) > most and _marks(self.text) > most  # the usual page is too short for that
        if many and (self.text.count(b'"') > 4 * most or _marks(_without_texts(self.text)) > most):
            raise TooManyValues
        return json.loads(self.text) if self.text.strip() else None


def _marks(text: bytes) -> int:
    """About how many values there are in a JSON text."""
    return sum(map(text.count, (b",", b"[", b"{")))


def _without_texts(text: bytes) -> bytes:
    """A JSON text without what stands between quotes, where a comma is no mark."""
    return re.sub(rb'"[^"]*"', b"", text.replace(rb"\\", b"").replace(rb"\"", b""))


class Secrets:
    """What must not be shown, in every form in which a server, a proxy or a library may give it back."""

    def __init__(self, *secrets: str | None) -> None:
        self._forms: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str | None) -> None:
        """Keep one more out of what is shown. Those from before stay out of it, a token that has run out included."""
        if not secret:
            return
        forms = {secret, quote_plus(secret, errors="replace")}
        forms |= {quote(secret, safe, errors="replace") for safe in ("", "/")}
        forms |= {escape(secret, quote=quotes) for quotes in (True, False)}
        forms |= {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
        # The longest first: one secret may be part of another. A new list, since other threads may be reading.
        self._forms = sorted(forms.union(self._forms), key=len, reverse=True)

    def scrub(self, text: str) -> str:
        """The text with asterisks in the place of every secret, and of the login in any URL, such as a proxy's.

        Has to come before the text is cut.
        """
        for form in self._forms:
            text = text.replace(form, "********")
        return re.sub(r"://\S{0,1000}@", "://********@", text)


def token_in(set_cookie: list[str]) -> str | None:
    """The token that the values of the headers ``Set-Cookie`` bring."""
    for header in set_cookie:
        name, _equals, value = header.partition(";")[0].partition("=")
        if name.strip() == TOKEN_COOKIE and value.strip():
            return value.strip().strip('"')
    return None


def server_message(raw: Raw, scrub: Scrub) -> str:
    """The server's own words: ``error.message`` of DAM, with ``reason`` of Ring, else the beginning of what came."""
    try:
        error = raw.json()["error"]
        text = " - ".join(error[key] for key in ("message", "reason", "details") if error.get(key))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        text = ""
    return clean(scrub(text), SHOWN) if text else _beginning(raw, scrub)


def server_date(headers: dict[str, str]) -> datetime | None:
    """The server's clock; None where it sends none that can be read."""
    try:
        date = parsedate_to_datetime(headers["date"])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def retry_after(headers: dict[str, str], otherwise: float) -> float:
    """Seconds that the server asks to be left alone for, at most a minute; ``otherwise`` where it does not say."""
    try:
        return max(0.0, min(MAX_RETRY_AFTER, float(headers["retry-after"])))
    except (KeyError, ValueError):
        return otherwise


def backoff(attempt: int) -> float:
    """Seconds to wait after an attempt: doubling, bounded, and spread so that many clients do not come at once."""
    return min(0.5 * 2.0 ** (attempt - 1), MAX_PAUSE) * random.uniform(0.5, 1.0)


def next_url(method: str, raw: Raw, hops: int, scrub: Scrub) -> str:
    """Where a redirect leads; raises ServerError where it is not to be followed.

    The login would travel with it to another address, and a change would be sent twice.
    """
    location = raw.headers.get("location", "")
    try:
        target = urljoin(raw.url, location)
    except ValueError:
        target = location
    if method == "GET" and hops <= MAX_HOPS and origin(target) == origin(raw.url):
        return target
    url, shown = scrub(raw.url), clean(scrub(target).partition("?")[0], SHOWN)
    raise ServerError(
        f"{method} {url} was answered with a redirect ({raw.status}) to {shown or 'nowhere'}, which is not followed: "
        "neither a login nor a change may travel to another address. If that is where the API is, say so with "
        "hostname, dx_protocol and dx_port.",
        status=raw.status,
        url=url,
    )


def refused(method: str, raw: Raw, scrub: Scrub, account: str | None, login: bool = False) -> ServerError:
    """The server answered with an error: its own words, and what helps."""
    said, url = server_message(raw, scrub), scrub(raw.url)
    text = f"{method} {url} was answered with {raw.status}: {said.rstrip('.') or '(empty)'}."
    if login:
        text = f"Login as '{account}' failed. {text}"
    if raw.status == 401 and login:
        text += " Check dx_username and dx_password."
    elif raw.status == 404 and login:
        text += " Check that hostname, dx_port, ring_api_port and ring_api_version lead to the Ring API."
    elif raw.status in (401, 403):
        who = f"'{account}'" if account else "that the ltpa_token belongs to"
        text += f" The account {who} has to be an administrator of DAM."
    return ServerError(text, status=raw.status, url=url, server_message=said)


def unusable(method: str, raw: Raw, scrub: Scrub, how: str) -> ServerError:
    """The status was good, but the answer is not what the API gives."""
    begin, url = _beginning(raw, scrub), scrub(raw.url)
    return ServerError(
        f"{method} {url} was answered with {raw.status}, but {how}. The answer begins: {begin or '(empty)'}. "
        "Is this the address of the API, with nothing in front that answers in its place?",
        status=200,
        url=url,
        server_message=begin,
    )


def _beginning(raw: Raw, scrub: Scrub) -> str:
    return clean(scrub(raw.text[:SEARCHED].decode("utf-8", "replace")), SHOWN)
