"""A server in a thread of this process: what tests and scripts start."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from oss_emulator.control import seed
from oss_emulator.control.journal import Entry
from oss_emulator.pipeline.service import Service, open_storage
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer import RefererConfiguration, codec
from oss_emulator.server import tls as certificates
from oss_emulator.server.app import Server
from oss_emulator.server.loop import close, loop_factory
from oss_emulator.settings import Auth, Fsync, Settings

if TYPE_CHECKING:
    import oss2

Result = TypeVar("Result")

PATIENCE = 60.0
"""Seconds that the thread may take for what it is asked."""

_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "auth": Auth,
    "fsync": Fsync,
    "domain": lambda given: (given,) if isinstance(given, str) else tuple(given),
    **dict.fromkeys(("accounts", "seed", "data"), Path),
    **dict.fromkeys(("tls_dir", "ca_file", "tls_cert", "tls_key"), Path),
}
"""The settings that may be given as plain texts, and what they become."""

_OF_A_PROCESS = ("ready_file", "access_log", "log_level", "workers")
"""The settings that mean nothing to a thread: its journal is at hand, and the log is its host's."""


class Emulator:
    """An emulator on a free port of this machine, in a thread of its own.

        with Emulator() as emulator:
            bucket = emulator.bucket("examplebucket", acl="public-read")
            bucket.put_object("hello.txt", b"Hello")

    `async with` works as well. The options are the fields of `Settings`, as they are or as plain
    texts; `seed` is a TOML file that is put at the start, and that `reset` goes back to. With
    `tls=True` or `tls_port=0` it speaks https, and clients that trust `ca_file` believe it. Raises
    `TypeError` for an option that is not there, `ValueError` for a value that will not do,
    `OSError` where a port is taken, `FolderError` for a folder of data that cannot be used,
    `SeedError` for a seed, `AccountsError` for accounts and `CertificateError` for a certificate
    that cannot be used.
    """

    def __init__(self, *, port: int = 0, **settings: Any) -> None:
        self.settings = _read(port, settings)
        self.service = Service(self.settings, open_storage(self.settings))
        self.port = port
        self.ca_file: Path | None = None
        """The certificate of the local CA, while the emulator runs; None without TLS."""
        self._certificates = certificates.load(self.settings, self.service.addresses.domains)
        self._server = Server(self.service, certificates=self._certificates)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint to give to an SDK, such as `http://127.0.0.1:40123`."""
        return self._server.endpoint

    @property
    def https_endpoint(self) -> str:
        """The endpoint for https; raises `RuntimeError` where there is none."""
        endpoint = self._server.https_endpoint
        if endpoint is None:
            raise RuntimeError("The emulator speaks no https: start it with tls or tls_port.")
        return endpoint

    @property
    def region(self) -> str:
        return self.settings.region

    @property
    def access_key_id(self) -> str:
        return self.service.accounts.first.id

    @property
    def access_key_secret(self) -> str:
        return self.service.accounts.first.secret

    @property
    def journal(self) -> list[Entry]:
        """The requests since the last reset, oldest first, each with what was decided on it."""
        return self.run(self.service.journal.entries)

    def start(self) -> Self:
        """Listen; returns once requests can be sent. An emulator is started once."""
        if self._started:
            raise RuntimeError("This emulator was started before: make a new one.")
        self._started = True
        seed_file = self.settings.seed
        if seed_file is not None:
            seed.load(seed_file, self.service)
        self.service.begin_here()
        loop = self._loop = (loop_factory() or asyncio.new_event_loop)()
        self._thread = threading.Thread(target=_run, args=(loop,), name="oss-emulator", daemon=True)
        self._thread.start()
        listening = self._server.start(self.settings.host, self.port)
        try:
            self.port = asyncio.run_coroutine_threadsafe(listening, loop).result(PATIENCE)
        except BaseException:
            self._end_thread()
            raise
        self.ca_file = self._write_ca()
        return self

    def _write_ca(self) -> Path | None:
        """Where the CA's certificate is; a folder of its own where the settings name no file."""
        ca = None if self._certificates is None else self._certificates.ca
        if ca is None or self.settings.ca_file is not None:
            return self.settings.ca_file
        self._folder = tempfile.TemporaryDirectory(prefix="oss-emulator-")
        file = Path(self._folder.name, certificates.CA_FILE)
        file.write_bytes(ca)
        return file

    def stop(self) -> None:
        """Let running requests finish and end the thread."""
        if self._loop is None:
            return
        try:
            stopping = asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop)
            stopping.result(PATIENCE)
        finally:
            self._end_thread()
            self.ca_file = None
            if self._folder is not None:
                self._folder.cleanup()

    def reset(self) -> None:
        """Go back to the start: the seed or nothing, an empty journal, no faults, the true time."""
        self.run(lambda: seed.reset(self.service))

    def bucket(
        self,
        name: str,
        *,
        acl: str = "private",
        rules: RefererConfiguration | bytes | None = None,
    ) -> "oss2.Bucket":
        """A ready `oss2.Bucket` of the owner; the bucket is created if it is not there.

        `rules` are its hotlink protection, as a configuration or as the XML of PutBucketReferer.
        Raises `ValueError` with the service's own error for a bad name, ACL or document.
        """
        import oss2
        from oss2.credentials import StaticCredentialsProvider

        self.put(f"/{name}", headers={"x-oss-acl": acl})
        if rules is not None:
            document = rules if isinstance(rules, bytes) else codec.format(rules)
            self.put(f"/{name}?referer", document)
        provider = StaticCredentialsProvider(self.access_key_id, self.access_key_secret)
        auth = oss2.ProviderAuthV4(provider)
        session = oss2.Session()
        if self.ca_file is not None:
            session.session.verify = str(self.ca_file)
            session.session.trust_env = False  # or REQUESTS_CA_BUNDLE would go before it
        return oss2.Bucket(auth, self.endpoint, name, region=self.region, session=session)

    def put(self, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Put something as the owner without a signature; raises `ValueError` if it is refused."""
        fields = [("Host", "localhost"), *(headers or {}).items()]

        def send() -> Response:
            request = Request.parse("PUT", target, fields, self.service.clock.now())
            return self.service.handle(request, body, caller=self.service.accounts.owner)

        response = self.run(send)
        if response.status != 200 and isinstance(response.body, bytes):
            raise ValueError(response.body.decode())

    def run(self, function: Callable[[], Result]) -> Result:
        """Run a function on the server's thread, between its requests."""
        if self._loop is None:
            raise RuntimeError("The emulator is not running: use it in a with statement.")

        async def call() -> Result:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE)

    def _end_thread(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
            close(self._loop)
        self._loop = self._thread = None
        self.service.storage.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped, and then what ends its tasks.

    One is left on asyncio's loop for each client that has connected and never began its TLS.
    """
    loop.run_forever()
    rest = asyncio.all_tasks(loop)
    for task in rest:
        task.cancel()
    if rest:
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))


def _read(port: int, given: Mapping[str, Any]) -> Settings:
    for name in _OF_A_PROCESS:
        if name in given:
            raise TypeError(f"{name} is an option of `oss-emulator serve` alone")
    settings = {
        name: _PLAIN[name](value) if name in _PLAIN and value is not None else value
        for name, value in given.items()
    }
    return Settings(port=port, **settings)
