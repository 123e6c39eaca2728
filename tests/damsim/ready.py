# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling the world where the environments are."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlsplit

from damsim import seeds, tls
from damsim.auth import ADMINISTRATOR, AUTHOR
from damsim.options import Options
from damsim.places import Place


def announce(options: Options, groups: list[list[Place]], files: tls.Files | None) -> None:
    """Tell of every publisher with its subscribers: of the first one as if it were alone, of more as ``others``."""
    first, *others = [_group(options, places, files) for places in groups]
    ready = {
        **first,
        **({"others": others} if others else {}),
        "username": ADMINISTRATOR.name,
        "password": ADMINISTRATOR.password,
        "author_username": AUTHOR.name,
        "author_password": AUTHOR.password,
        "ca_path": str(files.authority) if files and files.authority else None,
        "pid": os.getpid(),
    }
    if options.ready_file is None:
        print(json.dumps({**first, **({"others": others} if others else {})}, indent=2), flush=True)
        return
    partial = options.ready_file.with_name(options.ready_file.name + ".part")
    partial.write_text(json.dumps(ready, indent=2), encoding="utf-8")
    partial.replace(options.ready_file)


def _group(options: Options, places: list[Place], files: tls.Files | None) -> dict[str, Any]:
    """One publisher and its subscribers."""
    described = [_described(place, bool(files)) for place in places]
    publisher = next((d for d, place in zip(described, places, strict=True) if not place.index), None)
    subscribers = [
        {**d, "id": seeds.subscriber_id(place.index), "target_host": place.target_host}
        for d, place in zip(described, places, strict=True)
        if place.index
    ]
    if options.env == "publisher":
        subscribers = [_elsewhere(index, peer, bool(files)) for index, peer in enumerate(options.peers, 1)]
    return {"publisher": publisher, "subscribers": subscribers}


def target_host(url: str, scheme: str) -> str:
    """An address as it is registered: without the scheme that both sides use anyway."""
    return url.strip().rstrip("/").removeprefix(f"{scheme}://")


def _elsewhere(index: int, peer: str, secure: bool) -> dict[str, Any]:
    """A subscriber in another process."""
    scheme = "https" if secure else "http"
    url = peer.rstrip("/") if "://" in peer else f"{scheme}://{peer}"
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    place = {"name": f"subscriber-{index}", "url": url, "host": address.hostname, "port": port}
    return {**place, "id": seeds.subscriber_id(index), "target_host": target_host(peer, scheme)}


def _described(place: Place, secure: bool) -> dict[str, Any]:
    host = f"[{place.host}]" if ":" in place.host else place.host
    url = f"{'https' if secure else 'http'}://{host}:{place.port}"
    return {"name": place.name, "url": url, "host": place.host, "port": place.port}
