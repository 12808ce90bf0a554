"""The storage in a folder: what survives, what is swept away, what is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.storage import NULL_VERSION, Bucket, CorruptBlobError, Object, Part, Restore, Upload
from emulator.storage.disk import FORMAT, DiskStorage, FolderError

BUCKET = Bucket("examplebucket", "1", 1.0, "cn-hangzhou", documents={"referer": b"<\xff\x00>"})


def put(storage: DiskStorage, key: str, data: bytes, version_id: str = NULL_VERSION) -> Object:
    writer = storage.blob_writer()
    writer.write(data)
    made = Object(
        key,
        (writer.finish(),),
        len(data),
        '"E"',
        2**64 - 1,
        2.5,
        "1",
        headers={"Content-Type": "text/plain", "x-oss-meta-a": "中"},
        tags={"k": "v"},
        version_id=version_id,
        restore=Restore(1.0, 2.0, "Expedited"),
        sealed=3.0,
    )
    storage.put_object(BUCKET.name, made)
    return made


def files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "blobs").rglob("*") if path.is_file())


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[DiskStorage]:
    made = DiskStorage(tmp_path, fsync=False)
    made.put_bucket(BUCKET)
    yield made
    made.close()


def reopen(storage: DiskStorage) -> DiskStorage:
    storage.close()
    return DiskStorage(storage.folder, fsync=False)


def test_everything_is_there_after_the_next_start(storage: DiskStorage) -> None:
    first = put(storage, "a\x00/中", b"abc", "1")
    second = put(storage, "a\x00/中", b"defg", "2")
    storage.put_upload(BUCKET.name, Upload("u", 4.5, replace(first, content=())))
    storage.put_part(BUCKET.name, "u", Part(1, second.content, 4, '"P"', 7, 5.0))
    again = reopen(storage)
    assert again.bucket(BUCKET.name) == BUCKET
    assert list(again.versions(BUCKET.name)) == [second, first]
    assert second.content[0].read(0, 9) == b"defg"
    assert again.upload(BUCKET.name, "u") == Upload("u", 4.5, replace(first, content=()))
    assert again.parts(BUCKET.name, "u") == [Part(1, second.content, 4, '"P"', 7, 5.0)]
    again.close()


@pytest.mark.parametrize("how", ["overwrite", "delete", "bucket"])
def test_the_file_goes_with_its_last_record(storage: DiskStorage, how: str) -> None:
    put(storage, "a", b"abc")
    (before,) = files(storage.folder)
    if how == "overwrite":
        put(storage, "a", b"defg")
    elif how == "delete":
        storage.delete_object(BUCKET.name, "a", NULL_VERSION)
    else:
        storage.delete_bucket(BUCKET.name)
    assert before not in files(storage.folder)
    assert len(files(storage.folder)) == (how == "overwrite")


def test_changing_a_record_keeps_its_file(storage: DiskStorage) -> None:
    made = put(storage, "a", b"abc")
    storage.replace_object(BUCKET.name, replace(made, acl="private"))
    found = storage.object(BUCKET.name, "a")
    assert found is not None
    assert found.content[0].read(0, 3) == b"abc"


def test_what_an_interrupted_write_left_is_swept_away(storage: DiskStorage) -> None:
    put(storage, "a", b"abc")
    kept = files(storage.folder)
    finished = storage.blob_writer()
    finished.write(b"no record came")
    finished.finish()
    storage.blob_writer().write(b"cut off")
    again = reopen(storage)
    assert files(storage.folder) == kept
    assert list((storage.folder / "incoming").iterdir()) == []
    again.close()


def test_abandoned_and_forgotten_bytes_leave_nothing(storage: DiskStorage) -> None:
    writer = storage.blob_writer()
    writer.write(b"abc")
    writer.abandon()
    writer = storage.blob_writer()
    writer.write(b"abc")
    storage.forget((writer.finish(),))
    assert files(storage.folder) == []
    assert list((storage.folder / "incoming").iterdir()) == []


def test_a_failed_transaction_keeps_the_files_of_the_old_records(storage: DiskStorage) -> None:
    put(storage, "a", b"abc")

    def fail() -> None:
        with storage.transaction():
            storage.delete_object(BUCKET.name, "a", NULL_VERSION)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    found = storage.object(BUCKET.name, "a")
    assert found is not None
    assert found.content[0].read(0, 3) == b"abc"


@pytest.mark.parametrize("damage", [b"abX", b"ab", b"abcd"])
def test_a_damaged_file_is_not_read_as_good(storage: DiskStorage, damage: bytes) -> None:
    made = put(storage, "a", b"abc")
    assert made.content[0].read(0, 3) == b"abc"
    (path,) = files(storage.folder)
    path.write_bytes(damage)
    with pytest.raises(CorruptBlobError, match=path.name):
        made.content[0].read(0, 1)


def test_a_second_process_is_refused(storage: DiskStorage) -> None:
    with pytest.raises(FolderError, match="in use by another oss-emulator"):
        DiskStorage(storage.folder)
    shared = DiskStorage(storage.folder, shared=True)
    assert shared.bucket(BUCKET.name) == BUCKET
    storage.put_bucket(replace(BUCKET, acl="public-read"))
    changed = shared.bucket(BUCKET.name)
    assert changed is not None
    assert changed.acl == "public-read"
    shared.close()


def test_a_newer_format_is_refused(storage: DiskStorage) -> None:
    storage.close()
    database = sqlite3.connect(storage.folder / "index.sqlite")
    database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    with pytest.raises(FolderError, match=f"has the format {FORMAT + 1}"):
        DiskStorage(storage.folder)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FolderError, match="cannot be used"):
        DiskStorage(file)


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_text("this is no database" * 100)
    with pytest.raises(FolderError, match="cannot be used"):
        DiskStorage(tmp_path)


@pytest.mark.parametrize(
    "key", ["../../outside", "/etc/passwd", "..", "CON", "a" * 1023, "A", "a", "\x00", "中/" * 200]
)
def test_keys_never_name_files(storage: DiskStorage, key: str) -> None:
    put(storage, key, key.encode())
    found = storage.object(BUCKET.name, key)
    assert found is not None
    assert found.content[0].read(0, 2000) == key.encode()
    names = [path.name for path in files(storage.folder)]
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)
