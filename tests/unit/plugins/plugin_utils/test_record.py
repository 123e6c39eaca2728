# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A subscriber's record of the results of its steps, and the verdict of the records."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._record import (
    NO_SUBSCRIBER,
    subscriber_record,
    verdict,
)
from support.role import check_form

Row = dict[str, Any]

FIRST = {"subscriber_id": "id-of-first", "target_host": "dx-first.example.com"}
SECOND = {"subscriber_id": "id-of-second", "target_host": "dx-second.example.com"}
CYCLE = ["settle", "preflight", "compare", "report", "repair", "verify", "judge"]
CHECK = ["settle", "preflight", "compare", "report", "judge"]
FAILED = {"failed": True, "msg": "It went wrong."}
OPERATION = {
    "operation_id": "o-1",
    "trigger_function": "syncStagingFavoriteContent",
    "status": "FAILED",
    "error_info": "The favourite is locked.",
    "retry_counter": 3,
    "created": None,
    "updated": None,
}


def summary(of: Row, **creates: int) -> Row:
    """Return the summary of a report of so many missing records by type."""
    none = {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 0}
    total = none | {"CREATE": sum(creates.values())}
    by_subscriber = {of["subscriber_id"]: total} if creates else {}
    by_type = {name: none | {"CREATE": count} for name, count in creates.items()}
    return {"by_type": by_type, "by_action": total, "by_subscriber": by_subscriber}


def comparison(of: Row, count: int = 0, in_sync: bool | None = None) -> Row:
    """Return the result of a comparison that was seen to end with so many mismatches."""
    return {
        "subscriber": of,
        "mismatch_count": count,
        "in_sync": count == 0 if in_sync is None else in_sync,
        "failed": False,
    }


def report(of: Row, **creates: int) -> Row:
    """Return the result of a report in one format; with mismatches it has a file."""
    dest = f"/srv/{of['subscriber_id']}.csv" if creates else None
    return {"failed": False, "results": [{"subscriber": of, "dest": dest, "summary": summary(of, **creates)}]}


def resync(of: Row, changed: bool = True, **more: Any) -> Row:
    """Return the result of a resync that was triggered, or joined."""
    actions = ["trigger" if changed else "join", "wait_trigger", "wait_operations"]
    return {"subscriber": of, "changed": changed, "actions": actions, "failed_operations": [], **more}


def drift(of: Row, equal: bool | None = True, differing: tuple[str, ...] = ()) -> Row:
    """Return the result of a comparison of the records of three types."""
    types = [
        {
            "record_type": name,
            "status": "different" if name in differing else "equal",
            "equal": name not in differing,
            "reason": None,
            "publisher_count": 3,
            "subscriber_count": 3,
            "missing": 0,
            "differing": 0,
            "extra": 0,
            "progress": 1.0,
        }
        for name in ("COLLECTION", "KEYWORD", "VERSION")
    ]
    records = [
        {"recordType": name, "recordAction": "DELETE", "recordId": f"{name}-1", "subscriberId": of["subscriber_id"]}
        for name in differing
    ]
    return {"subscriber": of, "equal": equal, "types": types, "records": records, "msg": "Different: 2 of 3.\nmore"}


def results(of: Row, *rounds: Row, **more: Any) -> Row:
    """Return the results of the steps of one subscriber; what a round does not have did not run."""
    nothing: Row = {"resync": {}, "comparison": {}, "report": {}}
    return {
        "entry": {"subscriber_id": None, "target_host": of["target_host"]},
        "steps": CYCLE,
        "check_mode": False,
        "began": "1000.25",
        "ended": 1002.5,
        "found": {"subscribers": [of]},
        "registered": {},
        "rounds": [nothing | one for one in rounds] or [nothing],
        "drift": {},
    } | more


def record(*arguments: Any, failure: Row | None = None, **more: Any) -> Row:
    """Return the record of ``results(...)``, checked by its form."""
    made = subscriber_record(results(*arguments, **more), failure)
    check_form(verdict([made], "dx.example.com", "publisher")["result"])
    return made


def found(made: Row) -> list[Any]:
    """Return verdict and numbers of a record."""
    return [made[name] for name in ("in_sync", "repaired", "mismatches_before", "mismatches_after")]


# --- A run that went well -------------------------------------------------------------------------------------------


def test_in_sync_at_once() -> None:
    made = record(FIRST, {"comparison": comparison(FIRST), "report": report(FIRST)})
    assert made == {
        **FIRST,
        "in_sync": True,
        "repaired": False,
        "mismatches_before": 0,
        "mismatches_after": 0,
        "summary_before": summary(FIRST),
        "failed_operations": [],
        "report": None,
        "error": None,
        "duration": 2.2,
    }


def test_repaired_and_verified() -> None:
    before = {"comparison": comparison(FIRST, 3), "report": report(FIRST, KEYWORD=3)}
    after = {"resync": resync(FIRST), "comparison": comparison(FIRST), "report": report(FIRST)}
    made = record(FIRST, before, after)
    assert found(made) == [True, True, 3, 0]
    assert made["summary_before"] == summary(FIRST, KEYWORD=3)
    assert (made["report"], made["error"]) == (None, None)


def test_what_a_repair_left_is_an_error_that_says_how_much_and_in_which_report() -> None:
    before = {"comparison": comparison(FIRST, 3), "report": report(FIRST, KEYWORD=3)}
    after = {
        "resync": resync(FIRST, failed_operations=[OPERATION]),
        "comparison": comparison(FIRST, 1),
        "report": report(FIRST, FAVORITE=1),
    }
    made = record(FIRST, before, after)
    assert found(made) == [False, True, 3, 1]
    assert made["failed_operations"] == [OPERATION]
    assert made["error"] == (
        "dx-first.example.com is not in sync with its publisher: 1 mismatches are left of 3. "
        "The report: /srv/id-of-first.csv Operations failed at the subscriber; the server removes failed ones after a "
        "time of its own (24 h by default)."
    )


def test_a_difference_without_repair_is_an_error_only_where_it_is_judged() -> None:
    round_ = {"comparison": comparison(FIRST, 2), "report": report(FIRST, KEYWORD=2)}
    judged = record(FIRST, round_, steps=CHECK)
    assert judged["error"].startswith("dx-first.example.com is not in sync with its publisher: 2 mismatches.")
    told = record(FIRST, round_, steps=CHECK[:-1])
    assert (told["error"], told["in_sync"]) == (None, False)


def test_passes_count_from_the_first_comparison_to_the_last() -> None:
    rounds = [
        {"comparison": comparison(FIRST, 9), "report": report(FIRST, KEYWORD=9)},
        {"resync": resync(FIRST), "comparison": comparison(FIRST, 2), "report": report(FIRST, KEYWORD=2)},
        {"resync": resync(FIRST, changed=False), "comparison": comparison(FIRST, 0), "report": report(FIRST)},
    ]
    made = record(FIRST, *rounds)
    assert found(made) == [True, True, 9, 0]
    assert made["summary_before"] == summary(FIRST, KEYWORD=9)


def test_a_resync_that_somebody_else_started_or_that_had_nothing_to_do_is_no_repair() -> None:
    first = {"comparison": comparison(FIRST, 1)}
    joined = record(FIRST, first, {"resync": resync(FIRST, changed=False), "comparison": comparison(FIRST)})
    idle = record(
        FIRST, first, {"resync": resync(FIRST, changed=False, actions=[]), "comparison": comparison(FIRST, 1)}
    )
    assert found(joined) == [True, False, 1, 0]
    assert found(idle) == [False, False, 1, 1]


def test_after_a_resync_alone_nothing_is_known() -> None:
    assert found(record(FIRST, {}, {"resync": resync(FIRST)}, steps=["repair"])) == [None, True, None, None]


def test_a_report_alone_says_nothing_about_in_sync() -> None:
    made = record(FIRST, {"report": report(FIRST, KEYWORD=2)}, steps=["report"])
    assert found(made) == [None, False, None, None]
    assert made["report"] == "/srv/id-of-first.csv"


def test_check_mode_says_nothing_about_in_sync_and_judges_nothing() -> None:
    first = {"comparison": comparison(FIRST, 4, in_sync=False), "report": report(FIRST, KEYWORD=4)}
    made = record(FIRST, first, {"resync": resync(FIRST)}, check_mode=True)
    assert found(made) == [None, False, 4, 4]
    assert made["error"] is None


def test_a_comparison_that_was_not_seen_to_end_says_nothing_about_in_sync() -> None:
    reused = comparison(FIRST) | {"in_sync": None}
    assert found(record(FIRST, {"comparison": reused}))[0] is None


def test_a_subscriber_that_was_registered_anew_has_its_new_id() -> None:
    new = FIRST | {"subscriber_id": "new-id"}
    made = record(
        FIRST,
        {"comparison": comparison(new), "report": report(new)},
        entry={"subscriber_id": FIRST["subscriber_id"], "target_host": None},
        registered={"subscriber": new},
    )
    assert made["subscriber_id"] == "new-id"
    assert found(made) == [True, True, 0, 0]


@pytest.mark.parametrize("entry", [{"subscriber_id": 12345678}, {"target_host": "dx"}])
def test_one_that_was_not_found_is_named_as_it_was_given(entry: Row) -> None:
    made = record(FIRST, entry=entry, found=FAILED, failure=FAILED)
    assert [made["subscriber_id"], made["target_host"]] == [
        "12345678" if "subscriber_id" in entry else None,
        entry.get("target_host"),
    ]
    assert made["error"] == f"{made['subscriber_id'] or made['target_host']}: It went wrong."


def test_an_id_that_yaml_reads_as_a_number_is_the_same_id() -> None:
    one = {"subscriber_id": "12345678", "target_host": "dx.example.com"}
    made = record(one, {"comparison": comparison(one), "report": report(one)}, entry={"subscriber_id": 12345678})
    assert (made["subscriber_id"], made["target_host"], made["in_sync"]) == ("12345678", "dx.example.com", True)


# --- A failure ------------------------------------------------------------------------------------------------------


def test_the_error_is_the_message_of_what_failed_first_and_names_the_subscriber() -> None:
    turns = {"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": " This one. \n"}]}
    host = FIRST["target_host"]
    for failure, error in ((turns, "This one."), ({"rc": 1}, "A task failed."), (FAILED, "It went wrong.")):
        assert record(FIRST, failure=failure)["error"] == f"{host}: {error}"
    assert record(FIRST, failure={"msg": f"{host} is down."})["error"] == f"{host} is down."
    assert record(FIRST, failure={})["error"] is None


def test_what_was_in_sync_when_a_later_step_failed_is_not_known() -> None:
    made = record(FIRST, {"comparison": comparison(FIRST), "report": FAILED}, failure=FAILED)
    assert found(made) == [None, False, 0, 0]


def test_a_difference_stays_known_where_a_report_or_the_guards_of_a_repair_failed() -> None:
    first = {"comparison": comparison(FIRST, 5), "report": report(FIRST, KEYWORD=5)}
    refused = resync(FIRST, changed=False, actions=[], failed=True, failed_operations=None)
    assert found(record(FIRST, first | {"report": FAILED}, failure=FAILED)) == [False, False, 5, 5]
    assert found(record(FIRST, first, {"resync": refused}, failure=FAILED)) == [False, False, 5, 5]


def test_after_a_repair_whose_verification_is_missing_nothing_is_known() -> None:
    first = {"comparison": comparison(FIRST, 5), "report": report(FIRST, KEYWORD=5)}
    undrained = resync(FIRST, failed=True, failed_operations=[OPERATION])
    unverified = {"resync": resync(FIRST), "comparison": comparison(FIRST) | {"failed": True, "in_sync": None}}
    for second in ({"resync": undrained}, {"resync": resync(FIRST)}, unverified):
        assert found(record(FIRST, first, second, failure=FAILED)) == [None, True, 5, None]
    assert record(FIRST, first, {"resync": undrained}, failure=FAILED)["failed_operations"] == [OPERATION]


def test_a_refused_second_pass_leaves_what_the_first_one_verified() -> None:
    first = {"comparison": comparison(FIRST, 5)}
    second = {"resync": resync(FIRST), "comparison": comparison(FIRST, 2)}
    refused = {"resync": resync(FIRST, changed=False, actions=[], failed=True)}
    assert found(record(FIRST, first, second, refused, failure=FAILED)) == [False, True, 5, 2]


# --- The proof ------------------------------------------------------------------------------------------------------

PROVE = [*CHECK[:-1], "prove"]


def test_records_that_say_the_same_as_the_comparison_are_a_proof_of_it() -> None:
    made = record(FIRST, {"comparison": comparison(FIRST), "report": report(FIRST)}, drift=drift(FIRST), steps=PROVE)
    assert (made["in_sync"], made["error"], set(made["proof"])) == (True, None, {"equal", "types", "records"})
    differs = {"comparison": comparison(FIRST, 1), "report": report(FIRST, KEYWORD=1)}
    made = record(FIRST, differs, drift=drift(FIRST, False, ("KEYWORD",)), steps=PROVE)
    assert (made["in_sync"], made["error"]) == (False, None)


def test_records_that_contradict_the_comparison_leave_nothing_known() -> None:
    round_ = {"comparison": comparison(FIRST), "report": report(FIRST)}
    made = record(FIRST, round_, drift=drift(FIRST, False, ("KEYWORD",)), steps=PROVE)
    assert found(made) == [None, False, 0, 0]
    assert made["error"] == (
        "dx-first.example.com: the publisher's comparison and the records themselves contradict each other in KEYWORD. "
        "The comparison found 0 mismatches; by the records KEYWORD differs. "
        "The first of them: KEYWORD DELETE KEYWORD-1."
    )


def test_a_mismatch_of_a_type_whose_records_are_equal_is_a_contradiction_unless_the_rows_tell_no_type() -> None:
    for by_type, contradicted in (({"VERSION": 1}, "KEYWORD, VERSION"), ({"UNKNOWN": 1}, None)):
        round_ = {"comparison": comparison(FIRST, 1), "report": report(FIRST, **by_type)}
        made = record(FIRST, round_, drift=drift(FIRST, False, ("KEYWORD",)), steps=PROVE)
        assert (contradicted is not None) == bool(made["error"])
        assert contradicted is None or f"contradict each other in {contradicted}. " in made["error"]
    nothing = record(
        FIRST, {"comparison": comparison(FIRST, 1), "report": report(FIRST, VERSION=1)}, drift=drift(FIRST), steps=PROVE
    )
    assert "The comparison found 1 mismatches (VERSION); by the records nothing differs." in nothing["error"]


def test_records_of_which_nothing_is_known_contradict_nothing() -> None:
    unknown = drift(FIRST, None)
    unknown["types"] = [each | {"equal": None, "status": "not comparable"} for each in unknown["types"]]
    for count, by_type in ((0, {}), (1, {"VERSION": 1})):
        round_ = {"comparison": comparison(FIRST, count), "report": report(FIRST, **by_type)}
        made = record(FIRST, round_, drift=unknown, steps=PROVE)
        assert (made["in_sync"], made["proof"]["equal"], made["error"]) == (count == 0, None, None)


def test_a_proof_that_failed_leaves_nothing_known_not_even_a_difference() -> None:
    for count in (0, 2):
        made = record(FIRST, {"comparison": comparison(FIRST, count)}, drift=FAILED, steps=PROVE, failure=FAILED)
        assert (made["in_sync"], made["error"], "proof" in made) == (
            None,
            f"{FIRST['target_host']}: It went wrong.",
            False,
        )


def test_records_alone_are_judged_without_a_word_about_in_sync() -> None:
    steps = ["settle", "prove", "judge"]
    differs = record(FIRST, drift=drift(FIRST, False, ("COLLECTION", "VERSION")), steps=steps)
    assert differs["error"] == (
        "dx-first.example.com against its publisher, record by record: Different: 2 of 3. "
        "These differ: COLLECTION, VERSION."
    )
    unknown = record(FIRST, drift=drift(FIRST, None), steps=steps)
    assert unknown["error"] == "dx-first.example.com against its publisher, record by record: Different: 2 of 3."
    for more in ({"steps": steps[:-1]}, {"check_mode": True}):
        assert record(FIRST, drift=drift(FIRST, False, ("VERSION",)), **({"steps": steps} | more))["error"] is None
    assert [record(FIRST, drift=drift(FIRST), steps=steps)[name] for name in ("error", "in_sync")] == [None, None]


# --- The results of another subscriber ------------------------------------------------------------------------------

STEPS = ("found", "comparison", "report", "resync", "verification", "second report", "drift")


def whole_run(of: Row) -> Iterator[tuple[str, Row]]:
    """Return each step of a run that repaired and proved a subscriber, with its result."""
    yield "found", {"subscribers": [of]}
    yield "comparison", comparison(of, 7)
    yield "report", report(of, KEYWORD=7)
    yield "resync", resync(of)
    yield "verification", comparison(of)
    yield "second report", report(of)
    yield "drift", drift(of)


def arranged(steps: Row, entry: Row) -> Row:
    """Return the filter's input of these results, by their steps."""
    return {
        "entry": entry,
        "steps": [*CYCLE, "prove"],
        "check_mode": False,
        "began": 0.0,
        "ended": 1.0,
        "found": steps["found"],
        "registered": {},
        "rounds": [
            {"resync": {}, "comparison": steps["comparison"], "report": steps["report"]},
            {"resync": steps["resync"], "comparison": steps["verification"], "report": steps["second report"]},
        ],
        "drift": steps["drift"],
    }


def test_such_a_run_is_in_sync() -> None:
    assert found(subscriber_record(arranged(dict(whole_run(FIRST)), FIRST))) == [True, True, 7, 0]


@pytest.mark.parametrize("named_by", ["subscriber_id", "target_host"])
@pytest.mark.parametrize("cleared", [True, False])
@pytest.mark.parametrize("failing", STEPS)
def test_the_second_subscriber_fails_at_each_step_while_the_first_was_in_sync(
    failing: str, cleared: bool, named_by: str
) -> None:
    stale, own = dict(whole_run(FIRST)), dict(whole_run(SECOND))
    steps: Row = {name: {} for name in STEPS} if cleared else copy.deepcopy(stale)
    for name in itertools.takewhile(lambda each: each != failing, STEPS):
        steps[name] = own[name]
    steps[failing] = FAILED
    made = subscriber_record(arranged(steps, {named_by: SECOND[named_by]}), FAILED)
    assert made["in_sync"] is not True
    assert made["error"].endswith(": It went wrong.")
    assert FIRST["subscriber_id"] not in repr(made)
    assert FIRST["target_host"] not in repr(made)
    done = STEPS.index(failing)
    assert (made["mismatches_before"], made["repaired"]) == (7 if done > 1 else None, done > 3)
    assert made["in_sync"] is (False if failing in ("report", "resync") else None)


@pytest.mark.parametrize("instead", [comparison(FIRST), {}, FAILED], ids=["stale", "empty", "failed"])
def test_only_its_own_verification_makes_it_in_sync(instead: Row) -> None:
    steps = dict(whole_run(SECOND)) | {"verification": instead, "drift": {}}
    assert found(subscriber_record(arranged(steps, SECOND))) == [None, True, 7, None]


# --- The verdict ----------------------------------------------------------------------------------------------------


def one(in_sync: bool | None, before: int | None = 0, after: int | None = 0, error: str | None = None) -> Row:
    """Return a record with such a verdict."""
    return record(FIRST) | {
        "in_sync": in_sync,
        "mismatches_before": before,
        "mismatches_after": after,
        "error": error,
    }


@pytest.mark.parametrize(
    ("records", "in_sync", "before", "after"),
    [
        ([one(True, 2), one(True, 3)], True, 5, 0),
        ([one(True), one(None, None, None)], None, None, None),
        ([one(True), one(False, 4, 4, "differs")], False, 4, 4),
        ([one(None, 1, None, "failed"), one(False, 2, 2)], False, 3, None),
        ([one(None, 1, 0, "contradicted"), one(True)], None, 1, 0),
        ([], None, None, None),
    ],
)
def test_the_verdict_of_several(
    records: list[Row], in_sync: bool | None, before: int | None, after: int | None
) -> None:
    made = verdict(records, "dx.example.com", "publisher")
    check_form(made["result"])
    assert made["result"]["in_sync"] is in_sync
    assert made["artifact"] == {
        "schema": 1,
        "publishers": {"publisher": {"in_sync": in_sync, "before": before, "after": after}},
    }
    assert made["problems"] == (
        [each["error"] for each in records if each["error"]] or ([] if records else [NO_SUBSCRIBER])
    )


def test_what_went_wrong_with_the_publisher_comes_first_and_leaves_the_rest_unknown() -> None:
    made = verdict([one(True), one(None, None, None, "second")], "dx.example.com", "publisher", {"msg": "first"})
    assert made["problems"] == ["first", "second"]
    made = verdict([one(True)], "dx.example.com", "publisher", {"msg": ""})
    assert (made["result"]["in_sync"], made["result"]["error"]) == (None, "The publisher could not be worked on.")
    made = verdict([], "dx.example.com", "publisher", {"msg": "The publisher is down."})
    assert made["problems"] == [made["result"]["error"]] == ["The publisher is down."]
