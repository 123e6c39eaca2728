# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's acceptance scenario: a subscriber broken in every kind of record that is staged."""

from __future__ import annotations

from damsim.names import RecordType as T
from damsim.seeds.damage import Damage, added, changed, removed
from damsim.seeds.library import Library


def library() -> Library:
    """The publisher's records."""
    lib = Library()
    lib.group("Images")
    lib.media_type("image/png", "Images", "png")
    for number in range(1, 6):
        name = f"Collection {number}"
        lib.collection(name, readers=("all authenticated users", f"team {number}"))
        for item in range(1, 4):
            lib.item(
                name,
                f"item-{number}-{item}.png",
                renditions=("Original", "Desktop", "Smartphone", "Thumbnail"),
                versions=2,
                keywords=(f"keyword {number}", "asset"),
                urls=(f"/assets/{number}/{item}",),
                favorite_of=("wpsadmin",),
            )
    return lib


def damage(_library: Library) -> list[Damage]:
    """What is wrong at the subscriber."""
    return [
        removed(T.COLLECTION, "Collection 1"),
        changed(T.COLLECTION, "Collection 2", name="Collection 2 renamed"),
        added(lambda lib: lib.collection("Collection 6", readers=("all authenticated users",))),
        removed(T.MEDIA_ITEM, "item-2-1.png"),
        removed(T.RENDITION, "item-3-1.png/Smartphone"),
        removed(T.RENDITION, "item-3-1.png/Desktop"),
        removed(T.VERSION, "item-3-2.png/Original/1"),
        removed(T.VERSION, "item-3-2.png/Original/2"),
        removed(T.KEYWORD, "item-3-3.png/asset"),
        removed(T.FAVORITE, "item-4-1.png/wpsadmin"),
        removed(T.CUSTOM_URL, "item-4-2.png//assets/4/2"),
        added(lambda lib: lib.custom_url("Collection 4", "item-4-2.png", "/assets/4/changed")),
        removed(T.PERMISSION, "Collection 4/team 4"),
        added(lambda lib: lib.permission("Collection 5", "intruders")),
        removed(T.RESOURCE, "Collection 5"),
    ]
