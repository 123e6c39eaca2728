# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server objects as frozen records, each made in one place from the server's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .._errors import ServerError
from .._text import clean, is_identifier

Row = dict[str, Any]

# Everything that the vendor's OpenAPI document lists as an operation's status.
UNFINISHED_STATUSES = ("TODO", "PENDING", "WAIT", "RETRY", "READ", "PROCESSING", "SUCCESS")
FINISHED_STATUSES = ("FAILED", "ABORT")

RECORD_TYPES = (
    "COLLECTION",
    "MEDIA_ITEM",
    "COLLECTION_MEDIA_RELATION",
    "RENDITION",
    "VERSION",
    "FAVORITE",
    "KEYWORD",
    "CUSTOM_URL",
    "MEDIA_TYPE",
    "MEDIA_TYPE_GROUP",
    "RESOURCE",
    "PERMISSION",
)
RECORD_ACTIONS = ("CREATE", "UPDATE", "DELETE")


def _text(data: Row, key: str) -> str | None:
    value = data.get(key)
    if value is None or value == "":
        return None
    return clean(value if isinstance(value, str) else json.dumps(value))


def _number(data: Row, key: str) -> int | None:
    try:
        return int(data[key])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _required(data: Any, key: str, what: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, str) or not value:
        raise ServerError(f"The server's {what} lacks a usable '{key}'.", status=200)
    return clean(value)


def _identifier(data: Any, what: str) -> str:
    """The ``id`` that becomes part of paths and file names."""
    value = _required(data, "id", what)
    if not is_identifier(data["id"]):
        raise ServerError(f"The server's {what} has an 'id' that cannot be one: '{value}'.", status=200)
    return value


@dataclass(frozen=True)
class Subscriber:
    """A subscriber as its publisher has registered it (vendor's OpenAPI document: ``SubscriberRegistration``).

    Times are the server's ISO 8601 texts; ``cycle_length`` is in minutes.
    """

    subscriber_id: str
    target_host: str
    enabled: bool
    cycle_length: int | None
    sync_status: str | None
    resync_status: str | None
    last_sync_time: str | None
    last_resync_time: str | None
    created: str | None
    updated: str | None
    sync_failure_logs: str | None

    @classmethod
    def from_json(cls, data: Any) -> Subscriber:
        """Make it of the server's JSON. Raises ServerError if ``id`` or ``targetHost`` is missing or cannot be used."""
        return cls(
            subscriber_id=_identifier(data, "subscriber"),
            target_host=_required(data, "targetHost", "subscriber"),
            enabled=data.get("status") is True,
            cycle_length=_number(data, "cycleLength"),
            sync_status=_text(data, "syncStatus"),
            resync_status=_text(data, "resyncStatus"),
            last_sync_time=_text(data, "lastSyncTime"),
            last_resync_time=_text(data, "lastResyncTime"),
            created=_text(data, "created"),
            updated=_text(data, "updated"),
            sync_failure_logs=_text(data, "syncFailureLogs"),
        )


@dataclass(frozen=True)
class Operation:
    """An entry of an environment's operation queue (vendor's OpenAPI document: ``Operation``).

    ``inputs`` is left out: what it holds is not documented, and nobody can say that it never holds a secret.
    """

    operation_id: str
    trigger_function: str
    status: str
    error_info: str | None
    retry_counter: int
    created: str | None
    updated: str | None

    @classmethod
    def from_json(cls, data: Any) -> Operation:
        """Make it of the server's JSON.

        Raises ServerError if ``id``, ``triggerFunction`` or ``status`` is missing or cannot be used.
        """
        return cls(
            operation_id=_required(data, "id", "operation"),
            trigger_function=_required(data, "triggerFunction", "operation"),
            status=_required(data, "status", "operation"),
            error_info=_text(data, "errorInfo"),
            retry_counter=_number(data, "retryCounter") or 0,
            created=_text(data, "created"),
            updated=_text(data, "updated"),
        )

    @property
    def is_sync(self) -> bool:
        """True for the operations by which staging and a resync change a subscriber (vendor's documentation)."""
        return self.trigger_function.startswith("sync")

    @property
    def in_progress(self) -> bool:
        """True for what keeps a comparison or a resync from being started: there, other than when a queue is drained,
        the vendor's documentation leaves SUCCESS out. A status that nobody knows counts."""
        return not self.finished and self.status != "SUCCESS"

    @property
    def finished(self) -> bool:
        """True only for FAILED and ABORT: SUCCESS counts as not yet complete, and so does a status nobody knows."""
        return self.status in FINISHED_STATUSES

    def as_dict(self) -> Row:
        return asdict(self)


Make = Callable[[Any], Any]


def array(data: Any, what: str, make: Make | None = None) -> list[Any]:
    """The elements of an answer that has to be an array of objects; raises ServerError where it is not."""
    if not isinstance(data, list):
        raise ServerError(f"The server sent no array of {what}.", status=200)
    if not {dict}.issuperset(map(type, data)):  # a tenth of the time of a loop, which counts with a million rows
        raise ServerError(f"The server sent an array of {what} with elements that are no objects.", status=200)
    return [make(element) for element in data] if make else data
