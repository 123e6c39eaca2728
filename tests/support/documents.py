# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guides and READMEs hold, and what the code has to say about it."""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from tooling.paths import ROOT

PLUGINS = ROOT / "plugins"
ROLE = ROOT / "roles" / "dam_consistency"
UTILS = "ansible_collections.dxops.dam_staging.plugins.module_utils"
# Stands in a text of the code for whatever is put in at run time; no text that a person writes has it.
HOLE = "\0"
# So many letters of a quoted message have to come from one text of the code.
_ENOUGH = 12


@dataclass(frozen=True)
class Example:
    """A piece of YAML that a reader may copy: where it is, the line of it, and what it says."""

    path: Path
    line: int
    value: Any

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks(path: Path, language: str) -> list[str]:
    """The code of one language in a guide or a README, without its indentation."""
    return [code for _line, code in numbered_blocks(path, language)]


def numbered_blocks(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """The same with the line numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    else:
        pattern = re.compile(rf"^( *)\.\. code-block:: {language}\n\n((?:\1 +.*\n|\n)+)", re.MULTILINE)
    for found in pattern.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, textwrap.dedent(found.groups()[-1])


def yaml_examples(path: Path) -> list[Example]:
    """The YAML examples of a guide or a README. Raises ``yaml.YAMLError`` where one is none."""
    return [Example(path, line, yaml.safe_load(code)) for line, code in numbered_blocks(path, "yaml")]


def module_examples(name: str) -> Example:
    """The block ``EXAMPLES`` of a module."""
    path = PLUGINS / "modules" / f"{name}.py"
    line, text = _block(path, "EXAMPLES")
    return Example(path, line, yaml.safe_load(text))


def inventory_examples(name: str) -> Example:
    """The files in the block ``EXAMPLES`` of an inventory plugin."""
    path = PLUGINS / "inventory" / f"{name}.py"
    line, text = _block(path, "EXAMPLES")
    return Example(path, line, list(yaml.safe_load_all(text)))


def inventory_options(name: str) -> dict[str, Any]:
    """The options in an inventory plugin's documentation, with those from the collection's fragments."""
    _line, text = _block(PLUGINS / "inventory" / f"{name}.py", "DOCUMENTATION")
    documented = yaml.safe_load(text)
    options: dict[str, Any] = documented["options"]
    for fragment in documented["extends_documentation_fragment"]:
        if fragment.startswith("dxops.dam_staging."):
            options = {**fragment_options(*fragment.split(".")[2:]), **options}
    return options


def fragment_options(name: str, section: str = "documentation") -> dict[str, Any]:
    """The options in one section of a documentation fragment of the collection."""
    module = importlib.import_module(f"ansible_collections.dxops.dam_staging.plugins.doc_fragments.{name}")
    options: dict[str, Any] = yaml.safe_load(getattr(module.ModuleDocFragment, section.upper()))["options"]
    return options


def filter_examples(name: str) -> Example:
    """The examples in the file that documents a filter."""
    path = PLUGINS / "filter" / f"{name}.yml"
    text = path.read_text(encoding="utf-8")
    line = text[: text.index("EXAMPLES:")].count("\n") + 1
    return Example(path, line, yaml.safe_load(yaml.safe_load(text)["EXAMPLES"]))


def _block(path: Path, name: str) -> tuple[int, str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            text: str = ast.literal_eval(node.value)
            return node.lineno, text
    raise AssertionError(f"{path.name} has no {name}")


class _SpecSeen(Exception):  # noqa: N818 - no error
    """Ends a module's ``main()`` when it has said which options it takes."""


@cache
def argument_spec(name: str) -> dict[str, Any]:
    """The options that a module gives to Ansible, those for files included."""
    from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS

    seen: dict[str, Any] = {}

    def capture(argument_spec: dict[str, Any], add_file_common_args: bool = False, **_more: Any) -> None:
        seen.update(FILE_COMMON_ARGUMENTS if add_file_common_args else {}, **argument_spec)
        raise _SpecSeen

    glue = importlib.import_module(f"{UTILS}._module.task")
    module = importlib.import_module(f"ansible_collections.dxops.dam_staging.plugins.modules.{name}")
    with mock.patch.object(glue, "AnsibleModule", capture):
        try:
            module.main()
        except _SpecSeen:
            return seen
    raise AssertionError(f"{name} made no AnsibleModule")


def check_options(name: str, options: dict[str, Any], spec: dict[str, Any]) -> None:
    """Fail for an option or a choice that a module does not have; what a template makes of a value is not looked at."""
    assert set(options) <= set(spec), f"{name} has no {sorted(set(options) - set(spec))}"
    for option, value in options.items():
        choices = spec[option].get("choices")
        values = value if isinstance(value, list) else [value]
        fixed = [one for one in values if not (isinstance(one, str) and "{{" in one)]
        assert not choices or set(fixed) <= set(choices), f"{name}: {option} is none of {choices}: {value}"
        if "options" in spec[option] and isinstance(value, dict):
            check_options(f"{name}.{option}", value, spec[option]["options"])


def role_variables(role: Path = ROLE) -> set[str]:
    """Every variable in a role's argument specification."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    return {name for spec in specs.values() for name in spec.get("options", {})}


def fragments(message: str) -> list[str]:
    """The literal parts of a quoted message, of which ``<...>`` stands for what is put in at run time."""
    return [part for part in (part.strip() for part in re.split(r"<[^<>]*>", message)) if re.search(r"\w\w", part)]


def spoken(parts: list[str]) -> bool:
    """Whether the code can say this: the parts stand one after the other in a text of it, or in several in a row.

    A message may be put together from texts, but each of them has to give more than a few letters of it.
    """
    return not parts or any(
        len("".join(parts[:taken])) >= _ENOUGH and spoken(parts[taken:])
        for taken in range(len(parts), 0, -1)
        if any(_in_order(parts[:taken], text) for text in texts_of_the_code())
    )


def _in_order(parts: list[str], text: str) -> bool:
    position = 0
    for part in parts:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


@cache
def texts_of_the_code() -> tuple[str, ...]:
    """Every text in the plugins and the role's tasks, with ``HOLE`` for what is put in at run time."""
    found = [text for path in PLUGINS.rglob("*.py") for text in _texts_of_python(path)]
    for path in (ROLE / "tasks").glob("*.yml"):
        found += _texts_of_yaml(yaml.safe_load(path.read_text(encoding="utf-8")))
    return tuple(" ".join(text.split()) for text in found)


def _texts_of_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            for hole in (HOLE, ""):  # what is put in may be nothing, such as the prefix of an option
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else hole for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _texts_of_yaml(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield re.sub(r"\{\{.*?\}\}", HOLE, value, flags=re.DOTALL)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts_of_yaml(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_of_yaml(inner)
