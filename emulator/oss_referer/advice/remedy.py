"""Remedies: the entry that the author meant, and the smallest safe change that reverses a verdict.

The entries have the form that `generate` writes: an origin with its closing slash, or the appid of
a mini program. Every remedy that is offered reverses the verdict.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, Self

from oss_referer.advice import diff
from oss_referer.advice.proposal import ProposalError, SiteProfile, propose
from oss_referer.browser.strangers import APPID, MINI_PROGRAMS
from oss_referer.engine import (
    Decision,
    Pattern,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    header,
)
from oss_referer.search.entry import Parts
from oss_referer.search.url import WebURL, WebURLError

LONGEST = 1_000
"""The most characters of a Referer to compare; a longer path rarely distinguishes entries."""

MEASURED = 100
"""The most entries with the nearest hosts to compare with the Referer."""


class Difference(StrEnum):
    """The first difference between an entry and a Referer."""

    SCHEME = "scheme"
    HOST = "host"
    PORT = "port"
    PATH = "path"
    LETTER_CASE = "letter-case"
    END = "end"
    """The Referer ends before the entry, for example without a slash after its host."""


class Marked(NamedTuple):
    """A text in three parts; the middle part differs from another text."""

    before: str
    differs: str
    after: str

    @classmethod
    def cut(cls, text: str, start: int, end: int) -> Self:
        return cls(text[:start], text[start:end], text[end:])


class NearMiss(NamedTuple):
    """An entry that does not match a Referer, and the place where they differ."""

    entry: str
    """The entry as it was configured."""
    body: str
    """The part of the entry that is compared."""
    agrees: int
    """The number of characters of the body that agree with the Referer."""
    matched: int
    """The number of characters of the Referer that agree with the body."""
    parting: Difference
    is_related: bool
    """Whether both hosts have a domain in common."""

    def mark(self, referer: str) -> tuple[Marked, Marked]:
        """Mark the difference in the body and in the Referer: a scheme, labels of a host, a port.

        For any other difference, mark the whole rest of both.
        """
        ours, theirs = Parts.split(self.body), Parts.split(referer)
        if self.parting is Difference.SCHEME:
            starts, ends = (0, 0), (len(ours.scheme or ""), len(theirs.scheme or ""))
        elif self.parting is Difference.PORT:
            starts = _find_host(ours)[1], _find_host(theirs)[1]
            ends = len(ours.origin), len(theirs.origin)
        elif self.parting is Difference.HOST:
            starts, ends = self._find_labels(referer, _find_host(ours), _find_host(theirs))
        else:
            starts, ends = (self.agrees, self.matched), (len(self.body), len(referer))
        return (
            Marked.cut(self.body, starts[0], ends[0]),
            Marked.cut(referer, starts[1], ends[1]),
        )

    def _find_labels(
        self, referer: str, ours: tuple[int, int], theirs: tuple[int, int]
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the starts and ends of the labels that differ, given those of the hosts."""
        starts = max(self.agrees, ours[0]), max(self.matched, theirs[0])
        rests = self.body[starts[0] : ours[1]], referer[starts[1] : theirs[1]]
        before = self.body[ours[0] : starts[0]].rpartition(".")[2]
        if before.isalnum() and all(rest and rest[0] != "." for rest in rests):
            starts = starts[0] - len(before), starts[1] - len(before)  # from the label's start
            rests = before + rests[0], before + rests[1]
        common = _find_common_labels(*rests)
        tail = len(".".join(common))
        if common and all(len(rest) > tail for rest in rests):
            tail += len(".")
        return starts, (ours[1] - tail, theirs[1] - tail)


def find_nearest(patterns: Iterable[Pattern], referer: str) -> NearMiss | None:
    """Return the entry closest to a Referer, as compared, that none matches; None without entries.

    People look for the entry that they meant for a site. So the host is the first criterion: the
    same host, then the longest common end of both hosts, such as `.example.com`. The second one is
    how far the entry matches.
    """
    referer = referer[:LONGEST]
    host = _host(referer)
    ranked = sorted(patterns, key=lambda one: _likeness(one, host), reverse=True)[:MEASURED]
    if not ranked:
        return None
    nearest = _likeness(ranked[0], host)
    alike = (pattern for pattern in ranked if _likeness(pattern, host) == nearest)
    agrees, matched, pattern = max(
        ((*_measure(pattern.body, referer), pattern) for pattern in alike),
        key=lambda measured: measured[1],
    )
    parting = _name_difference(pattern.body, agrees, referer, matched)
    return NearMiss(
        entry=pattern.text,
        body=pattern.body,
        agrees=agrees,
        matched=matched,
        parting=parting,
        is_related=nearest > (False, 0),
    )


def _find_host(parts: Parts) -> tuple[int, int]:
    """Return the start and end of the host in the text that was split."""
    start = 0 if parts.scheme is None else len(parts.scheme) + len("://")
    return start, start + len(parts.host)


def _host(text: str) -> str:
    return Parts.split(text[:LONGEST].lower()).host


def _likeness(pattern: Pattern, host: str) -> tuple[bool, int]:
    """Return whether the hosts are equal, and how many labels at the end they share."""
    own = _host(pattern.body)
    common = len(_find_common_labels(own, host))
    return own == host, common if common > 1 else 0  # a common top-level name is not a likeness


def _find_common_labels(one: str, other: str) -> list[str]:
    """Return the labels at the end that two hosts share."""
    ours, theirs = one.split("."), other.split(".")
    common = 0
    for pair in zip(reversed(ours), reversed(theirs), strict=False):
        if pair[0] != pair[1]:
            break
        common += 1
    return ours[len(ours) - common :]


def _measure(body: str, referer: str) -> tuple[int, int]:
    """Follow an entry through a Referer until they differ; return the offsets in both."""
    head, *others = body.split("*")
    agrees = matched = _count_common(head, referer)
    if agrees < len(head):
        return agrees, matched
    for segment in others:
        agrees += 1  # the wildcard itself
        place, length = _find_longest(segment, referer, matched)
        if length < len(segment):
            # A single character, such as a dot, agrees by chance.
            return (agrees + length, place + length) if length > 1 else (agrees, matched)
        agrees, matched = agrees + length, place + length
    return agrees, matched


def _find_longest(segment: str, referer: str, start: int) -> tuple[int, int]:
    """Return the offset and length of the longest prefix of a segment found; leftmost wins."""
    best = (start, 0)
    for place in range(start, len(referer)):
        length = _count_common(segment, referer[place : place + len(segment)])
        if length > best[1]:
            best = (place, length)
    return best


def _count_common(entry: str, referer: str) -> int:
    """Return the number of equal characters at the start; `?` equals any character."""
    count = 0
    for ours, theirs in zip(entry, referer, strict=False):
        if ours not in ("?", theirs):
            break
        count += 1
    return count


def _name_difference(body: str, agrees: int, referer: str, matched: int) -> Difference:
    """Return the kind of difference between the rest of an entry and that of a Referer."""
    rest = body[agrees:]
    if body[:agrees].endswith("*"):  # no text after the wildcard agrees
        return _name_place(body, agrees)
    if matched >= len(referer):
        return Difference.END
    if referer[matched:].lower().startswith(rest.lower()):
        return Difference.LETTER_CASE
    place = _name_place(referer, matched)
    if rest[:1] == ":" and place is Difference.PATH:
        return Difference.PORT
    is_longer = matched == len(Parts.split(referer).origin) and rest[:1] != "/"
    return Difference.HOST if is_longer and place is Difference.PATH else place


def _name_place(text: str, place: int) -> Difference:
    """Return the part of a Referer or an entry that contains an offset."""
    parts = Parts.split(text)
    start, end = _find_host(parts)
    if place < start:
        return Difference.SCHEME
    if place < end:
        return Difference.HOST
    return Difference.PORT if place < len(parts.origin) else Difference.PATH


class RemedyKind(StrEnum):
    ALLOW_SITE = "allow-site"
    DENY_SITE = "deny-site"
    ALLOW_EMPTY = "allow-empty"
    DENY_EMPTY = "deny-empty"
    NARROW = "narrow"
    """Replace the matching blacklist entries by entries that deny less."""
    LEAVE_OUT = "leave-out"
    """Remove the matching blacklist entries."""


class Remedy(NamedTuple):
    """A change of rules that reverses the verdict on a request."""

    kind: RemedyKind
    site: str
    """The origin or mini program to allow or deny; "" for requests without a Referer."""
    old: RefererConfiguration
    new: RefererConfiguration

    @property
    def host(self) -> str:
        return WebURL.parse(self.site).host if self.site else ""

    @property
    def edits(self) -> tuple[tuple[str, str, str], ...]:
        return list_edits(self.old, self.new)

    def to_dict(self) -> dict[str, object]:
        """Return the remedy as values for JSON."""
        return {
            "kind": self.kind.value,
            "site": self.site,
            "edits": [
                dict(zip(("sign", "where", "text"), edit, strict=True)) for edit in self.edits
            ],
        }


def list_edits(
    old: RefererConfiguration, new: RefererConfiguration
) -> tuple[tuple[str, str, str], ...]:
    """Return the changes: `+` or `-`, the name of the list or switch, the entry or value."""
    return tuple(
        ("+", name, after) if after is not None else ("-", name, before or "")
        for name, before, after in diff.find_edits(old, new)
    )


def find(
    policy: RefererPolicy, referer: str | None, others: Iterable[str] = ()
) -> tuple[Remedy, ...]:
    """Return the remedies that reverse the verdict on a Referer, the smallest change first.

    `others` are Referers of other sites: a narrower blacklist entry must still deny those that the
    old one denies. A Referer that is not the address of a page has no remedies.
    """
    decision = policy.decide(referer)
    if not decision.referer or not referer:
        return tuple(_on_empty(policy, decision))
    site = read_site(referer)
    if site is None:
        return ()
    if decision.reason is Reason.BLACKLISTED:
        drafts = _free(policy, referer, site, others)
    elif decision.allowed:
        drafts = _deny(policy, referer, site)
    else:
        drafts = _allow(policy, referer, site)
    turned = (
        draft
        for draft in drafts
        if RefererPolicy.compile(draft.new, policy.assumptions).allows(referer)
        is not decision.allowed
    )
    return tuple({draft.new: draft for draft in turned}.values())


class Site(NamedTuple):
    """The site of a Referer, with the entries that name it."""

    address: str
    both_schemes: tuple[str, ...]
    entries: tuple[str, ...]
    """The entries that allow the site; a site on https gets only that scheme."""


def read_site(referer: str) -> Site | None:
    """Return the site of a Referer; None if `generate` writes no entry for it."""
    try:
        url = WebURL.parse(referer)
    except WebURLError:
        return None
    if f"{url.origin}/" == MINI_PROGRAMS:  # the host names all mini programs
        appid = url.path.split("/")[1]
        entry = f"{MINI_PROGRAMS}{appid}/"
        return Site(entry, (entry,), (entry,)) if APPID.fullmatch(appid) else None
    try:
        plain = replace(url, scheme="http") if not url.port else url
        both, own = (propose(SiteProfile((one.origin,))).configuration for one in (plain, url))
    except ProposalError:
        return None
    return Site(url.origin, both.whitelist, own.whitelist)


def _on_empty(policy: RefererPolicy, decision: Decision) -> Iterator[Remedy]:
    rules = policy.configuration
    if decision.reason is Reason.EMPTY_DENIED:
        yield Remedy(RemedyKind.ALLOW_EMPTY, "", rules, replace(rules, allow_empty_referer=True))
    elif policy.reading.has_whitelist:  # without a whitelist the switch has no effect
        yield Remedy(RemedyKind.DENY_EMPTY, "", rules, replace(rules, allow_empty_referer=False))


def _allow(policy: RefererPolicy, referer: str, site: Site) -> Iterator[Remedy]:
    rules = policy.configuration
    new = _add(rules, site.entries)
    if not RefererPolicy.compile(new, policy.assumptions).allows(referer):
        new = replace(new, truncate_path=False)  # with it, entries with a slash match nothing
    yield Remedy(RemedyKind.ALLOW_SITE, site.address, rules, new)


def _deny(policy: RefererPolicy, referer: str, site: Site) -> Iterator[Remedy]:
    """Remove the site from the whitelist if that is enough, or else add it to the blacklist."""
    rules, named = policy.configuration, {*site.both_schemes}
    rest = tuple(entry for entry in rules.whitelist if entry.strip() not in named)
    without = replace(rules, whitelist=rest)
    compiled = RefererPolicy.compile(without, policy.assumptions)
    if compiled.reading.has_whitelist and not any(map(compiled.allows, site.both_schemes)):
        yield Remedy(RemedyKind.DENY_SITE, site.address, rules, without)
        return
    added = [entry for entry in site.both_schemes if entry not in rules.blacklist]
    new = replace(rules, blacklist=(*rules.blacklist, *added))
    if RefererPolicy.compile(new, policy.assumptions).allows(referer):
        new = replace(new, truncate_path=False)  # R-28, as above
    yield Remedy(RemedyKind.DENY_SITE, site.address, rules, new)


def _free(
    policy: RefererPolicy, referer: str, site: Site, others: Iterable[str]
) -> Iterator[Remedy]:
    """Narrow or remove the matching blacklist entries, and allow the site if needed."""
    rules, seen = policy.configuration, policy.reading.see(header.trim(referer))
    patterns = [item for item in policy.reading.blacklist.patterns if item.matches(seen)]
    matching = {item.text for item in patterns}
    rest = tuple(entry for entry in rules.blacklist if entry not in matching)
    narrower = [_close(matching), _name_others(policy, patterns, site, others)]
    for instead in (*filter(None, narrower), ()):
        new = replace(rules, blacklist=tuple(dict.fromkeys((*rest, *instead))))
        compiled = RefererPolicy.compile(new, policy.assumptions)
        if compiled.decide(referer).reason is Reason.NOT_WHITELISTED:
            new = _add(new, site.entries)
        kind = RemedyKind.NARROW if instead else RemedyKind.LEAVE_OUT
        yield Remedy(kind, site.address, rules, new)


def _close(entries: Iterable[str]) -> tuple[str, ...]:
    """Return entries with a slash that ends their hosts; () if one already ends its host."""
    parts = [Parts.split(entry) for entry in sorted(entries)]
    are_open = all(one.scheme and one.names_host and not one.rest for one in parts)
    return tuple(f"{one.origin}/" for one in parts) if are_open else ()


def _name_others(
    policy: RefererPolicy, patterns: Iterable[Pattern], site: Site, others: Iterable[str]
) -> tuple[str, ...]:
    """Return entries for the other sites that some blacklist entries deny."""
    named = {
        entry
        for found in filter(None, map(read_site, sorted(set(others))))
        for entry in found.both_schemes
        if any(item.matches(policy.reading.see(entry)) for item in patterns)
    }
    return tuple(sorted(named - {*site.both_schemes}))


def _add(rules: RefererConfiguration, entries: Iterable[str]) -> RefererConfiguration:
    added = [entry for entry in entries if entry not in rules.whitelist]
    return replace(rules, whitelist=(*rules.whitelist, *added))
