# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a report as what its page says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._dam.records import Subscriber
from ._errors import OptionError
from ._html_facts import HtmlContext
from ._rows import compared_at
from ._summary import Summary


def page_context(
    params: dict[str, Any], publisher: str, subscribers: list[Subscriber], accurate: Callable[[], bool]
) -> Callable[[], HtmlContext] | None:
    """What gives the page its context once the rows were read, when ``accurate`` can tell; None for other formats.

    Raises OptionError for suboptions of ``html`` that cannot be meant.
    """
    given = params["html"]
    if params["format"] != "html":
        if given is not None:
            raise OptionError("html: only with format=html.")
        return None
    given = given or {}
    before = _before(given.get("summary_before"))
    csv_link = _file_name(given.get("csv_link"))
    return lambda: HtmlContext(
        publisher=publisher,
        subscribers={one.subscriber_id: one.target_host for one in subscribers},
        in_sync=given.get("in_sync"),
        compared_at=[compared_at(one) for one in subscribers],
        accurate=accurate(),
        filters=in_words(params["record_type"], params["record_action"]),
        before=before,
        csv_name=csv_link,
    )


def in_words(types: list[str] | None, actions: list[str] | None) -> str | None:
    """What the options ``record_type`` and ``record_action`` leave, for a person; None where they leave everything."""
    parts = [
        f"{name}{'s' * (len(chosen) > 1)} {', '.join(chosen)}"
        for name, chosen in (("type", types), ("action", actions))
        if chosen
    ]
    return "; ".join(parts) or None


def _before(summary: dict[str, Any] | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    try:
        return Summary.restored(summary).as_dict()
    except ValueError:
        raise OptionError("html.summary_before: is not the summary of an earlier report.") from None


def _file_name(name: str | None) -> str | None:
    if name is not None and ("/" in name or name in {"", ".", ".."}):
        raise OptionError("html.csv_link: has to be the name of a file in the folder of dest, without a folder.")
    return name
