# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that a report is made of: whether they are available, which, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from .._dam.paging import Deduplicated, Overlapping
from .._dam.records import RECORD_ACTIONS, RECORD_TYPES, Row, Subscriber
from .._errors import DamError, OptionError, ServerError, TooLarge
from .._staging.states import NOT_ALL, is_unmoved, record_of, report_refusal
from .summary import Fields

if TYPE_CHECKING:
    # It takes requests along, which a controller that only asks for the formats need not have.
    from .._dam.api import Dam

MOVED = (
    "Mismatch logs were added or deleted while they were read, so the report may lack some of them: accurate is false. "
    "Run again when neither a comparison runs nor anyone deletes logs."
)


def refuse_report(subscribers: list[Subscriber], of_all: bool) -> DamError | None:
    """Return why no report can be written, in the words of the vendor's own tool; ``None`` if one can."""
    for subscriber in subscribers:
        refusal = report_refusal(subscriber)
        if refusal is not None:
            return DamError(NOT_ALL if of_all else refusal, subscriber=record_of(subscriber))
    return None


def compared_at(subscriber: Subscriber) -> str | None:
    """When the last comparison ended; None where none did last, since a resync has its time in the same place."""
    return subscriber.last_resync_time if report_refusal(subscriber) is None else None


@dataclass(frozen=True)
class Origin:
    """Where rows come from, for a report that says so."""

    publisher: str
    """The publisher's host."""
    subscribers: Mapping[str, str]
    """The subscribers: their ids, as the rows have them, and their hosts."""
    accurate: Callable[[], bool]
    """Whether the rows are those of a completed comparison; known once all were read."""
    compared_at: Sequence[str | None] = ()
    """When the comparisons ended (ISO 8601), one for each subscriber; ``None`` if it is not known."""
    filters: str | None = None
    """What the rows are limited to, in words; then no rows prove nothing, and deletions may be missing."""


class MismatchPages:
    """Pages of mismatch logs, for every wanted type and action one after the other.

    They are those of one subscriber, or of all; ``subscribers`` is what was seen of these before.
    """

    def __init__(self, dam: Dam, subscribers: list[Subscriber], of_all: bool, params: dict[str, Any]) -> None:
        self.refusal = refuse_report(subscribers, of_all)
        """Why there is no report of a completed comparison; ``None`` if there is one."""
        self._dam, self._subscribers, self._params = dam, subscribers, params
        self._one = None if of_all else subscribers[0].subscriber_id
        self._fetch = partial(_page, dam, self._one)
        self._paging = params["page_size"], params["prefetch"]
        # A filter that is named twice is not read twice.
        self._filters = product(*(dict.fromkeys(params[name] or [None]) for name in ("record_type", "record_action")))
        self._pages = self._read()
        self._source: Overlapping | None = None
        self._moved = False

    @property
    def moved(self) -> bool:
        """Whether rows were added or deleted while they were read, as far as they were."""
        return self._moved or (self._source is not None and self._source.moved)

    @property
    def accurate(self) -> bool:
        """Whether the rows that were read are all those of a completed comparison."""
        return self.refusal is None and not self.moved

    @property
    def origin(self) -> Origin:
        """Where the rows come from."""
        return Origin(
            publisher=self._params["hostname"],
            subscribers={one.subscriber_id: one.target_host for one in self._subscribers},
            accurate=lambda: self.accurate,
            compared_at=[compared_at(one) for one in self._subscribers],
            filters=_in_words(self._params["record_type"], self._params["record_action"]),
        )

    @property
    def compared_at(self) -> str | None:
        """When the comparison ended that the rows are of; None where it is not known, and for several subscribers."""
        return compared_at(self._subscribers[0]) if self._one else None

    def once(self) -> Deduplicated:
        """The pages without the rows that came twice because others were added meanwhile."""
        return Deduplicated(self, moved=lambda: self.moved)

    def __iter__(self) -> Iterator[list[Row]]:
        return self._pages

    def close(self) -> None:
        """Let what reads ahead end."""
        self._pages.close()

    def _read(self) -> Generator[list[Row], None, None]:
        for record_type, action in self._filters:
            self._moved = self.moved
            self._source = Overlapping(partial(self._fetch, record_type, action), *self._paging)
            yield from self._source
        # Who starts a comparison deletes the logs first, maybe all of them before the first page was read.
        now = [self._dam.subscriber(self._one)] if self._one else self._dam.subscribers()
        seen = {one.subscriber_id: one for one in now}
        unmoved = len(now) == len(self._subscribers) and all(
            one.subscriber_id in seen and is_unmoved(one, seen[one.subscriber_id]) for one in self._subscribers
        )
        self._moved = self.moved or not unmoved


def _page(
    dam: Dam, subscriber_id: str | None, record_type: str | None, action: str | None, offset: int, limit: int
) -> list[Row]:
    try:
        rows = dam.mismatches(offset, limit, subscriber_id, record_type, action)
    except ServerError as error:
        if error.status == 400 and record_type is not None:
            raise OptionError(
                f"{error.message} Not every release knows every type: it may be that this one does not take "
                f"record_type {record_type}.",
                **error.context,
            ) from error
        raise
    except TooLarge as error:
        raise DamError(f"{error.message} Choose another page_size.", **error.context) from error
    if rows and (record_type or action):
        fields = Fields.of(rows[0])
        _check_filter("record_type", record_type, RECORD_TYPES, rows, fields.record_type)
        _check_filter("record_action", action, RECORD_ACTIONS, rows, fields.action)
    return rows


def _check_filter(option: str, wanted: str | None, known: Iterable[str], rows: list[Row], name: str | None) -> None:
    """Raise DamError where rows are of another kind than was asked for, by a word that the vendor's documents know."""
    if wanted is None or name is None:
        return
    others = {other for other in known if other != wanted}
    strange = next((row[name] for row in rows if isinstance(row.get(name), str) and row[name].upper() in others), None)
    if strange is not None:
        raise DamError(
            f"{option}: the server was asked for {wanted} alone, and gave rows of {strange} as well. It does not seem "
            "to look at this filter: leave the option out, and filter what comes."
        )


def _in_words(types: list[str] | None, actions: list[str] | None) -> str | None:
    """Say what the options ``record_type`` and ``record_action`` leave; ``None`` if they leave everything."""
    parts = [
        f"{name}{'s' * (len(chosen) > 1)} {', '.join(chosen)}"
        for name, chosen in (("type", types), ("action", actions))
        if chosen
    ]
    return "; ".join(parts) or None
