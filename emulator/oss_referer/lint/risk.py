"""Risks: what a correction changes that somebody may have meant; a fix without a risk is safe.

`Sites` reads which pages the entries name, `seek` searches a page on which an entry does harm, and
`find_risk` asks for each entry that a correction adds or removes.

A fix is safe if it denies no Referer that a page of a named site can send, allows none that a page
of another site can send (B-02), and decides on an empty Referer as before. That is proved by a
search over all Referers that browsers can send. What changes is due to an entry that is added or
removed, so each of them has a search of its own, in which the other entries take part only where
they change what is found.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from oss_referer.engine import Pattern, RefererPolicy, Sentence
from oss_referer.search import automaton
from oss_referer.search.automaton import (
    EVERYTHING,
    Budget,
    CompiledRules,
    SearchedEntry,
    UndecidedError,
)
from oss_referer.search.entry import FIXED_HOST, Parts
from oss_referer.search.sent import ALL_PAGES, OwnHost, Senders, SentReferers
from oss_referer.search.url import (
    DEFAULT_PORTS,
    RESERVED,
    encode_host,
    fixed_part,
    has_known_suffix,
    is_address,
    is_host,
    registered,
)

_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_WILD = re.compile(r"(?P<scheme>https?://)\*(?P<name>[^/*?]+)/")


@dataclass(frozen=True)
class Sites:
    """The sites that some entries name.

    An entry without a wildcard in its host names that host alone, and one with a wildcard names the
    whole registered domain. Everybody else than the owners of the registered domains is somebody
    else. The scheme is that of the entry, or both if it writes out none. The port is the default
    one, unless an entry has another.
    """

    hosts: tuple[OwnHost, ...]
    """What the entries name."""
    domains: tuple[OwnHost, ...]
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
                own = OwnHost(host, False) if is_literal else domain
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
        """Return whether a host belongs to one of the domains, as `OwnHost.owns` does for each."""
        exact, above = self._names
        bare = host.removesuffix(".")
        return bare in exact or any(bare[dot.end() :] in above for dot in re.finditer(r"\.", bare))

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        above = frozenset(own.host for own in self.domains if own.with_sub_domains)
        return frozenset(own.host for own in self.domains), above

    @cached_property
    def own_pages(self) -> SentReferers:
        return _pages(Senders.OWN, self.hosts, self.ports)

    @cached_property
    def foreign_pages(self) -> SentReferers:
        return _pages(Senders.FOREIGN, self.domains, None)


def find_names(text: str) -> tuple[str, ...]:
    """Return the names of hosts in a text that cannot be read, such as an odd expression."""
    found = _NAME.findall(text.replace("\\", "").lower())
    return tuple(name for name in found if has_known_suffix(name))


@lru_cache(maxsize=64)
def _pages(pages: Senders, own: tuple[OwnHost, ...], ports: frozenset[str] | None) -> SentReferers:
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
    for fixed in (behind if "?" not in behind else None, fixed_part(host)):
        if fixed and is_host(fixed) and registered(fixed) is not None:
            return fixed
    return None


def _schemes(parts: Parts) -> frozenset[str]:
    """Return the scheme that an entry writes out, or else both."""
    known = frozenset(DEFAULT_PORTS)
    return frozenset({parts.scheme}) if parts.scheme in known else known


def _domain(host: str, is_literal: bool) -> OwnHost:
    if is_address(host) or "." not in host:
        return OwnHost(host, not is_literal)
    return OwnHost(registered(host) or host, registered(host) is not None)


_STARTS = tuple(f"{scheme}://" for scheme in DEFAULT_PORTS)

Exclusion = Callable[[str], SearchedEntry | None]
"""Returns the entry because of which a Referer is not wanted; None if it is wanted."""


def seek(
    entry: SearchedEntry,
    pages: SentReferers,
    excluded: Exclusion,
    budget: Budget,
    white: Sequence[SearchedEntry] = (),
    *,
    excluding: Sequence[SearchedEntry] = (),
) -> str | None:
    """Return a Referer of some pages that an entry matches, and one of `white` if given.

    The entry that spares a Referer takes part in the next search, so that few of many take part;
    `excluding` takes part from the first on. None is a proof that there is no such Referer.

    Raises UndecidedError.
    """
    if not may_be_sent(entry.pattern):
        return None
    needed = replace(entry, needed=True)
    known = [*excluding]
    while True:
        referer = automaton.find(
            [[needed], white, known],
            lambda matched: matched[0] and (matched[1] or not white) and not matched[2],
            lambda matched: matched[2],
            budget,
            pages.language,
        )
        if referer is None:
            return None
        more = excluded(referer)
        if more is not None:
            known.append(more)
        elif pages.is_sent(referer):
            return referer
        else:
            raise UndecidedError  # the language is a little too wide


def may_be_sent(pattern: Pattern) -> bool:
    """Return whether an entry may match a Referer by its beginning: quick, and often enough."""
    head = pattern.head.partition("?")[0]
    return any(head.startswith(start) or start.startswith(head) for start in _STARTS)


GUESS = Sentence("It is a guess at what was meant.")
UNPROVED = Sentence("It is not proved that it denies no page and allows no other site.")

_LIKELY = 8
"""How many new entries take part in the first search for what they may let in as before."""


class NamedSites(NamedTuple):
    """What the entries of both lists name."""

    white: Sites
    black: Sites


@dataclass(frozen=True, slots=True)
class EntryEdit:
    """The entries that a correction takes out of the lists and puts in."""

    white_out: tuple[SearchedEntry, ...] = ()
    white_in: tuple[SearchedEntry, ...] = ()
    black_out: tuple[SearchedEntry, ...] = ()
    black_in: tuple[SearchedEntry, ...] = ()

    @classmethod
    def between(cls, old: CompiledRules, new: CompiledRules) -> "EntryEdit":
        """Return what two configurations do not have in common."""
        return cls(
            _without(old.white, new.white),
            _without(new.white, old.white),
            _without(old.black, new.black),
            _without(new.black, old.black),
        )


class EditedRules:
    """Rules after an edit. They are not compiled again, which takes long for long lists."""

    def __init__(self, old: CompiledRules, edit: EntryEdit) -> None:
        self._old, self._edit = old, edit
        self._white_out = {item.pattern.body for item in edit.white_out}
        self._black_out = {item.pattern.body for item in edit.black_out}

    @property
    def white(self) -> tuple[SearchedEntry, ...]:
        """The entries that let a Referer in."""
        kept = (item for item in self._old.white if item.pattern.body not in self._white_out)
        return (*kept, *self._edit.white_in)

    @property
    def blacklisted(self) -> frozenset[str]:
        """The blacklist, as it is compared."""
        added = (item.pattern.body for item in self._edit.black_in)
        return (self._old.blacklisted - self._black_out).union(added)

    def allowing(self, referer: str) -> SearchedEntry | None:
        """Return a whitelist entry that matches a Referer, whatever the blacklist says."""
        added = self._matching(self._edit.white_in, referer)
        return added or self._old.allowing(referer, self._white_out)

    def denying(self, referer: str) -> SearchedEntry | None:
        """Return a blacklist entry that matches a Referer."""
        added = self._matching(self._edit.black_in, referer)
        return added or self._old.denying(referer, self._black_out)

    def _matching(self, entries: Iterable[SearchedEntry], referer: str) -> SearchedEntry | None:
        seen = self._old.see(referer)
        return next((item for item in entries if item.pattern.matches(seen)), None)


SearchedRules = CompiledRules | EditedRules
"""A configuration, as the search reads it."""


def _without(
    entries: Iterable[SearchedEntry], others: Iterable[SearchedEntry]
) -> tuple[SearchedEntry, ...]:
    known = {(item.pattern.body, item.cut) for item in others}
    return tuple(item for item in entries if (item.pattern.body, item.cut) not in known)


def compare(
    old: CompiledRules, new: RefererPolicy, named: NamedSites, budget: Budget
) -> Sentence | None:
    """Return what new rules may change that somebody meant; None if they are safe."""
    before, after = old.policy.allows(None), new.allows(None)
    if before != after:
        return (
            Sentence("It allows requests without a Referer.")
            if after
            else Sentence("It denies requests without a Referer.")
        )
    compiled = CompiledRules(new)
    if not compiled.is_searchable:
        return UNPROVED
    return find_risk(old, compiled, EntryEdit.between(old, compiled), named, budget)


def find_risk(
    old: CompiledRules, new: SearchedRules, edit: EntryEdit, named: NamedSites, budget: Budget
) -> Sentence | None:
    """Return what an edit may change that somebody meant; None if it is safe."""
    if not old.is_searchable:
        return UNPROVED
    try:
        return next(_RiskSearch(old, new, edit, named, budget).risks(), None)
    except UndecidedError:
        return UNPROVED


class _RiskSearch:
    def __init__(
        self,
        old: CompiledRules,
        new: SearchedRules,
        edit: EntryEdit,
        named: NamedSites,
        budget: Budget,
    ) -> None:
        self._old, self._new, self._edit = old, new, edit
        self._named, self._budget = named, budget

    def risks(self) -> Iterator[Sentence]:
        """Yield what the edit does that it must not do. Raises UndecidedError."""
        for referer in self._denied():
            yield Sentence("It denies {}, a page of a site that the entries name.", referer)
        for referer in self._allowed():
            yield Sentence("It allows {}, a page of another site.", referer)
        for referer in self._readmitted():
            yield Sentence("It allows {}, a page of a site that the blacklist names.", referer)

    # Pages that are denied.

    def _denied(self) -> Iterator[str]:
        own = self._named.white.own_pages
        for entry in self._edit.white_out:
            is_open = entry is EVERYTHING or entry.pattern.body in self._named.white.open
            pages = ALL_PAGES if is_open else own
            likely = self._edit.white_in[:_LIKELY]
            yield from self._seek(entry, pages, self._is_still_let_in, excluding=likely)
        opens = bool(self._named.white.open) or EVERYTHING in self._old.white
        others = self._named.black.foreign_pages
        for entry in self._edit.black_in:
            for pages in (own, others) if opens else (own,):
                yield from self._seek(entry, pages, self._old.denying, self._old.white)

    def _is_still_let_in(self, referer: str) -> SearchedEntry | None:
        return self._old.denying(referer) or self._new.allowing(referer)

    # Pages that are allowed.

    def _allowed(self) -> Iterator[str]:
        foreign = self._named.white.foreign_pages
        for entry in self._edit.white_in:
            if not self._named.white.owns_all(entry.pattern.body, self._new.blacklisted):
                yield from self._seek(entry, foreign, self._was_let_in)
        for entry in self._edit.black_out:
            yield from self._seek(entry, foreign, self._new.denying, self._new.white)

    def _was_let_in(self, referer: str) -> SearchedEntry | None:
        return self._new.denying(referer) or self._old.allowing(referer)

    def _readmitted(self) -> Iterator[str]:
        own = self._named.black.own_pages
        for entry in self._edit.black_out:
            yield from self._seek(entry, own, self._new.denying, self._new.white)

    def _seek(
        self,
        entry: SearchedEntry,
        pages: SentReferers,
        excluded: Exclusion,
        white: Sequence[SearchedEntry] = (),
        *,
        excluding: Sequence[SearchedEntry] = (),
    ) -> Iterator[str]:
        referer = seek(entry, pages, excluded, self._budget, white, excluding=excluding)
        if referer is not None:
            yield referer
