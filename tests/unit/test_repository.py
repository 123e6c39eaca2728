# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repository's own rules, counted: what the design promises of every module, util and test."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
UTILS = sorted((ROOT / "plugins" / "module_utils").glob("*.py"))
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
PREFIX = "ansible_collections.dxops.dam_staging.plugins.module_utils."
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

# The layers of the design, lowest first; a file may import from its own layer's files above it in this list's order
# only downward. A util that is not named here belongs to the layer of the files that it serves.
LAYERS: list[set[str]] = [
    {"_supported"},
    {"_errors"},
    {"_client"},
    {"_api"},
    {"_staging", "_report", "_wait", "_paging"},
    {"_module"},
]


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


def code_lines(path: Path) -> int:
    """Count the lines of code: neither blank, nor a comment, nor part of the documentation blocks."""
    documentation: set[int] = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") in DOCUMENTATION for target in node.targets):
            documentation |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return sum(1 for number, line in lines if number not in documentation and line.strip() and line.strip()[0] != "#")


def imported(path: Path) -> set[str]:
    """The full names of the modules that the file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def utils_used(path: Path) -> set[str]:
    """The names of the collection's utils that the file imports."""
    names = {path.stem for path in UTILS}
    return {name[len(PREFIX) :].split(".")[0] for name in imported(path) if name.startswith(PREFIX)} & names


def reachable(name: str) -> set[str]:
    """The utils that a util needs, directly or by way of others."""
    graph = {path.stem: utils_used(path) for path in UTILS}
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for each in graph.get(waiting.pop(), set()) - seen:
            seen.add(each)
            waiting.append(each)
    return seen


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


@pytest.mark.parametrize("path", [*UTILS, *MODULES], ids=ids)
def test_only_the_client_knows_requests(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(path)} & {"requests", "urllib3"}
    assert not outside or path.stem == "_client"


@pytest.mark.parametrize("path", [*UTILS, *MODULES], ids=ids)
def test_only_the_module_glue_knows_ansible_module(path: Path) -> None:
    names = {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
    assert "AnsibleModule" not in names or path.stem == "_module"


@pytest.mark.parametrize("path", UTILS, ids=ids)
def test_utils_import_downward_only(path: Path) -> None:
    needed = reachable(path.stem)
    assert path.stem not in needed, f"{path.stem} imports itself by way of others"
    rank = {name: number for number, names in enumerate(LAYERS) for name in names}
    own = rank.get(path.stem)
    if own is not None:
        assert {name for name in needed if rank.get(name, -1) > own} == set()


@pytest.mark.parametrize("name", ["_staging", "_report", "_wait", "_paging"])
def test_what_is_pure_or_has_no_http_never_reaches_the_client_or_ansible(name: str) -> None:
    if not (ROOT / "plugins" / "module_utils" / f"{name}.py").exists():
        pytest.skip(f"{name}.py does not exist")
    reached = {name} | reachable(name)
    assert "_client" not in reached
    files = [path for path in UTILS if path.stem in reached]
    assert [ids(path) for path in files if any(each.split(".")[0] == "ansible" for each in imported(path))] == []


@pytest.mark.parametrize("path", UTILS, ids=ids)
def test_util_is_under_200_lines_of_code(path: Path) -> None:
    assert code_lines(path) <= 200


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_module_is_under_60_lines_of_code_beside_its_documentation(path: Path) -> None:
    assert code_lines(path) <= 60


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
