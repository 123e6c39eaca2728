# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The publishers that a plugin on the controller is told to ask: common options, and what each has of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.connections import (
    publisher_connection,
    warnings_of,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import ACCOUNT, Spec, connection_spec
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection


@dataclass(frozen=True)
class Publisher:
    """One publisher: its connection, the options that it comes from, and what a user ought to be warned of."""

    connection: Connection
    params: dict[str, Any] = field(repr=False)
    warnings: list[str] = field(default_factory=list)


def plain_spec() -> Spec:
    """The connection options without the environment variables that stand in for them in modules.

    Where there are several publishers, these are read once and with the common options: one with an account of its own
    must not get a common token on top of it.
    """
    spec = connection_spec()
    for option in spec.values():
        option.pop("fallback", None)
    return spec


def environment() -> dict[str, str]:
    """Return the connection options that environment variables give, by the modules' own table."""
    found = {}
    for name, rules in connection_spec().items():
        if "fallback" in rules:
            fallback, arguments = rules["fallback"]
            with contextlib.suppress(AnsibleFallbackNotFound):
                found[name] = fallback(*arguments)
    return found


def publishers(common: Mapping[str, Any], entries: Sequence[Any], more: Spec | None = None) -> list[Publisher]:
    """Each publisher of ``entries``, or without any the one of the common options. ``more`` are further options.

    A publisher with an account of its own gets nothing of the common one. Raises OptionError, which names the entry.
    """
    spec = {**plain_spec(), **(more or {})}
    if not entries:
        return [_publisher(spec, common, "options")]
    return [_entry(spec, common, number, entry) for number, entry in enumerate(entries, 1)]


def _entry(spec: Spec, common: Mapping[str, Any], number: int, entry: Any) -> Publisher:
    where = f"publishers, entry {number}"
    if not isinstance(entry, Mapping):
        raise OptionError(f"{where}: it has to be a dictionary with at least 'hostname'.")
    shared = {**common, "hostname": None}
    if any(entry.get(name) for name in ACCOUNT):
        shared.update(dict.fromkeys(ACCOUNT))
    return _publisher(spec, {**shared, **{str(name): value for name, value in entry.items()}}, where)


def _publisher(spec: Spec, options: Mapping[str, Any], where: str) -> Publisher:
    given = {name: _plain(value) for name, value in options.items() if value is not None and value != ""}
    checked = ArgumentSpecValidator(spec).validate(given)
    if checked.error_messages:
        raise OptionError(f"{where}: {'; '.join(checked.error_messages)}")
    params = checked.validated_parameters
    try:
        connection = publisher_connection(params)
    except DamError as error:
        raise OptionError(f"{where}: {error.message}") from None
    return Publisher(connection, params, warnings_of(connection, f"{where}: "))


def _plain(value: Any) -> Any:
    """A text for what came out of a vault: the validator of ansible-core 2.18 and older takes it for no text."""
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value
