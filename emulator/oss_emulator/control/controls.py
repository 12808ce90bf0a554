"""The controls of a service: everything that tests can inspect and change besides OSS itself."""

from oss_emulator.control.clock import Clock
from oss_emulator.control.faults import Faults
from oss_emulator.control.journal import Journal
from oss_emulator.control.snapshots import Snapshots
from oss_emulator.pipeline.accounts import read_token_key
from oss_emulator.pipeline.service import Service
from oss_emulator.settings import Fsync, Settings
from oss_emulator.storage import MemoryStorage, Storage


def open_storage(settings: Settings) -> Storage:
    """Open the storage that the settings name; raises `FolderError`.

    A folder whose key is damaged is left as it is: raises `AccountsError`.
    """
    if settings.data is None:
        return MemoryStorage()
    read_token_key(settings.data)
    from oss_emulator.storage.disk import DiskStorage  # loads SQLite

    return DiskStorage(settings.data, fsync=settings.fsync is Fsync.ALWAYS)


class Controls:
    """A service, and its journal, faults, clock and snapshots."""

    def __init__(self, settings: Settings | None = None, storage: Storage | None = None) -> None:
        """Raises `AccountsError` for accounts that cannot be used."""
        self.clock = Clock()
        self.service = Service(settings, storage, self.clock.now)
        self.journal = Journal(self.service.settings.journal_size)
        self.faults = Faults()
        self.snapshots = Snapshots(self.service.storage)
