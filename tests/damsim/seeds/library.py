# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building records by name, so that a seed reads like a table of contents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from damsim.names import RecordType as T
from damsim.store import Record

Key = tuple[T, str]
_CREATED = "2026-03-02T09:30:00.000Z"
_BY = "uid=wpsadmin,o=defaultWIMFileBasedRealm"


def record_id(record_type: T, label: str) -> str:
    """The id of a labelled record, the same in every run."""
    return str(uuid5(NAMESPACE_URL, f"urn:dxops:damsim:{record_type}:{label}"))


class Library:
    """Records by type and label. Labels of what belongs to an item begin with its file name: ``logo.png/Thumbnail``."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}

    def group(self, name: str) -> None:
        """A group of media types."""
        self._add(T.MEDIA_TYPE_GROUP, name, name=name)

    def media_type(self, mime_type: str, group: str, extension: str) -> None:
        """A media type in a group."""
        group_id = record_id(T.MEDIA_TYPE_GROUP, group)
        self._add(T.MEDIA_TYPE, mime_type, mimeType=mime_type, fileExtension=extension, mediaTypeGroupId=group_id)

    def collection(self, name: str, readers: Iterable[str] = (), parent: str | None = None) -> None:
        """A collection with its access-control resource, and a permission for each principal that may read it."""
        extra = {"parentId": record_id(T.COLLECTION, parent)} if parent else {}
        self._add(T.COLLECTION, name, name=name, description=f"Assets of {name}", **extra)
        self.resource(name)
        for principal in readers:
            self.permission(name, principal)

    def resource(self, collection: str) -> None:
        """The access-control resource of a collection; the API shows nothing of it but its id."""
        identity = record_id(T.RESOURCE, collection)
        body = {"id": identity, "collectionId": record_id(T.COLLECTION, collection)}
        self.records[T.RESOURCE, collection] = Record(T.RESOURCE, identity, body)

    def permission(self, collection: str, principal: str, role: str = "USER", blocked: bool = False) -> None:
        """A permission on a collection; its label is ``collection/principal``."""
        owner = record_id(T.COLLECTION, collection)
        values = {"collectionId": owner, "principal": principal, "role": role, "blocked": blocked}
        self._add(T.PERMISSION, f"{collection}/{principal}", **values)

    def item(
        self,
        collection: str,
        file_name: str,
        mime_type: str = "image/png",
        renditions: Iterable[str] = ("Original", "Thumbnail"),
        versions: int = 1,
        keywords: Iterable[str] = (),
        urls: Iterable[str] = (),
        favorite_of: Iterable[str] = (),
    ) -> None:
        """A media item with all that belongs to it.

        Args:
            collection: that it is in.
            file_name: its label.
            mime_type: of the original.
            renditions: names; the first one has the versions.
            versions: how many.
            keywords: words; label ``item/word``.
            urls: custom URLs; label ``item/url``.
            favorite_of: users; label ``item/user``.
        """
        owner, item = record_id(T.COLLECTION, collection), record_id(T.MEDIA_ITEM, file_name)
        self._add(T.MEDIA_ITEM, file_name, collectionId=owner, fileName=file_name, title=file_name, mimeType=mime_type)
        both = {"collectionId": owner, "mediaItemId": item}
        self._add(T.COLLECTION_MEDIA_RELATION, f"{collection}/{file_name}", **both)
        for number, rendition in enumerate(renditions):
            label = f"{file_name}/{rendition}"
            self._add(T.RENDITION, label, **both, renditionType=rendition, fileSize=40_960 // (number + 1))
            for version in range(1, versions + 1 if not number else 1):
                belongs = {**both, "renditionId": record_id(T.RENDITION, label)}
                self._add(T.VERSION, f"{label}/{version}", **belongs, version=version, fileSize=40_960 + version)
        for word in keywords:
            self._add(T.KEYWORD, f"{file_name}/{word}", **both, keyword=word)
        for url in urls:
            self.custom_url(collection, file_name, url)
        for user in favorite_of:
            self._add(T.FAVORITE, f"{file_name}/{user}", **both, userId=user)

    def custom_url(self, collection: str, file_name: str, url: str) -> None:
        """A custom URL of an item. Its id comes from the URL, so that changing one is a deletion and a creation."""
        owner, item = record_id(T.COLLECTION, collection), record_id(T.MEDIA_ITEM, file_name)
        self._add(T.CUSTOM_URL, f"{file_name}/{url}", collectionId=owner, mediaItemId=item, url=url)

    def _add(self, record_type: T, label: str, **body: Any) -> None:
        identity = record_id(record_type, label)
        stamps = {"created": _CREATED, "updated": _CREATED, "createdBy": _BY}
        self.records[record_type, label] = Record(record_type, identity, {"id": identity, **body, **stamps})
