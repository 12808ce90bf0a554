"""Sockets bound to the addresses of a host."""

import errno
import socket
from contextlib import ExitStack
from typing import Any, Final

EVERY: Final = ("", "::", "0.0.0.0")  # noqa: S104
"""Hosts that mean every address: the first two those of IPv6 and IPv4, the last those of IPv4."""

_LACKING = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
"""Errors for addresses that this machine does not have, such as ::1 without IPv6."""

_TRIES = 100
"""How often to look for a port that is free at every address."""


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
