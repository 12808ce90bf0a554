"""Full and broken disks, records that cannot be read, and snapshots."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oss2.exceptions import ServerError
from oss2.models import (
    BatchDeleteObjectVersion,
    BatchDeleteObjectVersionList,
    BucketVersioningConfig,
)
from oss_emulator import Emulator
from oss_emulator.control import controls
from oss_emulator.storage import folder, index
from oss_emulator.storage.base import (
    Account,
    Bucket,
    FolderError,
    Object,
    Part,
    Restore,
    Storage,
    Upload,
)
from oss_emulator.storage.base import describe_failure as describe
from oss_emulator.storage.blobs import CorruptBlobError, MemoryBlob
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.memory import MemoryStorage
from oss_referer.sources.toml import NO_TEMPORARY_FOLDER

from tests.client import Answer, Client
from tests.rows import read_cases, rows
from tests.unit.storage import invariants

CASES = read_cases("unit.storage")

# --- A full or read-only disk: writes get 500 and one line in the log, and change nothing

BUCKET = "/examplebucket"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(data=tmp_path / "data") as running:
        running.put(BUCKET, headers={"x-oss-acl": "public-read-write"})
        yield running


def files(data: Path) -> list[Path]:
    """Return the files of blobs, complete or not."""
    return [path for path in (data / "blobs").rglob("*") if path.is_file()]


def client(emulator: Emulator) -> Client:
    return Client("127.0.0.1", emulator.port)


class Full:
    """A disk that fails once, after `left` more operations."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for owner, name in (
            (folder.FileWriter, "__init__"),
            (folder.FileWriter, "write"),
            (os, "fsync"),
        ):
            patch.setattr(owner, name, self._failing(getattr(owner, name)))

    def _failing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == -1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "the file")
            return real(*arguments, **options)

        return step

    @property
    def failed(self) -> bool:
        return self.left < 0


def check_refused(answer: Answer, caplog: pytest.LogCaptureFixture, *reasons: str) -> None:
    assert (answer.status, answer.code) == (500, "InternalError")
    (record,) = [record for record in caplog.records if record.name == "oss_emulator"]
    assert record.exc_info is None
    assert record.getMessage().count("\n") == 0
    assert any(reason in record.getMessage() for reason in reasons)
    caplog.clear()


def test_put_that_fails_at_any_step_changes_nothing(
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    to = client(emulator)
    assert to.put(f"{BUCKET}/a", b"old").status == 200
    full = Full(monkeypatch)
    steps = 0
    while True:
        full.left = steps
        answer = to.put(f"{BUCKET}/a", b"new" * 500_000)  # more than one write
        if not full.failed:
            break
        check_refused(answer, caplog, os.strerror(errno.ENOSPC))
        assert to.get(f"{BUCKET}/a").body == b"old"
        assert len(files(tmp_path / "data")) == 1
        steps += 1
    assert steps >= 5  # create, write, sync, rename, sync the folder
    assert answer.status == 200
    full.left = 10_000
    assert to.get(f"{BUCKET}/a").body == b"new" * 500_000
    emulator.stop()
    assert invariants.check(tmp_path / "data") == {"a": b"new" * 500_000}


@pytest.mark.parametrize(("off", "on", "reason"), CASES["failing_index_changes_nothing"])
def test_failing_index_changes_nothing(
    emulator: Emulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    off: str,
    on: str,
    reason: str,
) -> None:
    """SQLite limits stand for a full or read-only disk: they cause the same errors."""
    to = client(emulator)
    kept = {"a": b"old"}
    assert to.put(f"{BUCKET}/a", b"old").status == 200
    switch(emulator, off)
    for number in range(1000):
        key = f"{number:01000}"  # so long that a page of the index has only a few
        answer = to.put(f"{BUCKET}/{key}", b"new")
        if answer.status != 200:
            break
        kept[key] = b"new"
    check_refused(answer, caplog, f"the index: {reason}")
    assert to.get(f"{BUCKET}/{key}").status == 404
    assert to.get(f"{BUCKET}/a").body == b"old"
    switch(emulator, on)
    assert to.put(f"{BUCKET}/{key}", b"at last").status == 200
    emulator.stop()
    assert invariants.check(tmp_path / "data") == {**kept, key: b"at last"}


def switch(emulator: Emulator, pragma: str) -> None:
    """Set a pragma on every connection of the storage to its index."""
    storage: Any = emulator.service.storage
    for connection in storage._connections:
        connection.database.execute(f"PRAGMA {pragma}")


# --- a real file system


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", place], check=False)
    if done.returncode:
        pytest.skip("file systems can be mounted only by root, and not in every container")
    yield place
    subprocess.run(["umount", place], check=True)


def test_full_disk_accepts_writes_again_once_it_has_space(
    small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = small / "ballast"
    ballast.write_bytes(bytes(3 * 1024**2))
    with Emulator(data=small / "data") as emulator:
        emulator.put(BUCKET, headers={"x-oss-acl": "public-read-write"})
        to, kept = client(emulator), {}
        for number in range(1000):
            data = bytes([number % 256]) * 100_000
            answer = to.put(f"{BUCKET}/{number}", data)
            if answer.status != 200:
                break
            kept[str(number)] = data
        # Either the object or the index no longer fits.
        reasons = (os.strerror(errno.ENOSPC), "the index: database or disk is full")
        check_refused(answer, caplog, *reasons)
        assert len(kept) > 10
        for _ in range(3):
            check_refused(to.put(f"{BUCKET}/0", data), caplog, *reasons)
        assert to.get(f"{BUCKET}/0").body == kept["0"]
        ballast.unlink()
        assert to.put(f"{BUCKET}/{number}", data).status == 200
    assert invariants.check(small / "data") == {**kept, str(number): data}


def fill(place: Path) -> None:
    """Fill a file system with a file."""
    found = os.statvfs(place)
    with open(place / "ballast", "ab", 0) as file:
        file.write(bytes(found.f_bavail * found.f_frsize))


NAME = BUCKET[1:]


@pytest.mark.parametrize("versioned", [False, True])
def test_full_disk_can_delete(small: Path, *, versioned: bool) -> None:
    with Emulator(data=small / "data") as emulator:
        bucket, storage = emulator.bucket(NAME), emulator.service.storage
        if versioned:
            bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
        for number in range(100):  # they are empty: deleting one frees no file
            bucket.put_object(str(number), b"")
        upload = bucket.init_multipart_upload("a").upload_id
        fill(small)
        for refused in range(3):
            with pytest.raises(ServerError, match="InternalError"):
                bucket.put_object(f"new {refused}", b"1")
        for number in range(100):
            bucket.delete_object(str(number))
        bucket.abort_multipart_upload("a", upload)
        for item in list(storage.versions(NAME)):
            bucket.delete_object(item.key, params={"versionId": item.version_id})
        bucket.delete_bucket()
        assert storage.buckets() == []


@pytest.mark.parametrize("versioned", [False, True])
def test_full_disk_can_delete_a_thousand_objects_at_once(small: Path, *, versioned: bool) -> None:
    keys = [f"{number:0200}" for number in range(1000)]
    with Emulator(data=small / "data") as emulator:
        bucket, storage = emulator.bucket(NAME), emulator.service.storage
        item = Object(keys[0], (), 0, '"E"', 0, 1.0, "1")
        with storage.transaction():
            for key in keys:
                storage.put_object(NAME, item._replace(key=key))
        if versioned:
            bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
        fill(small)
        bucket.batch_delete_objects(keys)
        assert all(item.delete_marker for item in storage.objects(NAME))
        found = [
            BatchDeleteObjectVersion(item.key, item.version_id) for item in storage.versions(NAME)
        ]
        for part in (found[:1000], found[1000:]):
            if part:
                bucket.delete_object_versions(BatchDeleteObjectVersionList(part))
        bucket.delete_bucket()
        assert storage.buckets() == []


def test_start_and_reset_work_on_a_full_disk(small: Path) -> None:
    with Emulator(data=small / "data") as emulator:
        emulator.bucket(NAME).put_object("a", b"1")
    fill(small)
    with Emulator(data=small / "data") as emulator:
        assert [bucket.name for bucket in emulator.service.storage.buckets()] == [NAME]
        emulator.reset()
        assert emulator.service.storage.buckets() == []


def test_uploads_wait_until_the_reserve_is_taken_again(small: Path) -> None:
    reserve = small / "data" / folder.RESERVE
    with Emulator(data=small / "data") as emulator:
        bucket = emulator.bucket(NAME)
        for key in "ab":
            bucket.put_object(key, b"")
        assert reserve.stat().st_blocks * 512 >= folder.RESERVED
        reserve.write_bytes(b"")  # another program takes its space
        fill(small)
        with pytest.raises(ServerError, match="InternalError"):
            bucket.delete_object("a")
        ballast = small / "ballast"
        os.truncate(ballast, ballast.stat().st_size - 2 * 1024**2)
        with pytest.raises(ServerError, match="InternalError"):
            bucket.put_object("c", b"")
        bucket.delete_object("a")
        ballast.unlink()
        bucket.put_object("c", b"")
        assert reserve.stat().st_blocks * 512 >= folder.RESERVED
        fill(small)
        bucket.delete_object("b")


# --- Failures of the disk or the index, distinguished from bugs in the emulator


@rows(
    ("error", "described"),
    (OSError(errno.ENOSPC, "x", "/data/a"), "No space left on device: /data/a"),
    (OSError(errno.EROFS, "x"), "Read-only file system"),
    (OSError(errno.EDQUOT, "x"), os.strerror(errno.EDQUOT)),
    (OSError(errno.EACCES, "x"), "Permission denied"),
    (OSError(errno.EIO, "x"), os.strerror(errno.EIO)),
    (FileNotFoundError(errno.ENOENT, "No usable temporary directory found"), NO_TEMPORARY_FOLDER),
    (CorruptBlobError("a is damaged"), "a is damaged"),
    (FolderError("the folder is gone"), "the folder is gone"),
    (sqlite3.OperationalError("disk I/O error"), "the index: disk I/O error"),
    (sqlite3.DatabaseError("malformed"), "the index: malformed"),
    (sqlite3.IntegrityError("a bug"), None),
    (OSError(errno.EPIPE, "x"), None),
    (ValueError("a bug"), None),
)
def test_only_failures_of_the_disk_or_the_index_are_described(
    error: Exception, described: str | None
) -> None:
    assert describe(error) == described


# --- Records as text: every field is read back, and a missing field has its default

BLOBS = {"one": MemoryBlob(b"1"), "two": MemoryBlob(b"22")}
NAMES = {blob.data: name for name, blob in BLOBS.items()}
OBJECT = Object(
    "中/\x00",
    tuple(BLOBS.values()),
    3,
    '"E"',
    2**64 - 1,
    1.5,
    "1",
    headers={"Content-Type": "text/plain", "x-oss-meta-a": "\udcd6\udcd0"},
    version_id="2",
    tags={"k": "v"},
    sealed=2.5,
    restore=Restore(1.0, 2.0, "Bulk"),
    documents={"legalHold": b"<\xff\x00>"},
    content_md5="1B2M2Y8AsgTpgAmY7PhCfg==",
)


def name(blob: object) -> str:
    assert isinstance(blob, MemoryBlob)
    return NAMES[blob.data]


def find(named: str) -> MemoryBlob:
    return BLOBS[named]


@rows(
    "record",
    Account("1", {"publicAccessBlock": b"<x/>"}),
    Bucket("b", "1", 1.5, "cn-hangzhou", documents={"referer": b"<\xff>"}),
    OBJECT,
    Object("a", (), 0, '"E"', 0, 1.0, "1", delete_marker=True),
    Part(1, (BLOBS["two"],), 2, '"P"', 7, 1.5),
)
def test_record_is_read_back(record: Any) -> None:
    assert index.parse_record(type(record), index.format_record(record, name), find) == record


def test_upload_is_read_back_with_its_draft() -> None:
    upload = Upload("1", 2.5, OBJECT, sequential=True)
    assert index.parse_record(Upload, index.format_record(upload, name), find) == upload


def test_missing_field_has_its_default() -> None:
    values = json.loads(index.format_record(OBJECT, name))
    for field in ("documents", "restore", "tags"):
        del values[field]
    read = index.parse_record(Object, json.dumps(values), find)
    assert read == OBJECT._replace(documents={}, restore=None, tags={})


def test_names_of_the_blobs_are_in_order() -> None:
    assert index.blob_names(index.format_record(OBJECT, name)) == ["one", "two"]


# --- Snapshots restore the exact contents of a storage

SNAPPED = Bucket("examplebucket", "1", 1.0, "cn-hangzhou", documents={"cors": b"<x/>"})


def in_memory(_: Path) -> Storage:
    return MemoryStorage()


def on_disk(folder: Path) -> Storage:
    return DiskStorage(folder, fsync=False)


@pytest.fixture(params=[in_memory, on_disk], ids=lambda make: make.__name__)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    make: Callable[[Path], Storage] = request.param
    made = make(tmp_path)
    made.put_bucket(SNAPPED)
    made.put_account(Account("1", {"publicAccessBlock": b"<y/>"}))
    for version in ("1", "2"):
        put(made, "a", version.encode(), version_id=version, documents={"legalHold": b"<z/>"})
    made.put_upload(SNAPPED.name, Upload("u", 1.0, Object("b", (), 0, '"E"', 0, 1.0, "1")))
    made.put_part(SNAPPED.name, "u", Part(1, (), 0, '"P"', 0, 1.0))
    yield made
    made.close()


def put(storage: Storage, key: str, data: bytes, **others: object) -> None:
    writer = storage.blob_writer()
    writer.write(data)
    made = Object(key, (writer.finish(),), len(data), '"E"', 0, 1.0, "1")
    storage.put_object(SNAPPED.name, made._replace(**others))  # type: ignore[arg-type]


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
    storage.delete_object(SNAPPED.name, "a", "2")
    put(storage, "new", b"x")
    storage.put_bucket(SNAPPED._replace(name="another", documents={}))
    storage.put_account(Account("2"))
    storage.delete_upload(SNAPPED.name, "u")
    controls.restore_snapshot(storage, taken)
    assert contents(storage) == before
    controls.release_snapshot(storage, taken)
    assert contents(storage) == before


def test_cleared_storage_is_empty(storage: Storage) -> None:
    controls.restore_snapshot(storage, controls.Snapshot((), ()))
    assert contents(storage) == []


def test_bytes_of_a_snapshot_stay_until_it_is_dropped(storage: Storage) -> None:
    taken = controls.take_snapshot(storage)
    controls.restore_snapshot(storage, controls.Snapshot((), ()))
    assert [blob.read(0, 9) for blob in taken.content] == [b"2", b"1"]
    controls.release_snapshot(storage, taken)
