# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the HTML report behaves in a browser: with the keyboard, on a phone, in the dark, on paper."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ansible_collections.dxops.dam_staging.plugins.module_utils._report.html import Html
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import write_report
from support.reports import Row, mismatch, origin

pytestmark = pytest.mark.needs_chromium

HOSTILE = [
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=\"document.title='broken'\">",
    "<!--<script>",
    "javascript:alert(1)",
]


def report(folder: Path, rows: list[Row], csv_link: str | None = None, **more: Any) -> str:
    """Write a report as a page; return its address."""
    written = write_report([rows], str(folder), Html({"html": {"csv_link": csv_link}}, origin(**more)))
    path = folder / "report.html"
    Path(written.path).rename(path)
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which Playwright does not bring."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """``new_page(width, **options)``: a page, whose test fails for an error in its scripts or a forbidden request."""
    problems: list[str] = []
    with ExitStack() as stack:

        def opened(width: int = 1280, **options: Any) -> Page:
            context = stack.enter_context(browser.new_context(viewport={"width": width, "height": 900}, **options))
            page = context.new_page()
            page.on("console", lambda message: problems.append(message.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            return page

        yield opened
    assert problems == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page on a desktop."""
    return new_page()


def column(page: Page, number: int, first: int) -> list[str]:
    """Return a column's texts in the first rows."""
    return page.locator(f"#body tr td:nth-child({number + 1})").all_text_contents()[:first]


def test_hostile_names_are_shown_as_text_and_nothing_else_is_asked_for(page: Page, tmp_path: Path) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    rows = [mismatch(number, name=text, **{f"<b>{number}": text}) for number, text in enumerate(HOSTILE)]
    more = {"publisher": HOSTILE[0], "subscribers": {"sub-1": HOSTILE[1]}, "csv_link": HOSTILE[3]}
    address = report(tmp_path, rows, **more)
    page.goto(address)
    assert column(page, 4, 100) == HOSTILE
    assert page.title().startswith(f"Drift: {len(HOSTILE)} mismatches: {HOSTILE[0]}")
    expect(page.locator("img, b")).to_have_count(0)
    assert page.locator("main a").first.evaluate("link => link.protocol") == "file:"
    assert requested == [address]


def test_the_table_is_searched_sorted_and_extended_with_the_keyboard_alone(page: Page, tmp_path: Path) -> None:
    actions = ["CREATE", "UPDATE", "DELETE"]
    page.goto(report(tmp_path, [mismatch(number, actions[number % 3], name=f"Item {number}") for number in range(450)]))
    found, rows, focus = page.locator("#found"), page.locator("#body tr"), page.locator(":focus")
    expect(found).to_have_text("200 of 450 rows shown.")
    expect(rows).to_have_count(200)
    expect(page.locator("#body td.delete").first).to_have_text("DELETE")

    stops = []
    for _stop in range(9):
        page.keyboard.press("Tab")
        stops.append(focus.evaluate("item => item.id || item.textContent"))
    assert stops[:2] == ["Skip to the mismatches", "search"]
    assert stops[3:] == ["id", "recordType", "recordAction", "subscriberId", "name", "more"]
    page.keyboard.press("Enter")
    expect(found).to_have_text("400 of 450 rows shown.")
    page.keyboard.press("Enter")
    expect(found).to_have_text("450 of 450 rows shown.")
    # The button is hidden then: the focus is on the first of the new rows instead of nowhere.
    expect(focus).to_contain_text("id-400")

    page.get_by_role("button", name="name").focus()
    heading = page.get_by_role("columnheader", name="name")
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert column(page, 4, 3) == ["Item 0", "Item 1", "Item 2"]
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(page, 4, 3) == ["Item 449", "Item 448", "Item 447"]

    page.locator("#search").focus()
    page.keyboard.type("delete  ITEM 44")
    expect(found).to_have_text("6 of 6 rows shown that match, out of 450.")
    assert column(page, 4, 5) == ["Item 449", "Item 446", "Item 443", "Item 440", "Item 344"]


AGES = {
    5: "(just now)",
    90: "(1 minute ago)",
    59 * 60 + 30: "(59 minutes ago)",
    4 * 3600 - 60: "(3 hours ago)",
    26 * 3600: "(1 day ago)",
    1234 * 86400 + 7200: "(1,234 days ago)",
    -3600: "",  # a server whose clock is ahead
}


@pytest.mark.parametrize("rows", [0, 3])
def test_the_page_says_how_old_it_is_when_somebody_looks_and_on_paper_only_the_time(
    page: Page, tmp_path: Path, rows: int
) -> None:
    mismatches, age = [mismatch(number) for number in range(rows)], page.locator(".ago")
    for seconds, words in [*AGES.items(), (7200, "(2 hours ago)")]:
        compared = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
        page.goto(report(tmp_path, mismatches, compared_at=[compared]))
        expect(age).to_have_text(words)
    expect(age).to_be_visible()
    page.emulate_media(media="print")
    expect(age).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_no_width_makes_the_page_scroll_sideways(new_page: Callable[..., Page], tmp_path: Path, width: int) -> None:
    phone = width < 500
    page = new_page(width, is_mobile=phone, has_touch=phone)
    kinds = ["COLLECTION_MEDIA_RELATION", "MEDIA_TYPE_GROUP", "X" * 150]
    rows = [mismatch(number, "DELETE", kinds[number % 3], name="y" * 300) for number in range(9_999)]
    page.goto(report(tmp_path, [*rows, {"id": 1}], publisher="p" * 200 + ".example.com"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What a finger has to hit is large enough.
    targets = page.locator("button:visible, input:visible")
    assert min(targets.evaluate_all("items => items.map(item => item.offsetHeight)")) >= 44


def test_the_dark_and_the_printed_page_have_their_own_colours(page: Page, tmp_path: Path) -> None:
    page.goto(report(tmp_path, [mismatch(number) for number in range(700)]))
    body = page.locator("body")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_css("background-color", "rgb(15, 20, 25)")
    page.emulate_media(media="print")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator("#search")).to_be_hidden()
    page.emulate_media(media="screen")
    assert page.pdf().startswith(b"%PDF")
    expect(page.locator("#body tr")).to_have_count(500)
