# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command and writes what it took: ``python -S -E measure.py RESULT COMMAND...``.

A small process of its own, since the peak memory that the system tells of a command begins with that of whoever starts
it. The peak is that of the largest process among the command and all that it started; the CPU time is that of all.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    """Run the command; return its exit code."""
    begun = time.monotonic()
    child = os.fork()
    if not child:
        try:
            os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - a shell would be measured, too
        finally:
            os._exit(127)
    _child, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - begun
    code = os.waitstatus_to_exitcode(status)
    taken = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024, "code": code}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(taken, file)
    return code if code >= 0 else 1


sys.exit(main())
