# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JUnit XML as CI systems read it: its form, and what it says."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

# The schema that the xUnit plugin of Jenkins judges by has the last one for a suite alone, not for all of them.
_NUMBERS = ("tests", "failures", "errors", "skipped")
_CHILDREN = {"failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"}}


def read(document: Path | str) -> ET.Element:
    """Parse a file or a text, check its form, and return its one suite."""
    text = document.read_text(encoding="utf-8") if isinstance(document, Path) else document
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.tag == "testsuite"
    for element, numbers in ((root, _NUMBERS[:3]), (suite, _NUMBERS)):
        assert set(element.attrib) == {*numbers, "name", "time"}
        assert element.get("name")
        assert [int(element.attrib[name]) for name in numbers] == [len(suite), *counted(suite)][: len(numbers)]
        assert float(element.attrib["time"]) == round(sum(float(case.attrib["time"]) for case in suite), 3)
    names = [case.attrib["name"] for case in suite]
    assert len(set(names)) == len(names), "CI systems tell tests apart by their names"
    for case in suite:
        assert (case.tag, set(case.attrib)) == ("testcase", {"classname", "name", "time"})
        assert len(case) <= 1
        for outcome in case:
            assert set(outcome.attrib) == _CHILDREN[outcome.tag]
            assert outcome.attrib["message"]
            assert len(outcome) == 0
    return suite


def counted(suite: ET.Element) -> list[int]:
    """Return how many tests have failed, ended with an error, and were skipped."""
    return [len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")]
