# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A publisher that works, and whose texts mean no good: it stands before the stand-in and rewrites its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from support.scripted import Reply, Request, scripted
from support.standin import Place

# What an answer needs for the cycle to go on.
NEEDED = frozenset(
    [
        "id",
        "targetHost",
        "resyncStatus",
        "lastResyncTime",
        "recordType",
        "recordAction",
        "recordId",
        "status",
        "triggerFunction",
        "created",
        "hash",
        "version",
    ]
)
# What must not reach a terminal: control characters but for the end of a line, and those that turn a text around.
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def texts(marker: Path) -> dict[str, str]:
    """Return hostile texts by what they try; whatever is executed makes the file ``marker``."""
    touch = f"touch {marker}"
    template = f"{{{{ lookup('ansible.builtin.pipe', '{touch}') }}}}"
    lines = "\r\nPLAY RECAP ***\r\npublisher : ok=1 failed=0\r\n"
    return {
        "template": f"{template}{{% set x = lookup('pipe', '{touch}') %}}",
        "template without braces": (
            f"#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n[[ lookup('pipe', '{touch}') ]]"
        ),
        "shell": f"$({touch})`{touch}`';{touch};'\";{touch};\"\n{touch}\n&& {touch} | {touch}",
        "terminal": f"\x1b[2J\x1b]0;owned\x07\x9b31m\x9d0;x\x9c\u202ekcab\u2066{lines}",
        "markup": f"</script><script>alert(1)</script><img src=x onerror=alert(1)>]]>{lines}",
        "path": f"../../../../{marker}",
        "option": f"-oProxyCommand={touch}",
        "group": "all",
        "huge": template + "x" * 3000,
        "yaml": f"!unsafe '{template}'\n- !!python/object/apply:os.system ['{touch}']",
    }


def rewritten(value: Any, text: str, keys: Iterable[str] | None) -> Any:
    """Return JSON with ``text`` in every field of ``keys`` that holds a text or nothing; None is all but the needed."""
    if isinstance(value, list):
        return [rewritten(each, text, keys) for each in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, inner in value.items():
        chosen = key not in NEEDED if keys is None else key in keys
        made[key] = text if chosen and (inner is None or isinstance(inner, str)) else rewritten(inner, text, keys)
    return {**made, "andMore": text, text[:40]: [{text: text}]} if keys is None else made


@contextmanager
def hostile(place: Place, text: str, keys: Iterable[str] | None = None) -> Iterator[int]:
    """Stand before an environment of the stand-in until the block ends; give the port. See ``rewritten``."""

    def answer(request: Request, _handler: BaseHTTPRequestHandler) -> Reply:
        connection = HTTPConnection(place.host, place.port, timeout=60)
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "accept-encoding")}
        connection.request(request.method, request.target, request.body or None, headers)
        with connection.getresponse() as said:
            return Reply(raw=_as_sent(said, request.is_login, text, keys))

    with scripted() as script:
        script.says(answer)
        script.says_to_logins(answer)
        yield script.port


def _as_sent(said: HTTPResponse, login: bool, text: str, keys: Iterable[str] | None) -> bytes:
    body = said.read()
    if body and not login:
        body = json.dumps(rewritten(json.loads(body), text, keys)).encode()
    kept = [
        (name, value) for name, value in said.getheaders() if name.lower() in ("date", "set-cookie", "content-type")
    ]
    head = [f"HTTP/1.1 {said.status} OK", *(f"{name}: {value}" for name, value in kept), "Connection: close"]
    if said.status != 204:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def printed(value: Any) -> Iterator[str]:
    """Yield every text in a result, and every name."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from printed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from printed(inner)
