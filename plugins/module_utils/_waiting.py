# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one polling loop: look first, sleep after, one last look at the deadline. Knows no HTTP and no Ansible."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ._errors import DamError, ServerError, TimedOut, Unreachable

T = TypeVar("T")
Left = Callable[[], int]


class Watcher(Protocol):
    """Is told what each look saw, and how to count what is left to do where that can be counted. It raises nothing."""

    def __call__(self, status: str, left: Left | None, /) -> Any: ...


FIRST_SLEEP = 1.0
SHARE_OF_ELAPSED = 0.05
NO_ANSWER = "no usable answer, trying again"
# The states of a wait go back to Ansible: of a server that flaps, the first and the last changes are kept.
MOST_STATES = 100


@dataclass(frozen=True)
class Look(Generic[T]):
    """What one look saw: ``status`` in a word or two, whether the wait is over, and what it was for.

    ``left`` counts what is left to do, where that can be told. It may take many requests.
    """

    status: str
    done: bool
    value: T
    left: Left | None = None


def unwatched(_status: str, _left: Left | None) -> None:
    """The watcher of a wait that nobody follows."""


@dataclass
class Waiter:
    """Waits for several things within one common limit; all durations are in seconds.

    ``timeout`` limits the whole; ``most_sleep`` is the longest pause between two looks; after ``error_timeout``
    without one good answer the wait ends with the last error. ``clock`` has to be monotonic. ``watch`` is told what
    each look saw.
    """

    timeout: float
    most_sleep: float = 15.0
    error_timeout: float = 300.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Any] = time.sleep
    watch: Watcher = unwatched
    states: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begin = self.clock()

    @property
    def elapsed(self) -> float:
        return round(self.clock() - self._begin, 3)

    @property
    def patience(self) -> float:
        """How long somebody who asks for something else may go without one good answer."""
        return max(0.0, min(self.error_timeout, self.timeout - self.elapsed))

    def note(self, status: str) -> None:
        """Remember a status and when it was first seen; one that is seen again in a row is not remembered twice."""
        if not self.states or self.states[-1]["status"] != status:
            self.states.append({"status": status, "elapsed": self.elapsed})
            if len(self.states) > MOST_STATES:
                del self.states[MOST_STATES // 2]

    def until(self, look: Callable[[], Look[T]], what: str, share: float = 1.0) -> T:
        """The value of the first look that is done.

        ``share`` is the part of the time that looking may take: 0.1 stretches the pause after a look that took long to
        nine times its duration. Raises TimedOut with ``last``, ``duration`` and ``states``, or the error that lasted
        longer than ``error_timeout``, or at once an error that waiting does not mend.
        """
        last_good = self.clock()
        last: str | None = None
        begin = self.clock()
        while True:
            before = self.clock()
            at_deadline = before - self._begin >= self.timeout
            try:
                try:
                    seen = look()
                finally:
                    after = self.clock()
                last, last_good = seen.status, after
                self.note(seen.status)
                self.watch(seen.status, None if seen.done else seen.left)
                if seen.done:
                    return seen.value
            except DamError as error:
                if not _may_pass(error) or at_deadline or self.clock() - last_good >= self.error_timeout:
                    error.context.update(self._learnt(last))
                    raise
                self.watch(NO_ANSWER, None)
            if at_deadline:
                raise TimedOut(
                    f"Waited {self.elapsed:.0f} s (wait_timeout) for {what}; the last status seen was '{last}'. "
                    "Nothing was stopped at the server: run again to go on waiting, or with a longer wait_timeout.",
                    **self._learnt(last),
                )
            now = self.clock()
            after_slow_look = (after - before) * (1 / share - 1)
            pause = max(FIRST_SLEEP, min(SHARE_OF_ELAPSED * (now - begin), self.most_sleep), after_slow_look)
            self.sleep(max(0.0, min(pause, self.timeout - (now - self._begin))))

    def _learnt(self, last: str | None) -> dict[str, Any]:
        return {"last": last, "duration": self.elapsed, "states": self.states}


def look_for(
    look: Callable[[], T | None],
    clock: Callable[[], float],
    sleep: Callable[[float], Any],
    seconds: float = 10.0,
    pause: float = FIRST_SLEEP,
    patience: float = 0.0,
    why: str = "",
) -> T | None:
    """What ``look`` finds, looked for again and again; None where all looks of so many ``seconds`` saw nothing.

    For a change whose answer was lost: did it arrive? A look that got no answer tells nothing, and whatever there is to
    be seen may come later then, so the seconds begin anew with the next good look. For that it goes on for ``patience``
    more. Raises DamError, which begins with ``why``, where no answer came until then, and an error that waiting does
    not mend.
    """
    begin = clock()
    good_since: float | None = None
    while True:
        unanswered: DamError | None = None
        try:
            found = look()
            if found is not None:
                return found
            good_since = clock() if good_since is None else good_since
        except DamError as error:
            if not _may_pass(error):
                raise
            unanswered, good_since = error, None
        passed = clock() - begin
        if good_since is not None and clock() - good_since >= seconds:
            return None
        if unanswered is not None and passed >= seconds + patience:
            raise DamError(
                f"{why} Whether that took effect is not known: after it nobody answered, for {passed:.0f} s: "
                f"{unanswered.message} Running again is safe: it looks first.".strip(),
                **unanswered.context,
            )
        sleep(pause)


def _may_pass(error: DamError) -> bool:
    """True for what a restart of a server or of what stands in front of it looks like from here."""
    if isinstance(error, Unreachable):
        return not error.final
    return isinstance(error, ServerError) and (error.status in (200, 429) or error.status >= 500)
