# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process full of environments: sockets, uvicorn servers, ready file, clean end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from damsim import seeds, tls
from damsim.auth import ADMINISTRATOR, AUTHOR
from damsim.clock import Clock
from damsim.environment import Environment
from damsim.settings import Settings
from damsim.state import State
from damsim.store import connect

_BACKLOG = 512
_TRIES_FOR_COMMON_PORT = 50
_PARENT_LOOKED_FOR = 0.5


@dataclass(frozen=True)
class Options:
    """How a process is set up; see the command line."""

    seed: str = "small"
    env: str = "both"
    subscribers: int = 1
    host: str = "127.0.0.1"
    publisher_port: int = 0
    subscriber_ports: tuple[int, ...] = ()
    distinct_hosts: bool = False
    peers: tuple[str, ...] = ()
    two_way: bool = False
    ready_file: Path | None = None
    tls_files: tls.Files | None = None
    tls_dir: Path | None = None
    parent_pid: int | None = None
    settings: Settings = field(default_factory=Settings)


@dataclass
class Place:
    """Where an environment listens."""

    name: str
    index: int
    host: str
    port: int
    sock: socket.socket
    target_host: str


def run(options: Options) -> None:
    """Serve until SIGTERM, SIGINT, or the end of the parent process.

    Raises:
        ValueError: there is no such seed.
        OSError: a port is taken.
    """
    seeds.check(options.seed)
    with tempfile.TemporaryDirectory(prefix="damsim-") as folder:
        asyncio.run(_serve(options, Path(folder)))


async def _serve(options: Options, folder: Path) -> None:
    places = _places(options)
    files = _tls_files(options, folder, [place.host for place in places])
    environments = _environments(options, places, files, folder)
    servers = [_Server(_config(environment, files)) for environment in environments]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(server.serve(sockets=[place.sock])) for server, place in zip(servers, places, strict=True)
    ]
    for environment in environments:
        environment.start()
    try:
        await _all_ready(servers, tasks)
        _announce(options, places, files)
        await _until_stopped(stop, options.parent_pid)
    finally:
        for environment in environments:
            await environment.stop()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)


async def _all_ready(servers: list[_Server], tasks: list[asyncio.Task[None]]) -> None:
    """Wait for every server; one that ends meanwhile ends it all with its own error."""
    for server, task in zip(servers, tasks, strict=True):
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            task.result()


async def _until_stopped(stop: asyncio.Event, parent_pid: int | None) -> None:
    while not stop.is_set():
        if parent_pid is not None and not _alive(parent_pid):
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_LOOKED_FOR)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Server(uvicorn.Server):
    """A uvicorn server among others in one process: signals are the process's business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell who waits that the server answers now."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(environment: Environment, files: tls.Files | None) -> uvicorn.Config:
    return uvicorn.Config(
        environment.application(),
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=files.certificate if files else None,
        ssl_keyfile=files.key if files else None,
    )


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


def _places(options: Options) -> list[Place]:
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
    for _ in range(_TRIES_FOR_COMMON_PORT):
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


def _tls_files(options: Options, folder: Path, hosts: list[str]) -> tls.Files | None:
    if options.tls_dir is not None:
        return tls.make(options.tls_dir, [*dict.fromkeys([*hosts, "localhost"])])
    return options.tls_files


def _environments(options: Options, places: list[Place], files: tls.Files | None, folder: Path) -> list[Environment]:
    verify = ssl.create_default_context(cafile=files.authority) if files else None
    clock = Clock(options.settings.speed)
    targets = [place.target_host for place in places if place.index] if options.env == "both" else list(options.peers)
    publishers = [place.target_host for place in places if not place.index] or list(options.peers)
    environments = []
    for place in places:
        state = State(
            place.name,
            place.target_host,
            connect(None if options.seed in seeds.SEEDS else folder / f"{place.name}.sqlite"),
            options.settings.model_copy(deep=True),
            clock,
            scheme="https" if files else "http",
            peer_port=place.port if options.distinct_hosts else None,
            verify=verify,
        )
        hosts = targets if not place.index else publishers if options.two_way else []
        environments.append(Environment(state, _Populate(options.seed, place.index, hosts)))
        environments[-1].populate()
    return environments


@dataclass(frozen=True)
class _Populate:
    """Fills an environment from a seed and registers its subscribers."""

    seed: str
    index: int
    hosts: list[str]

    def __call__(self, state: State, seed: str | None) -> None:
        seeds.fill(state, seed or self.seed, self.index)
        seeds.register(state, self.hosts)


def _announce(options: Options, places: list[Place], files: tls.Files | None) -> None:
    described = [_described(place, bool(files)) for place in places]
    publisher = next((d for d, place in zip(described, places, strict=True) if not place.index), None)
    subscribers = [
        {**d, "id": seeds.subscriber_id(place.index), "target_host": place.target_host}
        for d, place in zip(described, places, strict=True)
        if place.index
    ]
    ready = {
        "publisher": publisher,
        "subscribers": subscribers,
        "username": ADMINISTRATOR.name,
        "password": ADMINISTRATOR.password,
        "author_username": AUTHOR.name,
        "author_password": AUTHOR.password,
        "ca_path": str(files.authority) if files and files.authority else None,
        "pid": os.getpid(),
    }
    if options.ready_file is None:
        print(json.dumps({"publisher": publisher, "subscribers": subscribers}, indent=2), flush=True)
        return
    partial = options.ready_file.with_name(options.ready_file.name + ".part")
    partial.write_text(json.dumps(ready, indent=2), encoding="utf-8")
    partial.replace(options.ready_file)


def _described(place: Place, secure: bool) -> dict[str, Any]:
    host = f"[{place.host}]" if ":" in place.host else place.host
    url = f"{'https' if secure else 'http'}://{host}:{place.port}"
    return {"name": place.name, "url": url, "host": place.host, "port": place.port}
