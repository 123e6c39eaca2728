# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of ``dam_consistency_subscribers``."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._entries import KEYS, problems

SECRET = "value-that-may-be-a-password"
GOOD = {"target_host": "dx.example.com", "dx_password": SECRET}


@pytest.mark.parametrize("entries", [[], [GOOD], [{"subscriber_id": "1"}, dict.fromkeys(KEYS, "x")]])
def test_good_entries_have_no_problem(entries: list[Any]) -> None:
    assert problems(entries) == []


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (SECRET, "dam_consistency_subscribers is no list. It has to be a list of dictionaries"),
        ({"target_host": SECRET}, "dam_consistency_subscribers is no list."),
        (
            [GOOD, SECRET],
            "Entry 2 of dam_consistency_subscribers is no dictionary: it needs subscriber_id or target_host.",
        ),
        ([{"dx_password": SECRET}], "Entry 1 of dam_consistency_subscribers names no subscriber: it needs"),
        ([{**GOOD, "target_host": ""}], "Entry 1 of dam_consistency_subscribers names no subscriber"),
        ([GOOD, {**GOOD, "dx_passwort": SECRET, 5: 6}], "has unknown keys: dx_passwort, 5. There are: ca_path,"),
        ([{**GOOD, "a\x1b[2J\nb" + "c" * 99: SECRET}], "has unknown keys: a [2J b"),
    ],
)
def test_what_is_wrong_is_told_without_any_value(entries: Any, told: str) -> None:
    (said,) = problems(entries)
    assert told in said
    assert SECRET not in said
    assert said.isprintable()
