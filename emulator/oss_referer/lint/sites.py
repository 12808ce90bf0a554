"""Sites: which pages the entries of a list name.

A fix must not deny a page that the whitelist names, nor allow a page of somebody else. An entry
without a wildcard in its host names that host alone, and one with a wildcard names the whole
registered domain. Everybody else than the owners of the registered domains is somebody else. The
scheme is that of the entry, or both if it writes out none. The port is the default one, unless an
entry has another.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from oss_referer.search.domains import (
    RESERVED,
    closed,
    has_known_suffix,
    is_address,
    is_host,
    registered,
)
from oss_referer.search.parts import DEFAULT_PORTS, FIXED_HOST, Parts, encode_host
from oss_referer.search.sent import Own, Senders, SentReferers

_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_WILD = re.compile(r"(?P<scheme>https?://)\*(?P<name>[^/*?]+)/")


@dataclass(frozen=True)
class Sites:
    """The sites that some entries name."""

    hosts: tuple[Own, ...]
    """What the entries name."""
    domains: tuple[Own, ...]
    """The registered domains of what they name."""
    ports: frozenset[str] | None
    """The ports that they name beside the default ones; None for all ports."""
    open: frozenset[str]
    """The entries that name no site, such as `https://*`: they may mean everybody."""

    @classmethod
    def of(cls, readings: Mapping[str, Iterable[str]]) -> "Sites":
        """Read the sites of entries, each with the corrected entries in which it is to be read."""
        hosts, domains, ports, unread = [], [], set(), set()
        for entry, texts in readings.items():
            named = [parts for parts in map(Parts.split, texts) if read_host(parts)]
            if not named:
                unread.add(entry)
            for parts in named:
                host = read_host(parts) or ""
                is_literal = not set(parts.host.rstrip("*")) & set("*?")
                domain = _domain(host, is_literal)
                own = Own(host, False) if is_literal else domain
                hosts.append(own._replace(schemes=_schemes(parts)))
                domains.append(domain)
                if parts.port is not None:
                    ports.add(parts.port)
        every_port = any(set(port) & set("*?") for port in ports)
        return cls(
            tuple(dict.fromkeys(hosts)),
            tuple(dict.fromkeys(domains)),
            None if every_port else frozenset(ports),
            frozenset(unread | {entry.casefold() for entry in unread}),
        )

    def owns_all(self, entry: str, blacklisted: Container[str]) -> bool:
        """Return whether all that an entry lets in are pages of these sites; False if unknown.

        If `https://*.example.com/` matches a Referer of another host, a `/` comes before the end of
        the name, and the blacklist entry `https://*/*.example.com/` matches it too.
        """
        fixed = FIXED_HOST.match(entry)
        if fixed is not None:
            return self._has(fixed["host"])
        wild = _WILD.match(entry)
        if wild is None or f"{wild['scheme']}*/*{wild['name']}/" not in blacklisted:
            return False
        host = wild["name"].partition(":")[0]
        return self._has(f"x{host}")

    def _has(self, host: str) -> bool:
        """Return whether a host belongs to one of the domains, as `Own.owns` does for each."""
        exact, above = self._names
        bare = host.removesuffix(".")
        return bare in exact or any(bare[dot.end() :] in above for dot in re.finditer(r"\.", bare))

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names of the domains: all, and those with their sub-domains."""
        above = frozenset(own.host for own in self.domains if own.with_sub_domains)
        return frozenset(own.host for own in self.domains), above

    @cached_property
    def own_pages(self) -> SentReferers:
        """The Referers of the pages that the entries name."""
        return _pages(Senders.OWN, self.hosts, self.ports)

    @cached_property
    def foreign_pages(self) -> SentReferers:
        """The Referers of pages of others."""
        return _pages(Senders.FOREIGN, self.domains, None)


def find_names(text: str) -> tuple[str, ...]:
    """Return the names of hosts in a text that cannot be read, such as an odd expression."""
    found = _NAME.findall(text.replace("\\", "").lower())
    return tuple(name for name in found if has_known_suffix(name))


@lru_cache(maxsize=64)
def _pages(pages: Senders, own: tuple[Own, ...], ports: frozenset[str] | None) -> SentReferers:
    """Return a language; it remembers the steps that it has made."""
    return SentReferers(pages, own, ports)


def read_host(parts: Parts) -> str | None:
    """Return the host of an entry, or the fixed part behind its wildcards; None without one.

    A host such as `https://www` without an end names nobody: it is the beginning of many names.
    """
    host = parts.host.lower().strip(".")
    host = host if host.isascii() else encode_host(host) or ""
    is_open = not parts.rest and parts.port is None
    if is_open:
        host = host.rstrip("*").rstrip(".")
    if is_open and "." not in host and host not in RESERVED and not is_address(host):
        return None
    if is_address(host) or not set(host) & set("*?"):
        return host if is_host(host) else None
    behind = host.rpartition("*")[2]  # *example.com, but not *-example.com
    for fixed in (behind if "?" not in behind else None, closed(host)):
        if fixed and is_host(fixed) and registered(fixed) is not None:
            return fixed
    return None


def _schemes(parts: Parts) -> frozenset[str]:
    """Return the scheme that an entry writes out, or else both."""
    known = frozenset(DEFAULT_PORTS)
    return frozenset({parts.scheme}) if parts.scheme in known else known


def _domain(host: str, is_literal: bool) -> Own:
    if is_address(host) or "." not in host:
        return Own(host, not is_literal)
    return Own(registered(host) or host, registered(host) is not None)
