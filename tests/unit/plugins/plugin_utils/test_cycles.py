# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cycles by target host, and the command that gives them back."""

from __future__ import annotations

import json
import shlex

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._cycles import cycles, resume_command

BEFORE = "ansible-playbook dxops.dam_staging.resume -e dam_cycle_lengths="


def test_usual_hosts_stand_in_the_command_as_they_are() -> None:
    command = resume_command({"dx-one.example.com": 2, "https://dx-two.example.com:10039": 15})
    assert command == f"{BEFORE}dx-one.example.com=2,https://dx-two.example.com:10039=15"


def test_the_command_can_be_limited_to_one_publisher() -> None:
    command = resume_command({"dx-one.example.com": 2}, "emea")
    assert command == "ansible-playbook dxops.dam_staging.resume --limit emea -e dam_cycle_lengths=dx-one.example.com=2"


@given(st.dictionaries(st.text(st.characters(), min_size=1), st.integers(1, 1440), min_size=1))
def test_a_shell_and_both_displays_leave_the_command_as_it_is(minutes: dict[str, int]) -> None:
    command = resume_command(minutes)
    assert json.dumps(command) == f'"{command}"'
    assert yaml.safe_dump([command], width=1000).rstrip("\n").removeprefix("- ") == command
    assert shlex.split(command) == command.split(" ")
    assert not set(command) & set("$`!\\'\"~*?[]{}()<>|&;#\n")
    assert cycles(command.removeprefix(BEFORE)) == minutes


def test_a_dictionary_stays_as_it_is() -> None:
    assert cycles({"dx%31": "10"}) == {"dx%31": "10"}


@pytest.mark.parametrize("text", ["dx.example.com", "dx.example.com=", "=10", "dx.example.com=ten", "a=1,,b=2"])
def test_a_text_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"take a dictionary, or a text such as dx-one\.example\.com=10,dx-two"):
        cycles(text)
