"""Sockets that are bound to every address of a host."""

from __future__ import annotations

import socket

import pytest
from oss_emulator.server import sockets


def found(*addresses: tuple[socket.AddressFamily, str]) -> object:
    """A `getaddrinfo` that finds these addresses."""
    return lambda host, port, **_: [
        (family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in addresses
    ]


def test_all_addresses_get_the_same_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    both = found((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"))
    monkeypatch.setattr(socket, "getaddrinfo", both)
    first, second = sockets.bind("localhost", 0)
    with first, second:
        assert first.getsockname()[1] == second.getsockname()[1] != 0
        assert (first.getsockname()[0], second.getsockname()[0]) == ("127.0.0.1", "127.0.0.2")


def test_missing_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    absent, present = (socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", found(absent, present))
    (only,) = sockets.bind("localhost", 0)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_host_without_an_address_of_this_machine_is_refused() -> None:
    with pytest.raises(OSError, match="Cannot assign"):
        sockets.bind("192.0.2.1", 0)


def test_taken_port_is_refused() -> None:
    (first,) = sockets.bind("127.0.0.1", 0, socket.SO_REUSEADDR)
    first.listen()
    with first, pytest.raises(OSError, match="in use"):
        sockets.bind("127.0.0.1", first.getsockname()[1], socket.SO_REUSEADDR)
