# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A subscriber's registration: what is to be done about it, and each step sent once and seen to take effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from .._dam.api import Dam
from .._dam.records import Row, Subscriber
from .._errors import DamError, OptionError, ServerError, UnknownSubscriber, fate_unknown
from .._text import clean
from .._transport.address import host_and_port, same_environment, scheme_of
from .._waiting import look_for
from .states import Phase, choose, record_of

# So long is looked whether a change arrived whose answer did not.
LOOK_FOR = 10.0

REGISTER, UPDATE, DEREGISTER = "register", "update", "deregister"


def find(subscribers: list[Subscriber], params: dict[str, Any]) -> Subscriber | None:
    """The subscriber that the options name; None where it is not registered.

    Raises OptionError for a new subscriber that is named by an id, for a host that fits two, and for a registration
    with the id that has another host.
    """
    try:
        return choose(subscribers, params["subscriber_id"], params["target_host"])
    except UnknownSubscriber as error:
        if params["state"] == "present" and params["subscriber_id"]:
            raise OptionError(
                f"{error.message} The server gives the ids: name a new one by target_host alone."
            ) from None
        return None


def wanted(params: dict[str, Any]) -> Row:
    """The settings that were asked for, under their names in ``Subscriber``."""
    return {name: params[name] for name in ("cycle_length", "enabled") if params[name] is not None}


def differences(subscriber: Subscriber, settings: Row) -> Row:
    """Those of ``settings`` that the subscriber does not have."""
    return {name: value for name, value in settings.items() if getattr(subscriber, name) != value}


def decide(before: Subscriber | None, params: dict[str, Any], publisher: list[str]) -> str | None:
    """``register``, ``update`` or ``deregister``; None where nothing is to be done.

    ``publisher`` are the addresses that the publisher is reached at. Raises DamError for a deregistration that was not
    confirmed, OptionError for a host that cannot be registered.
    """
    if params["state"] == "absent":
        if before is not None and not params["confirm_restage"]:
            raise DamError(
                f"'{before.target_host}' was not deregistered, since confirm_restage is not true: registering it again "
                "copies every asset to it anew. To keep staging quiet for a while, around an upgrade for instance, set "
                "cycle_length to 1440 instead (playbook dxops.dam_staging.pause)."
            )
        return DEREGISTER if before is not None else None
    if before is None:
        _check_new_host(params["target_host"], publisher)
        return REGISTER
    return UPDATE if differences(before, wanted(params)) else None


def _check_new_host(target_host: str, publisher: list[str]) -> None:
    try:
        host, _port = host_and_port(target_host)
    except DamError as error:
        raise OptionError(f"target_host: {error.message}") from None
    if scheme_of(target_host) or "/" in target_host:
        raise OptionError(
            f"target_host: '{clean(target_host, 200)}' is not registered yet, and a new subscriber is registered by "
            f"its host name alone, here '{host}'."
        )
    if any(same_environment(target_host, address) for address in publisher):
        raise OptionError(f"target_host: '{clean(target_host, 200)}' is the publisher itself.")


def expected(step: str | None, before: Subscriber | None, params: dict[str, Any]) -> Row | None:
    """The subscriber's record as it will be; of a new one, what only the server can know is None."""
    if step == DEREGISTER:
        return None
    if before is not None:
        return record_of(replace(before, **wanted(params)))
    if step == REGISTER:
        unknown = {**{field.name: None for field in fields(Subscriber)}, "phase": Phase.NEVER_COMPARED.value}
        return {**unknown, "target_host": params["target_host"], **wanted(params)}
    return None


def shown(record: Row | None) -> Row:
    """What ``--diff`` shows of a record: what the module declares."""
    return {name: record[name] for name in ("target_host", "enabled", "cycle_length")} if record else {}


@dataclass(frozen=True)
class Registrar:
    """Changes registrations at a publisher. No request is repeated: where an answer is lost, the change is looked for.

    ``clock`` has to be monotonic; both functions count in seconds.
    """

    dam: Dam
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Any] = time.sleep

    def register(self, target_host: str, settings: Row) -> tuple[Subscriber, bool]:
        """The new registration, and whether it was made here: another one may have been quicker.

        Raises DamError where the server refused it, where nothing of it is to be seen, or where nobody answers that.
        """

        def look() -> Subscriber | None:
            try:
                return choose(self.dam.subscribers(), None, target_host)
            except UnknownSubscriber:
                return None

        try:
            return self.dam.register(target_host, **settings), True
        except DamError as error:
            conflict = isinstance(error, ServerError) and error.status == 409
            if not conflict and not fate_unknown(error):
                raise
            found = look_for(look, self.clock, self.sleep, 0 if conflict else LOOK_FOR, why=error.message)
            if found is not None:
                return found, not conflict
            raise DamError(
                f"'{target_host}' was not registered: {error.message} It is not among the publisher's subscribers. "
                "Running again is safe.",
                **error.context,
            ) from None

    def change(self, subscriber: Subscriber, settings: Row) -> Subscriber:
        """The subscriber with the new settings. Raises DamError where they do not show."""

        def look() -> Subscriber | None:
            now = self.dam.subscriber(subscriber.subscriber_id)
            return None if differences(now, settings) else now

        why, context = "The server accepted that, but does not show it.", {}
        try:
            now = self.dam.update(subscriber.subscriber_id, **settings)
            if not differences(now, settings):
                return now
        except DamError as error:
            if not fate_unknown(error):
                raise
            why, context = error.message, error.context
        found = look_for(look, self.clock, self.sleep, LOOK_FOR, why=why)
        if found is not None:
            return found
        asked = ", ".join(f"{name}={value}" for name, value in settings.items())
        raise DamError(f"'{subscriber.target_host}' was not set to {asked}: {why} Running again is safe.", **context)

    def deregister(self, subscriber: Subscriber) -> bool:
        """Whether it was done here: the registration may have been gone already. Raises DamError where it stays."""

        def look() -> bool | None:
            ids = [one.subscriber_id for one in self.dam.subscribers()]
            return None if subscriber.subscriber_id in ids else True

        why, context, done = "The server accepted that, but still lists it.", {}, True
        try:
            self.dam.deregister(subscriber.subscriber_id)
        except DamError as error:
            done = not (isinstance(error, ServerError) and error.status == 404)
            if done and not fate_unknown(error):
                raise
            why, context = error.message, error.context
        if look_for(look, self.clock, self.sleep, LOOK_FOR if done else 0, why=why):
            return done
        raise DamError(f"'{subscriber.target_host}' was not deregistered: {why} Running again is safe.", **context)
