# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job on the stand-in, for a person to watch."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

from support.standin import StandIn, started
from tooling.environments import Environment
from tooling.paths import BUILD, ROOT
from tooling.process import Failed, environment

FOLDER = BUILD / "demo"
REPORTS = FOLDER / "reports"
ACTIONS = ("CREATE", "UPDATE", "DELETE")


def show(made: Environment) -> None:
    """Start the stand-in, let the playbook repair and verify it, run again, and say where the report is."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with started(made.python, FOLDER / "standin", "--seed", "small", env=environment(made.bin)) as standin:
        _title("Two environments that ought to be the same")
        print(f"publisher   {standin.publisher.url}")
        print(f"subscriber  {standin.subscribers[0].url}   (a stand-in of the product, started for this demonstration)")
        print("\nHow they differ, counted in their data, not by the collection:\n")
        counts: dict[str, dict[str, int]] = standin.expected()["counts"]
        print(f"{'':<30}" + "".join(f"{action.lower():>10}" for action in ACTIONS))
        for kind, found in counts.items():
            print(f"{kind:<30}" + "".join(f"{found.get(action) or '.':>10}" for action in ACTIONS))
        before = _differences(standin)

        _title("ansible-playbook playbooks/resync.yml: compare, report, repair, verify")
        first = _play(made, standin)
        _title("The same again, without the tasks that change nothing: there is nothing left to do")
        second = _play(made, standin, {"ANSIBLE_DISPLAY_OK_HOSTS": "false"})

        _title("What happened")
        print(f"differences before   {before}")
        print(f"differences now      {_differences(standin)}   (counted in the data)")
        print(f"first run            {first}")
        print(f"second run           {second}")
        for report in sorted(path for path in REPORTS.rglob("*") if path.is_file()):
            print(f"report               {report}")
        if not standin.digests_equal():
            raise Failed("the playbook ended well, but the two environments' data still differ")
        print("\nIn sync, verified by a second comparison.", flush=True)


def _play(made: Environment, standin: StandIn, settings: dict[str, str] | None = None) -> str:
    """Run the playbook in the terminal; return how long it took and what it sent. Raise ``Failed`` if it fails."""
    publisher = {
        "ansible_connection": "local",
        "ansible_python_interpreter": str(made.python),
        "dam_consistency_hostname": standin.publisher.host,
        "dam_consistency_port": standin.publisher.port,
        "dam_consistency_protocol": standin.protocol,
        "dam_consistency_report_dir": str(REPORTS),
    }
    inventory = FOLDER / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"publisher": publisher}}}, indent=2), encoding="utf-8")
    env = {
        **environment(made.bin),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "DX_USERNAME": standin.username,
        "DX_PASSWORD": standin.password,
        **(settings or {}),
    }
    standin.forget_requests()
    begun = time.monotonic()
    playbook = ROOT / "playbooks" / "resync.yml"
    if code := subprocess.call(["ansible-playbook", playbook, "-i", inventory], env=env, cwd=FOLDER):
        raise Failed(f"ansible-playbook ended with {code}")
    triggers = sum(each["method"] == "PATCH" for each in standin.writes())
    return f"{time.monotonic() - begun:.1f} s, {len(standin.requests())} HTTP requests, {triggers} of them triggers"


def _differences(standin: StandIn) -> int:
    return len(standin.expected()["rows"])


def _title(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}\n", flush=True)
