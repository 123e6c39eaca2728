# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables: what is specified is used, and what is used is specified, for each entry point."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tooling.paths import ROOT

ROLE = ROOT / "roles" / "dam_consistency"
TASKS = ROLE / "tasks"
# Not an option: what the role hands to the tasks of dam_consistency_report_tasks, and what it sets.
GIVEN = {
    "dam_consistency_report_path",
    *("dam_consistency_result", "dam_consistency_artifact"),
    *("dam_consistency_paused", "dam_consistency_paused_artifact"),
}
# One underscore is a user's variable, two are the role's own.
PUBLIC = re.compile(r"\bdam_consistency_(?!_)[a-z_]+\b")
SPECS: dict[str, Any] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))[
    "argument_specs"
]
# Which task file does which of the steps that an entry point names; the others belong to every run of steps.
OF_STEP = {
    "settle": [],
    "preflight": ["step_preflight.yml"],
    "compare": ["step_compare.yml"],
    "report": ["step_report.yml"],
    "repair": ["step_repair.yml"],
    "verify": [],
    "drift": ["step_prove.yml"],
}
# What a step's file has for the sake of another step alone.
ELSEWHERE = {"verify": {"dam_consistency_fail_on_drift"}}


def used_in(path: Path) -> set[str]:
    """Return the public variables that a file mentions outside of comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return set(PUBLIC.findall("\n".join(line for line in lines if not line.lstrip().startswith("#")))) - GIVEN


def entry_points() -> list[str]:
    """Return the names of the task files that users start: those that say which job is to be done."""
    return sorted(path.stem for path in TASKS.glob("*.yml") if "dam_consistency__job:" in path.read_text("utf-8"))


def steps_of(entry: str) -> list[str]:
    """Return the steps that an entry point asks for; none for one that has a job of its own."""
    included = yaml.safe_load((TASKS / f"{entry}.yml").read_text(encoding="utf-8"))[0]["vars"]
    steps: list[str] = included.get("dam_consistency__steps", [])
    return steps


def test_every_variable_that_is_used_is_specified_and_every_specified_one_is_used() -> None:
    used = set().union(*(used_in(path) for path in TASKS.glob("*.yml")))
    specified = set().union(*(spec["options"] for spec in SPECS.values()))
    assert used - specified == set()
    assert specified - used == set()


def test_every_default_is_specified_with_the_same_value() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    specified = {name: option["default"] for name, option in SPECS["main"]["options"].items() if "default" in option}
    assert specified == defaults


def test_every_entry_point_has_a_specification_with_a_description() -> None:
    assert sorted(SPECS) == entry_points()
    for spec in SPECS.values():
        assert spec["short_description"]
        assert all(option["description"] and option["type"] for option in spec["options"].values())


@pytest.mark.parametrize("entry", entry_points())
def test_an_entry_point_specifies_what_its_steps_use(entry: str) -> None:
    steps = steps_of(entry)
    files = [f"{entry}.yml", "connection.yml", *(name for step in steps for name in OF_STEP[step])]
    wanted = set().union(*(used_in(TASKS / name) for name in files))
    wanted -= set().union(*(ELSEWHERE.get(step, set()) for step in steps))
    assert wanted - set(SPECS[entry]["options"]) == set()


def test_secrets_are_marked_so_that_they_are_not_shown() -> None:
    secret = {name for name in SPECS["main"]["options"] if name.endswith(("_password", "_ltpa_token"))}
    assert len(secret) == 4
    assert {name for name, option in SPECS["main"]["options"].items() if option.get("no_log")} == secret


def loops(tasks: Any) -> list[Any]:
    """Return what all tasks in a file loop over, those in blocks too."""
    found = []
    for task in tasks or []:
        found += [task["loop"]] if "loop" in task else []
        for block in ("block", "rescue", "always"):
            found += loops(task.get(block))
    return found


def test_no_loop_goes_over_what_may_hold_a_password() -> None:
    over = [text for path in TASKS.glob("*.yml") for text in loops(yaml.safe_load(path.read_text(encoding="utf-8")))]
    assert len(over) > 3
    for text in over:
        # The length of a list is all that may be taken from the entries.
        assert "subscribers" not in text or "length" in text or "dam_consistency__publisher" in text
