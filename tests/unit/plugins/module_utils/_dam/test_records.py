# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's JSON as records, whatever it leaves out or makes up."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Operation, Subscriber, array
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import clean, parse_time

UTC = timezone.utc  # noqa: UP017 - also run on Python 3.9
AT = datetime(2026, 11, 2, 7, 0, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-02T07:00:12Z", AT),
        ("2026-11-02t07:00:12z", AT),
        ("2026-11-02T07:00:12", AT),
        ("2026-11-02 07:00:12", AT),
        ("2026-11-02T09:00:12+02:00", AT),
        ("2026-11-02T07:00:12.5Z", AT + timedelta(milliseconds=500)),
        ("2026-11-02T07:00:12.05Z", AT + timedelta(milliseconds=50)),
        ("2026-11-02T07:00:12.123Z", AT + timedelta(milliseconds=123)),
        ("2026-11-02T07:00:12.1234Z", AT + timedelta(microseconds=123400)),
        ("2026-11-02T07:00:12.123456789Z", AT + timedelta(microseconds=123456)),
        ("2026-11-02T07:00:12.000+00:00", AT),
        ("  2026-11-02T07:00:12Z\n", AT),
        (None, None),
        ("", None),
        ("yesterday", None),
        ("2026-13-02T07:00:12Z", None),
        ("1793602812", None),
        ("0000-00-00T00:00:00Z", None),
    ],
)
def test_times_are_read_in_every_usual_spelling(text: str | None, instant: datetime | None) -> None:
    assert parse_time(text) == instant


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 9))
def test_a_time_is_read_with_any_number_of_digits_of_its_fraction(instant: datetime, digits: int) -> None:
    fraction = f"{instant.microsecond:06}000"[:digits]
    text = f"{instant.replace(tzinfo=None, microsecond=0).isoformat()}.{fraction}Z"
    parsed = parse_time(text)
    assert parsed is not None
    assert timedelta(0) <= instant - parsed < timedelta(seconds=10.0**-digits + 1e-6)


@given(st.text(max_size=40))
def test_any_text_is_a_time_with_a_zone_or_none(text: str) -> None:
    instant = parse_time(text)
    assert instant is None or instant.tzinfo is not None


@given(st.text(max_size=300), st.integers(1, 250))
def test_a_cleaned_text_is_printable_and_no_longer_than_allowed(text: str, most: int) -> None:
    shown = clean(text, most)
    assert len(shown) <= most
    assert shown == "" or shown.isprintable()
    assert shown.endswith("…") or len(text) <= most


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\r\nlines\t.", "two  lines ."),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\u202egpj.exe", "gpj.exe"),
        ("ünïcödé 漢字", "ünïcödé 漢字"),
        ("\ud800x", "x"),
        ("x" * 2001, "x" * 1999 + "…"),
    ],
)
def test_what_could_trick_a_terminal_is_taken_out(text: str, shown: str) -> None:
    assert clean(text) == shown


FULL = {
    "id": "id-1",
    "targetHost": "sub.example",
    "status": True,
    "cycleLength": 2,
    "syncStatus": "SUCCESS",
    "resyncStatus": "FIND_MISMATCH_COMPLETED",
    "lastSyncTime": "2026-11-02T07:00:00.000Z",
    "lastResyncTime": "2026-11-02T07:00:12.000Z",
    "created": "2026-10-01T07:00:00.000Z",
    "updated": "2026-11-02T07:00:13.000Z",
    "syncFailureLogs": ["one", {"a": 1}],
    "somethingNew": 1,
}


def test_a_subscriber_is_all_that_the_server_says_of_it() -> None:
    assert asdict(Subscriber.from_json(FULL)) == {
        "subscriber_id": "id-1",
        "target_host": "sub.example",
        "enabled": True,
        "cycle_length": 2,
        "sync_status": "SUCCESS",
        "resync_status": "FIND_MISMATCH_COMPLETED",
        "last_sync_time": "2026-11-02T07:00:00.000Z",
        "last_resync_time": "2026-11-02T07:00:12.000Z",
        "created": "2026-10-01T07:00:00.000Z",
        "updated": "2026-11-02T07:00:13.000Z",
        "sync_failure_logs": '["one", {"a": 1}]',
    }


def test_what_the_server_leaves_out_of_a_subscriber_is_null() -> None:
    fields = asdict(Subscriber.from_json({"id": "id-1", "targetHost": "sub.example"}))
    known = {name: fields.pop(name) for name in ("subscriber_id", "target_host", "enabled")}
    assert set(fields.values()) == {None}
    assert known["enabled"] is False


@pytest.mark.parametrize("value", [None, "", "x", 5, 0, [], {}, {"a": []}, True, 1.5, float("inf")])
def test_a_field_of_another_type_is_no_exception(value: Any) -> None:
    for name in set(FULL) - {"id", "targetHost"}:
        one = Subscriber.from_json({**FULL, name: value})
        assert json.dumps(asdict(one))
        assert one.enabled is (value is True if name == "status" else True)
    for name in ("errorInfo", "retryCounter", "created", "updated"):
        found = Operation.from_json({"id": "1", "triggerFunction": "f", "status": "TODO", name: value})
        assert isinstance(found.retry_counter, int)


@pytest.mark.parametrize(("given_length", "length"), [("15", 15), (15.0, 15), ("x", None), (None, None), ([], None)])
def test_a_cycle_length_is_a_number_or_null(given_length: Any, length: int | None) -> None:
    assert Subscriber.from_json({**FULL, "cycleLength": given_length}).cycle_length == length


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"id": "", "targetHost": "x"}, {"id": 5, "targetHost": "x"}])
def test_a_subscriber_without_its_id_is_an_error(data: Any) -> None:
    with pytest.raises(ServerError, match="subscriber lacks a usable 'id'") as caught:
        Subscriber.from_json(data)
    assert caught.value.status == 200


@pytest.mark.parametrize(
    "id_", ["..", ".", "-x", "a b", "a\nb", "a\x1b[2Jb", "a\u202eb", " ", "../x", "a/b", "a\\b", "x" * 256]
)
def test_an_id_that_is_a_path_an_option_or_not_printable_is_an_error(id_: str) -> None:
    with pytest.raises(ServerError, match="subscriber has an 'id' that cannot be one") as caught:
        Subscriber.from_json({"id": id_, "targetHost": "x"})
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("id_", ["5ab5c41e-0000-4000-8000-000000000001", "1", "{x}", "\u00e4", "a.b..c"])
def test_any_other_text_is_an_id(id_: str) -> None:
    assert Subscriber.from_json({"id": id_, "targetHost": "x"}).subscriber_id == id_


@pytest.mark.parametrize("host", [None, "", 5, ["x"]])
def test_a_subscriber_without_its_host_is_an_error(host: Any) -> None:
    with pytest.raises(ServerError, match="subscriber lacks a usable 'targetHost'"):
        Subscriber.from_json({"id": "id-1", "targetHost": host})


def test_an_operation_is_what_the_server_says_of_it_but_never_its_inputs() -> None:
    data = {
        "id": "1",
        "triggerFunction": "syncStagingMediaContent",
        "status": "FAILED",
        "errorInfo": {"message": "disk\nfull"},
        "retryCounter": "3",
        "created": "2026-11-02T07:00:00.000Z",
        "updated": "2026-11-02T07:01:00.000Z",
        "inputs": {"password": "secret"},
        "owner": "x",
        "priority": 1,
    }
    assert Operation.from_json(data).as_dict() == {
        "operation_id": "1",
        "trigger_function": "syncStagingMediaContent",
        "status": "FAILED",
        "error_info": '{"message": "disk\\nfull"}',
        "retry_counter": 3,
        "created": "2026-11-02T07:00:00.000Z",
        "updated": "2026-11-02T07:01:00.000Z",
    }


@pytest.mark.parametrize("missing", ["id", "triggerFunction", "status"])
def test_an_operation_without_what_tells_it_is_an_error(missing: str) -> None:
    data = {"id": "1", "triggerFunction": "f", "status": "TODO"}
    del data[missing]
    with pytest.raises(ServerError, match=f"operation lacks a usable '{missing}'"):
        Operation.from_json(data)


@pytest.mark.parametrize(
    ("function", "is_sync"),
    [
        ("syncStagingMediaContent", True),
        ("sync", True),
        ("resyncSubscriber", False),
        ("Sync", False),
        ("a sync", False),
    ],
)
def test_sync_operations_are_told_by_how_their_name_begins(function: str, is_sync: bool) -> None:
    assert Operation.from_json({"id": "1", "triggerFunction": function, "status": "TODO"}).is_sync is is_sync


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        *((status, False) for status in ("TODO", "READ", "PROCESSING", "SUCCESS", "RETRY", "WAIT", "PENDING", "NEW")),
        ("FAILED", True),
        ("ABORT", True),
    ],
)
def test_only_failed_and_aborted_operations_are_finished(status: str, finished: bool) -> None:
    assert Operation.from_json({"id": "1", "triggerFunction": "f", "status": status}).finished is finished


@pytest.mark.parametrize("data", [None, {}, "x", 5])
def test_an_answer_that_has_to_be_an_array_is_an_error_otherwise(data: Any) -> None:
    with pytest.raises(ServerError, match="no array of things") as caught:
        array(data, "things")
    assert caught.value.status == 200


@pytest.mark.parametrize("element", [None, 5, "x", []])
def test_an_array_of_anything_but_objects_is_an_error(element: Any) -> None:
    with pytest.raises(ServerError, match="an array of things with elements that are no objects"):
        array([{"a": 1}, element], "things")


def test_an_array_is_made_into_records() -> None:
    assert [one.target_host for one in array([FULL], "subscribers", Subscriber.from_json)] == ["sub.example"]
    assert array([{"a": 1}], "rows") == [{"a": 1}]


@pytest.mark.parametrize(
    ("status", "in_progress", "finished"),
    [
        *(
            (status, True, False)
            for status in ("TODO", "PENDING", "WAIT", "RETRY", "READ", "PROCESSING", "SOMETHING_NEW")
        ),
        ("SUCCESS", False, False),
        ("FAILED", False, True),
        ("ABORT", False, True),
    ],
)
def test_an_operation_done_well_is_not_in_progress_and_not_yet_finished(
    status: str, in_progress: bool, finished: bool
) -> None:
    found = Operation.from_json({"id": "1", "triggerFunction": "syncStagingMediaContent", "status": status})
    assert (found.in_progress, found.finished) == (in_progress, finished)
