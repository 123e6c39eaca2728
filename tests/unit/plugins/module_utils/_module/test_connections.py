# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the two environments are and how to log in there, as the options have it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.connections import (
    publisher_connection,
    subscriber_connection,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import connection_spec
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection


def params(**more: Any) -> dict[str, Any]:
    """Return a module's parameters: the defaults, a host and an account, and what is given."""
    given = {name: option.get("default") for name, option in connection_spec().items()}
    return {**given, "hostname": "pub.example", "dx_username": "admin", "dx_password": "pass", **more}


def publisher(**more: Any) -> Connection:
    """Return the publisher's connection."""
    return publisher_connection(params(**more))


def subscriber(registered: str, own: dict[str, Any] | None = None, /, **more: Any) -> Connection:
    """Return the subscriber's connection; ``own`` is the option ``subscriber``."""
    return subscriber_connection(params(subscriber=own, **more), registered)


def test_https_on_its_own_port_is_the_default() -> None:
    there = publisher()
    assert there.dam_url == "https://pub.example/dx/api/dam/v1"
    assert there.ring_url == "https://pub.example/dx/api/core/v1"
    assert there.verify is True
    assert (there.timeout, there.retries) == (30.0, 3)
    assert there.addresses == ["pub.example:443", "pub.example:443"]


@pytest.mark.parametrize(
    ("options", "dam", "ring"),
    [
        ({"dx_protocol": "http"}, "http://pub.example", "http://pub.example"),
        ({"dx_port": 8443}, "https://pub.example:8443", "https://pub.example:8443"),
        ({"dx_port": 8443, "dam_api_port": 3000}, "https://pub.example:3000", "https://pub.example:8443"),
        ({"dx_port": 8443, "ring_api_port": 10042}, "https://pub.example:8443", "https://pub.example:10042"),
        ({"dam_api_port": 3000}, "https://pub.example:3000", "https://pub.example"),
        ({"dx_protocol": "http", "dx_port": 443}, "http://pub.example:443", "http://pub.example:443"),
        ({"hostname": "PUB.example."}, "https://pub.example", "https://pub.example"),
        ({"hostname": "[2001:db8::1]", "dx_port": 1}, "https://[2001:db8::1]:1", "https://[2001:db8::1]:1"),
    ],
)
def test_the_ports_of_the_two_apis_default_to_dx_port(options: dict[str, Any], dam: str, ring: str) -> None:
    there = publisher(**options)
    assert there.dam_url == f"{dam}/dx/api/dam/v1"
    assert there.ring_url == f"{ring}/dx/api/core/v1"


def test_the_versions_are_part_of_the_addresses() -> None:
    there = publisher(dam_api_version="v2", ring_api_version="v3")
    assert there.dam_url.endswith("/dam/v2")
    assert there.ring_url.endswith("/core/v3")


@pytest.mark.parametrize(
    ("validate_certs", "ca_path", "verify"),
    [(True, None, True), (False, None, False), (True, __file__, __file__), (False, __file__, False)],
)
def test_certificates_are_checked_unless_that_is_switched_off(
    validate_certs: bool, ca_path: str | None, verify: bool | str
) -> None:
    assert publisher(validate_certs=validate_certs, ca_path=ca_path).verify == verify


@pytest.mark.parametrize(
    "hostname", ["https://pub.example", "pub.example:8443", "pub.example/dx", "http://pub.example/"]
)
def test_a_host_name_with_more_than_the_host_is_refused_with_what_to_write(hostname: str) -> None:
    with pytest.raises(OptionError, match=r"^hostname: give the host alone, here 'pub.example'; .* dx_protocol and dx"):
        publisher(hostname=hostname)


@pytest.mark.parametrize("hostname", ["", " ", "a b", "[::1", "2001:db8:::1", "pub.example:99999"])
def test_what_is_no_host_name_is_refused(hostname: str) -> None:
    with pytest.raises(OptionError, match=r"^hostname: '.*' is no host name"):
        publisher(hostname=hostname)


@pytest.mark.parametrize("account", [{"dx_password": None}, {"dx_username": None}, {"dx_password": ""}])
def test_half_an_account_is_refused(account: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="dx_username and dx_password belong together"):
        publisher(**account)


@pytest.mark.parametrize("token", [None, "", "  \n"])
def test_no_login_at_all_is_refused(token: str | None) -> None:
    with pytest.raises(OptionError, match=r"^dx_username and dx_password, or ltpa_token, are needed"):
        publisher(dx_username=None, dx_password=None, ltpa_token=token)


def test_a_token_is_enough_and_loses_the_blanks_around_it() -> None:
    there = publisher(dx_username=None, dx_password=None, ltpa_token=" 0123456789abc+/==\n")
    assert there.authentication == Ltpa(None, None, "0123456789abc+/==")


def test_a_token_that_would_hide_half_of_the_output_is_refused() -> None:
    publisher(ltpa_token="0123456789abcdef")
    with pytest.raises(OptionError, match=r"^ltpa_token: 15 characters are too few for a token\. Give the value of"):
        publisher(ltpa_token=" 0123456789abcde ")


@pytest.mark.parametrize("token", ["a\nb", "a b", "a;b", "a,b", 'a"b', "a\\b", "ä", "a\x00b"])
def test_a_token_that_no_cookie_can_hold_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(OptionError, match=r"^ltpa_token: give the value of the cookie alone") as caught:
        publisher(ltpa_token=token)
    assert token not in caught.value.message


def test_a_client_key_without_its_certificate_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^client_key: needs client_cert"):
        publisher(client_key=__file__)
    assert publisher(client_key=__file__, client_cert=__file__).client_key == __file__


@pytest.mark.parametrize("option", ["ca_path", "client_cert"])
def test_a_file_that_cannot_be_read_is_named_with_its_option(option: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(OptionError) as caught:
        publisher(**{option: missing})
    assert caught.value.message == f"{option}: there is no readable file '{missing}'."


def test_a_folder_is_no_certificate_and_holds_authorities_only_under_hashed_names(tmp_path: Path) -> None:
    (tmp_path / "my.pem").touch()
    for option, more in (
        ("client_cert", ""),
        ("ca_path", ", or give the certificates their hashed names with 'openssl rehash'"),
    ):
        with pytest.raises(OptionError) as caught:
            publisher(**{option: str(tmp_path)})
        assert caught.value.message == f"{option}: '{tmp_path}' is a folder. Name a file in PEM format{more}."
    (tmp_path / "9d66eef0.0").touch()
    assert publisher(ca_path=str(tmp_path)).verify == str(tmp_path)


@pytest.mark.parametrize("together", [True, False])
def test_an_encrypted_key_is_refused_without_asking_for_its_passphrase(tmp_path: Path, together: bool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    forms = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    plain = key.private_bytes(*forms, serialization.NoEncryption())
    encrypted = key.private_bytes(*forms, serialization.BestAvailableEncryption(b"not-to-be-asked-for"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def options(private: bytes) -> dict[str, str]:
        (tmp_path / "cert.pem").write_bytes(private + certificate if together else certificate)
        (tmp_path / "key.pem").write_bytes(private)
        paths = {"client_cert": str(tmp_path / "cert.pem"), "client_key": str(tmp_path / "key.pem")}
        return {"client_cert": paths["client_cert"]} if together else paths

    assert publisher(**options(plain)).client_cert
    with pytest.raises(OptionError) as caught:
        publisher(**options(encrypted))
    option, path = list(options(encrypted).items())[-1]
    assert caught.value.message.startswith(
        f"{option}: the key in '{path}' is encrypted. Give a key without a passphrase"
    )


def test_a_number_out_of_range_is_named_with_its_option() -> None:
    with pytest.raises(OptionError, match=r"^dx_port: 70000 is out of range; it has to be from 1 to 65535"):
        publisher(dx_port=70000)
    with pytest.raises(OptionError, match=r"^subscriber\.dx_port: 0 is out of range"):
        subscriber("sub.example", {"dx_port": 0})


# The subscriber


def test_what_the_subscriber_does_not_say_is_the_publishers() -> None:
    there = subscriber(
        "sub.example",
        dx_port=8443,
        dam_api_port=3000,
        ring_api_port=10042,
        dam_api_version="v2",
        ring_api_version="v3",
        ca_path=__file__,
        client_cert=__file__,
        client_key=__file__,
        request_timeout=7.0,
        request_retries=1,
    )
    assert there == Connection(
        hostname="sub.example",
        protocol="https",
        dam_port=3000,
        ring_port=10042,
        dam_version="v2",
        ring_version="v3",
        authentication=Ltpa("admin", "pass"),
        verify=__file__,
        client_cert=__file__,
        client_key=__file__,
        timeout=7.0,
        retries=1,
    )


def test_what_the_subscriber_says_counts() -> None:
    own = {
        "hostname": "real.example",
        "dx_username": "other",
        "dx_password": "secret",
        "ltpa_token": "token-of-the-other",
        "dx_protocol": "http",
        "dx_port": 81,
        "dam_api_port": 82,
        "ring_api_port": 83,
        "dam_api_version": "v4",
        "ring_api_version": "v5",
        "validate_certs": False,
        "client_cert": __file__,
        "client_key": __file__,
        "request_timeout": 3.0,
        "request_retries": 0,
    }
    assert subscriber("sub.example", own, dx_port=8443) == Connection(
        hostname="real.example",
        protocol="http",
        dam_port=82,
        ring_port=83,
        dam_version="v4",
        ring_version="v5",
        authentication=Ltpa("other", "secret", "token-of-the-other"),
        verify=False,
        client_cert=__file__,
        client_key=__file__,
        timeout=3.0,
        retries=0,
    )


@pytest.mark.parametrize(
    ("target_host", "publishers", "own", "url"),
    [
        # What the registration's target host says
        ("sub.example", {}, {}, "https://sub.example"),
        ("SUB.example./", {}, {}, "https://sub.example"),
        ("sub.example", {"dx_port": 8443}, {}, "https://sub.example:8443"),
        ("sub.example:9443", {"dx_port": 8443, "dam_api_port": 3000}, {}, "https://sub.example:9443"),
        ("https://sub.example", {"dx_port": 8443}, {}, "https://sub.example"),
        ("http://sub.example", {"dx_protocol": "http", "dx_port": 8080}, {}, "http://sub.example"),
        ("http://sub.example:81/", {"dx_protocol": "http"}, {}, "http://sub.example:81"),
        ("http://sub.example", {"dx_port": 8443}, {"dx_protocol": "http"}, "http://sub.example"),
        ("http://sub.example:81", {"dx_port": 8443}, {"dx_protocol": "http"}, "http://sub.example:81"),
        ("http://sub.example:81", {}, {"dx_protocol": "https"}, "https://sub.example:81"),
        ("https://sub.example", {"dx_protocol": "http", "dx_port": 8080}, {}, "https://sub.example"),
        ("sub.example", {"dx_protocol": "http"}, {}, "http://sub.example"),
        ("https://[2001:db8::2]:9443", {}, {}, "https://[2001:db8::2]:9443"),
        # What the option says goes before that
        ("sub.example:9443", {}, {"dx_port": 7443}, "https://sub.example:7443"),
        ("sub.example", {"dx_port": 8443, "dam_api_port": 3000}, {"dx_port": 7443}, "https://sub.example:7443"),
        ("sub.example", {"dam_api_port": 3000}, {"ring_api_port": 1}, "https://sub.example:3000"),
        ("sub.example:9443", {}, {"dam_api_port": 3001}, "https://sub.example:3001"),
        ("sub.example", {"dx_port": 8443}, {"dx_protocol": "http"}, "http://sub.example"),
        ("https://sub.example", {}, {"dx_protocol": "http"}, "http://sub.example"),
        ("https://sub.example:9443", {}, {"dx_protocol": "http"}, "http://sub.example:9443"),
        # A host of its own takes the place of the whole target host
        ("sub.example", {"dx_port": 8443}, {"hostname": "real.example"}, "https://real.example:8443"),
        ("http://sub.example:81", {"dx_port": 8443}, {"hostname": "real.example"}, "https://real.example:8443"),
        ("http://sub.example", {}, {"hostname": "real.example", "dx_port": 1}, "https://real.example:1"),
        ("no host at all", {}, {"hostname": "real.example"}, "https://real.example"),
    ],
)
def test_the_subscribers_address(target_host: str, publishers: dict[str, Any], own: dict[str, Any], url: str) -> None:
    assert subscriber(target_host, own, **publishers).dam_url == f"{url}/dx/api/dam/v1"


@pytest.mark.parametrize("own", [{}, {"dx_port": 8080}, {"ltpa_token": "token-of-the-subscriber"}])
def test_a_registration_alone_does_not_have_the_password_travel_unprotected(own: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"^subscriber\.dx_protocol: .*'HTTP://sub\.example:8080'.* unprotected"):
        subscriber("HTTP://sub.example:8080", own)


def test_a_target_host_that_is_no_address_asks_for_a_host_name() -> None:
    with pytest.raises(OptionError, match=r"target host cannot be used: 'no host' is no.* Set subscriber.hostname"):
        subscriber("no host")


def test_the_publishers_token_is_never_handed_on() -> None:
    assert subscriber("sub.example", ltpa_token="pub-token").authentication == Ltpa("admin", "pass")
    with pytest.raises(OptionError, match=r"subscriber\.ltpa_token, are needed: the publisher's"):
        subscriber("sub.example", ltpa_token="pub-token", dx_username=None, dx_password=None)


def test_the_publishers_unchecked_certificates_are_never_handed_on() -> None:
    assert subscriber("sub.example", validate_certs=False).verify is True
    assert subscriber("sub.example", validate_certs=False, ca_path=__file__).verify == __file__
    assert subscriber("sub.example", {"validate_certs": False}).verify is False


ACCOUNT = {"dx_username": "other", "dx_password": "secret"}
TOKEN = {"ltpa_token": "token-of-the-subscriber"}
OTHER_PORT = {"dx_port": 8443, "validate_certs": False}


@pytest.mark.parametrize(
    ("registered", "own", "given", "sent"),
    [
        # Without credentials of its own and without a list, every registered host
        ("sub.dx.example", {}, {}, True),
        ("sub.dx.example", OTHER_PORT, {}, True),
        # Credentials of its own
        ("sub.dx.example", ACCOUNT, {}, False),
        ("sub.dx.example", TOKEN, {}, False),
        ("sub.dx.example", ACCOUNT, {"target_host": ""}, False),
        ("sub.dx.example", ACCOUNT, {"target_host": "sub.dx.example"}, True),
        ("https://SUB.dx.example.:8443/", TOKEN, {"target_host": "sub.dx.example"}, True),
        ("sub.dx.example:8443", ACCOUNT, {"target_host": "https://SUB.dx.example./"}, True),
        ("other.example", ACCOUNT, {"target_host": "sub.dx.example"}, False),
        ("other.example", {**ACCOUNT, "hostname": "sub.dx.example"}, {}, True),
        # The list alone decides
        ("sub.dx.example", ACCOUNT, {"subscriber_hosts": ["sub.dx.example"]}, True),
        ("sub.dx.example", ACCOUNT, {"subscriber_hosts": ["a.example", "*.DX.example."]}, True),
        ("https://sub.dx.example:8443", TOKEN, {"subscriber_hosts": ["*.example"]}, True),
        ("[2001:db8::2]:8443", ACCOUNT, {"subscriber_hosts": ["[2001:DB8::2]"]}, True),
        ("10.0.3.4", ACCOUNT, {"subscriber_hosts": ["10.0.*"]}, True),
        ("sub.dx.example", ACCOUNT, {"subscriber_hosts": ["dx.example"]}, False),
        ("dx.example", ACCOUNT, {"subscriber_hosts": ["*.dx.example"]}, False),
        ("sub.dx.example.evil.test", ACCOUNT, {"subscriber_hosts": ["*.dx.example"]}, False),
        ("subxdx.example", ACCOUNT, {"subscriber_hosts": ["sub.dx.example"]}, False),
        ("sub.dx.example", ACCOUNT, {"subscriber_hosts": []}, False),
        ("sub.dx.example", ACCOUNT, {"subscriber_hosts": [], "target_host": "sub.dx.example"}, False),
        ("sub.dx.example", {**ACCOUNT, "hostname": "real.example"}, {"subscriber_hosts": []}, True),
        # The publisher's account too
        ("sub.dx.example", {}, {"subscriber_hosts": ["*.dx.example"]}, True),
        ("evil.test", {}, {"subscriber_hosts": ["*.dx.example"]}, False),
        ("evil.test", {}, {"subscriber_hosts": []}, False),
        ("evil.test", {}, {"subscriber_hosts": ["*.dx.example"], "target_host": "evil.test"}, False),
    ],
)
def test_which_host_gets_credentials(registered: str, own: dict[str, Any], given: dict[str, Any], sent: bool) -> None:
    if sent:
        subscriber(registered, own, **given)
        return
    with pytest.raises(OptionError) as caught:
        subscriber(registered, own, **given)
    whose = "credentials of the subscriber's own are" if own else "the publisher's account is"
    assert caught.value.message.startswith(f"subscriber_hosts: {whose} not sent to '")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "registered",
    [
        "sub.dx.example@evil.test",
        "evil.test\\.dx.example",
        "evil.test\\@sub.dx.example",
        "sub.dx.example:80@evil.test",
        "evil.test$.dx.example",
        "-oProxyCommand=x.dx.example",
    ],
)
def test_a_host_that_libraries_could_read_in_two_ways_gets_no_credentials(registered: str) -> None:
    for given in ({}, {"subscriber_hosts": ["*.dx.example"]}, {"target_host": registered}):
        with pytest.raises(OptionError, match=r"^The subscriber's target host cannot be used: .* is no host name"):
            subscriber(registered, ACCOUNT, **given)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("*", "'*' names every host. Give names, or patterns such as *.dx.example.com."),
        ("*.*", "'*.*' names every host. Give names, or patterns such as *.dx.example.com."),
        ("**.", "'**.' names every host. Give names, or patterns such as *.dx.example.com."),
        ("https://a.example", "'https://a.example' is more than a host. Give the host alone, here 'a.example'."),
        ("*.a.example:8443", "'*.a.example:8443' is more than a host. Give the host alone, here '*.a.example'."),
        ("a.example/", "'a.example/' is more than a host. Give the host alone, here 'a.example'."),
        ("sub?.a.example", "'sub?.a.example' is more than a host. Give the host alone, here 'sub'."),
        ("", "'' is no host name, with or without a scheme and a port."),
        ("a b", "'a b' is no host name, with or without a scheme and a port."),
    ],
)
def test_what_names_no_host_or_every_host_is_refused_at_once(pattern: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        publisher(subscriber_hosts=["a.example", pattern])
    assert caught.value.message == f"subscriber_hosts: {message}"


def test_a_token_of_its_own_is_enough_for_the_subscriber() -> None:
    named = {"target_host": "sub.example", "dx_username": None, "dx_password": None}
    there = subscriber("sub.example", {"ltpa_token": "token-of-the-subscriber"}, **named)
    assert there.authentication == Ltpa(token="token-of-the-subscriber")


@pytest.mark.parametrize(
    ("own", "begin"),
    [
        ({"hostname": "https://sub"}, "subscriber.hostname: give the host alone"),
        ({"hostname": "a b"}, "subscriber.hostname: 'a b' is no host name"),
        ({"dx_password": ""}, "subscriber.dx_username and subscriber.dx_password belong together"),
        ({"ltpa_token": "a b"}, "subscriber.ltpa_token: give the value"),
        ({"client_key": __file__}, "subscriber.client_key: needs"),
        ({"ca_path": "/nowhere/ca.pem"}, "subscriber.ca_path: there is no readable file '/nowhere/ca.pem'"),
    ],
)
def test_what_is_wrong_with_the_subscriber_is_named_as_its_suboption(own: dict[str, Any], begin: str) -> None:
    with pytest.raises(OptionError) as caught:
        subscriber("sub.example", own)
    assert caught.value.message.startswith(begin)
