"""The initial contents of a server: its seed and its preloaded folders."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from oss_emulator.control import preload, seed
from oss_emulator.control.controls import Controls
from oss_emulator.control.seed import Report, say_nothing
from oss_emulator.pipeline.authentication import open_accounts
from oss_emulator.pipeline.service import Service
from oss_emulator.settings import Settings
from oss_emulator.storage import snapshot


def load(service: Service, report: Report = say_nothing) -> str:
    """Create the initial contents and return the hint of the seed. Raises SeedError."""
    settings, hint = service.settings, ""
    if settings.seed_file is not None:
        hint = seed.load(settings.seed_file, service, report)
    for bucket, folder in settings.preload.items():
        preload.load(folder, bucket, service, report)
    return hint


def reset(controls: Controls) -> None:
    """Restore the initial contents. Raises SeedError.

    A storage in memory restores them itself; a disk storage is emptied and loaded again.
    """
    controls.reset()
    if controls.service.storage.blocking:
        load(controls.service)


def reload(controls: Controls) -> None:
    """Load changed files again: accounts, the seed and the preloaded folders.

    What the files no longer name stays. The files are tried on an empty service first: a mistake in
    one changes nothing. Raises SeedError or AccountsError.
    """
    service = controls.service
    fresh = Service(replace(service.settings, data=None))  # tries the files before they are used
    load(fresh)
    service.accounts = open_accounts(service.settings, service.token_key)
    load(service)
    if not service.storage.blocking:
        controls.snapshots.set_initial(snapshot.take(fresh.storage))


Stamps = Mapping[Path, tuple[int, int, int]]
"""The time, size and inode of files; one of them changes with every write."""


def stamps(settings: Settings) -> Stamps:
    """Return the stamps of all files that `reload` reads; a missing file has none."""
    paths = [path for path in (settings.seed, settings.accounts) if path is not None]
    if settings.seed is not None:
        paths += seed.files(settings.seed)
    found: dict[Path, tuple[int, int, int]] = {}
    for path in paths:
        _add(path, found)
    for folder in settings.preload.values():
        for path in folder.rglob("*"):
            _add(path, found)
    return found


def _add(path: Path, found: dict[Path, tuple[int, int, int]]) -> None:
    try:
        status = path.stat()
    except OSError:  # it is missing, or was removed meanwhile
        return
    found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
