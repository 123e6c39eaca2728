# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many mismatches of which type, action and subscriber, whatever the server calls its fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import ItemsView, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from .._dam.mismatches import UNKNOWN
from .._dam.records import RECORD_ACTIONS
from .._text import clean, visible

Matrix = dict[str, dict[str, int]]

OTHER = "OTHER"

# The names of the mismatch query's own parameters (the vendor's OpenAPI document).
_DOCUMENTED = ("recordType", "recordAction", "subscriberId")
# In order of preference, written without case and separators.
_TYPE_NAMES = ("recordtype", "type", "entitytype", "itemtype", "objecttype", "contenttype")
_ACTION_NAMES = ("recordaction", "action", "mismatchaction", "actiontype", "changetype")
_SUBSCRIBER_NAMES = ("subscriberid", "subscriber", "stagingsubscriberid", "targetsubscriberid", "targethost")

# There are twelve types, and a publisher has a handful of subscribers. What goes beyond these is counted as OTHER, so
# that no data can make a summary large.
_MOST_TYPES = 100
_MOST_SUBSCRIBERS = 1000
_LONGEST_NAME = 200
_MOST_SHAPES = 1000

MOST_LINES = 20
WIDTH = 28


class Fields(NamedTuple):
    """The names under which rows carry their type, action and subscriber; ``None`` where they do not."""

    record_type: str | None
    action: str | None
    subscriber: str | None

    @classmethod
    def of(cls, names: Iterable[str]) -> Fields:
        """Find the fields among the names of a row, in spite of case, separators and camel case.

        Of names that are the same without these, the documented one counts, or else the first.
        """
        plain: dict[str, str] = {}
        for name in names:
            key = re.sub(r"[^a-z0-9]", "", str(name).lower())
            if key not in plain or name in _DOCUMENTED:
                plain[key] = name
        return cls(_first(plain, _TYPE_NAMES), _first(plain, _ACTION_NAMES), _first(plain, _SUBSCRIBER_NAMES))

    def look_like_mismatches(self) -> bool:
        """Tell whether rows with these fields can be mismatch logs: those carry a type and an action."""
        return self.record_type is not None and self.action is not None


def _first(plain: dict[str, str], wanted: tuple[str, ...]) -> str | None:
    return next((plain[name] for name in wanted if name in plain), None)


class Summary:
    """Counts rows by type, action and subscriber, in bounded memory.

    What a row lacks counts as ``UNKNOWN``, and so does an action other than CREATE, UPDATE and DELETE.
    """

    def __init__(self) -> None:
        self.count = 0
        self._by_type: Matrix = {}
        self._by_action: dict[str, int] = dict.fromkeys((*RECORD_ACTIONS, UNKNOWN), 0)
        self._by_subscriber: Matrix = {}
        self._fields: dict[tuple[str, ...], Fields] = {}

    @classmethod
    def restored(cls, data: Any) -> Summary:
        """Return the summary that ``as_dict`` made ``data`` of. Raises ``ValueError`` when it is none."""
        summary = cls()
        matrices = [data.get("by_type"), data.get("by_subscriber")] if isinstance(data, dict) else []
        for matrix, target in zip(matrices, (summary._by_type, summary._by_subscriber)):
            for name, cells in _pairs(matrix):
                cell = _cell_of(target, _name(name), _MOST_SUBSCRIBERS)
                for action, number in _pairs(cells):
                    whole = isinstance(number, int) and not isinstance(number, bool)
                    if action not in cell or not whole or number < 0:
                        raise ValueError("not a summary")
                    cell[action] += number
        for cell in summary._by_type.values():
            for action, number in cell.items():
                summary._by_action[action] += number
                summary.count += number
        if not matrices:
            raise ValueError("not a summary")
        return summary

    def add(self, row: dict[str, Any]) -> None:
        """Count one row."""
        names = tuple(row)
        fields = self._fields.get(names)
        if fields is None:
            if len(self._fields) >= _MOST_SHAPES:
                self._fields.clear()
            fields = self._fields[names] = Fields.of(names)
        record_type, action, subscriber = (None if name is None else row[name] for name in fields)
        self._count(record_type, action, subscriber, rows=1)

    def add_alike(self, rows: Sequence[dict[str, Any]]) -> None:
        """Count rows that all have the same names as the first one, which is several times faster than one by one."""
        fields = Fields.of(rows[0]) if rows else None
        if fields is None or None in fields:  # itemgetter needs all three
            for row in rows:
                self.add(row)
            return
        try:
            tally = Counter(map(itemgetter(*fields), rows))
        except TypeError:  # a list or a dictionary in the place of a name
            for row in rows:
                self.add(row)
            return
        for (record_type, action, subscriber), number in tally.items():
            self._count(record_type, action, subscriber, rows=number)

    def _count(self, record_type: Any, action: Any, subscriber: Any, rows: int) -> None:
        known = _name(action).upper()
        if known not in self._by_action:
            known = UNKNOWN
        self.count += rows
        self._by_action[known] += rows
        _cell_of(self._by_type, _name(record_type), _MOST_TYPES)[known] += rows
        _cell_of(self._by_subscriber, _name(subscriber), _MOST_SUBSCRIBERS)[known] += rows

    def as_dict(self) -> dict[str, Any]:
        """Return ``by_type`` and ``by_subscriber`` (name to action to number of rows) and ``by_action`` (to number).

        Types and subscribers are in alphabetical order, actions in the order CREATE, UPDATE, DELETE, UNKNOWN.
        """
        return {
            "by_type": {name: dict(self._by_type[name]) for name in sorted(self._by_type)},
            "by_action": dict(self._by_action),
            "by_subscriber": {name: dict(self._by_subscriber[name]) for name in sorted(self._by_subscriber)},
        }


def _name(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return visible(text[:_LONGEST_NAME]) or UNKNOWN


def _cell_of(matrix: Matrix, name: str, most: int) -> dict[str, int]:
    if name not in matrix and len(matrix) >= most:
        name = OTHER
    return matrix.setdefault(name, dict.fromkeys((*RECORD_ACTIONS, UNKNOWN), 0))


def _pairs(value: Any) -> ItemsView[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError("not a summary")
    return value.items()


def table(by_type: dict[str, dict[str, int]]) -> list[str]:
    """Lines of types and actions with their totals, no more than about a screen; empty for no mismatches.

    Columns that hold nothing but zeros are kept for the three actions and left out for ``UNKNOWN``.
    """
    total: dict[str, int] = {}
    for counts in by_type.values():
        for action, number in counts.items():
            total[action] = total.get(action, 0) + number
    if not any(total.values()):
        return []
    actions = [action for action in total if action != UNKNOWN or total[action]]
    rows: list[tuple[str, Any]] = sorted(by_type.items())
    if len(rows) > MOST_LINES:
        rest = {action: sum(counts[action] for _name, counts in rows[MOST_LINES:]) for action in actions}
        rows = [*rows[:MOST_LINES], (f"({len(rows) - MOST_LINES} more types)", rest)]
    width = max(len("total"), *(min(len(name), WIDTH) for name, _counts in rows))
    lines = [_line("", [*actions, "total"], width)]
    for name, counts in [*rows, ("total", total)]:
        numbers = [counts[action] for action in actions]
        lines.append(_line(clean(name, WIDTH), [*numbers, sum(numbers)], width))
    return lines


def _line(name: str, cells: list[Any], width: int) -> str:
    return f"{name:<{width}}" + "".join(f"{cell or '.':>10}" for cell in cells)
