# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare, report, delete and repair in any order, with faults and changes in between: what has to hold always, holds.

Where it is not documented how the servers behave, each schedule draws one of the possible behaviours. Each run draws
new schedules; ``--schedules-seed`` draws those of an earlier run once more.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from random import SystemRandom
from time import sleep
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from faults import tables
from faults.catalogue import FAULTS, Fault
from faults.players import Player, players
from faults.proxy import Break, Proxy
from faults.scenes import found
from support.connections import connection_to
from support.modules import Outcome
from support.scenes import COMPARED, compared, fault, named, register, registration, server_time
from support.standin import StandIn
from tooling.paths import ROOT

# As many times faster than life.
FACTOR = 50.0
# As many tests, so that all workers have their share.
PARTS = 8
STEPS = 6
FIND, RESYNC = "findStagingMismatch", "resyncSubscriber"
FIND_MODULE, RESYNC_MODULE, REPORT_MODULE, DELETE_MODULE = (
    "dam_find_mismatch",
    "dam_resync",
    "dam_mismatch_report",
    "dam_delete_mismatch",
)
FAILED = "FIND_MISMATCH_FAILED"
TOLD = ("msg", "changed", "actions", "joined", "reused", "in_sync", "mismatch_count", "count", "accurate", "states")
RUNNING = ("FIND_MISMATCH_START", "DYNAMIC_STATUS_COMPUTATION_REQUIRED", "RESYNC_TRIGGER_START")
SOON = {"comparison_delay": 1, "resync_trigger_delay": 0.3, "operation_delay": 0.1}
LATER = {"comparison_delay": 40, "resync_trigger_delay": 40}
# What is not documented, and each way that it can be.
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
# Those that cost no real time, and that end; of an answer that is made up nobody can say what follows from it.
WEATHER = [
    each
    for each in FAULTS
    if not each.lasting
    and each.broken.get("kind") not in ("hang", "trickle", "drip")
    and each.answer.get("kind") != "double"
    and each.name not in ("unknown status", "redirect elsewhere")
]
# These are rows, too, since nothing is documented of rows.
ROWS = ("wrong types", "fields missing")
NOT_OF_ROWS = "/staging/subscriber|/operations"
PLACES = [
    ("", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/staging/mismatches"),
    ("GET", "/staging/subscriber"),
    ("POST", "/auth/login"),
    ("GET", "/operations"),
]
FAILURES = [
    {"fail_comparison": True},
    {"fail_resync_trigger": True},
    {"fail_operations": [{"trigger_function": "syncStagingMediaContent", "times": 2}]},
]
STRIKES = st.tuples(
    st.sampled_from(WEATHER),
    st.sampled_from(PLACES),
    st.sampled_from([False, False, True]),  # at the subscriber
    st.integers(0, 4),  # so many requests later
    st.sampled_from([1, 1, 3]),  # so often
)
Storm = tuple[Fault, tuple[str, str], bool, int, int] | dict[str, Any]
STORMS = st.lists(st.one_of(STRIKES, STRIKES, STRIKES, st.sampled_from(FAILURES)), max_size=2)
NOW_AND_THEN = st.sampled_from([False, False, True])
# What can be done, and how.
MOVES = {
    name: st.fixed_dictionaries(options)
    for name, options in {
        "find": {
            "force": st.booleans(),
            "delete_previous": st.booleans(),
            "wait": st.sampled_from([True, True, False]),
            "check": NOW_AND_THEN,
            "storms": STORMS,
        },
        "resync": {
            "max_deletes": st.sampled_from([1000, 1000, 2]),
            "max_mismatches": st.sampled_from([-1, -1, 5]),
            "max_age": st.sampled_from([86400, 86400, 600]),
            "allow_failed": st.booleans(),
            "wait": st.sampled_from([True, True, False]),
            "check": NOW_AND_THEN,
            "storms": STORMS,
        },
        "report": {
            "form": st.sampled_from(["jsonl", "csv", "json"]),
            "size": st.sampled_from([2, 7, 1000]),
            "prefetch": st.sampled_from([1, 3]),
            "force": st.booleans(),
            "keep_empty": st.booleans(),
            "storms": STORMS,
        },
        "delete": {"check": NOW_AND_THEN, "storms": STORMS},
        "together": {
            "modules": st.sampled_from(
                [
                    (FIND_MODULE, FIND_MODULE),
                    (FIND_MODULE, RESYNC_MODULE),
                    (RESYNC_MODULE, RESYNC_MODULE),
                    (FIND_MODULE, REPORT_MODULE),
                    (RESYNC_MODULE, REPORT_MODULE),
                ]
            ),
            "slowly": NOW_AND_THEN,
            "apart": st.sampled_from([0.0, 0.0, 0.02, 0.04]),  # real seconds
            "storms": STORMS,
        },
        "touch": {"at_subscriber": st.booleans(), "number": st.integers(0, 3)},
        "get_stuck": {"status": st.sampled_from(["TODO", "FAILED"])},
        "time_goes_by": {"seconds": st.sampled_from([5, 60, 4000, 90000]), "sessions_end": st.booleans()},
    }.items()
}
# Of all of them the more, the more there is to be seen.
WEIGHED = st.sampled_from([*MOVES, "find", "find", "resync", "resync", "resync", "report", "together"])
CALM = {"fail_comparison": False, "fail_resync_trigger": False, "fail_operations": []}


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _brief(storm: Storm) -> str:
    return str(storm) if isinstance(storm, dict) else f"{storm[0].name} at {storm[1:]}"


class Schedule(RuleBasedStateMachine):
    """One schedule: what people, jobs and the weather may do to a publisher and its subscriber."""

    standin: StandIn
    proxies: tuple[Proxy, Proxy]
    players: list[Player]
    folder: Path
    seed: Path
    counted: Counter[str]

    @initialize(
        switches=st.fixed_dictionaries({name: st.sampled_from(all_) for name, all_ in SWITCHES.items()}),
        two_way=st.sampled_from([False, False, False, True]),
        known=st.sampled_from([False, True, True]),
        hopeful=st.sampled_from([False, False, True]),
    )
    def begin(self, switches: dict[str, Any], two_way: bool, known: bool, hopeful: bool) -> None:
        """Bring the servers to their seed, which differs in nine records, with these switches.

        ``known`` tells whether it was compared already; ``hopeful`` whether it is tried to have it converge.
        """
        self.story = [f"{switches}, two-way: {two_way}, compared: {known}"]
        self.hopeful = hopeful and not two_way
        self.moves = 0
        self.numbers = count()
        self.standin.reset(str(self.seed))
        here, there = self.standin.places
        at_both = {"speed": FACTOR, "cycles": False, **SOON, **switches}
        self.standin.settings(at=here, **at_both)
        self.standin.settings(at=there, **{**at_both, "clock_skew": 0.0})
        for proxy in self.proxies:
            proxy.clear()
            proxy.tokens.clear()
        self.two_way = two_way
        if two_way:
            register(self.standin, there, here.url.partition("//")[2])
        if known:
            compared(self.standin)
        self.restarts = switches["duplicate_trigger"] == "restart"
        self.reports = self.folder / "reports"
        self.reports.mkdir(exist_ok=True)
        for file in self.reports.iterdir():
            file.unlink()
        # Whether data were changed since the last comparison began, whether all that it found is in the logs, and what
        # stands in the subscriber's queue for good.
        self.touched, self.whole, self.stuck = False, known, ""
        # Whether something may go wrong soon, and what the last run has started.
        self.stormy = False
        self.begun: dict[str, int] = {}

    @rule(move=WEIGHED.flatmap(lambda name: st.tuples(st.just(name), MOVES[name])))
    def move(self, move: tuple[str, dict[str, Any]]) -> None:
        """Do something, and in the end see whether it converges."""
        name, drawn = move
        self.moves += 1
        last = self.moves == STEPS - 1
        try:
            for step, options in [(name, dict(drawn)), *([("converge", {})] if last and self.hopeful else [])]:
                storms = options.pop("storms", ())
                self.story += [f"{step} {options}", *(f"  storm: {_brief(storm)}" for storm in storms)]
                for storm in storms:
                    self.strike(storm)
                getattr(self, step)(**options)
        except BaseException as error:
            error.add_note("\n".join(["The schedule:", *self.story]))
            raise
        self.counted["moves in random schedules"] += 1
        self.counted["random schedules"] += self.moves == 1

    # What people do.

    def find(self, force: bool, delete_previous: bool, wait: bool, check: bool) -> None:
        """Compare."""
        args = {"force": force, "delete_previous": delete_previous, "wait": wait}
        self.judge_find(self.run(FIND_MODULE, args, check), waited=wait and not check)

    def resync(
        self, max_deletes: int, max_mismatches: int, max_age: int, allow_failed: bool, wait: bool, check: bool
    ) -> None:
        """Repair."""
        self.settle()
        before, rows, age = registration(self.standin), self.rows(), self.age()
        waited = wait and not check and self.stuck != "TODO"
        guards = {"max_deletes": max_deletes, "max_mismatches": max_mismatches, "max_age": max_age}
        args = {**guards, "allow_failed_operations": allow_failed, "wait": waited}
        outcome = self.run(RESYNC_MODULE, args, check)
        if self.begun[RESYNC]:
            assert before.get("resyncStatus") == COMPARED
            assert age is not None
            assert age <= max_age
            assert rows
            assert sum(row["recordAction"] == "DELETE" for row in rows) <= max_deletes
            assert max_mismatches == -1 or len(rows) <= max_mismatches
            assert not self.two_way
            assert self.stuck == "" or (self.stuck == "FAILED" and allow_failed)
        actions = (outcome.result or {}).get("actions", [])
        if outcome.ok and waited and "wait_trigger" in actions:
            assert registration(self.standin).get("resyncStatus") == "RESYNC_TRIGGER_COMPLETED"
            if self.whole and not self.touched and not allow_failed:
                assert self.standin.digests_equal()

    def report(self, form: str, size: int, prefetch: int, force: bool, keep_empty: bool) -> None:
        """Write the report: it is the server's rows, or what it was."""
        self.settle()
        dest = self.reports / f"report.{form}"
        old = dest.read_bytes() if dest.exists() else None
        args = {"page_size": size, "prefetch": prefetch, "force": force}
        outcome = self.run(REPORT_MODULE, {**args, **self.to(form, "write" if keep_empty else "absent")})
        if not outcome.ok:
            assert (dest.read_bytes() if dest.exists() else None) == old
            return
        rows, accurate = self.rows(), registration(self.standin).get("resyncStatus") == COMPARED
        assert (outcome.result or {})["accurate"] is accurate
        if rows or keep_empty:
            assert self.reported(form) == found(rows)
        else:
            # Only a completed comparison removes a file.
            assert (dest.read_bytes() if dest.exists() else None) == (None if accurate else old)

    def delete(self, check: bool) -> None:
        """Delete the logs."""
        self.settle()
        before = self.rows()
        outcome = self.run(DELETE_MODULE, {}, check)
        after = self.rows()
        assert after == [] if outcome.ok and not check else after in ([], before)

    def together(self, modules: tuple[str, str], slowly: bool, apart: float) -> None:
        """Two people at nearly the same time: one run of a kind, unless the server starts over when asked again."""
        self.settle()
        started, before = self.jobs(), self.rows()
        # A whole resync may fit between the last look of another one and its trigger.
        slowly = slowly or modules == (RESYNC_MODULE, RESYNC_MODULE)
        if slowly:
            self.standin.settings(at=self.standin.publisher, **LATER)
        options = {
            FIND_MODULE: {"force": True},
            RESYNC_MODULE: {"wait": self.stuck != "TODO"},
            REPORT_MODULE: self.to("jsonl", "write"),
        }
        folders = []
        for player, name in zip(self.players, modules):
            folders.append(self.begin_run(player, name, options[name]))
            sleep(apart)
        # Whatever is wrong with the first, the second one's end is not to be taken for that of its next run.
        ended = [player.end() for player in self.players]
        outcomes = [self.judge_run(outcome, folder) for outcome, folder in zip(ended, folders)]
        self.calm(started)
        if slowly:
            self.standin.settings(at=self.standin.publisher, **SOON)
        assert self.begun[RESYNC] <= 1 or self.restarts
        assert not (self.begun[RESYNC] and (self.two_way or self.stuck))
        # Where a comparison is over in no time, the second one need not meet the first.
        failed = registration(self.standin).get("resyncStatus") == FAILED
        assert self.begun[FIND] <= 1 or self.restarts or not slowly or failed
        self.whole = self.whole and not self.begun[FIND]
        for name, outcome in zip(modules, outcomes):
            if name == FIND_MODULE:
                self.judge_find(outcome, waited=True, alone=False)
            elif name == REPORT_MODULE and outcome.ok and (outcome.result or {})["accurate"]:
                # Between a deletion and the trigger after it nobody can tell that the logs are not those of before.
                assert self.reported("jsonl") in (found(before), found(self.rows()), [])

    # What happens to them.

    def touch(self, at_subscriber: bool, number: int) -> None:
        """Change the data behind the back of staging."""
        place = self.standin.places[at_subscriber]
        records = self.standin.get("/_sim/records?type=KEYWORD", at=place)
        change = {**records[number % len(records)], "action": "UPDATE", "body": {"keyword": f"k{next(self.numbers)}"}}
        self.standin.post("/_sim/records", [change], at=place)
        self.touched = True

    def get_stuck(self, status: str) -> None:
        """Leave an operation in the subscriber's queue that stands in a resync's way, in place of what was there."""
        self.mend()
        self.stuck = status
        operation = {"triggerFunction": "syncStagingMediaContent", "status": status}
        self.standin.post("/_sim/operations", operation, at=self.standin.subscribers[0])

    def time_goes_by(self, seconds: int, sessions_end: bool) -> None:
        """Let time go by; failed operations are removed after a day."""
        self.standin.post("/_sim/advance", {"seconds": seconds})
        if seconds > 86400 and self.stuck == "FAILED":
            self.stuck = ""
        for place in self.standin.places if sessions_end else ():
            self.standin.post("/_sim/sessions/expire", at=place)

    def converge(self) -> None:
        """When all is calm and mended, the three steps lead to a proof."""
        self.calm(self.jobs())
        self.mend()
        for module, args in ((FIND_MODULE, {"force": True}), (RESYNC_MODULE, {}), (FIND_MODULE, {"force": True})):
            outcome = self.run(module, args)
            assert outcome.ok, outcome.text
            if module == FIND_MODULE:
                self.judge_find(outcome, waited=True)
        assert (outcome.result or {})["in_sync"] is True
        assert self.standin.digests_equal()

    # How it is held against what the servers know.

    def strike(self, storm: Storm) -> None:
        """Have some of the next requests go wrong, or the next job of a kind."""
        self.stormy = True
        if isinstance(storm, dict):
            self.standin.settings(**storm)
            return
        what, (method, path), at_subscriber, skip, times = storm
        if what.name in ROWS and method in ("", "GET") and not path.startswith(("/staging/s", "/op")):
            path = NOT_OF_ROWS
        if what.broken:
            line = f"^{method or '[A-Z]+'} \\S*({path})"
            self.proxies[at_subscriber].add(Break(request=line, skip=skip, times=times, **what.broken))
        else:
            place = self.standin.places[at_subscriber]
            fault(self.standin, place, method=method or None, path=path, skip=skip, times=times, **what.answer)

    def judge_find(self, outcome: Outcome, waited: bool, alone: bool = True) -> None:
        """Hold what a comparison says against the data."""
        result = outcome.result or {}
        if self.begun[FIND]:
            self.touched = False
            self.whole = outcome.ok and waited and alone
        if result.get("in_sync"):
            assert self.standin.digests_equal() or self.touched
        if outcome.ok and result["in_sync"] is False:
            assert result["mismatch_count"] > 0
        if outcome.ok and waited and alone:
            assert registration(self.standin).get("resyncStatus") == COMPARED
            assert result["mismatch_count"] == len(self.rows())

    def run(self, module: str, args: Mapping[str, Any], check: bool = False) -> Outcome:
        """Run a module; check what has to hold for every run; return its outcome."""
        started, before = self.jobs(), self.rows() if self.whole else []
        player = self.players[0]
        folder = self.begin_run(player, module, args, check)
        outcome = self.judge_run(player.end(), folder)
        self.calm(started)
        allowed = {FIND_MODULE: FIND, RESYNC_MODULE: RESYNC}.get(module) if not check else None
        assert all(number == 0 or (number == 1 and name == allowed) for name, number in self.begun.items())
        self.whole = self.whole and self.rows() == before
        return outcome

    def begin_run(self, player: Player, module: str, args: Mapping[str, Any], check: bool = False) -> Path:
        """Start a module by way of the proxies; return the folder that is its own."""
        folder = self.folder / f"run-{next(self.numbers)}"
        where = {**connection_to(self.standin), "dx_port": self.proxies[0].port, "request_timeout": 10}
        if module in (FIND_MODULE, RESYNC_MODULE):
            where |= {"wait_timeout": 1000, "wait_sleep": 5}
        if module == RESYNC_MODULE:
            where["subscriber"] = {"dx_port": self.proxies[1].port}
        player.begin(module, {**where, **named(self.standin), **args}, folder, check)
        return folder

    def judge_run(self, outcome: Outcome, folder: Path) -> Outcome:
        """Check that a run ended in order and left nothing; return its outcome."""
        self.counted["runs of modules in random schedules"] += 1
        told = {name: (outcome.result or {}).get(name) for name in TOLD if name in (outcome.result or {})}
        self.story.append(f"  {'ok' if outcome.ok else 'failed'}: {told}")
        assert outcome.result is not None, outcome.text + outcome.errors
        assert not outcome.errors
        assert outcome.ok or len(outcome.message) > 20
        for secret in {self.standin.password} | self.proxies[0].tokens | self.proxies[1].tokens:
            assert secret not in outcome.text
        assert list(folder.iterdir()) == []
        assert all(each.stem == "report" for each in self.reports.iterdir())
        folder.rmdir()
        return outcome

    def calm(self, started: Mapping[str, int]) -> None:
        """Note which jobs were begun since; take back all faults and failures that did not strike."""
        self.begun = {name: number - started[name] for name, number in self.jobs().items()}
        self.counted["comparisons in random schedules"] += self.begun[FIND]
        self.counted["resyncs in random schedules"] += self.begun[RESYNC]
        if not self.stormy:
            return
        self.stormy = False
        self.standin.settings(**CALM)
        for proxy, place in zip(self.proxies, self.standin.places):
            proxy.clear()
            self.standin.delete("/_sim/faults", at=place)

    def settle(self) -> None:
        """Wait until nothing runs any more, so that what is read before a run is what the run begins with."""
        if registration(self.standin).get("resyncStatus") in RUNNING:
            self.standin.get("/_sim/idle")

    def mend(self) -> None:
        """Let both environments finish, and empty the subscriber's queue of what is left."""
        for place in self.standin.places:
            self.standin.get("/_sim/idle", at=place)
        self.standin.delete("/_sim/operations", at=self.standin.subscribers[0])
        self.stuck = ""

    def to(self, form: str, empty: str) -> dict[str, str]:
        """Return the options that say where a report goes."""
        return {"dest": str(self.reports / f"report.{form}"), "format": form, "empty_report": empty}

    def reported(self, form: str) -> list[tuple[Any, ...]] | None:
        """Return what stands in a report; None where there is no file."""
        file = self.reports / f"report.{form}"
        if not file.exists():
            return None
        text = file.read_text(encoding="utf-8")
        if form == "csv":
            return found(list(csv.DictReader(text.splitlines())))
        return found(json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()])

    def rows(self) -> list[dict[str, Any]]:
        """Return the logs that the server has."""
        rows: list[dict[str, Any]] = self.standin.get("/_sim/mismatches")
        return rows

    def age(self) -> float | None:
        """Return how many seconds ago a run began or ended, by the publisher's clock."""
        moved = registration(self.standin).get("lastResyncTime")
        return None if moved is None else _seconds(server_time(self.standin)) - _seconds(moved)

    def jobs(self) -> dict[str, int]:
        """Return how many jobs of each kind were started so far."""
        counted: dict[str, int] = self.standin.get("/_sim/jobs")
        return counted


@pytest.fixture(scope="session")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seed that is small enough to be compared in no time, with nine differences."""
    folder = tmp_path_factory.mktemp("nine")
    command = [sys.executable, "-m", "damsim", "seed", str(folder), "--records", "30", "--mismatches", "9"]
    subprocess.run(command, env={"PYTHONPATH": str(ROOT / "tests")}, check=True)
    return folder


@pytest.fixture(scope="session")
def crew() -> Iterator[list[Player]]:
    """Two people."""
    with players(2, FACTOR) as both:
        yield both


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_what_has_to_hold_holds_in_any_order(
    part: int,
    damsim: StandIn,
    proxies: tuple[Proxy, Proxy],
    crew: list[Player],
    nine: Path,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, Any], None],
) -> None:
    class Mine(Schedule):
        pass

    Mine.standin, Mine.proxies, Mine.players, Mine.folder, Mine.seed = damsim, proxies, crew, tmp_path, nine
    Mine.counted = Counter()
    drawn = pytestconfig.getoption("--schedules-seed")
    if drawn is None:
        drawn = SystemRandom().randrange(10**9)
    wanted = settings(
        max_examples=max(1, pytestconfig.getoption("--schedules") // PARTS),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # six steps are few enough to read, and to make them fewer takes minutes
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(drawn + part)(Mine), settings=wanted)
        assert Mine.counted["random schedules"] >= wanted.max_examples
    except BaseException as error:
        error.add_note(f"The same schedules again: -k any_order --schedules-seed {drawn}, and part {part} of them.")
        raise
    finally:
        for name, number in Mine.counted.items():
            record_property(tables.FIGURE, [name, number, ""])
