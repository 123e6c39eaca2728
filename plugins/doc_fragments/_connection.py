# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import yaml

# The suboptions of ``subscriber`` that need a text of their own, and which hosts may get credentials.
SUBSCRIBER = r"""
subscriber:
  type: dict
  description:
    - How to reach the subscriber's own API, where that differs from the publisher's. What is not given here is as
      for the publisher, but for O(ltpa_token) and O(validate_certs=false), which are never handed on.
    - O(subscriber.dx_username), O(subscriber.dx_password) and O(subscriber.ltpa_token) are sent only to a host that
      O(subscriber.hostname) or O(subscriber_hosts) names or, without O(subscriber_hosts), O(target_host). Without them
      the publisher's O(dx_username) and O(dx_password) are sent to the host of the registration.
    - There are no environment variables for these.
  suboptions:
    hostname:
      - Host name of the subscriber. Without it the host of its registration's target host, with the protocol and
        the port that this may have.
    dx_username:
      - Account to log in with at the subscriber. Without it the publisher's.
    dx_password:
      - Password of O(subscriber.dx_username).
    ltpa_token:
      - Value of a C(LtpaToken2) cookie of the subscriber. The publisher's O(ltpa_token) is never used for it.
    dx_protocol:
      - Protocol of the subscriber's APIs. Without it that of its target host, if that has one and
        O(subscriber.hostname) is not given, else the publisher's.
      - A target host that asks for C(http) is refused where O(dx_protocol) is C(https) and this is not given, since
        the password would travel unprotected.
    dx_port:
      - Port of the subscriber's APIs. Without it that of its target host, if that has one and
        O(subscriber.hostname) is not given, else the publisher's.
    validate_certs:
      - Whether the subscriber's certificate is checked. It is, unless this is V(false).
subscriber_hosts:
  type: list
  elements: str
  description:
    - The hosts of registrations to which credentials are sent, the publisher's as well as those in O(subscriber). Any
      other host is an error before the login there.
    - Names and patterns such as V(*.dx.example.com), in which V(*) stands for any number of characters, dots too; without
      a scheme and a port, which do not matter. A pattern that names every host is an error.
    - If this is given, O(target_host) alone does not name a host for that. O(subscriber.hostname) always does.
"""


def for_plugins(text: str) -> str:
    """Make plugin options of module options.

    The plugin reads the environment variables as modules do, and checks the types: Ansible takes a word that is no
    boolean for false, and shows a secret that is no text.
    """
    text = text.replace("    required: true\n", "").replace("    type: bool\n", "    type: raw\n")
    return re.sub(r"(  (?:dx_password|ltpa_token):\n    type: )str\n", r"\1raw\n", text)


def for_subscriber(text: str) -> str:
    """Make suboptions of ``subscriber`` of module options."""
    options = yaml.safe_load(SUBSCRIBER)
    texts = options["subscriber"]["suboptions"]
    for name, option in yaml.safe_load(text)["options"].items():
        kind = {key: option[key] for key in ("type", "choices") if key in option}
        texts[name] = {**kind, "description": texts.get(name, [f"As O({name}), for the subscriber."])}
    return yaml.safe_dump({"options": options})


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  hostname:
    type: str
    required: true
    description:
      - Host name or IP address of the publisher environment, without a scheme or a port.
      - If not given, the environment variable E(DX_HOSTNAME) is used.
  dx_username:
    type: str
    description:
      - Account to log in with. It has to be an administrator of DAM.
      - Required with O(dx_password) unless O(ltpa_token) is given.
      - If not given, the environment variable E(DX_USERNAME) is used.
  dx_password:
    type: str
    description:
      - Password of O(dx_username).
      - If not given, the environment variable E(DX_PASSWORD) is used.
  ltpa_token:
    type: str
    description:
      - Value of a C(LtpaToken2) cookie, used in place of a login.
      - A text of fewer than 16 characters is refused. It would be masked wherever it stands in the output.
      - A token runs out, as a rule after a few hours. With O(dx_username) and O(dx_password) given as well, a new
        one is fetched then; without them the task fails.
      - If not given, the environment variable E(DX_LTPA_TOKEN) is used.
  dx_protocol:
    type: str
    default: https
    choices: [http, https]
    description:
      - Protocol of both APIs.
      - V(http) gives a warning, since the password then travels unprotected.
      - If not given, the environment variable E(DX_PROTOCOL) is used.
  dx_port:
    type: int
    description:
      - Port of both APIs. Without it 443, or 80 with O(dx_protocol=http).
      - If not given, the environment variable E(DX_PORT) is used.
  dam_api_port:
    type: int
    description:
      - Port of the DAM API where it differs from O(dx_port).
  ring_api_port:
    type: int
    description:
      - Port of the Ring API (DX Core, for the login) where it differs from O(dx_port).
  dam_api_version:
    type: str
    default: v1
    description:
      - Version of the DAM API, as in its address.
  ring_api_version:
    type: str
    default: v1
    description:
      - Version of the Ring API, as in its address.
  validate_certs:
    type: bool
    default: true
    description:
      - Whether the server's certificate is checked.
      - "V(false) gives a warning: anyone in between can take the server's place."
      - If not given, the environment variable E(DX_VALIDATE_CERTS) is used.
  ca_path:
    type: path
    description:
      - File with the certificates of the authorities to trust, in PEM format, or a folder in which they have the hashed
        names that C(openssl rehash) gives.
      - Without it those that the C(requests) library trusts, or the environment variable E(REQUESTS_CA_BUNDLE).
      - If not given, the environment variable E(DX_CA_PATH) is used.
  client_cert:
    type: path
    description:
      - File with a client certificate in PEM format, with its key in it or in O(client_key).
  client_key:
    type: path
    description:
      - File with the key of O(client_cert), without a passphrase.
  request_timeout:
    type: float
    default: 30.0
    description:
      - Seconds to wait for a connection, and for each piece of an answer.
  request_retries:
    type: int
    default: 3
    description:
      - How often a login or a reading request is repeated after a broken connection or an answer of 429, 502, 503
        or 504.
      - A request that changes something is never repeated where the server may have taken it. After an answer of 401,
        with which it has not, it is sent once more with a new login.
requirements:
  - requests >= 2.25 (Python library, on the host that runs the module or plugin)
notes:
  - Proxies are taken from the environment variables E(HTTPS_PROXY), E(HTTP_PROXY) and E(NO_PROXY). A C(~/.netrc)
    file is never read.
  - Redirects to another address are refused, since the login would travel with them.
"""

    # With types, since ansible-test takes what is assigned without one for a literal.
    PLUGIN: str = for_plugins(DOCUMENTATION)
    SUBSCRIBER: str = for_subscriber(DOCUMENTATION)
