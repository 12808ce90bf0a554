"""All that a storage holds, taken at once and put back at once."""

from dataclasses import dataclass

from emulator.storage.base import Account, Bucket, Object, Part, Storage, Upload


@dataclass(frozen=True, slots=True)
class _Contents:
    bucket: Bucket
    versions: tuple[Object, ...]
    uploads: tuple[tuple[Upload, tuple[Part, ...]], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The records of a storage at one moment; their bytes are shared, not copied."""

    accounts: tuple[Account, ...]
    contents: tuple[_Contents, ...]


def take(storage: Storage) -> Snapshot:
    """Remember what a storage holds."""
    return Snapshot(
        tuple(storage.accounts()),
        tuple(
            _Contents(
                bucket,
                tuple(storage.versions(bucket.name)),
                tuple(
                    (upload, tuple(storage.parts(bucket.name, upload.id)))
                    for upload in storage.uploads(bucket.name)
                ),
            )
            for bucket in storage.buckets()
        ),
    )


def clear(storage: Storage) -> None:
    """Remove everything."""
    for bucket in storage.buckets():
        storage.delete_bucket(bucket.name)
    for account in storage.accounts():
        storage.delete_account(account.id)


def restore(storage: Storage, snapshot: Snapshot) -> None:
    """Let a storage hold what it held when the snapshot was taken, and nothing else."""
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
