# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints as methods: what to ask for, and the shape that the answer has to have."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from .._errors import DamError, ServerError, Unreachable
from .._text import clean
from .._transport.answers import Answer
from .._transport.client import Client
from .records import Row, Subscriber, array

MISMATCHES_SINCE = "CF214"
DELETE_SINCE = "CF216"
OPERATIONS_SINCE = "CF209"
WINDOWS_SINCE = "CF213"
HASH_LISTS_SINCE = "CF217"
SUBSCRIBERS_SINCE = "CF202"


class Dam:
    """The staging and operations calls of one environment's DAM API (vendor's OpenAPI document).

    Every method raises Unreachable where no answer came, and ServerError where it is not the documented one.
    ``advice`` is added to the messages of requests that failed, to tell which options are those of this environment.
    """

    def __init__(self, client: Client, advice: str = "") -> None:
        self.client = client
        self._advice = advice
        self._date: datetime | None = None

    @property
    def url(self) -> str:
        return self.client.connection.dam_url

    @property
    def date(self) -> datetime | None:
        """What the environment's clock showed in its last answer; None where it sent no ``Date`` header."""
        return self._date

    def now(self) -> datetime:
        """The environment's own clock, as its last answer's ``Date`` header had it; ours where it sends none."""
        return self._date or datetime.now(timezone.utc)

    def _get(self, path: str, since: str | None = None, **query: Any) -> Any:
        try:
            return self._seen(self.client.get(path, **query)).body
        except Unreachable as error:
            message = error.message + self._advice
            raise type(error)(message, sent=error.sent, final=error.final, **error.context) from None
        except ServerError as error:
            raise ServerError(error.message + self._release(error, since) + self._advice, **error.context) from None

    def _release(self, error: ServerError, since: str | None) -> str:
        """What a missing call means, if it was this call and not the login before it."""
        of_this_call = str(error.context.get("url", "")).startswith(self.url)
        if since is None or error.status not in (404, 405) or not of_this_call:
            return ""
        return (
            f" This call came with DAM release {since}: check that the server is not older, and that hostname, "
            "dx_port and dam_api_version lead to its DAM API."
        )

    def _seen(self, answer: Answer) -> Answer:
        self._date = answer.date or self._date
        return answer

    def api_version(self) -> str | None:
        """The DAM API's version such as ``1.41.0`` (1.N belongs to release CF(N+188)); None where it gives none."""
        rows = array(self._get("/api-version", since="CF203"), "versions")
        return clean(str(rows[0]["version"]), 100) if rows and rows[0].get("version") else None

    def subscribers(self) -> list[Subscriber]:
        """All environments that this one publishes to."""
        return [Subscriber.from_json(row) for row in self.subscriber_rows()]

    def subscriber_rows(self) -> list[Row]:
        """Return the same as the server gives it."""
        return array(self._get("/staging/subscriber", since=SUBSCRIBERS_SINCE), "subscribers")

    def subscriber(self, subscriber_id: str) -> Subscriber:
        path = "/staging/subscriber/" + quote(subscriber_id, safe="")
        return Subscriber.from_json(self._get(path))

    def register(self, target_host: str, cycle_length: int | None = None, enabled: bool | None = None) -> Subscriber:
        """Register a subscriber; what is None is the server's to choose. ``cycle_length`` is in minutes.

        Raises DamError where the server answers that it did not do it.
        """
        fields = {"targetHost": target_host, **_settings(cycle_length, enabled)}
        answer = self._seen(self.client.write("POST", "/staging/subscriber", fields))
        if isinstance(answer.body, dict) and answer.body.get("isSuccess") is False:
            said = clean(str(answer.body.get("errorMessage") or "no reason given"))
            raise DamError(
                f"POST {answer.url}: '{target_host}' was not registered: {said}",
                status=answer.status,
                url=answer.url,
                server_message=said,
            )
        return Subscriber.from_json(answer.body)

    def update(self, subscriber_id: str, cycle_length: int | None = None, enabled: bool | None = None) -> Subscriber:
        """Change the settings that are not None. ``cycle_length`` is in minutes."""
        return self._patch(subscriber_id, _settings(cycle_length, enabled))

    def deregister(self, subscriber_id: str) -> None:
        self._seen(self.client.write("DELETE", "/staging/subscriber/" + quote(subscriber_id, safe="")))

    def set_resync_status(self, subscriber_id: str, status: str) -> Subscriber:
        """Start a comparison or a resync (inferred from the vendor's OpenAPI document and command line)."""
        return self._patch(subscriber_id, {"resyncStatus": status})

    def _patch(self, subscriber_id: str, fields: Row) -> Subscriber:
        path = "/staging/subscriber/" + quote(subscriber_id, safe="")
        return Subscriber.from_json(self._seen(self.client.write("PATCH", path, fields)).body)

    def mismatches(
        self,
        offset: int,
        limit: int,
        subscriber_id: str | None = None,
        record_type: str | None = None,
        record_action: str | None = None,
    ) -> list[Row]:
        """A page of mismatch logs, of all subscribers where none is named. The rows have no documented schema."""
        body = self._get(
            "/staging/mismatches",
            since=MISMATCHES_SINCE,
            subscriberId=subscriber_id,
            recordType=record_type,
            recordAction=record_action,
            offset=offset,
            limit=limit,
        )
        return array(body, "mismatch logs")

    def delete_mismatches(self, subscriber_id: str | None = None) -> None:
        """Delete the mismatch logs of one subscriber, or of all; 404 and 405 where the release cannot do that."""
        self._seen(self.client.write("DELETE", "/staging/mismatches", subscriberId=subscriber_id))

    def operations(self, offset: int, limit: int, status: str | None = None) -> list[Row]:
        """A page of the operation queue, of one status or all. How the server's filter by trigger function matches is
        not documented, so it is never used."""
        body = self._get("/operations", since=OPERATIONS_SINCE, status=status, offset=offset, limit=limit)
        return array(body, "operations")

    def record_window(self, record_type: str, offset: int, limit: int) -> Row:
        """``hash`` and ``count`` of a window of records, and the ``id`` of one alone (vendor's OpenAPI document)."""
        path = f"/staging/records/{record_type}"
        return _object(self._get(path, since=WINDOWS_SINCE, offset=offset, limit=limit), "window of records")

    def record_hashes(self, record_type: str, first_id: str | None = None, last_id: str | None = None) -> list[Row]:
        """``id`` and ``hash`` of every record from one id to another (vendor's OpenAPI document).

        That both ends are included is inferred.
        """
        query = {"recordType": record_type, "firstId": first_id, "lastId": last_id}
        body = self._get("/staging/records", since=HASH_LISTS_SINCE, **query)
        return array(_object(body, "list of records").get("contents"), "ids and hashes")

    def record_total(self, record_type: str) -> int | None:
        """How many records of a type there are; None where the release or the answer does not tell (the body is not
        documented)."""
        try:
            body = self._get(f"/staging/records/{record_type}/summary")
        except ServerError:
            return None
        count = body.get("count") if isinstance(body, dict) else None
        if isinstance(count, bool) or not isinstance(count, (int, str)) or not str(count).isdecimal():
            return None
        return int(count)


def _object(body: Any, what: str) -> Row:
    if not isinstance(body, dict):
        raise ServerError(f"The server sent no {what}.", status=200)
    return body


def _settings(cycle_length: int | None, enabled: bool | None) -> Row:
    """The fields of a registration that were given: the vendor's OpenAPI document allows no null."""
    fields = {"cycleLength": cycle_length, "status": enabled}
    return {name: value for name, value in fields.items() if value is not None}
