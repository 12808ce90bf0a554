"""Both clients of alibabacloud-oss-v2, called in one way, and names of objects for all SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from alibabacloud_oss_v2 import operations
from alibabacloud_oss_v2.aio import AsyncClient
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION
from tests.rows import read_cases

CASES = read_cases("others.sdk")


class Ask:
    """Sends requests through one client; the type of a request names its operation."""

    def __init__(self, send: Callable[[Any], Any], wait: Callable[[Any], Any]) -> None:
        self._send, self._wait = send, wait

    def __call__(self, request: Any) -> Any:
        """Send a request; return its result."""
        return self._send(request)

    def read(self, request: Any) -> bytes:
        """Return the body of the answer to a request."""
        content: bytes = self._wait(self(request).body.read())
        return content

    def fails(self, request: Any) -> ServiceError:
        """Return the service's error for a request that must fail."""
        with pytest.raises(OperationError) as failed:
            self(request)
        error = failed.value.unwrap()
        assert isinstance(error, ServiceError)
        return error


def configure(endpoint: str, credentials: Any = None, version: str = "v4") -> oss.Config:
    """Return the configuration of a client, by default with the key of the owner."""
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
    """A synchronous stand-in for the asynchronous client: it awaits each operation.

    The asynchronous client has no methods for most bucket operations, only `invoke_operation`,
    which the functions of `alibabacloud_oss_v2.operations` call.
    """

    def __init__(self, runner: asyncio.Runner, client: AsyncClient) -> None:
        self._runner, self._client = runner, client

    def invoke_operation(self, request: Any, **options: Any) -> Any:
        return self._runner.run(self._client.invoke_operation(request, **options))


@contextmanager
def asking(kind: str, endpoint: str, credentials: Any = None, version: str = "v4") -> Iterator[Ask]:
    """Send requests through a "sync" or "async" client; `configure` has the other arguments."""
    config = configure(endpoint, credentials, version)
    if kind == "sync":
        client = oss.Client(config)
        yield Ask(lambda request: getattr(client, _method(request))(request), lambda body: body)
        return
    with asyncio.Runner() as runner:
        awaited = AsyncClient(config)
        stand_in = _Awaiting(runner, awaited)

        def send(request: Any) -> Any:
            name = _method(request)
            if hasattr(awaited, name):
                return runner.run(getattr(awaited, name)(request))
            return getattr(operations, name)(stand_in, request)

        try:
            yield Ask(send, runner.run)
        finally:
            runner.run(awaited.close())


def _method(request: Any) -> str:
    """`PutBucketCorsRequest` is sent by `put_bucket_cors`."""
    name = type(request).__name__.removesuffix("Request")
    letters = [f"_{letter.lower()}" if letter.isupper() else letter for letter in name]
    return "".join(letters).removeprefix("_").replace("_v_2", "_v2")


# --- Names of objects that clients must escape in URLs, signatures and XML

"""Names of objects that clients must escape in URLs, signatures and XML."""

NAMES = CASES["names"]
