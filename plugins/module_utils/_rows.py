# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows that a report is made of, and whether there is one to be had."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from ansible_collections.dxops.dam_staging.plugins.module_utils._api import Dam
from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, OptionError, ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._paging import pages
from ansible_collections.dxops.dam_staging.plugins.module_utils._staging import NOT_ALL, report_refusal
from ansible_collections.dxops.dam_staging.plugins.module_utils._types import Row, Subscriber


def refuse_report(subscribers: list[Subscriber], of_all: bool) -> DamError | None:
    """Why there is no report to be had now, in the words of the vendor's own tool; None where there is one."""
    for subscriber in subscribers:
        refusal = report_refusal(subscriber)
        if refusal is not None:
            return DamError(NOT_ALL if of_all else refusal, subscriber=subscriber.as_dict())
    return None


def mismatch_pages(dam: Dam, subscriber: Subscriber | None, params: dict[str, Any]) -> Iterator[list[Row]]:
    """Pages of mismatch logs, of one subscriber or all, for every wanted type and action one after the other."""
    wanted = (dict.fromkeys(params[option] or [None]) for option in ("record_type", "record_action"))
    for record_type, action in product(*wanted):
        fetch = partial(_page, dam, subscriber, record_type, action)
        yield from pages(fetch, params["page_size"], params["prefetch"])


def _page(
    dam: Dam, subscriber: Subscriber | None, record_type: str | None, action: str | None, offset: int, limit: int
) -> list[Row]:
    try:
        return dam.mismatches(offset, limit, subscriber.subscriber_id if subscriber else None, record_type, action)
    except ServerError as error:
        if error.status == 400 and record_type is not None:
            raise OptionError(
                f"record_type: the server does not take {record_type}; not every release knows every type. "
                f"{error.message}",
                **error.context,
            ) from None
        raise
