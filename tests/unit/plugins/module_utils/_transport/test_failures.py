# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which option helps with which error of TLS, in OpenSSL's own words of several releases."""

from __future__ import annotations

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.failures import file_advice, tls_advice

VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "


@pytest.mark.parametrize(
    ("text", "helps"),
    [
        (VERIFY + "self signed certificate in certificate chain (_ssl.c:1129)", "name its authority with ca_path"),
        (VERIFY + "unable to get local issuer certificate (_ssl.c:1006)", "name its authority with ca_path"),
        (VERIFY + "certificate has expired (_ssl.c:1006)", "has to be renewed there"),
        (VERIFY + "certificate is not yet valid (_ssl.c:1006)", "check the clocks"),
        (VERIFY + "Hostname mismatch, certificate is not valid for 'dx'. (_ssl.c:1006)", "give hostname as it stands"),
        (VERIFY + "IP address mismatch, certificate is not valid for '10.0.0.1'.", "give hostname as it stands"),
        ("hostname 'dx' doesn't match 'dx.example.com'", "give hostname as it stands"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "client_cert and client_key"),
        (
            "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired",
            "the client certificate has expired",
        ),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "the authority of the client certificate"),
        ("[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate", "not take the client certificate"),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_UNKNOWN] sslv3 alert certificate unknown", "not take the client certificate"),
        (
            "[X509: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:3926)",
            "the key is not that of the client certificate",
        ),
        ("[SSL] PEM lib (_ssl.c:3926)", "check client_cert and client_key"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "set dx_protocol to http"),
        ("[SSL: RECORD_LAYER_FAILURE] record layer failure (_ssl.c:1006)", "set dx_protocol to http"),
        ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure", "check dx_port, ca_path, client_cert"),
        ("something that no release has said yet", "check dx_port, ca_path, client_cert and client_key"),
    ],
)
def test_every_error_of_tls_names_what_helps(text: str, helps: str) -> None:
    assert helps in tls_advice(text)


def test_a_bundle_that_no_option_named_is_that_of_the_environment() -> None:
    told = file_advice("Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere")
    assert told.startswith("Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere; REQUESTS_CA_")
    assert "ca_path" in told


def test_another_file_that_cannot_be_read_is_left_to_its_own_words() -> None:
    told = "Could not find the TLS certificate file, invalid path: /nowhere/client.pem"
    assert file_advice(told) == told
