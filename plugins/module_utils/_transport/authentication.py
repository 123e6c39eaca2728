# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a request proves who sends it. A further way to authenticate is one more class here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from .._errors import ServerError
from .answers import Raw, Scrub, refused, unusable

if TYPE_CHECKING:
    from .connection import Connection

COOKIE = "LtpaToken2"
_SHORTEST_MASKED = 8

# Sends a POST without authentication, with a URL and a JSON body. It may be repeated.
Post = Callable[[str, dict[str, Any]], Raw]


class Authentication(Protocol):
    """A way to authenticate. Immutable: a renewed object takes the place of one that the server refused."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that authenticate a request; empty if the object has to be renewed first."""

    @property
    def secrets(self) -> list[str]:
        """Everything that must not be shown."""

    @property
    def account(self) -> str:
        """Which account it is, for a sentence after the word "account"."""

    @property
    def renewable(self) -> bool:
        """Whether the object can renew itself."""

    def renewed(self, at: Connection, post: Post, scrub: Scrub) -> Authentication:
        """An object that the server has not refused yet. Raises DamError if there is none."""


@dataclass(frozen=True)
class Ltpa:
    """The cookie of an LTPA token: a token that was given, or the token of a login at the Ring API."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.token}"} if self.token else {}

    @property
    def secrets(self) -> list[str]:
        # A server chooses its token: a shorter one would be masked wherever it stands in the output.
        token = self.token if self.token and len(self.token) >= _SHORTEST_MASKED else None
        return [secret for secret in (self.password, token) if secret]

    @property
    def account(self) -> str:
        return f"'{self.username}'" if self.username else "that the ltpa_token belongs to"

    @property
    def renewable(self) -> bool:
        return self.username is not None and self.password is not None

    def renewed(self, at: Connection, post: Post, scrub: Scrub) -> Ltpa:
        if not self.renewable:
            raise ServerError(
                f"{at.dam_url} did not accept the ltpa_token: it has expired or was never valid there. Give a fresh "
                "one, or dx_username and dx_password so that it can be renewed.",
                status=401,
                url=at.dam_url,
            )
        raw = post(f"{at.ring_url}/auth/login", {"username": self.username, "password": self.password})
        if raw.status != 200:
            raise refused("POST", raw, scrub, f"Login as '{self.username}' failed. ", self._login_advice(raw.status))
        token = _token_in(raw.cookies)
        if not token:
            raise unusable("POST", raw, scrub, f"without the cookie {COOKIE}")
        return replace(self, token=token)

    def _login_advice(self, status: int) -> str:
        if status == 401:
            return " Check dx_username and dx_password."
        if status == 403:
            return rights_advice(self)
        if status == 404:
            return " Check that hostname, dx_port, ring_api_port and ring_api_version lead to the Ring API."
        return ""


def rights_advice(authentication: Authentication) -> str:
    """What helps if the server knows the account and refuses it."""
    return f" The account {authentication.account} has to be an administrator of DAM."


def _token_in(cookies: list[str]) -> str | None:
    """The token in the values of ``Set-Cookie`` headers."""
    for cookie in cookies:
        name, _equals, value = cookie.partition(";")[0].partition("=")
        if name.strip() == COOKIE and value.strip():
            return value.strip().strip('"')
    return None
