# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be switched in a running environment: delays, limits, failures, and all that the vendor left open."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from damsim.names import OperationStatus, parse_release

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FailOperation(BaseModel):
    """Which run of an operation does not succeed: the n-th one of a trigger function since this was set."""

    model_config = ConfigDict(extra="forbid")

    trigger_function: str
    nth: int = Field(default=1, ge=1)
    times: int = Field(default=1, ge=1)
    status: OperationStatus = OperationStatus.FAILED
    message: str = "The operation failed."


class Settings(BaseModel):
    """Settings of one environment; times are simulated seconds.

    ``speed`` is the one setting that all environments of a process share.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    speed: float = Field(default=1.0, gt=0, le=100_000, allow_inf_nan=False)
    release: str = "CF229"
    clock_skew: float = Field(default=0.0, allow_inf_nan=False)
    token_ttl: Seconds = 7200.0

    max_records_to_compare: int = Field(default=1000, ge=1)
    comparison_delay: Seconds = 2.4
    comparison_attempts: int = Field(default=3, ge=1)
    resync_trigger_delay: Seconds = 0.8
    operation_delay: Seconds = 0.25
    operation_batch: int = Field(default=0, ge=0)
    operation_wait: Seconds = 2.0
    success_linger: Seconds = 1.0
    failed_cleanup: Seconds = 86_400.0
    event_batch: int = Field(default=200, ge=1)
    cycles: bool = True

    hold_comparison: bool = False
    hold_comparison_at: Literal["start", "dynamic"] = "start"
    hold_resync: bool = False
    hold_operations: bool = False
    fail_comparison: bool = False
    comparison_retry_failed: bool = False
    fail_resync_trigger: bool = False
    fail_operations: list[FailOperation] = []

    last_resync_time_moves: Literal["start", "end"] = "start"
    delete_resets_resync_status: bool = False
    new_comparison: Literal["replaces", "appends"] = "replaces"
    default_page: int | None = Field(default=1000, ge=1)
    page_cap: int | None = Field(default=None, ge=1)
    trigger_functions_filter: Literal["exact", "list", "prefix"] = "list"
    duplicate_trigger: Literal["409", "ignored", "restart"] = "409"
    subscriber_key: Literal["id", "host", "either"] = "id"
    forbidden: Literal["always403", "documented"] = "always403"
    window_id: Literal["empty", "first", "absent"] = "empty"

    @field_validator("release")
    @classmethod
    def _known_release(cls, value: str) -> str:
        return f"CF{parse_release(value)}"

    @property
    def cf(self) -> int:
        """The release as a number."""
        return parse_release(self.release)
