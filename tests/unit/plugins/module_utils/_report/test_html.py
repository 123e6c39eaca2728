# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report: what it says, and that no data can break out of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import html
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.html import Html
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.html_assets import STYLE, SUMMARY_LINE
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.summary import Summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import write_report
from support.reports import Row, in_pages, mismatch, origin

HOSTILE = [
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=\"document.title='broken'\">",
    "<!--<script>",
    "]]>&lt;&amp;\"'`",
    "\u202egnp.exe\u2066",
    "\0\x1b[31m\x9b\u2028\u2029\ufeff\ud800",
    "{0} {title} %s",
    "javascript:alert(1)",
    "=1+1",
]


def page_of(rows: list[Row], folder: Path, accurate: bool = True, **more: Any) -> Html:
    """Write a page as ``report.html``; ``more`` are suboptions of ``html``, and what there is to say of the origin."""
    given = {name: more.pop(name) for name in ("in_sync", "summary_before", "csv_link") if name in more}
    made = Html({"html": given or None}, origin(accurate=lambda: accurate, **more))
    result = write_report(in_pages(rows, 1000), str(folder), made)
    Path(result.path).rename(folder / "report.html")
    return made


def page(tmp_path: Path, rows: list[Row], **more: Any) -> Path:
    page_of(rows, tmp_path, **more)
    return tmp_path / "report.html"


class Reader(HTMLParser):
    """What a browser's parser finds in a page, roughly: its elements, its text, and its data."""

    VOID = ("meta", "input", "wbr", "rect")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1], data))
        elif self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def data(self, name: str) -> Any:
        return json.loads("".join(text for attributes, text in self.scripts if attributes.get("id") == name))


def read(path: Path) -> Reader:
    return Reader(path.read_text("utf-8"))


# What it says


@pytest.mark.parametrize(
    ("rows", "more", "state", "words"),
    [
        (0, {"in_sync": True}, "in-sync", "In sync"),
        (0, {"in_sync": None}, "not-proven", "Not proven"),
        (
            0,
            {"in_sync": True, "accurate": False},
            "not-proven",
            "This may not be accurate: the comparison was not complete",
        ),
        (0, {"in_sync": True, "filters": "type VERSION"}, "not-proven", "No mismatch log matches what was asked for"),
        (0, {"in_sync": False}, "drift", "no mismatch is listed here"),
        (1, {"in_sync": False}, "drift", "Drift: 1 mismatch Publisher"),
        (2, {"in_sync": None}, "drift", "Drift: 2 mismatches Publisher"),
        (2, {"in_sync": True}, "drift", "Drift: 2 mismatches Publisher"),
        (1200, {"in_sync": False, "accurate": False}, "drift", "Drift: 1,200 mismatches"),
    ],
)
def test_the_verdict_never_says_more_than_is_proven(
    tmp_path: Path, rows: int, more: dict[str, Any], state: str, words: str
) -> None:
    reader = read(page(tmp_path, [mismatch(number) for number in range(rows)], **more))
    verdicts = [attributes["class"] for tag, attributes in reader.elements if tag == "div" and attributes.get("class")]
    assert verdicts[0] == f"verdict {state}"
    assert words in reader.text


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([], "Compared not known"),
        ([None], "Compared not known"),
        (["2026-11-21T20:41:07.123Z"], "Compared 2026-11-21 20:41:07 UTC"),
        (["2026-11-21T20:41:07"], "Compared 2026-11-21 20:41:07 UTC"),
        (["2026-11-21T20:41:07+05:30"], "Compared 2026-11-21 20:41:07 UTC+05:30"),
        (["2026-11-21T20:41:07-03:00"], "Compared 2026-11-21 20:41:07 UTC-03:00"),
        (["some day <b>"], "Compared some day <b>"),
        (["2026-11-21T20:41:07Z", "2026-11-21T20:41:07Z"], "Compared 2026-11-21 20:41:07 UTC"),
        (["2026-11-21T20:41:07Z", None], "Compared not known of all of them"),
        (
            ["2026-11-21T20:41:07Z", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z"],
            "First compared 2026-11-19 00:00:00 UTC Last compared 2026-11-21 20:41:07 UTC",
        ),
        (["1969-12-31T00:00:00Z", "some day"], "First compared some day Last compared 1969-12-31 00:00:00 UTC"),
    ],
)
def test_the_time_is_written_for_a_person_in_the_zone_that_it_names(
    tmp_path: Path, times: list[str | None], words: str
) -> None:
    reader = read(page(tmp_path, [], compared_at=times))
    assert words in reader.text
    exact = [attributes["datetime"] for tag, attributes in reader.elements if tag == "time"]
    assert len(exact) == words.count(":") // 2 - words.count("+05:30") // 2
    assert all(text and text[7] == "-" and text[-6] in "+-" for text in exact)


def test_the_same_findings_are_the_same_page(tmp_path: Path) -> None:
    time = ["2026-11-21T20:41:07Z"]
    first = page(tmp_path, [mismatch(1)], compared_at=time).read_bytes()
    assert page(tmp_path, [mismatch(1)], compared_at=time).read_bytes() == first


BEFORE = Summary()
BEFORE.add(mismatch(1))
LOGGED = {"created": "2026-11-21T20:41:07Z", "loggedAt": "2026-11-21"}
FOUND = [
    {**mismatch(1), "recordId": "r1", **LOGGED},
    {**mismatch(2), "recordId": "20261121", "name": "2026-11-30T10:00 a.jpg", **LOGGED},
]
LATER = {"id": "log-9", "created": "2026-11-22T20:41:07.123Z", "loggedAt": "2026-11-22 20:41"}


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        (FOUND, {"compared_at": ["2026-11-22T00:00:00Z"]}),
        (FOUND, {"summary_before": BEFORE.as_dict()}),
        (FOUND, {"csv_link": "x.csv"}),
        ([{**row, **LATER} for row in reversed(FOUND)], {}),
    ],
    ids=["another time", "what was before", "a link", "logs written anew in another order"],
)
def test_a_page_of_the_same_findings_says_the_same(tmp_path: Path, rows: list[Row], more: dict[str, Any]) -> None:
    before = page(tmp_path, FOUND).read_bytes()
    (tmp_path / "again").mkdir()
    made = page_of(rows, tmp_path / "again", **more)
    assert (tmp_path / "again" / "report.html").read_bytes() != before
    assert made.says_the_same(str(tmp_path / "report.html"))


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        (FOUND, {"accurate": False}),
        (FOUND, {"filters": "type X"}),
        (FOUND, {"publisher": "other"}),
        (FOUND, {"subscribers": {"sub-1": "other"}}),
        (FOUND[:1], {}),
        ([FOUND[0], FOUND[0]], {}),
        ([FOUND[0], {**FOUND[1], "recordId": "r3"}], {}),
        ([FOUND[0], {**FOUND[1], "recordId": "20261122"}], {}),
        ([FOUND[0], {**FOUND[1], "name": "2026-11-30T10:00 b.jpg"}], {}),
        ([FOUND[0], {**FOUND[1], "recordAction": "DELETE"}], {}),
        ([FOUND[0], {**FOUND[1], "name": "another"}], {}),
    ],
)
def test_a_page_of_other_findings_says_something_else(tmp_path: Path, rows: list[Row], more: dict[str, Any]) -> None:
    before = page(tmp_path, FOUND)
    (tmp_path / "again").mkdir()
    assert not page_of(rows, tmp_path / "again", **more).says_the_same(str(before))


@pytest.mark.parametrize("old", [True, False, None])
@pytest.mark.parametrize("new", [True, False, None])
def test_in_sync_not_proven_and_drift_are_different_things(tmp_path: Path, old: bool | None, new: bool | None) -> None:
    before = page(tmp_path, [], in_sync=old)
    (tmp_path / "again").mkdir()
    assert page_of([], tmp_path / "again", in_sync=new).says_the_same(str(before)) == (old == new)


def test_environments_and_time_stand_at_the_top_and_deletions_are_named(tmp_path: Path) -> None:
    rows = [mismatch(1, "DELETE"), mismatch(2, "DELETE"), mismatch(3)]
    text = read(page(tmp_path, rows, compared_at=["2026-11-21T20:41:07Z"], subscribers={"1": "a", "2": "b"})).text
    assert "Publisher publish.example.com" in text
    assert "Subscribers a, b" in text
    assert "Compared 2026-11-21 20:41:07 UTC" in text
    assert "A resync would delete 2 records" in text


def test_deletions_are_only_spoken_of_where_there_are_some(tmp_path: Path) -> None:
    for rows, marked in (([], "no-deletes"), ([mismatch(1)], "no-deletes"), ([mismatch(1, "DELETE")], "deletes")):
        reader = read(page(tmp_path, rows))
        assert ("would delete" in reader.text) == (marked == "deletes")
        classes = [attributes.get("class") for _tag, attributes in reader.elements]
        assert {"deletes", "no-deletes"} & {name for each in classes if each for name in each.split()} == {marked}
        assert "Subscriber sub.example.com Compared not known" in reader.text


def test_a_page_that_was_limited_says_to_what_and_promises_no_more(tmp_path: Path) -> None:
    text = read(page(tmp_path, [mismatch(1, "DELETE")], filters="types VERSION, MEDIA_ITEM")).text
    assert "Only types VERSION, MEDIA_ITEM" in text
    assert "A resync would delete at least 1 record at the subscriber." in text


def cells(path: Path) -> list[list[tuple[str, str]]]:
    tables = re.findall(r'<table class="matrix" .*?</table>', path.read_text("utf-8"), re.DOTALL)
    return [re.findall(r'<td class="(\w+)">([\d,]+)', table) for table in tables]


def test_the_numbers_stand_by_type_and_action_each_action_with_its_own_colour(tmp_path: Path) -> None:
    rows = [mismatch(number, "CREATE") for number in range(1500)]
    rows += [mismatch(number, "DELETE", "VERSION") for number in range(3)]
    path = page(tmp_path, rows)
    zero = ("zero", "0")
    assert cells(path) == [
        [("create", "1,500"), zero, zero, zero, zero, ("delete", "3"), ("create", "1,500"), zero, ("delete", "3")]
    ]
    assert "Unknown" not in read(path).text
    bars = re.findall(r'<rect x="([\d.]+)" width="([\d.]+)"', path.read_text("utf-8"))
    assert bars == [("0.0", "100.0"), ("98.0", "2.0")]


def test_actions_that_are_not_known_have_a_column_of_their_own(tmp_path: Path) -> None:
    reader = read(page(tmp_path, [{"id": 1}, mismatch(2)]))
    assert (
        "Type Create Update Delete Unknown Total MEDIA_ ITEM 0 1 0 0 1 UNKNOWN 0 0 0 1 1 All 0 1 0 1 2" in reader.text
    )


def test_before_and_after_have_the_same_lines_and_the_same_scale(tmp_path: Path) -> None:
    before = Summary()
    for row in [*[mismatch(number, "DELETE") for number in range(9)], mismatch(10, "CREATE", "KEYWORD")]:
        before.add(row)
    path = page(tmp_path, [mismatch(1, "DELETE")], summary_before=before.as_dict())
    text = read(path).text
    assert "Drift: 1 mismatch left" in text
    assert "Before the resync Type Create Update Delete Total KEYWORD 1 0 0 1 MEDIA_ ITEM 0 0 9 9" in text
    assert "What is left Type Create Update Delete Total KEYWORD 0 0 0 0 MEDIA_ ITEM 0 0 1 1 All 0 0 1 1" in text
    assert re.findall(r'width="([\d.]+)" height', path.read_text("utf-8")) == ["11.1", "100.0", "11.1"]
    labels = [attributes.get("aria-label") for tag, attributes in read(path).elements if tag == "table"]
    assert labels[:2] == ["Before the resync", "What is left"]
    repaired = read(page(tmp_path, [], in_sync=True, summary_before=before.as_dict())).text
    assert "In sync After the resync, a comparison that was seen to end found no difference." in repaired
    assert "What is left No mismatches." in repaired


def test_several_subscribers_have_numbers_of_their_own(tmp_path: Path) -> None:
    rows = [mismatch(1), {**mismatch(2), "subscriberId": "sub-2"}, {**mismatch(3), "subscriberId": "sub-3"}]
    text = read(page(tmp_path, rows, subscribers={"sub-1": "a.example.com", "sub-2": "b.example.com"})).text
    assert "By subscriber Subscriber Create Update Delete Total a.example.com 0 1 0 1 b.example.com 0 1" in text
    assert "sub-3 0 1" in text
    # Two registrations of one host are not one.
    text = read(page(tmp_path, rows, subscribers={"sub-1": "a.example.com", "sub-2": "a.example.com"})).text
    assert "sub-1 0 1 0 1 sub-2 0 1" in text
    assert "By subscriber" in read(page(tmp_path, rows[:2])).text
    assert "By subscriber" not in read(page(tmp_path, rows[:1])).text
    assert "Numbers" not in read(page(tmp_path, [])).text


def test_the_page_holds_ten_thousand_rows_and_links_to_the_rest(tmp_path: Path) -> None:
    reader = read(page(tmp_path, [mismatch(number) for number in range(10_500)], csv_link="a b:#?%.csv"))
    rows = reader.data("data")["rows"]
    assert len(rows) == 10_000
    assert rows[0] == ["id-0", "MEDIA_ITEM", "UPDATE", "sub-1"]
    assert rows[-1][0] == "id-9999"
    assert reader.data("data")["action"] == 2
    assert "the first 10,000 of 10,500 rows. All rows: a b:#?%.csv ." in reader.text
    assert [attributes["href"] for tag, attributes in reader.elements if tag == "a"][1] == "./a%20b%3A%23%3F%25.csv"


def test_huge_values_and_many_columns_do_not_make_a_huge_page(tmp_path: Path) -> None:
    rows = [{**mismatch(number), **{f"k{index}": "\U0001f4f7" * 2000 for index in range(60)}} for number in range(600)]
    path = page(tmp_path, rows)
    assert 14 * 1024 * 1024 < path.stat().st_size < 18 * 1024 * 1024
    reader = read(path)
    held = reader.data("data")["rows"]
    assert 0 < len(held) < 600
    assert len(held[0]) == 40
    assert held[0][4] == "\U0001f4f7" * 500 + "\u2026"
    assert f"the first {len(held)} of 600 rows" in reader.text
    assert "It shows the first 40 columns." in reader.text
    assert reader.data("summary")["by_action"]["UPDATE"] == 600


def test_a_page_has_room_for_a_row_if_each_of_its_characters_could_take_four_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cells of a row are ["a"]: five characters, five bytes.
    for most, held in ((19, 0), (20, 1), (24, 1), (25, 2), (30, 3)):
        monkeypatch.setattr(html, "_MOST_BYTES", most)
        path = page(tmp_path, [{"k": "a"}] * 5)
        assert (len(read(path).data("data")["rows"]) if held else path.read_text("utf-8").count('id="data"')) == held


@pytest.mark.parametrize(("limit", "most"), [("MOST_ROWS", 1), ("_MOST_BYTES", 20)])
def test_rows_that_the_page_has_no_room_for_make_it_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(html, limit, most)
    before = page(tmp_path, [{"k": letter} for letter in "abcd"])
    (tmp_path / "again").mkdir()
    for letters, same in (("abcd", True), ("abcx", False), ("abxd", False)):
        made = page_of([{"k": letter} for letter in letters], tmp_path / "again")
        assert made._held == 1
        assert made.says_the_same(str(before)) == same


def test_a_page_says_what_it_leaves_out_and_nothing_of_the_kind_if_it_leaves_out_nothing(tmp_path: Path) -> None:
    row: Row = {**mismatch(1), **{f"k{index}": "x" * 500 for index in range(36)}}
    whole, cut = read(page(tmp_path, [row])), read(page(tmp_path, [{**row, "k36": "x" * 501}]))
    assert "This page holds" not in whole.text + cut.text
    assert "It shows the first 40 columns." in cut.text
    assert "It shows" not in whole.text
    assert whole.data("data")["rows"][0][-1] == "x" * 500
    assert read(page(tmp_path, [{"k": "x" * 501}])).data("data")["rows"] == [["x" * 500 + "\u2026"]]


def test_a_column_that_comes_late_is_there(tmp_path: Path) -> None:
    rows: list[Row] = [*[{"a": None}] * 1000, {"b": [1, True]}]
    reader = read(page(tmp_path, rows))
    assert reader.data("data")["action"] == -1
    assert reader.data("data")["rows"][999:] == [[""], ["", "[1,true]"]]
    assert [words for words in reader.words if words in ("a", "b")] == ["a", "b"]


@pytest.mark.parametrize("name", ["../x.csv", "", ".", ".."])
def test_a_link_leads_to_a_file_of_the_same_folder(name: str) -> None:
    with pytest.raises(OptionError, match=r"^html\.csv_link:"):
        Html({"html": {"csv_link": name}}, origin())


def test_the_summary_from_before_has_to_be_one() -> None:
    with pytest.raises(OptionError, match=r"^html\.summary_before:"):
        Html({"html": {"summary_before": {"by_type": 5}}}, origin())


# Reading it again


def test_a_page_is_known_again_with_its_summary(tmp_path: Path) -> None:
    rows = [mismatch(number, "DELETE", kind) for number, kind in enumerate(HOSTILE)]
    path = page(tmp_path, rows)
    again = Html.read_summary(str(path))
    wanted = Summary()
    for row in rows:
        wanted.add(row)
    assert again is not None
    assert again.as_dict() == wanted.as_dict()
    assert again.count == len(HOSTILE)


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><html><head><title>x</title></head><body></body></html>",
        "<!DOCTYPE html>\n<html>\n<body>\n</body>\n</html>\n",
        "recordType,recordAction\r\n",
        "",
        '<p>content="dxops.dam_staging report"</p>',
        f"<html>\n<body>\n{SUMMARY_LINE}{json.dumps(Summary().as_dict())}</script>\n",
    ],
)
def test_another_page_is_no_report(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.html"
    path.write_text(text)
    assert Html.read_summary(str(path)) is None
    (tmp_path / "page").mkdir()
    made = page_of([], tmp_path / "page")
    assert not made.says_the_same(str(path))
    assert not made.says_the_same(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    "summary",
    ["", "[]", "{}", "5", '{"by_type": 5, "by_subscriber": {}}',
     '{"by_type": {"A": {"CREATE": "1"}}, "by_subscriber": {}}',
     '{"by_type": {"A": {"CREATE": -1}}, "by_subscriber": {}}', '{"by_type": {"A": {"X": 1}}, "by_subscriber": {}}',
     '{"by_type": {"A": 1}, "by_subscriber": {}}'],
)  # fmt: skip
def test_a_summary_that_was_tampered_with_is_none(tmp_path: Path, summary: str) -> None:
    path = page(tmp_path, [mismatch(1)])
    text = re.sub(
        r'(id="summary">).*?(</script>)', lambda found: found[1] + summary + found[2], path.read_text("utf-8")
    )
    path.write_text(text, "utf-8")
    assert Html.read_summary(str(path)) is None


# No data breaks out

anything = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))


@given(
    rows=st.lists(
        st.dictionaries(anything, st.one_of(anything, st.lists(anything, max_size=2)), max_size=4), max_size=5
    ),
    host=anything,
    kind=anything,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_text_becomes_an_element_or_goes_unseen(tmp_path: Path, rows: list[Row], host: str, kind: str) -> None:
    rows = [{**row, "recordType": kind, "serial": number} for number, row in enumerate(rows)]
    before = Summary()
    before.add({"type": kind, "action": "DELETE"})
    link = f"{host}.csv".replace("/", "")
    more = {"publisher": host, "subscribers": {kind: host}, "compared_at": [host], "csv_link": link}
    path = page(tmp_path, rows, summary_before=before.as_dict(), **more)
    reader = read(path)
    assert not {tag for tag, _attributes in reader.elements} & {"img", "iframe", "object", "link", "base", "form"}
    assert sum(tag == "script" for tag, _attributes in reader.elements) == (4 if rows else 2)
    assert not any(name.startswith("on") or name == "style" for _tag, found in reader.elements for name in found)
    assert all(char.isprintable() or char == "\n" for char in path.read_text("utf-8"))
    if rows:
        held = reader.data("data")["rows"]
        assert len(held) == len(rows)


def test_nothing_is_loaded_from_elsewhere_and_the_policy_forbids_it(tmp_path: Path) -> None:
    text = page(tmp_path, [mismatch(1)]).read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "default-src 'none'" in policy[1].replace("&#x27;", "'")
    assert "unsafe" not in policy[1]
    assert not re.search(r'(?:src|href)="(?!#|\./)', text)
    assert "://" not in re.sub(r"http-equiv", "", text)
    assert "url(" not in text


# Contrast


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PALETTES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
]
ON_GROUND = ["text", "muted", "link", "create", "update", "delete", "unknown"]


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark", "print"])
def test_every_text_stands_out_from_its_ground(palette: dict[str, str]) -> None:
    pairs = [(name, ground) for name in ON_GROUND for ground in ("ground", "raised")]
    pairs += [("good", "good-ground"), ("bad", "bad-ground"), ("open", "open-ground")]
    for name, ground in pairs:
        bright, dark = sorted((luminance(palette[name]), luminance(palette[ground])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {ground}"
