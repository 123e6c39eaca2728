# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A result of the role as JUnit XML, which CI systems show as tests. Knows no Ansible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.dxops.dam_staging.plugins.module_utils._text import visible

Result = Mapping[str, Any]

_ADVICE = "Run the playbook dxops.dam_staging.resync to repair it, after a look at what that would delete."


def junit(result: Result) -> str:
    """One test for the publisher and one for each subscriber.

    A subscriber that differs has failed; what went wrong is an error; what nobody looked at is skipped. Raises
    ValueError for what is no ``dam_consistency_result``.
    """
    try:
        return _document(result)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"This is no dam_consistency_result: {problem!r}") from None


def _document(result: Result) -> str:
    publisher = str(result["publisher"])
    suite = ET.Element("testsuite", name=_text(f"DAM staging of {publisher}"))
    case = _case(suite, publisher, f"{publisher} can be worked on", 0.0)
    if result["error"]:
        _outcome(case, "error", result["error"], result["error"])
    for record in result["subscribers"]:
        name = record["target_host"] or record["subscriber_id"] or "subscriber"
        case = _case(suite, publisher, f"{name} is in sync with its publisher", float(record["duration"]))
        _judge(case, record)
    counts = {
        "tests": len(suite),
        **{f"{kind}s" if kind != "skipped" else kind: len(suite.findall(f"*/{kind}")) for kind in _KINDS},
        "time": f"{sum(float(one.get('time', 0)) for one in suite):.3f}",
    }
    root = ET.Element("testsuites")
    for name, value in counts.items():
        suite.set(name, str(value))
        if name != "skipped":  # which the schema that Jenkins judges by has for a suite alone
            root.set(name, str(value))
    root.set("name", "dam_consistency")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


_KINDS = ("failure", "error", "skipped")


def _case(suite: ET.Element, publisher: str, name: str, seconds: float) -> ET.Element:
    # A dot would be taken for the end of a package's name.
    classname = "dam_consistency." + publisher.replace(".", "_")
    return ET.SubElement(suite, "testcase", classname=_text(classname), name=_text(name), time=f"{seconds:.3f}")


def _judge(case: ET.Element, record: Result) -> None:
    error = record["error"]
    if record["in_sync"] is False:
        message = f"{record['mismatches_after']} mismatches"
        lines = [f"{message}.", *_numbers(record), *([error] if error else []), *_report(record)]
        _outcome(case, "failure", message, "\n".join([*lines, *([] if record["repaired"] else [_ADVICE])]))
    elif error:
        _outcome(case, "error", error, "\n".join([error, *_report(record)]))
    elif record["in_sync"] is None:
        _outcome(case, "skipped", "Nothing was proven in this run.", None)


def _numbers(record: Result) -> list[str]:
    """The numbers by type and action; of what was found first, since only that is summed up."""
    if not record["summary_before"]:
        return []
    when = "Before the repair" if record["repaired"] else "By type"
    return [f"{when}:"] + [
        f"  {name}: " + ", ".join(f"{action} {count}" for action, count in counts.items() if count)
        for name, counts in record["summary_before"]["by_type"].items()
    ]


def _report(record: Result) -> list[str]:
    return [f"Report: {record['report']}"] if record["report"] else []


def _outcome(case: ET.Element, kind: str, message: str, text: str | None) -> None:
    # The first line is what lists show; an attribute with a line break would lose it.
    found = ET.SubElement(case, kind, message=_text(message.strip().partition("\n")[0]))
    if kind != "skipped":
        found.set("type", "drift" if kind == "failure" else "error")
    if text is not None:
        found.text = _text(text)


def _text(value: str) -> str:
    """Return the lines with escapes for invisible characters: XML cannot hold some, and a terminal obeys some."""
    return "\n".join(map(visible, value.split("\n")))
