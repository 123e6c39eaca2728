# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections from a module's options: to the publisher, and to the subscriber."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

from .._errors import DamError, OptionError
from .._text import clean
from .._transport.address import DEFAULT_PORTS, fits, host_and_port, scheme_of
from .._transport.authentication import Authentication, Ltpa
from .._transport.certificates import has_hashed_names, needs_passphrase
from .._transport.connection import Connection
from .options import ACCOUNT, TOKENS, check_numbers, check_subscriber_hosts

# A shorter text would be masked wherever it stands in the output, which hides half of that.
_SHORTEST_TOKEN = 16
_FIELDS = {field.name for field in fields(Connection)}


def publisher_connection(params: dict[str, Any]) -> Connection:
    """Return the connection to the publisher. Raises OptionError for a value that cannot be used."""
    check_numbers(params)
    check_subscriber_hosts(params)
    return _connection(params, params["hostname"], "")


def subscriber_connection(params: dict[str, Any], target_host: str) -> Connection:
    """Return the connection to the subscriber; what ``subscriber`` does not set is as for the publisher.

    The host, and its scheme and port if it has them, come from the registration's ``targetHost``, unless ``subscriber``
    sets ``hostname``; but only the user turns https into http. The publisher's ``ltpa_token`` is never used, since
    anyone who has a token can use it, and neither is its ``validate_certs: false``. Raises OptionError for a value that
    cannot be used, and for a host that is not to get the credentials.
    """
    own = {option: value for option, value in (params.get("subscriber") or {}).items() if value is not None}
    check_numbers(own, "subscriber.")
    host, port, scheme = own.get("hostname"), None, None
    if host is None:
        host, port, scheme = _registered(target_host, "dx_protocol" in own)
    protocol = own.get("dx_protocol") or scheme or params["dx_protocol"]
    if protocol == "http" and params["dx_protocol"] != "http" and "dx_protocol" not in own:
        raise OptionError(
            f"subscriber.dx_protocol: the subscriber is registered with '{clean(target_host, 200)}', and over http the "
            "password would travel unprotected. Give subscriber.dx_protocol (in the role "
            "dam_consistency_subscriber_protocol): https, or http if that is what you want."
        )
    merged = {**params, **dict.fromkeys(TOKENS), "dx_protocol": protocol, "validate_certs": True, **own}
    if "dx_port" in own or port or protocol != params["dx_protocol"]:
        merged["dx_port"] = own.get("dx_port") or port
        merged.update({option: own.get(option) for option in ("dam_api_port", "ring_api_port")})
    if not merged.get("dx_username") and not merged.get("ltpa_token"):
        raise OptionError(
            "subscriber.dx_username and subscriber.dx_password, or subscriber.ltpa_token, are needed: the publisher's "
            "ltpa_token is not handed on to the subscriber."
        )
    connection = _connection(merged, host, "subscriber.")
    if "hostname" not in own:
        _check_receiver(params, connection.hostname, any(own.get(option) for option in ACCOUNT))
    return connection


def _check_receiver(params: dict[str, Any], host: str, own_credentials: bool) -> None:
    """Raise OptionError for a registered host that the user did not name and that is not to get the credentials.

    ``subscriber_hosts`` alone decides if it is given, even if it is empty. Without it, credentials of the subscriber's
    own go only to the host of ``target_host``, and those of the publisher to any registered host.
    """
    patterns, named = params.get("subscriber_hosts"), params.get("target_host")
    if patterns is None:
        if not own_credentials or (named and host_and_port(named)[0] == host):
            return
        patterns = []
    if not any(fits(host, pattern) for pattern in patterns):
        whose = "credentials of the subscriber's own are" if own_credentials else "the publisher's account is"
        raise OptionError(
            f"subscriber_hosts: {whose} not sent to '{host}', which the publisher's registration names and you do not. "
            "If it is the right host, name it in subscriber_hosts (in the role dam_consistency_subscriber_hosts) or as "
            "subscriber.hostname."
        )


def warnings_of(connection: Connection, prefix: str) -> list[str]:
    """Return what the user should be warned of; ``prefix`` goes before the option's name."""
    warnings = []
    if connection.protocol == "http":
        warnings.append(f"{prefix}dx_protocol is http: the password and the login travel unprotected.")
    if connection.verify is False:
        warnings.append(f"{prefix}validate_certs is false: anyone in between can take the server's place.")
    return warnings


def _registered(target_host: str, port_alone: bool) -> tuple[str, int | None, str | None]:
    """Return host, port and scheme of a registration; with ``port_alone`` its scheme implies no port."""
    try:
        host, port = host_and_port(target_host.partition("://")[2] or target_host if port_alone else target_host)
    except DamError as error:
        raise OptionError(
            f"The subscriber's target host cannot be used: {error.message} Set subscriber.hostname."
        ) from None
    return f"[{host}]" if ":" in host else host, port, scheme_of(target_host)


def _connection(params: dict[str, Any], hostname: str, prefix: str) -> Connection:
    try:
        host, port = host_and_port(hostname)
    except DamError as error:
        raise OptionError(f"{prefix}hostname: {error.message}") from None
    if port or scheme_of(hostname) or "/" in hostname:
        raise OptionError(
            f"{prefix}hostname: give the host alone, here '{host}'; the rest belongs into dx_protocol and dx_port."
        )
    authentication = _authentication(params, prefix)
    if params.get("client_key") and not params.get("client_cert"):
        raise OptionError(f"{prefix}client_key: needs client_cert too.")
    _check_certificates(params, prefix)
    default = params.get("dx_port") or DEFAULT_PORTS[params["dx_protocol"]]
    prepared = {
        "hostname": host,
        "protocol": params["dx_protocol"],
        "dam_port": params.get("dam_api_port") or default,
        "ring_port": params.get("ring_api_port") or default,
        "dam_version": params["dam_api_version"],
        "ring_version": params["ring_api_version"],
        "authentication": authentication,
        "verify": (params.get("ca_path") or True) if params["validate_certs"] else False,
        "timeout": params["request_timeout"],
        "retries": params["request_retries"],
    }
    # Every other option is a field of the same name.
    return Connection(**{**{name: value for name, value in params.items() if name in _FIELDS}, **prepared})


def _check_certificates(params: dict[str, Any], prefix: str) -> None:
    for option in ("ca_path", "client_cert", "client_key"):
        path = params.get(option)
        if path and not os.access(path, os.R_OK):
            raise OptionError(f"{prefix}{option}: there is no readable file '{path}'.")
        if path and os.path.isdir(path) and not (option == "ca_path" and has_hashed_names(path)):
            more = ", or give the certificates their hashed names with 'openssl rehash'" if option == "ca_path" else ""
            raise OptionError(f"{prefix}{option}: '{path}' is a folder. Name a file in PEM format{more}.")
    certificate, key = params.get("client_cert"), params.get("client_key")
    if certificate and needs_passphrase(certificate, key):
        option = "client_key" if key else "client_cert"
        raise OptionError(
            f"{prefix}{option}: the key in '{key or certificate}' is encrypted. Give a key without a passphrase, in a "
            "file that only its user can read."
        )


def _authentication(params: dict[str, Any], prefix: str) -> Authentication:
    if bool(params.get("dx_username")) != bool(params.get("dx_password")):
        raise OptionError(f"{prefix}dx_username and {prefix}dx_password belong together: one of them is missing.")
    token = (params.get("ltpa_token") or "").strip()
    if any(not "!" <= c <= "~" or c in ';,"\\' for c in token):
        raise OptionError(
            f"{prefix}ltpa_token: give the value of the cookie alone; this has characters that no cookie can have."
        )
    if token and len(token) < _SHORTEST_TOKEN:
        raise OptionError(
            f"{prefix}ltpa_token: {len(token)} characters are too few for a token. Give the value of the "
            "cookie LtpaToken2."
        )
    if not params.get("dx_username") and not token:
        raise OptionError(f"{prefix}dx_username and {prefix}dx_password, or {prefix}ltpa_token, are needed.")
    return Ltpa(params.get("dx_username") or None, params.get("dx_password") or None, token or None)
