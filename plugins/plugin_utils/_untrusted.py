# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of a server that become variables of playbooks: what is no template, and what is an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.address import is_host

# Ansible takes a text for a template that has "{{", "{%" or "{#", or that begins with "#jinja2:".
_OPENING = re.compile(r"\{(?! )|^#(?! )")
_ADDRESS = re.compile(r"(?:https?://)?(?:(?P<name>[^\[\]:/]+)|\[(?P<ip>[^\[\]/]+)\])(?::[0-9]+)?/?")


def inert(text: str) -> str:
    """Return ``text`` with a blank after each ``{`` and after a ``#`` at its beginning, so that it is no template.

    This also holds when the text is joined with others, and when it is exported to a file of an inventory.
    """
    return _OPENING.sub(r"\g<0> ", text)


def all_inert(value: Any) -> Any:
    """Return a value with all texts in it inert, names included."""
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, Mapping):
        return {all_inert(name): all_inert(inner) for name, inner in value.items()}
    return list(map(all_inert, value)) if isinstance(value, (list, tuple)) else value


def is_address(text: str) -> bool:
    """Return whether ``text`` is a host, with or without a scheme and a port, and nothing else."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and is_host(found["name"] or found["ip"])
