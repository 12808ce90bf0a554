"""Destinations: what is looked up for a request, and where the storage or a header decides."""

from __future__ import annotations

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.pipeline.destination import MOST, Destinations
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.address import Addresses, Target

from tests.unit.pipeline.service import ask

ALIAS = f"point-{'0' * 34}-ossalias"


@pytest.fixture
def destinations() -> Destinations:
    addresses = Addresses("cn-hangzhou", cnames={"cdn.test": "bucket"})
    return Destinations(addresses, Dispatcher(OPERATIONS))


@pytest.mark.parametrize(
    ("method", "host", "target", "found", "operation"),
    [
        ("GET", "localhost", "/bucket/a%20b", Target("bucket", "a b"), "GetObject"),
        ("GET", "bucket.localhost", "/a", Target("bucket", "a"), "GetObject"),
        ("GET", "cdn.test", "/a", Target("bucket", "a"), "GetObject"),
        ("GET", "localhost", "/bucket?acl", Target("bucket"), "GetBucketAcl"),
        ("GET", "localhost", "/", Target(), "ListBuckets"),
        ("OPTIONS", "localhost", "/bucket/a?acl", Target("bucket", "a"), "OptionObject"),
        ("PUT", "localhost", "/bucket/a", Target("bucket", "a"), None),  # or CopyObject
        ("GET", "localhost", "/bucket?unknown", Target("bucket"), None),
        ("GET", "localhost", f"/{ALIAS}/a", Target(ALIAS, "a"), None),
        ("GET", "bound.test", "/a", None, None),
        ("GET", "bad host", "/a", None, None),
        ("GET", "localhost", "/bucket/%ff", None, None),
    ],
)
def test_destination_is_what_nothing_else_decides(
    destinations: Destinations,
    method: str,
    host: str,
    target: str,
    found: Target | None,
    operation: str | None,
) -> None:
    destination = destinations.find(ask(method, target, host=host))
    assert destination.target == found
    assert (None if destination.operation is None else destination.operation.name) == operation
    assert destinations.find(ask(method, target, host=host)) is destination


def test_long_requests_are_not_remembered(destinations: Destinations) -> None:
    request = ask("GET", f"/bucket/a?prefix={'x' * MOST}")
    assert destinations.find(request) is not destinations.find(request)
    assert destinations.find(request) == destinations.find(request)
