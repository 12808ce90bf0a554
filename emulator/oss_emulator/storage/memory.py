"""A storage in memory, which ends with its process."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from oss_emulator.storage.base import Account, Bucket, Object, Part, Upload
from oss_emulator.storage.blobs import BlobWriter, SpoolWriter

_Key = TypeVar("_Key", str, int)
_Value = TypeVar("_Value")


class MemoryStorage:
    """Buckets and objects in dictionaries; `Storage` documents the methods."""

    blocking = False

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._buckets: dict[str, Bucket] = {}
        self._contents: dict[str, _BucketContents] = {}
        self._transaction = _Transaction()

    def buckets(self) -> Sequence[Bucket]:
        return sorted(self._buckets.values(), key=lambda bucket: bucket.name)

    def bucket(self, name: str) -> Bucket | None:
        return self._buckets.get(name)

    def put_bucket(self, bucket: Bucket) -> None:
        if bucket.name not in self._buckets:
            self._set(self._contents, bucket.name, _BucketContents())
        self._set(self._buckets, bucket.name, bucket)

    def delete_bucket(self, name: str) -> None:
        self._set(self._buckets, name, None)
        self._set(self._contents, name, None)

    def account(self, account: str) -> Account | None:
        return self._accounts.get(account)

    def accounts(self) -> Sequence[Account]:
        return sorted(self._accounts.values(), key=lambda account: account.id)

    def put_account(self, account: Account) -> None:
        self._set(self._accounts, account.id, account)

    def delete_account(self, account: str) -> None:
        self._set(self._accounts, account, None)

    def object(self, bucket: str, key: str, version_id: str | None = None) -> Object | None:
        contents = self._contents.get(bucket)
        versions = None if contents is None else contents.versions.get(key)
        if versions is None:
            return None
        if version_id is None:
            return versions[0]
        return next((item for item in versions if item.version_id == version_id), None)

    def put_object(self, bucket: str, item: Object) -> None:
        versions = self._in(bucket).versions
        found = versions.get(item.key)
        if found is None:
            self._set(versions, item.key, (item,))
            return
        others = [old for old in found if old.version_id != item.version_id]
        self._set(versions, item.key, (item, *others))

    def replace_object(self, bucket: str, item: Object) -> None:
        versions = self._in(bucket).versions
        if found := versions.get(item.key):
            new = (item if old.version_id == item.version_id else old for old in found)
            self._set(versions, item.key, tuple(new))

    def delete_object(self, bucket: str, key: str, version_id: str) -> None:
        versions = self._in(bucket).versions
        rest = tuple(item for item in versions.get(key, ()) if item.version_id != version_id)
        self._set(versions, key, rest or None)

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        versions = self._in(bucket).versions
        return (versions[key][0] for key in versions.walk(start))

    def versions(self, bucket: str, start: str = "") -> Iterator[Object]:
        versions = self._in(bucket).versions
        return (item for key in versions.walk(start) for item in versions[key])

    def uploads(self, bucket: str) -> Iterator[Upload]:
        uploads = self._in(bucket).uploads.values()
        return iter(sorted(uploads, key=lambda upload: (upload.draft.key, upload.id)))

    def upload(self, bucket: str, upload_id: str) -> Upload | None:
        return self._in(bucket).uploads.get(upload_id)

    def put_upload(self, bucket: str, upload: Upload) -> None:
        contents = self._in(bucket)
        if upload.id not in contents.uploads:
            self._set(contents.parts, upload.id, {})
        self._set(contents.uploads, upload.id, upload)

    def delete_upload(self, bucket: str, upload_id: str) -> None:
        contents = self._in(bucket)
        self._set(contents.uploads, upload_id, None)
        self._set(contents.parts, upload_id, None)

    def parts(self, bucket: str, upload_id: str) -> Sequence[Part]:
        parts = self._in(bucket).parts.get(upload_id, {})
        return [parts[number] for number in sorted(parts)]

    def put_part(self, bucket: str, upload_id: str, part: Part) -> None:
        parts = self._in(bucket).parts.get(upload_id)
        if parts is not None:
            self._set(parts, part.number, part)

    def _in(self, bucket: str) -> "_BucketContents":
        """Return the contents of a bucket; for a missing one, an empty value that is not stored."""
        return self._contents.get(bucket) or _BucketContents()

    def _set(self, table: dict[_Key, _Value], key: _Key, value: _Value | None) -> None:
        """Set an entry, or remove it if the value is None; a rollback restores it."""
        undo = self._transaction.undo
        if undo is not None:
            undo.append((table, key, table.get(key)))
        _put(table, key, value)

    def blob_writer(self) -> BlobWriter:
        return SpoolWriter()

    def transaction(self) -> AbstractContextManager[None]:
        if self._transaction.undo is not None:  # the outer transaction undoes this one
            return nullcontext()
        return self._transaction

    def _do_nothing(self, _: Any) -> None:
        """Do nothing: a blob lives as long as something refers to it."""

    pin = release = discard_unreferenced = _do_nothing

    def close(self) -> None:
        """Do nothing: nothing is open."""


class _Transaction(AbstractContextManager[None]):
    """Undoes the writes of a block after an exception; only one block runs at a time."""

    def __init__(self) -> None:
        self.undo: list[tuple[dict[Any, Any], Any, Any]] | None = None
        """A table, a key and the value before, for each write; None outside of a transaction."""

    def __enter__(self) -> None:
        self.undo = []

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        writes, self.undo = self.undo, None
        if kind is not None:
            for table, key, before in reversed(writes or ()):
                _put(table, key, before)


def _put(table: dict[_Key, _Value], key: _Key, value: _Value | None) -> None:
    """Set an entry, or remove it if the value is None."""
    if value is not None:
        table[key] = value
    elif key in table:
        del table[key]


class SortedTable(dict[str, _Value]):
    """A table whose keys can be walked in order. New keys are sorted at the next walk."""

    FEW = 64
    """The most new keys to insert one by one; for more, sorting is cheaper (Timsort)."""

    def __init__(self) -> None:
        super().__init__()
        self._sorted: list[str] = []
        """The keys in order, except those that were added since they were last sorted."""

    def __delitem__(self, key: str) -> None:
        self._merge()
        super().__delitem__(key)
        del self._sorted[bisect_left(self._sorted, key)]

    def walk(self, start: str) -> Iterator[str]:
        self._merge()
        keys = self._sorted
        return (keys[index] for index in range(bisect_left(keys, start), len(keys)))

    def _merge(self) -> None:
        # Python sorts text by code point, which is also the order of the UTF-8 bytes.
        added = list(islice(reversed(self), len(self) - len(self._sorted)))
        if len(added) <= self.FEW:
            for key in added:
                insort(self._sorted, key)
        else:
            self._sorted.extend(added)
            self._sorted.sort()


@dataclass(slots=True)
class _BucketContents:
    versions: SortedTable[tuple[Object, ...]] = field(default_factory=SortedTable)
    """The versions by key, the newest first."""
    uploads: dict[str, Upload] = field(default_factory=dict)
    parts: dict[str, dict[int, Part]] = field(default_factory=dict)
    """The parts by upload id and part number."""
