# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a module meets what goes wrong: the servers where a scene begins, and what has to hold for every run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.catalogue import Fault
from faults.proxy import Proxy
from faults.scenes import OLD_REPORT, Point, Scene, report_path, reset
from support.connections import connection_to
from support.modules import Outcome, Run
from support.scenes import fault, registration
from support.scripted import Scripted
from support.standin import Place, StandIn

WAITS = {"wait_timeout": 1200, "wait_sleep": 5, "error_timeout": 300}
SHORT_WAITS = {"wait_timeout": 100, "error_timeout": 10}
WAITING = ("dam_find_mismatch", "dam_resync", "dam_settle", "dam_operations_info")
# Those that need the subscriber's own API.
OTHER = ("dam_resync", "dam_settle", "dam_preflight", "dam_drift_info")


@dataclass(frozen=True)
class Pace:
    """How many times faster than life a module and its servers are; ``timeout`` is ``request_timeout`` in real seconds.

    Ten timeouts, at this pace, are what a whole answer may take: not so few that a busy machine takes too long.
    """

    faster: float
    timeout: float


QUICK = Pace(40, 2)
# For what is waited for in vain: that costs the whole of it.
HANGING = Pace(20, 0.5)


class Stage:
    """One scene: its servers, the folder ``dest`` of its report, and the module with the ``options`` to reach them."""

    def __init__(
        self, scene: Scene, standin: StandIn, proxies: tuple[Proxy, Proxy], folder: Path, pace: Pace = QUICK
    ) -> None:
        self.scene = scene
        self.standin = standin
        self.proxies = proxies
        self.dest = folder / "reports"
        self._folder = folder
        self._pace = pace
        self._runs = 0
        self._jobs_before = 0
        self.options: dict[str, Any] = {}

    def begin(self, settings: dict[Place, dict[str, Any]] | None = None) -> None:
        """Bring the servers to where the scene begins, with some settings other than usual."""
        for proxy in self.proxies:
            proxy.forget()
        reset(self.standin, self._pace.faster)
        for place, changes in (settings or {}).items():
            self.standin.settings(at=place, **changes)
        self._jobs_before = self._jobs()
        self.dest.mkdir(parents=True)
        self.options = {
            **connection_to(self.standin),
            "dx_port": self.proxies[0].port,
            "request_timeout": self._pace.timeout,
            "request_retries": 3,
            **self.scene.options,
            **self.scene.begin(self.standin, self.dest),
        }
        if self.scene.module in WAITING:
            self.options |= WAITS
        if self.scene.module in OTHER:
            self.options["subscriber"] = {"dx_port": self.proxies[1].port}

    def place(self, point: Point) -> Place:
        """Return the server that a point is a request to."""
        return self.standin.subscribers[0] if point.at_subscriber else self.standin.publisher

    def arm(self, what: Fault, point: Point, thief: Scripted) -> None:
        """Have a fault strike at a point; ``thief`` is where it redirects to."""
        at = self.place(point)
        if what.broken:
            forget = (lambda: self.standin.post("/_sim/sessions/expire", at=at)) if what.forgets else None
            self.proxies[point.at_subscriber].add(what.break_at(point.line, point.skip, forget))
            return
        one = registration(self.standin)
        answer = json.dumps(dict(what.answer)).replace("THIEF", f"127.0.0.1:{thief.port}")
        filled = json.loads(answer.replace('\\"ID\\"', f'\\"{one["id"]}\\"').replace("HOST", one["targetHost"]))
        times = 10**6 if what.lasting else 1
        fault(self.standin, at=at, method=point.method, path=point.path, skip=point.skip, times=times, **filled)

    def struck(self, what: Fault, point: Point) -> bool:
        """Tell whether the fault has struck, and take away what is left of it."""
        if what.broken:
            hit = self.proxies[point.at_subscriber].struck > 0
            for proxy in self.proxies:
                proxy.clear()
            return hit
        left = self.standin.get("/_sim/faults", at=self.place(point))
        self.standin.delete("/_sim/faults", at=self.place(point))
        return not left or (what.lasting and left[0]["times"] < 10**6)

    def run(self, **options: Any) -> Outcome:
        """Run the module; check what has to hold for every run, whatever came of it."""
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        before = self._report()
        outcome = Run(self.scene.module, self.options | options, folder, factor=self._pace.faster).end()
        assert outcome.result is not None, f"no result: {outcome.text}{outcome.errors}"
        assert "Traceback" not in outcome.text + outcome.errors
        assert not outcome.errors
        assert outcome.ok or len(outcome.message) > 20, outcome.text
        assert list(folder.iterdir()) == [], "something is left in the module's own folder"
        assert {each.name for each in self.dest.iterdir()} <= {report_path(self.dest).name}
        report = self._report()
        assert outcome.ok or report == before, "a run that failed touched the report"
        written = outcome.text.encode() + (report or b"")
        for secret in {self.standin.password} | self.proxies[0].tokens | self.proxies[1].tokens:
            assert secret.encode() not in written
        assert self.started() <= 1, "it was started twice"
        return outcome

    def started(self) -> int:
        """Return how often the scene's job was started at the publisher."""
        return self._jobs() - self._jobs_before

    def _jobs(self) -> int:
        return int(self.standin.get("/_sim/jobs").get(self.scene.job, 0))

    def _report(self) -> bytes | None:
        path = report_path(self.dest)
        return path.read_bytes() if path.exists() else None

    def right(self, outcome: Outcome) -> None:
        """Check that a run ended well, and that all is now as the scene wants it."""
        assert outcome.ok, outcome.text
        result = outcome.result or {}
        problem = self.scene.wrong(self.standin, self.dest, result)
        assert not problem, f"{problem}: {outcome.text}"
        assert self._report() != OLD_REPORT
