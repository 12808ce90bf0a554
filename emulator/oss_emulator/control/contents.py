"""The initial contents of a server: its seed and its preloaded folders."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from stat import S_ISDIR
from typing import Protocol, TypeVar

from oss_emulator.control import seed
from oss_emulator.control.controls import Controls, take_snapshot
from oss_emulator.control.seed import ReportProgress, SeedError, refusal_of, say_nothing
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.pipeline.accounts import open_accounts
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings


class Rehearsal(Service):
    """A service that starts empty in memory and records the requests that change it."""

    def __init__(self, service: Service) -> None:
        """Copy the settings of `service` and read its accounts again; raises `AccountsError`."""
        super().__init__(replace(service.settings, data=None), clock=service.clock)
        self.token_key = service.token_key
        self.accounts = open_accounts(service.settings, service.token_key)
        self._requests: list[tuple[Request, Body]] = []

    def execute(self, admission: Admission, body: Body = NO_BODY) -> Response:
        """Execute a request, and record the request with its body."""
        self._requests.append((admission.original, body))
        return super().execute(admission, body)

    def execute_on(self, service: Service) -> None:
        """Send the recorded requests and the accounts to a running service, all or nothing.

        This is fast, because files are already read and bodies hashed. Raises SeedError if the
        running service refuses a request.
        """
        with service.storage.transaction():
            for request, body in self._requests:
                now = request._replace(received=service.clock())
                refusal = refusal_of(service.handle(now, body, caller=self.accounts.owner))
                if refusal:
                    raise SeedError(f"PUT {request.target} was refused with {refusal}")
        service.accounts = self.accounts


_T = TypeVar("_T")


def load(service: Service, report: ReportProgress = say_nothing) -> str:
    """Create the initial contents; returns the hints of the seed and the folders.

    Raises SeedError.
    """
    settings, hints = service.settings, []
    if settings.seed_file is not None:
        hints.append(seed.load(settings.seed_file, service, report))
    for bucket, folder in settings.preload.items():
        from oss_emulator.control import preload  # on first use: it loads all MIME types

        hints.append(preload.load(folder, bucket, service, report))
    return "\n".join(filter(None, hints))


class WriteRunner(Protocol):
    """Runs work that changes the contents, one change after another; returns its result."""

    async def __call__(self, work: Callable[[], _T]) -> _T: ...


async def reset(controls: Controls, change: WriteRunner) -> None:
    """Restore the initial contents and the real time; remove snapshots, entries and faults.

    Raises SeedError.
    """
    controls.faults.clear()
    controls.clock.shift = 0.0  # first, because loaded objects get this time
    await change(partial(_restore, controls))
    controls.journal.clear()
    controls.rule_changes.clear()


def _restore(controls: Controls) -> None:
    """Restore the initial contents: in memory from a snapshot, on a disk from the files."""
    service, snapshots = controls.service, controls.snapshots
    with service.storage.transaction():  # hides the empty storage; undone if the seed is wrong
        snapshots.reset()
        if service.storage.blocking:
            load(service)
    snapshots.drop_all()


def rehearse(service: Service) -> Rehearsal:
    """Read all files of the initial contents again: accounts, the seed and the preloaded folders.

    This does not change the service and may take long, so run it in a thread. Raises SeedError or
    AccountsError for a mistake in a file.
    """
    rehearsal = Rehearsal(service)
    load(rehearsal)
    return rehearsal


def adopt(controls: Controls, rehearsal: Rehearsal) -> None:
    """Change the contents as rehearsed; a SeedError leaves them unchanged.

    Contents that the files no longer name stay until a reset.
    """
    rehearsal.execute_on(controls.service)
    controls.snapshots.set_initial(take_snapshot(rehearsal.storage))


Stamps = Mapping[Path, tuple[int, int, int]]
"""The time, size and inode of files; at least one of them changes with every write."""


def stamps(settings: Settings) -> Stamps:
    """Return the stamps of all files that `rehearse` reads, without missing files."""
    paths = [path for path in (settings.seed, settings.accounts) if path is not None]
    if settings.seed is not None:
        paths += seed.files(settings.seed)
    for folder in settings.preload.values():
        paths += folder.rglob("*")
    found: dict[Path, tuple[int, int, int]] = {}
    for path in paths:
        with suppress(OSError):  # missing or just removed
            status = path.stat()
            if not S_ISDIR(status.st_mode):  # its files have their own stamps
                found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
