# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation against the code: examples, options, variables, links and quoted messages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._record import verdict
from support import documents
from support.documents import Example
from support.role import SCHEMA, check_form
from tooling.paths import ROOT
from tooling.process import environment

GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
READMES = [
    ROOT / "README.md",
    ROOT / "roles" / "dam_consistency" / "README.md",
    ROOT / "roles" / "dam_awx" / "README.md",
]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("dam_*.py"))
INVENTORIES = sorted(path.stem for path in (ROOT / "plugins" / "inventory").glob("dam_*.py"))
FILTERS = sorted((ROOT / "plugins" / "filter").glob("*.yml"))
EVENT_DRIVEN = sorted(path.stem for path in (ROOT / "extensions" / "eda").rglob("*") if path.suffix in {".py", ".yml"})
WRONG = ROOT / "docs" / "docsite" / "rst" / "what_can_go_wrong.rst"
LABELS = "ansible_collections.dxops.dam_staging.docsite."

# Of the fragment ansible.builtin.constructed.
CONSTRUCTED = {"compose", "groups", "keyed_groups"}
PUBLIC_NAMES = {
    "dam_consistency_artifact",
    "dam_consistency_paused",
    "dam_consistency_paused_artifact",
    "dam_consistency_report_path",
    "dam_consistency_result",
}


def ids(value: object) -> str:
    """A test's name for a file or an example."""
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


@cache
def examples() -> list[Example]:
    """Every YAML example of the guides, the READMEs, the modules and the filters."""
    found = [example for path in [*GUIDES, *READMES] for example in documents.yaml_examples(path)]
    found += [documents.filter_examples(path.stem) for path in FILTERS]
    return found + [documents.module_examples(name) for name in MODULES]


@cache
def text_of_all() -> str:
    """All prose: guides, READMEs, changelog fragments."""
    fragments = sorted((ROOT / "changelogs" / "fragments").glob("*.yml"))
    return "\n".join(path.read_text(encoding="utf-8") for path in [*GUIDES, *READMES, *fragments])


def tasks_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every task, wherever it is: in a list of tasks, a play, a block."""
    for entry in value if isinstance(value, list) else []:
        if not isinstance(entry, dict):
            continue
        lists = [name for name in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always") if name in entry]
        for name in lists:
            yield from tasks_of(entry[name])
        if not lists and "hosts" not in entry:
            yield entry


def module_calls(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The collection's modules that an example calls, by their short names, with the options."""
    for task in tasks_of(value):
        for name, options in task.items():
            if name.startswith("dxops.dam_staging."):
                yield name.rpartition(".")[2], options or {}


@pytest.mark.parametrize("example", examples(), ids=ids)
def test_example_is_yaml(example: Example) -> None:
    assert example.value, f"{example}: nothing in it"


def test_there_are_examples_in_every_place_that_ought_to_have_some() -> None:
    places = {example.path for example in examples()}
    assert {path.stem for path in GUIDES} - {path.stem for path in places} <= {"about_the_servers", "developing"}
    assert set(READMES) <= places
    assert len(examples()) > len(MODULES) + 20


def test_playbooks_and_tasks_of_all_examples_pass_the_syntax_check(tmp_path: Path) -> None:
    books = []
    for number, example in enumerate(examples()):
        if not isinstance(example.value, list) or not all(isinstance(entry, dict) for entry in example.value):
            continue
        plays = any({"hosts", "import_playbook", "ansible.builtin.import_playbook"} & set(one) for one in example.value)
        wrapped = [{"name": "Wrapped", "hosts": "localhost", "gather_facts": False, "tasks": example.value}]
        book = tmp_path / f"{number}-{example.path.stem}.yml"
        book.write_text(json.dumps(example.value if plays else wrapped), encoding="utf-8")
        books.append(book)
    assert len(books) > len(MODULES) + 10
    collections_own = [f"dxops.dam_staging.{path.stem}" for path in (ROOT / "playbooks").glob("*.yml")]
    done = ansible_playbook("--syntax-check", *map(str, books), *collections_own)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_syntax_check_finds_a_module_that_does_not_exist(tmp_path: Path) -> None:
    book = tmp_path / "book.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "tasks": [{"dxops.dam_staging.dam_nothing": {}}]}]))
    assert ansible_playbook("--syntax-check", str(book)).returncode != 0


def ansible_playbook(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it with an inventory that has every host that an example names."""
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", *arguments],
        env=environment(Path(sys.executable).parent, {"ANSIBLE_LOCALHOST_WARNING": "0"}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("example", examples(), ids=ids)
def test_modules_are_called_with_options_that_they_have(example: Example) -> None:
    for name, options in module_calls(example.value):
        documents.check_options(name, options, documents.argument_spec(name))
    for entry in example.value if isinstance(example.value, list) else []:
        defaults = entry.get("module_defaults", {}) if isinstance(entry, dict) else {}
        group = defaults.get("group/dxops.dam_staging.dam", {})
        documents.check_options("dam_subscriber_info", group, documents.argument_spec("dam_subscriber_info"))


@pytest.mark.parametrize("name", INVENTORIES)
def test_inventories_of_the_examples_have_options_that_their_plugin_has(name: str) -> None:
    found = documents.inventory_examples(name)
    assert found.value
    for example in found.value:
        assert set(example) <= documents.inventory_options(name).keys() | CONSTRUCTED


def test_an_option_or_choice_that_does_not_exist_is_found() -> None:
    spec = documents.argument_spec("dam_resync")
    for wrong in ({"max_delete": 1}, {"wait_for": "nothing"}, {"subscriber": {"port": 1}}):
        with pytest.raises(AssertionError):
            documents.check_options("dam_resync", wrong, spec)


def test_every_module_is_called_in_an_example() -> None:
    called = {name for example in examples() for name, _options in module_calls(example.value)}
    assert called == set(MODULES)


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_role_variables_that_are_named_exist(role: Path) -> None:
    named = set(re.findall(rf"\b{role.name}_[a-z][a-z_]*[a-z]\b", text_of_all()))
    assert named - documents.role_variables(role) - PUBLIC_NAMES == set()
    assert len(named) > 5


@pytest.mark.parametrize(
    ("path", "role"),
    [
        (READMES[1], documents.ROLE),
        (ROOT / "docs/docsite/rst/consistency_cycle.rst", documents.ROLE),
        (READMES[2], ROOT / "roles" / "dam_awx"),
    ],
    ids=ids,
)
def test_every_role_variable_is_documented(path: Path, role: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert {name for name in documents.role_variables(role) if not re.search(rf"\b{name}\b", text)} == set()


@pytest.mark.parametrize("path", [READMES[1], ROOT / "docs/docsite/rst/consistency_cycle.rst"], ids=ids)
def test_every_entry_point_of_the_role_is_documented(path: Path) -> None:
    specs = yaml.safe_load((ROOT / "roles/dam_consistency/meta/argument_specs.yml").read_text(encoding="utf-8"))
    shown = set(re.findall(r"`+(\w+)`+", path.read_text(encoding="utf-8")))
    assert set(specs["argument_specs"]) - {"main"} - shown == set()


def test_every_playbook_that_is_shipped_is_in_the_readme() -> None:
    left_out = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    shipped = {path.stem for path in (ROOT / "playbooks").glob("*.yml") if f"playbooks/{path.name}" not in left_out}
    shown = set(re.findall(r"^\| `dxops\.dam_staging\.(\w+)` \|", READMES[0].read_text(encoding="utf-8"), re.MULTILINE))
    assert shown == shipped


def test_every_module_is_in_the_readme() -> None:
    shown = re.findall(r"^\| `(dam_\w+)` \|", READMES[0].read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == MODULES


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_defaults_in_the_readme_of_a_role_and_in_its_specification_are_those_of_the_role(role: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", (role / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    fixed = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    assert {name: yaml.safe_load(shown) for name, shown in rows if name in defaults and "{{" not in shown} == fixed
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert {
        name: option["default"] for name, option in specs["main"]["options"].items() if "default" in option
    } == defaults


def test_environment_variables_that_are_named_are_read_somewhere() -> None:
    sources = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "roles").rglob("tasks/*.yml")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    named = set(re.findall(r"\bDX_[A-Z_]+\b", text_of_all()))
    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()
    assert len(named) > 5


def test_links_between_the_guides_resolve() -> None:
    labels = set(re.findall(r"^\.\. _(ansible_collections\.[\w.]+):$", text_of_all(), re.MULTILINE))
    linked = set(re.findall(r":ref:`(?:[^`<]*<)?(ansible_collections\.[\w.]+)>?`", text_of_all()))
    assert linked - labels == set()
    assert {LABELS + path.stem for path in GUIDES} <= labels


@pytest.mark.parametrize("path", GUIDES, ids=ids)
def test_links_within_a_guide_lead_to_a_heading_of_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^(.+)\n[=\-^]{3,}$", text, re.MULTILINE)
    assert set(re.findall(r"(?<!`)`([^`<]+)`_", text)) <= set(headings)


@pytest.mark.parametrize("path", GUIDES, ids=ids)
def test_headings_are_underlined_to_their_full_length(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    underlined = [(heading, line) for heading, line in pairwise(lines) if re.fullmatch(r"([=\-^])\1{2,}", line)]
    assert [heading for heading, line in underlined if len(heading) != len(line)] == []
    assert len(underlined) > 2


def test_the_table_of_contents_has_every_guide() -> None:
    extra = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))
    listed = [name for section in extra["sections"] for name in section["toctree"]]
    assert sorted(listed) == [path.stem for path in GUIDES]


def test_the_readme_lists_every_guide() -> None:
    linked = re.findall(r"^- \[[^]]+\]\((docs/\S+\.rst)\)$", READMES[0].read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(linked) == [ids(path) for path in GUIDES]


def test_plugins_and_playbooks_that_are_named_exist() -> None:
    text = text_of_all()
    plugins = set(re.findall(r":ansplugin:`dxops\.dam_staging\.(\w+)#(\w+)`", text))
    assert {name for name, kind in plugins if kind == "module"} <= set(MODULES)
    assert {name for name, kind in plugins if kind == "inventory"} <= set(INVENTORIES)
    assert {name for name, kind in plugins if kind == "role"} <= {role.name for role in ROLES}
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    named = (
        set(re.findall(r"\bdxops\.dam_staging\.([a-z]\w+)", text)) - {"dam", "docsite"} - {role.name for role in ROLES}
    )
    assert named - set(MODULES) - set(INVENTORIES) - set(EVENT_DRIVEN) - playbooks == set()


def test_links_of_the_readmes_lead_to_files() -> None:
    for path in READMES:
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def quoted_messages() -> list[str]:
    return [" ".join(block.split()) for block in documents.blocks(WRONG, "text")]


@pytest.mark.parametrize("message", quoted_messages(), ids=lambda message: message[:60])
def test_messages_that_are_quoted_are_those_of_the_code(message: str) -> None:
    fragments = documents.fragments(message)
    assert fragments, "nothing of it is literal"
    assert documents.spoken(fragments), fragments


def test_a_message_that_the_code_does_not_have_is_found() -> None:
    assert documents.spoken(documents.fragments("<The comparison> failed: its status is <status>."))
    assert not documents.spoken(documents.fragments("<The comparison> went well: its status is <status>."))


def test_every_guard_and_every_check_of_the_preflight_is_explained() -> None:
    from ansible_collections.dxops.dam_staging.plugins.module_utils._preflight.checks import CHECKS

    text = WRONG.read_text(encoding="utf-8")
    guards = {"two_way_staging", "operations_in_progress", "failed_operations", "max_mismatches", "max_deletes"}
    names = guards | {"max_delete_percent"} | {check.name for check in CHECKS}
    assert {name for name in names if name not in text} == set()


def test_every_status_of_a_comparison_is_explained() -> None:
    from ansible_collections.dxops.dam_staging.plugins.module_utils._staging.states import _PHASES

    text = (ROOT / "docs/docsite/rst/about_the_servers.rst").read_text(encoding="utf-8")
    assert {status for status in _PHASES if status and f"``{status}``" not in text} == set()


def test_the_result_in_the_guide_is_that_of_the_role() -> None:
    guide = ROOT / "docs/docsite/rst/consistency_cycle.rst"
    text = guide.read_text(encoding="utf-8")
    result, artifact = (json.loads(block) for block in documents.blocks(guide, "json"))
    check_form(result)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    explained = set(re.findall(r"^   \* - ``(?:subscribers\[\]\.)?(\w+)``", text, re.MULTILINE))
    of_one = schema["$defs"]["subscriber"]["properties"].keys() - {"subscriber_id", "target_host"}
    assert (schema["properties"].keys() | of_one) - {"schema"} - explained <= {"mismatches_after"}
    (host,) = artifact["publishers"]
    assert verdict(result["subscribers"], result["publisher"], host) == {
        "result": result,
        "artifact": artifact,
        "problems": [],
    }


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [([True], 0), ([False], 2), ([None], 1), ([True, True], 0), ([True, False, True], 2), ([False, None], 1), ([], 1)],
)
def test_the_line_for_pipelines_tells_sync_drift_and_error_apart(
    verdicts: list[bool | None], code: int, tmp_path: Path
) -> None:
    folder = tmp_path / "dam-results"
    folder.mkdir()
    for number, in_sync in enumerate(verdicts):
        (folder / f"{number}.json").write_text(json.dumps({"schema": 1, "in_sync": in_sync}), encoding="utf-8")
    assert exit_code_of_the_line(tmp_path) == code


def exit_code_of_the_line(folder: Path) -> int:
    script = "\n".join(documents.blocks(ROOT / "docs/docsite/rst/awx_and_pipelines.rst", "shell"))
    line = next(line for line in script.splitlines() if line.startswith("python3 -c"))
    command = line.replace("python3", f"'{sys.executable}'", 1)
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=False).returncode
