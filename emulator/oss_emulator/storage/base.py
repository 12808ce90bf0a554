"""The records of a storage, and the contract that every storage fulfils.

Records are named tuples because every upload creates one: creating a frozen dataclass takes three
times as long.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from oss_referer.sources.toml import NO_TEMPORARY_FOLDER, lacks_temporary_folder

from oss_emulator.storage.blobs import Blob, BlobWriter, CorruptBlobError

NULL_VERSION = "null"
"""The version id of an object that was put while versioning was off or suspended."""


_Result = TypeVar("_Result")


class Record:
    """An immutable record, which caches the values that are computed from it alone."""

    def once(self, work: Callable[[Self], _Result]) -> _Result:
        """Return `work(self)`, computed at the first call with this function.

        `work` must be a pure function: its result lives as long as the record, and concurrent
        threads may each compute it. A changed record is another record, without these results.
        """
        results: dict[Any, _Result] = self.__dict__
        try:
            return results[work]
        except KeyError:
            result = results[work] = work(self)
            return result


class _Bucket(NamedTuple):
    name: str
    owner: str
    created: float
    region: str
    acl: str = "private"
    storage_class: str = "Standard"
    redundancy: str = "LRS"
    versioning: str = ""
    """Empty until it is first set, then Enabled or Suspended."""
    documents: Mapping[str, bytes] = {}
    """Configurations by name, as bytes in the service's form."""


class Bucket(_Bucket, Record):
    """A bucket without its objects. All times are seconds since the epoch."""


class Account(NamedTuple):
    id: str
    documents: Mapping[str, bytes] = {}
    """Configurations of the account, like those of a bucket."""


class Restore(NamedTuple):
    """A requested restore of an archived object."""

    done: float
    """The time from which the object can be read."""
    until: float
    """The time at which it is frozen again."""
    tier: str = ""
    """The retrieval tier, empty for a storage class without tiers."""


class _Object(NamedTuple):
    key: str
    content: tuple[Blob, ...]
    size: int
    etag: str
    """In quotes, as in answers."""
    crc64: int
    modified: float
    owner: str
    kind: str = "Normal"
    """The value of `x-oss-object-type`."""
    storage_class: str = "Standard"
    acl: str = "default"
    headers: Mapping[str, str] = {}
    """Headers that GET returns: Content-Type, Cache-Control, `x-oss-meta-*` …"""
    version_id: str = NULL_VERSION
    delete_marker: bool = False
    tags: Mapping[str, str] = {}
    symlink_target: str = ""
    """The key a symbolic link points to, percent-encoded as it was sent."""
    sealed: float | None = None
    """The time at which an appendable object was sealed."""
    restore: Restore | None = None
    documents: Mapping[str, bytes] = {}
    """Configurations of this version (legal hold, retention), like those of a bucket."""
    content_md5: str = ""
    """Base64 of the MD5 of all bytes, if a sequential upload made the object."""


class Object(_Object, Record):
    """One version of an object: its metadata and its bytes."""


class Upload(NamedTuple):
    """A multipart upload in progress."""

    id: str
    initiated: float
    draft: Object
    """The object it will become, without bytes."""
    sequential: bool = False
    """Whether its parts must come in order."""


class Part(NamedTuple):
    number: int
    content: tuple[Blob, ...]
    size: int
    etag: str
    crc64: int
    modified: float


class FolderError(Exception):
    """The folder cannot be used; the text says why and what to do."""


class Storage(Protocol):
    """The contract of every storage; `tests/unit/storage/test_contract.py` checks it.

    - Absence is not an error. Looking up a missing record returns None, listing a missing bucket or
      upload yields nothing, and deleting a missing record does nothing.
    - Putting something into a missing bucket or upload does nothing; look up the bucket first.
    - Reading a record returns exactly what was put.
    - Buckets are ordered by name, objects by the UTF-8 bytes of their keys, the versions of one
      object from newest to oldest, uploads by key and then by id, parts by number.
    - Every call takes effect completely or not at all, and the next call sees it.
    - Everything that can be read is as durable as the storage promises.
    - A storage does not know the rules of OSS: callers handle conditions, ACLs and delimiters.
    """

    blocking: bool
    """Whether writes wait for a disk and therefore belong in a thread."""

    def buckets(self) -> Sequence[Bucket]:
        """Return all buckets."""

    def bucket(self, name: str) -> Bucket | None:
        """Return a bucket, None if it is missing."""

    def put_bucket(self, bucket: Bucket) -> None:
        """Add a bucket or replace its record; its objects stay."""

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket with its objects and uploads."""

    def account(self, account: str) -> Account | None:
        """Return the record of an account, None if it is missing."""

    def accounts(self) -> Sequence[Account]:
        """Return the records of all accounts, ordered by id."""

    def put_account(self, account: Account) -> None:
        """Add or replace the record of an account."""

    def delete_account(self, account: str) -> None:
        """Remove the record of an account."""

    def object(self, bucket: str, key: str, version_id: str | None = None) -> Object | None:
        """Return one version of an object, by default the newest; it may be a delete marker."""

    def put_object(self, bucket: str, item: Object) -> None:
        """Add the newest version of an object; it replaces one with the same version id."""

    def replace_object(self, bucket: str, item: Object) -> None:
        """Replace the version with the same key and version id; a missing one stays missing."""

    def delete_object(self, bucket: str, key: str, version_id: str) -> None:
        """Remove one version of an object."""

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        """Walk the newest versions from the key `start` on; finish before the next write."""

    def versions(self, bucket: str, start: str = "") -> Iterator[Object]:
        """Walk all versions from the key `start` on; finish before the next write."""

    def uploads(self, bucket: str) -> Iterator[Upload]:
        """Walk the uploads in progress; finish before the next write."""

    def upload(self, bucket: str, upload_id: str) -> Upload | None:
        """Return an upload, None if it is missing."""

    def put_upload(self, bucket: str, upload: Upload) -> None:
        """Add or replace an upload."""

    def delete_upload(self, bucket: str, upload_id: str) -> None:
        """Remove an upload and its parts."""

    def parts(self, bucket: str, upload_id: str) -> Sequence[Part]:
        """Return the parts of an upload."""

    def put_part(self, bucket: str, upload_id: str, part: Part) -> None:
        """Add a part to an upload, or replace the part with the same number."""

    def blob_writer(self) -> BlobWriter:
        """Return a writer for the bytes of an arriving body."""

    def pin(self, content: tuple[Blob, ...]) -> None:
        """Keep these blobs until `release`, even if no record refers to them."""

    def release(self, content: tuple[Blob, ...]) -> None:
        """Undo `pin`."""

    def discard_unreferenced(self, content: tuple[Blob, ...]) -> None:
        """Remove those of the blobs to which no record refers and that are not pinned."""

    def transaction(self) -> AbstractContextManager[None]:
        """Apply all writes of the block together, or none of them after an exception.

        No other thread writes in the meantime.
        """

    def close(self) -> None:
        """Close files and connections."""


_NAMES = "ENOSPC EDQUOT EROFS EACCES EPERM EIO ENOENT EMFILE ENFILE ENOTDIR".split()
_DISK: frozenset[int] = frozenset(getattr(errno, name) for name in _NAMES)


def describe_failure(error: Exception) -> str | None:
    """Describe a disk or index failure in one line; None for a bug in the emulator."""
    if isinstance(error, CorruptBlobError | FolderError):
        return str(error)
    if lacks_temporary_folder(error):
        return NO_TEMPORARY_FOLDER
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f": {error.filename}" if error.filename else ""
        return f"{os.strerror(error.errno)}{where}"
    import sqlite3  # if SQLite failed, it is loaded already

    if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
        return f"the index: {error}"
    return None
