"""How a server listens: its event loop, its sockets, and its answer to CONNECT."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import ssl
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from oss_emulator.protocol.address import host_name, split_host
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request

if TYPE_CHECKING:
    from oss_emulator.pipeline.service import Service
    from oss_emulator.server.tls import Certificates

ALL_ADDRESSES: Final = ("", "::", "0.0.0.0")  # noqa: S104
"""Hosts that mean all addresses: the first two mean IPv6 and IPv4, the last means IPv4."""

_LACKING = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
"""Errors for addresses that this machine does not have, such as ::1 without IPv6."""

_TRIES = 100
"""The number of attempts to find a port that is free at every address."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Bind a socket to each address of a host that this machine has; "" and "::" mean all.

    Port 0 chooses a free one, the same for every address. Raises `OSError` if no address can be
    used or the port is taken; then no socket stays open.
    """
    for _ in range(0 if port else _TRIES):
        try:
            return _bind_all(host, 0)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _bind_all(host, port)


def _bind_all(host: str, port: int) -> list[socket.socket]:
    bound: list[socket.socket] = []
    lacking: OSError | None = None
    with ExitStack() as stack:
        for family, address in _addresses(host, port):
            try:
                made = stack.enter_context(_bind_one(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _LACKING:
                    raise
                lacking = error
            else:
                port = made.getsockname()[1]
                bound.append(made)
        stack.pop_all()
    if lacking is not None and not bound:
        raise lacking
    return bound


def _bind_one(family: int, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def _addresses(host: str, port: int) -> list[tuple[int, Any]]:
    name = None if host in ("", "::") else host
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the factory of uvloop if it is installed (the extra `fast`), None for asyncio's."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def on_signal(number: signal.Signals, call: Callable[[], object]) -> None:
    """Call a function in the running loop when a signal arrives."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))


def close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop that may still have connections, such as those that never began TLS.

    uvloop warns about each; where warnings are errors, it would then wait for them for ever. (This
    is a function because even an empty subclass of uvloop's loop costs each request 5 µs.)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        loop.close()


HTTP, HTTPS = 80, 443
"""The ports that clients ask for, whichever port this server listens on."""


def grant_connect(
    service: Service, certificates: Certificates | None, authority: str, request: Request
) -> ssl.SSLContext | None:
    """Grant a CONNECT to a host of the service; the client is then connected to this server.

    Returns the context to begin TLS with, None for the port of plain HTTP. Raises `BadRequest` if
    the authority is not a host with a port, and `ProxyForbidden` for any other host.
    """
    host_name(request.host)  # raises if it is invalid
    host, port = split_host(authority)
    if port is None:
        raise OSSError(ErrorCase.BAD_REQUEST, ErrorDetail="CONNECT needs HOST:PORT.")
    if not service.addresses.serves(authority) or port not in (HTTP, HTTPS):
        raise OSSError(ErrorCase.NOT_FORWARDED, Host=authority)
    if port == HTTP:
        return None
    if certificates is None:
        raise OSSError(ErrorCase.NO_CERTIFICATES, Host=host)
    return certificates.context(host)
