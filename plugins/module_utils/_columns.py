# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of a table whose rows bring their own keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._errors import DamError

# A table wider than this is not one; the limit keeps data with ever new keys from filling memory and disk.
_MOST_COLUMNS = 1000


class Columns:
    """Collects the keys of all rows, in order of first appearance, up to 1000 of them.

    With ``strict`` more of them raise ``DamError``; without, the others are left out.
    """

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._known: set[str] = set()
        self.names: list[str] = []
        self.alike = False
        """Whether all rows learnt from last have the same keys in the same order."""
        self.exact = False
        """Whether these keys are just ``names``, in that order."""

    def learn(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take the keys of ``rows``."""
        shapes = dict.fromkeys(map(tuple, rows))
        for shape in shapes:
            for name in shape:
                if name not in self._known:
                    self._add(name)
        self.alike = len(shapes) == 1
        self.exact = self.alike and next(iter(shapes)) == tuple(self.names)

    def _add(self, name: str) -> None:
        if len(self.names) < _MOST_COLUMNS:
            self._known.add(name)
            self.names.append(name)
        elif self._strict:
            raise DamError(
                f"The rows have more than {_MOST_COLUMNS} different keys, which is too many for the columns of a "
                "table. Use the format jsonl or json."
            )
