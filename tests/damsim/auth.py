# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users, and the sessions behind their LTPA tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from fastapi import Request

from damsim.errors import ApiError
from damsim.names import COOKIE


@dataclass(frozen=True)
class User:
    """Someone who may log in."""

    name: str
    password: str
    administrator: bool

    @property
    def uid(self) -> str:
        """Distinguished name, as Ring answers it."""
        return f"uid={self.name},o=defaultWIMFileBasedRealm"


ADMINISTRATOR = User("wpsadmin", "wpsadmin-secret", administrator=True)
AUTHOR = User("author", "author-secret", administrator=False)
USERS = {user.name: user for user in (ADMINISTRATOR, AUTHOR)}


class Sessions:
    """Tokens that were handed out and when they end.

    Args:
        now: simulated time, seconds.
        ttl: gives the life of a new token, seconds.
    """

    def __init__(self, now: Callable[[], float], ttl: Callable[[], float]) -> None:
        self._now = now
        self._ttl = ttl
        self._ends: dict[str, tuple[User, float]] = {}

    def login(self, username: str, password: str) -> tuple[User, str] | None:
        """A user and a new token, or ``None`` when name or password are wrong."""
        user = USERS.get(username)
        known = user.password if user else ""
        if not compare_digest(known.encode(), password.encode("utf-8", "replace")) or user is None:
            return None
        token = secrets.token_hex(32)
        self._ends[token] = (user, self._now() + self._ttl())
        return user, token

    def user(self, token: str | None) -> User | None:
        """Whose token it is, if it still counts."""
        user, end = self._ends.get(token or "", (None, 0.0))
        if user is not None and end <= self._now():
            del self._ends[token or ""]
            return None
        return user

    def logout(self, token: str) -> None:
        """Forget one token."""
        self._ends.pop(token, None)

    def forget_all(self) -> None:
        """Every token ends now, as when the server restarts."""
        self._ends.clear()


class Guard:
    """FastAPI dependencies that want a valid token.

    Args:
        sessions: of the environment.
        documents_403: gives whether a 403 may only be sent where the vendor's document lists it.
    """

    def __init__(self, sessions: Sessions, documents_403: Callable[[], bool]) -> None:
        self._sessions = sessions
        self._documents_403 = documents_403

    async def signed_in(self, request: Request) -> User:
        """Any user.

        Raises:
            ApiError: 401 when the token is missing, wrong or expired.
        """
        user = self._sessions.user(request.cookies.get(COOKIE))
        if user is None:
            raise ApiError(401, "The user is not authenticated.", "The LTPA token is missing, invalid or expired.")
        return user

    async def administrator(self, request: Request) -> User:
        """An administrator; others get 403."""
        return await self._only_administrators(request, 403)

    async def administrator_undocumented(self, request: Request) -> User:
        """An administrator, at a call for which the vendor's document lists no 403."""
        return await self._only_administrators(request, 401 if self._documents_403() else 403)

    async def _only_administrators(self, request: Request, status: int) -> User:
        user = await self.signed_in(request)
        if not user.administrator:
            raise ApiError(status, "The user has no permission for this operation.", "Only administrators may do this.")
        return user
