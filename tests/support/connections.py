# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options and variables that lead to a running stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.playbooks import ANSIBLE_PYTHON
from support.standin import StandIn

# So many times faster than life: a comparison of the small seed ends well within half a second.
SPEED = 20.0


def connection_to(standin: StandIn) -> dict[str, Any]:
    """Return a module's connection options for the publisher of a stand-in."""
    options: dict[str, Any] = {
        "hostname": standin.publisher.host,
        "dx_protocol": standin.protocol,
        "dx_port": standin.publisher.port,
        "dx_username": standin.username,
        "dx_password": standin.password,
    }
    return options | ({"ca_path": standin.ca_path} if standin.ca_path else {})


def role_connection(standin: StandIn) -> dict[str, Any]:
    """Return the role's connection variables for a stand-in, without the credentials."""
    variables: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": ANSIBLE_PYTHON,
        "dam_consistency_hostname": standin.publisher.host,
        "dam_consistency_port": standin.publisher.port,
        "dam_consistency_protocol": standin.protocol,
    }
    return variables | ({"dam_consistency_ca_path": standin.ca_path} if standin.ca_path else {})


def role_secrets(standin: StandIn) -> dict[str, str]:
    """Return the environment variables with the stand-in's credentials."""
    return {"DX_USERNAME": standin.username, "DX_PASSWORD": standin.password}


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``options`` without those that are ``None``: so a test takes a default option away."""
    return {name: value for name, value in options.items() if value is not None}
