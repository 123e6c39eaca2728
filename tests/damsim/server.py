# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process full of environments: uvicorn servers, background work, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from damsim import places as listening
from damsim import seeds, tls
from damsim.clock import Clock
from damsim.environment import Environment
from damsim.options import Options
from damsim.places import Place
from damsim.ready import announce, target_host
from damsim.state import State
from damsim.store import connect

_PARENT_LOOKED_FOR = 0.5


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
    groups = [listening.bind_all(options) for _publisher in range(options.publishers)]
    places = [place for group in groups for place in group]
    files = _tls_files(options, folder, [place.host for place in places])
    clock = Clock(options.settings.speed)
    environments = []
    for number, group in enumerate(groups):
        own = folder / str(number)
        own.mkdir()
        environments += _environments(options, group, files, own, clock)
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
        announce(options, groups, files)
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


def _tls_files(options: Options, folder: Path, hosts: list[str]) -> tls.Files | None:
    if options.tls_files is not None or not (options.tls or options.tls_dir):
        return options.tls_files
    return tls.make(options.tls_dir or folder / "tls", [*dict.fromkeys([*hosts, "localhost"])])


def _environments(
    options: Options, places: list[Place], files: tls.Files | None, folder: Path, clock: Clock
) -> list[Environment]:
    """A publisher and its subscribers."""
    verify = ssl.create_default_context(cafile=files.authority) if files else None
    scheme = "https" if files else "http"
    peers = [target_host(peer, scheme) for peer in options.peers]
    targets = [place.target_host for place in places if place.index] or peers
    publishers = [place.target_host for place in places if not place.index] or peers
    environments = []
    for place in places:
        state = State(
            place.name,
            place.target_host,
            connect(None if options.seed in seeds.SEEDS else folder / f"{place.name}.sqlite"),
            options.settings.model_copy(deep=True),
            clock,
            scheme=scheme,
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
