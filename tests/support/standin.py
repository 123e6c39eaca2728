# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running stand-in of the product, started through its own command line, and its control interface."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tooling.paths import ROOT

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_START_SECONDS = 30.0


class NotStarted(Exception):  # noqa: N818 - read as a sentence where it is raised
    """The stand-in did not come up; the message has what it wrote."""


@dataclass(frozen=True)
class Place:
    """One environment of the stand-in. ``id`` and ``target_host`` are empty for the publisher."""

    name: str
    url: str
    host: str
    port: int
    id: str = ""
    target_host: str = ""


class StandIn:
    """One publisher and its subscribers, as the ready file describes them.

    ``others`` are the process's further publishers, each with its own.
    """

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.publisher = _place(ready["publisher"])
        self.subscribers = [_place(each) for each in ready["subscribers"]]
        self.username: str = ready["username"]
        self.password: str = ready["password"]
        self.author_username: str = ready["author_username"]
        self.author_password: str = ready["author_password"]
        self.ca_path: str | None = ready.get("ca_path")
        self.pid: int = ready["pid"]
        self.others = [StandIn({**ready, "others": [], **other}) for other in ready.get("others", [])]

    @property
    def places(self) -> list[Place]:
        """All environments, the publisher first."""
        return [self.publisher, *self.subscribers]

    @property
    def protocol(self) -> str:
        """``http`` or ``https``."""
        return self.publisher.url.partition(":")[0]

    def call(self, method: str, path: str, body: Any = None, at: Place | None = None) -> Any:
        """Send a request to the control interface ``at`` an environment (the publisher); return the answer's JSON.

        Raise ``urllib.error.HTTPError`` for a status of 400 and more.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{(at or self.publisher).url}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with self._opener().open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def get(self, path: str, at: Place | None = None) -> Any:
        """GET ``path``."""
        return self.call("GET", path, at=at)

    def post(self, path: str, body: Any = None, at: Place | None = None) -> Any:
        """POST ``body`` as JSON to ``path``."""
        return self.call("POST", path, {} if body is None else body, at=at)

    def delete(self, path: str, at: Place | None = None) -> Any:
        """DELETE ``path``."""
        return self.call("DELETE", path, at=at)

    def settings(self, at: Place | None = None, **changes: Any) -> Any:
        """Change settings of one environment, or of every one when ``at`` is not given."""
        return [self.post("/_sim/settings", changes, at=place) for place in ([at] if at else self.places)]

    def reset(self, seed: str = "small", speed: float | None = None) -> None:
        """Go back to the seed in every environment: data, faults, settings, sessions and the request log."""
        # The publisher first: what it still does at the others ends with it.
        for place in self.places:
            self.post("/_sim/reset", {"seed": seed}, at=place)
        if speed is not None:
            self.settings(speed=speed)

    def requests(self, source: str | None = "client") -> list[dict[str, Any]]:
        """Return the logged requests of all environments in order of time, by default those of clients alone.

        ``source="peer"`` gives those that environments sent to one another, ``None`` all of them.
        """
        logged: dict[tuple[str, int], dict[str, Any]] = {}
        for place in self.places:
            for each in self.get("/_sim/requests", at=place)["requests"]:
                logged[each["env"], each["n"]] = each
        chosen = [each for each in logged.values() if source is None or each["source"] == source]
        return sorted(chosen, key=lambda each: (each["at"], each["n"]))

    def writes(self) -> list[dict[str, Any]]:
        """Return the client's requests that could have changed something: all but GET and the login."""
        return [
            each
            for each in self.requests()
            if each["method"] not in {"GET", "HEAD"} and not each["path"].endswith(("/auth/login", "/auth/logout"))
        ]

    def forget_requests(self) -> None:
        """Empty the request log."""
        for place in self.places:
            self.delete("/_sim/requests", at=place)

    def digests_equal(self, number: int = 0) -> bool:
        """Tell whether the data of the publisher and of a subscriber are the same in every record type."""
        return bool(self.get("/_sim/digest") == self.get("/_sim/digest", at=self.subscribers[number]))

    def expected(self, number: int = 0) -> dict[str, Any]:
        """Return the differences to a subscriber as an independent comparison of the data sees them."""
        found: dict[str, Any] = self.get(f"/_sim/expected?subscriber={self.subscribers[number].id}")
        return found

    def _opener(self) -> urllib.request.OpenerDirector:
        if self.ca_path is None:
            return _OPENER
        context = ssl.create_default_context(cafile=self.ca_path)
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )


def _place(fields: Mapping[str, Any]) -> Place:
    return Place(**{name: fields[name] for name in Place.__dataclass_fields__ if name in fields})


@contextmanager
def started(python: Path | str, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[StandIn]:
    """Run the stand-in with an interpreter that has its requirements; end it whatever happens.

    ``folder`` takes its ready file and what it writes. ``options`` go to ``damsim serve``. It ends itself, too, when
    this process is killed. Raise ``NotStarted`` when it does not answer in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / "ready.json", folder / "damsim.log"
    ready.unlink(missing_ok=True)
    command = [str(python), "-m", "damsim", "serve", "--ready-file", str(ready), "--parent-pid", str(os.getpid())]
    variables = dict(os.environ if env is None else env) | {"PYTHONPATH": str(ROOT / "tests")}
    with open(log, "wb") as output:
        # A session of its own: Ctrl-C at the terminal reaches us first, and we end it in order.
        process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )
        try:
            yield StandIn(_wait_for(ready, process, log))
        finally:
            _end(process)


def _wait_for(ready: Path, process: subprocess.Popen[bytes], log: Path) -> Mapping[str, Any]:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"The stand-in did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
        time.sleep(0.02)
    facts: Mapping[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
    return facts


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def options_for(seed: str, subscribers: int, speed: float) -> Sequence[str]:
    """Return the options of ``damsim serve`` that nearly everyone wants."""
    return ["--seed", seed, "--subscribers", str(subscribers), "--speed", str(speed)]
