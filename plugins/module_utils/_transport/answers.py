# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer of a server says: its status, body, clock and errors. Sends nothing."""

from __future__ import annotations

import base64
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
# Bytes of an answer that are searched for secrets before the text is cut to what is shown.
SEARCHED = 64 * 1024
# A shorter part of a text in base64 may be a part of any other text.
_SHORTEST_INNER = 8

Scrub = Callable[[str], str]


@dataclass(frozen=True)
class Answer:
    """A good answer: its status, the decoded JSON (None without a body) and the server's clock (None without)."""

    status: int
    body: Any
    date: datetime | None
    url: str


@dataclass(frozen=True)
class Raw:
    """An answer of any status, as it was sent.

    The names of ``headers`` are in lower case. ``cookies`` are the values of the ``Set-Cookie`` headers.
    """

    status: int
    text: bytes
    headers: dict[str, str]
    cookies: list[str]
    url: str

    def json(self) -> Any:
        """The decoded body; None if it is empty. Raises ValueError or RecursionError if it is not JSON."""
        return json.loads(self.text) if self.text.strip() else None


class Secrets:
    """What must not be shown, in every form in which a server, a proxy or a library may repeat it."""

    def __init__(self, *secrets: str | None) -> None:
        self._forms: dict[str, re.Pattern[str]] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str | None) -> None:
        """Hide one more secret. The secrets from before stay hidden, an expired token included."""
        if not secret:
            return
        texts = {secret, *_base64(secret)}.union(self._forms)
        # The longest first: one secret may be part of another. A new dictionary: other threads may read the old one.
        self._forms = {text: self._forms.get(text) or _pattern(text) for text in sorted(texts, key=len, reverse=True)}

    def scrub(self, text: str) -> str:
        """The text with asterisks in place of every secret, and of the login in any URL, such as a proxy's.

        The text must not be cut before.
        """
        for pattern in self._forms.values():
            text = pattern.sub("********", text)
        return re.sub(r"://\S{0,1000}@", "://********@", text)


def _base64(text: str) -> set[str]:
    """The text in base64, and what is the same in the base64 of any longer text, such as ``user:password``."""
    data = text.encode("utf-8", "replace")
    found = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(data).decode()
        found |= {whole, whole.rstrip("=")}
        for before in range(3):
            # The characters whose six bits are bits of the text alone.
            first, end = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            inner = encode(bytes(before) + data).decode()[first:end]
            found |= {inner} if len(inner) >= _SHORTEST_INNER else set()
    return found


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern that finds a text however JSON, HTML or a URL writes its characters."""
    return re.compile("".join(_one_of(_spellings(char)) for char in text))


def _one_of(texts: set[str]) -> str:
    # JSON within JSON doubles each backslash.
    escaped = [re.escape(text).replace(r"\\", r"\\+") for text in sorted(texts, key=len, reverse=True)]
    return escaped[0] if len(escaped) == 1 else f"(?:{'|'.join(escaped)})"


def _spellings(char: str) -> set[str]:
    if char.isascii() and char.isalnum():
        return {char}
    units = char.encode("utf-16-be", "surrogatepass").hex()
    code, codes = ord(char), [units[start : start + 4] for start in range(0, len(units), 4)]
    found = {char, f"\\{char}", json.dumps(char)[1:-1], escape(char), f"&#{code};"}
    found |= {quote(char, safe="", errors="replace"), quote_plus(char, errors="replace")}
    # Libraries differ in the characters that they escape, and in the case of the digits.
    found |= {"".join(f"\\u{each}" for each in codes), "".join(f"\\u{each.upper()}" for each in codes)}
    found |= {f"&#x{code:x};", f"&#x{code:X};", quote(char, safe="", errors="replace").lower()}
    return found


def server_message(raw: Raw, scrub: Scrub) -> str:
    """The server's own words: ``error.message`` of DAM, with ``reason`` of Ring, else the beginning of the answer."""
    try:
        error = raw.json()["error"]
        text = " - ".join(error[key] for key in ("message", "reason", "details") if error.get(key))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        text = ""
    return clean(scrub(text), SHOWN) if text else _beginning(raw, scrub)


def server_date(headers: dict[str, str]) -> datetime | None:
    """The server's clock; None if there is no valid ``Date`` header."""
    try:
        date = parsedate_to_datetime(headers["date"])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def retry_after(headers: dict[str, str], otherwise: float) -> float:
    """Seconds to wait as the server asks, at most a minute; ``otherwise`` if it gives no number."""
    try:
        return max(0.0, min(MAX_RETRY_AFTER, float(headers["retry-after"])))
    except (KeyError, ValueError):
        return otherwise


def backoff(attempt: int) -> float:
    """Seconds to wait after an attempt: doubling, bounded, and spread so that many clients do not come at once."""
    return min(0.5 * 2.0 ** (attempt - 1), MAX_PAUSE) * random.uniform(0.5, 1.0)


def next_url(method: str, raw: Raw, hops: int, scrub: Scrub) -> str:
    """The URL that a redirect leads to. Raises ServerError if it must not be followed.

    The login would travel to another address, and a change would be sent twice.
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


def refused(method: str, raw: Raw, scrub: Scrub, before: str = "", after: str = "") -> ServerError:
    """The server answered with an error: its own words, between two further sentences."""
    said, url = server_message(raw, scrub), scrub(raw.url)
    text = f"{before}{method} {url} was answered with {raw.status}: {said.rstrip('.') or '(empty)'}.{after}"
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
