"""A server in a thread, and signers for requests to it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import oss2
from oss2.credentials import StaticCredentialsProvider
from oss_emulator.control.controls import Controls
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.server import Server
from oss_emulator.settings import Settings

from tests.http.client import Answer, Client

REGION = "cn-hangzhou"
ACCESS_KEY_ID = "LTAI-of-the-tests"
ACCESS_KEY_SECRET = "the secret of the tests"
SETTINGS = Settings(region=REGION, access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET)

Signer = Callable[..., Any]

SIGNERS: dict[str, Signer] = {
    "v1": oss2.Auth,
    "v2": oss2.AuthV2,
    "v4": oss2.AuthV4,
    "provider-v4": lambda key, secret: oss2.ProviderAuthV4(StaticCredentialsProvider(key, secret)),
}
"""The signers of oss2, each made from a key id and its secret."""

ANONYMOUS = oss2.AnonymousAuth()


@dataclass(frozen=True)
class Live:
    """A running server."""

    controls: Controls
    port: int
    run: Callable[[Callable[[], Any]], Any]
    """Run a function on the server's thread, between requests."""
    host: str = "127.0.0.1"

    @property
    def service(self) -> Service:
        return self.controls.service

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def client(self) -> Client:
        return Client(self.host, self.port)

    def bucket(self, name: str, auth: Any, **options: Any) -> oss2.Bucket:
        """Return an oss2 client for a bucket without creating the bucket."""
        return oss2.Bucket(auth, self.endpoint, name, region=REGION, **options)

    def put(self, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Put as the owner of the key, without a socket and a signature."""
        fields = [("Host", "localhost"), *(headers or {}).items()]
        owner = self.service.accounts.owner
        answer = self.run(
            lambda: self.service.handle(
                Request.parse("PUT", target, fields, time.time()), body, caller=owner
            )
        )
        assert answer.status == 200, answer.body

    def put_bucket(self, name: str, acl: str = "private") -> None:
        """Create a bucket that belongs to the owner of the key."""
        self.put(f"/{name}", headers={"x-oss-acl": acl})

    def drop_bucket(self, name: str) -> None:
        """Remove a bucket and its objects."""
        self.run(lambda: self.service.storage.delete_bucket(name))


async def _rest() -> None:
    """Cancel all running tasks, such as one that waits for the rest of a body."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def serve(settings: Settings = SETTINGS) -> Iterator[Live]:
    """Run a server on a free port in a thread of its own."""
    controls = Controls(settings)
    server = Server(controls)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()

    def run(function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), loop).result(20)

    try:
        port = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", 0), loop).result(20)
        yield Live(controls, port, run)
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        asyncio.run_coroutine_threadsafe(_rest(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


def sign(
    auth: Any,
    place: str,
    method: str,
    bucket: str,
    key: str = "",
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    region: str = REGION,
    expires: int = 60,
) -> tuple[str, list[tuple[str, str]]]:
    """Let oss2 sign a path-style request; `place` is "header", "url" or "none".

    Returns the target and the header fields to send, without `Host`.
    """
    path = "/" + "/".join(quote(part, safe="") for part in (bucket, key) if part)
    given = {name: str(value) for name, value in (parameters or {}).items()}
    request = oss2.http.Request(
        method, path, params=dict(given), headers=dict(headers or {}), region=region, product="oss"
    )
    if place == "url":
        return auth._sign_url(request, bucket, key, expires), list((headers or {}).items())
    if place == "header":
        auth._sign_request(request, bucket, key)
    query = "&".join(
        quote(name, safe="") + (f"={quote(value, safe='')}" if value else "")
        for name, value in given.items()
    )
    fields = [(name, str(value)) for name, value in request.headers.items() if value is not None]
    return f"{path}?{query}" if query else path, fields


@dataclass(frozen=True)
class Signed:
    """A client whose requests oss2 signs."""

    client: Client
    auth: Any
    place: str = "header"

    def request(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        target, fields = sign(self.auth, self.place, method, bucket, key, parameters, headers)
        return self.client.request(method, target, fields, body)
