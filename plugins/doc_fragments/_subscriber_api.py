# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  subscriber:
    type: dict
    description:
      - How to reach the subscriber's own API, where that differs from the publisher's. What is not given here is as
        for the publisher.
      - There are no environment variables for these.
    suboptions:
      hostname:
        type: str
        description:
          - Host name of the subscriber. Without it the host of its registration's target host, with the protocol and
            the port that this may have.
      dx_username:
        type: str
        description:
          - Account to log in with at the subscriber. Without it the publisher's.
      dx_password:
        type: str
        description:
          - Password of O(subscriber.dx_username).
      ltpa_token:
        type: str
        description:
          - Value of a C(LtpaToken2) cookie of the subscriber. The publisher's O(ltpa_token) is never used for it.
      dx_protocol:
        type: str
        choices: [http, https]
        description:
          - Protocol of the subscriber's APIs. Without it that of its target host, if that has one and
            O(subscriber.hostname) is not given, else the publisher's.
          - A target host that asks for C(http) is refused where O(dx_protocol) is C(https) and this is not given, since
            the password would travel unprotected.
      dx_port:
        type: int
        description:
          - Port of the subscriber's APIs. Without it that of its target host, if that has one and
            O(subscriber.hostname) is not given, else the publisher's.
      dam_api_port:
        type: int
        description:
          - As O(dam_api_port), for the subscriber.
      ring_api_port:
        type: int
        description:
          - As O(ring_api_port), for the subscriber.
      dam_api_version:
        type: str
        description:
          - As O(dam_api_version), for the subscriber.
      ring_api_version:
        type: str
        description:
          - As O(ring_api_version), for the subscriber.
      validate_certs:
        type: bool
        description:
          - As O(validate_certs), for the subscriber.
      ca_path:
        type: path
        description:
          - As O(ca_path), for the subscriber.
      client_cert:
        type: path
        description:
          - As O(client_cert), for the subscriber.
      client_key:
        type: path
        description:
          - As O(client_key), for the subscriber.
      request_timeout:
        type: float
        description:
          - As O(request_timeout), for the subscriber.
      request_retries:
        type: int
        description:
          - As O(request_retries), for the subscriber.
"""
