"""Sockets that are bound to all addresses of a host."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from oss_emulator.server import listening


def found(*addresses: tuple[socket.AddressFamily, str]) -> object:
    """Return a `getaddrinfo` that finds these addresses."""
    return lambda host, port, **_: [
        (family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in addresses
    ]


def test_all_addresses_get_the_same_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    both = found((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"))
    monkeypatch.setattr(socket, "getaddrinfo", both)
    first, second = listening.bind("localhost", 0)
    with first, second:
        assert first.getsockname()[1] == second.getsockname()[1] != 0
        assert (first.getsockname()[0], second.getsockname()[0]) == ("127.0.0.1", "127.0.0.2")


def test_free_port_is_free_at_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    both = found((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"))
    monkeypatch.setattr(socket, "getaddrinfo", both)
    bind_one = listening._bind_one
    taken: list[socket.socket] = []

    def take_the_first(*arguments: Any) -> socket.socket:
        made = bind_one(*arguments)
        if not taken:
            taken.append(socket.create_server(("127.0.0.2", made.getsockname()[1])))
        return made

    monkeypatch.setattr(listening, "_bind_one", take_the_first)
    first, second = listening.bind("localhost", 0)
    with first, second, taken[0]:
        port = first.getsockname()[1]
        assert port == second.getsockname()[1] != taken[0].getsockname()[1]


def test_missing_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    absent, present = (socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", found(absent, present))
    (only,) = listening.bind("localhost", 0)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_host_without_an_address_of_this_machine_is_refused() -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        listening.bind("192.0.2.1", 0)


def test_taken_port_is_refused() -> None:
    (first,) = listening.bind("127.0.0.1", 0)
    first.listen()
    with first, pytest.raises(OSError, match="in use"):
        listening.bind("127.0.0.1", first.getsockname()[1])
