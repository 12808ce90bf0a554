"""Dispatch: which route a request takes, and what it is told without one."""

from __future__ import annotations

import pytest
from oss_emulator.control.api import ROUTES, find
from oss_emulator.control.api.health import get_health
from oss_emulator.control.api.route import PREFIX, Refusal
from oss_emulator.control.api.snapshots import list_snapshots, take_snapshot
from oss_emulator.protocol.message import Request


def request(method: str, path: str, **headers: str) -> Request:
    return Request.parse(method, PREFIX + path, headers.items(), 0.0)


def test_route_is_found_by_method_and_path() -> None:
    assert found("GET", "health") == (get_health, "")
    assert found("GET", "snapshot") == (list_snapshots, "")
    assert found("PUT", "snapshot/a/b") == (take_snapshot, "a/b")
    assert found("PUT", "snapshot/") == (take_snapshot, "")


def found(method: str, path: str) -> tuple[object, str]:
    """The handler and the name at the end of the path."""
    route, rest = find(request(method, path))
    return route.handler, rest


def test_unknown_path_is_told_the_known_ones() -> None:
    with pytest.raises(Refusal, match=r"/_emulator/faults/\{id\}") as caught:
        find(request("GET", "healthy"))
    assert caught.value.status == 404


def test_unknown_method_is_told_the_known_ones() -> None:
    with pytest.raises(Refusal, match="takes DELETE, GET, POST") as caught:
        find(request("PATCH", "faults"))
    assert caught.value.status == 405


def test_only_the_journal_is_a_stream_and_only_if_asked_for() -> None:
    streaming = [route for route in ROUTES if route.stream is not None]
    assert [(route.method, route.path) for route in streaming] == [("GET", "journal")]
    assert streaming[0].streams(request("GET", "journal", accept="text/event-stream"))
    assert not streaming[0].streams(request("GET", "journal"))
