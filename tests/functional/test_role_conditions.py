# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps follow which results: the role's own conditions, evaluated by Ansible without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from support.playbooks import play
from tooling.paths import ROOT

ROLE = ROOT / "roles" / "dam_consistency"
Row = dict[str, Any]

SUBSCRIBER = {"subscriber_id": "s-1", "target_host": "dx.example.com"}
CHECK = ["settle", "preflight", "compare", "report", "judge"]
CYCLE = ["settle", "preflight", "compare", "report", "repair", "verify", "judge"]
REPORT = ["first_report", "mismatches"]


def comparison(count: int | None, **more: Any) -> Row:
    """Return the result of a comparison that found so many mismatches."""
    return {"subscriber": SUBSCRIBER, "mismatch_count": count, "in_sync": count == 0, **more}


def case(steps: list[str], found: Row | None = None, phase: str = "compared", **more: Any) -> Row:
    """Return the variables of a subscriber that was just compared, or where there was no comparison."""
    return {
        "dam_consistency__index": 0,
        "dam_consistency__began": 0,
        "dam_consistency__steps": steps,
        "dam_consistency__publisher": {"subscribers": [{**SUBSCRIBER, "enabled": True}]},
        "dam_consistency__found": {"subscribers": [{**SUBSCRIBER, "phase": phase}]},
        "dam_consistency__comparison": found or {},
        **{f"dam_consistency__{name}": {} for name in ("registered", "report", "resync", "drift")},
        "dam_consistency__rounds": [],
        **more,
    }


def passed(before: int, after: int, **more: Any) -> Row:
    """Return the variables after a pass that found and left so many mismatches."""
    report = {"results": [{"subscriber": SUBSCRIBER, "dest": "/srv/report.csv", "summary": {}}]}
    rounds = [{"resync": {}, "comparison": comparison(before), "report": report}]
    return case(CYCLE, comparison(after), dam_consistency__rounds=rounds, **more)


ANEW = {"dam_consistency_max_age": 3600}
UNPROVEN = comparison(0) | {"in_sync": None}
TOO_LARGE = comparison(None, too_much_data=True)
REREGISTER = {"dam_consistency_reregister": True}
FAILED_OPERATION = {"dam_consistency__resync": {"failed_operations": [{"operation_id": "o"}]}}
PASSES = {"dam_consistency_max_passes": 3}
HAND_ON = {"dam_consistency_report_tasks": "/srv/upload.yml"}

# What follows the first comparison, by what is asked for and what it found.
FIRST: dict[str, tuple[Row, list[str]]] = {
    "check in sync": (case(CHECK, comparison(0)), ["first_report"]),
    "check with a difference": (case(CHECK, comparison(3)), REPORT),
    "check never reregisters": (case(CHECK, TOO_LARGE, **REREGISTER), REPORT),
    "check and prove": (case([*CHECK, "prove"], comparison(3)), [*REPORT, "prove"]),
    "resync in sync": (case(CYCLE, comparison(0), **PASSES), ["first_report"]),
    "resync with a difference": (case(CYCLE, comparison(3)), [*REPORT, "pass"]),
    "resync and prove": (case([*CYCLE, "prove"], comparison(3)), [*REPORT, "pass", "prove"]),
    "resync and hand on": (case(CYCLE, comparison(3), **HAND_ON), [*REPORT, "hand_on", "pass"]),
    "more passes": (case(CYCLE, comparison(3), **PASSES), [*REPORT, "pass", "another_pass"]),
    "no pass": (case(CYCLE, comparison(3), dam_consistency_max_passes=0), REPORT),
    "nothing is proven": (case(CYCLE, UNPROVEN, **ANEW), ["comparison_anew", *REPORT, "another_pass"]),
    "nothing is proven, in check": (case(CHECK, UNPROVEN, **ANEW), ["comparison_anew", *REPORT]),
    "too much data": (case(CYCLE, TOO_LARGE, **REREGISTER), ["reregister", *REPORT, "another_pass"]),
    "too much data again": (
        case(CYCLE, TOO_LARGE, **REREGISTER, dam_consistency__registered=SUBSCRIBER),
        [*REPORT, "pass"],
    ),
    "tasks_from preflight": (case(["preflight"]), ["checks"]),
    "tasks_from compare": (case(CHECK[:3], comparison(3)), []),
    "tasks_from report": (case(["report"]), REPORT),
    "tasks_from resync": (case(["repair"]), ["repair"]),
    "tasks_from verify": (case(["settle", "compare", "report", "judge"], comparison(3)), REPORT),
    "tasks_from drift": (case(["settle", "prove", "judge"]), ["prove"]),
}
# In check mode a comparison is one that was there already.
IN_CHECK_MODE: dict[str, tuple[Row, list[str]]] = {
    "check mode with a difference": (case(CYCLE, comparison(3)), ["checks", *REPORT, "repair", "plan"]),
    "check mode without rows": (case(CYCLE, UNPROVEN), ["checks", "first_report"]),
    "check mode, never compared": (case(CYCLE, comparison(None), "never_compared"), ["checks"]),
    "check mode, resync starting": (case(CYCLE, None, "resync_starting"), ["checks"]),
    "check mode, failed": (case(CYCLE, TOO_LARGE, "comparison_failed", **REREGISTER), ["checks"]),
    "check mode hands nothing on": (case(CHECK, comparison(3), **HAND_ON), ["checks", *REPORT]),
    "check mode of tasks_from resync": (case(["repair"]), ["repair", "plan"]),
}
# What follows the comparison that verifies a repair.
AFTER: dict[str, tuple[Row, list[str]]] = {
    "verified": (passed(3, 0), ["write_report"]),
    "some are left": (passed(3, 1, **HAND_ON), ["write_report", "mismatches", "hand_on"]),
    "a page and a table": (passed(3, 0, dam_consistency_report_formats=["html", "csv"]), ["link", "write_report"]),
    "verified nothing": (
        passed(3, 0) | {"dam_consistency__comparison": UNPROVEN},
        ["comparison_anew", "write_report", "mismatches"],
    ),
}
# Whether a pass can help.
CAN_HELP: dict[str, tuple[Row, bool]] = {
    "it differs": (case(CYCLE, comparison(3)), True),
    "it does not": (case(CYCLE, comparison(0)), False),
    "the only one left fewer": (passed(3, 1), False),
    "it left fewer": (passed(3, 1, **PASSES), True),
    "it left as many": (passed(3, 3, **PASSES), False),
    "it left none": (passed(3, 0, **PASSES), False),
    "operations failed": (passed(3, 1, **PASSES, **FAILED_OPERATION), False),
    "they may fail": (passed(3, 1, **PASSES, **FAILED_OPERATION, dam_consistency_allow_failed_operations=True), True),
}


def include_of(path: str) -> Row:
    """Return the task that includes what follows, out of a task file."""
    tasks: list[Row] = yaml.safe_load((ROLE / "tasks" / path).read_text(encoding="utf-8"))
    inner = [each for task in tasks for each in task.get("block", [task])]
    (found,) = [each for each in inner if "{{" in str(each.get("ansible.builtin.include_tasks", ""))]
    return found


Table = tuple[str, Row, dict[str, tuple[Row, Any]]]


def evaluated(folder: Path, *tables: Table, check: bool = False) -> Row:
    """Evaluate an expression for the cases of each table; return what came of it by the cases' names."""
    tasks = [
        {"name": name, "ansible.builtin.debug": {"msg": expression}, "vars": variables | facts}
        for expression, variables, cases in tables
        for name, (facts, _expected) in cases.items()
    ]
    files = [str(ROLE / "defaults" / "main.yml"), str(ROLE / "vars" / "main.yml")]
    book = folder / "conditions.yml"
    book.write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "vars_files": files, "tasks": tasks}]), encoding="utf-8"
    )
    run = play(book, folder, {"publisher": {"ansible_connection": "local"}}, check=check)
    assert run.rc == 0, run.output
    return {task.name: task.result["msg"] for task in run.tasks}


def expected(*tables: Table) -> Row:
    """Return what the tables say by the cases' names."""
    return {name: result for _text, _vars, cases in tables for name, (_facts, result) in cases.items()}


def test_what_follows_is_what_was_asked_for_and_can_help(tmp_path: Path) -> None:
    first, after = include_of("subscriber.yml"), include_of("steps/verification.yml")
    tables: list[Table] = [
        (first["loop"], first["vars"], FIRST),
        (after["loop"], after.get("vars", {}), AFTER),
        ("{{ dam_consistency__can_help }}", {}, CAN_HELP),
    ]
    assert evaluated(tmp_path, *tables) == expected(*tables)
    in_check_mode: Table = (first["loop"], first["vars"], IN_CHECK_MODE)
    assert evaluated(tmp_path, in_check_mode, check=True) == expected(in_check_mode)
