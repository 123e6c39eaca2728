# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets in, for how long, and what for."""

from __future__ import annotations

import pytest

from damsim.names import DAM_BASE, RING_BASE

from .conftest import FIND, Api, Pair

VALIDATE = f"{RING_BASE}/auth/validate"


def author(pair: Pair) -> Api:
    standin = pair.standin
    api = Api(standin, standin.publisher, standin.author_username, standin.author_password)
    api.login()
    return api


def test_a_login_sets_a_cookie_that_scripts_cannot_read(pair: Pair) -> None:
    response = pair.publisher.login()
    assert response.headers["set-cookie"].startswith("LtpaToken2=")
    assert response.headers["set-cookie"].endswith("; Path=/; HttpOnly")
    assert response.json()["data"]["UId"].startswith("uid=wpsadmin,")


@pytest.mark.parametrize("body", [{"username": "wpsadmin", "password": "no"}, {"username": "nobody", "password": ""}])
def test_a_wrong_name_or_password_gets_401_in_rings_envelope(pair: Pair, body: dict[str, str]) -> None:
    response = pair.publisher.http.post(f"{RING_BASE}/auth/login", json=body)
    assert response.status_code == 401
    assert set(response.json()["error"]) == {"code", "message", "reason"}
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"username": "a"}', b'{"username": 1, "password": "x"}'])
def test_a_broken_login_gets_400_in_rings_envelope(pair: Pair, body: bytes) -> None:
    response = pair.publisher.http.post(
        f"{RING_BASE}/auth/login", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "400"


def test_a_call_without_a_token_gets_401_in_the_dam_envelope(pair: Pair) -> None:
    pair.publisher.http.cookies.clear()
    response = pair.publisher.call("GET", "/staging/subscriber")
    assert response.status_code == 401
    assert response.json()["error"]["statusCode"] == "401"


def test_a_token_ends_when_its_time_has_come(pair: Pair) -> None:
    pair.publisher.settings(token_ttl=3600)
    pair.publisher.login()
    pair.publisher.sim("POST", "/advance", {"seconds": 3000})
    assert pair.publisher.http.post(VALIDATE).status_code == 200
    pair.publisher.sim("POST", "/advance", {"seconds": 601})
    assert pair.publisher.http.post(VALIDATE).status_code == 401
    assert pair.publisher.call("GET", "/operations").status_code == 401


def test_logging_out_ends_one_token_and_expiring_ends_all(pair: Pair) -> None:
    other = Api(pair.standin, pair.standin.publisher)
    other.login()
    assert pair.publisher.http.post(f"{RING_BASE}/auth/logout").status_code == 200
    pair.publisher.http.cookies.clear()
    assert pair.publisher.http.post(f"{RING_BASE}/auth/logout").status_code == 401
    assert other.http.post(VALIDATE).status_code == 200
    other.sim("POST", "/sessions/expire")
    assert other.http.post(VALIDATE).status_code == 401


def test_a_token_of_one_environment_is_no_good_at_the_other(pair: Pair) -> None:
    token = pair.publisher.http.cookies["LtpaToken2"]
    pair.subscriber.http.cookies.clear()
    response = pair.subscriber.http.get(f"{DAM_BASE}/operations", headers={"Cookie": f"LtpaToken2={token}"})
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/staging/subscriber"),
        ("GET", "/staging/mismatches"),
        ("DELETE", "/staging/mismatches"),
        ("GET", "/staging/records/COLLECTION/summary"),
        ("GET", "/operations"),
    ],
)
def test_who_is_no_administrator_gets_403(pair: Pair, method: str, path: str) -> None:
    assert author(pair).call(method, path).status_code == 403


def test_who_is_no_administrator_starts_no_comparison(pair: Pair) -> None:
    assert author(pair).patch(pair.id, resyncStatus=FIND).status_code == 403
    assert "resyncStatus" not in pair.registration()


def test_where_no_403_is_documented_it_can_be_a_401(pair: Pair) -> None:
    pair.publisher.settings(forbidden="documented")
    assert author(pair).call("GET", "/operations").status_code == 401
    assert author(pair).call("GET", "/staging/mismatches").status_code == 403


def test_the_version_is_for_everyone_who_is_logged_in(pair: Pair) -> None:
    assert author(pair).get("/api-version") == [{"version": "1.41.0"}]


def test_no_secret_is_in_the_request_log(pair: Pair) -> None:
    pair.publisher.get("/operations")
    log = str(pair.publisher.sim("GET", "/requests"))
    assert pair.standin.password not in log
    assert pair.publisher.http.cookies["LtpaToken2"] not in log
