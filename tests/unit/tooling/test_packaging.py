# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be in the tarball."""

from __future__ import annotations

import pytest

from tooling.packaging import SHIPPED, _look_at
from tooling.process import Failed


@pytest.mark.parametrize(
    "name",
    [
        "plugins/modules/dam_resync.py",
        "roles",
        "meta/runtime.yml",
        "meta/extensions.yml",
        "extensions/eda/rulebooks/drift.yml",
        "README.md",
        "changelogs/changelog.yaml",
        "docs/a.md",
        "docs/dam_consistency_result.schema.json",
        "docs/docsite/extra-docs.yml",
    ],
)
def test_what_users_need_ships(name: str) -> None:
    assert SHIPPED.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "tests/unit",
        "dev.py",
        "noxfile.py",
        ".ci/run",
        "tooling",
        "changelogs/fragments/a.yml",
        "pluginsx",
        "meta/x.yml",
        "extensions/molecule/default/converge.yml",
        ".gitignore",
        "plugins/modules/dam_resync.py.orig",
        "roles/dam_consistency/tasks/main.yml~",
        "plugins/.DS_Store",
        "docs/notes.txt",
        "README.md.bak",
    ],
)
def test_what_only_developers_need_does_not(name: str) -> None:
    assert not SHIPPED.fullmatch(name)


def test_what_git_does_not_track_does_not_ship() -> None:
    _look_at(["README.md", "plugins/modules/dam_resync.py"], {"notes.md", "tests/x.py"})
    with pytest.raises(Failed, match=r"git does not track: plugins/modules/dam_new\.py; add"):
        _look_at(["README.md", "plugins/modules/dam_new.py"], {"plugins/modules/dam_new.py", "tests/x.py"})
