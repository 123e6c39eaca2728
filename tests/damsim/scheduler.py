# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes the operations of an environment through their statuses."""

from __future__ import annotations

import asyncio
from collections import Counter

from damsim import effects
from damsim.names import OperationStatus as Status
from damsim.operations import Operation
from damsim.settings import FailOperation
from damsim.state import State

_IDLE = 3600.0
_AT_ONCE = 500
_ROUNDS = 10
_SMALLEST_BATCH = 10
_RETRIES_BEFORE_FAILED = 3


class Scheduler:
    """TODO, READ, PROCESSING, SUCCESS, gone; with RETRY, WAIT, PENDING, FAILED and ABORT where a setting says so.

    Args:
        state: of the environment.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._next_round = 0.0
        self._batch = _SMALLEST_BATCH
        self._runs: Counter[str] = Counter()

    def reset(self) -> None:
        """Count runs of trigger functions from one again."""
        self._runs.clear()
        self._next_round = 0.0

    async def run(self) -> None:
        """Work for ever."""
        state = self._state
        while True:
            state.work.clear()
            due = self.step()
            await asyncio.sleep(0)
            await state.shared_clock.sleep_until(due, state.work)

    def step(self) -> float:
        """Do what is due now; when to come again, in simulated seconds."""
        state, settings = self._state, self._state.settings
        operations, now = state.operations, state.shared_clock.now()
        if operations.remove_ended():
            state.changed.notify()
        if settings.hold_operations:
            return now + _IDLE
        ready = operations.due(Status.PROCESSING, _AT_ONCE)
        with state.records.transaction():
            for operation in ready:
                self._execute(operation, now)
        soon = now + settings.operation_delay
        for source in (Status.READ, Status.RETRY):
            operations.move_due(source, Status.PROCESSING, soon)
        for source in (Status.WAIT, Status.PENDING):
            operations.move_due(source, Status.READ, soon)
        if now >= self._next_round and self._take(soon):
            self._next_round = soon
        return now if len(ready) == _AT_ONCE else self._next(now)

    def _take(self, soon: float) -> bool:
        """Read the next batch of waiting operations; false when none waits."""
        operations = self._state.operations
        waiting = operations.waiting()
        if not waiting:
            self._batch = _SMALLEST_BATCH
            return False
        self._batch = self._state.settings.operation_batch or max(self._batch, waiting // _ROUNDS)
        operations.move_due(Status.TODO, Status.READ, soon, self._batch)
        return True

    def _next(self, now: float) -> float:
        operations = self._state.operations
        due = operations.next_due()
        times = [now + _IDLE] if due is None else [due]
        if operations.waiting():
            times.append(self._next_round)
        return min(times)

    def _execute(self, operation: Operation, now: float) -> None:
        operations, settings = self._state.operations, self._state.settings
        rule = self._rule(operation.trigger_function)
        if rule is not None:
            self._spoil(operation, rule, now)
            return
        try:
            if "eventData" in operation.inputs:
                effects.apply(self._state, operation.inputs)
        except (ValueError, KeyError, TypeError) as error:
            self._fail(operation, Status.FAILED, str(error), now)
            return
        operations.set(operation.id, Status.SUCCESS, now + settings.success_linger)

    def _rule(self, function: str) -> FailOperation | None:
        self._runs[function] += 1
        run = self._runs[function]
        for rule in self._state.settings.fail_operations:
            if rule.trigger_function == function and rule.nth <= run < rule.nth + rule.times:
                return rule
        return None

    def _spoil(self, operation: Operation, rule: FailOperation, now: float) -> None:
        if rule.status in (Status.FAILED, Status.ABORT):
            self._fail(operation, rule.status, rule.message, now)
            return
        retries = operation.retries + (rule.status is Status.RETRY)
        due = now + self._state.settings.operation_wait
        self._state.operations.set(operation.id, rule.status, due, retries, rule.message)

    def _fail(self, operation: Operation, status: Status, message: str, now: float) -> None:
        due = now + self._state.settings.failed_cleanup
        retries = _RETRIES_BEFORE_FAILED if status is Status.FAILED else operation.retries
        self._state.operations.set(operation.id, status, due, retries, message)
