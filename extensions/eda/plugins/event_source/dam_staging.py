# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source ``dxops.dam_staging.dam_staging`` of Event-Driven Ansible."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Watches how DAM publishers stage to their subscribers
version_added: 0.1.0
description:
  - Looks at one or several publishers again and again, and emits an event when something about a subscriber changed. What
    lasts is told once, not at every look.
  - Nothing but the login and reading requests leaves. Nothing is compared for it, so it tells of comparisons and resyncs
    that somebody or something else runs, the playbooks of this collection on a schedule for example.
  - "Every event has the key C(dam), a dictionary. In it C(type) is one of C(drift_found) (a comparison ended, and there are
    mismatches, C(mismatch_count) of them), C(in_sync) (a comparison ended between two looks, and there are none, at the
    look after that either), C(comparison_failed), C(resync_finished) (the operations of a resync were created, and the
    subscriber has no sync operation left to do), C(resync_failed) (they could not be created), C(operations_failed) (sync
    operations failed at the subscriber), C(watch_failed) (the publisher or the subscriber does not
    answer as it should) and C(watch_recovered)."
  - "Besides, C(dam) has C(schema) (the version of this form, 1), C(publisher) (its O(name)), C(hostname), C(at_start) (it
    was found at the first look), and where it is about a subscriber C(subscriber_id), C(target_host), C(resync_status) and
    C(last_resync_time); C(message) with C(watch_failed) and C(operations_failed); C(failed_operation_count) with
    C(operations_failed) and C(resync_finished); C(by_trigger_function) (numbers) with C(operations_failed)."
  - C(meta.hosts) is the publisher's O(name), so that actions of ansible-rulebook are limited to that host of the inventory.
  - Drift is found once until a comparison finds no mismatches again. A resync that does not help, and a comparison that
    finds it again, are no news, so that a rule that repairs is not started over and over by its own work.
  - What begins and ends between two looks is not seen, a resync with a queue that was empty in between for example.
  - "Texts of servers are shortened, and have a blank after each C({) and after a C(#) at the beginning: ansible-rulebook
    hands events to playbooks as extra variables, in which Ansible would take them for templates. C(subscriber_id) is left
    out if it has other characters than letters, digits, C(.), C(_) and C(-), and C(target_host) if it is no host name and
    no IP address, with or without scheme and port."
  - "The connection options C(hostname), C(dx_username), C(dx_password), C(dx_port), C(validate_certs) and so on are those
    of the modules, with the same defaults and environment variables: see C(ansible-doc
    dxops.dam_staging.dam_subscriber_info)."
  - A login that was refused is not tried again for ten minutes. C(ltpa_token) runs out, so it is of little use here.
options:
  publishers:
    description:
      - The publishers to watch, each with C(hostname) and, where they differ from the options here, O(name), O(subscriber),
        O(subscriber_hosts) and connection options.
      - A publisher with C(dx_username), C(dx_password) or C(ltpa_token) of its own gets none of the common ones.
      - Without it, the one that C(hostname) names.
    type: list
    elements: dict
    default: []
  name:
    description: Name of the publisher in the inventory of the rulebook. Without it C(hostname).
    type: str
  interval:
    description:
      - Seconds from one look to the next, between 1 and 86400.
      - A look takes one request to the publisher and, with O(operations), one or two to each enabled subscriber; a few more
        where there is something to tell, and about ten while a subscriber works through a resync.
    type: float
    default: 60.0
  initial:
    description:
      - Whether what the first look finds is told as well, so that nothing is missed while no rulebook runs. Such events have
        C(at_start).
    type: bool
    default: true
  operations:
    description:
      - Whether the subscribers' own APIs are asked for their operations. Without it there is neither C(operations_failed) nor
        C(resync_finished).
    type: bool
    default: true
  subscriber:
    description:
      - Connection options for the subscribers where they differ from the publisher's. Without C(hostname) in it, each
        subscriber is reached at the host that it is registered with.
      - C(dx_username), C(dx_password) and C(ltpa_token) in it are sent only to C(hostname) in it and to the hosts of
        O(subscriber_hosts); for any other host there is C(watch_failed). Without them the publisher's account is sent to
        any host that a subscriber is registered with. C(validate_certs=false) of the publisher does not hold for them.
    type: dict
  subscriber_hosts:
    description:
      - The hosts of registrations to which credentials are sent, the publisher's as well as those in O(subscriber). Names and
        patterns such as V(*.dx.example.com), without a scheme and a port.
      - It may be given for each publisher, too.
    type: list
    elements: str
requirements:
  - ansible-core >= 2.16 and requests >= 2.25, for the Python that runs ansible-rulebook
author:
  - dxops.dam_staging contributors (@dxops)
"""

EXAMPLES = r"""
- name: One publisher, with the account from DX_USERNAME and DX_PASSWORD
  hosts: all
  sources:
    - dxops.dam_staging.dam_staging:
        hostname: dx-publisher.example.com
        interval: 300
  rules:
    - name: Say what was found
      condition: event.dam.type == "drift_found"
      action:
        debug:
          msg: "{{ event.dam.target_host }} differs: {{ event.dam.mismatch_count }} mismatches"

- name: Two publishers, named as in the inventory
  hosts: all
  sources:
    - dxops.dam_staging.dam_staging:
        publishers:
          - hostname: dx-emea.example.com
            name: emea
          - hostname: dx-apac.example.com
            name: apac
            dx_username: apacadmin
            dx_password: "{{ apac_password }}"
        initial: false
  rules:
    - name: Check what differs
      condition: event.dam.type == "drift_found"
      action:
        run_playbook:
          name: dxops.dam_staging.check
"""

import asyncio
import importlib
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

logger = logging.getLogger("dxops.dam_staging")

ROOT = "ansible_collections"
OWN = f"{ROOT}.dxops.dam_staging.plugins.plugin_utils"


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Watch until cancelled. Raises an error that says what to do where the options or the installation do not fit."""
    _lead_to_collections(Path(__file__))
    try:
        options = importlib.import_module(f"{OWN}._watch.options")
        loop = importlib.import_module(f"{OWN}._watch.loop")
    except ModuleNotFoundError as problem:
        raise ModuleNotFoundError(_advice(str(problem.name))) from None
    watches, interval, warnings = options.read(args)
    for text in warnings:
        logger.warning("%s", text)
    try:
        await loop.repeat([watch.look for watch in watches], interval, queue.put)
    finally:
        for watch in watches:
            watch.close()


def _lead_to_collections(file: Path) -> None:
    """Let ``ansible_collections`` lead to the collection that this file is part of, and to the others as before.

    ansible-rulebook runs this file by its path: collections are no Python packages to it.
    """
    place = next((folder for folder in file.absolute().parents if folder.name == ROOT), None)
    if place is None:
        return  # somewhere else than in an installed collection, which may be importable all the same
    try:
        package = importlib.import_module(ROOT)
    except ModuleNotFoundError:
        package = sys.modules.setdefault(ROOT, ModuleType(ROOT))
    others = [path for path in getattr(package, "__path__", []) if path != str(place)]
    package.__path__ = [str(place), *others]


def _advice(missing: str) -> str:
    if missing.split(".", maxsplit=1)[0] == "ansible":
        return (
            "ansible-core is needed by the event source dxops.dam_staging.dam_staging in the Python that runs "
            f"ansible-rulebook, {sys.executable}, and is not there. Install it with: {sys.executable} -m pip install "
            "ansible-core"
        )
    if missing.split(".", maxsplit=1)[0] == ROOT:
        return (
            f"The event source {__file__} is not part of an installed collection, and {missing} cannot be imported. "
            "Install the collection with ansible-galaxy collection install, and name the source "
            "dxops.dam_staging.dam_staging."
        )
    return f"The event source dxops.dam_staging.dam_staging needs the Python module {missing}, which is not installed."
