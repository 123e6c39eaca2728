# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failure of the transport means, and what helps. Knows the errors of requests and urllib3 by name alone."""

from __future__ import annotations

# The first that is found counts. An alert is what the server says of the client; the rest is the other way round.
_ADVICE = (
    (
        "ALERT_CERTIFICATE_REQUIRED",
        "the server demands a client certificate; name yours with client_cert and client_key",
    ),
    ("ALERT_CERTIFICATE_EXPIRED", "the server says that the client certificate has expired; see client_cert"),
    ("ALERT_UNKNOWN_CA", "the server does not trust the authority of the client certificate; see client_cert"),
    ("ALERT_BAD_CERTIFICATE", "the server does not take the client certificate; see client_cert"),
    ("ALERT_CERTIFICATE_UNKNOWN", "the server does not take the client certificate; see client_cert"),
    ("KEY_VALUES_MISMATCH", "the key is not that of the client certificate; check client_cert and client_key"),
    ("PEM lib", "the client certificate or its key cannot be read; check client_cert and client_key"),
    ("has expired", "the server's certificate, or its authority's, has expired and has to be renewed there"),
    ("not yet valid", "the server's certificate is not valid yet; check the clocks of the server and of this machine"),
    ("is not valid for", "the certificate is for another host; give hostname as it stands in the certificate"),
    ("doesn't match", "the certificate is for another host; give hostname as it stands in the certificate"),
    ("CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted; name its authority with ca_path"),
    ("WRONG_VERSION_NUMBER", "no TLS is spoken there; check dx_port, or set dx_protocol to http"),
    ("record layer", "no TLS is spoken there; check dx_port, or set dx_protocol to http"),
)
_OTHERWISE = "TLS could not be agreed on; check dx_port, ca_path, client_cert and client_key"


def explain(error: Exception, protocol: str, timeout: float) -> tuple[str, bool, bool]:
    """The reason, whether the request may have arrived, and whether repeating cannot help; ``timeout`` in seconds."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    text = str(error)
    if "requests.exceptions.SSLError" in kinds and "EOF" not in text:  # a server that goes away is no fault of TLS
        return f"{tls_advice(text)} ({text})", False, True
    if isinstance(error, ValueError):  # of all three libraries, for the server's address or a proxy's
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


def tls_advice(text: str) -> str:
    """What to do about an error of TLS, from its text."""
    return next((advice for words, advice in _ADVICE if words in text), _OTHERWISE)


def file_advice(text: str) -> str:
    """An error of a certificate file, with what helps where the option is not what named the file."""
    if "CA certificate bundle" in text:  # those of the options were looked for before
        return f"{text}; REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE of the environment names it, which ca_path overrides"
    return text
