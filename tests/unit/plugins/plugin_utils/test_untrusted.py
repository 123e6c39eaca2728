# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's text can be in a variable of a playbook."""

from __future__ import annotations

import pytest

from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.address import is_host, is_name
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._untrusted import all_inert, inert, is_address

TEXTS = ["{{ 1 }}", "{{{ 1 }}}", "{% if a %}", "{#", "#jinja2:x", "##jinja2:", "a {", "{ 1 }}", "#jin", "ja2:x"]


def test_no_text_is_a_template_alone_or_joined_with_another() -> None:
    for text in [inert(one) + inert(other) for one in ["", *TEXTS] for other in TEXTS]:
        assert not any(opening in text for opening in ("{{", "{%", "{#")), text
        assert not text.startswith("#jinja2:"), text
        assert inert(text) == text
    plain = "Operation #12 failed: 50 % of a}b"
    assert inert(plain) == plain


def test_no_text_within_a_value_is_a_template() -> None:
    assert all_inert({"{{": ["#jinja2:x", ("{%", 1)], "b": None}) == {"{ { ": ["# jinja2:x", ["{ %", 1]], "b": None}


@pytest.mark.parametrize("text", ["dx.example.com", "dx-1", "192.0.2.1", "a_b", "müller.example"])
def test_a_host_is_one_with_a_scheme_and_a_port_too(text: str) -> None:
    assert is_host(text)
    assert all(map(is_address, (text, f"https://{text}", f"{text}:10041", f"http://{text}:80/")))


def test_addresses_of_ipv6_are_hosts_and_have_brackets_in_an_address() -> None:
    assert is_host("2001:db8::1")
    assert is_address("https://[2001:db8::1]:443")
    assert not is_host("fe80::1%{{ 1 }}")
    assert not is_address("[fe80::1%{{ 1 }}]")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-oProxyCommand=x",
        "a b",
        "{{ 1 }}",
        "#jinja2:x",
        "a\n",
        "a,b",
        "!a",
        "a:",
        "a/b",
        "a'b",
        ".",
        "..",
        "a-",
        "$(x)",
    ],
)
def test_anything_else_is_neither_a_host_nor_an_id(text: str) -> None:
    assert not is_host(text)
    assert not is_name(text)
    assert not is_address(f"https://{text}:80")
    assert not is_address(f"x@{text}")
