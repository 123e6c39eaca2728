# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dam_subscribers
short_description: Subscribers of DAM publishers, with their state
version_added: 0.1.0
description:
  - Asks one or several publishers for their subscribers. Each registration becomes a host, with what the publisher knows
    of it as variables, in a group by its state.
  - Nothing but the login and reading requests leaves.
  - The name of the file has to end in C(dam_subscribers.yml) or C(dam_subscribers.yaml).
  - "A host has the name of the subscriber's host. If several registrations have the same host, each of them has
    C(--) and the first eight characters of its id after it, and if that is not enough, the publisher too. So has one whose
    host means something else: a host of another source of the inventory that was read before, the machine that Ansible runs
    on (V(127.0.0.1), V(::1)), or, since it has no dot, maybe a group."
  - "Nothing that a publisher says is executed: its texts are marked as no templates, with a blank after each C({) and after a
    C(#) at the beginning, so that a file made with C(ansible-inventory --export) holds no template either. A registration is
    left out with a warning if its host is no host name and no IP address, if its id has other characters than letters,
    digits, C(.), C(_) and C(-), or if its name is that of a group that is known by then."
  - "Variables of a host are C(ansible_host), C(dam_publisher), C(dam_state), C(dam_mismatch_count), and, each beginning with
    C(dam_), what M(dxops.dam_staging.dam_subscriber_info) returns of a subscriber: C(dam_subscriber_id),
    C(dam_target_host), C(dam_enabled), C(dam_phase), C(dam_resync_status), C(dam_last_resync_time) and so on."
  - "C(dam_state), and the group of that name, is one of C(in_sync) (the last comparison ended, and there are no mismatch
    logs), C(drifted) (it ended, and there are some), C(comparing), C(resyncing), C(failed) (the last comparison or the
    creation of a resync's operations failed), and C(not_compared) (never compared, or repaired and not compared since).
    Who is not enabled is in the group C(disabled) besides."
  - "C(in_sync) is what the publisher's logs say as of C(dam_last_resync_time); logs that were deleted since look the same.
    Only M(dxops.dam_staging.dam_find_mismatch) and the role P(dxops.dam_staging.dam_consistency#role) prove it."
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [dxops.dam_staging.dam_subscribers]
  publishers:
    description:
      - The publishers to ask, each with C(hostname) and, where they differ from the options of this file, connection
        options by the same names.
      - A publisher with C(dx_username), C(dx_password) or C(ltpa_token) of its own gets none of the common ones.
      - Templates are allowed here and in the options below, so that a secret can come from a lookup. What comes from an
        environment variable or a vault is no template.
      - A list of dictionaries. Without it, the one that O(hostname) names.
    type: raw
    default: []
  on_error:
    description:
      - What to do with a publisher that does not answer as it should. V(fail) makes no inventory at all; V(warn) leaves
        the publisher's subscribers out.
    type: str
    choices: [fail, warn]
    default: fail
  count_mismatches:
    description:
      - Whether the mismatches of each subscriber are counted, which takes about 2 * log2(n) requests for n of them.
        Without it C(dam_mismatch_count) is null for who has some.
    type: bool
    default: true
  group_prefix:
    description: What the names of the groups by state begin with.
    type: str
    default: ""
notes:
  - The cache holds no secret. With it the groups are as old as the cache; C(--flush-cache) asks anew.
extends_documentation_fragment:
  - dxops.dam_staging._connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
seealso:
  - module: dxops.dam_staging.dam_subscriber_info
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
# dam_subscribers.yml: the publisher and the account come from DX_HOSTNAME, DX_USERNAME and DX_PASSWORD.
plugin: dxops.dam_staging.dam_subscribers

---
# emea.dam_subscribers.yml: two publishers, the second with an account of its own.
plugin: dxops.dam_staging.dam_subscribers
publishers:
  - hostname: dx-emea.example.com
  - hostname: dx-apac.example.com
    dx_username: apacadmin
    dx_password: "{{ lookup('ansible.builtin.env', 'APAC_PASSWORD') }}"
on_error: warn
group_prefix: dam_
compose:
  dam_minutes_between_cycles: dam_cycle_length
groups:
  needs_attention: dam_state in ['drifted', 'failed']
keyed_groups:
  - key: dam_publisher
    prefix: publisher
"""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.dxops.dam_staging.plugins.module_utils._errors import DamError
from ansible_collections.dxops.dam_staging.plugins.module_utils._text import clean
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.client import REQUESTS_IMPORT_ERROR
from ansible_collections.dxops.dam_staging.plugins.module_utils._transport.connection import Connection
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._inventory import (
    GROUPS,
    Found,
    find,
    groups_of,
    host_of,
    names_of,
    refusal_of,
)
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._publishers import environment, plain_spec, publishers
from ansible_collections.dxops.dam_staging.plugins.plugin_utils._untrusted import all_inert

ENDINGS = ("dam_subscribers.yml", "dam_subscribers.yaml")
AT_ONCE = 8
MOST_SHOWN = 200
NAME_OF_A_GROUP = "its name is that of a group"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    NAME = "dxops.dam_staging.dam_subscribers"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._file = self._read_config_data(path)
        if REQUESTS_IMPORT_ERROR is not None:
            raise AnsibleParserError("The Python library requests is needed where Ansible runs, and is not installed.")
        try:
            found = self._cached(path, self._connections(), cache)
        except DamError as error:
            raise AnsibleParserError(error.message) from None
        self._fill(found)

    def _connections(self) -> list[Connection]:
        named = {name: self._common(name) for name in plain_spec() if name in self._file}
        common = {**environment(), **{name: value for name, value in named.items() if value not in (None, "")}}
        entries = self._entries(self.get_option("publishers"))
        try:
            found = publishers(common, entries)
        except DamError as error:
            raise AnsibleParserError(error.message) from None
        for text in (text for each in found for text in each.warnings):
            self.display.warning(text)
        return [each.connection for each in found]

    def _common(self, name: str) -> Any:
        value = self.get_option(name)
        # What a vault holds is a text as it stands.
        return self._value(value, name) if isinstance(self._file.get(name), str) else value

    def _entries(self, given: Any) -> list[Any]:
        # Ansible would show what is no list, with the passwords in it.
        if not isinstance(given, list):
            raise AnsibleParserError("publishers: has to be a list, each entry with a dash and at least 'hostname'.")
        return [self._values(entry, number) for number, entry in enumerate(given, 1)]

    def _values(self, entry: Any, number: int) -> Any:
        if not isinstance(entry, dict):
            return entry
        return {name: self._value(value, f"publishers, entry {number}: {name}") for name, value in entry.items()}

    def _value(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.templar.template(value)
        except Exception:  # noqa: BLE001 - whatever it says shows the value, which may be a secret
            raise AnsibleParserError(
                f"{where}: its template cannot be resolved. What is no template but has braces stands in '{{% raw %}}' "
                "and '{% endraw %}'."
            ) from None

    def _cached(self, path: str, connections: list[Connection], cache: bool) -> list[Found]:
        self.load_cache_plugin()
        asked = repr(
            [(at.dam_url, at.authentication.account, self.get_option("count_mismatches")) for at in connections]
        )
        key = f"{self.get_cache_key(path)}_{sha256(asked.encode()).hexdigest()[:16]}"
        wanted = self.get_option("cache")
        if wanted and cache:
            try:
                kept: list[Found] = self._cache[key]["found"]
                return kept
            except KeyError:
                pass
        found, whole = self._ask(connections)
        if (
            wanted and whole
        ):  # what a publisher did not say this time must not be missing for as long as the cache lives
            self._cache[key] = {"found": found}
        return found

    def _ask(self, connections: list[Connection]) -> tuple[list[Found], bool]:
        def ask(connection: Connection) -> list[Found] | DamError:
            try:
                return find(connection, self.get_option("count_mismatches"))
            except DamError as error:
                return error

        found: list[Found] = []
        whole = True
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for connection, answer in zip(connections, pool.map(ask, connections)):
                if isinstance(answer, list):
                    found += answer
                elif self.get_option("on_error") == "fail":
                    raise answer
                else:
                    whole = False
                    self.display.warning(f"The subscribers of {connection.hostname} are left out: {answer.message}")
        return found, whole

    def _fill(self, found: list[Found]) -> None:
        prefix, composed = self.get_option("group_prefix"), self.get_option("groups") or {}
        groups = {group: self.inventory.add_group(self._sanitize_group_name(prefix + group)) for group in GROUPS}
        reserved = {*self.inventory.groups, *map(self._sanitize_group_name, composed)}
        usable = [
            each
            for each in found
            if not self._refused(each, refusal_of(each) or (NAME_OF_A_GROUP if host_of(each) in reserved else None))
        ]
        hosts = list(zip(names_of(usable, self.inventory.hosts), usable))
        for host, each in hosts:
            self._add(host, each)
            for group in groups_of(each):
                self.inventory.add_child(groups[group], host)
        for host, _each in hosts:
            self._add_host_to_composed_groups(composed, {}, host, strict=self.get_option("strict"))
        # Last, since these are the only groups that a server's text can name.
        for host, each in hosts:
            self._add_to_keyed_groups(host, each)

    def _refused(self, found: Found, reason: str | None) -> bool:
        if reason is not None:
            self.display.warning(
                f"A subscriber of {found['publisher']} is left out: {reason.rstrip('.')}. Its registration: host "
                f"'{clean(found['target_host'], MOST_SHOWN)}', id '{clean(found['subscriber_id'], MOST_SHOWN)}'."
            )
        return reason is not None

    def _add(self, host: str, found: Found) -> None:
        facts = {f"dam_{name}": all_inert(value) for name, value in found.items()}
        facts["ansible_host"] = host_of(found)
        self.inventory.add_host(host)
        # The mark for what is no template is lost in YAML, so that the texts are inert, too.
        marked = wrap_var(facts)
        for name, value in marked.items():
            self.inventory.set_variable(host, str(name), value)
        compose = self.get_option("compose") or {}
        self._set_composite_vars(compose, marked, host, strict=self.get_option("strict"))
        # Parts of texts that are inert need not be inert.
        composed = self.inventory.hosts[host].get_vars()
        for name in compose:
            if name in composed:
                self.inventory.set_variable(host, name, wrap_var(all_inert(composed[name])))

    def _add_to_keyed_groups(self, host: str, found: Found) -> None:
        strict = self.get_option("strict")
        try:
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, host, strict=strict)
        except AnsibleParserError:
            raise  # what the user wrote cannot be used
        except Exception as error:  # ansible-core 2.16 raises no narrower one
            if strict:
                raise
            self.display.warning(
                f"{host}, a subscriber of {found['publisher']}, is not in all of its keyed groups: {clean(str(error))}"
            )
