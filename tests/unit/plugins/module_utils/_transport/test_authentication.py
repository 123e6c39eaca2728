# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cookie of an LTPA token: put on requests, renewed by a login, and shown to nobody."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import ServerError
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.answers import Raw
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.authentication import Ltpa
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection

ACCOUNT = Ltpa("wpsadmin", "pass-1")
LOGIN = "https://dx.example/dx/api/core/v1/auth/login"


def renewed(one: Ltpa, status: int = 200, cookies: list[str] | None = None) -> Ltpa:
    """Log in at a server that gives this answer."""

    def post(url: str, body: dict[str, Any]) -> Raw:
        assert (url, body) == (LOGIN, {"username": "wpsadmin", "password": "pass-1"})
        return Raw(status, b'{"said": "pass-1"}', {}, cookies or [], url)

    there = Connection("dx.example", "https", 443, 443, one)
    return one.renewed(there, post, lambda text: text.replace("pass-1", "********"))


def test_a_given_token_needs_no_login() -> None:
    given = Ltpa(token="token-1")
    assert given.headers == {"Cookie": "LtpaToken2=token-1"}
    assert (given.secrets, given.renewable) == ([], False)
    assert given.account == "that the ltpa_token belongs to"


def test_a_token_that_would_mask_much_of_the_output_is_none_of_the_secrets() -> None:
    assert Ltpa("wpsadmin", "p", "e").secrets == ["p"]
    assert Ltpa(token="1234567").secrets == []
    assert Ltpa(token="12345678").secrets == ["12345678"]


def test_an_account_has_to_log_in_first() -> None:
    assert ACCOUNT.headers == {}
    assert (ACCOUNT.secrets, ACCOUNT.renewable) == (["pass-1"], True)
    assert ACCOUNT.account == "'wpsadmin'"
    once = renewed(ACCOUNT, cookies=["LtpaToken2=token-one; Path=/"])
    assert once.headers == {"Cookie": "LtpaToken2=token-one"}
    assert once.secrets == ["pass-1", "token-one"]
    assert renewed(once, cookies=["LtpaToken2=two"]).headers == {"Cookie": "LtpaToken2=two"}


def test_a_given_token_that_was_refused_cannot_be_renewed() -> None:
    with pytest.raises(ServerError, match=r"accept the ltpa_token.* Give a fresh one, or dx_username and") as caught:
        renewed(Ltpa(token="token-1"))
    assert caught.value.status == 401
    assert "token-1" not in caught.value.message


@pytest.mark.parametrize(
    ("cookies", "token"),
    [
        (["LtpaToken2=abc; Path=/; HttpOnly"], "abc"),
        (["JSESSIONID=1", 'LtpaToken2="a=b=="'], "a=b=="),
        (["LtpaToken2=; Path=/", "LtpaToken2=second"], "second"),
        (["LtpaToken=old", "ltpatoken2=x", "xLtpaToken2=y", "LtpaToken2"], None),
        ([], None),
    ],
)
def test_the_token_is_the_cookie_of_that_name(cookies: list[str], token: str | None) -> None:
    if token:
        assert renewed(ACCOUNT, cookies=cookies).token == token
        return
    with pytest.raises(ServerError, match="but without the cookie LtpaToken2") as caught:
        renewed(ACCOUNT, cookies=cookies)
    assert "pass-1" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, '"}.'),
        (401, "Check dx_username and dx_password."),
        (403, "The account 'wpsadmin' has to be an administrator of DAM."),
        (404, "ring_api_port and ring_api_version lead to the Ring API."),
    ],
)
def test_a_login_that_fails_says_which_options_to_check(status: int, advice: str) -> None:
    with pytest.raises(ServerError) as caught:
        renewed(ACCOUNT, status)
    assert caught.value.status == status
    text = caught.value.message
    assert text.startswith(f"Login as 'wpsadmin' failed. POST {LOGIN} was answered with {status}: ")
    assert text.endswith(advice)
    assert "pass-1" not in text


def test_secrets_stay_out_of_the_representation() -> None:
    shown = repr(Connection("dx.example", "https", 443, 443, Ltpa("wpsadmin", "pass-1", "token-1")))
    assert "wpsadmin" in shown
    assert "pass-1" not in shown
    assert "token-1" not in shown
