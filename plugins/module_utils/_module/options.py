# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that several modules share: their argument specifications, and the limits of their numbers.

The connection options are specified here and documented in the documentation fragment ``_connection``, and nowhere
else: the suboptions of ``subscriber``, the inventory plugin, the event source and the variables of the role
``dam_consistency`` follow from these two (``tests/unit/test_connection_options.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ansible.module_utils.errors import AnsibleFallbackNotFound

from .._dam.records import RECORD_ACTIONS, RECORD_TYPES
from .._errors import DamError, OptionError
from .._transport.address import check_host_pattern

Spec = dict[str, Any]

# The smallest and the largest value of each number.
LIMITS: dict[str, tuple[float, float]] = {
    "dx_port": (1, 65535),
    "dam_api_port": (1, 65535),
    "ring_api_port": (1, 65535),
    "request_timeout": (0.1, 3600),
    "request_retries": (0, 100),
    "wait_timeout": (0, 30 * 86400),
    "wait_sleep": (1, 3600),
    "error_timeout": (0, 86400),
    "max_age": (0, 10 * 365 * 86400),
    "cycle_length": (1, 1440),
    "max_mismatches": (-1, 10**12),
    "max_deletes": (-1, 10**12),
    "max_delete_percent": (-1, 100),
    "max_records": (0, 10000),
    "max_operations": (0, 10000),
    "page_size": (2, 10000),
    "prefetch": (1, 16),
    "window": (1, 10000),
    "max_window": (1, 10**9),
    "concurrency": (1, 64),
    "max_requests": (1, 10**12),
    "max_seconds": (1, 30 * 86400),
}

# Anyone who has a token can use it, so a token is never handed on to another environment.
TOKENS = ("ltpa_token",)
# The options that authenticate, and what Ansible itself checks of them.
ACCOUNT = ("dx_username", "dx_password", *TOKENS)
AUTHENTICATION: Spec = {
    "required_one_of": [["dx_username", "ltpa_token"]],
    "required_together": [["dx_username", "dx_password"]],
}
# What Ansible itself checks of the options that name a subscriber.
ONE_SUBSCRIBER: Spec = {"required_one_of": [["subscriber_id", "target_host"]]}
# The same for modules that also work on all subscribers.
ONE_OR_ALL_SUBSCRIBERS: Spec = {
    "required_one_of": [["subscriber_id", "target_host", "all_subscribers"]],
    "mutually_exclusive": [["subscriber_id", "all_subscribers"], ["target_host", "all_subscribers"]],
}


def from_environment(variable: str) -> str:
    """Return the text of an environment variable. Raises AnsibleFallbackNotFound if there is none or a blank one."""
    text = os.environ.get(variable, "")
    if not text.strip():
        raise AnsibleFallbackNotFound
    return text


def connection_spec() -> Spec:
    """Return the options that lead to the publisher."""

    def env(variable: str) -> Any:
        return (from_environment, [variable])

    return {
        "hostname": {"type": "str", "required": True, "fallback": env("DX_HOSTNAME")},
        "dx_username": {"type": "str", "fallback": env("DX_USERNAME")},
        "dx_password": {"type": "str", "no_log": True, "fallback": env("DX_PASSWORD")},
        "ltpa_token": {"type": "str", "no_log": True, "fallback": env("DX_LTPA_TOKEN")},
        "dx_protocol": {
            "type": "str",
            "choices": ["http", "https"],
            "default": "https",
            "fallback": env("DX_PROTOCOL"),
        },
        "dx_port": {"type": "int", "fallback": env("DX_PORT")},
        "dam_api_port": {"type": "int"},
        "ring_api_port": {"type": "int"},
        "dam_api_version": {"type": "str", "default": "v1"},
        "ring_api_version": {"type": "str", "default": "v1"},
        "validate_certs": {"type": "bool", "default": True, "fallback": env("DX_VALIDATE_CERTS")},
        "ca_path": {"type": "path", "fallback": env("DX_CA_PATH")},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
        "request_timeout": {"type": "float", "default": 30.0},
        "request_retries": {"type": "int", "default": 3},
    }


def other_environment_spec() -> Spec:
    """Return ``subscriber``, each connection option again without default and environment variable, and its hosts."""
    suboptions = {
        option: {key: rules[key] for key in ("type", "choices", "no_log") if key in rules}
        for option, rules in connection_spec().items()
    }
    return {
        "subscriber": {"type": "dict", "options": suboptions},
        "subscriber_hosts": {"type": "list", "elements": "str"},
    }


def one_subscriber_spec() -> Spec:
    """Return the options that name one subscriber (documentation fragment ``_one_subscriber``)."""
    return {"subscriber_id": {"type": "str"}, "target_host": {"type": "str"}}


def one_or_all_subscribers_spec() -> Spec:
    """Return the options that name one subscriber or all; see ``check_all_subscribers``."""
    return {**one_subscriber_spec(), "all_subscribers": {"type": "bool"}}


def registration_spec() -> Spec:
    """Return the options of a subscriber's registration; ``cycle_length`` in minutes."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "enabled": {"type": "bool"},
        "cycle_length": {"type": "int"},
        "confirm_restage": {"type": "bool", "default": False},
    }


def preflight_spec() -> Spec:
    """Return the options of the preflight."""
    guards = guards_spec()
    return {
        "before": {"type": "str", "choices": ["compare", "resync"], "default": "compare"},
        "fail_on": {"type": "str", "choices": ["failed", "warning", "never"], "default": "failed"},
        **{option: guards[option] for option in ("max_age", "allow_failed_operations", "downstream_hosts")},
    }


def wait_spec() -> Spec:
    """Return the options of a wait, in seconds (documentation fragment ``_wait``)."""
    return {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 1800},
        "wait_sleep": {"type": "int", "default": 15},
        "error_timeout": {"type": "int", "default": 300},
    }


def guards_spec() -> Spec:
    """Return the options of the guards before a resync; ``max_age`` in seconds."""
    return {
        "max_age": {"type": "int", "default": 86400},
        "operation_scope": {"type": "str", "choices": ["all", "sync"], "default": "all"},
        "max_mismatches": {"type": "int", "default": -1},
        "max_deletes": {"type": "int", "default": 1000},
        "max_delete_percent": {"type": "float", "default": 50},
        "allow_failed_operations": {"type": "bool", "default": False},
        "downstream_hosts": {"type": "list", "elements": "str", "default": []},
    }


def report_file_spec() -> Spec:
    """Return which types go into a report, and into which file (documentation fragment ``_report_file``)."""
    return {
        "dest": {"type": "path"},
        "record_type": {"type": "list", "elements": "str", "choices": list(RECORD_TYPES)},
        "csv_safe": {"type": "bool", "default": True},
        "csv_bom": {"type": "bool", "default": False},
        "csv_printable": {"type": "bool", "default": False},
        "backup": {"type": "bool", "default": False},
    }


def report_spec(formats: Iterable[str]) -> Spec:
    """Return the options of a report's rows and of its file; the first of ``formats`` is the default."""
    choices = list(formats)
    return {
        **report_file_spec(),
        "format": {"type": "str", "choices": choices, "default": choices[0]},
        "html": {
            "type": "dict",
            "options": {
                "in_sync": {"type": "bool"},
                "summary_before": {"type": "dict"},
                "csv_link": {"type": "str"},
            },
        },
        "record_action": {"type": "list", "elements": "str", "choices": list(RECORD_ACTIONS)},
        "force": {"type": "bool", "default": False},
        "empty_report": {"type": "str", "choices": ["absent", "write"], "default": "absent"},
        "max_records": {"type": "int", "default": 0},
        "page_size": {"type": "int", "default": 1000},
        "prefetch": {"type": "int", "default": 4},
    }


def drift_spec() -> Spec:
    """Return the options of a comparison of records; ``max_seconds`` in seconds."""
    return {
        **report_file_spec(),
        "window": {"type": "int", "default": 500},
        "max_window": {"type": "int"},
        "concurrency": {"type": "int", "default": 8},
        "max_requests": {"type": "int"},
        "max_seconds": {"type": "int"},
        "max_records": {"type": "int", "default": 100},
    }


def check_all_subscribers(params: dict[str, Any]) -> None:
    """Raise OptionError for ``all_subscribers: false``, which names no subscriber at all."""
    if params["all_subscribers"] is False:
        raise OptionError("all_subscribers: only true makes sense; otherwise name one by subscriber_id or target_host.")


def check_subscriber_hosts(params: dict[str, Any]) -> None:
    """Raise OptionError for an entry of ``subscriber_hosts`` that names no host, or every host."""
    try:
        for pattern in params.get("subscriber_hosts") or []:
            check_host_pattern(pattern)
    except DamError as error:
        raise OptionError(f"subscriber_hosts: {error.message}") from None


def check_numbers(params: dict[str, Any], prefix: str = "") -> None:
    """Raise OptionError for a number outside its limits; ``prefix`` goes before the option's name."""
    for option, (least, most) in LIMITS.items():
        value = params.get(option)
        if value is not None and not least <= value <= most:
            raise OptionError(f"{prefix}{option}: {value} is out of range; it has to be from {least} to {most}.")
