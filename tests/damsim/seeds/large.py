# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeds of any size, kept as SQLite files that a server starts from."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from damsim.names import RecordType as T
from damsim.store import Record, Records, connect

MANIFEST = "seed.json"
KINDS = ("CREATE", "UPDATE", "DELETE")
_PER_COLLECTION = 500
_PER_ITEM = 5
_CREATED = "2026-03-02T09:30:00.000Z"


def is_seed(folder: Path) -> bool:
    """Whether a folder holds a large seed."""
    return (folder / MANIFEST).is_file()


def opened(folder: Path, index: int) -> closing[sqlite3.Connection]:
    """The database of the publisher (0) or of a subscriber, which are all alike."""
    return closing(connect(_file(folder, "subscriber" if index else "publisher")))


def make(folder: Path, records: int, mismatches: int, kinds: tuple[str, ...] = KINDS) -> None:
    """Make a seed; the same arguments make the same data.

    Args:
        folder: where to; made when missing.
        records: how many the publisher has.
        mismatches: how many the comparison will find, spread evenly over records and kinds.
        kinds: of CREATE, UPDATE and DELETE.

    Raises:
        ValueError: more creations and updates are wanted than there are items.
    """
    folder.mkdir(parents=True, exist_ok=True)
    publisher, subscriber = _file(folder, "publisher"), _file(folder, "subscriber")
    for file in (publisher, subscriber):
        file.unlink(missing_ok=True)
    with closing(connect(publisher)) as connection:
        Records(connection).put_many(_records(records))
    shutil.copyfile(publisher, subscriber)
    with closing(connect(subscriber)) as connection:
        _damage(connection, mismatches, kinds)
    manifest = {"records": records, "mismatches": mismatches, "kinds": list(kinds)}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.sqlite"


def _records(count: int) -> Iterator[Record]:
    """Collections, each followed by items with a rendition, a version, a keyword and a custom URL."""
    collection = ""
    made = 0
    for number in range(count):
        if made >= count:
            return
        if number % _PER_COLLECTION == 0:
            collection = _id("c", number)
            yield Record(T.COLLECTION, collection, _body(collection, name=f"Collection {number}"))
            made += 1
        for record in _item(number, collection)[: count - made]:
            made += 1
            yield record


def _item(number: int, collection: str) -> list[Record]:
    item, rendition = _id("i", number), _id("r", number)
    both = {"collectionId": collection, "mediaItemId": item}
    name = f"asset-{number}.png"
    bodies = (
        (T.MEDIA_ITEM, item, {"collectionId": collection, "fileName": name, "title": name, "mimeType": "image/png"}),
        (T.RENDITION, rendition, {**both, "renditionType": "Original", "fileSize": number}),
        (T.VERSION, _id("v", number), {**both, "renditionId": rendition, "version": 1, "fileSize": number}),
        (T.KEYWORD, _id("k", number), {**both, "keyword": f"keyword {number % 97}"}),
        (T.CUSTOM_URL, _id("u", number), {**both, "url": f"/assets/{number}"}),
    )
    return [Record(kind, identity, _body(identity, **body)) for kind, identity, body in bodies]


def _id(letter: str, number: int) -> str:
    """An id whose order has nothing to do with the number's, as with the product's random ones."""
    mixed = number * 0x9E3779B97F4A7C15 % (1 << 64)
    return f"{mixed:016x}-{letter}{number:07d}"


def _body(identity: str, **body: object) -> dict[str, object]:
    return {"id": identity, **body, "created": _CREATED, "updated": _CREATED}


def _damage(connection: sqlite3.Connection, mismatches: int, kinds: tuple[str, ...]) -> None:
    """Deletions and updates hit leaves (nothing belongs to them), so that each is exactly one mismatch."""
    leaves = (T.VERSION, T.KEYWORD, T.CUSTOM_URL)
    wanted = {kind: mismatches // len(kinds) + (n < mismatches % len(kinds)) for n, kind in enumerate(kinds)}
    hit = wanted.get("CREATE", 0) + wanted.get("UPDATE", 0)
    marks = ",".join("?" * len(leaves))
    total = connection.execute(f"SELECT COUNT(*) FROM records WHERE type IN ({marks})", leaves).fetchone()[0]
    if hit > total:
        raise ValueError(f"{hit} creations and updates do not fit into {total} records that can be hit")
    step = max(total // hit, 1) if hit else 1
    rows = connection.execute(f"SELECT type, id, body FROM records WHERE type IN ({marks}) ORDER BY id, type", leaves)
    chosen = [row for n, row in enumerate(rows) if n % step == 0][:hit]
    gone = wanted.get("CREATE", 0)
    spread = set(range(0, hit, max(hit // gone, 1))) if gone else set()
    spread = set(sorted(spread)[:gone]) | set(range(max(gone - len(spread), 0)))
    with connection:
        connection.execute("BEGIN")
        deletions = [chosen[n][:2] for n in range(hit) if n in spread]
        connection.executemany("DELETE FROM records WHERE type=? AND id=?", deletions)
    changed = (chosen[n] for n in range(hit) if n not in spread)
    records = Records(connection)
    records.put_many(
        Record(T(t), i, {**json.loads(body), "updated": "2026-03-03T00:00:00.000Z"}) for t, i, body in changed
    )
    extra = range(10_000_000, 10_000_000 + wanted.get("DELETE", 0))
    records.put_many(Record(T.KEYWORD, _id("x", n), _body(_id("x", n), keyword=f"left over {n}")) for n in extra)
