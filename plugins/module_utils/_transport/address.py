# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names, ports and schemes: what an address leads to, and whether two mean the same environment."""

from __future__ import annotations

import contextlib
import re
from fnmatch import fnmatchcase
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from .._errors import DamError
from .._text import clean

DEFAULT_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"\w(?:[\w.-]*\w)?")


def is_name(text: str) -> bool:
    """Return whether ``text`` has only letters, digits, ``_``, ``.`` and ``-``, the last two not at its ends."""
    return _NAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Return whether ``text`` is a host name or an IP address, without brackets and without a port."""
    try:
        ip_address(text)
    except ValueError:
        return is_name(text)
    return "%" not in text  # what follows in a scoped address may be any text


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port that a URL leads to; None if it leads nowhere, or not everywhere to the same host."""
    try:
        parts = urlsplit(url)
        host, port = _host_and_port(parts)
    except ValueError:
        return None
    return (parts.scheme, host, port) if is_host(host) else None


def host_and_port(address: str) -> tuple[str, int | None]:
    """Host in lower case without a trailing dot, and the port that the address gives, by itself or by its scheme.

    An IPv6 address may stand without brackets if it stands alone. Raises DamError for an address that has a user or no
    host, or a port that is no number. Libraries do not agree on the host of an address with other characters, and so on
    who gets a password.
    """
    host, port = _parsed(address)
    if not is_host(host):
        raise DamError(f"'{clean(address, 200)}' is no host name, with or without a scheme and a port.")
    return host, port


def _parsed(address: str) -> tuple[str, int | None]:
    """As ``host_and_port``, with a host that may be any text; an empty one stands for none."""
    with contextlib.suppress(ValueError):
        return str(IPv6Address(address)), None
    try:
        return _host_and_port(urlsplit(address if "://" in address else f"//{address}"))
    except ValueError:
        return "", None


def _host_and_port(parts: SplitResult) -> tuple[str, int | None]:
    host = "" if "@" in parts.netloc else (parts.hostname or "").rstrip(".")
    return host, parts.port or DEFAULT_PORTS.get(parts.scheme)


def same_environment(one: str, other: str) -> bool:
    """True where two addresses can mean the same environment: the same host, and the same port where both name one."""
    (host, port), (other_host, other_port) = host_and_port(one), host_and_port(other)
    return host == other_host and (port == other_port or port is None or other_port is None)


def check_host_pattern(pattern: str) -> None:
    """Raise DamError unless ``pattern`` is a host alone, in which ``*`` may stand for any number of characters."""
    host, port = _parsed(pattern)
    if not is_host(host.replace("*", "x")):
        raise DamError(f"'{clean(pattern, 200)}' is no host name, with or without a scheme and a port.")
    if port or scheme_of(pattern) or host != _plain(pattern):
        raise DamError(f"'{clean(pattern, 200)}' is more than a host. Give the host alone, here '{host}'.")
    if not any(c.isalnum() for c in host):
        raise DamError(f"'{clean(pattern, 200)}' names every host. Give names, or patterns such as *.dx.example.com.")


def fits(host: str, pattern: str) -> bool:
    """Return whether a host, as ``host_and_port`` gives it, is one that ``pattern`` names."""
    return fnmatchcase(host, _plain(pattern))


def _plain(pattern: str) -> str:
    return pattern.lower().rstrip(".").strip("[]")


def scheme_of(address: str) -> str | None:
    """``http`` or ``https`` where the address names it."""
    scheme = address.partition("://")[0].strip().lower() if "://" in address else ""
    return scheme if scheme in DEFAULT_PORTS else None
