# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the results of the role's steps mean together: a subscriber's record, and a run's verdict. Knows no Ansible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]
Record = dict[str, Any]

SCHEMA = 1
NO_SUBSCRIBER = "The publisher has no enabled subscriber, so there is nothing to keep consistent with it."


def subscriber_record(results: Result, failure: Result | None = None) -> Record:
    """Return the record of one subscriber, as ``dam_consistency_result`` has it.

    ``results`` are the registered results of its steps, empty where a step did not run:

    - ``entry``: ``subscriber_id`` and ``target_host`` as the user gave them; ``steps``: what the entry point asks for;
      ``check_mode``; ``began`` and ``ended`` in seconds
    - ``found``: of ``dam_subscriber_info``; ``registered``: of ``dam_subscriber``; ``drift``: of ``dam_drift_info``
    - ``rounds``: one ``{resync, comparison, report}`` for the first comparison, and one for each pass of a repair

    ``failure`` is the result that ended the steps. A result that names another subscriber than this one does not count.
    Raises KeyError or TypeError for anything else.
    """
    record = _begin(results)
    asked_for = record["subscriber_id"]
    for round_ in results["rounds"]:
        _take_resync(record, _of(asked_for, round_["resync"]), results["check_mode"])
        _take_comparison(record, _of(asked_for, round_["comparison"]), results["check_mode"])
        _take_report(record, _report(asked_for, round_["report"]))
    if results["rounds"]:
        first = _of(asked_for, results["rounds"][0]["comparison"])
        record["mismatches_before"] = None if _failed(first) else first.get("mismatch_count")
    drift = _of(asked_for, results["drift"])
    if drift and not _failed(drift):
        record["proof"] = {name: drift[name] for name in ("equal", "types", "records")}
    if failure:
        _fail(record, results, failure)
    else:
        _judge(record, results)
    return record


def _begin(results: Result) -> Record:
    """Return the record of a subscriber of which nothing is known but its name."""
    entry, found = results["entry"], results["found"].get("subscribers") or [{}]
    registered = results["registered"].get("subscriber") or {}
    given = str(entry.get("subscriber_id") or "")  # YAML may have read a number
    subscriber = found[0] if given in ("", found[0].get("subscriber_id")) else {}
    subscriber_id = subscriber.get("subscriber_id", given)
    target_host = subscriber.get("target_host", entry.get("target_host"))
    anew = bool(registered) and registered["target_host"] == target_host
    if anew:
        subscriber_id = registered["subscriber_id"]
    return {
        "subscriber_id": subscriber_id or None,
        "target_host": target_host or None,
        "in_sync": None,
        "repaired": anew,
        "mismatches_before": None,
        "mismatches_after": None,
        "summary_before": None,
        "failed_operations": [],
        "report": None,
        "error": None,
        "duration": round(float(results["ended"]) - float(results["began"]), 1),
    }


def _of(subscriber_id: str | None, result: Result) -> Result:
    """Return a result that names the subscriber; an empty one in place of any other."""
    named = (result.get("subscriber") or {}).get("subscriber_id")
    return result if subscriber_id is not None and named == subscriber_id else {}


def _failed(result: Result) -> bool:
    return bool(result.get("failed", False))


def _take_resync(record: Record, resync: Result, check_mode: bool) -> None:
    begun = bool(resync.get("actions")) and not check_mode
    if begun or not _failed(resync):
        record["failed_operations"] = resync.get("failed_operations") or []
    if begun:
        # Until the next comparison has ended, what the resync has left is not known.
        record.update(in_sync=None, mismatches_after=None)
        record["repaired"] = record["repaired"] or bool(resync.get("changed"))


def _take_comparison(record: Record, comparison: Result, check_mode: bool) -> None:
    if comparison and not _failed(comparison):
        record["in_sync"] = None if check_mode else comparison["in_sync"]
        record["mismatches_after"] = comparison["mismatch_count"]


def _report(subscriber_id: str | None, report: Result) -> Result:
    """Return the report in the first of its formats; an empty one where not all of them were written."""
    written = report.get("results") or [{}]
    return {} if _failed(report) else _of(subscriber_id, written[0])


def _take_report(record: Record, report: Result) -> None:
    if report:
        record["report"] = report["dest"]
        record["summary_before"] = record["summary_before"] or report["summary"]


def _fail(record: Record, results: Result, failure: Result) -> None:
    """Note what went wrong. What was in sync when something went wrong is not known to be."""
    message = _message(failure, "A task failed.")
    name = record["target_host"] or record["subscriber_id"] or ""
    record["error"] = message if name in message else f"{name}: {message}"
    if record["in_sync"] is True or _failed(results["drift"]):
        record["in_sync"] = None


def _message(failure: Result, otherwise: str) -> str:
    """Return the message of a failed result, of a loop that of the first turn that failed."""
    turns = [turn for turn in failure.get("results") or [] if _failed(turn)]
    return str((turns or [failure])[0].get("msg") or otherwise).strip() or otherwise


def _judge(record: Record, results: Result) -> None:
    """Note an error where the verdicts contradict each other, or where a difference is one."""
    proof, compared = record.get("proof"), "compare" in results["steps"]
    if proof and compared:
        last = _report(record["subscriber_id"], results["rounds"][-1]["report"])
        by_comparison = list(last["summary"]["by_type"]) if record["mismatches_after"] else []
        contradicted = _contradicted(proof, by_comparison)
        if contradicted:
            record.update(error=_contradiction(record, by_comparison, contradicted), in_sync=None)
            return
    if "judge" not in results["steps"] or results["check_mode"]:
        return
    if record["in_sync"] is False:
        record["error"] = _difference(record)
    elif proof and not compared and proof["equal"] is not True:
        differing = _types(proof, equal=False)
        these = f" These differ: {', '.join(differing)}." if differing else ""
        first_line = results["drift"]["msg"].splitlines()[0]
        record["error"] = f"{record['target_host']} against its publisher, record by record: {first_line}{these}"


def _types(proof: Result, equal: bool) -> list[str]:
    return [each["record_type"] for each in proof["types"] if each["equal"] is equal]


def _contradicted(proof: Result, by_comparison: Sequence[str]) -> list[str]:
    """Return the record types that differ by one of the two and not by the other."""
    # Rows that do not tell their type may be of any.
    hidden = [] if "UNKNOWN" in by_comparison else [each for each in _types(proof, False) if each not in by_comparison]
    return hidden + [each for each in _types(proof, True) if each in by_comparison]


def _contradiction(record: Record, by_comparison: Sequence[str], contradicted: Sequence[str]) -> str:
    proof = record["proof"]
    types = f" ({', '.join(by_comparison)})" if by_comparison else ""
    shown = [
        f"{each['recordType']} {each['recordAction']} {each['recordId']}"
        for each in proof["records"]
        if each["recordType"] in contradicted
    ]
    first = f" The first of them: {', '.join(shown)}." if shown else ""
    return (
        f"{record['target_host']}: the publisher's comparison and the records themselves contradict each other in "
        f"{', '.join(contradicted)}. The comparison found {record['mismatches_after']} mismatches{types}; by the "
        f"records {', '.join(_types(proof, False)) or 'nothing'} differs.{first}"
    )


def _difference(record: Record) -> str:
    left = f" are left of {record['mismatches_before']}" if record["repaired"] else ""
    sentences = [
        f"{record['target_host']} is not in sync with its publisher: {record['mismatches_after']} mismatches{left}."
    ]
    if record["report"]:
        sentences.append(f"The report: {record['report']}")
    if record["failed_operations"]:
        sentences.append(
            "Operations failed at the subscriber; the server removes failed ones after a time of its own (24 h by "
            "default)."
        )
    return " ".join(sentences)


def verdict(records: Sequence[Result], publisher: str, host: str, failure: Result | None = None) -> Record:
    """Return what a run says in the end, of the records of its subscribers.

    ``result`` is the fact ``dam_consistency_result``, ``artifact`` what an inventory host adds to
    ``dam_consistency_artifact``, and ``problems`` are the lines that the play fails with. ``failure`` is the result
    that kept the publisher from being worked on.
    """
    error = _message(failure, "The publisher could not be worked on.") if failure else None
    if not records and not failure:
        error = NO_SUBSCRIBER
    problems = [each for each in [error, *(record["error"] for record in records)] if each]
    in_sync = _in_sync([record["in_sync"] for record in records], not problems)
    figures = {
        "in_sync": in_sync,
        "before": _total([record["mismatches_before"] for record in records]),
        "after": _total([record["mismatches_after"] for record in records]),
    }
    return {
        "result": {
            "schema": SCHEMA,
            "in_sync": in_sync,
            "publisher": publisher,
            "subscribers": list(records),
            "error": error,
        },
        "artifact": {"schema": SCHEMA, "publishers": {host: figures}},
        "problems": problems,
    }


def _in_sync(verdicts: Sequence[bool | None], all_went_well: bool) -> bool | None:
    """Return False where any subscriber differs, True only where all were seen to be in sync and nothing went wrong."""
    if False in verdicts:
        return False
    return True if all_went_well and None not in verdicts else None


def _total(numbers: Sequence[int | None]) -> int | None:
    """Return the sum; None where a number is missing: what was not counted is not nothing."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None
