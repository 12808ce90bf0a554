"""Archives are read back completely; other formats and damage are refused."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from oss_emulator.storage import Account, Bucket, Object, Part, Upload, archive, file_writer
from oss_emulator.storage.archive import FORMAT, ArchiveError
from oss_emulator.storage.disk import DiskStorage

BUCKET = Bucket("examplebucket", "1", 1.0, "cn-hangzhou", documents={"cors": b"<x/>"})
HOLD = {"legalHold": b"<LegalHold/>"}


def filled(folder: Path) -> DiskStorage:
    storage = DiskStorage(folder, fsync=False)
    storage.put_bucket(BUCKET)
    storage.put_account(Account("1", {"publicAccessBlock": b"<y/>"}))
    for version in ("1", "2"):
        writer = storage.blob_writer()
        writer.write(version.encode())
        content = (writer.finish(),)
        item = Object("a\x00中", content, 1, '"E"', 0, 1.0, "1", version_id=version, documents=HOLD)
        storage.put_object(BUCKET.name, item)
    storage.put_upload(BUCKET.name, Upload("u", 1.0, Object("b", (), 0, '"E"', 0, 1.0, "1")))
    storage.put_part(BUCKET.name, "u", Part(1, content, 1, '"P"', 0, 1.0))
    return storage


def contents(storage: DiskStorage) -> list[object]:
    found: list[object] = [*storage.accounts(), *storage.buckets()]
    for item in storage.versions(BUCKET.name):
        data = b"".join(blob.read(0, blob.size) for blob in item.content)
        found.append((item._replace(content=()), data))
    for upload in storage.uploads(BUCKET.name):
        parts = storage.parts(BUCKET.name, upload.id)
        found += [upload, *(part._replace(content=()) for part in parts)]
    return found


def exported(storage: DiskStorage) -> io.BytesIO:
    file = io.BytesIO()
    archive.write(storage, file)
    file.seek(0)
    return file


def changed(file: io.BytesIO, change: Callable[[str, bytes], bytes]) -> io.BytesIO:
    """Return the archive with changed members."""
    new = io.BytesIO()
    with tarfile.open(fileobj=file) as source, tarfile.open(fileobj=new, mode="w") as target:
        for member in source:
            opened = source.extractfile(member)
            assert opened is not None
            data = change(member.name, opened.read())
            member.size = len(data)
            target.addfile(member, io.BytesIO(data))
    new.seek(0)
    return new


def of_format(number: int) -> Callable[[str, bytes], bytes]:
    """Return a change to another format."""
    head = json.dumps({"format": number}).encode()
    return lambda name, data: head if name == "format.json" else data


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[DiskStorage]:
    with closing(filled(tmp_path / "one")) as made:
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[DiskStorage]:
    """An empty storage."""
    with closing(DiskStorage(tmp_path / "two", fsync=False)) as made:
        yield made


def test_everything_is_read_back(storage: DiskStorage, other: DiskStorage) -> None:
    archive.read(other, exported(storage))
    assert contents(other) == contents(storage)


@pytest.mark.parametrize("number", [FORMAT - 1, FORMAT + 1])
def test_archive_of_another_format_is_refused(
    storage: DiskStorage, other: DiskStorage, number: int
) -> None:
    strange = changed(exported(storage), of_format(number))
    with pytest.raises(ArchiveError, match=f"has the format {number}; .*use the version that"):
        archive.read(other, strange)
    assert list(other.buckets()) == []


# --- members that are larger than they look


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test if bytes are written."""

    def fail(writer: object, chunk: bytes) -> None:
        pytest.fail(f"{len(chunk)} bytes were written")

    monkeypatch.setattr(file_writer.FileWriter, "write", fail)


def with_member(member: tarfile.TarInfo, data: bytes) -> io.BytesIO:
    """An archive that begins with a member of a few bytes."""
    file = io.BytesIO()
    head = tarfile.TarInfo("format.json")
    head.size = len(b'{"format": 2}')
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(head, io.BytesIO(b'{"format": 2}'))
        tar.addfile(member, io.BytesIO(data))
    file.seek(0)
    return file


@pytest.mark.usefixtures("unwritable")
@pytest.mark.parametrize("name", ["blobs/{}.3000000000.1", "index.jsonl"])
def test_sparse_member_is_refused_before_it_grows(other: DiskStorage, name: str) -> None:
    member = tarfile.TarInfo(name.format("a" * 32))
    member.size = 512
    member.pax_headers = {"GNU.sparse.map": "0,512", "GNU.sparse.size": "3000000000"}
    with pytest.raises(ArchiveError, match="is not a plain file"):
        archive.read(other, with_member(member, bytes(512)))


@pytest.mark.usefixtures("unwritable")
@pytest.mark.parametrize("size", [999, 1001])
def test_member_of_another_size_than_its_name_says_is_refused(
    other: DiskStorage, size: int
) -> None:
    member = tarfile.TarInfo(f"blobs/{'a' * 32}.{size}.1")
    member.size = 1000
    with pytest.raises(ArchiveError, match="is damaged: it has"):
        archive.read(other, with_member(member, bytes(1000)))
