# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text and times from a server, made fit for a file, a terminal or a spreadsheet."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timezone
from re import Match
from typing import Any

from ._errors import DamError

# What a spreadsheet runs as a formula, also in full width (as some locales do) and after blanks, a byte order mark or
# control characters that a reader may drop. The apostrophes belong to it so that defusing can be undone.
_FORMULA = re.compile("'*(?:[\\x00-\\x20\\x7f\xa0\u3000\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\\t\\r\\n])")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

# First characters of all texts that _FORMULA matches: a text that begins with another one needs no closer look.
FORMULA_STARTS = frozenset("'=+-@\uff1d\uff0b\uff0d\uff20\x7f\xa0\u3000\ufeff").union(map(chr, range(0x21)))

# Legal in JSON, but taken for the end of a line, or for a command, by much that reads or shows it.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_strict = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)

MAX_TEXT = 2000
MAX_ID = 255
_FRACTION = re.compile(r"\.(\d+)")


def visible(text: str) -> str:
    """Return ``text`` with everything that cannot be seen (control and bidirectional characters …) as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def shown(value: Any) -> Any:
    """Return ``value`` with all texts in it made visible, names included. Raises ``DamError`` as ``json_text``."""
    try:
        return _shown(value)
    except RecursionError:
        raise DamError("A row of the server's answer is nested too deeply to be returned.") from None


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(name): _shown(inner) for name, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list) else value


def defused(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula; plain numbers stay as they are."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def undefused(text: str) -> str:
    """Undo ``defused``, exactly: no text that it leaves alone looks like one that it changed."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def json_text(value: Any) -> str:
    """Return ``value`` as compact JSON on one line.

    Lone surrogates, DEL, C1 controls and the Unicode line ends are escaped, all else stays UTF-8. Numbers that JSON
    does not know become the texts ``NaN``, ``Infinity`` and ``-Infinity``. Raises ``DamError`` when ``value`` is nested
    too deeply to be written.
    """
    try:
        try:
            text = _strict.encode(value)
        except ValueError:
            text = _strict.encode(_finite(value))
    except RecursionError:
        raise DamError("A row of the server's answer is nested too deeply to be written to the report.") from None
    return text if text.isascii() else _UNSAFE_IN_JSON.sub(_escape_match, text)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def _escape_match(match: Match[str]) -> str:
    return _escape(match.group())


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def parse_time(text: str | None) -> datetime | None:
    """The instant that an ISO 8601 text of the server stands for, in UTC; None for nothing or for what is no time."""
    # Python before 3.11 takes no "Z", and three or six digits of a fraction only.
    normal = _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", (text or "").strip().upper().replace("Z", "+00:00"))
    try:
        instant = datetime.fromisoformat(normal)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times; None if there is neither."""
    return max(filter(None, (one, other)), default=None)


def is_identifier(value: Any) -> bool:
    """Return whether ``value`` can be an id: a printable text without blanks that is no path and no option."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID
        and value.isprintable()
        and not any(char.isspace() for char in value)
        and value not in (".", "..")
        and not value.startswith("-")
        and "/" not in value
        and "\\" not in value
    )


def clean(text: str, most: int = MAX_TEXT) -> str:
    """A server's text made safe to print: no control or direction characters, at most ``most`` characters."""
    shown = "".join(c if c.isprintable() else " " for c in text[: most + 1]).strip()
    return shown if len(text) <= most else shown[: most - 1] + "…"
