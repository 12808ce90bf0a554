"""The records that are kept, and what a storage promises.

Every upload makes a record, so they are named tuples: a frozen dataclass takes three times as long
to make.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from oss_emulator.storage.blobs import Blob, BlobWriter

NULL_VERSION = "null"
"""The version id of every object that was put while its bucket kept no versions."""


class Bucket(NamedTuple):
    """A bucket without its objects. Times are seconds since the epoch."""

    name: str
    owner: str
    created: float
    region: str
    acl: str = "private"
    storage_class: str = "Standard"
    redundancy: str = "LRS"
    versioning: str = ""
    """"" until it is first set, then Enabled or Suspended."""
    documents: Mapping[str, bytes] = {}
    """Configurations by name, each as the bytes that were put."""


class Account(NamedTuple):
    """What is kept of an account itself."""

    id: str
    documents: Mapping[str, bytes] = {}
    """As those of a bucket."""


class Restore(NamedTuple):
    """The restore of an archived object that was asked for."""

    done: float
    """When the object can be read."""
    until: float
    """When it is frozen again."""
    tier: str = ""
    """How fast it was to be, "" for what has no tiers."""


class Object(NamedTuple):
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
    headers: Mapping[str, str] = {}
    """What GET answers beyond the computed: Content-Type, Cache-Control, `x-oss-meta-*` …"""
    version_id: str = NULL_VERSION
    delete_marker: bool = False
    tags: Mapping[str, str] = {}
    symlink_target: str = ""
    """The key that a symbolic link leads to, percent-encoded as it was sent."""
    sealed: float | None = None
    """When an appendable object was closed for good."""
    restore: Restore | None = None


class Upload(NamedTuple):
    """A multipart upload that has begun."""

    id: str
    initiated: float
    draft: Object
    """The object it will become, still without bytes."""


class Part(NamedTuple):
    """One part of an upload."""

    number: int
    content: tuple[Blob, ...]
    size: int
    etag: str
    crc64: int
    modified: float


class FolderError(Exception):
    """A folder that cannot be used; the text says why and what to do."""


class Storage(Protocol):
    """What a storage promises.

    - Absence is None, never an error; what is not there can be deleted.
    - A record put is the record got: nothing is changed, dropped or added.
    - Buckets come in the order of their names, objects in the order of their keys' UTF-8 bytes,
      the versions of one object from the newest to the oldest, uploads by key and then by id,
      parts by number.
    - Every call is whole or not at all, and seen by the next call.
    - What can be read is durable as far as the storage promises durability.
    - A storage knows no rule of OSS: conditions, ACLs and listings with delimiters are above it.
    """

    blocking: bool
    """Whether writing waits for a disk, and so belongs in a thread."""

    def buckets(self) -> Sequence[Bucket]:
        """All buckets."""

    def bucket(self, name: str) -> Bucket | None:
        """The bucket of that name."""

    def put_bucket(self, bucket: Bucket) -> None:
        """Add a bucket, or replace the record of the one with its name; objects stay."""

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket and all that is in it."""

    def account(self, account: str) -> Account | None:
        """The record of an account."""

    def accounts(self) -> Sequence[Account]:
        """All records of accounts, by id."""

    def put_account(self, account: Account) -> None:
        """Add the record of an account, or replace it."""

    def delete_account(self, account: str) -> None:
        """Remove the record of an account."""

    def object(self, bucket: str, key: str, version_id: str | None = None) -> Object | None:
        """A version of an object, the newest where none is named; it may be a delete marker."""

    def put_object(self, bucket: str, item: Object) -> None:
        """Add the newest version of an object; the one with the same version id goes."""

    def replace_object(self, bucket: str, item: Object) -> None:
        """Put a record in the place of the one with its key and version id, which is there."""

    def delete_object(self, bucket: str, key: str, version_id: str) -> None:
        """Remove one version of an object."""

    def objects(self, bucket: str, start: str = "") -> Iterator[Object]:
        """The newest versions from the key `start` on. Walk it before the next write."""

    def versions(self, bucket: str, start: str = "") -> Iterator[Object]:
        """All versions from the key `start` on. Walk it before the next write."""

    def uploads(self, bucket: str) -> Iterator[Upload]:
        """The uploads that have begun and not ended. Walk it before the next write."""

    def upload(self, bucket: str, upload_id: str) -> Upload | None:
        """The upload of that id."""

    def put_upload(self, bucket: str, upload: Upload) -> None:
        """Add an upload."""

    def delete_upload(self, bucket: str, upload_id: str) -> None:
        """Remove an upload with its parts."""

    def parts(self, bucket: str, upload_id: str) -> Sequence[Part]:
        """The parts of an upload that is there."""

    def put_part(self, bucket: str, upload_id: str, part: Part) -> None:
        """Add a part, or replace the one with its number. The upload must be there."""

    def blob_writer(self) -> BlobWriter:
        """A place for the bytes of a body that is arriving."""

    def hold(self, content: tuple[Blob, ...]) -> None:
        """Keep these blobs though no record may refer to them, until they are released."""

    def release(self, content: tuple[Blob, ...]) -> None:
        """Take a hold back."""

    def forget(self, content: tuple[Blob, ...]) -> None:
        """Remove those of these blobs that nothing refers to or holds."""

    def transaction(self) -> AbstractContextManager[None]:
        """Let what is written in the block be kept as one, or after an exception not at all.

        Nobody else writes meanwhile.
        """

    def close(self) -> None:
        """Let go of whatever is held open."""
