# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the event source tells of a subscriber: each change once, and nothing that nobody knows."""

from __future__ import annotations

import json

import pytest
from jinja2 import Environment

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.records import Operation, Subscriber
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import Unreachable
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch import events as told
from support.fakes import operation, subscriber

NEVER = None
COMPARING, COMPARED, FAILED = "FIND_MISMATCH_START", "FIND_MISMATCH_COMPLETED", "FIND_MISMATCH_FAILED"
RESYNCING, RESYNCED = "RESYNC_TRIGGER_START", "RESYNC_TRIGGER_COMPLETED"
RESYNC_FAILED = "RESYNC_TRIGGER_FAILED"

# A status, the time of its run, and how many mismatch logs there are; None where counting them would be a fault.
Look = tuple[str | None, str, int | None]


def must_not_be_asked() -> int:
    raise AssertionError("asked for nothing")


def tell(*looks: Look, tell_first: bool = True) -> list[list[str]]:
    """Return the types of what each look tells."""
    story = told.Story(tell_first)
    return [
        [
            kind
            for kind, _facts in story.staging(
                subscriber(status, moved), must_not_be_asked if rows is None else lambda rows=rows: rows
            )
        ]
        for status, moved, rows in looks
    ]


def test_drift_is_told_when_the_comparison_ended_and_not_at_every_look() -> None:
    looks: list[Look] = [(NEVER, "1", None), (COMPARING, "2", None), (COMPARED, "2", 3), (COMPARED, "2", None)]
    assert tell(*looks) == [[], [], ["drift_found"], []]


def test_a_comparison_between_two_looks_is_known_by_its_time() -> None:
    looks: list[Look] = [(COMPARED, "1", 0), (COMPARED, "2", 5), (COMPARED, "3", 6)]
    assert tell(*looks) == [[], ["drift_found"], []]


def test_a_resync_that_does_not_help_is_no_new_drift() -> None:
    looks: list[Look] = [
        (COMPARED, "1", 3),
        (RESYNCING, "2", None),
        (RESYNCED, "2", None),
        (COMPARING, "3", None),
        (COMPARED, "3", 3),
    ]
    assert tell(*looks) == [["drift_found"], [], [], [], []]


def test_drift_is_told_again_after_a_comparison_that_found_none() -> None:
    looks: list[Look] = [(COMPARED, "1", 3), (COMPARED, "2", 0), (COMPARED, "2", 0), (COMPARED, "3", 1)]
    assert tell(*looks) == [["drift_found"], [], ["in_sync"], ["drift_found"]]


def test_in_sync_waits_for_a_second_look_since_logs_are_deleted_before_a_comparison() -> None:
    looks: list[Look] = [(COMPARED, "1", 3), (COMPARED, "2", 0), (COMPARING, "3", None), (COMPARED, "3", 2)]
    assert tell(*looks) == [["drift_found"], [], [], []]
    assert tell((COMPARED, "1", 0), (COMPARED, "2", 0), (COMPARED, "2", 4)) == [[], [], ["drift_found"]]


def test_no_logs_at_the_first_look_prove_nothing() -> None:
    assert tell((COMPARED, "1", 0), (COMPARED, "1", None), (COMPARED, "1", None)) == [[], [], []]


def test_logs_that_are_deleted_without_a_comparison_are_no_sign_of_anything() -> None:
    assert tell((COMPARED, "1", 3), (COMPARED, "1", None)) == [["drift_found"], []]


def test_failures_are_told_once_and_unknown_statuses_are_comparisons_that_run() -> None:
    looks: list[Look] = [(FAILED, "1", None), ("SOMETHING_NEW", "2", None), (FAILED, "2", None), (COMPARED, "3", 1)]
    assert tell(*looks) == [["comparison_failed"], [], [], ["drift_found"]]
    assert tell((RESYNC_FAILED, "1", None), (RESYNC_FAILED, "1", None)) == [["resync_failed"], []]
    assert tell((RESYNC_FAILED, "1", None), (RESYNC_FAILED, "2", None)) == [["resync_failed"], ["resync_failed"]]


def test_what_is_found_at_first_can_be_kept_quiet_and_is_no_news_later() -> None:
    looks: list[Look] = [(COMPARED, "1", 3), (COMPARED, "2", 3), (FAILED, "3", None)]
    assert tell(*looks, tell_first=False) == [[], [], ["comparison_failed"]]


def test_what_is_found_at_first_says_so() -> None:
    story = told.Story(True)
    assert story.staging(subscriber(COMPARED, "1"), lambda: 7) == [
        ("drift_found", {"mismatch_count": 7, "at_start": True})
    ]


def test_what_could_not_be_asked_is_told_at_a_later_look() -> None:
    story = told.Story(True)

    def gone() -> int:
        raise Unreachable("gone", sent=True)

    with pytest.raises(Unreachable):
        story.staging(subscriber(COMPARED, "1"), gone)
    assert [kind for kind, _facts in story.staging(subscriber(COMPARED, "1"), lambda: 7)] == ["drift_found"]


def queue_story(status: str | None, moved: str = "1") -> told.Story:
    """Return what is known after a first look at the publisher."""
    story = told.Story(True)
    story.staging(subscriber(status, moved), lambda: 0)
    return story


def kinds(story: told.Story, failed: list[Operation], idle: bool | None = None) -> list[str]:
    """Return the types of what a look at the queue tells; ``idle`` is None where asking would be a fault."""
    found = story.operations(failed, must_not_be_asked if idle is None else lambda: idle)  # type: ignore[arg-type]
    return [kind for kind, _facts in found]


def test_a_resync_is_finished_only_when_the_queue_is_idle() -> None:
    story = queue_story(RESYNCING)
    assert kinds(story, []) == []
    story.staging(subscriber(RESYNCED, "1"), must_not_be_asked)
    assert kinds(story, [], False) == []
    assert kinds(story, [], True) == ["resync_finished"]
    assert kinds(story, []) == []


def test_a_resync_is_finished_too_where_the_next_comparison_has_begun() -> None:
    story = queue_story(RESYNCED)
    assert kinds(story, [], False) == []
    story.staging(subscriber(COMPARING, "2"), must_not_be_asked)
    assert kinds(story, [], True) == ["resync_finished"]


def test_a_resync_that_was_not_seen_to_be_triggered_is_not_finished() -> None:
    story = queue_story(RESYNCING)
    story.staging(subscriber(COMPARING, "2"), must_not_be_asked)
    assert kinds(story, []) == []


def test_a_resync_is_not_finished_while_another_one_is_begun() -> None:
    story = queue_story(RESYNCED)
    story.staging(subscriber(RESYNCING, "2"), must_not_be_asked)
    assert kinds(story, []) == []


def test_a_resync_whose_operations_could_not_be_created_is_not_finished() -> None:
    story = queue_story(RESYNCING)
    story.staging(subscriber(RESYNC_FAILED, "1"), must_not_be_asked)
    assert kinds(story, []) == []


def test_failed_operations_are_told_once_each() -> None:
    story = queue_story(NEVER)
    one, two = (operation(status="FAILED", id=name) for name in ("1", "2"))
    assert [kinds(story, each) for each in ([], [one], [one], [one, two], [two], [])] == [
        [],
        ["operations_failed"],
        [],
        ["operations_failed"],
        [],
        [],
    ]


def test_failed_operations_are_summed_up_in_few_words() -> None:
    story = queue_story(NEVER)
    failed = [operation(f"sync{number % 30}", "FAILED", id=str(number), errorInfo="x" * 3000) for number in range(500)]
    ((kind, facts),) = story.operations(failed, must_not_be_asked)  # type: ignore[arg-type]
    assert (kind, facts["failed_operation_count"], facts["at_start"]) == ("operations_failed", 500, True)
    assert len(facts["by_trigger_function"]) == told.MOST_FUNCTIONS
    assert len(json.dumps(told.event(kind, "a", "b", **facts))) < 2000


def test_no_name_of_a_function_is_a_template() -> None:
    story = queue_story(NEVER)
    ((_kind, facts),) = story.operations([operation("sync{{ 1 }}", "FAILED")], must_not_be_asked)  # type: ignore[arg-type]
    assert facts["by_trigger_function"] == {"sync{ { 1 }}": 1}


def test_the_queue_is_looked_at_again_where_it_could_not_be_asked() -> None:
    story = queue_story(RESYNCED)

    def gone() -> bool:
        raise Unreachable("gone", sent=True)

    one = operation(status="FAILED")
    with pytest.raises(Unreachable):
        story.operations([one], gone)
    assert kinds(story, [one], True) == ["operations_failed", "resync_finished"]


@pytest.mark.parametrize(
    "text", ["{{ 6 * 7 }}", "{{{ 6 * 7 }}}", "{% if true %}42{% endif %}", "{#", "#jinja2:x", "a\x00b\x1b[31m"]
)
def test_no_text_of_a_server_is_a_template(text: str) -> None:
    about = subscriber(text, text, targetHost=f"dx/{text}", id="{{6*7}}")
    fields = told.event("watch_failed", "a", "b", about, message=text)["dam"]
    assert fields.keys().isdisjoint({"subscriber_id", "target_host"})
    for shown in (fields[name] for name in ("message", "resync_status", "last_resync_time")):
        assert Environment(autoescape=False).from_string(shown).render() == shown  # noqa: S701
        assert not shown.startswith("#jinja2:")
        assert shown.isprintable()


def test_an_event_says_whom_it_is_about_and_limits_actions_to_the_publisher() -> None:
    about: Subscriber = subscriber(COMPARED, "2026-11-02T07:00:00.000Z")
    assert told.event("drift_found", "emea", "dx.example.com", about, mismatch_count=3) == {
        "dam": {
            "schema": 1,
            "type": "drift_found",
            "publisher": "emea",
            "hostname": "dx.example.com",
            "at_start": False,
            "subscriber_id": "id-1",
            "target_host": "sub.example.com",
            "resync_status": COMPARED,
            "last_resync_time": "2026-11-02T07:00:00.000Z",
            "mismatch_count": 3,
        },
        "meta": {"hosts": "emea"},
    }
