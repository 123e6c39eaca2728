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
# Which task files do which of the steps that an entry point names, beside the tasks in subscriber.yml.
OF_STEP = {
    "settle": [],
    "preflight": ["checks"],
    "compare": ["comparison", "comparison_anew"],
    "report": ["first_report", "write_report", "mismatches", "hand_on"],
    "repair": ["repair", "plan"],
    "verify": ["verification", "link"],
    "prove": ["prove"],
    "judge": [],
}


def used_in(text: str) -> set[str]:
    """Return the public variables that a text mentions outside of comments."""
    return (
        set(PUBLIC.findall("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))) - GIVEN
    )


def files() -> list[Path]:
    """Return the files with the role's tasks and variables."""
    return sorted([*TASKS.rglob("*.yml"), *(ROLE / "vars").glob("*.yml")])


def entry_points() -> list[str]:
    """Return the names of the task files that users start: those that say which job is to be done."""
    return sorted(path.stem for path in TASKS.glob("*.yml") if "dam_consistency__job:" in path.read_text("utf-8"))


def steps_of(entry: str) -> list[str]:
    """Return the steps that an entry point may ask for; none for one that has a job of its own."""
    included = yaml.safe_load((TASKS / f"{entry}.yml").read_text(encoding="utf-8"))[0]["vars"]
    steps = included.get("dam_consistency__steps", [])
    return re.findall(r"'([a-z]+)'", steps) if isinstance(steps, str) else steps


def of_step(step: str) -> str:
    """Return the text of a step: its files, and its task in subscriber.yml."""
    texts = [(TASKS / "steps" / f"{name}.yml").read_text(encoding="utf-8") for name in OF_STEP[step]]
    (block,) = yaml.safe_load((TASKS / "subscriber.yml").read_text(encoding="utf-8"))
    own = [task for task in block["block"] if f"'{step}' in" in str(task.get("when"))]
    return "\n".join([*texts, *map(str, own)])


def test_every_variable_that_is_used_is_specified_and_every_specified_one_is_used() -> None:
    used = set().union(*(used_in(path.read_text(encoding="utf-8")) for path in files()))
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
    texts = [(TASKS / name).read_text(encoding="utf-8") for name in (f"{entry}.yml", "connection.yml")]
    wanted = set().union(*(used_in(text) for text in [*texts, *map(of_step, steps_of(entry))]))
    assert wanted - set(SPECS[entry]["options"]) == set()


def test_every_step_has_an_entry_point_and_every_file_of_a_step_is_included() -> None:
    assert set().union(*map(steps_of, entry_points())) == set(OF_STEP)
    named = "\n".join(path.read_text(encoding="utf-8") for path in files())
    for path in (TASKS / "steps").glob("*.yml"):
        assert re.search(
            rf"(steps/|import_tasks: ){path.stem}\.yml|step: {path.stem}$|\['{path.stem}'\]", named, re.MULTILINE
        ), path


def test_secrets_are_marked_so_that_they_are_not_shown() -> None:
    secret = {name for name in SPECS["main"]["options"] if name.endswith(("_password", "_ltpa_token"))}
    assert len(secret) == 4
    assert {name for name, option in SPECS["main"]["options"].items() if option.get("no_log")} == secret


def tasks_in(tasks: Any) -> list[dict[str, Any]]:
    """Return all tasks of a file, those in blocks too."""
    found = []
    for task in tasks or []:
        found.append(task)
        for block in ("block", "rescue", "always"):
            found += tasks_in(task.get(block))
    return found


def tasks() -> list[dict[str, Any]]:
    """Return all tasks of the role."""
    return [
        task for path in TASKS.rglob("*.yml") for task in tasks_in(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]


def test_no_loop_goes_over_what_may_hold_a_password() -> None:
    over = [task["loop"] for task in tasks() if "loop" in task]
    assert len(over) > 3
    for text in over:
        # The length of a list is all that may be taken from the entries.
        assert "subscribers" not in text or "length" in text or "dam_consistency__publisher" in text


def test_nothing_that_holds_a_password_is_kept_in_a_fact() -> None:
    facts = [task["ansible.builtin.set_fact"] for task in tasks() if "ansible.builtin.set_fact" in task]
    assert len(facts) > 3
    for text in map(str, facts):
        assert not re.search(r"password|ltpa_token|dam_consistency__(subscriber|entry)\b", text)


def test_what_several_results_mean_together_is_a_filters_business() -> None:
    for path in files():
        assert path.read_text(encoding="utf-8").count("combine(") <= 2, path


def test_the_results_of_all_steps_are_cleared_before_each_subscriber() -> None:
    (block,) = yaml.safe_load((TASKS / "subscriber.yml").read_text(encoding="utf-8"))
    cleared = set(block["block"][0]["ansible.builtin.set_fact"])
    registered = {task["register"] for task in tasks() if "register" in task}
    of_the_publisher = {"dam_consistency__publisher", "dam_consistency__named"}
    assert registered - of_the_publisher <= cleared


def test_no_status_of_the_server_is_named() -> None:
    for path in [*files(), *(ROOT / "playbooks").glob("*.yml")]:
        assert not re.search(r"FIND_MISMATCH_|RESYNC_[A-Z]|DYNAMIC_", path.read_text(encoding="utf-8")), path
