# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  subscriber_id:
    type: str
    description:
      - Id of the subscriber's registration at the publisher.
      - O(subscriber_id) or O(target_host) names the subscriber. With both, both have to hold; a registration with this
        id that has another host is an error before anything else is done.
  target_host:
    type: str
    description:
      - Target host of the subscriber's registration, with or without a scheme and a port; upper case and a trailing
        dot or slash do not matter.
      - Two subscribers that fit are an error, which lists them.
"""
