# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that nobody here wrote: Prism answers from the vendor's document, and modules that read have to cope."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from support.contract import DAM_BASE, FOLDER, RELEASES
from support.modules import Run
from tooling.paths import BUILD, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.needs_node]
PRISM = "@stoplight/prism-cli@5"
PLACE = BUILD / "prism"
# These are there to change something.
WRITING = {"dam_delete_mismatch", "dam_resync", "dam_subscriber"}
READING = {path.stem for path in (ROOT / "plugins" / "modules").glob("dam_*.py")} - WRITING


def installed() -> Path:
    """Return Prism's program, installed below the build folder when it is first needed."""
    program = PLACE / "node_modules" / ".bin" / "prism"
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / "lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not program.exists():
            npm = shutil.which("npm")
            if npm is None:
                missing("npm is not installed, and Prism is not there")
            command = [npm, "install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--silent", PRISM]
            done = subprocess.run(command, cwd=PLACE, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode or not program.exists():
                missing(f"Prism cannot be installed: {done.stderr[-500:]}")
    return program


def missing(reason: str) -> NoReturn:
    """Skip; where everything has to run, that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and with CI=true nothing may be skipped for that", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module", params=list(RELEASES))
def mock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a mock of the vendor's document, whose only change is the server's path before every address."""
    program = installed()
    folder = tmp_path_factory.mktemp("prism")
    tree = json.loads((FOLDER / RELEASES[request.param]).read_text(encoding="utf-8"))
    tree["paths"] = {DAM_BASE + path: calls for path, calls in tree["paths"].items()}
    (folder / "document.json").write_text(json.dumps(tree), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with open(folder / "prism.log", "wb") as log:
        process = subprocess.Popen(
            [str(program), "mock", "--host", "127.0.0.1", "--port", str(port), "document.json"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "NO_COLOR": "1"},
        )
        try:
            wait_for(port, process, folder / "prism.log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=10)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the mock answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"Prism did not start:\n{log.read_text(encoding='utf-8')}")


def test_reading_modules_understand_a_server_made_from_the_document_alone(mock: int, tmp_path: Path) -> None:
    there = {"hostname": "127.0.0.1", "dx_protocol": "http", "dx_port": mock, "ltpa_token": "anything-will-do-here"}
    one = {**there, "subscriber_id": "string"}
    calls = [
        ("dam_subscriber_info", there, False),
        ("dam_operations_info", there, False),
        ("dam_preflight", {**one, "fail_on": "never"}, False),
        ("dam_mismatch_report", {**one, "dest": str(tmp_path / "report.csv")}, False),
        ("dam_settle", {**one, "subscriber": there}, True),
        ("dam_find_mismatch", one, True),
        ("dam_drift_info", {**one, "subscriber": there}, False),
    ]
    assert {name for name, _args, _check in calls} == READING
    subscribers, operations, preflight, report, settle, find, drift = (
        Run(name, args, tmp_path / name, check).end().as_registered() for name, args, check in calls
    )
    assert not subscribers["failed"], subscribers["msg"]
    assert [each["subscriber_id"] for each in subscribers["subscribers"]] == ["string"]
    assert all(subscribers["subscribers"][0][name] for name in ("target_host", "created", "last_resync_time"))
    # Prism gives every page alike, which is noticed; what is on it was read.
    assert "gave the same page twice, at offset 0 and at offset 1" in operations["msg"]
    checks = {each["name"]: each["status"] for each in preflight["checks"]}
    assert not preflight["failed"], preflight["msg"]
    assert (checks["publisher_reachable"], checks["subscriber_registered"]) == ("ok", "ok")
    # The document's example of a status is no status, and what nobody knows counts as running.
    assert "Report cannot be downloaded as Find staging mismatch is still in progress." in report["msg"]
    assert not (tmp_path / "report.csv").exists()
    assert (settle["failed"], settle["changed"], settle["settled"]) == (False, False, False)
    assert (find["failed"], find["changed"], find["joined"], find["in_sync"]) == (False, False, True, None)
    # It gives every environment the same hashes.
    assert (drift["failed"], drift["equal"], drift["unjudged"]) == (False, True, ["RESOURCE", "PERMISSION"])
