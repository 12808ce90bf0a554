"""A whole storage as a tar file: the bytes below `blobs/`, then all records in `index.jsonl`.

`format.json` comes first, so that another format is refused before anything is read. The index
comes last, so an archive without an index was cut off.
"""

import io
import json
import os
import tarfile
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from operator import attrgetter
from tempfile import TemporaryFile
from typing import IO, Any

from oss_emulator import json_text
from oss_emulator.storage import records
from oss_emulator.storage.base import Account, Bucket, Object, Part, Upload
from oss_emulator.storage.blobs import Blob
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.toml import MAX_FILE

FORMAT = 2
"""The version of the archive's format."""

_FORMAT_FILE, _INDEX, _BLOBS = "format.json", "index.jsonl", "blobs/"


class ArchiveError(Exception):
    """An archive cannot be used; the text says why."""


def write(storage: DiskStorage, file: IO[bytes]) -> None:
    """Write the contents of a storage; raises `CorruptBlobError` for damaged bytes."""
    written: set[str] = set()

    def add(blob: Blob) -> str:
        name = storage.name(blob)
        if name not in written:
            written.add(name)
            found = storage.find(name)
            found.verify()
            with found.open() as source:
                _add(tar, _BLOBS + name, source, found.size)
        return name

    with tarfile.open(fileobj=file, mode="w|") as tar, TemporaryFile() as index:
        head = json.dumps({"format": FORMAT}).encode()
        _add(tar, _FORMAT_FILE, io.BytesIO(head), len(head))
        for kind, bucket, text in _lines(storage, add):
            line = json.dumps([kind, bucket, text], ensure_ascii=False)
            index.write(line.encode("utf-8", "surrogatepass") + b"\n")
        size = index.tell()
        index.seek(0)
        _add(tar, _INDEX, index, size)


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, source)


def _lines(storage: DiskStorage, add: records.Name) -> Iterator[tuple[str, str, Any]]:
    """Yield the kind, bucket and text of every record, in the order in which to put them."""
    for account in storage.accounts():
        yield "account", "", records.format(account, add)
    for bucket in storage.buckets():
        name = bucket.name
        yield "bucket", name, records.format(bucket, add)
        for _, versions in groupby(storage.versions(name), attrgetter("key")):
            for version in reversed(list(versions)):
                yield "version", name, records.format(version, add)
        for upload in storage.uploads(name):
            yield "upload", name, records.format(upload, add)
            for part in storage.parts(name, upload.id):
                yield "part", name, [upload.id, records.format(part, add)]


def read(storage: DiskStorage, file: IO[bytes]) -> None:
    """Put the contents of an archive into a storage, all or nothing; raises `ArchiveError`."""
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar, storage.transaction():
            _read(storage, tar)
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(f"it is not an archive, or it was cut off: {error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ArchiveError(f"its records cannot be read: {error}") from None


def _read(storage: DiskStorage, tar: tarfile.TarFile) -> None:
    for number, member in enumerate(tar):
        source = _open(tar, member)
        if (number == 0) != (member.name == _FORMAT_FILE):
            raise ArchiveError("it was not made by oss-emulator export")
        if number == 0:
            head = json_text.parse(source.read(MAX_FILE))
            if head["format"] != FORMAT:
                raise ArchiveError(
                    f"it has the format {head['format']}; this version of oss-emulator reads only "
                    f"the format {FORMAT}: use the version that wrote it"
                )
        elif member.name.startswith(_BLOBS):
            _take(storage, member, source)
        elif member.name == _INDEX:
            for line in iter(partial(source.readline, MAX_FILE), b""):
                text = line.decode("utf-8", "surrogatepass")
                _put(storage, *json_text.parse(text, errors="surrogatepass"))
            return
    raise ArchiveError("it ends before its index: it was cut off")


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Open a member that is a plain file: a sparse one grows when it is read."""
    source = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if source is None:
        raise ArchiveError(
            f"it was not made by oss-emulator export: {member.name!r} is not a plain file"
        )
    return source


def _take(storage: DiskStorage, member: tarfile.TarInfo, source: IO[bytes]) -> None:
    """Import a blob whose name and header promise the same size."""
    name = member.name.removeprefix(_BLOBS)
    if storage.find(name).size != member.size:
        raise ArchiveError(f"the file {member.name} is damaged: it has {member.size} bytes")
    storage.take(name, source)


def _put(storage: DiskStorage, kind: str, bucket: str, text: Any) -> None:
    def find(name: str) -> Blob:
        blob = storage.find(name)
        if not os.path.exists(blob.path):
            raise ArchiveError(f"the file blobs/{name} is missing")
        return blob

    match kind:
        case "account":
            storage.put_account(records.parse(Account, text, find))
        case "bucket":
            storage.put_bucket(records.parse(Bucket, text, find))
        case "version":
            storage.put_object(bucket, records.parse(Object, text, find))
        case "upload":
            storage.put_upload(bucket, records.parse(Upload, text, find))
        case "part":
            storage.put_part(bucket, text[0], records.parse(Part, text[1], find))
        case _:
            raise ArchiveError(f"it has records of an unknown kind: {kind}")
