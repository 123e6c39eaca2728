# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subscribers that an environment knows as a publisher."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from damsim.errors import ApiError
from damsim.names import RUNNING_STATUSES

Registration = dict[str, Any]
RESYNC_FIELDS = ("resyncStatus", "lastResyncTime")
_FIELDS = (
    "id",
    "targetHost",
    "syncStatus",
    "syncFailureLogs",
    "lastSyncTime",
    *RESYNC_FIELDS,
    "cycleLength",
    "status",
    "created",
    "updated",
)


class Registrations:
    """Reading and writing registrations; fields that are ``None`` are left out.

    Args:
        connection: of the environment's database.
        now: the environment's time as the API writes it.
    """

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], str]) -> None:
        self._db = connection
        self._now = now

    def all(self) -> list[Registration]:
        """All registrations, the oldest first."""
        return [json.loads(doc) for (doc,) in self._db.execute("SELECT doc FROM subscribers ORDER BY rowid")]

    def find(self, registration_id: str) -> Registration | None:
        """One registration by its id."""
        row = self._db.execute("SELECT doc FROM subscribers WHERE id=?", (registration_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def get(self, key: str, by: str = "id") -> Registration:
        """One registration.

        Args:
            key: its id or its target host.
            by: ``id``, ``host`` or ``either``.

        Raises:
            ApiError: 404 when there is none.
        """
        for registration in self.all():
            if (by != "host" and registration["id"] == key) or (by != "id" and registration["targetHost"] == key):
                return registration
        raise ApiError(404, f"Entity not found: SubscriberRegistration with id {json.dumps(key)}")

    def add(self, fields: Mapping[str, Any], registration_id: str | None = None) -> Registration:
        """Register a host.

        Raises:
            ApiError: 409 when the host is registered already.
        """
        host = fields["targetHost"]
        if any(other["targetHost"] == host for other in self.all()):
            raise ApiError(409, f"A subscriber with the target host {host} exists already.")
        now = self._now()
        registration: Registration = {"cycleLength": 2, "status": True, "created": now, "updated": now}
        registration.update(fields)
        registration["id"] = registration_id or str(uuid4())
        return self._save(registration)

    def change(self, registration_id: str, fields: Mapping[str, Any], touch: bool = True) -> Registration | None:
        """Change fields (``None`` removes one); nothing happens when the registration has gone."""
        registration = self.find(registration_id)
        if registration is None:
            return None
        if touch:
            registration["updated"] = self._now()
        registration.update(fields)
        return self._save(registration)

    def delete(self, registration_id: str) -> None:
        """Forget a registration."""
        self._db.execute("DELETE FROM subscribers WHERE id=?", (registration_id,))

    def running(self) -> list[Registration]:
        """Registrations whose status says that a comparison or a resync runs."""
        return [registration for registration in self.all() if registration.get("resyncStatus") in RUNNING_STATUSES]

    def _save(self, registration: Registration) -> Registration:
        ordered = {key: registration[key] for key in _FIELDS if registration.get(key) is not None}
        self._db.execute(
            "INSERT INTO subscribers VALUES(?,?) ON CONFLICT(id) DO UPDATE SET doc=excluded.doc",
            (ordered["id"], json.dumps(ordered)),
        )
        return ordered


def without(registration: Registration, hidden: tuple[str, ...]) -> Registration:
    """A registration less the fields that a release does not have."""
    return {key: value for key, value in registration.items() if key not in hidden}
