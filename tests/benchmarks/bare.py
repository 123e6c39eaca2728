# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that reads all pages and writes a CSV in Python: ``python bare.py URL SUBSCRIBER FILE``."""

from __future__ import annotations

import csv
import sys

import requests

url, subscriber, path = sys.argv[1:]
session = requests.Session()
session.trust_env = False
login = session.post(f"{url}/dx/api/core/v1/auth/login", json={"username": "u", "password": "p"}, timeout=30)
login.raise_for_status()
offset = 0
with open(path, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    while True:
        query: dict[str, str | int] = {"subscriberId": subscriber, "offset": offset, "limit": 1000}
        answer = session.get(f"{url}/dx/api/dam/v1/staging/mismatches", params=query, timeout=30)
        answer.raise_for_status()
        rows = answer.json()
        if not rows:
            break
        if not offset:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)
        offset += len(rows)
