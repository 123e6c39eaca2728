# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an answer reads, and what must not be shown of it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError, ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.address import host_and_port, origin
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.answers import (
    MAX_PAUSE,
    Raw,
    Secrets,
    backoff,
    next_url,
    refused,
    retry_after,
    server_date,
    server_message,
    unusable,
)

URL = "https://dx.example/dx/api/dam/v1/x"
UTC = timezone.utc  # noqa: UP017 - also run on Python 3.9


def raw(text: str | bytes = b"", status: int = 400, **headers: str) -> Raw:
    """Make what came over the wire."""
    data = text.encode() if isinstance(text, str) else text
    return Raw(status, data, {name.replace("_", "-"): value for name, value in headers.items()}, [], URL)


def as_it_is(text: str) -> str:
    """Scrub nothing."""
    return text


@given(st.integers(1, 101))
def test_backoff_doubles_within_bounds_and_spreads(attempt: int) -> None:
    whole = min(0.5 * 2.0 ** (attempt - 1), MAX_PAUSE)
    assert whole / 2 <= backoff(attempt) <= whole


@pytest.mark.parametrize(
    ("header", "seconds"), [("5", 5), ("61", 60), ("-1", 0), ("x", 1.5), ("", 1.5), ("nan", 60), ("1e400", 60)]
)
def test_retry_after_is_believed_within_bounds(header: str, seconds: float) -> None:
    assert retry_after({"retry-after": header}, 1.5) == seconds


def test_without_retry_after_the_usual_pause_is_made() -> None:
    assert retry_after({}, 1.5) == 1.5


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Mon, 02 Nov 2026 07:00:00 GMT", datetime(2026, 11, 2, 7, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 07:00:00 -0000", datetime(2026, 11, 2, 7, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 07:00:00", datetime(2026, 11, 2, 7, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 09:00:00 +0200", datetime(2026, 11, 2, 7, tzinfo=UTC)),
        ("Mon, 99 Nov 2026 07:00:00 GMT", None),
        ("Mon, 02 Nov 99999999999999999999 07:00:00 GMT", None),
        ("now", None),
        ("", None),
    ],
)
def test_the_servers_clock_is_read_and_always_has_a_time_zone(header: str, expected: datetime | None) -> None:
    assert server_date({"date": header}) == expected


def test_a_server_without_a_clock_is_no_error() -> None:
    assert server_date({}) is None


@given(st.text(max_size=60))
def test_any_date_header_is_a_time_with_a_zone_or_none(header: str) -> None:
    date = server_date({"date": header})
    assert date is None or date.tzinfo is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '{"error": {"statusCode": "404", "name": "NotFoundError", "message": "Not there."}}',
            "Not there.",
        ),
        ('{"error": {"message": "Bad.", "details": "limit"}}', "Bad. - limit"),
        ('{"error": {"code": "X", "message": "No.", "reason": "Because."}}', "No. - Because."),
        ('{"error": {"message": ""}}', '{"error": {"message": ""}}'),
        ('{"error": {"message": 5}}', '{"error": {"message": 5}}'),
        (
            '{"error": {"message": "Bad.", "details": [1]}}',
            '{"error": {"message": "Bad.", "details": [1]}}',
        ),
        ('{"error": "plain"}', '{"error": "plain"}'),
        ('["list"]', '["list"]'),
        ("<html>Bad\n\tGateway\x1b[31m</html>", "<html>Bad  Gateway [31m</html>"),
        ("", ""),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_the_servers_own_words_are_shown_or_else_how_its_answer_begins(body: str, said: str) -> None:
    assert server_message(raw(body), as_it_is) == said


@given(st.binary(max_size=400))
def test_any_answer_can_be_shown_on_one_line(body: bytes) -> None:
    shown = server_message(raw(body), as_it_is)
    assert shown == "" or shown.isprintable()
    assert len(shown) <= 200


def test_a_refusal_says_what_was_tried_where_and_what_was_answered() -> None:
    error = refused("PATCH", raw('{"error": {"message": "Busy."}}', 409), as_it_is)
    assert error.message == f"PATCH {URL} was answered with 409: Busy."
    assert error.context == {"status": 409, "url": URL, "server_message": "Busy."}
    assert refused("GET", raw(), as_it_is, "Before. ", " After.").message == (
        f"Before. GET {URL} was answered with 400: (empty). After."
    )


def test_a_good_status_with_a_useless_body_asks_for_the_address() -> None:
    error = unusable("GET", raw("", 204), as_it_is, "it is not JSON")
    assert error.message.startswith(f"GET {URL} was answered with 204, but it is not JSON. The answer begins: (empty).")
    assert "nothing in front" in error.message
    assert error.status == 200


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=8, max_size=30)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_scrubbed_in_every_form_in_which_it_comes_back(secret: str, before: str, after: str) -> None:
    scrub = Secrets(None, "", secret).scrub
    forms = [secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret), json.dumps(secret)]
    for form in [
        *forms,
        json.dumps(secret, ensure_ascii=False),
        html.escape(secret, quote=False),
        json.dumps(json.dumps(secret)),
    ]:
        shown = scrub(f"{before}{form}{after}")
        assert "********" in shown
        assert form.strip('"') not in shown


AS_OTHERS_WRITE_IT = [
    r"p\u0026\u0027\u003C\u003e\u0022\u002B\/w",  # JSON of Gson, System.Text.Json, PHP
    r"p\u0026'\u003c\u003e\"+/w",  # JSON of Go
    "p&#38;&#39;&#60;&#62;&#34;+/w",
    "p&amp;&#x27;&lt;&gt;&quot;&#x2B;&#x2f;w",
    "p%26%27%3c%3e%22%2b%2fw",
]


@pytest.mark.parametrize("form", AS_OTHERS_WRITE_IT)
def test_a_secret_is_found_however_a_library_escapes_it(form: str) -> None:
    assert Secrets("p&'<>\"+/w").scrub(f"<{form}>") == "<********>"


ENCODERS = (base64.b64encode, base64.urlsafe_b64encode)


@given(SECRETS, st.sampled_from(ENCODERS))
def test_a_secret_is_found_in_base64_with_and_without_padding(secret: str, encode: Callable[[bytes], bytes]) -> None:
    scrub, form = Secrets(secret).scrub, encode(secret.encode()).decode()
    for each in (form, form.rstrip("="), quote(form, safe="")):
        assert scrub(f"Basic {each}") == "Basic ********"


@given(SECRETS, st.text(max_size=9), st.sampled_from(["", " and more"]), st.sampled_from(ENCODERS))
def test_a_secret_is_found_in_the_base64_of_a_longer_text(
    secret: str, user: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    text = f"{user}:{secret}{after}".encode("utf-8", "replace")
    shown = Secrets(secret).scrub(encode(text).decode())
    assert "********" in shown
    # At most the bits that the secret shares with a character before and after it are left.
    left = len(encode(text)) - len(shown.replace("********", ""))
    assert left >= len(secret.encode()) * 8 // 6 - 1


@pytest.mark.parametrize("secret", ["\ud800 lone surrogate", "\udcff", "a" * 5000, "a"])
def test_odd_secrets_can_be_scrubbed_too(secret: str) -> None:
    assert Secrets(secret).scrub(f"<{secret}>") == "<********>"


def test_of_two_secrets_of_which_one_holds_the_other_nothing_is_left() -> None:
    for first, second in (("pass", "password!"), ("password!", "pass")):
        assert Secrets(first, second).scrub("it is password! indeed") == "it is ******** indeed"


def test_a_secret_that_is_learnt_later_is_scrubbed_as_well() -> None:
    secrets = Secrets("first")
    secrets.add("second")
    assert secrets.scrub("first, second") == "********, ********"


def test_a_secret_is_scrubbed_before_the_text_is_cut() -> None:
    scrub = Secrets("x" * 1000).scrub
    text = "." * 190 + "x" * 1000
    assert "xxx" not in server_message(raw(text), scrub)
    assert "xxx" not in server_message(raw(json.dumps({"error": {"message": text}})), scrub)
    assert "xxx" not in unusable("GET", raw(text), scrub, "it is not JSON").message


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://dx.example/a", ("https", "dx.example", 443)),
        ("https://DX.example:443/b", ("https", "dx.example", 443)),
        ("http://dx.example", ("http", "dx.example", 80)),
        ("http://[::1]:8080/", ("http", "::1", 8080)),
        ("/path", None),
        ("https://dx.example:99999/", None),
        ("https://[::1/", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: tuple[str, str, int] | None) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("::1", "::1", None),
        ("2001:DB8::2", "2001:db8::2", None),
        ("[2001:DB8::2]:8443", "2001:db8::2", 8443),
        ("https://[::1]", "::1", 443),
        ("DX.example.:10039", "dx.example", 10039),
    ],
)
def test_an_address_has_a_host_and_may_have_a_port(address: str, host: str, port: int | None) -> None:
    assert host_and_port(address) == (host, port)


@pytest.mark.parametrize("address", ["", "a b", "fe80::1%eth0", "::1:x", "[::1", "dx.example:port"])
def test_what_has_no_host_is_refused(address: str) -> None:
    with pytest.raises(DamError, match="is no host name"):
        host_and_port(address)


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("/other", "https://dx.example/other"),
        ("y", "https://dx.example/dx/api/dam/v1/y"),
        ("https://dx.example:443/other", "https://dx.example:443/other"),
        ("", URL),
        ("http://dx.example/other", None),
        ("https://dx.example:8443/other", None),
        ("https://user@evil.example/", None),
        ("https://evil.example\\@dx.example/", None),
        ("https://dx.example\\.evil.example/", None),
        ("https://dx.example@dx.example/", None),
        ("//dx.example\\x", None),
        ("https://dx.example@evil.example/", None),
        ("//evil.example", None),
        ("https://[::1", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_redirect_is_followed_within_one_origin_only(location: str, followed: str | None) -> None:
    answer = raw(status=302, location=location)
    if followed:
        assert next_url("GET", answer, 1, as_it_is) == followed
    else:
        with pytest.raises(ServerError, match=r"answered with a redirect \(302\)"):
            next_url("GET", answer, 1, as_it_is)


@pytest.mark.parametrize(("method", "hops"), [("POST", 1), ("PATCH", 1), ("DELETE", 1), ("GET", 4)])
def test_no_change_and_no_long_chain_is_redirected(method: str, hops: int) -> None:
    with pytest.raises(ServerError):
        next_url(method, raw(status=307, location="/other"), hops, as_it_is)


def test_a_redirects_query_is_not_shown() -> None:
    with pytest.raises(ServerError) as caught:
        next_url("GET", raw(status=302, location="https://sso.example/login?ticket=secret"), 1, as_it_is)
    assert "https://sso.example/login" in caught.value.message
    assert "ticket" not in caught.value.message
