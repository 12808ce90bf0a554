"""The records that are kept, and what a storage promises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from emulator.storage.blobs import Blob, BlobWriter

NULL_VERSION = "null"
"""The version id of every object that was put while its bucket kept no versions."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket without its objects. Times are seconds since the epoch."""

    name: str
    owner: str
    created: float
    region: str
    acl: str = "private"
    storage_class: str = "Standard"
    redundancy: str = "LRS"
    documents: Mapping[str, bytes] = field(default_factory=dict)
    """Configurations by sub-resource, each as the bytes that were put."""


@dataclass(frozen=True, slots=True)
class Object:
    """One version of an object: what is known of it, and its bytes."""

    key: str
    content: tuple[Blob, ...]
    size: int
    etag: str
    """Quoted, as the answer has it."""
    crc64: int
    modified: float
    owner: str
    kind: str = "Normal"
    """The value of `x-oss-object-type`."""
    storage_class: str = "Standard"
    acl: str = "default"
    headers: Mapping[str, str] = field(default_factory=dict)
    """What GET answers beyond the computed: Content-Type, Cache-Control, `x-oss-meta-*` …"""
    version_id: str = NULL_VERSION


class Storage(Protocol):
    """What a storage promises.

    - Absence is None, never an error; what is not there can be deleted.
    - A record put is the record got: nothing is changed, dropped or added.
    - Buckets come in the order of their names, objects in the order of their keys' UTF-8 bytes.
    - Every call is whole or not at all, and seen by the next call.
    - A storage knows no rule of OSS: conditions, ACLs and listings with delimiters are above it.
    """

    def buckets(self) -> Sequence[Bucket]:
        """All buckets."""

    def bucket(self, name: str) -> Bucket | None:
        """The bucket of that name."""

    def put_bucket(self, bucket: Bucket) -> None:
        """Add a bucket, or replace the record of the one with its name; objects stay."""

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket and all that is in it."""

    def object(self, bucket: str, key: str) -> Object | None:
        """The current version of an object."""

    def put_object(self, bucket: str, item: Object) -> None:
        """Add an object, or replace the one with its key. The bucket must be there."""

    def delete_object(self, bucket: str, key: str) -> None:
        """Remove an object."""

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        """The objects whose key is `start` or comes after it. Walk it before the next write."""

    def blob_writer(self) -> BlobWriter:
        """A place for the bytes of a body that is arriving."""
