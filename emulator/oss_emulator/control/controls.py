"""The controls of a service: what tests can inspect and change in addition to OSS."""

import time
from collections.abc import Callable
from typing import NamedTuple

from oss_emulator.control.faults import Faults
from oss_emulator.control.journal import Journal
from oss_emulator.control.rule_changes import RuleChanges
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.referer import SUBRESOURCE
from oss_emulator.pipeline.accounts import read_token_key
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol import dates
from oss_emulator.settings import Fsync, Settings
from oss_emulator.storage.base import Account, Bucket, Object, Part, Storage, Upload
from oss_emulator.storage.blobs import Blob
from oss_emulator.storage.memory import MemoryStorage


class BucketSnapshot(NamedTuple):
    bucket: Bucket
    versions: tuple[Object, ...]
    uploads: tuple[tuple[Upload, tuple[Part, ...]], ...]


class Snapshot(NamedTuple):
    """The records of a storage at one moment; bytes are shared, not copied."""

    accounts: tuple[Account, ...]
    contents: tuple[BucketSnapshot, ...]

    @property
    def content(self) -> tuple[Blob, ...]:
        """All blobs of the snapshot."""
        found: list[Blob] = []
        for contents in self.contents:
            for version in contents.versions:
                found += version.content
            for _, parts in contents.uploads:
                for part in parts:
                    found += part.content
        return tuple(found)


def take_snapshot(storage: Storage) -> Snapshot:
    """Take a snapshot; the storage keeps its bytes until `release_snapshot`."""
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


def release_snapshot(storage: Storage, snapshot: Snapshot) -> None:
    """Let the storage remove the bytes that only this snapshot refers to."""
    storage.release(snapshot.content)


def restore_snapshot(storage: Storage, snapshot: Snapshot) -> None:
    """Replace everything in the storage."""
    for bucket in storage.buckets():
        storage.delete_bucket(bucket.name)
    for account in storage.accounts():
        storage.delete_account(account.id)
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


class Clock:
    """Returns seconds since the epoch; a shifted clock keeps ticking, from year 1 to year 9999."""

    def __init__(self) -> None:
        self.shift = 0.0
        """Seconds by which this clock is ahead of the machine's clock."""

    def now(self) -> float:
        return min(max(dates.EARLIEST, time.time() + self.shift), dates.LATEST)

    def set(self, now: float) -> None:
        """Make the current time `now`, in seconds since the epoch."""
        self.shift = now - time.time()


class Snapshots:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._taken: dict[str, Snapshot] = {}
        self._initial = Snapshot((), ())
        self.restored: Callable[[], object] = lambda: None
        """Called after a snapshot was restored; the server resumes its tasks."""

    @property
    def names(self) -> list[str]:
        return sorted(self._taken)

    def set_initial(self, initial: Snapshot | None = None) -> None:
        """Make a snapshot, or the current contents, the state that `reset` restores.

        A disk storage is reset to empty, because it may be large and have earlier contents.
        """
        if not self._storage.blocking:
            self._initial = take_snapshot(self._storage) if initial is None else initial

    def take(self, name: str) -> None:
        """Take a snapshot; it replaces a snapshot with the same name."""
        taken = take_snapshot(self._storage)
        self.drop(name)
        self._taken[name] = taken

    def drop(self, name: str) -> bool:
        """Remove a snapshot; returns whether it existed."""
        found = self._taken.pop(name, None)
        if found is not None:
            release_snapshot(self._storage, found)
        return found is not None

    def restore(self, name: str) -> bool:
        """Restore the contents of a snapshot; returns whether it exists."""
        found = self._taken.get(name)
        if found is not None:
            with self._storage.transaction():
                restore_snapshot(self._storage, found)
            self.restored()
        return found is not None

    def reset(self) -> None:
        with self._storage.transaction():
            restore_snapshot(self._storage, self._initial)

    def drop_all(self) -> None:
        for name in self.names:
            self.drop(name)

    def reset_bucket(self, name: str) -> None:
        """Remove the contents and the configuration of a bucket; the bucket itself stays.

        A missing bucket is ignored.
        """
        with self._storage.transaction():
            bucket = self._storage.bucket(name)
            if bucket is not None:
                self._storage.delete_bucket(name)
                self._storage.put_bucket(bucket._replace(documents={}, versioning=""))


def open_storage(settings: Settings) -> Storage:
    """Open the storage that the settings name; raises `FolderError`.

    Raises `AccountsError` for a folder with a damaged key, without changing it.
    """
    if settings.data is None:
        return MemoryStorage()
    read_token_key(settings.data)
    from oss_emulator.storage.disk import DiskStorage  # loads SQLite

    return DiskStorage(settings.data, fsync=settings.fsync is Fsync.ALWAYS)


class Controls:
    """A service, and its journal, faults, clock, snapshots and the changes of its rules."""

    def __init__(self, settings: Settings | None = None, storage: Storage | None = None) -> None:
        """Raises `AccountsError` for accounts that cannot be used."""
        self.clock = Clock()
        self.service = Service(settings, storage, self.clock.now)
        limit = self.service.settings.journal_bytes
        for_changes = limit // 4
        self.journal = Journal(self.service.settings.journal_size, limit - for_changes)
        self.faults = Faults()
        self.rule_changes = RuleChanges(for_changes)
        self.service.note_rules = self._note_rules
        self.snapshots = Snapshots(self.service.storage)
        self.changes = 0
        """Number of changes by the API and of changes of rules."""
        self._listeners: list[Callable[[], object]] = []

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after each change, in any thread; returns a function that stops this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _note_rules(self, admission: Admission, before: bytes | None, after: bytes) -> None:
        self.rule_changes.note(admission, before, after)
        self.note_change()

    def note_change(self) -> None:
        """Count a change that the journal may not record, and call the listeners."""
        self.changes += 1
        for listener in [*self._listeners]:
            listener()

    def restore(self, name: str) -> bool:
        """Restore the contents of a snapshot; returns whether it exists."""
        storage = self.service.storage
        before = {one.name: one.documents.get(SUBRESOURCE) for one in storage.buckets()}
        is_known = self.snapshots.restore(name)
        for one in storage.buckets():
            if one.name in before:
                now, after = self.clock.now(), one.documents.get(SUBRESOURCE)
                self.rule_changes.add(now, one.name, before[one.name], after)
        return is_known
