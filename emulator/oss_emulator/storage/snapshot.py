"""Snapshots: the contents of a storage at one moment, to be restored later."""

from dataclasses import dataclass

from oss_emulator.storage.base import Account, Bucket, Object, Part, Storage, Upload
from oss_emulator.storage.blobs import Blob


@dataclass(frozen=True, slots=True)
class BucketSnapshot:
    """A bucket with its versions and uploads."""

    bucket: Bucket
    versions: tuple[Object, ...]
    uploads: tuple[tuple[Upload, tuple[Part, ...]], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The records of a storage at one moment; the bytes are shared, not copied."""

    accounts: tuple[Account, ...]
    contents: tuple[BucketSnapshot, ...]

    @property
    def content(self) -> tuple[Blob, ...]:
        """All blobs that it refers to."""
        found: list[Blob] = []
        for contents in self.contents:
            for version in contents.versions:
                found += version.content
            for _, parts in contents.uploads:
                for part in parts:
                    found += part.content
        return tuple(found)


def take(storage: Storage) -> Snapshot:
    """Take a snapshot; the storage keeps its bytes until `drop`."""
    contents = (
        BucketSnapshot(
            bucket,
            tuple(storage.versions(bucket.name)),
            tuple(
                (upload, tuple(storage.parts(bucket.name, upload.id)))
                for upload in storage.uploads(bucket.name)
            ),
        )
        for bucket in storage.buckets()
    )
    snapshot = Snapshot(tuple(storage.accounts()), tuple(contents))
    storage.pin(snapshot.content)
    return snapshot


def drop(storage: Storage, snapshot: Snapshot) -> None:
    """Let the storage remove the bytes that only this snapshot refers to."""
    storage.release(snapshot.content)


def clear(storage: Storage) -> None:
    """Remove all buckets and accounts."""
    for bucket in storage.buckets():
        storage.delete_bucket(bucket.name)
    for account in storage.accounts():
        storage.delete_account(account.id)


def restore(storage: Storage, snapshot: Snapshot) -> None:
    """Replace the contents of a storage with those of a snapshot."""
    clear(storage)
    for account in snapshot.accounts:
        storage.put_account(account)
    for contents in snapshot.contents:
        name = contents.bucket.name
        storage.put_bucket(contents.bucket)
        for version in reversed(contents.versions):
            storage.put_object(name, version)
        for upload, parts in contents.uploads:
            storage.put_upload(name, upload)
            for part in parts:
                storage.put_part(name, upload.id, part)
