# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staging cycles by target host, and the command that gives them back."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote


def cycles(given: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return the minutes by target host; a text is ``HOST=MINUTES,HOST=MINUTES``, with hosts encoded as in a URL.

    Raises ValueError for a text that is none of these.
    """
    if not isinstance(given, str):
        return dict(given)
    found = {}
    for part in given.split(","):
        host, _equals, minutes = part.strip().rpartition("=")
        if not host or not (minutes.isascii() and minutes.isdigit()):
            raise ValueError(
                "dam_cycle_lengths and dam_consistency_cycle_lengths take a dictionary, or a text such as "
                "dx-one.example.com=10,dx-two.example.com=15."
            )
        found[unquote(host, errors="surrogatepass")] = int(minutes)
    return found


def resume_command(minutes: Mapping[str, int], publisher: str = "") -> str:
    """Return the command that gives these cycles back, by target host; ``publisher`` limits it to one host.

    A shell takes it as it is, and so do the result formats of Ansible: of the hosts, which a server has chosen, nothing
    but letters, digits and ``_.-:/`` stands in it unencoded, and it needs no quotes.
    """
    given = ",".join(f"{_encoded(host)}={length}" for host, length in minutes.items())
    limit = f" --limit {shlex.quote(publisher)}" if publisher else ""
    return f"ansible-playbook dxops.dam_staging.resume{limit} -e dam_cycle_lengths={given}"


def _encoded(host: str) -> str:
    # After a colon, some shells take a tilde for a home folder.
    return quote(host, safe=":/", errors="surrogatepass").replace("~", "%7E")
