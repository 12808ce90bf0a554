"""The invariants of the folder of a closed storage."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from oss_emulator.storage.blobs import StoredBlob
from oss_emulator.storage.disk import DiskStorage


def check(folder: Path) -> dict[str, bytes]:
    """Check that every record has its bytes and every file a record; return contents by key."""
    with closing(DiskStorage(folder, fsync=False)) as storage:
        found: dict[str, bytes] = {}
        uses: Counter[str] = Counter()
        for bucket in storage.buckets():
            newest = {item.key: item for item in storage.objects(bucket.name)}
            contents = [item.content for item in storage.versions(bucket.name)]
            for upload in storage.uploads(bucket.name):
                contents += [part.content for part in storage.parts(bucket.name, upload.id)]
            for blob in (blob for content in contents for blob in content):
                assert isinstance(blob, StoredBlob)
                blob.verify()
                uses[blob.name] += 1
            for key, item in newest.items():
                data = b"".join(blob.read(0, blob.size) for blob in item.content)
                assert len(data) == item.size
                found[key] = data
    assert {path.name for path in (folder / "blobs").rglob("*") if path.is_file()} == set(uses)
    with closing(sqlite3.connect(folder / "index.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert dict(database.execute("SELECT name, uses FROM blob")) == uses
        twice = "SELECT 1 FROM version GROUP BY bucket, key HAVING SUM(newest) != 1"
        assert database.execute(twice).fetchall() == []
    return found
