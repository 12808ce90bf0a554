"""Calls the application servers that uploads name in their callback (Callback).

Anyone who may upload chooses the URLs, so a call never goes to the server's own ports: there it
would come from this machine, which may do everything below `/_emulator/`.
"""

from __future__ import annotations

import asyncio
import errno
import json
import socket
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiohttp import ClientError, ClientResponse, ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver
from aiohttp.http import HttpVersion10
from yarl import URL

from oss_emulator.protocol import headers
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Callback, Response

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

TIMEOUT: Final = 5.0
"""Seconds that the service waits for an application server; no parameter changes that."""

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of the longest answer that is accepted (Callback, step 5)."""

# From the example of the page. The service signs its calls with its private key. The emulator does
# not have that key, so it sends neither `Authorization` nor `x-oss-pub-key-url`.
_USER_AGENT: Final = "http-client/0.0.1"


async def deliver(callback: Callback, response: Response, ports: Collection[int]) -> Response:
    """Call the URLs in turn; the first good answer becomes the answer to the upload.

    `ports` are the server's own ports, which are not called. Raises `CallbackFailed` with the
    failure of the last URL.
    """
    failure = OSSError(Code.CALLBACK_FAILED)
    for url in callback.urls:
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await _call(URL(url), callback, ports)
        except OSSError as error:
            failure = error
        except TimeoutError:
            failure = OSSError(Code.CALLBACK_TOO_SLOW)
        except (ClientError, OSError, ValueError):
            failure = OSSError(Code.CALLBACK_FAILED)
        else:
            described = {**response.headers, "Content-Type": "application/json"}
            return response._replace(headers=described, body=answer, callback=None)
    raise failure


async def _call(url: URL, callback: Callback, ports: Collection[int]) -> bytes:
    addresses = await _resolve(url)
    if any(address.port in ports and address.is_local for address in addresses):
        message = f"Error status : -1. {url} leads to the emulator itself, which it never calls."
        raise OSSError(Code.CALLBACK_FAILED, message)
    sent = {
        "Content-Type": callback.content_type,
        "User-Agent": _USER_AGENT,
        headers.FROM_CALLBACK: "true",
    }
    if callback.host:
        sent["Host"] = callback.host
    async with (
        ClientSession(connector=_connect_only_to(addresses), version=HttpVersion10) as session,
        session.post(url, data=callback.body, headers=sent, allow_redirects=False) as answer,
    ):
        return await _read(answer)


class _Address(NamedTuple):
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
            # Only an own address can be bound, and so can the wildcards, which lead here as well.
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind(socket.getaddrinfo(host, 0, family, socket.SOCK_DGRAM)[0][4])
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return False
            raise
        return True


async def _resolve(url: URL) -> list[_Address]:
    """Find the addresses of a URL's host, whether it is a name or a number in any notation."""
    found = await asyncio.get_running_loop().getaddrinfo(
        url.raw_host, url.port, type=socket.SOCK_STREAM
    )
    return [
        _Address(family, _host_of(address), int(address[1])) for family, _, _, _, address in found
    ]


def _host_of(address: Any) -> str:
    """The host of a socket address as text, with the zone of a link-local one."""
    return socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]


class _Resolved(AbstractResolver):
    """Answers with addresses that were checked: a second look-up could bring others."""

    def __init__(self, addresses: list[_Address]) -> None:
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


def _connect_only_to(addresses: list[_Address]) -> TCPConnector:
    return TCPConnector(resolver=_Resolved(addresses), use_dns_cache=False)


async def _read(answer: ClientResponse) -> bytes:
    """Read the body of a good answer: 200, JSON, a length of at most 1 MB (Callback, step 5)."""
    if answer.status != 200:
        raise OSSError(Code.CALLBACK_STATUS, f"Error status : {answer.status}.")
    if answer.content_length is None:
        raise OSSError(
            Code.CALLBACK_STATUS, "Error status : 400.User server missing content-length."
        )
    if answer.content_length > MAX_ANSWER:
        message = "Error status : 400.User server return too long content-length value."
        raise OSSError(Code.CALLBACK_STATUS, message)
    body = await answer.read()
    try:
        json.loads(body.decode())
    except (ValueError, RecursionError):
        raise OSSError(Code.CALLBACK_NOT_JSON) from None
    return body
