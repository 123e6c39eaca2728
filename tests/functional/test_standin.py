# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fixtures themselves: the stand-in starts, is reset, tells what reached it, and goes away."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from support.standin import NotStarted, StandIn, started


def alive(pid: int) -> bool:
    """Tell whether a process exists and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_small_seed_differs_and_says_how(damsim: StandIn) -> None:
    assert not damsim.digests_equal()
    assert damsim.expected()["rows"]


@pytest.mark.seed("clean")
def test_the_clean_seed_does_not_differ(damsim: StandIn) -> None:
    assert damsim.digests_equal()
    assert damsim.expected()["rows"] == []


def test_three_subscribers_have_addresses_and_ids_of_their_own(damsim3: StandIn) -> None:
    assert len({place.url for place in damsim3.places}) == 4
    assert len({place.id for place in damsim3.subscribers}) == 3


def test_control_requests_are_not_in_the_log_and_a_login_is_no_write(damsim: StandIn) -> None:
    assert damsim.requests(source=None) == []
    login = {"username": damsim.username, "password": damsim.password}
    damsim.post("/dx/api/core/v1/auth/login", login)
    assert [each["method"] for each in damsim.requests()] == ["POST"]
    assert damsim.writes() == []


def test_a_reset_forgets_settings_and_requests(damsim: StandIn) -> None:
    damsim.settings(hold_comparison=True)
    damsim.post("/dx/api/core/v1/auth/login", {"username": damsim.username, "password": damsim.password})
    damsim.reset()
    assert damsim.get("/_sim/settings")["hold_comparison"] is False
    assert damsim.requests(source=None) == []


def end_with_an_error(folder: Path, seen: list[int]) -> None:
    """Start the stand-in, note its process id, and fail."""
    with started(sys.executable, folder, "--seed", "clean") as standin:
        seen.append(standin.pid)
        raise RuntimeError("a test failed")


def test_it_is_gone_after_its_context_even_when_the_test_failed(tmp_path: Path) -> None:
    seen: list[int] = []
    with pytest.raises(RuntimeError, match="a test failed"):
        end_with_an_error(tmp_path, seen)
    deadline = time.monotonic() + 5
    while alive(seen[0]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(seen[0])


def test_when_it_cannot_start_its_own_words_are_shown(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="no-such-seed"), started(sys.executable, tmp_path, "--seed", "no-such-seed"):
        pass
