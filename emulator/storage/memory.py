"""A storage that lives and ends with the process."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from emulator.storage.base import Bucket, Object
from emulator.storage.blobs import BlobWriter


class MemoryStorage:
    """Buckets and objects in dictionaries; see `Storage` for what is promised."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._objects: dict[str, dict[str, Object]] = {}
        self._keys: dict[str, SortedKeys] = {}

    def buckets(self) -> Sequence[Bucket]:
        return sorted(self._buckets.values(), key=lambda bucket: bucket.name)

    def bucket(self, name: str) -> Bucket | None:
        return self._buckets.get(name)

    def put_bucket(self, bucket: Bucket) -> None:
        self._buckets[bucket.name] = bucket
        self._objects.setdefault(bucket.name, {})
        self._keys.setdefault(bucket.name, SortedKeys())

    def delete_bucket(self, name: str) -> None:
        self._buckets.pop(name, None)
        self._objects.pop(name, None)
        self._keys.pop(name, None)

    def object(self, bucket: str, key: str) -> Object | None:
        return self._objects[bucket].get(key)

    def put_object(self, bucket: str, item: Object) -> None:
        objects = self._objects[bucket]
        if item.key not in objects:
            self._keys[bucket].add(item.key)
        objects[item.key] = item

    def delete_object(self, bucket: str, key: str) -> None:
        if self._objects[bucket].pop(key, None) is not None:
            self._keys[bucket].remove(key)

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        objects = self._objects[bucket]
        return (objects[key] for key in self._keys[bucket].walk(start))

    def blob_writer(self) -> BlobWriter:
        return BlobWriter()


class SortedKeys:
    """Keys in order. Additions wait unsorted until somebody looks, then are merged at once."""

    FEW = 64
    """So many are inserted one by one; more are cheaper sorted in with the rest (Timsort)."""

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
        # Python orders text by code point, which is the order of its UTF-8 bytes.
        if len(self._added) <= self.FEW:
            for key in self._added:
                insort(self._sorted, key)
        else:
            self._sorted.extend(self._added)
            self._sorted.sort()
        self._added.clear()
