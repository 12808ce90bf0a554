"""`Emulator`: a server in a thread of this process, for tests and scripts."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from oss_referer import Assumptions
from oss_referer.sources import referer_xml
from oss_referer.sources.nearest import did_you_mean

from oss_emulator.control import contents
from oss_emulator.control.controls import Controls, open_storage
from oss_emulator.control.journal import JournalEntry
from oss_emulator.protocol.message import Request, Response
from oss_emulator.server import tls as certificates
from oss_emulator.server.app import Server
from oss_emulator.server.listening import close_loop, loop_factory
from oss_emulator.settings import SETTINGS, Setting, Settings
from oss_emulator.testing import buckets

if TYPE_CHECKING:
    import oss2

    from oss_emulator.testing.rules import Rules


_T = TypeVar("_T")

TIMEOUT = 60.0
"""Seconds to wait for the thread."""


_SERVE_ONLY = ("ready_file", "access_log", "log_level", "log_format", "watch")
"""The settings of a server process only; `journal` replaces the access log."""


class Emulator:
    """A local OSS server on a free port of 127.0.0.1, in a separate thread.

        with Emulator() as emulator:
            bucket = emulator.bucket("examplebucket", acl="public-read")
            bucket.put_object("hello.txt", b"Hello")

    `async with` also works. Each instance can be started once and is independent of all others.

    Options are the fields of `oss_emulator.settings.Settings`, as values or as strings:

    - `region`, `access_key_id`, `access_key_secret`: what clients must use.
    - `auth`: "strict" (the default), "relaxed" or "off".
    - `seed`: a TOML file whose buckets exist at the start and after `reset`.
    - `demo=True`: the seed of a demonstration instead.
    - `preload`: folders by names of buckets; their files become objects of these buckets.
    - `data`: a folder that keeps buckets and objects; without it they are kept in memory.
    - `accounts`: a TOML file of several accounts, instead of one key.
    - `assumptions`: what the service does where its documents do not say, as `Assumptions` or as a
      TOML file.
    - `as_of`, `new_account`: the service of a day, such as "2025-10-13", and of a new account.
    - `tls=True` or `tls_port=0`: serve https, with a certificate that clients accept if they trust
      `ca_file`.

    Raises:
        TypeError: an option does not exist, or only `oss-emulator serve` has it.
        ValueError: an option has a value that is not allowed, such as a port "x".
        OSError: the port is in use (from `start`).
        SeedError: the seed file is not valid (from `start`).
        AccountsError, AssumptionsError, CertificateError, FolderError: these files or the folder
            cannot be used.
    """

    def __init__(self, *, port: int | str = 0, **settings: Any) -> None:
        self.settings = _convert({"port": port, **settings})
        storage = open_storage(self.settings)
        try:
            self.controls = Controls(self.settings, storage)
            """The journal, faults, clock and snapshots of the service; use them through `run`."""
            self.service = self.controls.service
            found = certificates.load(self.settings, self.service.addresses.domains)
        except BaseException:
            storage.close()
            raise
        self.port = self.settings.port
        self.ca_file: Path | None = None
        """The file with the local CA's certificate while the emulator runs; None without TLS."""
        self._server = Server(self.controls, certificates=found)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint for an SDK, such as `http://127.0.0.1:40123`, after the start."""
        self._check_started()
        return self._server.endpoint

    @property
    def https_endpoint(self) -> str:
        """The https endpoint; raises `RuntimeError` if the emulator does not serve https."""
        endpoint = self._server.https_endpoint
        self._check_started()
        if endpoint is None:
            raise RuntimeError("The emulator does not serve https: start it with tls or tls_port.")
        return endpoint

    @property
    def region(self) -> str:
        """The region that clients must sign for."""
        return self.settings.region

    @property
    def access_key_id(self) -> str:
        """The id of the first key of the first account."""
        return self.service.accounts.first.id

    @property
    def access_key_secret(self) -> str:
        """The secret of the first key of the first account."""
        return self.service.accounts.first.secret

    @property
    def assumptions(self) -> Assumptions:
        """The assumed behaviour where the service's documentation says nothing."""
        return self.settings.assumptions

    @property
    def journal(self) -> list[JournalEntry]:
        """The requests since the last reset, oldest first, each with its decision."""
        return self.run(self.controls.journal.entries)

    def start(self) -> Self:
        """Start the server and return when it accepts requests.

        Raises `RuntimeError` if the emulator was started before, and the errors that the class
        lists.
        """
        if self._started:
            raise RuntimeError("This emulator was started before: create a new one.")
        self._started = True
        try:
            contents.load(self.service)
            self.controls.snapshots.set_initial()
            loop = self._loop = (loop_factory() or asyncio.new_event_loop)()
            self._thread = threading.Thread(
                target=_run, args=(loop,), name="oss-emulator", daemon=True
            )
            self._thread.start()
            listening = self._server.start(self.settings.host, self.port)
            self.port = asyncio.run_coroutine_threadsafe(listening, loop).result(TIMEOUT)
        except BaseException:
            self._end_thread()
            raise
        self.ca_file = self._write_ca()
        return self

    def _write_ca(self) -> Path | None:
        """Return the file with the CA's certificate; write one if the settings name none."""
        found = self._server.certificates
        ca = None if found is None else found.ca
        if ca is None or self.settings.ca_file is not None:
            return self.settings.ca_file
        self._folder = tempfile.TemporaryDirectory(prefix="oss-emulator-")
        file = Path(self._folder.name, certificates.CA_FILE)
        file.write_bytes(ca)
        return file

    def stop(self) -> None:
        """Wait for running requests, then end the thread; does nothing if it has ended."""
        if self._loop is None:
            return
        try:
            stopping = asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop)
            stopping.result(TIMEOUT)
        finally:
            self._end_thread()
            self.ca_file = None
            if self._folder is not None:
                self._folder.cleanup()

    def reset(self) -> None:
        """Restore the seed (or no buckets) and the real time; clear the journal and the faults."""
        self._await(contents.reset(self.controls, self._server.change))

    def mark(self, test: str) -> None:
        """Record `test` in the journal as the sender of the following requests; "" for none."""
        self.controls.journal.tests.begin("", test)

    def bucket(
        self, name: str, *, acl: str = "private", rules: "Rules | None" = None
    ) -> "oss2.Bucket":
        """Create a bucket unless it exists; returns an `oss2.Bucket` with the owner's key.

        `acl` is also set for an existing bucket. `rules` is the bucket's hotlink protection: a
        `RefererConfiguration`, a mapping of its fields, text in XML, JSON, TOML or another form of
        the rule lab, or the path of a file. Raises `ValueError` for invalid rules, with the place
        and the mistake, and for an invalid name or ACL.
        """
        buckets.check_name(name)
        document = None
        if rules is not None:
            from oss_emulator.testing import rules as given  # the lab, which reads all forms

            document = referer_xml.format(given.read(rules, assumptions=self.settings.assumptions))
        self.put(f"/{name}", headers={"x-oss-acl": acl})
        if document is not None:
            self.put(f"/{name}?referer", document)
        return buckets.connect(self, name)

    def put(self, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send a PUT as the owner, without a signature: `put("/bucket/key", b"...")`.

        Raises `ValueError` with the error in one line if the status is not 200.
        """
        fields = [("Host", "localhost"), *(headers or {}).items()]

        def send() -> Response:
            request = Request.parse("PUT", target, fields, self.service.clock())
            return self.service.handle(request, body, caller=self.service.accounts.owner)

        response = self.run(send)
        if response.status != 200 and isinstance(response.body, bytes):
            raise buckets.refusal(target, response.body)

    def run(self, function: Callable[[], _T]) -> _T:
        """Run a function on the server's thread, between two requests; returns its result.

        Use it to call `service`, which only that thread may use. Raises `RuntimeError` if the
        emulator is not running, and what the function raises.
        """

        async def call() -> _T:
            return function()

        return self._await(call())

    def _check_started(self) -> None:
        """Raise RuntimeError before the start, when the port is not known."""
        if not self._started:
            raise RuntimeError(
                "The emulator has no endpoint before it starts: use it in a with statement, or "
                "call start()."
            )

    def _await(self, running: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine on the server's thread; returns its result."""
        if self._loop is None:
            running.close()
            raise RuntimeError("The emulator is not running: use it in a with statement.")
        return asyncio.run_coroutine_threadsafe(running, self._loop).result(TIMEOUT)

    def _end_thread(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(TIMEOUT)
            close_loop(self._loop)
        self._loop = self._thread = None
        self.service.storage.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped, then cancel its remaining tasks.

    asyncio's loop leaves a task for each client that connected and never began TLS.
    """
    loop.run_forever()
    rest = asyncio.all_tasks(loop)
    for task in rest:
        task.cancel()
    if rest:
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))


def _convert(given: Mapping[str, Any]) -> Settings:
    for name in _SERVE_ONLY:
        if name in given:
            raise TypeError(f"{name} is an option of `oss-emulator serve` only")
    for name in given:
        if name not in SETTINGS:
            raise TypeError(f"Emulator has no setting {name}{did_you_mean(name, SETTINGS)}")
    return Settings(**{name: _read(SETTINGS[name], value) for name, value in given.items()})


def _read(setting: Setting, given: Any) -> Any:
    """Return the value of a setting, given as a value or as a string; raises `ValueError`."""
    if isinstance(given, Mapping) and setting.names_paths:
        return {name: Path(path) for name, path in given.items()}
    if setting.collects and not isinstance(given, Mapping):
        return (given,) if isinstance(given, str) else tuple(given)
    is_text = isinstance(given, str | os.PathLike) or setting.choices
    is_number = isinstance(given, int | float) and not setting.is_switch
    try:
        return setting.read(str(given)) if is_text or is_number else given
    except ValueError as error:
        raise ValueError(f"{setting.name}: {error}") from None
