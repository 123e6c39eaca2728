# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find, report, delete and resync in any order, with faults and changes in between: what has to hold always, holds.

Where it is not documented how the servers behave, each schedule draws one of the possible behaviours.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from faults import tables
from faults.bench import Outcome, Run
from faults.catalogue import FAULTS, Fault
from faults.proxy import Proxy
from support.connections import connection_to
from support.scenes import COMPARED, fault, named, of_subscriber, registration, server_rows
from tooling.standin import Place, StandIn

FACTOR = 100.0
PARTS = 4
RUNNING = ("FIND_MISMATCH_START", "DYNAMIC_STATUS_COMPUTATION_REQUIRED", "RESYNC_TRIGGER_START")
# Those that cost no real time, and that end.
QUICK = [each for each in FAULTS if not each.lasting and each.broken.get("kind") not in ("hang", "trickle", "drip")]
# Of an answer that is made up, nobody can say what follows from it.
QUICK = [each for each in QUICK if each.name not in ("unknown status", "redirect elsewhere")]
SOON = {"comparison_delay": 1, "resync_trigger_delay": 0.3, "operation_delay": 0.1, "success_linger": 1e9}
SWITCHES = {
    "last_resync_time_moves": ["start", "end"],
    "delete_resets_resync_status": [False, True],
    "new_comparison": ["replaces", "appends"],
    "default_page": [1000, 5, None],
    "page_cap": [None, 3, 7],
    "trigger_functions_filter": ["list", "exact", "prefix"],
    "duplicate_trigger": ["409", "ignored", "restart"],
    "subscriber_key": ["id", "either"],
    "clock_skew": [0.0, -90.0, 90.0],
}
PLACES = [
    "",
    "^PATCH",
    "^DELETE",
    "^GET \\S*/staging/mismatches",
    "^GET \\S*/staging/subscriber",
    "login",
    "operations",
]


class Schedules(RuleBasedStateMachine):
    """One schedule: what a person, a colleague and the weather may do to one publisher and its subscriber."""

    standin: StandIn
    proxies: tuple[Proxy, Proxy]
    folder: Path
    told: Callable[[], None]

    @initialize(
        switches=st.fixed_dictionaries({name: st.sampled_from(all_) for name, all_ in SWITCHES.items()}),
        proof=st.sampled_from([True, False, False]),
    )
    def begin(self, switches: dict[str, Any], proof: bool) -> None:
        """Bring the servers to their seed, with these switches."""
        self.told()
        self.numbers = itertools.count()
        self.proof = proof
        self.standin.reset("clean", FACTOR)
        there = self.standin.subscribers[0]
        self.standin.settings(cycles=False, **{**SOON, **switches})
        self.standin.settings(at=there, success_linger=1, clock_skew=0.0)
        self.restarts = switches["duplicate_trigger"] == "restart"
        self.dest = self.folder / "reports" / "report.jsonl"
        self.dest.parent.mkdir(exist_ok=True)
        self.dest.unlink(missing_ok=True)
        self.damage(there)
        # Whether data were changed after the last comparison was started, whether the logs are of that alone.
        self.touched, self.logs_whole = False, False
        self.started = self.jobs()
        for proxy in self.proxies:
            proxy.clear()

    def damage(self, there: Place) -> None:
        """Make the subscriber's data differ in a few records: what is missing, what is another, what is too much."""
        words = self.standin.get("/_sim/records?type=KEYWORD", at=there)
        gone = [{**word, "action": "DELETE"} for word in words[:2]]
        other = [{**word, "action": "UPDATE", "body": {"keyword": "another"}} for word in words[2:4]]
        more = [
            {
                "type": "KEYWORD",
                "action": "CREATE",
                "id": f"more-{number}",
                "body": {**words[4]["body"], "id": str(number)},
            }
            for number in range(3)
        ]
        self.standin.post("/_sim/records", [*gone, *other, *more], at=there)

    # What people do.

    @rule(
        force=st.booleans(),
        delete_previous=st.booleans(),
        wait=st.sampled_from([True, True, False]),
        check=st.booleans(),
    )
    def find(self, force: bool, delete_previous: bool, wait: bool, check: bool) -> None:
        """Compare."""
        args = {"force": force, "delete_previous": delete_previous, "wait": wait}
        outcome = self.run("dam_find_mismatch", args, check=check and not force)
        self.judge(outcome)

    @rule(
        max_deletes=st.sampled_from([1000, 1000, 2]),
        max_mismatches=st.sampled_from([-1, -1, 5]),
        wait=st.sampled_from([True, True, False]),
        max_age=st.sampled_from([86400, 86400, 60]),
    )
    def resync(self, max_deletes: int, max_mismatches: int, wait: bool, max_age: int) -> None:
        """Repair."""
        self.settled()
        before, rows = registration(self.standin), self.rows()
        args = {"max_deletes": max_deletes, "max_mismatches": max_mismatches, "wait": wait, "max_age": max_age}
        outcome = self.run("dam_resync", {**args, "max_delete_percent": -1})
        if self.new("resyncSubscriber"):
            assert before.get("resyncStatus") == COMPARED
            assert rows
            assert sum(row["recordAction"] == "DELETE" for row in rows) <= max_deletes
            assert max_mismatches == -1 or len(rows) <= max_mismatches
        elif outcome.ok and before.get("resyncStatus") != COMPARED:
            assert "trigger" not in (outcome.result or {})["actions"]
        done = outcome.ok and wait and "trigger" in (outcome.result or {})["actions"]
        if done and self.logs_whole and not self.touched:
            assert self.standin.digests_equal()

    @rule(size=st.sampled_from([2, 7, 1000]), prefetch=st.sampled_from([1, 3]), force=st.booleans())
    def report(self, size: int, prefetch: int, force: bool) -> None:
        """Write the report: it is the server's rows, or what it was."""
        self.settled()
        old = self.dest.read_bytes() if self.dest.exists() else None
        args = {"dest": str(self.dest), "format": "jsonl", "empty_report": "write", "force": force}
        outcome = self.run("dam_mismatch_report", {**args, "page_size": size, "prefetch": prefetch})
        now = self.dest.read_bytes() if self.dest.exists() else None
        if not outcome.ok:
            assert now == old
        elif (outcome.result or {})["accurate"] or force:
            lines = [json.loads(line) for line in (now or b"").splitlines()]
            made_up = [row for row in lines if "recordType" not in row]  # a fault's
            assert made_up or lines == self.rows()

    @rule()
    def delete(self) -> None:
        """Delete the logs."""
        self.settled()
        outcome = self.run("dam_delete_mismatch", {})
        if outcome.ok:
            assert self.rows() == []
        if not self.rows():
            self.logs_whole = False

    @rule(
        others=st.sampled_from([("dam_find_mismatch",) * 2, ("dam_find_mismatch", "dam_resync"), ("dam_resync",) * 2])
    )
    def together(self, others: tuple[str, str]) -> None:
        """Two people at the same time: at most one run is started, unless the server starts over when asked again."""
        self.settled()
        self.started = self.jobs_calmly()
        # Longer than what one of them needs to get to its trigger, as in earnest.
        self.standin.settings(comparison_delay=50, resync_trigger_delay=50)
        runs = [self.start(name, {"force": True} if name == "dam_find_mismatch" else {}) for name in others]
        for run, folder in runs:
            self.fine(run.end(), folder)
        self.calm()
        self.standin.settings(**{name: SOON[name] for name in ("comparison_delay", "resync_trigger_delay")})
        begun = self.new("findStagingMismatch") + self.new("resyncSubscriber")
        assert begun <= 1 or self.restarts or len(set(others)) == 2
        self.logs_whole = False

    # What happens to them.

    @rule(kind=st.sampled_from(["at the subscriber", "at the publisher"]), number=st.integers(0, 3))
    def touch(self, kind: str, number: int) -> None:
        """Change the data behind the back of staging."""
        place = self.standin.subscribers[0] if kind == "at the subscriber" else self.standin.publisher
        records = self.standin.get("/_sim/records?type=MEDIA_ITEM", at=place)
        record = records[number % len(records)]
        change = {**record, "action": "UPDATE", "body": {"title": f"changed {next(self.numbers)}"}}
        self.standin.post("/_sim/records", [change], at=place)
        self.touched = True

    @rule(
        what=st.sampled_from(QUICK),
        where=st.sampled_from(PLACES),
        skip=st.integers(0, 4),
        times=st.sampled_from([1, 1, 3]),
    )
    def strike(self, what: Fault, where: str, skip: int, times: int) -> None:
        """Have some of the next requests go wrong."""
        if what.broken:
            for proxy in self.proxies:
                broken = what.break_at(where, skip)
                broken.times = times
                proxy.add(broken)
            return
        method, _blank, path = where.lstrip("^").rpartition(" \\S*") if " " in where else (where.lstrip("^"), "", "")
        given = {"method": method} if method.isupper() and method else {"path": method}
        fault(self.standin, **{**given, "path": path or given.get("path", "")}, skip=skip, times=times, **what.answer)

    @rule(seconds=st.sampled_from([5, 60, 4000, 90000]))
    def time_goes_by(self, seconds: int) -> None:
        """Let time go by."""
        self.standin.post("/_sim/advance", {"seconds": seconds})

    @rule()
    def sessions_end(self) -> None:
        """Restart the servers' session management."""
        for place in self.standin.places:
            self.standin.post("/_sim/sessions/expire", at=place)

    @rule()
    @precondition(lambda self: self.proof)
    def converge(self) -> None:
        """When all is calm, the three steps lead to a proof."""
        self.calm()
        self.settled()
        for module, args in (
            ("dam_find_mismatch", {"force": True}),
            ("dam_resync", {"max_delete_percent": -1}),
            ("dam_find_mismatch", {"force": True}),
        ):
            outcome = self.run(module, args)
            assert outcome.ok, outcome.text
            self.judge(outcome)
        assert (outcome.result or {})["in_sync"] is True
        assert self.standin.digests_equal()

    # How it is held against what the servers know.

    def judge(self, outcome: Outcome) -> None:
        """Hold what a comparison says against the data."""
        result = outcome.result or {}
        if self.new("findStagingMismatch"):
            self.touched = False
        self.logs_whole = bool(outcome.ok and result.get("mismatch_count"))
        if result.get("in_sync"):
            assert self.standin.digests_equal() or self.touched
        if result.get("in_sync") is False:
            assert result["mismatch_count"] > 0

    def run(self, module: str, args: dict[str, Any], check: bool = False) -> Outcome:
        """Run a module; check what has to hold for every run; return its outcome."""
        self.started = self.jobs_calmly()
        run, folder = self.start(module, args, check)
        outcome = run.end()
        self.fine(outcome, folder)
        self.calm()
        begun = self.new("findStagingMismatch"), self.new("resyncSubscriber")
        assert sum(begun) <= (0 if check else 1)
        return outcome

    def start(self, module: str, args: dict[str, Any], check: bool = False) -> tuple[Run, Path]:
        """Start a module by way of the proxies."""
        folder = self.folder / f"run-{next(self.numbers)}"
        where = {**connection_to(self.standin), "dx_port": self.proxies[0].port, "request_timeout": 10}
        waits = {"wait_timeout": 2000, "wait_sleep": 5}
        if module in ("dam_find_mismatch", "dam_resync"):
            where |= waits
        if module == "dam_resync":
            where["subscriber"] = {"dx_port": self.proxies[1].port}
        return Run(module, {**where, **named(self.standin), **args}, folder, check=check, factor=FACTOR), folder

    def fine(self, outcome: Outcome, folder: Path) -> None:
        """Check that a run ended in order and left nothing."""
        assert outcome.result is not None, outcome.text + outcome.errors
        assert not outcome.errors
        for secret in {self.standin.password} | self.proxies[0].tokens | self.proxies[1].tokens:
            assert secret not in outcome.text
        assert list(folder.iterdir()) == []
        assert {each.name for each in self.dest.parent.iterdir()} <= {self.dest.name}
        folder.rmdir()

    def calm(self) -> None:
        """Take back all faults that did not strike."""
        for proxy, place in zip(self.proxies, self.standin.places):
            proxy.clear()
            self.standin.delete("/_sim/faults", at=place)

    def settled(self) -> None:
        """Wait until nothing runs any more, so that what is read before a run is what the run begins with."""
        if registration(self.standin).get("resyncStatus") in RUNNING:
            self.standin.get("/_sim/idle")

    def rows(self) -> list[dict[str, Any]]:
        """Return the logs that the server has, whatever faults wait."""
        waiting = self.standin.get("/_sim/faults")
        self.standin.delete("/_sim/faults")
        rows = server_rows(self.standin, of_subscriber(self.standin))
        if waiting:
            self.standin.post("/_sim/faults", waiting)
        return rows

    def jobs_calmly(self) -> dict[str, int]:
        """Return how many jobs of each kind were started so far, without striking a fault."""
        waiting = self.standin.get("/_sim/faults")
        self.standin.delete("/_sim/faults")
        counted = self.jobs()
        if waiting:
            self.standin.post("/_sim/faults", waiting)
        return counted

    def jobs(self) -> dict[str, int]:
        """Return how many jobs of each kind were started so far."""
        counted = self.standin.get("/_sim/jobs")
        return {name: int(counted.get(name, 0)) for name in ("findStagingMismatch", "resyncSubscriber")}

    def new(self, job: str) -> int:
        """Return how many of them were started since the last run began."""
        return self.jobs()[job] - self.started[job]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_what_has_to_hold_holds_in_any_order(
    part: int,
    damsim: StandIn,
    proxies: tuple[Proxy, Proxy],
    forks: None,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, Any], None],
) -> None:
    tried = itertools.count()

    class Mine(Schedules):
        pass

    Mine.standin, Mine.proxies, Mine.folder = damsim, proxies, tmp_path
    Mine.told = staticmethod(lambda: next(tried))
    wanted = settings(
        max_examples=max(1, pytestconfig.getoption("--schedules") // PARTS),
        stateful_step_count=6,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # six steps are few enough to read, and to make them fewer takes minutes
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Mine, settings=wanted)
    finally:
        record_property(tables.FIGURE, ["random schedules", next(tried), ""])
