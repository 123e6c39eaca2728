# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The publisher's mismatch logs as a whole: counted by type and action at the price of a few requests, or deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._errors import DamError, NotSupported, ServerError, Unreachable
from .api import DELETE_SINCE, Dam
from .paging import count
from .records import RECORD_ACTIONS, RECORD_TYPES

UNKNOWN = "UNKNOWN"
# So many rows are asked for at first: most counts end there, and the answer is still a small one.
FEW = 100
# So long is looked whether a deletion took effect.
LOOK_FOR = 10.0


def count_mismatches(
    dam: Dam, subscriber_id: str | None = None, record_type: str | None = None, record_action: str | None = None
) -> int:
    """The number of mismatch logs: two requests for a few, about 2 * log2(n) for many."""
    first = len(dam.mismatches(0, FEW, subscriber_id, record_type, record_action))
    if not first:
        return 0
    return first + count(
        lambda offset: bool(dam.mismatches(first + offset, 1, subscriber_id, record_type, record_action))
    )


def delete_logs(dam: Dam, subscriber_id: str | None, clock: Callable[[], float], sleep: Callable[[float], Any]) -> None:
    """Delete the mismatch logs of one subscriber, or of all, and see that they are gone.

    Where the answer was lost it is looked whether the request arrived. Raises NotSupported where the release has no
    such call.
    """
    lost: DamError | None = None
    try:
        dam.delete_mismatches(subscriber_id)
    except (Unreachable, ServerError) as error:
        status = error.status if isinstance(error, ServerError) else 0
        if status in (404, 405):
            raise NotSupported(
                f"{error.message} Deleting mismatch logs came with DAM release {DELETE_SINCE}.", **error.context
            ) from None
        if 400 <= status < 500:
            raise
        lost = error
    end = clock() + LOOK_FOR
    while dam.mismatches(0, 1, subscriber_id):
        if clock() >= end:
            why = lost.message if lost else "The server accepted the deletion, but the logs are still there."
            raise DamError(f"The mismatch logs were not deleted: {why} Running again is safe.")
        sleep(1.0)


@dataclass(frozen=True)
class Planned:
    """What a resync would do, as the mismatch logs have it: ``by_type`` holds the types that have any.

    ``total`` counts all rows, those of no known type or action included. ``overcounted`` tells that a part is more than
    the whole, so that it is not known how many deletions there are.
    """

    total: int
    by_type: dict[str, dict[str, int]] = field(default_factory=dict)
    overcounted: bool = False

    @property
    def by_action(self) -> dict[str, int]:
        actions = {action: sum(counts[action] for counts in self.by_type.values()) for action in RECORD_ACTIONS}
        return {**actions, UNKNOWN: max(0, self.total - sum(actions.values()))}

    @property
    def deletes(self) -> int:
        """Deletions that have to be reckoned with: a row whose action is not known may be one."""
        actions = self.by_action
        return actions["DELETE"] + actions[UNKNOWN]

    def as_dict(self) -> dict[str, Any]:
        return {"total": self.total, "by_type": self.by_type, "by_action": self.by_action}


def plan(dam: Dam, subscriber_id: str) -> Planned:
    """Count what a resync of the subscriber would create, update and delete."""
    total = count_mismatches(dam, subscriber_id)
    by_type = {}
    left = total
    overcounted = False
    for record_type in RECORD_TYPES if total else ():
        try:
            of_type = count_mismatches(dam, subscriber_id, record_type)
        except ServerError as error:
            if error.status == 400:  # a type that this release does not know (vendor's OpenAPI documents)
                continue
            raise
        if of_type:
            by_type[record_type] = {
                action: count_mismatches(dam, subscriber_id, record_type, action) for action in RECORD_ACTIONS
            }
            overcounted = overcounted or sum(by_type[record_type].values()) > of_type
        left -= of_type
        if left <= 0:
            break
    return Planned(total, by_type, overcounted or left < 0)
