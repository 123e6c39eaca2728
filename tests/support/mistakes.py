# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users get wrong, as data: the options, and the words that the message has to have."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.connections import connection_to
from support.scenes import compared, named, register
from support.standin import StandIn

HOST = "127.0.0.1"
"""Where every environment of a stand-in is."""
WRONG = "wrong-secret-one"
HTML = "<html><body>Please sign in</body></html>"
FIND, REPORT, RESYNC = "dam_find_mismatch", "dam_mismatch_report", "dam_resync"
DELETE, OPERATIONS, SUBSCRIBERS = "dam_delete_mismatch", "dam_operations_info", "dam_subscriber_info"
NO_PASSWORD = {"dx_username": None, "dx_password": None}


@dataclass
class Scene:
    """The stand-ins that a case is about, and a folder that has to stay as it is."""

    plain: StandIn
    tls: StandIn
    folder: Path

    @property
    def named(self) -> dict[str, str]:
        """The option that names the subscriber."""
        return named(self.plain)


Options = Callable[[Scene], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One mistake: a module, its options, and words that the message has to have.

    ``answer`` is how the server answers the first look at its subscribers, ``prepare`` any other change of it.
    """

    module: str
    options: Options
    words: list[str]
    answer: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Scene], object] | None = None


def plain(**options: Any) -> Options:
    """Return options that name the subscriber and have these besides."""
    return lambda scene: {**scene.named, **options}


def over_tls(**options: Any) -> Options:
    """Return options that lead to the stand-in with TLS."""
    return lambda scene: {**connection_to(scene.tls), **named(scene.tls), **options}


def to_dest(name: str, **options: Any) -> Options:
    """Return options that write to a file in the scene's folder."""
    return lambda scene: {**scene.named, "dest": str(scene.folder / name), **options}


def unwritable(scene: Scene) -> dict[str, Any]:
    """Return options that write where nobody may."""
    folder = Path("/proc") if os.geteuid() == 0 else scene.folder / "locked"  # root may write in any real folder
    return {**scene.named, "dest": str(folder / "report.csv")}


def ca_of_garbage(scene: Scene) -> dict[str, Any]:
    """Return options with a CA bundle that is none."""
    return over_tls(ca_path=str(scene.folder / "garbage.pem"))(scene)


def with_differences(scene: Scene) -> object:
    """Make it look as if a comparison had ended."""
    return compared(scene.plain)


def as_author(scene: Scene) -> dict[str, str]:
    """Return the login of someone who is no administrator."""
    return {"dx_username": scene.plain.author_username, "dx_password": scene.plain.author_password}


def nothing(_scene: Scene) -> dict[str, Any]:
    """Return no options."""
    return {}


def old(release: str) -> Callable[[Scene], object]:
    """Return what makes the server an older release."""
    return lambda scene: scene.plain.settings(release=release)


def twice_registered(scene: Scene) -> object:
    """Register the subscriber's host once more, with a scheme."""
    return register(scene.plain, scene.plain.publisher, f"http://{scene.plain.subscribers[0].target_host}")


CASES = {
    "unknown subscriber id": Case(
        FIND, lambda _scene: {"subscriber_id": "nobody"}, ["subscriber_id", "'nobody'", "It has: 127.0.0.1"]
    ),
    "unknown target host": Case(
        RESYNC,
        lambda _scene: {"target_host": "dx.example.com"},
        ["target_host", "'dx.example.com'", "It has: 127.0.0.1"],
    ),
    "two subscribers for one host": Case(
        DELETE,
        lambda scene: {"target_host": scene.plain.subscribers[0].target_host},
        ["target_host", "fits 2 subscribers", "Name one by subscriber_id"],
        prepare=twice_registered,
    ),
    "no subscriber named": Case(FIND, nothing, ["subscriber_id", "target_host"]),
    "another host than the id's": Case(
        FIND, plain(target_host="dx.example.com"), ["target_host changed", "dx.example.com"]
    ),
    "one subscriber and all": Case(DELETE, plain(all_subscribers=True), ["mutually exclusive"]),
    "every host": Case(RESYNC, plain(subscriber_hosts=["*"]), ["subscriber_hosts: '*' names every host"]),
    "all_subscribers false": Case(
        DELETE, lambda _scene: {"all_subscribers": False}, ["all_subscribers: only true makes sense"]
    ),
    "wrong password": Case(
        FIND, plain(dx_password=WRONG), ["Login as 'wpsadmin' failed", "Authentication failed", "dx_password"]
    ),
    "wrong password of the subscriber": Case(
        RESYNC,
        plain(subscriber={"dx_username": "someone", "dx_password": WRONG}, subscriber_hosts=[HOST]),
        ["Login as 'someone' failed", "Authentication failed"],
        prepare=with_differences,
    ),
    "no administrator": Case(
        FIND,
        lambda scene: {**scene.named, **as_author(scene)},
        ["403", "Only administrators may do this.", "'author' has to be an administrator"],
    ),
    "no administrator at the subscriber": Case(
        RESYNC,
        lambda scene: {**scene.named, "subscriber": as_author(scene), "subscriber_hosts": [HOST]},
        ["403", "'author' has to be an administrator"],
        prepare=with_differences,
    ),
    "username without password": Case(FIND, plain(dx_password=None), ["dx_username", "dx_password"]),
    "empty password": Case(FIND, plain(dx_password=""), ["dx_username", "dx_password", "missing"]),
    "token that is not valid": Case(FIND, plain(**NO_PASSWORD, ltpa_token=WRONG), ["ltpa_token", "dx_password"]),
    "unreachable host": Case(FIND, plain(hostname="127.0.0.9"), ["127.0.0.9", "check hostname and dx_port"]),
    "unknown host": Case(FIND, plain(hostname="dx.invalid"), ["dx.invalid", "check hostname and dx_port"]),
    "wrong port": Case(FIND, plain(dx_port=1), ["127.0.0.1:1", "check hostname and dx_port"]),
    "wrong ring port": Case(FIND, plain(ring_api_port=1), ["127.0.0.1:1/dx/api/core", "cannot be reached"]),
    "wrong version of the Ring API": Case(FIND, plain(ring_api_version="v9"), ["404", "ring_api_version"]),
    "wrong version of the DAM API": Case(FIND, plain(dam_api_version="v9"), ["404", "dam_api_version"]),
    "port out of range": Case(FIND, plain(dx_port=70000), ["dx_port: 70000 is out of range", "65535"]),
    "port of the subscriber out of range": Case(
        RESYNC,
        plain(subscriber={"dx_port": 70000}),
        ["subscriber.dx_port: 70000 is out of range"],
        prepare=with_differences,
    ),
    "port that is no number": Case(FIND, plain(dx_port="https"), ["dx_port"]),
    "hostname with a scheme": Case(
        FIND,
        plain(hostname="https://dx.example.com"),
        ["hostname: give the host alone, here 'dx.example.com'", "dx_protocol"],
    ),
    "no hostname": Case(FIND, plain(hostname=None), ["hostname"]),
    "plain HTTP against TLS": Case(
        FIND, over_tls(dx_protocol="http"), ["if that port speaks TLS, set dx_protocol to https"]
    ),
    "TLS against plain HTTP": Case(FIND, plain(dx_protocol="https"), ["no TLS is spoken there", "dx_protocol to http"]),
    "certificate not trusted": Case(FIND, over_tls(ca_path=None), ["the certificate is not trusted", "ca_path"]),
    "ca_path that is not there": Case(
        FIND, over_tls(ca_path="/nowhere/ca.pem"), ["ca_path: there is no readable file '/nowhere/ca.pem'"]
    ),
    "ca_path without a certificate": Case(FIND, ca_of_garbage, ["ca_path"]),
    "wait_timeout below zero": Case(FIND, plain(wait_timeout=-1), ["wait_timeout: -1 is out of range"]),
    "comparing with an old release": Case(
        FIND, plain(), ["404", "CF214", "check that the server is not older"], prepare=old("CF213")
    ),
    "deleting with an old release": Case(DELETE, plain(), ["404", "CF214"], prepare=old("CF213")),
    "reporting with an old release": Case(
        REPORT, to_dest("report.csv", force=True), ["404", "CF214"], prepare=old("CF213")
    ),
    "operations of an old release": Case(OPERATIONS, nothing, ["404", "CF209"], prepare=old("CF208")),
    "unwritable dest": Case(REPORT, unwritable, ["report"], prepare=with_differences),
    "dest a folder": Case(REPORT, to_dest("", force=True), ["dest:", "is a folder. Name a file in it."]),
    "dest in a folder that is not there": Case(
        REPORT, to_dest("nowhere/report.csv", force=True), ["dest: there is no folder", "Make it first."]
    ),
    "dest in a file": Case(REPORT, to_dest("garbage.pem/report.csv", force=True), ["dest: there is no folder"]),
    "dest a device": Case(REPORT, plain(dest="/dev/null", force=True), ["dest:", "/dev/null", "regular file"]),
    "unknown record type": Case(
        REPORT, to_dest("report.csv", record_type=["PICTURE"]), ["record_type", "PICTURE", "MEDIA_ITEM"]
    ),
    "unknown record action": Case(
        REPORT, to_dest("report.csv", record_action=["MOVE"]), ["record_action", "MOVE", "UPDATE"]
    ),
    "unknown format": Case(REPORT, to_dest("report.csv", format="xls"), ["format", "xls", "csv"]),
    "a redirect to another host": Case(
        SUBSCRIBERS,
        nothing,
        ["redirect (302)", "http://127.0.0.2:9/dx", "not followed", "hostname"],
        answer={"kind": "redirect", "headers": {"Location": "http://127.0.0.2:9/dx?x=1"}},
    ),
    "HTML with 200": Case(
        SUBSCRIBERS,
        nothing,
        ["answered with 200, but it is not JSON", "Please sign in", "Is this the address of the API"],
        answer={"kind": "body", "body": HTML},
    ),
    "an object in place of an array": Case(
        SUBSCRIBERS,
        nothing,
        ["no array of subscribers"],
        answer={"kind": "body", "body": "{}", "headers": {"Content-Type": "application/json"}},
    ),
    "an error of the server": Case(
        SUBSCRIBERS,
        nothing,
        ["500", "The database is away."],
        answer={"kind": "status", "status": 500, "body": '{"error": {"message": "The database is away."}}'},
    ),
    "a proxy without a server": Case(
        SUBSCRIBERS,
        nothing,
        ["503", "No server is available"],
        answer={"kind": "status", "status": 503, "body": "<h1>No server is available</h1>"},
    ),
}
