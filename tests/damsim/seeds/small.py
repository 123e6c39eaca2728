# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few dozen readable records, and a subscriber with one of every kind of mismatch."""

from __future__ import annotations

from damsim.names import RecordType as T
from damsim.seeds.damage import Damage, added, changed, removed
from damsim.seeds.library import Library


def library() -> Library:
    """The publisher's records."""
    lib = Library()
    for group in ("Images", "Videos", "Documents"):
        lib.group(group)
    for mime_type, group, extension in (
        ("image/png", "Images", "png"),
        ("image/jpeg", "Images", "jpg"),
        ("video/mp4", "Videos", "mp4"),
        ("application/pdf", "Documents", "pdf"),
    ):
        lib.media_type(mime_type, group, extension)

    lib.collection("Brand", readers=("everyone", "designers"))
    lib.item("Brand", "logo.png", versions=2, keywords=("logo", "brand"), urls=("/brand/logo",), favorite_of=("anna",))
    lib.item("Brand", "logo-dark.png", keywords=("logo",), urls=("/brand/logo-dark",))

    lib.collection("Spring campaign", readers=("everyone", "marketing"))
    lib.item("Spring campaign", "hero.jpg", "image/jpeg", keywords=("spring",), favorite_of=("anna", "ben"))
    lib.item("Spring campaign", "flowers.jpg", "image/jpeg", renditions=("Original", "Thumbnail", "Mobile"), versions=2)

    lib.collection("Autumn campaign", readers=("marketing",))
    lib.item("Autumn campaign", "leaves.jpg", "image/jpeg", keywords=("autumn",), urls=("/autumn/leaves",))

    lib.collection("Product sheets", readers=("everyone",))
    lib.item("Product sheets", "sheet-a.pdf", "application/pdf", renditions=("Original",), versions=3)
    lib.item("Product sheets", "sheet-b.pdf", "application/pdf", renditions=("Original",))

    lib.collection("Trailers", readers=("everyone",), parent="Brand")
    lib.item("Trailers", "trailer.mp4", "video/mp4", favorite_of=("cleo",))
    return lib


def damage(_library: Library) -> list[Damage]:
    """What is wrong at the subscriber: creations, updates and deletions of every type that can have them."""
    return [
        # Missing at the subscriber.
        removed(T.COLLECTION, "Autumn campaign"),
        removed(T.MEDIA_ITEM, "sheet-b.pdf"),
        removed(T.RENDITION, "flowers.jpg/Mobile"),
        removed(T.VERSION, "sheet-a.pdf/Original/3"),
        removed(T.KEYWORD, "logo.png/brand"),
        removed(T.FAVORITE, "hero.jpg/ben"),
        removed(T.COLLECTION_MEDIA_RELATION, "Brand/logo-dark.png"),
        removed(T.PERMISSION, "Brand/designers"),
        removed(T.RESOURCE, "Product sheets"),
        removed(T.MEDIA_TYPE, "video/mp4"),
        removed(T.MEDIA_TYPE_GROUP, "Videos"),
        # Different at the subscriber.
        changed(T.COLLECTION, "Spring campaign", name="Spring campaign (old)"),
        changed(T.MEDIA_ITEM, "hero.jpg", title="Hero, first draft"),
        changed(T.COLLECTION_MEDIA_RELATION, "Spring campaign/hero.jpg", position=7),
        changed(T.RENDITION, "logo.png/Thumbnail", fileSize=1),
        changed(T.VERSION, "sheet-a.pdf/Original/1", fileSize=2),
        changed(T.KEYWORD, "logo.png/logo", keyword="Logo"),
        changed(T.FAVORITE, "logo.png/anna", userId="Anna"),
        changed(T.CUSTOM_URL, "logo.png//brand/logo", url="/brand/old-logo"),
        changed(T.PERMISSION, "Spring campaign/marketing", blocked=True),
        changed(T.MEDIA_TYPE, "image/png", fileExtension="PNG"),
        changed(T.MEDIA_TYPE_GROUP, "Documents", name="Papers"),
        # Only at the subscriber.
        added(_leftovers),
        removed(T.CUSTOM_URL, "logo-dark.png//brand/logo-dark"),
        added(lambda lib: lib.custom_url("Brand", "logo-dark.png", "/brand/logo-night")),
        added(lambda lib: lib.permission("Brand", "interns")),
        added(lambda lib: lib.group("Sounds")),
        added(lambda lib: lib.media_type("audio/mpeg", "Sounds", "mp3")),
    ]


def _leftovers(lib: Library) -> None:
    lib.collection("Winter sale", readers=("everyone",))
    lib.item(
        "Winter sale", "snow.jpg", "image/jpeg", keywords=("winter",), urls=("/winter/snow",), favorite_of=("dan",)
    )
