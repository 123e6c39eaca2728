# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that the role writes with Ansible's own modules."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._places import looked_at, problems

VARIABLE, USER = "dam_consistency_result_file", 1000
ABSENT = {"exists": False}


def found(mode: str, uid: int, kind: str = "isdir") -> dict[str, Any]:
    """What ``ansible.builtin.stat`` says of a path."""
    return {"exists": True, "islnk": False, "isdir": False, "uid": uid, "mode": mode, kind: True}


def said_of(file: dict[str, Any], way: dict[str, Any], folder: dict[str, Any]) -> list[str]:
    """The problems of a file, with what ``stat`` says of the three paths."""
    path = "/srv/results/dam.json"
    stats = zip(looked_at(path), (file, way, folder), strict=True)
    results = [{"ansible_loop_var": "place", "place": each, "stat": stat} for each, stat in stats]
    return problems({VARIABLE: path}, results, USER)


@pytest.mark.parametrize(
    ("path", "folder"), [("/srv/results/dam.json", "/srv/results"), ("dam.json", "."), ("/dam.json", "/"), ("a/b", "a")]
)
def test_a_files_folder_is_looked_at_itself_and_where_it_leads(path: str, folder: str) -> None:
    assert looked_at(path) == [path, folder, f"{folder}/."]


OWN, LINK = found("0700", USER), found("0777", 7, "islnk")
REGULAR = found("0644", 7, "isreg")


@pytest.mark.parametrize(
    ("file", "way", "folder", "problem"),
    [
        (ABSENT, OWN, OWN, None),
        (ABSENT, ABSENT, ABSENT, None),
        (found("0777", USER, "islnk"), OWN, OWN, None),
        (LINK, OWN, OWN, "'/srv/results/dam.json' is a symbolic link of the user with the id 7."),
        (ABSENT, LINK, OWN, "the folder '/srv/results' is a symbolic link of the user with the id 7."),
        (ABSENT, found("0777", 0, "islnk"), OWN, None),
        (ABSENT, found("0700", 7), found("0700", 7), "the folder '/srv/results' belongs to the user with the id 7."),
        (ABSENT, found("0777", 0), found("0777", 0), "every user can write to the folder '/srv/results', which has no"),
        (ABSENT, found("1777", 0), found("1777", 0), None),
        (ABSENT, found("0775", 0), found("0775", 0), None),
        (REGULAR, found("1777", 0), found("1777", 0), "in a folder that every user can write to."),
        (REGULAR, OWN, OWN, None),
    ],
)
def test_what_another_user_has_a_hand_in_is_named(
    file: dict[str, Any], way: dict[str, Any], folder: dict[str, Any], problem: str | None
) -> None:
    said = said_of(file, way, folder)
    if problem is None:
        assert said == []
    else:
        assert said[0].startswith(f"{VARIABLE}: ")
        assert problem in said[0]
        assert "Choose a folder" in said[0]
