"""Connections that the server opens itself, for callbacks and for tasks that fetch URLs.

Clients choose these URLs. So each name is resolved only once, and connections go to the addresses
that were checked.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult
    from yarl import URL


class Address(NamedTuple):
    """One address of a host name, as the system resolves it."""

    family: socket.AddressFamily
    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether a connection to this address stays on this machine."""
        family, host = self.family, self.host
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            family, host = socket.AF_INET, str(address.ipv4_mapped)
        try:
            # Only addresses of this machine can be bound, and wildcards, which lead here too.
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind(socket.getaddrinfo(host, 0, family, socket.SOCK_DGRAM)[0][4])
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return False
            raise
        return True


async def resolve(url: URL) -> list[Address]:
    """Find the addresses of a URL's host, whether it is a name or a number in any notation."""
    found = await asyncio.get_running_loop().getaddrinfo(
        url.raw_host, url.port, type=socket.SOCK_STREAM
    )
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV  # with the zone of a link-local one
    return [
        Address(family, socket.getnameinfo(address, numeric)[0], int(address[1]))
        for family, _, _, _, address in found
    ]


class _Resolved(AbstractResolver):
    """Resolves to the checked addresses, because a second look-up could return others."""

    def __init__(self, addresses: list[Address]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, *_: Any, **__: Any) -> list[ResolveResult]:
        return [
            {
                "hostname": host,
                "host": address.host,
                "port": port,
                "family": address.family,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


def connect_only_to(addresses: list[Address]) -> TCPConnector:
    """Return a connector that ignores the name in a URL and uses these addresses."""
    return TCPConnector(resolver=_Resolved(addresses), use_dns_cache=False)


def is_this_machine(host: str) -> bool:
    """Return whether a name or an address means this machine; nothing is looked up."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def lead_here(addresses: Collection[Address], ports: Collection[int]) -> bool:
    """Return whether a connection to one of the addresses would reach a server's own `ports`."""
    return any(address.port in ports and address.is_local for address in addresses)
