# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job on the stand-in, for a person to watch."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tooling import environments
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, say
from tooling.standin import NotStarted, StandIn, started

FOLDER = BUILD / "demo"
REPORTS = FOLDER / "reports"
ACTIONS = ("CREATE", "UPDATE", "DELETE")


@dataclass(frozen=True)
class Run:
    """One run of the playbook: seconds, requests that left the modules, and the triggers and changes among them."""

    seconds: float
    requests: int
    writes: int
    changed: int
    verdict: bool | None


def show(core: str | None) -> None:
    """Start the stand-in, let the playbook repair it, prove it, run again, and say where the report is."""
    made = environments.ensure("demo", core)
    shutil.rmtree(FOLDER, ignore_errors=True)
    env = environments.variables(made)
    try:
        with started(made.python, FOLDER / "standin", "--seed", "small", env=env) as standin:
            _tell(made, standin)
    except NotStarted as problem:
        raise Failed(str(problem)) from None


def _tell(made: environments.Environment, standin: StandIn) -> None:
    subscriber = standin.subscribers[0]
    _title("Two environments that ought to be the same")
    say(f"publisher   {standin.publisher.url}")
    say(f"subscriber  {subscriber.url}   (a stand-in of the product, started for this demonstration)")
    say("\nHow they differ, counted in their data, not by the collection:\n")
    before = _differences(standin)
    if not before:
        raise Failed("the stand-in's two environments do not differ, so there is nothing to show")

    _title("ansible-playbook playbooks/resync.yml: compare, report, repair, prove")
    first = _play(made, standin, "first")
    _title("The same again, showing only what changes: there is nothing left to do")
    second = _play(made, standin, "second", {"ANSIBLE_DISPLAY_OK_HOSTS": "false"})

    _title("What happened")
    say(f"differences before   {before}")
    say(f"differences now      {_count(standin)}   (counted in the data)")
    for name, run in (("first run", first), ("second run", second)):
        say(
            f"{name:<20} {run.seconds:.1f} s, {run.requests} HTTP requests "
            f"({run.writes} of them writes), changed={run.changed}"
        )
    for report in sorted(REPORTS.rglob("*")):
        if report.is_file():
            say(f"report               {report}")
    _judge(standin, first, second)
    say("\nIn sync, proven by a second comparison; the second run changed nothing.")


def _judge(standin: StandIn, first: Run, second: Run) -> None:
    """Raise ``Failed`` unless what the playbook said is also true of the data."""
    if not standin.digests_equal():
        raise Failed("the playbook ended well, but the two environments' data still differ")
    if not (first.verdict and second.verdict):
        raise Failed(f"the playbook did not say that they are in sync: {first.verdict}, {second.verdict}")
    if first.changed == 0 or second.changed:
        raise Failed(f"expected changes in the first run alone: {first.changed}, {second.changed}")


def _play(
    made: environments.Environment, standin: StandIn, name: str, settings: Mapping[str, str] | None = None
) -> Run:
    result = FOLDER / f"{name}.json"
    inventory = FOLDER / "inventory.json"
    publisher = {
        "ansible_connection": "local",
        "ansible_python_interpreter": str(made.python),
        "dam_consistency_hostname": standin.publisher.host,
        "dam_consistency_port": standin.publisher.port,
        "dam_consistency_protocol": standin.protocol,
        "dam_consistency_report_dir": str(REPORTS),
        "dam_consistency_result_file": str(result),
    }
    inventory.write_text(json.dumps({"all": {"hosts": {"publisher": publisher}}}, indent=2), encoding="utf-8")
    standin.forget_requests()
    recap = FOLDER / f"{name}.jsonl"
    env = environments.variables(made) | {
        "ANSIBLE_CALLBACKS_ENABLED": "recorder",
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callback"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "DAM_TEST_RECORD": str(recap),
        "DX_USERNAME": standin.username,
        "DX_PASSWORD": standin.password,
        **(settings or {}),
    }
    begun = time.monotonic()
    command = [made.python, "-m", "ansible", "playbook", ROOT / "playbooks" / "resync.yml", "-i", inventory]
    code = _watch([str(part) for part in command], env)
    seconds = time.monotonic() - begun
    if code:
        raise Failed(f"ansible-playbook ended with {code}", code)
    last = json.loads(recap.read_text(encoding="utf-8").splitlines()[-1])
    verdict = json.loads(result.read_text(encoding="utf-8"))["in_sync"]
    return Run(seconds, len(standin.requests()), len(standin.writes()), last["recap"]["publisher"]["changed"], verdict)


def _watch(command: list[str], env: dict[str, str]) -> int:
    """Run the playbook in the terminal; return its exit code. Whatever ends us ends it first."""
    with subprocess.Popen(command, env=env, cwd=FOLDER, stdin=subprocess.DEVNULL) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _differences(standin: StandIn) -> int:
    """Print a table of the differences by type and action; return their number."""
    counts: dict[str, dict[str, int]] = standin.expected()["counts"]
    width = max((len(kind) for kind in counts), default=0)
    say(f"{'':<{width}}" + "".join(f"{action.lower():>10}" for action in ACTIONS))
    for kind in sorted(counts):
        row = "".join(f"{counts[kind].get(action) or '.':>10}" for action in ACTIONS)
        say(f"{kind:<{width}}{row}")
    return _count(standin)


def _count(standin: StandIn) -> int:
    return len(standin.expected()["rows"])


def _title(text: str) -> None:
    say(f"\n{text}\n{'=' * len(text)}\n")
