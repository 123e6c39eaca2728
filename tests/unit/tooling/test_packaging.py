# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be in the tarball."""

from __future__ import annotations

import pytest

from tooling.packaging import SHIPPED


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
    ],
)
def test_what_users_need_ships(name: str) -> None:
    assert SHIPPED.match(name)


@pytest.mark.parametrize(
    "name",
    [
        "tests/unit",
        "dev.py",
        ".ci/run",
        "tooling",
        "changelogs/fragments/a.yml",
        "pluginsx",
        "meta/x.yml",
        "extensions/molecule/default/converge.yml",
        ".gitignore",
    ],
)
def test_what_only_developers_need_does_not(name: str) -> None:
    assert not SHIPPED.match(name)
