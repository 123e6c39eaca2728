# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each environment of a process listens."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from damsim.options import Options

_BACKLOG = 512
_TRIES_FOR_COMMON_PORT = 50


@dataclass
class Place:
    """Where an environment listens."""

    name: str
    index: int
    host: str
    port: int
    sock: socket.socket
    target_host: str


def _bind(host: str, port: int) -> socket.socket:
    # The protocol is named, since asyncio switches Nagle's algorithm off only where it is: 40 ms an answer otherwise.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock


def bind_all(options: Options) -> list[Place]:
    roles: list[tuple[str, int]] = []
    if options.env != "subscriber":
        roles.append(("publisher", 0))
    if options.env != "publisher":
        roles += [(f"subscriber-{n}", n) for n in range(1, options.subscribers + 1)]
    if options.distinct_hosts:
        return _on_one_port(roles, options.publisher_port)
    return [_place(name, n, options.host, _port(options, n), plain=False) for name, n in roles]


def _port(options: Options, index: int) -> int:
    """One port may be given for each subscriber, or one from which they count."""
    ports = options.subscriber_ports
    if index == 0:
        return options.publisher_port
    if index <= len(ports):
        return ports[index - 1]
    return ports[0] + index - 1 if len(ports) == 1 and ports[0] else 0


def _place(name: str, index: int, host: str, port: int, plain: bool) -> Place:
    sock = _bind(host, port)
    port = sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return Place(name, index, host, port, sock, shown if plain else f"{shown}:{port}")


def _on_one_port(roles: list[tuple[str, int]], port: int) -> list[Place]:
    """Each environment at a loopback address of its own, all on one port, so that target hosts need none."""
    for _turn in range(_TRIES_FOR_COMMON_PORT):
        places: list[Place] = []
        try:
            for name, index in roles:
                common = places[0].port if places else port
                places.append(_place(name, index, f"127.0.0.{index + 1}", common, plain=True))
            return places
        except OSError:
            for place in places:
                place.sock.close()
            if port:
                raise
    raise OSError("no port is free on all loopback addresses")
