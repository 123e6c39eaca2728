# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source's options: what they become, and that the documentation has all of them."""

from __future__ import annotations

import runpy
from typing import Any

import pytest
import yaml

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch import options
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._watch.events import TYPES
from tooling.paths import ROOT

SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "dam_staging.py"
ACCOUNT = {"dx_username": "me", "dx_password": "secret"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOSTNAME", "USERNAME", "PASSWORD", "LTPA_TOKEN", "PROTOCOL", "PORT", "VALIDATE_CERTS", "CA_PATH"):
        monkeypatch.delenv(f"DX_{name}", raising=False)


def documentation() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(runpy.run_path(str(SOURCE))["DOCUMENTATION"])
    return found


def test_every_option_of_its_own_is_documented_as_it_is() -> None:
    spec = {**options.of_a_publisher(), **options.of_the_source()}
    shown = documentation()["options"]
    assert shown.keys() == spec.keys()
    for name, rules in spec.items():
        wanted = {key: rules[key] for key in ("type", "elements", "default", "choices") if key in rules}
        assert {key: shown[name][key] for key in wanted} == wanted, name
        assert set(shown[name]) <= {*wanted, "description"}, name


def test_every_type_of_event_is_documented() -> None:
    text = " ".join(map(str, documentation()["description"]))
    assert {kind for kind in TYPES if f"C({kind})" not in text} == set()


def test_environment_variables_stand_in_for_options(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOSTNAME": "dx", "USERNAME": "me", "PASSWORD": "secret", "PORT": "8443"}.items():
        monkeypatch.setenv(f"DX_{name}", value)
    (watch,), interval, warnings = options.read({})
    assert (watch.name, watch._dam.url, interval, warnings) == ("dx", "https://dx:8443/dx/api/dam/v1", 60.0, [])
    (watch,), interval, _warnings = options.read({"hostname": "other", "dx_port": 1, "interval": "30", "name": "emea"})
    assert (watch.name, watch._dam.url, interval) == ("emea", "https://other:1/dx/api/dam/v1", 30.0)


def test_publishers_share_what_they_do_not_say_themselves() -> None:
    entries = [{"hostname": "a"}, {"hostname": "b", "name": "emea", "dx_port": 1, "dx_protocol": "http"}]
    watches, _interval, warnings = options.read({"publishers": entries, "dx_port": 8443, **ACCOUNT})
    assert [(each.name, each._dam.url) for each in watches] == [
        ("a", "https://a:8443/dx/api/dam/v1"),
        ("emea", "http://b:1/dx/api/dam/v1"),
    ]
    assert [text for text in warnings if "entry 2" in text and "unprotected" in text]


def test_a_publisher_with_an_account_of_its_own_gets_no_common_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DX_LTPA_TOKEN", "common")
    (watch,), *_others = options.read({"publishers": [{"hostname": "a", **ACCOUNT}]})
    assert watch._dam.client.connection.authentication.headers == {}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "hostname"),
        ({"hostname": "a"}, "dx_username"),
        ({"hostname": "a", "host": "b"}, "no option host"),
        ({"hostname": "a", **ACCOUNT, "interval": 0.5}, "interval"),
        ({"hostname": "a", **ACCOUNT, "interval": "often"}, "interval"),
        ({"hostname": "https://a", **ACCOUNT}, "give the host alone"),
        ({"publishers": [{"hostname": "a"}, {"hostname": "a"}], **ACCOUNT}, "more than once"),
        ({"publishers": [{"hostname": "a", "nonsense": 1}], **ACCOUNT}, "entry 1"),
        ({"publishers": ["a"], **ACCOUNT}, "dict"),
        ({"publishers": [{"name": "a"}], **ACCOUNT}, "entry 1"),
        ({"hostname": "b", "publishers": [{"name": "a"}], **ACCOUNT}, "entry 1"),
        ({"hostname": "a", **ACCOUNT, "subscriber": {"port": 1}}, "subscriber"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_options_name_and_without_a_secret(
    args: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError) as problem:
        options.read(args)
    assert words in problem.value.message
    assert "secret" not in problem.value.message
