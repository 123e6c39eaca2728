# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every connection option is in every place where users set or look up one, and is the same everywhere.

That every variable of the role is in its README and its guide is a test of ``test_documentation.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import connection_spec
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch.options import read
from support import documents
from support.role_options import ARGUMENT_SPECS, CONNECTION, renewed, variable
from tooling.paths import ROOT

SPEC = connection_spec()
ROLE: dict[str, Any] = yaml.safe_load(ARGUMENT_SPECS.read_text(encoding="utf-8"))["argument_specs"]
# The options of which the role has a variable for all subscribers together.
SUBSCRIBER_VARIABLES = [
    *("dx_username", "dx_password", "ltpa_token", "dx_protocol", "dx_port", "validate_certs", "ca_path"),
]
RENEW = "run: python3 dev.py run python tests/support/role_options.py"


def suboptions() -> dict[str, Any]:
    """Return the documented suboptions of ``subscriber``."""
    found: dict[str, Any] = documents.fragment_options("_connection", "subscriber")["subscriber"]["suboptions"]
    return found


def event_source() -> set[str]:
    """Return the options that the event source names when it is given one that it does not have."""
    with pytest.raises(OptionError) as refused:
        read({"nonsense": 1})
    return set(re.findall(r"\w+", refused.value.message.partition("There are:")[2]))


def variables_of_the_role() -> set[str]:
    """Return the options of which every entry point of the role has the variable."""
    return {option for option in SPEC if all(variable(option) in entry["options"] for entry in ROLE.values())}


def module_defaults() -> set[str]:
    """Return the options that the role gives to the modules."""
    (task,) = yaml.safe_load(CONNECTION.read_text(encoding="utf-8"))
    return set(task["module_defaults"]["group/dxops.dam_staging.dam"])


def options_named_in(guide: str) -> set[str]:
    """Return the options that a guide names."""
    return set(re.findall(r"``(\w+)``", (ROOT / "docs/docsite/rst" / guide).read_text(encoding="utf-8")))


PLACES: dict[str, Callable[[], Any]] = {
    "plugins/doc_fragments/_connection.py": lambda: documents.fragment_options("_connection"),
    "the documentation of the suboptions of subscriber": suboptions,
    "the inventory plugin": lambda: documents.inventory_options("dam_subscribers"),
    "the event source": event_source,
    f"roles/dam_consistency/meta/argument_specs.yml ({RENEW})": variables_of_the_role,
    f"roles/dam_consistency/tasks/connection.yml ({RENEW})": module_defaults,
    "docs/docsite/rst/coming_from_dxclient.rst": lambda: options_named_in("coming_from_dxclient.rst"),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_connection_option_is_in(place: str) -> None:
    missing = sorted(set(SPEC) - set(PLACES[place]()))
    assert not missing, f"{place} lacks {', '.join(missing)}"


def described(rules: dict[str, Any], *more: str) -> dict[str, Any]:
    """Return what both a specification and its documentation say of an option."""
    return {key: rules[key] for key in ("type", "choices", *more) if key in rules}


@pytest.mark.parametrize("option", SPEC)
def test_its_documentation_says_what_its_specification_says(option: str) -> None:
    rules = SPEC[option]
    variables = rules["fallback"][1] if "fallback" in rules else []
    module = documents.fragment_options("_connection")[option]
    assert described(module, "required", "default") == described(rules, "required", "default")
    assert re.findall(r"E\((DX_\w+)\)", " ".join(module["description"])) == variables
    plugin = documents.inventory_options("dam_subscribers")[option]
    # The plugin checks these: Ansible takes a word that is no boolean for false, and shows a secret that is no text.
    types = {"type": "raw"} if rules["type"] == "bool" or rules.get("no_log") else {}
    assert described(plugin, "required", "default") == {**described(rules, "default"), **types}
    assert plugin["description"] == module["description"]
    assert "env" not in plugin
    assert described(suboptions()[option], "required", "default", "env") == described(rules)
    secret = {"no_log": True} if rules.get("no_log") else {}
    assert described(ROLE["main"]["options"][variable(option)], "default", "no_log") == {**described(rules), **secret}


@pytest.mark.parametrize("option", SUBSCRIBER_VARIABLES)
def test_the_role_has_a_variable_for_all_subscribers(option: str) -> None:
    name = variable(option).replace("consistency_", "consistency_subscriber_")
    assert described(ROLE["main"]["options"][name], "no_log") == described(SPEC[option], "no_log")
    for entry in ("preflight", "compare", "report", "resync", "verify", "drift"):
        assert name in ROLE[entry]["options"]


@pytest.mark.parametrize("path", [ARGUMENT_SPECS, CONNECTION], ids=lambda path: path.name)
def test_the_role_follows_from_the_specification_and_its_documentation(path: Path) -> None:
    up_to_date = path.read_text(encoding="utf-8") == renewed(path)
    assert up_to_date, f"{path.name}: {RENEW}"


def test_the_guide_for_users_of_dxclient_has_the_environment_variables() -> None:
    variables = {name for rules in SPEC.values() if "fallback" in rules for name in rules["fallback"][1]}
    assert variables - options_named_in("coming_from_dxclient.rst") == set()
