# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts of an inventory a playbook works on: a pattern that names none would end it with success."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from ipaddress import IPv6Address
from typing import Any

Groups = Mapping[str, Sequence[str]]

VARIABLE = "dam_publishers"
_COLON = re.compile(r":(?![^\[]*\])")
_SUBSCRIPT = re.compile(r"(?<=.)\[[-:0-9]+\]$")
_MOST_SHOWN = 20
# Ansible knows these without any inventory.
_IMPLICIT = frozenset(("localhost", "127.0.0.1", "::1"))


def pattern(given: Any, groups: Groups, limit: str = "") -> str:
    """Return the hosts that ``dam_publishers`` names as a pattern for Ansible.

    ``groups`` are the hosts of the inventory by group, and ``limit`` is what ``--limit`` says. Raises ValueError if the
    variable or a part of it names no host, or if the limit leaves none.
    """
    parts = _parts(given)
    if not parts:
        raise ValueError(
            f"{VARIABLE}: names no publisher. Give hosts or groups of the inventory, or leave the variable out for all."
        )
    for part in parts:
        if not _hosts(part, groups):
            if not groups.get("all"):
                raise ValueError("The inventory has no host: give one with the publishers, by -i for example.")
            known = ", ".join(sorted(groups["all"])[:_MOST_SHOWN])
            raise ValueError(f"{VARIABLE}: '{part}' names no host of the inventory. It has: {known}.")
    chosen = _resolved(parts, groups)
    # A file of hosts is left to Ansible.
    limits = [part for part in _parts(limit) if not part.startswith("@")]
    if not (chosen & _resolved(limits, groups) if limits else chosen):
        raise ValueError(f"{VARIABLE}: '{','.join(parts)}' leaves no host{f' with --limit {limit}' if limits else ''}.")
    return ",".join(parts)


def _parts(given: Any) -> list[str]:
    entries = [given] if isinstance(given, str) else given if isinstance(given, Sequence) else []
    return [part.strip() for entry in entries for part in _split(str(entry)) if part.strip()]


def _split(text: str) -> list[str]:
    """The parts of a pattern: commas separate them, or colons that are in no address and no subscript."""
    if "," in text:
        return text.split(",")
    with suppress(ValueError):
        return [str(IPv6Address(text))]
    return _COLON.split(text)


def _hosts(part: str, groups: Groups) -> set[str]:
    """The hosts that a part names, whatever is before it; with a subscript all that it is one of."""
    name = part.lstrip("!&")

    def named(names: Iterable[str], wanted: str) -> list[str]:
        if wanted.startswith("~"):
            return [each for each in names if re.match(wanted[1:], each)]
        return [each for each in names if fnmatchcase(each, wanted)]

    for wanted in dict.fromkeys((name, _SUBSCRIPT.sub("", name))):
        hosts = named(groups.get("all", ()), wanted)
        found = {host for group in named(groups, wanted) for host in groups[group]}.union(hosts)
        if found:
            return found
    return {name} & _IMPLICIT


def _resolved(parts: Sequence[str], groups: Groups) -> set[str]:
    """The hosts of all parts together, in Ansible's order: what is named, then ``&``, then ``!``."""
    plain = [part for part in parts if part[0] not in "!&"]
    found = set().union(*(_hosts(part, groups) for part in plain or ["all"]))
    for part in parts:
        if part[0] == "&":
            found &= _hosts(part, groups)
    for part in parts:
        if part[0] == "!" and not _SUBSCRIPT.search(part):
            found -= _hosts(part, groups)
    return found
