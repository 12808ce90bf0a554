"""Runs a server in the foreground, logs its requests, and runs a task meanwhile."""

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO, TypeAlias

from oss_referer.engine import explanation
from oss_referer.files import replacing
from oss_referer.sources.masking import mask
from oss_referer.terminal.parser import CommandError, InputError
from oss_referer.terminal.program import loading
from oss_referer.terminal.progress import Progress

from oss_emulator.access.accounts import AccountsError
from oss_emulator.access.identity import AccessKey
from oss_emulator.control import contents, seed
from oss_emulator.control.controls import Controls, open_storage
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.server import Server, app
from oss_emulator.server import tls as certificates
from oss_emulator.server.listening import loop_factory
from oss_emulator.server.tls import CertificateError
from oss_emulator.settings import LogFormat, Settings
from oss_emulator.storage.base import FolderError
from oss_emulator.system import resource

LOG: Final = logging.getLogger("oss_emulator.requests")

_SHOWN: Final = 80
"""Maximum characters of a Referer or an object key in a line."""

_ENTRY: Final = "entry"
"""The attribute of a log record with the journal's entry."""


def begin(settings: Settings) -> None:
    """Send all log messages to standard error, in the format and from the level of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    lines = _Text("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(_JSON() if settings.log_format is LogFormat.JSON else lines)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])


def write(entry: JournalEntry) -> None:
    """Log a request: as a warning if it was denied, else as information."""
    level = logging.WARNING if entry.status == 403 else logging.INFO
    if LOG.isEnabledFor(level):
        LOG.log(level, "%s", describe(entry), extra={_ENTRY: entry})


def describe(entry: JournalEntry) -> str:
    """Describe a request in one line: status, verdict, EC, method, object, and the reason."""
    verdict, reason = _explain(entry)
    place = f"{entry.bucket}/{entry.key}" if entry.bucket else entry.refused_host
    place = place or entry.operation or "/"
    parts = (str(entry.status), verdict, entry.ec, entry.request.method, _shorten(place))
    line = " ".join(part for part in parts if part)
    return f"{line}  {mask(reason)}" if reason else line


def _explain(entry: JournalEntry) -> tuple[str, str]:
    """Return the verdict on a request in one word, and its reason."""
    decision, access = entry.decision, entry.access
    if entry.verdict is RefererResult.DENIED and decision is not None:
        return "referer", _referer(entry)
    if entry.status == 403 and access is not None and not access.allowed:
        who = entry.caller.id or "anonymous"
        advice = "; sign the URL, or set the ACL to public-read" if entry.needs_public_read else ""
        return "access", f"{who}, {access.action}: {access.reason}{advice}"
    if entry.code:
        return entry.code, _shorten(f"{entry.message} {entry.detail}".strip(), 4 * _SHOWN)
    checked = entry.verdict is RefererResult.ALLOWED
    return entry.verdict.value, _referer(entry) if checked else ""


def _referer(entry: JournalEntry) -> str:
    """Return the last step of the decision on a request, after the Referer unless it is empty."""
    assert entry.decision is not None  # noqa: S101 - the Referer was checked
    sentence = explanation.sentence(entry.decision.steps[-1]).rstrip(".")
    sent = (entry.referer or "").strip()
    reason = sentence[:1].lower() + sentence[1:]
    return f"Referer {_shorten(sent)}  {reason}" if sent else reason


def _shorten(text: str, length: int = _SHOWN) -> str:
    """Shorten text that a client sent, and escape characters that a terminal would not show."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


class _Text(logging.Formatter):
    """Formats lines for people. The line of a request has no time and no level."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage() if hasattr(record, _ENTRY) else super().format(record)


class _JSON(logging.Formatter):
    """Formats each record as a JSON object on one line, with the journal entry of a request."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry = getattr(record, _ENTRY, None)
        if entry is not None:
            line["request"] = entry.to_dict()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Listening(NamedTuple):
    """A listening server, its hint for newcomers and its key."""

    server: Server
    hint: str
    key: AccessKey
    """The first key of the first account."""

    async def reset(self) -> None:
        await contents.reset(self.server.controls, self.server.change)

    def write_ready_file(self) -> None:
        """Write the ready file, if there is one, to announce that the server listens."""
        path = self.server.settings.ready_file
        if path is None:
            return
        try:
            with replacing(path) as file:
                file.write(f"{json.dumps(_facts(self))}\n".encode())
        except OSError as error:
            raise CommandError(
                f"the ready file {path} cannot be written: {error.strerror}"
            ) from None


WhileListening: TypeAlias = Callable[[Listening], Awaitable[int]]


def serve(settings: Settings, meanwhile: WhileListening) -> int:
    """Listen while `meanwhile` runs and return its exit status. Raises CommandError."""
    begin(settings)
    _allow_connections(settings)
    with ExitStack() as stack:
        try:
            storage = stack.enter_context(closing(open_storage(settings)))
        except (AccountsError, FolderError) as error:
            raise CommandError(str(error)) from None
        try:
            controls = Controls(settings, storage)
            controls.journal.listen(write)
            # Read before the files are loaded, so that no change during the load is missed.
            known = contents.stamps(settings) if settings.watch else None
            with loading(), Progress("Loading the seed") as progress:
                hint = contents.load(controls.service, progress.show)
            controls.snapshots.set_initial()
            found = certificates.load(settings, controls.service.addresses.domains)
        except (AccountsError, CertificateError, seed.SeedError) as error:
            raise InputError(str(error)) from None
        log = _open_log(settings, stack)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            server = Server(controls, log, found)
            return runner.run(_serve(server, hint, meanwhile, stack, known))


async def _serve(
    server: Server,
    hint: str,
    meanwhile: WhileListening,
    stack: ExitStack,
    known: contents.Stamps | None,
) -> int:
    status, settings = 1, server.settings
    try:
        await server.start(settings.host, settings.port)
    except OSError as error:
        ports = [port for port in (settings.port, settings.tls_port) if port is not None]
        raise CommandError(
            f"cannot listen on {settings.host} port {' and '.join(map(str, ports))}: "
            f"{_reason(error)}; choose another with --port or --host"
        ) from None
    watching = None if known is None else asyncio.ensure_future(_watch(server, known))
    try:
        status = await meanwhile(Listening(server, hint, server.service.accounts.first))
        return status
    finally:
        if watching is not None:
            watching.cancel()
        stack.callback(_exit_later(status).cancel)
        await server.stop()


LAST: Final = 3.0
"""Seconds that connections and threads have to end after the running requests."""


def _exit_later(status: int) -> threading.Timer:
    """End the process in time even if a thread hangs, for example in a name look-up or on a disk.

    As after a kill, everything that was answered with 200 is stored.
    """

    def end() -> None:
        print("oss-emulator: ended while a thread was still running", file=sys.stderr, flush=True)
        os._exit(status)

    timer = threading.Timer(app.SHUTDOWN_TIMEOUT + LAST, end)
    timer.daemon = True
    timer.start()
    return timer


WATCH_EVERY = 0.5
"""Seconds between two checks of the watched files."""


async def _watch(server: Server, known: contents.Stamps) -> None:
    """Load changed files again; on a mistake, report it and keep the old contents."""
    controls, settings = server.controls, server.settings
    while True:
        await asyncio.sleep(WATCH_EVERY)
        try:
            found = await asyncio.to_thread(contents.stamps, settings)
        except OSError:  # a folder was just removed; the next check sees the result
            continue
        if found == known:
            continue
        changed = sorted({path for path, _ in set(found.items()) ^ set(known.items())})
        known = found
        try:
            rehearsal = await asyncio.to_thread(contents.rehearse, controls.service)
            await server.change(partial(contents.adopt, controls, rehearsal))
        except (seed.SeedError, AccountsError, OSError) as error:
            text = f"nothing was loaded again, and the old contents stay: {error}"
        else:
            text = _describe(changed, found)
        print(f"oss-emulator: {text}", file=sys.stderr, flush=True)


def _describe(changed: Sequence[Path], found: contents.Stamps) -> str:
    """Say which files were loaded again and which were removed (those missing in `found`)."""
    said = []
    for kept, one, several in (
        (True, "changed and was loaded again", "changed and were loaded again"),
        (
            False,
            "was removed; its contents stay until a reset",
            "were removed; their contents stay until a reset",
        ),
    ):
        paths = [path for path in changed if (path in found) is kept]
        if len(paths) == 1:
            said.append(f"{paths[0]} {one}")
        elif paths:
            said.append(f"{paths[0]} and {len(paths) - 1} more {several}")
    return "; ".join(said)


def _facts(listening: Listening) -> dict[str, object]:
    server, settings = listening.server, listening.server.settings
    facts: dict[str, object] = {
        "endpoint": server.endpoint,
        "port": server.port,
        "pid": os.getpid(),
        "region": settings.region,
        "access_key_id": listening.key.id,
    }
    if server.https_endpoint is not None:
        facts["https_endpoint"] = server.https_endpoint
    if settings.ca_file is not None:
        facts["ca_file"] = str(settings.ca_file.absolute())
    return facts


def _allow_connections(settings: Settings) -> None:
    """Raise the limit of open files to the number that all connections may need, if possible."""
    if resource is None:
        return
    most = 4 * settings.max_connections  # each connection may send an object from several files
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # the old limit remains
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _open_log(settings: Settings, stack: ExitStack) -> TextIO | None:
    if settings.access_log is None:
        return None
    path = settings.access_log

    def create(name: str, flags: int) -> int:  # an existing file keeps its permissions
        return os.open(name, flags, 0o600)

    try:
        file = open(path, "a", encoding="utf-8", errors="backslashreplace", opener=create)  # noqa: SIM115
        return stack.enter_context(file)
    except OSError as error:
        raise CommandError(f"the access log {path} cannot be written: {error.strerror}") from None


def _reason(error: OSError) -> str:
    # asyncio rewrites the system's message; an unknown host name has no error number.
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or str(error)
    return os.strerror(error.errno)
