# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints as methods: what is sent, and what an answer has to be."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, cast

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import (
    DamError,
    ServerError,
    TooLarge,
    Unreachable,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.answers import Answer
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection

AT = datetime(2026, 11, 2, 7, tzinfo=timezone.utc)  # noqa: UP017 - also run on Python 3.9
ONE = {"id": "id{1}ä", "targetHost": "sub.example", "resyncStatus": "FIND_MISMATCH_START"}


class FakeClient:
    """A client that gives one answer, or raises it, and remembers what it was asked."""

    def __init__(self, body: Any, date: datetime | None = None) -> None:
        self.connection = Connection("pub.example", "https", 443, 443, Ltpa())
        self.body = body
        self.date = date
        self.calls: list[tuple[Any, ...]] = []

    def _answer(self, *call: Any) -> Answer:
        self.calls.append(call)
        if isinstance(self.body, Exception):
            raise self.body
        return Answer(200, self.body, self.date, "https://pub.example/x")

    def get(self, path: str, **query: Any) -> Answer:
        """Answer a read."""
        return self._answer("GET", path, query)

    def write(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Answer a change."""
        return self._answer(method, path, body, query)


def dam_with(body: Any, date: datetime | None = None) -> tuple[Dam, FakeClient]:
    """Make an API that gets one answer."""
    client = FakeClient(body, date)
    return Dam(cast("Any", client)), client


def test_an_api_says_where_it_is() -> None:
    assert dam_with([])[0].url == "https://pub.example/dx/api/dam/v1"


def test_subscribers_are_listed() -> None:
    dam, client = dam_with([ONE])
    assert [one.target_host for one in dam.subscribers()] == ["sub.example"]
    assert client.calls == [("GET", "/staging/subscriber", {})]


def test_an_id_is_quoted_in_the_path() -> None:
    dam, client = dam_with(ONE)
    assert dam.subscriber("id{1}ä").subscriber_id == "id{1}ä"
    dam.set_resync_status("id{1}ä", "FIND_MISMATCH_START")
    dam.update("id{1}ä", cycle_length=5)
    dam.deregister("id{1}ä")
    assert {call[1] for call in client.calls} == {"/staging/subscriber/id%7B1%7D%C3%A4"}
    assert [call[0] for call in client.calls] == ["GET", "PATCH", "PATCH", "DELETE"]


def test_a_run_is_triggered_by_the_status_alone() -> None:
    dam, client = dam_with(ONE)
    assert dam.set_resync_status("id-1", "FIND_MISMATCH_START").resync_status == "FIND_MISMATCH_START"
    assert client.calls == [("PATCH", "/staging/subscriber/id-1", {"resyncStatus": "FIND_MISMATCH_START"}, {})]


@pytest.mark.parametrize(
    ("cycle_length", "enabled", "fields"),
    [
        (None, None, {}),
        (1440, None, {"cycleLength": 1440}),
        (None, False, {"status": False}),
        (2, True, {"cycleLength": 2, "status": True}),
    ],
)
def test_settings_that_are_not_given_are_left_out_and_never_null(
    cycle_length: int | None, enabled: bool | None, fields: dict[str, Any]
) -> None:
    dam, client = dam_with(ONE)
    dam.update("id-1", cycle_length, enabled)
    dam.register("sub.example", cycle_length, enabled)
    assert [call[2] for call in client.calls] == [fields, {"targetHost": "sub.example", **fields}]


def test_mismatches_are_asked_for_page_by_page() -> None:
    rows = [{"any": "thing"}]
    dam, client = dam_with(rows)
    assert dam.mismatches(10, 5, "id-1", "KEYWORD", "DELETE") == rows
    dam.mismatches(0, 1)
    assert client.calls[0][2] == {
        "offset": 10,
        "limit": 5,
        "subscriberId": "id-1",
        "recordType": "KEYWORD",
        "recordAction": "DELETE",
    }
    assert client.calls[1][2] == {
        "offset": 0,
        "limit": 1,
        "subscriberId": None,
        "recordType": None,
        "recordAction": None,
    }


def test_mismatches_of_one_subscriber_or_of_all_are_deleted() -> None:
    dam, client = dam_with(None)
    dam.delete_mismatches("id-1")
    dam.delete_mismatches()
    assert client.calls == [
        ("DELETE", "/staging/mismatches", None, {"subscriberId": "id-1"}),
        ("DELETE", "/staging/mismatches", None, {"subscriberId": None}),
    ]


def test_operations_are_never_filtered_by_trigger_function_at_the_server() -> None:
    dam, client = dam_with([])
    dam.operations(0, 10, "TODO")
    assert client.calls == [("GET", "/operations", {"status": "TODO", "offset": 0, "limit": 10})]


@pytest.mark.parametrize(
    ("body", "version"),
    [([{"version": "1.41.0"}], "1.41.0"), ([{"version": 1}], "1"), ([], None), ([{}], None), ([{"version": ""}], None)],
)
def test_the_api_version_is_the_first_that_is_given(body: Any, version: str | None) -> None:
    assert dam_with(body)[0].api_version() == version


@pytest.mark.parametrize("body", [None, {}, "x", [1], [None]])
def test_an_answer_of_another_shape_is_an_error(body: Any) -> None:
    dam, _client = dam_with(body)
    for ask in (dam.api_version, dam.subscribers, lambda: dam.mismatches(0, 1), lambda: dam.operations(0, 1)):
        with pytest.raises(ServerError, match="The server sent") as caught:
            ask()
        assert caught.value.status == 200


@pytest.mark.parametrize("status", [404, 405])
def test_a_call_that_is_missing_names_the_release_that_it_came_with(status: int) -> None:
    dam, client = dam_with(None)
    for ask, release in (
        (dam.subscribers, "CF202"),
        (dam.api_version, "CF203"),
        (lambda: dam.operations(0, 1), "CF209"),
        (lambda: dam.mismatches(0, 1), "CF214"),
    ):
        client.body = ServerError("GET failed.", status=status, url=f"{dam.url}/x")
        with pytest.raises(ServerError, match=rf"^GET failed\. This call came with DAM release {release}: ") as caught:
            ask()
        assert caught.value.status == status
        assert caught.value.context["url"] == f"{dam.url}/x"


def test_a_login_that_is_missing_says_nothing_of_the_release_of_the_call() -> None:
    error = ServerError("Login failed.", status=404, url="https://pub.example/dx/api/core/v1/auth/login")
    with pytest.raises(ServerError, match=r"^Login failed\.$"):
        dam_with(error)[0].subscribers()


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_other_errors_say_nothing_of_releases(status: int) -> None:
    with pytest.raises(ServerError, match=r"^no$"):
        dam_with(ServerError("no", status=status))[0].subscribers()


def test_a_subscriber_that_is_not_there_says_nothing_of_releases() -> None:
    with pytest.raises(ServerError, match=r"^no$"):
        dam_with(ServerError("no", status=404))[0].subscriber("id-1")


def test_time_is_the_servers_where_it_tells() -> None:
    dam, client = dam_with([], AT)
    assert dam.date is None
    assert abs((dam.now() - datetime.now(timezone.utc)).total_seconds()) < 60  # noqa: UP017 - also run on Python 3.9
    dam.subscribers()
    client.date = None
    dam.subscribers()
    assert dam.now() == dam.date == AT


def test_a_changes_answer_tells_the_time_too() -> None:
    dam, _client = dam_with(ONE, AT)
    dam.set_resync_status("id-1", "FIND_MISMATCH_START")
    assert dam.now() == AT


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ({"count": 5}, 5),
        ({"count": 0}, 0),
        ({"count": "17"}, 17),
        ({"count": -1}, None),
        ({"count": True}, None),
        ({"count": 1.5}, None),
        ({"count": "²"}, None),
        ({"count": "many"}, None),
        ({"count": None}, None),
        ({}, None),
        (5, None),
        (None, None),
        (ServerError("no such call", status=404), None),
        (ServerError("down", status=500), None),
    ],
)
def test_a_total_is_a_number_or_unknown(body: Any, total: int | None) -> None:
    dam, client = dam_with(body)
    assert dam.record_total("KEYWORD") == total
    assert client.calls[0][1] == "/staging/records/KEYWORD/summary"


def test_a_total_of_a_server_that_cannot_be_reached_is_an_error() -> None:
    with pytest.raises(Unreachable):
        dam_with(Unreachable("gone", sent=False))[0].record_total("KEYWORD")


@pytest.mark.parametrize(
    ("message", "shown"), [("Host exists\nalready", "Host exists already"), (None, "no reason given")]
)
def test_a_registration_that_the_server_says_it_did_not_make_is_an_error(message: str | None, shown: str) -> None:
    dam, _client = dam_with({**ONE, "isSuccess": False, "errorMessage": message})
    with pytest.raises(DamError, match=f"'sub.example' was not registered: {shown}") as caught:
        dam.register("sub.example")
    assert caught.value.context["server_message"] == shown


def test_a_registration_that_went_well_is_the_subscriber() -> None:
    assert dam_with({**ONE, "isSuccess": True})[0].register("sub.example").subscriber_id == "id{1}ä"


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("Check dx_port.", sent=True, final=True, url="https://sub.example/x"),
        TooLarge("Check dx_port.", sent=False, url="https://sub.example/x"),
        ServerError("Check dx_port.", status=500, url="https://sub.example/x"),
    ],
)
def test_an_error_says_where_the_options_of_this_environment_stand(error: DamError) -> None:
    dam = Dam(cast("Any", FakeClient(error)), " They stand below 'subscriber'.")
    with pytest.raises(DamError) as caught:
        dam.subscribers()
    assert caught.value.message == str(caught.value) == "Check dx_port. They stand below 'subscriber'."
    assert type(caught.value) is type(error)
    assert vars(caught.value) == vars(error)
