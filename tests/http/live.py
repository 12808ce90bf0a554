"""A server in a thread, and the ways to sign a request to it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import oss2
from oss2.credentials import StaticCredentialsProvider

from emulator.protocol.message import Request
from emulator.server import Server
from emulator.service import Service
from emulator.settings import Settings
from tests.http.client import Client

REGION = "cn-hangzhou"
ACCESS_KEY_ID = "LTAI-of-the-tests"
ACCESS_KEY_SECRET = "the secret of the tests"
SETTINGS = Settings(
    region=REGION, access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET
)

Signer = Callable[..., Any]

SIGNERS: dict[str, Signer] = {
    "v1": oss2.Auth,
    "v2": oss2.AuthV2,
    "v4": oss2.AuthV4,
    "provider-v4": lambda key, secret: oss2.ProviderAuthV4(StaticCredentialsProvider(key, secret)),
}
"""The ways oss2 signs, each a factory of what takes a key id and its secret."""

ANONYMOUS = oss2.AnonymousAuth()


@dataclass(frozen=True)
class Live:
    """A server that listens."""

    service: Service
    port: int
    run: Callable[[Callable[[], Any]], Any]
    """Runs a function on the server's own thread, between its requests."""
    host: str = "127.0.0.1"

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def client(self) -> Client:
        return Client(self.host, self.port)

    def bucket(self, name: str, auth: Any, **options: Any) -> oss2.Bucket:
        """An oss2 client of a bucket; it does not create it."""
        return oss2.Bucket(auth, self.endpoint, name, region=REGION, **options)

    def put(
        self, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """A PUT by the key's owner, without a signature."""
        fields = [("Host", "localhost"), *(headers or {}).items()]
        owner = self.service.accounts.owner
        answer = self.run(
            lambda: self.service.handle(
                Request.read("PUT", target, fields, time.time()), body, caller=owner
            )
        )
        assert answer.status == 200, answer.body

    def put_bucket(self, name: str, acl: str = "private") -> None:
        """Create a bucket of the key's owner."""
        self.put(f"/{name}", headers={"x-oss-acl": acl})

    def drop_bucket(self, name: str) -> None:
        """Remove a bucket and all that is in it."""
        self.run(lambda: self.service.storage.delete_bucket(name))


@contextmanager
def serve(settings: Settings = SETTINGS) -> Iterator[Live]:
    """Run a server on a free port in a thread of its own."""
    service = Service(settings)
    server = Server(service)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()

    def run(function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), loop).result(20)

    try:
        port = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result(20)
        yield Live(service, port, run)
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
