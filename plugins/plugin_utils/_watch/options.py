# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the event source: checked, and made into what looks at each publisher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    Spec,
    other_environment_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import REQUESTS_IMPORT_ERROR

from .._publishers import Publisher, environment, plain_spec, publishers
from .publisher import PublisherWatch

SHORTEST, LONGEST = 1.0, 86400.0


def of_a_publisher() -> Spec:
    """What a publisher can have of its own beside the connection options."""
    return {"name": {"type": "str"}, **other_environment_spec()}


def of_the_source() -> Spec:
    """What is the same for all publishers; ``interval`` in seconds."""
    return {
        "publishers": {"type": "list", "elements": "dict", "default": []},
        "interval": {"type": "float", "default": 60.0},
        "initial": {"type": "bool", "default": True},
        "operations": {"type": "bool", "default": True},
    }


def read(args: Mapping[str, Any]) -> tuple[list[PublisherWatch], float, list[str]]:
    """What is to be watched, how often in seconds, and what the user ought to be warned of.

    Connection options that are not given come from their environment variables. Raises OptionError for what cannot be
    used.
    """
    if REQUESTS_IMPORT_ERROR is not None:
        raise OptionError("The Python library requests is needed where ansible-rulebook runs, and is not installed.")
    names = of_the_source()
    known = {*names, *plain_spec(), *of_a_publisher()}
    unknown = sorted(set(args) - known - {"eda_feedback_queue", "feedback"})
    if unknown:
        raise OptionError(f"There is no option {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    checked = ArgumentSpecValidator(names).validate(
        {name: args[name] for name in names if args.get(name) is not None},
    )
    if checked.error_messages:
        raise OptionError("; ".join(checked.error_messages))
    own = checked.validated_parameters
    if not SHORTEST <= own["interval"] <= LONGEST:
        raise OptionError(f"interval: has to be between {SHORTEST:g} and {LONGEST:g} seconds.")
    common = {name: args[name] for name in [*plain_spec(), *of_a_publisher()] if args.get(name) is not None}
    found = publishers({**environment(), **common}, own["publishers"], of_a_publisher())
    names_given = [_name(each) for each in found]
    twice = sorted({name for name in names_given if names_given.count(name) > 1})
    if twice:
        raise OptionError(f"publishers: {', '.join(twice)} is there more than once; give each a name of its own.")
    watches = [
        PublisherWatch(name, each.connection, each.params, own["initial"], own["operations"])
        for name, each in zip(names_given, found)
    ]
    return watches, own["interval"], [text for each in found for text in each.warnings]


def _name(publisher: Publisher) -> str:
    return str(publisher.params.get("name") or publisher.connection.hostname)
