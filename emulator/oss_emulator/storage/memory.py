"""A storage in memory, which ends with its process."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from oss_emulator.storage.base import Account, Bucket, Object, Part, Upload
from oss_emulator.storage.blobs import Blob, BlobWriter, SpoolWriter

_NO_TRANSACTION: Final = nullcontext()
"""Writes happen in one thread and cannot fail halfway, so nothing needs to be rolled back."""


class MemoryStorage:
    """Buckets and objects in dictionaries; `Storage` documents the methods."""

    blocking = False

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._buckets: dict[str, Bucket] = {}
        self._contents: dict[str, _BucketContents] = {}

    def buckets(self) -> Sequence[Bucket]:
        return sorted(self._buckets.values(), key=lambda bucket: bucket.name)

    def bucket(self, name: str) -> Bucket | None:
        return self._buckets.get(name)

    def put_bucket(self, bucket: Bucket) -> None:
        self._buckets[bucket.name] = bucket
        self._contents.setdefault(bucket.name, _BucketContents())

    def delete_bucket(self, name: str) -> None:
        self._buckets.pop(name, None)
        self._contents.pop(name, None)

    def account(self, account: str) -> Account | None:
        return self._accounts.get(account)

    def accounts(self) -> Sequence[Account]:
        return sorted(self._accounts.values(), key=lambda account: account.id)

    def put_account(self, account: Account) -> None:
        self._accounts[account.id] = account

    def delete_account(self, account: str) -> None:
        self._accounts.pop(account, None)

    def object(self, bucket: str, key: str, version_id: str | None = None) -> Object | None:
        versions = self._in(bucket).versions.get(key)
        if versions is None:
            return None
        if version_id is None:
            return versions[0]
        return next((item for item in versions if item.version_id == version_id), None)

    def put_object(self, bucket: str, item: Object) -> None:
        contents = self._in(bucket)
        versions = contents.versions.get(item.key)
        if versions is None:
            contents.versions[item.key] = [item]
            contents.keys.add(item.key)
        else:
            kept = [other for other in versions if other.version_id != item.version_id]
            contents.versions[item.key] = [item, *kept]

    def replace_object(self, bucket: str, item: Object) -> None:
        versions = self._in(bucket).versions.get(item.key, [])
        for index, other in enumerate(versions):
            if other.version_id == item.version_id:
                versions[index] = item

    def delete_object(self, bucket: str, key: str, version_id: str) -> None:
        contents = self._in(bucket)
        versions = contents.versions.get(key, [])
        kept = [item for item in versions if item.version_id != version_id]
        if kept:
            contents.versions[key] = kept
        elif versions:
            del contents.versions[key]
            contents.keys.remove(key)

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        contents = self._in(bucket)
        return (contents.versions[key][0] for key in contents.keys.walk(start))

    def versions(self, bucket: str, start: str = "") -> Iterator[Object]:
        contents = self._in(bucket)
        return (item for key in contents.keys.walk(start) for item in contents.versions[key])

    def uploads(self, bucket: str) -> Iterator[Upload]:
        uploads = self._in(bucket).uploads.values()
        return iter(sorted(uploads, key=lambda upload: (upload.draft.key, upload.id)))

    def upload(self, bucket: str, upload_id: str) -> Upload | None:
        return self._in(bucket).uploads.get(upload_id)

    def put_upload(self, bucket: str, upload: Upload) -> None:
        contents = self._in(bucket)
        contents.uploads[upload.id] = upload
        contents.parts.setdefault(upload.id, {})

    def delete_upload(self, bucket: str, upload_id: str) -> None:
        contents = self._in(bucket)
        contents.uploads.pop(upload_id, None)
        contents.parts.pop(upload_id, None)

    def parts(self, bucket: str, upload_id: str) -> Sequence[Part]:
        parts = self._in(bucket).parts.get(upload_id, {})
        return [parts[number] for number in sorted(parts)]

    def put_part(self, bucket: str, upload_id: str, part: Part) -> None:
        parts = self._in(bucket).parts.get(upload_id)
        if parts is not None:
            parts[part.number] = part

    def _in(self, bucket: str) -> "_BucketContents":
        """Return the contents of a bucket; for a missing one, an empty value that is not kept."""
        return self._contents.get(bucket) or _BucketContents()

    def blob_writer(self) -> BlobWriter:
        return SpoolWriter()

    def pin(self, content: tuple[Blob, ...]) -> None:
        """Do nothing: a blob lives as long as something refers to it."""

    def release(self, content: tuple[Blob, ...]) -> None:
        """Do nothing: the garbage collector removes unused blobs."""

    def discard_unreferenced(self, content: tuple[Blob, ...]) -> None:
        """Do nothing: the garbage collector removes unused blobs."""

    def transaction(self) -> AbstractContextManager[None]:
        return _NO_TRANSACTION

    def claim(self, name: str) -> bool:
        """Return True: the storage belongs to one process."""
        return True

    def disclaim(self, name: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


class SortedKeys:
    """Keys in order. New keys are collected unsorted, and merged at the next lookup."""

    FEW = 64
    """The most new keys to insert one by one; for more, sorting is cheaper (Timsort)."""

    def __init__(self) -> None:
        self._sorted: list[str] = []
        self._added: list[str] = []

    def add(self, key: str) -> None:
        self._added.append(key)

    def remove(self, key: str) -> None:
        self._merge()
        del self._sorted[bisect_left(self._sorted, key)]

    def walk(self, start: str) -> Iterator[str]:
        self._merge()
        keys = self._sorted
        return (keys[index] for index in range(bisect_left(keys, start), len(keys)))

    def _merge(self) -> None:
        # Python sorts text by code point, which is also the order of the UTF-8 bytes.
        if len(self._added) <= self.FEW:
            for key in self._added:
                insort(self._sorted, key)
        else:
            self._sorted.extend(self._added)
            self._sorted.sort()
        self._added.clear()


@dataclass(slots=True)
class _BucketContents:
    """The contents of one bucket."""

    versions: dict[str, list[Object]] = field(default_factory=dict)
    """The versions by key, the newest first."""
    keys: SortedKeys = field(default_factory=SortedKeys)
    uploads: dict[str, Upload] = field(default_factory=dict)
    parts: dict[str, dict[int, Part]] = field(default_factory=dict)
    """The parts by upload id and part number."""
