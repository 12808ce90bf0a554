"""Snapshots restore the exact contents of a storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oss_emulator.control import controls
from oss_emulator.storage import Account, Bucket, MemoryStorage, Object, Part, Storage, Upload
from oss_emulator.storage.disk import DiskStorage

BUCKET = Bucket("examplebucket", "1", 1.0, "cn-hangzhou", documents={"cors": b"<x/>"})


def in_memory(_: Path) -> Storage:
    return MemoryStorage()


def on_disk(folder: Path) -> Storage:
    return DiskStorage(folder, fsync=False)


@pytest.fixture(params=[in_memory, on_disk], ids=lambda make: make.__name__)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    make: Callable[[Path], Storage] = request.param
    made = make(tmp_path)
    made.put_bucket(BUCKET)
    made.put_account(Account("1", {"publicAccessBlock": b"<y/>"}))
    for version in ("1", "2"):
        put(made, "a", version.encode(), version_id=version, documents={"legalHold": b"<z/>"})
    made.put_upload(BUCKET.name, Upload("u", 1.0, Object("b", (), 0, '"E"', 0, 1.0, "1")))
    made.put_part(BUCKET.name, "u", Part(1, (), 0, '"P"', 0, 1.0))
    yield made
    made.close()


def put(storage: Storage, key: str, data: bytes, **others: object) -> None:
    writer = storage.blob_writer()
    writer.write(data)
    made = Object(key, (writer.finish(),), len(data), '"E"', 0, 1.0, "1")
    storage.put_object(BUCKET.name, made._replace(**others))  # type: ignore[arg-type]


def contents(storage: Storage) -> list[object]:
    found: list[object] = [*storage.accounts(), *storage.buckets()]
    for bucket in storage.buckets():
        for item in storage.versions(bucket.name):
            data = b"".join(blob.read(0, blob.size) for blob in item.content)
            found.append((item._replace(content=()), data))
        for upload in storage.uploads(bucket.name):
            found += [upload, *storage.parts(bucket.name, upload.id)]
    return found


def test_restored_storage_has_the_contents_of_the_snapshot(storage: Storage) -> None:
    before = contents(storage)
    taken = controls.take_snapshot(storage)
    storage.delete_object(BUCKET.name, "a", "2")
    put(storage, "new", b"x")
    storage.put_bucket(BUCKET._replace(name="another", documents={}))
    storage.put_account(Account("2"))
    storage.delete_upload(BUCKET.name, "u")
    controls.restore_snapshot(storage, taken)
    assert contents(storage) == before
    controls.release_snapshot(storage, taken)
    assert contents(storage) == before


def test_cleared_storage_is_empty(storage: Storage) -> None:
    controls.clear_storage(storage)
    assert contents(storage) == []


def test_bytes_of_a_snapshot_stay_until_it_is_dropped(storage: Storage) -> None:
    taken = controls.take_snapshot(storage)
    controls.clear_storage(storage)
    assert [blob.read(0, 9) for blob in taken.content] == [b"2", b"1"]
    controls.release_snapshot(storage, taken)
