# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium that is driven through its DevTools protocol over two pipes: no port, no driver program."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip

# The browser reads from descriptor 3 and writes to descriptor 4. The first copies are out of the way of both.
LAUNCHER = """
import os, sys
reader, writer = (os.dup(os.dup(os.dup(int(text)))) for text in sys.argv[1:3])
os.dup2(reader, 3)
os.dup2(writer, 4)
os.execvp("chromium", ["chromium", *sys.argv[3:]])
"""


class Browser:
    """One page in one browser of its own; a context manager.

    ``log`` holds what the page's console and its security policy complained about, ``requested`` every address asked
    for.
    """

    def __init__(self, profile: Path, timeout: float = 30.0) -> None:
        self._profile = profile
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        self.log: list[str] = []
        self.requested: list[str] = []

    def __enter__(self) -> Self:
        commands, self._writer = os.pipe()
        self._reader, answers = os.pipe()
        arguments = [*QUIET, "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(commands), str(answers), *arguments],
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_unused: object) -> None:
        os.close(self._writer)
        os.close(self._reader)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def open(self, path: Path) -> None:
        """Show a file and wait until it is loaded."""
        self._events.clear()
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + self._timeout
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._receive(deadline)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """Return the value of a JavaScript expression as soon as it is true."""
        deadline = time.monotonic() + self._timeout
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"still not true: {expression}"
        return value

    def press(self, key: str, code: int) -> None:
        """Press and release a key."""
        text = {"Enter": "\r", "Tab": ""}.get(key, key)
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, text=text, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Write into whatever has the focus."""
        self.call("Input.insertText", text=text)

    def size(self, width: int, height: int) -> None:
        """Give the page the size of another device, in pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def media(self, kind: str = "", **features: str) -> None:
        """Show the page as on another medium, such as ``print``, or with ``prefers_color_scheme="dark"``."""
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=kind, features=wanted)

    def pdf(self) -> bytes:
        """Print the page."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def screenshot(self, path: Path) -> None:
        """Save a picture of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self._timeout
        while (answer := self._receive(deadline)).get("id") != number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _out, _error = select.select([self._reader], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self._reader, 1 << 20)
            assert data, "the browser is gone"
            self._buffer += data
        text, _zero, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._note(message)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        detail = event.get("params", {})
        notes: dict[str, Callable[[], None]] = {
            "Log.entryAdded": lambda: self.log.append(detail["entry"]["text"]),
            "Runtime.exceptionThrown": lambda: self.log.append(str(detail["exceptionDetails"])),
            "Runtime.consoleAPICalled": lambda: self.log.append(str(detail["args"])),
            "Network.requestWillBeSent": lambda: self.requested.append(detail["request"]["url"]),
        }
        notes.get(event["method"], lambda: None)()
