# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mismatch looks like as a row of the logs.

The vendor documents no columns. These are invented, and differ by type and action on purpose: a client must not
rely on any of them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any
from uuid import UUID

from damsim.comparison import Mismatch
from damsim.names import Action, RecordType

_NAMES = {
    RecordType.COLLECTION: "name",
    RecordType.MEDIA_ITEM: "fileName",
    RecordType.MEDIA_TYPE: "mimeType",
    RecordType.MEDIA_TYPE_GROUP: "name",
    RecordType.KEYWORD: "keyword",
    RecordType.CUSTOM_URL: "url",
}
_DETAILS = {
    RecordType.RENDITION: ("renditionType", "fileSize"),
    RecordType.VERSION: ("version", "fileSize"),
    RecordType.PERMISSION: ("role", "principal", "blocked"),
    RecordType.FAVORITE: ("userId",),
}


def row(mismatch: Mismatch, subscriber_id: str, created: str) -> dict[str, Any]:
    """A row of the mismatch logs.

    Args:
        mismatch: what differs.
        subscriber_id: the registration it was found for.
        created: ISO-8601 time.
    """
    key = f"{subscriber_id}/{mismatch.type}/{mismatch.action}/{mismatch.id}"
    result: dict[str, Any] = {
        "id": str(UUID(bytes=blake2b(key.encode(), digest_size=16).digest())),
        "subscriberId": subscriber_id,
        "recordId": mismatch.id,
        "recordType": mismatch.type.value,
        "recordAction": mismatch.action.value,
        "created": created,
    }
    if mismatch.record is None:
        return result
    body = mismatch.record.body
    for column in ("collectionId", "mediaItemId", "renditionId"):
        if column in body:
            result[column] = body[column]
    if mismatch.type in _NAMES:
        result["recordName"] = body.get(_NAMES[mismatch.type], "")
    if mismatch.type in _DETAILS:
        result["details"] = {name: body[name] for name in _DETAILS[mismatch.type] if name in body}
    if mismatch.action is Action.UPDATE and "updated" in body:
        result["recordUpdated"] = body["updated"]
    return result
