"""The clients of alibabacloud-oss-v2 behind one way to call them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2 import operations
from alibabacloud_oss_v2.aio import AsyncClient

from tests.http.live import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION

Ask = Callable[[Any], Any]
"""Sends a request and gives its result; the request's type names the operation."""


def configure(endpoint: str, credentials: Any = None, version: str = "v4") -> oss.Config:
    """The configuration of a client; of the key's owner where no other credentials are given."""
    config = oss.config.load_default()
    config.credentials_provider = credentials or oss.credentials.StaticCredentialsProvider(
        ACCESS_KEY_ID, ACCESS_KEY_SECRET
    )
    config.signature_version = version
    config.region = REGION
    config.endpoint = endpoint
    config.retry_max_attempts = 1
    return config


class _Awaiting:
    """Stands for the client that waits, and awaits each operation of the other.

    The asynchronous client has no methods for most operations on buckets, only its
    `invoke_operation`, which takes and gives what the functions of the package make and read.
    """

    def __init__(self, runner: asyncio.Runner, client: AsyncClient) -> None:
        self._runner, self._client = runner, client

    def invoke_operation(self, request: Any, **options: Any) -> Any:
        return self._runner.run(self._client.invoke_operation(request, **options))


@contextmanager
def asking(kind: str, endpoint: str, credentials: Any = None, version: str = "v4") -> Iterator[Ask]:
    """Calls through the client of that kind, `sync` or `async`; see `configure`."""
    config = configure(endpoint, credentials, version)
    if kind == "sync":
        client = oss.Client(config)
        yield lambda request: getattr(client, _method(request))(request)
        return
    with asyncio.Runner() as runner:
        awaited = AsyncClient(config)
        stand_in = _Awaiting(runner, awaited)

        def ask(request: Any) -> Any:
            name = _method(request)
            if hasattr(awaited, name):
                return runner.run(getattr(awaited, name)(request))
            return getattr(operations, name)(stand_in, request)

        try:
            yield ask
        finally:
            runner.run(awaited.close())


def _method(request: Any) -> str:
    """`PutBucketCorsRequest` is sent by `put_bucket_cors`."""
    name = type(request).__name__.removesuffix("Request")
    letters = [f"_{letter.lower()}" if letter.isupper() else letter for letter in name]
    return "".join(letters).removeprefix("_").replace("_v_2", "_v2")
