# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m benchmarks``: prints the tables. ``dev.py bench`` runs it in the right environment."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import cycle, drift, reports
from benchmarks.runs import Wrong
from benchmarks.tables import say
from tooling.process import environment


def main(arguments: list[str]) -> int:
    """Run the benchmarks that are asked for; return the exit code."""
    options = _parser().parse_args(arguments)
    env = environment(Path(sys.executable).parent, {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    with tempfile.TemporaryDirectory(prefix="dam-bench-") as name:
        folder = Path(name)
        try:
            if options.part in ("all", "report"):
                reports.compare(_plan(options), folder / "report", env)
            if options.part in ("all", "cycle"):
                cycle.compare(1 if options.quick else options.runs, folder / "cycle", env)
            if options.part in ("all", "delay"):
                jobs = [(5.0, 1)] if options.quick else [(2.0, options.runs), (20.0, options.runs), (200.0, 1)]
                cycle.delays(jobs, folder / "delay", env)
            if options.part in ("all", "drift"):
                drift.over_http(options.records or (20_000 if options.quick else 1_000_000))
        except Wrong as problem:
            say(f"\n{problem}")
            return 1
    return 0


def _plan(options: argparse.Namespace) -> reports.Plan:
    contenders = [name for name in reports.CONTENDERS if name not in options.without]
    if options.quick:
        return reports.Plan(options.rows or [2000, 10_000], [0.0, 0.05], 1, None, contenders, judged=False)
    once = None if options.rows else 1_000_000
    return reports.Plan(options.rows or [10_000, 100_000], [0.0, 0.05], options.runs, once, contenders)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py bench", description="How fast the report, the whole cycle and the comparison of the records are."
    )
    parser.add_argument("part", nargs="?", choices=["all", "report", "cycle", "delay", "drift"], default="all")
    parser.add_argument("--quick", action="store_true", help="small sizes, once each: shows that it works, no more")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run (3); the medians are shown")
    parser.add_argument("--rows", type=int, nargs="+", help="sizes of reports in place of 10,000 and 100,000")
    parser.add_argument("--records", type=int, help="on each side of the comparison of the records (1,000,000)")
    parser.add_argument(
        "--without", action="append", default=[], choices=reports.CONTENDERS, help="leave this one out of the reports"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
