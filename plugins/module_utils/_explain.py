# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failure of the transport means. Knows the errors of ``requests`` and ``urllib3`` by their names alone."""

from __future__ import annotations

from ._tls import tls_advice

_WRONG_ADDRESS = {
    "requests.exceptions.InvalidURL",
    "requests.exceptions.InvalidSchema",
    "requests.exceptions.InvalidHeader",
    "urllib3.exceptions.LocationValueError",
}


def explain(error: Exception, protocol: str, timeout: float) -> tuple[str, bool, bool]:
    """The words, whether the request may have arrived, and whether it is final; ``timeout`` in seconds."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    text = str(error)
    if "requests.exceptions.SSLError" in kinds and "EOF" not in text:  # a server that goes away is no fault of TLS
        return f"{tls_advice(text)} ({text})", False, True
    if kinds & _WRONG_ADDRESS:
        return f"the address cannot be used; check hostname and dx_port ({text})", False, True
    if "requests.exceptions.ProxyError" in kinds:
        return f"the proxy of the environment did not let it through ({text})", False, False
    unreached = "requests.exceptions.ConnectTimeout" in kinds
    if unreached or "NewConnectionError" in text or "NameResolutionError" in text:
        return f"cannot be reached; check hostname and dx_port ({text})", False, False
    if kinds & {"requests.exceptions.Timeout", "urllib3.exceptions.ReadTimeoutError"} or "Read timed out" in text:
        return f"no answer within {timeout:g} s (request_timeout)", True, False
    hint = "" if protocol == "https" else "; if that port speaks TLS, set dx_protocol to https"
    return f"the connection broke before the answer was whole{hint} ({text})", True, False
