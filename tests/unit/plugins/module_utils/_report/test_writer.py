# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written to a report reads back equal, or nothing is left at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._dam.paging import Deduplicated, Row, pages
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import draft as _draft
from ansible_collections.dxops.dam_staging.plugins.module_utils._report import writer as _report
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import EMPTY_COLUMNS
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.html import HtmlContext
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.reread import begins_as_report, read_summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.summary import Summary
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import ReportResult, write_report
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import json_text, undefused

TEXT_FORMATS = ["csv", "jsonl", "json"]

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
quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def mismatch(number: int, action: str = "UPDATE", kind: str = "MEDIA_ITEM", **more: Any) -> Row:
    return {"id": f"id-{number}", "recordType": kind, "recordAction": action, "subscriberId": "sub-1", **more}


def in_pages(rows: list[Row], size: int) -> list[list[Row]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def read_csv(data: bytes) -> list[list[str]]:
    limit = csv.field_size_limit(sys.maxsize)
    try:
        return list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    finally:
        csv.field_size_limit(limit)


def content(result: ReportResult) -> bytes:
    data = Path(result.path).read_bytes()
    assert result.size == len(data)
    assert result.checksum == hashlib.sha1(data, usedforsecurity=False).hexdigest()
    result.discard()
    return data


def write(tmp_path: Path, rows: list[Row], report_format: str = "csv", size: int = 3, **options: Any) -> bytes:
    return content(write_report(in_pages(rows, size), str(tmp_path), report_format, **options))


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
    result = write_report(in_pages(rows, 100), str(tmp_path), "jsonl")
    assert len(result.columns) == 1000
    assert len(content(result).splitlines()) == 1001


def test_lines_end_as_the_standard_for_csv_wants_it(tmp_path: Path) -> None:
    assert write(tmp_path, [{"a": 1}, {"a": 2}]) == b"a\r\n1\r\n2\r\n"


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
    result = write_report([], str(tmp_path), report_format)
    assert (result.count, result.columns, result.records) == (0, [], [])
    assert content(result) == wanted


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_nesting_beyond_reason_is_an_error_and_leaves_nothing(tmp_path: Path, report_format: str) -> None:
    value: Any = 0
    for _unused in range(200_000):
        value = [value]
    with pytest.raises(DamError, match="nested too deeply"):
        write_report([[{"a": value}]], str(tmp_path), report_format)
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
    summary = read_summary(str(path), report_format)
    assert summary is not None
    assert summary.count == 2


# The result


def test_the_result_says_what_was_written(tmp_path: Path) -> None:
    rows = [mismatch(number, ["CREATE", "UPDATE", "DELETE"][number % 3]) for number in range(10)]
    result = write_report([rows[:6], rows[4:]], str(tmp_path), max_records=7)
    assert result.count == 10
    assert result.duplicates == 2
    assert result.columns == ["id", "recordType", "recordAction", "subscriberId"]
    assert result.records == rows[:7]
    assert result.summary.as_dict()["by_action"] == {"CREATE": 4, "UPDATE": 3, "DELETE": 3, "UNKNOWN": 0}
    assert stat.S_IMODE(os.stat(result.path).st_mode) == 0o600
    assert Path(result.path).parent == tmp_path
    result.discard()
    result.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_wrapper_that_the_caller_made_is_used(tmp_path: Path) -> None:
    source = Deduplicated([[mismatch(1)], [mismatch(1)]])
    result = write_report(source, str(tmp_path))
    assert (result.count, result.duplicates, source.duplicates) == (1, 1, 1)


def test_a_page_of_any_size_is_written_whole(tmp_path: Path) -> None:
    rows = [mismatch(number) for number in range(2500)]
    assert len(read_csv(write(tmp_path, rows, size=2500))) == 2501


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_of_names_that_differ_in_case_alone_the_documented_one_counts(tmp_path: Path, report_format: str) -> None:
    rows = [{"RECORDTYPE": None, **mismatch(1)}, mismatch(2), {**mismatch(3), "record_type": "OTHER"}]
    result = write_report([rows], str(tmp_path), report_format)
    again = read_summary(result.path, report_format)
    assert again is not None
    for summary in (result.summary, again):
        assert summary.as_dict()["by_type"] == {"MEDIA_ITEM": {"CREATE": 0, "UPDATE": 3, "DELETE": 0, "UNKNOWN": 0}}


def test_rows_are_returned_only_where_that_is_asked_for(tmp_path: Path) -> None:
    assert write_report([[mismatch(1)]], str(tmp_path)).records == []


@pytest.mark.parametrize("unknown", ["xlsx", "arrow"])
def test_an_unknown_format_is_refused(tmp_path: Path, unknown: str) -> None:
    with pytest.raises(ValueError, match=unknown):
        write_report([], str(tmp_path), unknown)


@pytest.mark.parametrize(("report_format", "given"), [("html", False), ("csv", True)])
def test_a_page_and_nothing_else_takes_what_it_says_besides_the_rows(
    tmp_path: Path, report_format: str, given: bool
) -> None:
    def never() -> HtmlContext:
        raise AssertionError("asked before the rows were read")

    with pytest.raises(ValueError, match="the format html, and no other"):
        write_report([], str(tmp_path), report_format, html=never if given else None)


# Nothing is left behind


class Stop(BaseException):
    """What no code of ours expects."""


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
@pytest.mark.parametrize("error", [OSError("reset"), KeyboardInterrupt(), SystemExit(1), Stop(), DamError("x")])
def test_an_exception_out_of_the_pages_passes_unchanged_and_leaves_no_file(
    tmp_path: Path, error: BaseException, report_format: str
) -> None:
    seen: list[Path] = []

    def source() -> Iterator[list[Row]]:
        try:
            yield [mismatch(1)]
            seen.extend(tmp_path.iterdir())
            raise error
        finally:
            seen.append(Path("closed"))

    with pytest.raises(type(error)) as caught:
        write_report(source(), str(tmp_path), report_format)
    assert caught.value is error
    # Even a process that is killed meanwhile leaves no name in the folder.
    assert seen == [Path("closed")]
    assert list(tmp_path.iterdir()) == []


def test_the_pages_are_closed_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: Any, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_report, "write_all", full)
    source = pages(lambda offset, limit: [mismatch(offset + number) for number in range(limit)], 10, ahead=2)
    with pytest.raises(DamError, match=r"could not be written in .*No space left on device"):
        write_report(source, str(tmp_path))
    assert list(source) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_either_pass_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: int, error: BaseException
) -> None:
    plain = _draft.write_all
    calls = []

    def failing(file: Any, data: bytes) -> None:
        calls.append(data)
        plain(file, data)
        if len(calls) == (1 if passes == 1 else 3):
            raise error

    for module in (_report, _draft):
        monkeypatch.setattr(module, "write_all", failing)
    with pytest.raises(DamError if isinstance(error, OSError) else KeyboardInterrupt):
        write_report([[mismatch(1)], [mismatch(2)]], str(tmp_path))
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import os, resource, sys
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import write_report
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
source = ([{"id": f"{page}-{row}", "text": "x" * 100} for row in range(100)] for page in range(100))
try:
    write_report(source, sys.argv[1], sys.argv[2])
except DamError as error:
    print("refused:", error.message)
print("left:", os.listdir(sys.argv[1]))
"""


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_a_file_that_hits_the_systems_limit_leaves_nothing(tmp_path: Path, report_format: str) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path), report_format, str(500_000)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert "refused: The report could not be written" in run.stdout
    assert "File too large" in run.stdout
    assert "left: []" in run.stdout


KILLED = """
import os, signal, sys
from ansible_collections.dxops.dam_staging.plugins.module_utils import _draft, _report
writes = 0
def write_and_die(descriptor, data, plain=_draft.write_all):
    global writes
    plain(descriptor, data)
    writes += 1
    if writes == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
_draft.write_all = _report.write_all = write_and_die
_report.write_report([[{"id": 1}], [{"id": 2}]], sys.argv[1], sys.argv[2])
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")
@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_a_process_that_is_killed_at_any_write_leaves_no_file(tmp_path: Path, report_format: str) -> None:
    killed = 0
    for number in range(1, 10):
        command = [sys.executable, "-c", KILLED, str(tmp_path), report_format, str(number)]
        run = subprocess.run(command, check=False, env={"PYTHONPATH": os.pathsep.join(sys.path)})
        assert list(tmp_path.iterdir()) == []
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL
        killed += 1
    # Two pages into the spool, and the file itself.
    assert 3 <= killed < 9


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamError, match=r"nowhere.*No such file or directory"):
        write_report([[mismatch(1)]], str(tmp_path / "nowhere"))


MEASURED = """
import sys
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.writer import write_report
rows = int(sys.argv[3])
source = (
    # The last page brings a further column, so that all rows before it have to be widened.
    [{"id": f"{start + row:036}", "name": "x" * 150, **more} for row in range(1000)]
    for start in range(0, rows, 1000)
    for more in [{"late": 1} if start + 1000 == rows else {}]
)
result = write_report(source, sys.argv[1], sys.argv[2])
assert result.count == rows
result.discard()
# Not from getrusage: that begins with the peak of the process that started this one.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path, report_format: str) -> None:
    def peak(rows: int) -> int:
        command = [sys.executable, "-c", MEASURED, str(tmp_path), report_format, str(rows)]
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
        return int(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)

    few, many = peak(10_000), peak(60_000)
    assert many < 64 * 1024
    assert many < few * 1.15


def test_open_files_do_not_pile_up(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 8, hard))
    try:
        for _unused in range(20):
            write_report([[mismatch(1)]], str(tmp_path)).discard()
            with pytest.raises(DamError):
                write_report([[{f"k{number}": 1} for number in range(1001)]], str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# The summary


def test_rows_are_counted_by_type_action_and_subscriber() -> None:
    summary = Summary()
    for row in (mismatch(1, "CREATE"), mismatch(2, "DELETE", "RENDITION"), mismatch(3, "DELETE", "RENDITION")):
        summary.add(row)
    assert summary.as_dict() == {
        "by_type": {
            "MEDIA_ITEM": {"CREATE": 1, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 0},
            "RENDITION": {"CREATE": 0, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0},
        },
        "by_action": {"CREATE": 1, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0},
        "by_subscriber": {"sub-1": {"CREATE": 1, "UPDATE": 0, "DELETE": 2, "UNKNOWN": 0}},
    }


@pytest.mark.parametrize(
    "row",
    [
        {"recordType": "VERSION", "recordAction": "DELETE", "subscriberId": "s"},
        {"record_type": "VERSION", "record_action": "delete", "subscriber_id": "s"},
        {"type": "VERSION", "action": " Delete ", "subscriber": "s"},
        {"RecordType": "VERSION", "ACTION": "DELETE", "subscriberID": "s"},
        {"type": "other", "recordType": "VERSION", "action": "CREATE", "recordAction": "DELETE", "subscriberId": "s"},
    ],
)
def test_the_fields_are_found_under_likely_names(row: Row) -> None:
    for add in ("add", "add_alike"):
        summary = Summary()
        getattr(summary, add)(row if add == "add" else [row])
        assert summary.as_dict()["by_type"] == {"VERSION": {"CREATE": 0, "UPDATE": 0, "DELETE": 1, "UNKNOWN": 0}}
        assert list(summary.as_dict()["by_subscriber"]) == ["s"]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": "x"},
        {"recordType": None, "recordAction": ["CREATE"], "subscriberId": {"id": 1}},
        {"action": "MOVE"},
    ],
)
def test_what_a_row_lacks_is_unknown(row: Row) -> None:
    for summary in (Summary(), Summary()):
        summary.add(row)
        assert summary.as_dict() == {
            "by_type": {"UNKNOWN": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 1}},
            "by_action": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 1},
            "by_subscriber": {"UNKNOWN": {"CREATE": 0, "UPDATE": 0, "DELETE": 0, "UNKNOWN": 1}},
        }


def test_rows_of_one_page_may_call_their_fields_differently(tmp_path: Path) -> None:
    rows: list[Row] = [mismatch(1, "DELETE"), {"type": "VERSION", "action": "CREATE", "subscriber": "s"}, {"id": 3}]
    result = write_report([rows], str(tmp_path))
    assert {name: sum(cells.values()) for name, cells in result.summary.as_dict()["by_type"].items()} == {
        "MEDIA_ITEM": 1,
        "UNKNOWN": 1,
        "VERSION": 1,
    }


@given(rows=st.lists(st.fixed_dictionaries({"type": values, "action": values, "subscriberId": values}), max_size=8))
@quick
def test_rows_that_are_alike_count_the_same_at_once_and_one_by_one(rows: list[Row]) -> None:
    together, single = Summary(), Summary()
    together.add_alike(rows)
    for row in rows:
        single.add(row)
    assert together.as_dict() == single.as_dict()
    assert together.count == single.count == len(rows)


def test_a_million_names_cannot_make_a_summary_large() -> None:
    summary = Summary()
    for number in range(5000):
        summary.add({"type": f"{number}" + "x" * 5000, "subscriberId": f"s{number}", f"key{number}": 1})
    result = summary.as_dict()
    assert summary.count == 5000
    assert len(result["by_type"]) == 101
    assert len(result["by_subscriber"]) == 1001
    assert result["by_type"]["OTHER"]["UNKNOWN"] == 4900
    assert len(json.dumps(result)) < 200_000
    assert len(summary._fields) <= 1000


def test_names_that_would_play_with_a_terminal_are_made_visible() -> None:
    summary = Summary()
    summary.add({"type": "A\x1b[31m\u202e\ud800", "action": "CREATE"})
    assert list(summary.as_dict()["by_type"]) == ["A\\u001b[31m\\u202e\\ud800"]


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
    result = write_report(in_pages(rows, size), str(tmp_path), report_format, csv_bom=bom)
    again = read_summary(result.path, report_format)
    assert begins_as_report(result.path, report_format)
    result.discard()
    assert again is not None
    assert again.count == len(rows)
    assert again.as_dict()["by_type"] == result.summary.as_dict()["by_type"]
    assert again.as_dict()["by_action"] == result.summary.as_dict()["by_action"]


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_an_empty_report_is_known_again(tmp_path: Path, report_format: str) -> None:
    result = write_report([], str(tmp_path), report_format)
    assert begins_as_report(result.path, report_format)
    summary = read_summary(result.path, report_format)
    assert summary is not None
    assert summary.count == 0


NOT_REPORTS = {
    "prose": b"Dear all,\nhere is the list.\n",
    "other table": b"name,size\r\na,1\r\n",
    "key file": b"-----BEGIN PRIVATE KEY-----\nMIIE\n",
    "other object": b'{"name": "x"}\n',
    "other array": b'[\n{"name": "x"}\n]\n',
    "number": b"5\n",
    "array of numbers": b"[\n1\n]\n",
    "binary": bytes(range(256)) * 10,
    "broken quotes": b'"recordType,recordAction\r\n',
    "unfinished": b'[\n{"recordType": ',
    "nested": b"[" * 50_000,
    "blank": b"\n\n",
    "doubled": b"recordType,recordType,recordAction\r\n",
}


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
@pytest.mark.parametrize("data", NOT_REPORTS.values(), ids=NOT_REPORTS.keys())
def test_a_file_of_another_kind_is_no_report(tmp_path: Path, data: bytes, report_format: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert begins_as_report(str(path), report_format) is False


@pytest.mark.parametrize("report_format", ["jsonl", "json"])
def test_a_report_is_known_by_any_of_its_first_rows(tmp_path: Path, report_format: str) -> None:
    rows: list[Row] = [{"name": "a row that lacks them"}] * 3
    result = write_report([[*rows, mismatch(1)]], str(tmp_path), report_format)
    assert begins_as_report(result.path, report_format)
    long = write_report(
        [[*rows, mismatch(1), *({"name": "x" * 1000} for _row in range(100))]], str(tmp_path), report_format
    )
    assert begins_as_report(long.path, report_format)


@pytest.mark.parametrize("written", TEXT_FORMATS)
@pytest.mark.parametrize("asked", TEXT_FORMATS)
def test_a_report_of_one_format_is_none_of_another(tmp_path: Path, written: str, asked: str) -> None:
    result = write_report([[mismatch(1)]], str(tmp_path), written)
    assert begins_as_report(result.path, asked) == (written == asked)


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
def test_a_report_whose_first_row_is_very_long_is_known(tmp_path: Path, report_format: str) -> None:
    result = write_report([[mismatch(1, blob="x" * 1_000_000)]], str(tmp_path), report_format)
    assert begins_as_report(result.path, report_format)


def test_the_format_asked_for_has_to_be_one(tmp_path: Path) -> None:
    result = write_report([[mismatch(1)]], str(tmp_path))
    with pytest.raises(ValueError, match="xlsx"):
        begins_as_report(result.path, "xlsx")


def test_a_device_has_no_summary() -> None:
    assert read_summary(os.devnull, "jsonl") is None


def test_folders_pipes_and_missing_files_are_no_reports(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        assert begins_as_report(str(path), "csv") is False
    for path in (tmp_path, tmp_path / "missing"):
        assert read_summary(str(path), "csv") is None


@pytest.mark.parametrize("report_format", TEXT_FORMATS)
@pytest.mark.parametrize(
    "name", ["prose", "other table", "number", "array of numbers", "binary", "broken quotes", "nested"]
)
def test_a_file_that_cannot_be_read_as_a_report_has_no_summary(tmp_path: Path, name: str, report_format: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(NOT_REPORTS[name])
    assert read_summary(str(path), report_format) is None


def test_reading_leaves_the_limit_of_the_csv_module_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit(1234)
    try:
        result = write_report([[mismatch(1)]], str(tmp_path))
        read_summary(result.path, "csv")
        assert csv.field_size_limit() == 1234
        Path(result.path).write_bytes(b'"broken')
        read_summary(result.path, "csv")
        assert csv.field_size_limit() == 1234
    finally:
        csv.field_size_limit(before)
