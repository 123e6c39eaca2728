# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source against the stand-in: by itself, and with ansible-rulebook, which runs playbooks on its events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.connections import connection_to, role_connection, role_secrets
from support.cores import python_with
from support.scenes import COMPARED, api, compared, fault, registration, sent, triggers, writes
from support.scripted import Reply, scripted
from support.standin import StandIn
from tooling import environments, interpreters
from tooling.paths import BUILD, COLLECTION, ROOT
from tooling.process import Failed, environment

EDA = Path("extensions", "eda")
SOURCE = BUILD / COLLECTION / EDA / "plugins" / "event_source" / "dam_staging.py"
SECONDS = 60.0

Event = dict[str, Any]


class Watched:
    """The source at work: its events, one after the other."""

    def __init__(self, queue: asyncio.Queue[Event], task: asyncio.Task[None]) -> None:
        self._queue = queue
        self.task = task

    async def next(self) -> Event:
        """Return the next event without what is the same in all."""
        event = await asyncio.wait_for(self._queue.get(), SECONDS)
        told: Event = event["dam"]
        return told

    async def nothing(self, looks: float = 2.5) -> None:
        """Make sure that so many looks tell nothing."""
        await asyncio.sleep(looks)
        assert self._queue.empty(), self._queue.get_nowait()


@contextlib.asynccontextmanager
async def watching(standin: StandIn, **more: Any) -> AsyncIterator[Watched]:
    """Run the source as ansible-rulebook does, looking every second, until the block ends."""
    main = runpy.run_path(str(SOURCE))["main"]
    queue: asyncio.Queue[Event] = asyncio.Queue()
    options = {**connection_to(standin), "interval": 1, "request_retries": 0, **more}
    task = asyncio.ensure_future(main(queue, options))
    try:
        yield Watched(queue, task)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def no_look_goes_on() -> Iterator[None]:
    """A look that was under way at the end must not reach into the next test, which has the same stand-in."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("dam-look"):
            thread.join(SECONDS)
            assert not thread.is_alive()


def compare(standin: StandIn) -> None:
    """Have the publisher compare itself with its subscriber, as a person at the command line would."""
    path = f"/staging/subscriber/{standin.subscribers[0].id}"
    api(standin, "PATCH", path, {"resyncStatus": "FIND_MISMATCH_START"})


def looks(standin: StandIn) -> int:
    """Return how often somebody asked for all subscribers; of those that wait for a queue only the source does."""
    return sum(each["path"].endswith("/staging/subscriber") for each in sent(standin))


def test_what_is_found_at_the_start_is_told_once_by_reading_alone(damsim: StandIn) -> None:
    rows = compared(damsim)

    async def watch() -> None:
        async with watching(damsim, name="emea") as watched:
            assert await watched.next() == {
                "schema": 1,
                "type": "drift_found",
                "publisher": "emea",
                "hostname": damsim.publisher.host,
                "at_start": True,
                "subscriber_id": damsim.subscribers[0].id,
                "target_host": damsim.subscribers[0].target_host,
                "resync_status": COMPARED,
                "last_resync_time": api(damsim, "GET", "/staging/subscriber")[0]["lastResyncTime"],
                "mismatch_count": rows,
            }
            await watched.nothing()

    asyncio.run(watch())
    assert writes(sent(damsim)) == []
    logins = [each for each in sent(damsim) if each["path"].endswith("/auth/login")]
    assert len(logins) == 2  # at the publisher and at the subscriber, for all looks together


@pytest.mark.slow
def test_a_repair_by_hand_is_told_step_by_step(damsim: StandIn) -> None:
    compared(damsim)
    path = f"/staging/subscriber/{damsim.subscribers[0].id}"

    async def watch() -> None:
        async with watching(damsim, initial=False) as watched:
            await watched.nothing(1.5)
            damsim.settings(hold_operations=True)
            api(damsim, "PATCH", path, {"resyncStatus": "RESYNC_TRIGGER_START"})
            await watched.nothing(3.0)  # its operations were created, not done
            damsim.settings(hold_operations=False)
            finished = await watched.next()
            assert (finished["type"], finished["failed_operation_count"]) == ("resync_finished", 0)
            compare(damsim)
            assert (await watched.next())["type"] == "in_sync"
            await watched.nothing()

    asyncio.run(watch())
    assert damsim.digests_equal()


@pytest.mark.slow
def test_failures_are_told_with_the_servers_words_and_without_secrets(damsim: StandIn) -> None:
    damsim.settings(fail_comparison=True)
    events: list[Event] = []

    async def watch() -> None:
        async with watching(damsim) as watched:
            await watched.nothing(1.2)
            compare(damsim)
            events.append(await watched.next())
            row = {
                "triggerFunction": "syncStagingMediaContent",
                "status": "FAILED",
                "errorInfo": {"message": "{{ disk }} full"},
            }
            damsim.post("/_sim/operations", {**row, "times": 3}, at=damsim.subscribers[0])
            events.append(await watched.next())
            fault(damsim, path="/staging/subscriber", kind="status", status=503, times=2, body="down")
            events.append(await watched.next())
            events.append(await watched.next())

    asyncio.run(watch())
    assert [each["type"] for each in events] == [
        "comparison_failed",
        "operations_failed",
        "watch_failed",
        "watch_recovered",
    ]
    assert events[1]["by_trigger_function"] == {"syncStagingMediaContent": 3}
    assert events[1]["message"] == '{ "message": "{ { disk }} full"}'
    assert "503" in events[2]["message"]
    assert damsim.password not in json.dumps(events)


@pytest.mark.parametrize(
    "core", [pytest.param(None, id="own"), *(pytest.param(core, marks=pytest.mark.slow) for core in ("2.16", "newest"))]
)
def test_no_text_in_an_event_is_executed_as_an_extra_variable(tmp_path: Path, core: str | None) -> None:
    """Ansible takes extra variables for templates, and ansible-rulebook hands an event to a playbook as such."""
    python = python_with(core)
    mark = tmp_path / "mark"
    evil = [
        "{{ lookup('pipe', 'touch %s') }}" % mark,
        """#jinja2:variable_start_string:'<<',variable_end_string:'>>',x:<< lookup(*"pipe~touch %s".split("~")) >>."""
        % mark,
    ]
    row = {"status": True, "resyncStatus": "FIND_MISMATCH_FAILED"}
    rows = [
        {**row, "id": f"{{{{{number}}}}}", "targetHost": f"dx/{text}", "lastResyncTime": text, "created": text}
        for number, text in enumerate(evil)
    ]

    async def watch(port: int) -> list[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        where = {"hostname": "127.0.0.1", "dx_protocol": "http", "dx_port": port, "request_retries": 0}
        options = {**where, "dx_username": "admin", "dx_password": "secret", "operations": False, "interval": 1}
        task = asyncio.ensure_future(runpy.run_path(str(SOURCE))["main"](queue, options))
        events = [await asyncio.wait_for(queue.get(), SECONDS) for _number in range(3)]
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return events

    with scripted() as server:
        server.says(Reply(200, rows), Reply(500, {"message": evil[0]}))
        events = asyncio.run(watch(server.port))
    assert [each["dam"]["type"] for each in events] == ["comparison_failed", "comparison_failed", "watch_failed"]
    assert "lookup(" in events[2]["dam"]["message"]
    assert not any({"subscriber_id", "target_host"} & each["dam"].keys() for each in events)

    def printed(variable: Any) -> str:
        file, book = tmp_path / "extra.json", tmp_path / "book.yml"
        file.write_text(json.dumps({"ansible_eda": variable}), encoding="utf-8")
        tasks = [{"ansible.builtin.debug": {"msg": "{{ ansible_eda }}"}}]
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        done = subprocess.run(
            [str(python), "-m", "ansible", "playbook", "-e", f"@{file}", str(book)],
            env=environment(python.parent, {"ANSIBLE_LOCALHOST_WARNING": "0"}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout + done.stderr

    assert "lookup(" in printed({"events": events})
    assert not mark.exists()
    printed({"events": evil[:1]})  # as the server sent it
    assert mark.exists()


def test_it_ends_at_once_when_it_is_cancelled_while_a_server_hangs(damsim: StandIn) -> None:
    fault(damsim, kind="delay", delay=40.0, times=10)

    async def watch() -> float:
        async with watching(damsim, operations=False, request_timeout=30) as watched:
            await watched.nothing(1.0)
            begun = time.monotonic()
        return time.monotonic() - begun

    assert asyncio.run(watch()) < 7
    for thread in threading.enumerate():
        if thread.name.startswith("dam-look"):
            thread.join(7)
            assert not thread.is_alive(), "the process would wait for it"


def test_an_option_that_does_not_exist_ends_it_with_its_name(damsim: StandIn) -> None:
    async def watch() -> None:
        async with watching(damsim, intervall=5) as watched:
            await watched.task

    with pytest.raises(Exception, match="no option intervall"):
        asyncio.run(watch())


@pytest.mark.parametrize("case", ["elsewhere", "without ansible-core"])
def test_an_installation_that_does_not_fit_is_named(case: str, tmp_path: Path) -> None:
    file = tmp_path / "dam_staging.py"
    file.write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    script = f"""
import asyncio, importlib.abc, runpy, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "ansible":
            raise ModuleNotFoundError(name, name=name)
if {case!r} != "elsewhere":
    sys.meta_path.insert(0, Missing())
place = {str(file)!r} if {case!r} == "elsewhere" else {str(SOURCE)!r}
asyncio.run(runpy.run_path(place)["main"](None, {{}}))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode
    assert {
        "elsewhere": "not part of an installed collection",
        "without ansible-core": "ansible-core is needed",
    }[case] in done.stderr


def test_other_collections_stay_where_they_were(tmp_path: Path) -> None:
    other = tmp_path / "ansible_collections" / "dxops" / "other"
    other.mkdir(parents=True)
    (tmp_path / "ansible_collections" / "__init__.py").touch()
    (other / "thing.py").write_text("VALUE = 42", encoding="utf-8")
    script = f"""
import asyncio, runpy, sys
sys.path.append({str(tmp_path)!r})
try:
    asyncio.run(runpy.run_path({str(SOURCE)!r})["main"](None, {{"nonsense": 1}}))
except Exception as problem:
    from ansible_collections.dxops.other.thing import VALUE
    print(type(problem).__name__, VALUE)
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "OptionError 42\n", done.stderr


@pytest.fixture(scope="session")
def rulebook_bin() -> Path:
    """Return the folder of ansible-rulebook's programs, in an environment of its own."""
    problems = []
    # It is made for some Pythons only, and needs a wheel for each.
    for base in dict.fromkeys(filter(None, [interpreters.own(), *map(interpreters.find, ("3.13", "3.12", "3.11"))])):
        try:
            return environments.ensure("rulebook", base=base).bin
        except Failed as problem:
            problems.append(f"{base.name}: {problem}")
    reason = "ansible-rulebook cannot be installed: " + "; ".join(problems)
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class Rulebook:
    """A running ansible-rulebook: what it says, as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines += iter(self.process.stdout.readline, "")

    def wait_for(self, part: str, seconds: float = 120.0) -> None:
        """Wait until a line has ``part``."""
        self.wait_until(lambda: any(part in line for line in list(self.lines)), seconds)

    def wait_until(self, happened: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait until something is so while it runs."""
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, self.output
            assert self.process.poll() is None, self.output
            time.sleep(0.1)

    @property
    def output(self) -> str:
        """Everything so far."""
        return "".join(self.lines)

    def end(self) -> None:
        """Send Ctrl-C, and wait half a minute at most for the end."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self._reader.join()


def quicker(folder: Path) -> Path:
    """Copy the collection's rulebook, with a second in place of the minute in which events are gathered."""
    text = (ROOT / EDA / "rulebooks" / "drift.yml").read_text(encoding="utf-8")
    assert text.count("once_after: 1 minute") == 1
    book = folder / "drift.yml"
    book.write_text(text.replace("once_after: 1 minute", "once_after: 1 second"), encoding="utf-8")
    return book


@contextlib.contextmanager
def rulebook(
    bin_folder: Path, folder: Path, variables: Mapping[str, Any], hosts: Mapping[str, Any], **env: str
) -> Iterator[Rulebook]:
    """Run the collection's rulebook until the block ends."""
    python = {"ansible_python_interpreter": str(bin_folder / "python")}
    hosts = {name: {**facts, **python} for name, facts in hosts.items()}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    (folder / "vars.json").write_text(json.dumps(variables), encoding="utf-8")
    homes = {"ANSIBLE_HOME": str(folder / ".ansible"), "ANSIBLE_REMOTE_TMP": str(folder / "tmp"), "PWD": str(folder)}
    process = subprocess.Popen(
        [
            str(bin_folder / "ansible-rulebook"),
            "-r",
            str(quicker(folder)),
            "-i",
            "hosts.json",
            "-e",
            "vars.json",
            "-vv",
        ],
        env=environment(bin_folder, {**homes, **env}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    running = Rulebook(process)
    try:
        yield running
    finally:
        running.end()


@pytest.mark.slow
def test_the_rulebook_and_the_examples_have_the_form_of_rulebooks(rulebook_bin: Path) -> None:
    script = """
import json, pathlib, sys
import ansible_rulebook, jsonschema
folder = pathlib.Path(ansible_rulebook.__file__).parent / "schema"
schema = json.loads((folder / "ruleset_schema.json").read_text())
jsonschema.validate(json.load(sys.stdin), schema)
"""
    rulesets = yaml.safe_load((ROOT / EDA / "rulebooks" / "drift.yml").read_text(encoding="utf-8"))
    examples = yaml.safe_load(runpy.run_path(str(SOURCE))["EXAMPLES"])
    for book, right in ((rulesets, True), (examples, True), ([{**examples[0], "sources": None}], False)):
        done = subprocess.run(
            [str(rulebook_bin / "python"), "-c", script],
            input=json.dumps(book),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode == 0) == right, done.stderr


@pytest.mark.slow
@pytest.mark.needs_java
def test_drift_that_appears_is_repaired(damsim: StandIn, rulebook_bin: Path, tmp_path: Path) -> None:
    options = {
        name: value for name, value in connection_to(damsim).items() if name not in ("dx_username", "dx_password")
    }
    variables = {
        "dam_watch_publishers": [{**options, "name": "emea"}],
        "dam_watch_interval": 1,
        "dam_watch_repair": True,
    }
    hosts = {"emea": role_connection(damsim), "other": {"ansible_host": "dx.invalid"}}
    with rulebook(rulebook_bin, tmp_path, variables, hosts, **role_secrets(damsim)) as running:
        running.wait_for("Waiting for events")
        # The operations wait until the source must have seen that there are some, however slowly it looks.
        damsim.settings(hold_operations=True)
        compared(damsim)
        running.wait_until(lambda: registration(damsim)["resyncStatus"] == "RESYNC_TRIGGER_COMPLETED")
        before = looks(damsim)
        running.wait_until(lambda: looks(damsim) >= before + 3)
        damsim.settings(hold_operations=False)
        running.wait_for("'type': 'resync_finished'")
        running.wait_for("PLAY RECAP")
        running.wait_for("'type': 'in_sync'")
    assert damsim.digests_equal()
    assert "unreachable=0    failed=0" in running.output
    assert re.search(r"^\S*other\S* .*ok=", running.output, re.MULTILINE) is None
    assert list((tmp_path / "dam-reports").iterdir())
    assert damsim.password not in running.output
    assert triggers(damsim) == 2  # the resync, and the comparison that proves it


@pytest.mark.slow
@pytest.mark.needs_java
def test_without_leave_to_repair_a_storm_starts_one_check_of_the_comparisons_that_found_drift(
    damsim3: StandIn, rulebook_bin: Path, tmp_path: Path
) -> None:
    for number in (0, 1):
        compared(damsim3, number=number)
    secrets = role_secrets(damsim3)
    connection = {
        "DX_HOSTNAME": damsim3.publisher.host,
        "DX_PORT": str(damsim3.publisher.port),
        "DX_PROTOCOL": damsim3.protocol,
    }
    # A text is not true: this one is what an environment variable would have made of it.
    variables = {"dam_watch_interval": 1, "dam_watch_repair": "true"}
    chosen = {"dam_consistency_subscribers": [{"subscriber_id": damsim3.subscribers[0].id}]}
    hosts = {damsim3.publisher.host: {**role_connection(damsim3), **chosen}}
    with rulebook(rulebook_bin, tmp_path, variables, hosts, **secrets, **connection) as running:
        running.wait_for("PLAY RECAP")
        time.sleep(2)  # a second run would begin at once
    assert running.output.count("'type': 'drift_found'") >= 2
    assert running.output.count("Calling Ansible runner") == 1  # what it says where a run begins
    assert "differs from its publisher" in running.output
    assert len(list((tmp_path / "dam-reports").glob("*.csv"))) == 1
    assert writes(sent(damsim3)) == []
