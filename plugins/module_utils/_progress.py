# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's word, while it waits, of what it sees: lines of JSON in a file that the controller made for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress

# Names the file. Set by the action plugins, for the one module that they start.
VARIABLE = "DAM_STAGING_PROGRESS"
_MOST = 200


def reporter() -> Callable[[str], None]:
    """What a wait is to call with each status that it sees.

    It writes only into a file that is already there. That it cannot (another account, say) is no reason to fail.
    """
    path = os.environ.get(VARIABLE)

    def report(status: str) -> None:
        if not path:
            return
        with suppress(OSError):
            place = os.open(path, os.O_WRONLY | os.O_APPEND)
            with os.fdopen(place, "a", encoding="utf-8") as handle:
                handle.write(json.dumps({"status": status[:_MOST]}) + "\n")

    return report
