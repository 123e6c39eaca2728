# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of certificates and keys, as OpenSSL reads them."""

from __future__ import annotations

import contextlib
import os
import re
import ssl

# What OpenSSL looks for in a folder of authorities: the hash of a certificate's subject, and a number.
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


class _Encrypted(Exception):  # noqa: N818 - no error: OpenSSL asks
    pass


def needs_passphrase(certificate: str, key: str | None) -> bool:
    """Return whether the key of a client certificate is encrypted, in ``key`` or in the file of the certificate.

    OpenSSL would ask for the passphrase at the terminal, for as long as nobody answers.
    """

    def asked() -> str:
        raise _Encrypted

    try:
        with contextlib.suppress(ssl.SSLError, OSError):  # found again, and explained, by the first request
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=asked)
    except _Encrypted:
        return True
    return False


def has_hashed_names(folder: str) -> bool:
    """Return whether OpenSSL finds certificates of authorities in a folder."""
    return any(_HASHED.fullmatch(name) for name in os.listdir(folder))
