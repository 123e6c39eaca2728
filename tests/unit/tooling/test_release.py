# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release: the version in one place, the notes out of the changelog, and nothing half done."""

from __future__ import annotations

import pytest

from tooling import release
from tooling.process import Failed

CHANGELOG = """# dxops.dam_staging Release Notes

**Topics**

- <a href="#v1-1-0">v1\\.1\\.0</a>

<a id="v1-1-0"></a>
## v1\\.1\\.0

<a id="minor-changes"></a>
### Minor Changes

* New\\.

<a id="v1-0-0"></a>
## v1\\.0\\.0

<a id="release-summary"></a>
### Release Summary

The first\\.
"""


def test_the_version_is_set_and_nothing_else() -> None:
    text = "name: dam_staging\nversion: 0.1.0\nlicense: [x]\n"
    assert release.with_version(text, "1.0.0") == "name: dam_staging\nversion: 1.0.0\nlicense: [x]\n"


def test_a_file_without_a_version_is_refused() -> None:
    with pytest.raises(Failed, match="no line with the version"):
        release.with_version("name: x\n", "1.0.0")


@pytest.mark.parametrize(("version", "has", "lacks"), [("1.1.0", "New", "The first"), ("1.0.0", "The first", "New")])
def test_the_notes_are_the_part_of_that_version(version: str, has: str, lacks: str) -> None:
    notes = release.notes_of(CHANGELOG, version)
    assert has in notes
    assert lacks not in notes


def test_a_version_that_the_changelog_does_not_have_is_refused() -> None:
    with pytest.raises(Failed, match=r"nothing about 2\.0\.0"):
        release.notes_of(CHANGELOG, "2.0.0")


@pytest.mark.parametrize("words", [[], ["1.0"], ["v1.0.0"], ["1.0.0", "2.0.0"]])
def test_what_is_no_version_is_refused_before_anything_happens(words: list[str]) -> None:
    with pytest.raises(Failed, match="say which version"):
        release.release(words)
