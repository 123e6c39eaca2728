# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide says of AWX is what the role does."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from support import documents
from support.awx import rules
from support.awx.scene import GUIDE, project
from tooling.paths import ROOT

ROLE = ROOT / "roles" / "dam_awx"


class Loader(yaml.SafeLoader):
    """Reads ``!unsafe``, too."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(name: str) -> dict[str, Any]:
    """A file of the role."""
    return dict(yaml.load((ROLE / name).read_text(encoding="utf-8"), Loader))  # noqa: S506 - a safe loader's child


def example(key: str) -> Any:
    """The guide's example that has a key."""
    (found,) = [
        each.value for each in documents.yaml_examples(GUIDE) if isinstance(each.value, dict) and key in each.value
    ]
    return found


def test_the_credential_type_in_the_guide_is_that_of_the_role() -> None:
    made = read("vars/main.yml")
    assert example("fields") == made["dam_awx__credential_inputs"]
    assert example("env") == made["dam_awx__credential_injectors"]
    rules.credential_type({"inputs": example("fields"), "injectors": example("env")})


def test_the_project_in_the_guide_has_the_playbooks_of_the_job_templates() -> None:
    defaults = read("defaults/main.yml")
    assert project() == {defaults[f"dam_awx_{name}_playbook"]: name for name in ("check", "figures", "resync")}
    assert all((ROOT / "playbooks" / f"{name}.yml").is_file() for name in project().values())


def test_the_settings_in_the_guide_are_settings_of_the_role() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    checked = ArgumentSpecValidator(options).validate(example("dam_awx_scm_url"))
    assert checked.error_messages == []
    assert not checked.unsupported_parameters


def test_names_that_the_guide_gives_are_those_that_the_role_gives() -> None:
    named = set(re.findall(r"``(D(?:AM|X) [A-Za-z ]+)``", GUIDE.read_text(encoding="utf-8")))
    defaults = {value for value in read("defaults/main.yml").values() if isinstance(value, str)}
    assert len(named) > 5
    assert named <= defaults


@pytest.mark.parametrize("name", ["check", "resync"])
def test_every_question_of_a_survey_takes_its_default_from_the_extra_variables(name: str) -> None:
    text = read("vars/main.yml")[f"dam_awx__{name}_survey"]
    asked = re.findall(r"'variable': '(\w+)'", text)
    assert len(asked) > 1
    assert re.findall(r"'default': dam_awx_extra_vars\.(\w+) \|", text) == asked
    assert set(asked) - {"dam_publishers"} <= documents.role_variables()
