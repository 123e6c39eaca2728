# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection like the local one, of which a process can have one only; it says so when it is asked for another."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.connection.local import Connection as Local
from ansible.utils.display import Display

DOCUMENTATION = """
name: only_one
short_description: Like local, but one only
description:
  - Like local, but one only.
author: tests
extends_documentation_fragment:
  - connection_pipelining
options: {}
"""


class Connection(Local):  # type: ignore[misc]
    """See above; Ansible looks for this name."""

    transport = "only_one"
    made = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        Connection.made += 1
        if Connection.made > 1:
            Display().display("A second connection was refused")
            raise AnsibleError("There can be only one")
