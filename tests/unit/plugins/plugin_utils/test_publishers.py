# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The publishers that plugins on the controller are told to ask."""

from __future__ import annotations

from ansible_collections.dxops.dam_staging.plugins.plugin_utils._publishers import publishers


class OutOfAVault:
    """A text as ansible-core 2.18 and older read it by ``!vault``: no ``str``, but with one in it."""

    __ENCRYPTED__ = True

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def test_a_password_out_of_a_vault_is_a_text() -> None:
    entry = {"hostname": "dx.example.com", "dx_username": "admin", "dx_password": OutOfAVault("secret{{")}
    (found,) = publishers({}, [entry])
    assert (found.connection.authentication.secrets, found.warnings) == (["secret{{"], [])
