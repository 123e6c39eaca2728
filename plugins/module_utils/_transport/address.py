# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names, ports and schemes: what an address leads to, and whether two mean the same environment."""

from __future__ import annotations

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from .._errors import DamError
from .._text import clean

DEFAULT_PORTS = {"https": 443, "http": 80}


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port that a URL leads to; None where it leads nowhere."""
    try:
        parts = urlsplit(url)
        return (parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)) if parts.hostname else None
    except ValueError:
        return None


def host_and_port(address: str) -> tuple[str, int | None]:
    """Host in lower case without a trailing dot, and the port that the address gives, by itself or by its scheme.

    Raises DamError for an address that has no host or a port that is no number.
    """
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port, scheme = (parts.hostname or "").rstrip("."), parts.port, parts.scheme
    except ValueError:
        host, port, scheme = "", None, ""
    if not host or any(c.isspace() for c in host):
        raise DamError(f"'{clean(address, 200)}' is no host name, with or without a scheme and a port.")
    return host, port or DEFAULT_PORTS.get(scheme)


def same_environment(one: str, other: str) -> bool:
    """True where two addresses can mean the same environment: the same host, and the same port where both name one."""
    (host, port), (other_host, other_port) = host_and_port(one), host_and_port(other)
    return host == other_host and (port == other_port or port is None or other_port is None)


def check_host_pattern(pattern: str) -> None:
    """Raise DamError unless ``pattern`` is a host alone, in which ``*`` may stand for any number of characters."""
    host, port = host_and_port(pattern)
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
