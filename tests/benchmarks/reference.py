# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole cycle with a look every 20 ms and no Ansible: as good as the server's own time.

``python reference.py URL SUBSCRIBER_URL SUBSCRIBER USERNAME PASSWORD``
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import requests

LOOK = 0.02


def logged_in(url: str, username: str, password: str) -> Callable[..., Any]:
    """Log in at an environment; return a function that calls its DAM API."""
    session = requests.Session()
    session.trust_env = False
    login = {"username": username, "password": password}
    session.post(f"{url}/dx/api/core/v1/auth/login", json=login, timeout=30).raise_for_status()

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = session.request(method, f"{url}/dx/api/dam/v1{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    return call


def main() -> None:
    """Compare, read the rows, repair, wait for the queue, compare again."""
    url, subscriber_url, subscriber, username, password = sys.argv[1:]
    publisher, target = (logged_in(each, username, password) for each in (url, subscriber_url))

    def run(starting: str, ended: str) -> None:
        publisher("PATCH", f"/staging/subscriber/{subscriber}", {"resyncStatus": starting})
        while publisher("GET", f"/staging/subscriber/{subscriber}")["resyncStatus"] != ended:
            time.sleep(LOOK)

    run("FIND_MISMATCH_START", "FIND_MISMATCH_COMPLETED")
    offset = 0
    while rows := publisher("GET", f"/staging/mismatches?subscriberId={subscriber}&offset={offset}&limit=1000"):
        offset += len(rows)
    run("RESYNC_TRIGGER_START", "RESYNC_TRIGGER_COMPLETED")
    while any(each["status"] not in ("FAILED", "ABORT") for each in target("GET", "/operations?limit=1000")):
        time.sleep(LOOK)
    run("FIND_MISMATCH_START", "FIND_MISMATCH_COMPLETED")
    if publisher("GET", f"/staging/mismatches?subscriberId={subscriber}&offset=0&limit=1"):
        sys.exit("mismatches are left")


main()
