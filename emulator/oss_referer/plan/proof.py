"""Proofs: searches for own pages that rules deny, and for pages of strangers that they let in.

A search covers all Referers that browsers send by default: the origin with a `/` (B-02), and the
path of a mini program (R-44). Each entry has its own search, and other entries join it only if they
change its result. Pages that send their whole URL (`unsafe-url`), and ports that nobody named, are
rare: a stranger who writes such a page gets in, but an own page is not expected to send it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property, lru_cache

from oss_referer.browser.probes import make
from oss_referer.engine import GramIndex, Pattern
from oss_referer.engine.header import cut_path
from oss_referer.plan.reading import Site
from oss_referer.search import automaton
from oss_referer.search.automaton import (
    EVERYTHING,
    Budget,
    CompiledRules,
    SearchedEntry,
    Truncation,
    UndecidedError,
)
from oss_referer.search.entry import STRANGER_HOST, Parts, example, fill, parse_entry
from oss_referer.search.sent import SENDS_PATHS, OwnHost, Senders, SentReferers
from oss_referer.search.url import DEFAULT_PORTS

_STARTS = tuple(f"{scheme}://" for scheme in DEFAULT_PORTS)

Exclusion = Callable[[str], SearchedEntry | None]
"""Returns the entry that excludes a Referer from a search; None if the Referer is wanted."""


def seek(
    entry: SearchedEntry,
    pages: SentReferers,
    excluded: Exclusion,
    budget: Budget,
    within: Sequence[Sequence[SearchedEntry]] = (),
    *,
    excluding: Sequence[SearchedEntry] = (),
) -> str | None:
    """Return a Referer of some pages that an entry matches, and one of each list in `within`.

    If `excluded` returns an entry, the next search excludes its Referers too, so that few of many
    entries take part. The first search excludes only `excluding`. None is a proof that there is no
    such Referer. Raises UndecidedError.
    """
    if not may_be_sent(entry.pattern):
        return None
    wanted = [
        [replace(items[0], needed=True)] if len(items) == 1 else items
        for items in ([entry], *within)
    ]
    known = [*excluding]
    while True:
        referer = automaton.find(
            [*wanted, known],
            lambda matched: all(matched[:-1]) and not matched[-1],
            lambda matched: matched[-1],
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
    if "?" in referer:
        return referer

    def matches(item: SearchedEntry, text: str) -> bool:
        return item.pattern.matches(cut_path(text) if item.cut is Truncation.PATH else text)

    def is_as_good(better: str) -> bool:
        is_in = all(any(matches(item, better) for item in items) for items in within)
        is_out = any(matches(item, better) for item in excluding)
        is_found = is_in and not is_out and matches(entry, better) and pages.is_sent(better)
        return is_found and excluded(better) is None

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


class Reach(Enum):
    """The part of their URL that pages send."""

    DEFAULT = "default"
    RARE = "rare"
    """The whole URL, on any port."""


@lru_cache(maxsize=512)
def pages_of(
    senders: Senders, own: tuple[OwnHost, ...], reach: Reach = Reach.DEFAULT
) -> SentReferers:
    """Return a language from a cache, because it caches its own steps."""
    return SentReferers(senders, own, by_default=reach is Reach.DEFAULT)


@dataclass(frozen=True)
class Family:
    """Pages of one owner that a safe entry with a wildcard names, or those of a mini program."""

    site: Site
    scheme: str
    entry: SearchedEntry

    @cached_property
    def pages(self) -> SentReferers:
        own = self.site.owner if self.site.is_wild else OwnHost(self.site.host, False)
        is_any_port = not {*"*?"}.isdisjoint(self.site.port or "")
        port = frozenset({self.site.port} if self.site.port else ())
        named = own._replace(schemes=frozenset({self.scheme}), ports=None if is_any_port else port)
        return pages_of(Senders.OWN, (named,))

    @cached_property
    def sample(self) -> str:
        """The Referer of one of its pages."""
        return self.site.page(self.scheme)


class Owned:
    """The sites of an owner, with their pages; the pages of all other sites are strangers'."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self.sites = tuple(dict.fromkeys(sites))
        self.singles = {page: site for site in self.sites if site.is_single for page in site.pages}
        """The Referers of sites that send only one by default."""
        self.families = tuple(
            Family(site, scheme, SearchedEntry(parse_entry(site.entry(scheme))))
            for site in self.sites
            if not site.is_single
            for scheme in site.schemes
        )
        self.safe = {
            text: (site, scheme)
            for site in self.sites
            for scheme in site.schemes
            for text in (site.entry(scheme), f"{site.entry(scheme)}*")
        }
        """The safe entries for the sites."""
        samples = ((one.sample, one.site) for one in self.families)
        self.pages = (*self.singles.items(), *samples)
        """A Referer of each site, with the site."""
        self.programs = tuple(one for one in self.families if one.site.is_mini_program)
        self._owners = tuple(
            dict.fromkeys(site.owner for site in self.sites if not site.is_mini_program)
        )

    def find(self, page: str) -> Site | None:
        """Return the site whose pages send a Referer by default; None for a stranger's."""
        found = self._filed.first(page)
        return self.singles.get(page) or (self._named[found.body] if found else None)

    @cached_property
    def _filed(self) -> GramIndex:
        return GramIndex(one.entry.pattern for one in self.families)

    @cached_property
    def _named(self) -> dict[str, Site]:
        return {one.entry.pattern.body: one.site for one in self.families}

    def owns(self, host: str) -> bool:
        """Return whether a host belongs to the owner, apart from that of mini programs."""
        return any(own.owns(host) for own in self._owners)

    def strangers(self, reach: Reach = Reach.DEFAULT) -> SentReferers:
        """Return the Referers of strangers, and of mini programs: `find_stranger` excludes own."""
        return pages_of(Senders.FOREIGN, self._owners, reach)

    def find_stranger(
        self,
        entry: SearchedEntry,
        denying: Exclusion,
        budget: Budget,
        stranger: str,
        without: Sequence[SearchedEntry] = (),
    ) -> tuple[str, Reach] | None:
        """Return a Referer of a stranger that an entry matches and `denying` does not.

        `stranger` is the host of examples; `without` are entries that `denying` is known to return.
        None is a proof. Raises UndecidedError.
        """
        programs = [
            replace(one.entry, cut=entry.cut) for one in self.programs if may_be_of(entry, one)
        ]
        denied = denying(example(entry.pattern.body, stranger=stranger))
        if denied and denied.cut is entry.cut and covers(denied.pattern, entry.pattern, entry.cut):
            return None
        guesses = [
            guess
            for guess in _guess(entry.pattern.body, stranger)
            if "?" not in guess  # no entry is compared with a query as it was sent
            if entry.pattern.matches(cut_path(guess) if entry.cut is Truncation.PATH else guess)
        ]
        for reach in Reach:
            sent = self.strangers(reach)
            if reach is Reach.DEFAULT and needs_path(entry):
                sent = pages_of(Senders.OWN, (OwnHost(SENDS_PATHS, with_sub_domains=False),))
            own = programs if reach is Reach.DEFAULT else [replace(_PROGRAMS, cut=entry.cut)]
            for referer in guesses:
                is_own = any(one.pattern.matches(referer) for one in own)
                if not is_own and sent.is_sent(referer) and denying(referer) is None:
                    return referer, reach
            found = seek(entry, sent, denying, budget, excluding=[*own, *without])
            if found is not None:
                return found, reach
        return None


_PROGRAMS = SearchedEntry(parse_entry(f"https://{SENDS_PATHS}/"))
"""Mini programs send no other path than by default."""


def _guess(body: str, stranger: str) -> Iterator[str]:
    """Yield Referers of strangers that an entry may match, the clearest first."""
    parts = Parts.split(body)
    scheme = parts.scheme if parts.scheme in DEFAULT_PORTS else "https"
    host = fill(parts.host.rstrip("*").rstrip("."), "evil")
    yield f"{scheme}://{host}.{stranger}/"
    yield f"{scheme}://{host}/"
    yield example(body, stranger=stranger)
    if parts.host.startswith("*"):
        tail = fill(parts.host.lstrip("*"), "evil")
        yield from (f"{one}://not{tail.rstrip('.')}/" for one in (scheme, "http"))
    yield f"{scheme}://{SENDS_PATHS}/wx0000000000000000/1/page-frame.html"
    yield f"{scheme}://{host}0/"
    before, star, behind = body.partition("*")
    if star:
        start = before if before.startswith(_STARTS) else f"{scheme}://"
        end = fill(behind, "x")
        yield f"{start}{stranger}/{end}{'' if end.endswith('/') else '/'}"
    yield from (probe.referer for probe in make([body]) if probe.referer)


def find_denied(
    family: Family,
    rules: CompiledRules,
    exceptions: Sequence[SearchedEntry],
    black: Iterable[SearchedEntry],
    budget: Budget,
) -> str | None:
    """Return a page of a family that rules deny, except for `exceptions`; None is a proof.

    `black` are the entries of the blacklist to examine. Raises UndecidedError.
    """
    within = [[family.entry]]  # it names the pages before any truncation
    sample = family.sample
    exceptions = [one for one in exceptions if may_be_of(one, family)]
    if not (rules.policy.allows(sample) or any(one.pattern.matches(sample) for one in exceptions)):
        return sample
    allowing = rules.allowing(sample)
    if allowing is None or not covers(allowing.pattern, family.entry.pattern, rules.cut):
        found = seek(EVERYTHING, family.pages, rules.allowing, budget, within, excluding=exceptions)
        if found is not None:
            return found
    for entry in black:
        if may_be_of(entry, family):
            found = seek(entry, family.pages, lambda _: None, budget, within, excluding=exceptions)
            if found is not None:
                return found
    return None


_FIXED = re.compile(r"https?://(?P<host>[^/:*?\[\]]+)(?::[0-9*?]*)?/")


_PATH = re.compile(r"://[^/]*/[^/]*/|[^/:*?]/[^/*?]")


def needs_path(entry: SearchedEntry) -> bool:
    """Return whether an entry matches only Referers with a path, which mini programs alone send."""
    return _PATH.search(entry.pattern.body) is not None


def may_be_of(entry: SearchedEntry, family: Family) -> bool:
    """Return False if the host of an entry already shows that it matches no page of a family."""
    named, head = family.entry.pattern.head, entry.pattern.head.partition("?")[0]
    if not (head.startswith(named) or named.startswith(head)):
        return False
    fixed = _FIXED.match(entry.pattern.body)
    if fixed is not None:
        return family.pages.has_host(fixed["host"])
    return not needs_path(entry) or family.site.is_mini_program


_ANY = str.maketrans("*?", "\ue000\ue000")
"""Replaces wildcards by a character that no entry contains: only a wildcard matches it."""


def covers(wider: Pattern, pattern: Pattern, cut: Truncation) -> bool:
    """Return whether an entry matches all that another one matches.

    Without a `?`, it does exactly if it matches the other with any text for its wildcards.
    """
    text = pattern.body.translate(_ANY)
    if not wider.matches(text.rstrip("/") if cut is Truncation.PATH else text):
        return False
    return "?" not in wider.body or automaton.covers(pattern, [wider], cut)
