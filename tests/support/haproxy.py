# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy in front of servers on the loopback interface, as in the product's Kubernetes deployment."""

from __future__ import annotations

import csv
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from damsim.tls import Files

_SECONDS = 10.0
# It ends when this process is killed, where the system can see to that.
_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


@dataclass(frozen=True)
class Front:
    """A port that HAProxy listens on.

    ``servers`` are ports on the loopback interface, taken in turn; one that does not answer is taken out within a
    tenth of a second. ``bind`` is what is to be said of the port, such as ``ssl crt FILE``.
    """

    servers: Sequence[int]
    bind: str = ""
    options: Sequence[str] = field(default=())


class HAProxy:
    """A running HAProxy; ``ports`` are those of its fronts by name."""

    def __init__(self, folder: Path, fronts: Mapping[str, Front]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._config, self._log = folder / "haproxy.cfg", folder / "haproxy.log"
        # Held as long as this lives, so that a port stays ours while no process listens on it.
        self._held = {name: _held_port() for name in fronts}
        self.ports = {name: held.getsockname()[1] for name, held in self._held.items()}
        self._held_for_us = _held_port()
        self._admin = self._held_for_us.getsockname()
        lines = [
            "global",
            f"  stats socket ipv4@{self._admin[0]}:{self._admin[1]} level admin",
            "  nbthread 1",
            "  maxconn 200",
            "defaults",
            "  mode http",
            "  option redispatch 1",
            "  timeout connect 1s",
            "  timeout client 30s",
            "  timeout server 30s",
        ]
        for name, front in fronts.items():
            lines += [f"listen {name}", f"  bind 127.0.0.1:{self.ports[name]} {front.bind}"]
            lines += [f"  {option}" for option in front.options]
            lines += [f"  server s{port} 127.0.0.1:{port} check inter 100ms fall 1 rise 1" for port in front.servers]
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers. Raise ``AssertionError`` if it does not."""
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [*_WITH_US, "haproxy", "-db", "-f", str(self._config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + _SECONDS
        while not self._answers():
            late = time.monotonic() > end or self._process.poll() is not None
            assert not late, self._log.read_text(encoding="utf-8", errors="replace")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, and with it every connection through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it, and give its ports back."""
        self.kill()
        for held in (*self._held.values(), self._held_for_us):
            held.close()

    def counters(self, front: str, side: str = "FRONTEND") -> dict[str, int]:
        """Return what it has counted at a front since it was started: ``conn_tot``, ``scur``, ``hrsp_5xx``, ...

        With ``BACKEND`` for ``side``, of what is behind it: ``act`` is the number of servers that are there now.
        """
        rows = csv.DictReader(self._ask("show stat").lstrip("# ").splitlines())
        row = next(each for each in rows if (each["pxname"], each["svname"]) == (front, side))
        return {name: int(value) for name, value in row.items() if value and value.isdigit()}

    def _answers(self) -> bool:
        try:
            return bool(self._ask("show info"))
        except OSError:
            return False

    def _ask(self, command: str) -> str:
        with socket.create_connection(self._admin, _SECONDS) as admin:
            admin.sendall(command.encode() + b"\n")
            parts = []
            while part := admin.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()


def _held_port() -> socket.socket:
    """Take a free port without listening; HAProxy, which also asks to share its ports, can listen on it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    return held


@contextmanager
def haproxy(folder: Path, fronts: Mapping[str, Front]) -> Iterator[HAProxy]:
    """Run HAProxy until the block ends."""
    running = HAProxy(folder, fronts)
    try:
        running.start()
        yield running
    finally:
        running.close()


def in_one(files: Files) -> Path:
    """Put a certificate and its key into one file, as HAProxy wants it."""
    both = files.certificate.with_suffix(".both.pem")
    both.write_bytes(files.certificate.read_bytes() + files.key.read_bytes())
    return both
