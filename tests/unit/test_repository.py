# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repository's own rules, counted: what the design promises of every module, util and test."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FLOOR = ROOT / "plugins" / "module_utils"
UTILS = sorted(FLOOR.rglob("*.py"))
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
PREFIX = "ansible_collections.dxops.dam_staging.plugins.module_utils."
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

# The layers of the design, lowest first. A file imports from its own folder and from lower layers only.
LAYERS = (
    ("_errors",),
    ("_text",),
    ("_waiting",),
    ("_transport",),
    ("_dam",),
    ("_staging",),
    ("_report",),
    ("_preflight", "_drift"),
    ("_module",),
)


def tracked() -> list[Path]:
    """The files that git tracks, or would."""
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def ids(path: Path) -> str:
    """A test's name for a file."""
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """The full names of the modules that the file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                here = path.relative_to(FLOOR).parent.parts
                module = PREFIX + ".".join((*here[: len(here) - node.level + 1], module))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def subject_of(path: Path) -> str:
    """The folder of module_utils that a file belongs to, or its own name on the ground floor."""
    return path.relative_to(FLOOR).parts[0].removesuffix(".py")


def subjects_used(path: Path) -> set[str]:
    """The folders and ground-floor files of module_utils that a file imports from."""
    known = {name for names in LAYERS for name in names}
    return {name[len(PREFIX) :].split(".")[0] for name in imported(path) if name.startswith(PREFIX)} & known


def test_action_group_lists_exactly_the_modules() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["dam"]) == [path.stem for path in MODULES]


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_module_has_a_functional_test_that_calls_it(module: Path) -> None:
    test = ROOT / "tests" / "functional" / f"test_{module.stem}.py"
    assert test.is_file(), f"{module.stem} has no {test.relative_to(ROOT)}"
    functions = [node.name for node in ast.walk(tree_of(test)) if isinstance(node, ast.FunctionDef)]
    assert any(name.startswith("test_") for name in functions)
    assert module.stem in test.read_text(encoding="utf-8")


def test_every_source_file_has_its_licence_header() -> None:
    header = "# Copyright (c) 2026, dxops.dam_staging contributors\n", "# SPDX-License-Identifier: GPL-3.0-or-later\n"
    sources = [path for path in tracked() if path.suffix in {".py", ".yml", ".yaml", ".toml", ".sh", ".cfg"}]
    exempt = {ROOT / "REUSE.toml", ROOT / "changelogs" / "changelog.yaml"}
    bare = [
        ids(path)
        for path in sources
        if path not in exempt and not all(line in path.read_text(encoding="utf-8") for line in header)
    ]
    assert bare == []
    assert len(sources) > 10


def test_module_utils_has_the_folders_of_the_design() -> None:
    assert {subject_of(path) for path in UTILS} == {name for names in LAYERS for name in names}
    assert [ids(path) for path in FLOOR.rglob("__init__.py")] == []


@pytest.mark.parametrize("path", [*UTILS, *MODULES], ids=ids)
def test_only_the_transport_knows_requests_and_only_the_task_knows_ansible_module(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(path) if not name.startswith(PREFIX)}
    names = {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
    folder = path.parent.name
    assert not outside & {"requests", "urllib3"} or folder == "_transport"
    assert "AnsibleModule" not in names or folder == "_module"
    assert "ansible" not in outside or folder in {"_module", "modules"}


@pytest.mark.parametrize("path", UTILS, ids=ids)
def test_utils_import_downward_only(path: Path) -> None:
    rank = {name: number for number, names in enumerate(LAYERS) for name in names}
    own = subject_of(path)
    assert {name for name in subjects_used(path) - {own} if rank[name] >= rank[own]} == set()


def test_only_the_phases_compare_the_literals_of_the_server() -> None:
    literal = re.compile(r"(?:FIND_MISMATCH_|RESYNC_TRIGGER_|DYNAMIC_STATUS)")
    states = FLOOR / "_staging" / "states.py"
    sources = [path for folder in ("plugins", "extensions") for path in (ROOT / folder).rglob("*.py") if path != states]
    found = [
        f"{ids(path)}:{node.lineno}"
        for path in sources
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(literal.pattern + r"\w*", node.value)
    ]
    books = [path for folder in ("roles", "playbooks", "extensions") for path in (ROOT / folder).rglob("*.yml")]
    found += [ids(path) for path in books if literal.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_no_unit_test_sleeps() -> None:
    tests = (ROOT / "tests" / "unit").rglob("*.py")
    calls = [
        f"{ids(path)}:{node.lineno}"
        for path in tests
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"
    ]
    assert calls == []


def test_no_wait_loop_in_the_roles() -> None:
    loops = [
        f"{ids(path)}:{number}"
        for path in (ROOT / "roles").rglob("*.yml")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip().lstrip("- ").startswith(("until:", "retries:"))
    ]
    assert loops == []


def test_sanity_has_no_ignore_files() -> None:
    assert list((ROOT / "tests").glob("sanity/ignore*")) == []
