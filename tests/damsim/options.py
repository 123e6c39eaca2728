# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a process of environments is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from damsim.settings import Settings
from damsim.tls import Files


@dataclass(frozen=True)
class Options:
    """How a process is set up; see the command line."""

    seed: str = "small"
    env: str = "both"
    publishers: int = 1
    subscribers: int = 1
    host: str = "127.0.0.1"
    publisher_port: int = 0
    subscriber_ports: tuple[int, ...] = ()
    distinct_hosts: bool = False
    peers: tuple[str, ...] = ()
    two_way: bool = False
    ready_file: Path | None = None
    tls_files: Files | None = None
    tls: bool = False
    tls_dir: Path | None = None
    parent_pid: int | None = None
    settings: Settings = field(default_factory=Settings)
