# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of a server that become variables of playbooks: what is no template, what is a host, what is an id."""

from __future__ import annotations

import re
from ipaddress import ip_address

# Ansible takes a text for a template that has "{{", "{%" or "{#", or that begins with "#jinja2:".
_OPENING = re.compile(r"\{(?! )|^#(?! )")
_ADDRESS = re.compile(r"(?:https?://)?(?:(?P<name>[^\[\]:/]+)|\[(?P<ip>[^\[\]/]+)\])(?::[0-9]+)?/?")
_NAME = re.compile(r"\w(?:[\w.-]*\w)?")


def inert(text: str) -> str:
    """Return ``text`` with a blank after each ``{`` and after a ``#`` at its beginning, so that it is no template.

    This also holds when the text is joined with others, and when it is exported to a file of an inventory.
    """
    return _OPENING.sub(r"\g<0> ", text)


def is_name(text: str) -> bool:
    """Return whether ``text`` has only letters, digits, ``_``, ``.`` and ``-``, the last two not at its ends."""
    return _NAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Return whether ``text`` is a host name or an IP address, without a port."""
    try:
        ip_address(text)
    except ValueError:
        return is_name(text)
    return "%" not in text  # what follows in a scoped address may be any text


def is_address(text: str) -> bool:
    """Return whether ``text`` is a host, with or without a scheme and a port, and nothing else."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and is_host(found["name"] or found["ip"])
