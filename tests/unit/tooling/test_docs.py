# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links inside the built documentation are followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling.docs import dead_links, own


def page(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"<html><body>{body}</body></html>", encoding="utf-8")


def test_links_that_lead_somewhere_are_no_complaint(tmp_path: Path) -> None:
    page(tmp_path, "a.html", '<p id="here"><a href="b.html#there">x</a><a href="#here">y</a></p>')
    page(tmp_path, "b.html", '<h1 id="there">t</h1><a href="https://example.com/a#b">z</a><img src="c%20d.png">')
    (tmp_path / "c d.png").touch()
    assert dead_links(tmp_path) == []


def test_a_page_a_place_and_a_file_that_are_not_there_are_named_with_the_page_that_wants_them(tmp_path: Path) -> None:
    page(tmp_path, "a.html", '<a href="gone.html">x</a><a href="#gone">y</a><img src="gone.png">')
    assert dead_links(tmp_path) == [
        "a.html: gone.html is not there",
        "a.html: #gone: the page has no such place",
        "a.html: gone.png is not there",
    ]


def test_no_pages_at_all_is_a_complaint(tmp_path: Path) -> None:
    assert dead_links(tmp_path) == ["there are no pages"]


@pytest.mark.parametrize(
    "reference",
    [
        "undefined label: 'common_return_values' [ref.ref]",
        "undefined label: 'ansible_collections.ansible.builtin.copy_module' [ref.ref]",
        "'envvar' reference target not found: ANSIBLE_CACHE_PLUGIN [ref.envvar]",
    ],
)
def test_a_reference_into_other_documentation_is_no_complaint(reference: str) -> None:
    assert own([f"/a/b.rst:3: WARNING: {reference}"]) == []


@pytest.mark.parametrize(
    "problem",
    [
        "undefined label: 'drift' [ref.ref]",
        "undefined label: 'ansible_collections.dxops.dam_staging.docsite.gone' [ref.ref]",
        "Title underline too short.",
    ],
)
def test_a_reference_of_ours_that_leads_nowhere_is_a_complaint(problem: str) -> None:
    line = f"/a/b.rst:3: WARNING: {problem}"
    assert own([line]) == [line]
