"""Dispatch: which route a request takes, and what it is told without one."""

from __future__ import annotations

import pytest
from oss_emulator.control.api import PREFIX, ROUTES, Refusal, check_alone, find, follows
from oss_emulator.control.api import journal as journal_api
from oss_emulator.control.api.health import get_health
from oss_emulator.control.api.snapshots import list_snapshots, take_snapshot
from oss_emulator.protocol.message import Request


def request(method: str, path: str, **headers: str) -> Request:
    return Request.parse(method, PREFIX + path, headers.items(), 0.0)


def test_route_is_found_by_method_and_path() -> None:
    assert find(request("GET", "health")) == (get_health, "")
    assert find(request("GET", "snapshot")) == (list_snapshots, "")
    assert find(request("PUT", "snapshot/a/b")) == (take_snapshot, "a/b")
    assert find(request("PUT", "snapshot/")) == (take_snapshot, "")


def test_unknown_path_is_told_the_known_ones() -> None:
    with pytest.raises(Refusal, match=r"/_emulator/faults/\{id\}") as caught:
        find(request("GET", "healthy"))
    assert caught.value.status == 404


def test_unknown_method_is_told_the_known_ones() -> None:
    with pytest.raises(Refusal, match="takes DELETE, GET, POST") as caught:
        find(request("PATCH", "faults"))
    assert caught.value.status == 405


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_several_workers_refuse_what_one_process_remembers(route: object) -> None:
    shared = ("health", "openapi.json", "reset", "seed", "referer/check")
    assert isinstance(route, type(ROUTES[0]))
    assert route.of_one_process is (route.path not in shared)
    asked = request(route.method, route.path)
    check_alone(asked, 1)
    if not route.of_one_process:
        check_alone(asked, 2)
        return
    with pytest.raises(Refusal, match="start the server with one worker") as caught:
        check_alone(asked, 2)
    assert caught.value.status == 409


def test_only_the_journal_is_followed_and_only_if_asked_for() -> None:
    stream = request("GET", "journal", accept="text/event-stream")
    assert follows(journal_api.list_entries, stream)
    assert not follows(journal_api.list_entries, request("GET", "journal"))
    assert not follows(get_health, stream)
