# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real SSH server on the loopback interface, for one account, with keys of its own: a jump host."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.playbooks import ANSIBLE_PYTHON

_SECONDS = 20.0
_ATTEMPTS = 5


@contextmanager
def jump_host(folder: Path) -> Iterator[dict[str, Any]]:
    """Run the server until the block ends; give the variables of an inventory host that is reached through it."""
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True, timeout=60)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # what its own start script makes for it
    with _listening(folder) as port:
        yield {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(folder / "user"),
            # No connection that stays open behind the test.
            "ansible_ssh_args": "-o ControlMaster=no",
            "ansible_ssh_common_args": "-F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
            "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
            "ansible_python_interpreter": ANSIBLE_PYTHON,
        }


@contextmanager
def _listening(folder: Path) -> Iterator[int]:
    """Run it on a port that is free; somebody else may take it in between, and then it is another one."""
    for _attempt in range(_ATTEMPTS):
        port = _free_port()
        server = _started(folder, port)
        try:
            if _listens(server, folder / "sshd.log"):
                yield port
                return
        finally:
            server.terminate()
            server.wait(10)
    raise AssertionError("sshd did not start:\n" + _told(folder / "sshd.log"))


def _started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "PidFile": "none",
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "Subsystem": "sftp internal-sftp",
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
    program = shutil.which("sshd")
    assert program is not None
    with open(folder / "sshd.log", "wb") as log:
        return subprocess.Popen([program, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=log)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _listens(server: subprocess.Popen[bytes], log: Path) -> bool:
    """Tell whether it came to listen; that somebody answers at the port does not say who."""
    end = time.monotonic() + _SECONDS
    while "Server listening on" not in _told(log):
        if server.poll() is not None:
            return False
        assert time.monotonic() < end, f"sshd does not listen:\n{_told(log)}"
        time.sleep(0.05)
    return True


def _told(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
