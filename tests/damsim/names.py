# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product's vocabulary: record types, statuses, trigger functions, and which release brought what.

Everything here is a fact about the product (the vendor's OpenAPI documents and documentation); nothing is behaviour.
"""

from __future__ import annotations

from enum import StrEnum

DAM_BASE = "/dx/api/dam/v1"
RING_BASE = "/dx/api/core/v1"
CONTROL_BASE = "/_sim"
COOKIE = "LtpaToken2"

NEWEST_RELEASE = 229
OLDEST_RELEASE = 202
RESYNC_FIELDS_SINCE = 215
"""Release that brought ``resyncStatus`` and ``lastResyncTime``, and PERMISSION and RESOURCE in mismatch logs."""


class RecordType(StrEnum):
    """Record types, in the order in which records have to be created (parents first)."""

    MEDIA_TYPE_GROUP = "MEDIA_TYPE_GROUP"
    MEDIA_TYPE = "MEDIA_TYPE"
    COLLECTION = "COLLECTION"
    RESOURCE = "RESOURCE"
    PERMISSION = "PERMISSION"
    MEDIA_ITEM = "MEDIA_ITEM"
    COLLECTION_MEDIA_RELATION = "COLLECTION_MEDIA_RELATION"
    RENDITION = "RENDITION"
    VERSION = "VERSION"
    KEYWORD = "KEYWORD"
    CUSTOM_URL = "CUSTOM_URL"
    FAVORITE = "FAVORITE"


class Action(StrEnum):
    """What a resync would do at the subscriber."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class ResyncStatus(StrEnum):
    """Values of ``resyncStatus`` (the vendor's documentation)."""

    FIND_MISMATCH_START = "FIND_MISMATCH_START"
    DYNAMIC_STATUS_COMPUTATION_REQUIRED = "DYNAMIC_STATUS_COMPUTATION_REQUIRED"
    FIND_MISMATCH_COMPLETED = "FIND_MISMATCH_COMPLETED"
    FIND_MISMATCH_FAILED = "FIND_MISMATCH_FAILED"
    RESYNC_TRIGGER_START = "RESYNC_TRIGGER_START"
    RESYNC_TRIGGER_COMPLETED = "RESYNC_TRIGGER_COMPLETED"
    RESYNC_TRIGGER_FAILED = "RESYNC_TRIGGER_FAILED"


RUNNING_STATUSES = frozenset(
    {
        ResyncStatus.FIND_MISMATCH_START,
        ResyncStatus.DYNAMIC_STATUS_COMPUTATION_REQUIRED,
        ResyncStatus.RESYNC_TRIGGER_START,
    }
)


class OperationStatus(StrEnum):
    """Statuses of an operation (the vendor's OpenAPI document)."""

    TODO = "TODO"
    READ = "READ"
    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    RETRY = "RETRY"
    WAIT = "WAIT"
    PENDING = "PENDING"
    FAILED = "FAILED"
    ABORT = "ABORT"


NO_RECORDS_CALL = frozenset({RecordType.PERMISSION, RecordType.RESOURCE})
"""Types that no ``/staging/records`` call knows (the vendor's OpenAPI document)."""

WINDOW_TYPES = tuple(t for t in RecordType if t not in NO_RECORDS_CALL)

_SYNC_FUNCTIONS = {
    RecordType.COLLECTION: "syncStagingCollectionContent",
    RecordType.MEDIA_ITEM: "syncStagingMediaContent",
    RecordType.COLLECTION_MEDIA_RELATION: "syncStagingMediaContent",
    RecordType.KEYWORD: "syncStagingMediaContent",
    RecordType.CUSTOM_URL: "syncStagingMediaContent",
    RecordType.RENDITION: "syncStagingRenditionContent",
    RecordType.VERSION: "syncStagingVersionContent",
    RecordType.RESOURCE: "syncStagingPermissionResource",
    RecordType.FAVORITE: "syncStagingFavoriteContent",
    RecordType.MEDIA_TYPE: "syncStagingMediaTypeContent",
    RecordType.MEDIA_TYPE_GROUP: "syncStagingMediaTypeGroupContent",
}
_PERMISSION_FUNCTIONS = {
    Action.CREATE: "syncStagingCreatePermission",
    Action.UPDATE: "syncStagingRoleBlock",
    Action.DELETE: "syncStagingDeletePermission",
}


def sync_function(record_type: RecordType, action: Action) -> str:
    """Trigger function of the operation that stages one record.

    The names are the vendor's; which one handles keywords, custom URLs, relations and changed permissions is inferred.
    """
    if record_type is RecordType.PERMISSION:
        return _PERMISSION_FUNCTIONS[action]
    return _SYNC_FUNCTIONS[record_type]


def api_version(release: int) -> str:
    """API version of a release: 1.N belongs to CF(N+188) (the vendor's OpenAPI documents)."""
    return f"1.{release - 188}.0"


def parse_release(text: str) -> int:
    """``CF229`` or ``229`` as a number.

    Raises:
        ValueError: not a release between CF202 and CF229.
    """
    digits = text.upper().removeprefix("CF")
    if not digits.isdigit() or not OLDEST_RELEASE <= int(digits) <= NEWEST_RELEASE:
        raise ValueError(f"release must be CF{OLDEST_RELEASE}..CF{NEWEST_RELEASE}, not {text!r}")
    return int(digits)


def knows_type(release: int, record_type: RecordType) -> bool:
    """Whether a release's mismatch logs know a type (the vendor's OpenAPI documents)."""
    if record_type is RecordType.COLLECTION_MEDIA_RELATION:
        return not 218 <= release <= 222
    if record_type in NO_RECORDS_CALL:
        return release >= RESYNC_FIELDS_SINCE
    return True


def lists_type(release: int, record_type: RecordType) -> bool:
    """Whether ``GET /staging/records`` of a release lists ids of a type.

    The call came with CF217; the document of that release leaves COLLECTION_MEDIA_RELATION out of its enumeration.
    """
    if release < 217 or record_type in NO_RECORDS_CALL:
        return False
    return record_type is not RecordType.COLLECTION_MEDIA_RELATION or release >= 223
