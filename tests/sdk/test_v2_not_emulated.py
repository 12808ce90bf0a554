"""SDK V2: its clients for vectors, tables, agentic buckets and data get errors by name."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_type_hints

import pytest
from alibabacloud_oss_v2 import agentic, dataprocess, tables, vectors
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError
from oss_emulator.operations.not_emulated import NOT_EMULATED

from tests.client import REGION, Live
from tests.sdk.v2 import configure

CLIENTS: dict[str, Callable[..., Any]] = {
    "vectors": vectors.Client,
    "tables": tables.Client,
    "agentic": agentic.AgenticBucketClient,
    "dataprocess": dataprocess.Client,
}
ACCOUNT = "1234567890123456"
# The fields that requests need, and fields without which a client sends nothing.
GIVEN: dict[str, Any] = {
    "table_bucket_arn": f"acs:oss-tables:{REGION}:{ACCOUNT}:bucket/name",
    "body": b"",
    "schema_configuration": {},
}
ANSWERS = {item.name: item.refusal for item in NOT_EMULATED}


@pytest.fixture
def endpoint(live: Live, monkeypatch: pytest.MonkeyPatch) -> str:
    """The endpoint as a host name, because the hosts of buckets are below it."""
    resolve = socket.getaddrinfo

    def find(host: Any, *others: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith("localhost") else host, *others, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    return f"http://localhost:{live.port}"


def calls(kind: str, bucket: str) -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """List the operations of a client: the name, the function, and a request."""
    for name, call in inspect.getmembers(
        import_module(f"alibabacloud_oss_v2.{kind}.operations"), inspect.isfunction
    ):
        request = get_type_hints(call).get("request")
        if request is None or not request.__name__.endswith("Request"):
            continue  # it converts requests
        fields = {
            field: GIVEN.get(field, bucket)
            for field, of in request._attribute_map.items()
            if of.get("required") or (field in GIVEN and field != "body")
        }
        yield name, call, request(**fields)


def error_of(call: Callable[..., Any], client: Any, request: Any) -> ServiceError:
    with pytest.raises(OperationError) as failed:
        call(client._client, request)
    error = failed.value.unwrap()
    assert isinstance(error, ServiceError), error
    return error


@pytest.mark.parametrize("kind", CLIENTS)
def test_each_call_fails_with_its_name(endpoint: str, kind: str, name: str) -> None:
    config = configure(endpoint)
    config.account_id = ACCOUNT
    client = CLIENTS[kind](config)
    seen = 0
    for asked, call, request in calls(kind, name):
        error = error_of(call, client, request)
        operation = asked.title().replace("_", "")
        refusal = ANSWERS[operation]
        assert refusal is not None
        assert (error.status_code, error.code) == (refusal.value.status, refusal.value.code), asked
        assert error.status_code != 501 or error.message.startswith(f"{operation} is not"), asked
        seen += 1
    assert seen > 20
