# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the shared options are, and which of their numbers cannot be meant."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import OptionError
from ansible_collections.dxops.dam_staging.plugins.module_utils._module import options as _options
from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import (
    check_numbers,
    connection_spec,
    from_environment,
    other_environment_spec,
)
from ansible_collections.dxops.dam_staging.plugins.module_utils._report.formats import FORMATS


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_environment_variable_is_none(monkeypatch: pytest.MonkeyPatch, blank: str | None) -> None:
    monkeypatch.delenv("DX_PORT", raising=False)
    if blank is not None:
        monkeypatch.setenv("DX_PORT", blank)
    with pytest.raises(AnsibleFallbackNotFound):
        from_environment("DX_PORT")
    monkeypatch.setenv("DX_PORT", " 8443")
    assert from_environment("DX_PORT") == " 8443"


RANGES = {
    "dx_port": (1, 65535),
    "dam_api_port": (1, 65535),
    "ring_api_port": (1, 65535),
    "request_timeout": (0.1, 3600),
    "request_retries": (0, 100),
    "wait_timeout": (0, 2592000),
    "wait_sleep": (1, 3600),
    "error_timeout": (0, 86400),
    "max_age": (0, 315360000),
    "cycle_length": (1, 1440),
    "max_mismatches": (-1, 1000000000000),
    "max_deletes": (-1, 1000000000000),
    "max_delete_percent": (-1, 100),
    "max_records": (0, 10000),
    "max_operations": (0, 10000),
    "page_size": (2, 10000),
    "prefetch": (1, 16),
}
SPECS = [
    pytest.param(partial(function, FORMATS) if name == "report_spec" else function, id=name)
    for name, function in vars(_options).items()
    if name.endswith("_spec")
]


@pytest.mark.parametrize(("option", "limits"), RANGES.items())
def test_a_number_is_good_up_to_its_limits_and_beyond_them_the_option_is_named(
    option: str, limits: tuple[float, float]
) -> None:
    least, most = limits
    for good in (least, most, None):
        check_numbers({option: good})
    for bad in (least - 1, most + 1, float("nan"), float("inf")):
        with pytest.raises(OptionError) as caught:
            check_numbers({option: bad}, "subscriber.")
        expected = f"subscriber.{option}: {bad} is out of range; it has to be from {least} to {most}."
        assert caught.value.message == expected


@pytest.mark.parametrize("spec", SPECS)
def test_every_number_that_can_be_given_has_its_limits(spec: Any) -> None:
    for name in (name for name, option in spec().items() if option["type"] in ("int", "float")):
        for absurd in (-(10**18), 10**18):
            with pytest.raises(OptionError, match=f"^{name}: "):
                check_numbers({name: absurd})


@pytest.mark.parametrize("spec", SPECS)
def test_every_default_lies_within_the_limits_and_choices(spec: Any) -> None:
    options = spec()
    check_numbers({name: option.get("default") for name, option in options.items()})
    for option in options.values():
        assert "default" not in option or option["default"] in option.get("choices", [option["default"]])


@pytest.mark.parametrize("spec", [connection_spec(), other_environment_spec()["subscriber"]["options"]])
def test_secrets_are_kept_out_of_logs(spec: Any) -> None:
    assert {name for name, option in spec.items() if option.get("no_log")} == {"dx_password", "ltpa_token"}
