# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written in a format reads back equal, and one class is all that a format needs."""

from __future__ import annotations

import ast
import csv
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import report_spec
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import formats
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import (
    EMPTY_COLUMNS,
    FORMATS,
    new_format,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.summary import Summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import (
    Format,
    ReportResult,
    chunks,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import json_text, undefused
from ansible_collections.dxops.dam_staging.plugins.modules import dam_mismatch_report
from support.reports import TEXT_FORMATS, Row, in_pages, make_report, mismatch, origin
from tooling.paths import ROOT

# Every character there is, the troublesome ones more often.
texts = st.text(
    st.one_of(st.characters(), st.sampled_from("\"'\r\n\t,;=+-@\0\x1b\x85\u2028\u202e\ufeff\ud800")), max_size=12
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
names = st.one_of(st.sampled_from(["id", "recordType", "recordAction", "subscriberId"]), texts)
rows_strategy = st.lists(st.dictionaries(names, values, max_size=5), max_size=12)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def read_csv(data: bytes) -> list[list[str]]:
    limit = csv.field_size_limit(sys.maxsize)
    try:
        return list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    finally:
        csv.field_size_limit(limit)


def content(result: ReportResult) -> bytes:
    data = Path(result.path).read_bytes()
    result.discard()
    return data


def write(tmp_path: Path, rows: list[Row], report_format: str = "csv", size: int = 3, **options: Any) -> bytes:
    return content(make_report(tmp_path, in_pages(rows, size), report_format, **options))


def as_json(value: Any) -> Any:
    """Return what is left of a value in JSON: numbers that JSON does not know are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, dict):
        return {name: as_json(inner) for name, inner in value.items()}
    return value


def as_cell(value: Any) -> str:
    """Return what stands in a CSV for a value: the slow and plain way."""
    if value is None:
        return ""
    value = as_json(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def surrogates_escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def expected_columns(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def distinct(rows: list[Row]) -> list[Row]:
    """Make rows that cannot be taken for one another."""
    return [{**row, "serial": number} for number, row in enumerate(rows)]


# CSV


@given(rows=rows_strategy, size=st.integers(1, 13), safe=st.booleans(), bom=st.booleans())
@quick
def test_a_csv_reads_back_equal_with_pythons_own_reader(
    tmp_path: Path, rows: list[Row], size: int, safe: bool, bom: bool
) -> None:
    rows = distinct(rows)
    data = write(tmp_path, rows, "csv", size, csv_safe=safe, csv_bom=bom)
    assert data.startswith(b"\xef\xbb\xbf") == bom or not rows or expected_columns(rows)[0].startswith("\ufeff")
    header, *lines = read_csv(data[3:] if bom else data)
    columns = expected_columns(rows)
    restore = undefused if safe else str
    assert [restore(cell) for cell in header] == [surrogates_escaped(name) for name in columns or EMPTY_COLUMNS]
    for line, row in zip(lines, rows, strict=True):
        for cell, name in zip(line, columns, strict=True):
            value = row.get(name)
            if isinstance(value, (list, dict)):
                assert json.loads(cell) == as_json(value)
            else:
                assert restore(cell) == surrogates_escaped(as_cell(value))


FORMULA_SIGNS = ("=", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@given(rows=rows_strategy)
@quick
def test_no_cell_of_a_safe_csv_begins_as_a_formula(tmp_path: Path, rows: list[Row]) -> None:
    for line in read_csv(write(tmp_path, rows)):
        for cell in line:
            if cell.lstrip(" \0\ufeff\xa0\x1b")[:1] in FORMULA_SIGNS or cell[:1] in ("\t", "\r", "\n"):
                pytest.fail(f"a formula: {cell!r}")
            if cell[:1] in ("+", "-"):
                float(cell)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\rx", "\n=1", " =1", "\0=1", "\uff1d1", "'=1", "''@"]
)
def test_a_formula_gets_an_apostrophe_and_loses_it_again(tmp_path: Path, text: str) -> None:
    header, line = read_csv(write(tmp_path, [{text: text}]))
    assert header == line == ["'" + text]
    assert undefused(line[0]) == text


@pytest.mark.parametrize("text", ["-5", "+5", "-5.25", "-1e-7", "a=b", "'quoted'", "it's", "", " ", "'", "x-1"])
def test_numbers_and_harmless_texts_stay_as_they_are(tmp_path: Path, text: str) -> None:
    assert read_csv(write(tmp_path, [{"a": text}]))[1] == [text]
    assert undefused(text) == text


def test_formulas_stay_where_safety_is_switched_off(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, [{"=a": "=1+1"}], csv_safe=False)) == [["=a"], ["=1+1"]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-0.0, "-0.0"),
        (-7, "-7"),
        (1e300, "1e+300"),
        (0.1, "0.1"),
        (math.inf, "Infinity"),
        (-math.inf, "'-Infinity"),
        (math.nan, "NaN"),
        ([], "[]"),
        ({"a": [1, None, "ü", math.nan]}, '{"a":[1,null,"ü","NaN"]}'),
        ("\ud800x", "\\ud800x"),
        ({"\udfff": 1}, '{"\\udfff":1}'),
    ],
)
def test_values_stand_as_json_writes_them(tmp_path: Path, value: Any, cell: str) -> None:
    assert read_csv(write(tmp_path, [{"a": value, "b": 1}]))[1] == [cell, "1"]


def test_the_columns_are_all_keys_in_order_of_first_appearance(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"b": 1, "a": 2},
        {"a": 3, "b": 4},
        {"c": 'say "x"\r\ny', "a": 5},
        {"d": "x\n"},
        {"b": 6, "e": None},
    ]
    for size in range(1, 6):
        data = write(tmp_path, rows, size=size)
        assert read_csv(data) == [
            ["b", "a", "c", "d", "e"],
            ["1", "2", "", "", ""],
            ["4", "3", "", "", ""],
            ["", "5", 'say "x"\r\ny', "", ""],
            ["", "", "", "x\n", ""],
            ["6", "", "", "", ""],
        ]


def test_rows_without_any_key_are_still_rows(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, [{}, {}], size=2)) == [list(EMPTY_COLUMNS), ["", "", ""], ["", "", ""]]
    assert read_csv(write(tmp_path, [{}, {"a": 1}], size=1)) == [["a"], [""], ["1"]]
    assert read_csv(write(tmp_path, [{}, {"a": 1, "b": 2}], size=1)) == [["a", "b"], ["", ""], ["1", "2"]]


def test_a_table_with_more_than_a_thousand_columns_is_refused_and_jsonl_is_named(tmp_path: Path) -> None:
    rows: list[Row] = [{f"key-{number}": number} for number in range(1001)]
    assert len(read_csv(write(tmp_path, rows[:1000], size=100))[0]) == 1000
    with pytest.raises(DamError, match=r"1000 different keys.*jsonl"):
        write(tmp_path, rows, size=100)
    assert list(tmp_path.iterdir()) == []
    result = make_report(tmp_path, in_pages(rows, 100), "jsonl")
    assert len(result.columns) == 1000
    assert len(content(result).splitlines()) == 1001


def test_lines_end_as_the_standard_for_csv_wants_it(tmp_path: Path) -> None:
    assert write(tmp_path, [{"a": 1}, {"a": 2}]) == b"a\r\n1\r\n2\r\n"


@pytest.mark.parametrize(
    ("line", "blocks"),
    [(100_000, [300_000, 300_000, 200_000]), (262_144, [262_144] * 8 + [0]), (262_143, [524_286] * 4 + [0])],
)
def test_rows_are_widened_in_blocks_of_a_quarter_of_a_mebibyte(line: int, blocks: list[int]) -> None:
    rows = (b"x" * (line - 4) + b"\r\n") * 8
    assert [len(block) for block in formats._padded(io.BytesIO(rows), len(rows), b",,")] == blocks


def test_the_lines_of_a_block_may_have_any_length() -> None:
    rows = [b"x" * length + b"\r\n" for length in (1, 200_000, 100_000, 1)]
    blocks = [len(block) for block in formats._padded(io.BytesIO(b"".join(rows)), 300_010, b",")]
    assert blocks == [300_010, 4]


# JSON


@given(rows=rows_strategy, size=st.integers(1, 13), report_format=st.sampled_from(["jsonl", "json"]))
@quick
def test_json_reads_back_equal_and_has_one_row_a_line(
    tmp_path: Path, rows: list[Row], size: int, report_format: str
) -> None:
    rows = distinct(rows)
    text = write(tmp_path, rows, report_format, size).decode("utf-8")
    wanted = [as_json(row) for row in rows]
    if report_format == "json":
        assert json.loads(text) == wanted
        text = "".join(line.rstrip(",") + "\n" for line in text.split("\n")[1:-2]) if rows else ""
    # Whatever takes its own view of what ends a line sees the same lines.
    assert [json.loads(line) for line in text.splitlines()] == wanted
    assert not text or text.endswith("\n")


def test_json_keeps_the_servers_own_order_and_letters(tmp_path: Path) -> None:
    assert write(tmp_path, [{"z": "ü", "a": -0.0}], "jsonl") == '{"z":"ü","a":-0.0}\n'.encode()


@pytest.mark.parametrize(
    ("report_format", "wanted"),
    [("csv", b"recordType,recordAction,subscriberId\r\n"), ("jsonl", b""), ("json", b"[]\n")],
)
def test_a_report_without_rows(tmp_path: Path, report_format: str, wanted: bytes) -> None:
    result = make_report(tmp_path, [], report_format)
    assert (result.count, result.columns, result.records) == (0, [], [])
    assert content(result) == wanted


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_nesting_beyond_reason_is_an_error_and_leaves_nothing(tmp_path: Path, report_format: str) -> None:
    value: Any = 0
    for _unused in range(200_000):
        value = [value]
    with pytest.raises(DamError, match="nested too deeply"):
        make_report(tmp_path, [[{"a": value}]], report_format)
    assert list(tmp_path.iterdir()) == []


def test_json_text_nested_beyond_reason_is_an_error() -> None:
    value: Any = 0
    for _unused in range(200_000):
        value = {"a": value}
    with pytest.raises(DamError, match="nested too deeply"):
        json_text(value)


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_a_value_of_several_megabytes_is_kept(tmp_path: Path, report_format: str) -> None:
    rows = [mismatch(1, blob='x"\n,' * 1_000_000), mismatch(2, late=1)]
    data = write(tmp_path, rows, report_format, size=1)
    if report_format == "csv":
        assert read_csv(data)[1][4] == rows[0]["blob"]
    else:
        assert json.loads(data.splitlines()[0 if report_format == "jsonl" else 1].rstrip(b",")) == rows[0]
    path = tmp_path / "again"
    path.write_bytes(data)
    summary = FORMATS[report_format].read_summary(str(path))
    assert summary is not None
    assert summary.count == 2


# Reading a report again


@given(rows=rows_strategy, report_format=st.sampled_from(TEXT_FORMATS), size=st.integers(1, 5), bom=st.booleans())
@quick
def test_the_summary_of_a_file_is_that_of_the_rows_written(
    tmp_path: Path, rows: list[Row], report_format: str, size: int, bom: bool
) -> None:
    kinds = ["COLLECTION", "=1+1", "-5", "a,b\n\"c'", "CREATE"]
    rows = [
        {**row, "recordType": kinds[number % 5], "recordAction": ["CREATE", "DELETE", "?"][number % 3], "n": number}
        for number, row in enumerate([*rows, {}])
    ]
    result = make_report(tmp_path, in_pages(rows, size), report_format, csv_bom=bom)
    again = FORMATS[report_format].read_summary(result.path)
    result.discard()
    assert again is not None
    assert again.count == len(rows)
    assert again.as_dict()["by_type"] == result.summary.as_dict()["by_type"]
    assert again.as_dict()["by_action"] == result.summary.as_dict()["by_action"]


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_an_empty_report_has_an_empty_summary(tmp_path: Path, report_format: str) -> None:
    summary = FORMATS[report_format].read_summary(make_report(tmp_path, [], report_format).path)
    assert summary is not None
    assert summary.count == 0


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_of_names_that_differ_in_case_alone_the_documented_one_counts(tmp_path: Path, report_format: str) -> None:
    rows = [{"RECORDTYPE": None, **mismatch(1)}, mismatch(2), {**mismatch(3), "record_type": "OTHER"}]
    result = make_report(tmp_path, [rows], report_format)
    again = FORMATS[report_format].read_summary(result.path)
    assert again is not None
    for summary in (result.summary, again):
        assert summary.as_dict()["by_type"] == {"MEDIA_ITEM": {"CREATE": 0, "UPDATE": 3, "DELETE": 0, "UNKNOWN": 0}}


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
@pytest.mark.parametrize(
    "data",
    [
        b"Dear all,\nhere is the list.\n",
        b"name,size\r\na,1\r\n",
        b"recordType,size\r\nVERSION,1\r\n",
        b"recordAction,size\r\nDELETE,1\r\n",
        b"5\n",
        b"[\n1\n]\n",
        bytes(range(256)) * 10,
        b'"recordType,recordAction\r\n',
        b'recordType,recordAction\r\n"VERSION"x,CREATE\r\n',
        b"[" * 50_000,
    ],
    ids=[
        "prose",
        "other table",
        "types alone",
        "actions alone",
        "number",
        "array of numbers",
        "binary",
        "broken quotes",
        "text behind a quote",
        "nested",
    ],
)
def test_a_file_that_cannot_be_read_as_a_report_has_no_summary(tmp_path: Path, data: bytes, report_format: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert FORMATS[report_format].read_summary(str(path)) is None


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_what_is_no_file_has_no_summary(tmp_path: Path, report_format: str) -> None:
    for path in (os.devnull, tmp_path, tmp_path / "missing"):
        assert FORMATS[report_format].read_summary(str(path)) is None


def test_reading_leaves_the_limit_of_the_csv_module_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit(1234)
    try:
        result = make_report(tmp_path, [[mismatch(1)]])
        FORMATS["csv"].read_summary(result.path)
        assert csv.field_size_limit() == 1234
        Path(result.path).write_bytes(b'"broken')
        FORMATS["csv"].read_summary(result.path)
        assert csv.field_size_limit() == 1234
    finally:
        csv.field_size_limit(before)


# The registry


class Ids(Format):
    """A further format: the ids, one a line."""

    name = "ids"

    def encode(self, rows: Sequence[Row]) -> bytes:
        return "".join(f"{row['id']}\n" for row in rows).encode()

    def assemble(self, spool: BinaryIO) -> Iterator[bytes]:
        yield f"{self.summary.count} rows\n".encode()
        yield from chunks(spool)

    @staticmethod
    def read(file: BinaryIO) -> Summary:
        summary = Summary()
        for _line in file.readlines()[1:]:
            summary.add({})
        return summary


def test_a_further_format_is_one_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, Ids.name, Ids)
    assert report_spec(FORMATS)["format"]["choices"] == ["csv", "jsonl", "json", "html", "ids"]
    result = make_report(tmp_path, [[mismatch(1), mismatch(2)]], "ids")
    assert Path(result.path).read_bytes() == b"2 rows\nid-1\nid-2\n"
    again = result.format.read_summary(result.path)
    assert again is not None
    assert again.count == 2


def test_an_option_of_one_format_is_refused_with_another() -> None:
    with pytest.raises(OptionError, match=r"^html: only with format=html\.$"):
        new_format({"format": "jsonl", "html": {}}, origin())
    assert new_format({"format": "jsonl", "html": None}, origin()).name == "jsonl"


def test_a_page_alone_says_something_without_rows() -> None:
    assert [name for name, each in FORMATS.items() if each.shows_verdict] == ["html"]


def test_every_list_of_the_formats_in_the_documentation_is_that_of_the_registry() -> None:
    names = list(FORMATS)
    assert names == [each.name for each in FORMATS.values()]
    module = yaml.safe_load(dam_mismatch_report.DOCUMENTATION)["options"]["format"]
    assert (module["choices"], module["default"]) == (names, names[0])
    role = yaml.safe_load((ROOT / "roles/dam_consistency/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = [spec["options"].get("dam_consistency_report_formats") for spec in role["argument_specs"].values()]
    assert [option["choices"] for option in options if option] == [names] * 3
    for guide, mark in (("roles/dam_consistency/README.md", "`"), ("docs/docsite/rst/consistency_cycle.rst", "``")):
        text = (ROOT / guide).read_text(encoding="utf-8")
        assert [name for name in names if f"{mark}{name}{mark}" not in text] == []
    for name in names:
        assert any(f"V({name})" in line for line in module["description"])


@pytest.mark.parametrize("folder", ["plugins/modules", "plugins/module_utils/_report", "plugins/plugin_utils"])
def test_no_module_compares_the_names_of_formats(folder: str) -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted((ROOT / folder).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(isinstance(each, ast.Constant) and each.value in FORMATS for each in ast.walk(node))
    ]
    assert found == []


def test_no_task_of_the_roles_compares_the_names_of_formats() -> None:
    name = rf"""['"](?:{"|".join(FORMATS)})['"]"""
    compared = re.compile(rf"(?:[!=]=|\bin)\s*{name}|{name}\s*(?:[!=]=|(?:not\s+)?in\b)")
    assert compared.search("when: \"'html' in formats\"")
    books = sorted((ROOT / "roles").rglob("*.yml"))
    assert [path.name for path in books if compared.search(path.read_text(encoding="utf-8"))] == []


@given(rows=rows_strategy, size=st.integers(1, 13))
@quick
def test_a_printable_csv_holds_only_what_can_be_seen_and_has_every_row(
    tmp_path: Path, rows: list[Row], size: int
) -> None:
    rows = distinct(rows)
    data = write(tmp_path, rows, "csv", size, csv_printable=True)
    assert all(char.isprintable() for char in data.decode("utf-8").replace("\r\n", ""))
    header, *lines = read_csv(data)
    assert {len(line) for line in lines} <= {len(header)}
    assert len(lines) == len(rows)
