"""Domains: what a host is, and which part of it somebody registers, by the public suffix list."""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

RESERVED = frozenset(
    {"alt", "example", "internal", "invalid", "local", "localhost", "onion", "test"}
)
"""Top-level names that nobody can register (RFC 2606, 6762, 7686, 9476 and ICANN's `internal`)."""

_LABEL = r"[a-z0-9_*?](?:[a-z0-9_*?-]{0,61}[a-z0-9_*?])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]")
_ADDRESS = re.compile(r"[0-9?]+(?:\.[0-9?]+){3}|\[.*\]")
_MAX_HOST = 253


def is_host(host: str) -> bool:
    """Return whether a browser may send a host; `*` and `?` stand for letters."""
    return len(host) <= _MAX_HOST and _HOST.fullmatch(host) is not None


def is_port(port: str) -> bool:
    """Return whether a port exists; `*` and `?` stand for digits."""
    return bool(set(port) & set("*?")) or (port.isdigit() and len(port) < 6 and int(port) < 65536)


def is_address(host: str) -> bool:
    """Return whether a host is an IP address."""
    return _ADDRESS.fullmatch(host) is not None


def registered(host: str) -> str | None:
    """Return the part of a host that somebody has registered, such as `example.com.cn`.

    None if the whole host is a public suffix, such as `com.cn` or `github.io`.
    """
    if host.rpartition(".")[2] in RESERVED or is_address(host):
        return host
    found: str | None = suffix_list().privatesuffix(host)
    return found


def has_known_suffix(host: str) -> bool:
    """Return whether a host ends in a public suffix that the list knows, and is none itself."""
    found: str | None = suffix_list().privatesuffix(host, accept_unknown=False)
    return found is not None


@cache
def suffix_list() -> "PublicSuffixList":
    """Return the public suffix list."""
    from publicsuffixlist import PublicSuffixList  # takes a tenth of a second to read

    return PublicSuffixList()


def closed(host: str) -> str | None:
    """Return the fixed part of a host: the labels after its last wildcard."""
    start = max(host.rfind("*"), host.rfind("?")) + 1
    if start == 0:
        return host
    dot = host.find(".", start)
    return host[dot + 1 :] if dot >= 0 else None
