# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that a report is made of: whether they are to be had, and which."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from itertools import product
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, OptionError, ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._overlap import Overlapping
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging import NOT_ALL, is_unmoved, report_refusal
from ansible_collections.dxops.dam_staging.plugins.module_utils._types import Row, Subscriber

MOVED = (
    "Mismatch logs were added or deleted while they were read, so the report may lack some of them: accurate is false. "
    "Run again when neither a comparison runs nor anyone deletes logs."
)


def refuse_report(subscribers: list[Subscriber], of_all: bool) -> DamError | None:
    """Why there is no report to be had now, in the words of the vendor's own tool; None where there is one."""
    for subscriber in subscribers:
        refusal = report_refusal(subscriber)
        if refusal is not None:
            return DamError(NOT_ALL if of_all else refusal, subscriber=subscriber.as_dict())
    return None


class MismatchPages:
    """Pages of mismatch logs, for every wanted type and action one after the other.

    They are those of one subscriber, or of all; ``subscribers`` is what was seen of these before.
    """

    def __init__(self, dam: Dam, subscribers: list[Subscriber], of_all: bool, params: dict[str, Any]) -> None:
        self._dam, self._subscribers = dam, subscribers
        self._one = None if of_all else subscribers[0].subscriber_id
        self._fetch = partial(_page, dam, self._one)
        self._paging = params["page_size"], params["prefetch"]
        # A filter that is named twice is not read twice.
        self._filters = product(*(dict.fromkeys(params[name] or [None]) for name in ("record_type", "record_action")))
        self._pages = self._read()
        self.moved = False
        """Whether rows were added or deleted while they were read."""

    def __iter__(self) -> Iterator[list[Row]]:
        return self._pages

    def close(self) -> None:
        """Let what reads ahead end."""
        self._pages.close()

    def _read(self) -> Generator[list[Row], None, None]:
        for record_type, action in self._filters:
            source = Overlapping(partial(self._fetch, record_type, action), *self._paging)
            yield from source
            self.moved = self.moved or source.moved
        # Who starts a comparison deletes the logs first, maybe all of them before the first page was read.
        now = [self._dam.subscriber(self._one)] if self._one else self._dam.subscribers()
        unmoved = len(now) == len(self._subscribers) and all(map(is_unmoved, self._subscribers, now))
        self.moved = self.moved or not unmoved


def _page(
    dam: Dam, subscriber_id: str | None, record_type: str | None, action: str | None, offset: int, limit: int
) -> list[Row]:
    try:
        return dam.mismatches(offset, limit, subscriber_id, record_type, action)
    except ServerError as error:
        if error.status == 400 and record_type is not None:
            raise OptionError(
                f"record_type: the server does not take {record_type}; not every release knows every type. "
                f"{error.message}",
                **error.context,
            ) from None
        raise
