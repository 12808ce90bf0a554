"""Risks: the effects of a correction on pages of the owner's sites, and on pages of strangers.

`Sites` are the sites that the owner means. `seek` searches for a page that an entry harms, and
`find_risk` calls it for each entry that a correction adds or removes.

A fix is safe if it denies no page of these sites, allows no page of another site, and treats an
empty Referer as before. A search over all Referers that browsers send by default (the origin with a
`/`, B-02) proves this. Only an added or removed entry can change a decision, so each of them has
its own search, and other entries join the search only if they change its result.

Pages that send their whole URL (`unsafe-url`), and ports that nobody named, are rare: effects on
them do not make a fix unsafe, but a report names them.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

from oss_referer.engine import Pattern, RefererPolicy, Sentence
from oss_referer.search import automaton
from oss_referer.search.automaton import (
    EVERYTHING,
    Budget,
    CompiledRules,
    SearchedEntry,
    Truncation,
    UndecidedError,
)
from oss_referer.search.entry import FIXED_HOST, STRANGER_HOST, Parts, example, parse_entry
from oss_referer.search.sent import (
    ALL_BY_DEFAULT,
    ALL_PAGES,
    SENDS_PATHS,
    OwnHost,
    Senders,
    SentReferers,
)
from oss_referer.search.url import (
    DEFAULT_PORTS,
    MAX_HOST,
    RESERVED,
    encode_host,
    fixed_part,
    has_known_suffix,
    is_address,
    is_host,
    is_machine,
    registered,
)

_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_WILD = re.compile(r"(?P<scheme>https?://)\*(?P<name>[^/*?]+)/")


class Reach(Enum):
    """The part of their URL that pages send."""

    DEFAULT = "default"
    RARE = "rare"
    """The whole URL, on any port."""


@dataclass(frozen=True)
class Sites:
    """The sites that the owner means: those that a person names, or those that some entries name.

    An entry without a wildcard in its host names only that host. `*.host` names the host and its
    sub-domains, and any other wildcard names the whole registered domain. Pages outside the
    registered domains are strangers. An entry without a scheme means both, and an entry without a
    port means the default port.
    """

    hosts: tuple[OwnHost, ...]
    """The named hosts."""
    domains: tuple[OwnHost, ...]
    """The registered domains of the named hosts."""
    open: frozenset[str] = frozenset()
    """The entries that name no site, such as `https://*`: they may mean everybody."""
    are_given: bool = False
    """Whether a person named the sites. Then no entry means everybody."""

    @classmethod
    def of(cls, readings: Mapping[str, Iterable[str]], *, are_given: bool = False) -> "Sites":
        """Read the sites of entries; `readings` maps each entry to itself or its corrections."""
        named, unread = [], set()
        for entry, texts in readings.items():
            parts = [one for one in map(Parts.split, texts) if read_host(one)]
            named += parts
            if not parts:
                unread.add(entry)
        hosts, domains = _read_owners(named)
        everybody = frozenset(unread | {entry.casefold() for entry in unread})
        return cls(hosts, domains, everybody, are_given)

    def owns_all(self, entry: str, blacklisted: Container[str], reach: Reach = Reach.RARE) -> bool:
        """Return whether an entry lets in only pages of these sites; False if unknown.

        If `https://*.example.com/` matches a Referer of another host, the name is in the path of
        the Referer. No page sends its path by default, and the blacklist entry
        `https://*/*.example.com/` matches such a Referer too.
        """
        fixed = FIXED_HOST.match(entry)
        if fixed is not None:
            return self._owns(fixed["host"])
        wild = _WILD.match(entry)
        if wild is None:
            return False
        guard = f"{wild['scheme']}*/*{wild['name']}/"
        if reach is Reach.RARE and guard not in blacklisted:
            return False
        host = wild["name"].partition(":")[0]
        return self._owns(f"x{host}")

    def _owns(self, host: str) -> bool:
        return not self.foreign_pages[Reach.DEFAULT].has_host(host)

    @cached_property
    def own_pages(self) -> Mapping[Reach, SentReferers]:
        """The Referers of pages of these sites."""
        on_any_port = tuple(own._replace(ports=None) for own in self.hosts)
        return {
            Reach.DEFAULT: _pages(Senders.OWN, self.hosts, Reach.DEFAULT),
            Reach.RARE: _pages(Senders.OWN, on_any_port, Reach.RARE),
        }

    @cached_property
    def foreign_pages(self) -> Mapping[Reach, SentReferers]:
        """The Referers of all other pages."""
        return {reach: _pages(Senders.FOREIGN, self.domains, reach) for reach in Reach}


def find_names(text: str) -> tuple[str, ...]:
    """Return the host names in a text that cannot be parsed, such as an odd expression."""
    found = (encode_host(name) for name in _NAME.findall(text.replace("\\", "").lower()))
    return tuple(name for name in found if name and has_known_suffix(name))


@lru_cache(maxsize=64)
def _pages(pages: Senders, own: tuple[OwnHost, ...], reach: Reach) -> SentReferers:
    """Return a language from a cache, because it caches its own steps."""
    return SentReferers(pages, own, by_default=reach is Reach.DEFAULT)


def read_host(parts: Parts) -> str | None:
    """Return the host of an entry, or the fixed part after its wildcards; None without one.

    A host without an end, such as `https://www`, names no site, because many names begin with it.
    Nor does a host with a wildcard as its last label, such as `www.example.*` and `192.168.*`.
    """
    host = parts.host.lower().strip(".")
    host = host if host.isascii() else encode_host(host) or ""
    is_open = not parts.rest and parts.port is None
    if is_open:
        begins_label = parts.host.rstrip("*").endswith(".")
        host = host.rstrip("*").rstrip(".")
        if begins_label and not (parts.host.endswith(".") and has_known_suffix(host)):
            return None
        if is_part_of_address(host):
            return None
        if parts.host.endswith("*") and not (is_machine(host) or has_known_suffix(host)):
            return None  # such as https://www.exam*
    if is_open and "." not in host and host not in RESERVED and not is_address(host):
        return None
    if is_address(host) or not set(host) & set("*?"):
        return host if is_host(host) else None
    behind = host.rpartition("*")[2]  # *example.com, but not *-example.com
    for fixed in (behind if "?" not in behind else None, fixed_part(host)):
        if fixed and is_host(fixed) and registered(fixed) is not None:
            return fixed
    return None


def _read_owners(
    named: Iterable[Parts],
) -> tuple[tuple[OwnHost, ...], tuple[OwnHost, ...]]:
    """Return the named hosts, and their registered domains."""
    hosts, domains = [], []
    for parts in named:
        host = read_host(parts) or ""
        written = parts.host.lower().rstrip("*")
        is_literal = not set(written) & set("*?")
        domain = _domain(host, is_literal)
        own = OwnHost(host, not is_literal) if is_literal or written == f"*.{host}" else domain
        hosts.append(own._replace(schemes=_schemes(parts), ports=_ports(parts, host)))
        domains.append(domain)
    return tuple(dict.fromkeys(hosts)), tuple(dict.fromkeys(domains))


def _schemes(parts: Parts) -> frozenset[str]:
    """Return the scheme of an entry, or both schemes if it has none."""
    known = frozenset(DEFAULT_PORTS)
    return frozenset({parts.scheme}) if parts.scheme in known else known


def is_part_of_address(host: str) -> bool:
    """Return whether a host is the beginning of IPv4 addresses, such as `192.168`."""
    return re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}", host) is not None


def _ports(parts: Parts, host: str) -> frozenset[str] | None:
    """Return the ports other than the default one; None for all.

    An entry that ends with the name of a machine, such as localhost, means all its ports.
    """
    if parts.port is not None:
        return None if set(parts.port) & set("*?") else frozenset({parts.port})
    return None if is_machine(host) and not parts.rest else frozenset()


def _domain(host: str, is_literal: bool) -> OwnHost:
    if is_address(host) or "." not in host:
        return OwnHost(host, not is_literal)
    return OwnHost(registered(host) or host, registered(host) is not None)


_STARTS = tuple(f"{scheme}://" for scheme in DEFAULT_PORTS)

Exclusion = Callable[[str], SearchedEntry | None]
"""Returns the entry that excludes a Referer from a search; None if the Referer is wanted."""


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

    If `excluded` returns an entry, the next search excludes its Referers too, so that few of many
    entries take part. The first search excludes only `excluding`. None is a proof that there is no
    such Referer. Raises UndecidedError.
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
        if more is None:
            break
        known.append(more)
    if not pages.is_sent(referer):
        raise UndecidedError  # the language is slightly too wide
    if entry.cut is Truncation.PATH or "?" in referer:
        return referer

    def is_as_good(better: str) -> bool:
        is_in = not white or any(item.pattern.matches(better) for item in white)
        matches = is_in and entry.pattern.matches(better) and pages.is_sent(better)
        return matches and excluded(better) is None

    return next(filter(is_as_good, _improve(referer)), referer)


_ORIGIN = re.compile(r"(https?://)([^/:]+)(:[0-9]+)?(/.*)")


def _improve(referer: str) -> Iterator[str]:
    """Yield Referers that may have the same effect as the shortest one, and look more plausible."""
    found = _ORIGIN.fullmatch(referer)
    if found is None:
        return
    scheme, host, port, path = found.groups(default="")
    behind = host.partition(".")[2]
    longer = f"{host[:-1]}.{STRANGER_HOST}"
    below = (f"{name}.{behind}" for name in ("www", "evil") if behind)
    hosts = [STRANGER_HOST, longer, *below, host]
    for better_port in dict.fromkeys((port and ":8080", port)):
        for better_scheme in dict.fromkeys(("https://", scheme)):
            yield from (f"{better_scheme}{one}{better_port}{path}" for one in hosts)


def may_be_sent(pattern: Pattern) -> bool:
    """Return False if the beginning of an entry already shows that it matches no Referer."""
    head = pattern.head.partition("?")[0]
    return any(head.startswith(start) or start.startswith(head) for start in _STARTS)


class RiskKind(StrEnum):
    """The consequence of a risky correction, with the name of its text on the pages."""

    LOCKS_OUT = "may-lock-out"
    LETS_IN = "lets-in-a-stranger"
    OPENS = "opens-the-site"
    UNPROVED = "not-checked-in-time"
    CHOICE = "your-choice"


class Risk(NamedTuple):
    """Why a correction is not safe."""

    said: Sentence
    kind: RiskKind = RiskKind.CHOICE


GUESS = Risk(Sentence("It is a guess at what was meant."))
WIDENS = Risk(Sentence("It names the whole host, and not only the path."), RiskKind.OPENS)
"""The risk of a correction that removes a path, which the author may have meant."""
UNPROVED = Risk(
    Sentence("It may lock out a page of yours: the search for one ended early."), RiskKind.UNPROVED
)

_LIKELY = 8
"""The most new entries that exclude, from the first search on, the pages that they let in."""


class NamedSites(NamedTuple):
    """The sites that the entries of each list name."""

    white: Sites
    black: Sites


@dataclass(frozen=True, slots=True)
class EntryEdit:
    """The entries that a correction removes from the lists and adds to them."""

    white_out: tuple[SearchedEntry, ...] = ()
    white_in: tuple[SearchedEntry, ...] = ()
    black_out: tuple[SearchedEntry, ...] = ()
    black_in: tuple[SearchedEntry, ...] = ()

    @classmethod
    def between(cls, old: CompiledRules, new: CompiledRules) -> "EntryEdit":
        """Return the difference between two configurations."""
        return cls(
            _without(old.white, new.white),
            _without(new.white, old.white),
            _without(old.black, new.black),
            _without(new.black, old.black),
        )


class EditedRules:
    """Rules after an edit. They are not compiled again, which is slow for long lists."""

    def __init__(self, old: CompiledRules, edit: EntryEdit) -> None:
        self._old, self._edit = old, edit
        self._white_out = {item.pattern.body for item in edit.white_out}
        self._black_out = {item.pattern.body for item in edit.black_out}

    @property
    def white(self) -> tuple[SearchedEntry, ...]:
        """The entries that allow a Referer."""
        kept = (item for item in self._old.white if item.pattern.body not in self._white_out)
        return (*kept, *self._edit.white_in)

    @property
    def blacklisted(self) -> frozenset[str]:
        """The entries of the blacklist in the form that is compared."""
        added = (item.pattern.body for item in self._edit.black_in)
        return (self._old.blacklisted - self._black_out).union(added)

    def allowing(self, referer: str) -> SearchedEntry | None:
        """Return a whitelist entry that matches a Referer; ignore the blacklist."""
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
"""A configuration, prepared for a search."""


class OwnPages:
    """The default Referers of the owner's sites, by the entries that let them in.

    A correction can lock out a page only if it removes all entries that let the page in. So most
    corrections need to search only the pages of the entries that they remove.
    """

    def __init__(self, sites: Sites, rules: CompiledRules) -> None:
        self._pages: defaultdict[str, list[str]] = defaultdict(list)
        """Single pages, by the body of the first entry that lets them in."""
        self._families: defaultdict[str, list[OwnHost]] = defaultdict(list)
        """Sub-domains or ports of a host with one scheme, by the entries that let them all in."""
        self._others: list[OwnHost] = []
        """Families of which the rules may deny some pages."""
        for own in sites.hosts:
            for scheme in sorted(own.schemes, reverse=True):  # the same order in every process
                self._sort(own._replace(schemes=frozenset({scheme})), scheme, rules)

    def _sort(self, own: OwnHost, scheme: str, rules: CompiledRules) -> None:
        ports = ("", *(f":{port}" for port in own.ports or () if port != DEFAULT_PORTS[scheme]))
        for page in (f"{scheme}://{own.host}{port}/" for port in ports):
            entry = rules.allowing(page)
            if entry is not None and own.host != SENDS_PATHS:
                self._pages[entry.pattern.body].append(page)
        if own.with_sub_domains or own.ports is None or own.host == SENDS_PATHS:
            entries = _let_in(own, rules)
            if entries is None:
                self._others.append(own)
            for entry in entries or ():
                self._families[entry.pattern.body].append(own)

    def pages_of(self, bodies: Collection[str]) -> Iterator[str]:
        """Yield the single pages that some entries let in."""
        return (page for body in bodies for page in self._pages.get(body, ()))

    def families_of(self, bodies: Collection[str], new: SearchedRules) -> SentReferers | None:
        """Return the pages of families that may need the entries `bodies`; None without any."""
        concerned = dict.fromkeys(one for body in bodies for one in self._families.get(body, ()))
        lost = tuple(own for own in concerned if _let_in(own, new) is None)
        families = (*self._others, *lost)
        return _pages(Senders.OWN, families, Reach.DEFAULT) if families else None


def _close(entry: SearchedEntry) -> tuple[SearchedEntry, ...]:
    """Return copies of an entry, each with a character that can end its host.

    `https://www.example.com` also matches `https://www.example.com.example.org/`, but does not mean
    a sub-domain of example.org. Return () if the entry names no host, or already ends it.
    """
    parts = Parts.split(entry.pattern.body)
    if parts.rest or parts.port or read_host(parts) is None:
        return ()
    body = entry.pattern.body.rstrip("*")
    return tuple(replace(entry, pattern=parse_entry(f"{body}{end}")) for end in "/:")


_STEPS_OF_A_FAMILY = 20_000
_ANY = "\ue000"
"""A character that no entry contains: only a wildcard matches it, and so matches any other."""


def _let_in(own: OwnHost, rules: SearchedRules) -> tuple[SearchedEntry, ...] | None:
    """Return entries that let in all pages of a family; None if the rules may deny some."""
    (scheme,) = own.schemes
    if own.with_sub_domains and own.ports == frozenset():
        entry = rules.allowing(f"{scheme}://{_ANY}.{own.host}/")
        if entry is not None and entry.cut is not Truncation.PATH:
            longest = min(len(entry.pattern.body) + 1, MAX_HOST)
            names = (f"{_ANY * length}.{own.host}" for length in range(1, longest + 1))
            if all(entry.pattern.matches(f"{scheme}://{name}/") for name in names):
                return (entry,)
    root = parse_entry(f"{scheme}://{own.host}/")
    roots = [SearchedEntry(root)] if own.with_sub_domains and own.ports is not None else []
    used: list[SearchedEntry] = []

    def note(referer: str) -> SearchedEntry | None:
        entry = rules.allowing(referer)
        if entry is not None:
            used.append(entry)
        return entry

    pages = _pages(Senders.OWN, (own,), Reach.DEFAULT)
    try:
        found = seek(EVERYTHING, pages, note, Budget(_STEPS_OF_A_FAMILY), excluding=roots)
    except UndecidedError:
        return None
    return tuple(used) if found is None else None


def _without(
    entries: Iterable[SearchedEntry], others: Iterable[SearchedEntry]
) -> tuple[SearchedEntry, ...]:
    known = {(item.pattern.body, item.cut) for item in others}
    return tuple(item for item in entries if (item.pattern.body, item.cut) not in known)


def compare(
    old: CompiledRules,
    new: RefererPolicy,
    named: NamedSites,
    budget: Budget,
    own: OwnPages,
) -> Risk | None:
    """Return a risk of new rules; None if they are safe."""
    before, after = old.policy.allows(None), new.allows(None)
    if before != after:
        return Risk(
            Sentence("It lets in requests without a Referer.")
            if after
            else Sentence("It locks out requests without a Referer.")
        )
    compiled = CompiledRules(new)
    if not compiled.is_searchable:
        return UNPROVED
    return find_risk(old, compiled, EntryEdit.between(old, compiled), named, budget, own)


def find_risk(
    old: CompiledRules,
    new: SearchedRules,
    edit: EntryEdit,
    named: NamedSites,
    budget: Budget,
    own: OwnPages,
) -> Risk | None:
    """Return a risk of an edit; None if the edit is safe.

    `own` are the pages that the old rules let in; all edits of these rules can share it.
    """
    if not old.is_searchable:
        return UNPROVED
    search = _RiskSearch(old, new, edit, named, budget, reach=Reach.DEFAULT)
    try:
        for referer in search.denied(own):
            said = (
                Sentence("It locks out {}, a page of a site that is meant.", referer)
                if named.white.own_pages[Reach.DEFAULT].is_sent(referer)
                else Sentence("It locks out {}, which an entry for all sites lets in.", referer)
            )
            return Risk(said, RiskKind.LOCKS_OUT)
        for referer in search.allowed():
            said = Sentence("It lets in {}, a page of a stranger.", referer)
            return Risk(said, RiskKind.LETS_IN)
        for referer in search.readmitted():
            said = Sentence("It lets in {}, a page of a site that the blacklist names.", referer)
            return Risk(said, RiskKind.LETS_IN)
        error = search.error()
        return Risk(error) if error else None
    except UndecidedError:
        return UNPROVED


def find_rare(
    old: CompiledRules, new: SearchedRules, edit: EntryEdit, named: NamedSites, budget: Budget
) -> tuple[Sentence, ...]:
    """Return the effects of an edit on pages that send their whole URL, or on other ports."""
    search = _RiskSearch(old, new, edit, named, budget, reach=Reach.RARE)
    found = []
    try:
        if referer := next(search.denied(), None):
            found.append(Sentence("It also locks out {}.", referer))
        if referer := next(chain(search.allowed(), search.readmitted()), None):
            found.append(Sentence("It also lets in {}.", referer))
    except UndecidedError:
        pass  # a report may omit rare effects
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _RiskSearch:
    """Searches for pages that an edit harms."""

    old: CompiledRules
    new: SearchedRules
    edit: EntryEdit
    named: NamedSites
    budget: Budget
    reach: Reach

    def denied(self, own: OwnPages | None = None) -> Iterator[str]:
        """Yield pages of the owner's sites that the edit denies. Raises UndecidedError.

        `own` knows the entries for most pages of the default reach, which saves searches.
        """
        white = self.named.white
        pages: SentReferers | None = white.own_pages[self.reach]
        if own is not None:
            edited = tuple(entry.pattern.body for entry in self.edit.white_out)
            for page in own.pages_of(edited):
                if not self._is_still_let_in(page):
                    yield page
            pages = own.families_of(edited, self.new)
        everybody = ALL_BY_DEFAULT if self.reach is Reach.DEFAULT else ALL_PAGES
        for entry in self.edit.white_out:
            is_open = entry is EVERYTHING or entry.pattern.body in white.open
            meant = everybody if is_open and not white.are_given else pages
            likely = self.edit.white_in[:_LIKELY]
            if meant is not None:
                named = _close(entry) if meant is pages and own is not None else ()
                yield from self._seek(entry, meant, self._is_still_let_in, named, excluding=likely)
        opens = bool(white.open) or EVERYTHING in self.old.white
        others = self.named.black.foreign_pages[self.reach]
        for entry in self.edit.black_in:
            all_own = white.own_pages[self.reach]
            for found in (all_own, others) if opens and not white.are_given else (all_own,):
                if self._may_be_of(entry, found):
                    yield from self._seek(entry, found, self.old.denying, self.old.white)

    def _may_be_of(self, entry: SearchedEntry, pages: SentReferers) -> bool:
        """Return False if the host of an entry already shows that it matches none of the pages."""
        body = entry.pattern.body
        fixed = FIXED_HOST.match(body)
        if fixed is not None:
            return pages.has_host(fixed["host"])
        has_path = body.partition("://")[2].count("/") > 1
        return self.reach is Reach.RARE or not has_path or pages.has_host(SENDS_PATHS)

    def _is_still_let_in(self, referer: str) -> SearchedEntry | None:
        return self.old.denying(referer) or self.new.allowing(referer)

    def allowed(self) -> Iterator[str]:
        """Yield pages of strangers that the edit allows. Raises UndecidedError."""
        foreign = self.named.white.foreign_pages[self.reach]
        for entry in self.edit.white_in:
            body, blacklisted = entry.pattern.body, self.new.blacklisted
            if not self.named.white.owns_all(body, blacklisted, self.reach):
                yield from self._seek(entry, foreign, self._was_let_in)
        for entry in self.edit.black_out:
            yield from self._seek(entry, foreign, self.new.denying, self.new.white)

    def _was_let_in(self, referer: str) -> SearchedEntry | None:
        return self.new.denying(referer) or self.old.allowing(referer)

    def readmitted(self) -> Iterator[str]:
        """Yield pages of blacklisted sites that the edit allows. Raises UndecidedError."""
        own = self.named.black.own_pages[self.reach]
        for entry in self.edit.black_out:
            yield from self._seek(entry, own, self.new.denying, self.new.white)

    def error(self) -> Sentence | None:
        """Return a mistake in an entry that the edit adds. Raises UndecidedError."""
        # If a switch changes, every entry counts as added, because it is compared differently.
        old = {item.pattern.body for item in self.old.white}
        white = [item for item in self.edit.white_in if item.pattern.body not in old]
        black = [
            item for item in self.edit.black_in if item.pattern.body not in self.old.blacklisted
        ]
        for entry in (*white, *black):
            if not self._matches_any(entry):
                return Sentence("It writes {}, which matches nothing.", entry.pattern.text)
        # Without given sites, `denied` has searched the pages of every whitelist entry.
        for entry in black if self.named.white.are_given else ():
            for pattern in (item.pattern for item in self.old.white):
                is_denied = entry.pattern.matches(example(pattern.body))
                if is_denied and automaton.covers(pattern, [entry.pattern], entry.cut):
                    text = entry.pattern.text
                    return Sentence("It writes {}, which denies all of {}.", text, pattern.text)
        for entry in white if EVERYTHING not in self.old.white else ():
            text = entry.pattern.text
            denying = self.new.denying(example(text))
            if denying and automaton.covers(entry.pattern, [denying.pattern], entry.cut):
                return Sentence("It writes {}, all of which the blacklist denies.", text)
            if self.named.white.owns_all(text, self.new.blacklisted, Reach.DEFAULT):
                continue  # `wildcard_in_path` adds the blacklist entry
            for reach in Reach:
                foreign = self.named.white.foreign_pages[reach]
                for referer in self._seek(entry, foreign, self.new.denying):
                    return Sentence("It writes {}, which still lets in {}.", text, referer)
        return None

    def _matches_any(self, entry: SearchedEntry) -> bool:
        page = example(entry.pattern.body)
        is_whole = entry.cut is not Truncation.PATH
        if is_whole and entry.pattern.matches(page) and ALL_PAGES.is_sent(page):
            return True
        return any(self._seek(entry, ALL_PAGES, lambda _: None))

    def _seek(
        self,
        entry: SearchedEntry,
        pages: SentReferers,
        excluded: Exclusion,
        white: Sequence[SearchedEntry] = (),
        *,
        excluding: Sequence[SearchedEntry] = (),
    ) -> Iterator[str]:
        referer = seek(entry, pages, excluded, self.budget, white, excluding=excluding)
        if referer is not None:
            yield referer
