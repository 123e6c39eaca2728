# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pattern of publishers is taken as it is, and refused if it names none."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._hosts import pattern

GROUPS = {
    "all": ["emea-1", "emea-2", "apac.example.com", "2001:db8::1"],
    "emea": ["emea-1", "emea-2"],
    "production": ["emea-1", "apac.example.com"],
    "empty": [],
    "ungrouped": [],
}


@pytest.mark.parametrize(
    ("given", "limit", "taken"),
    [
        ("all", "", "all"),
        ("emea", "", "emea"),
        ("emea-1,apac.example.com", "", "emea-1,apac.example.com"),
        ("emea-1:apac.example.com", "", "emea-1,apac.example.com"),
        (["emea-1", " apac* "], "", "emea-1,apac*"),
        ("emea,&production", "", "emea,&production"),
        ("all,!emea", "", "all,!emea"),
        ("!emea", "", "!emea"),
        ("~em.*-[12]", "", "~em.*-[12]"),
        ("emea[0]", "", "emea[0]"),
        ("emea[0:1],!emea[0]", "", "emea[0:1],!emea[0]"),
        ("emea[0:1]:production", "", "emea[0:1],production"),
        ("2001:db8::1", "", "2001:db8::1"),
        ("emea-[12]", "", "emea-[12]"),
        ("emea", "production", "emea"),
        ("emea", "nobody,emea-2", "emea"),
        ("emea", "@failed.retry", "emea"),
    ],
)
def test_a_pattern_that_names_hosts_is_taken_as_it_is(given: Any, limit: str, taken: str) -> None:
    assert pattern(given, GROUPS, limit) == taken


@pytest.mark.parametrize("given", [None, "", "  ", ",", " , ,", [], ["", " "], 5, {"emea": 1}])
def test_what_names_nothing_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^dam_publishers: names no publisher\."):
        pattern(given, GROUPS)


@pytest.mark.parametrize("part", ["emeaa", "!emeaa", "&emeaa", "empty", "~x.*", "emeaa[0]", "emeaa*"])
@pytest.mark.parametrize("before", ["", "emea,"])
def test_each_part_has_to_name_a_host(part: str, before: str) -> None:
    with pytest.raises(ValueError, match=r"names no host of the inventory\. It has: 2001:db8::1, apac") as caught:
        pattern(before + part, GROUPS)
    assert f"'{part}'" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "limit"), [("emea,!emea", ""), ("emea,!production,!emea-2", ""), ("emea", "apac*"), ("emea", "all,!emea")]
)
def test_a_pattern_and_a_limit_have_to_leave_a_host(given: str, limit: str) -> None:
    with pytest.raises(
        ValueError, match=f"leaves no host{f' with --limit {limit}' if limit else ''}".replace("*", ".")
    ):
        pattern(given, GROUPS, limit)


def test_an_inventory_without_hosts_is_refused_but_for_the_machine_itself() -> None:
    for groups in ({}, {"all": [], "ungrouped": []}):
        assert pattern("localhost", groups) == "localhost"
        with pytest.raises(ValueError, match="The inventory has no host"):
            pattern("all", groups)
