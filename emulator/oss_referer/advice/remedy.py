"""Remedies: the smallest safe change of rules that allows or denies the pages of one site.

The entries are those that `generate` writes: an origin with its closing slash, or the appid of a
mini program. A remedy that does not reverse the verdict is not offered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from oss_referer.engine import header
from oss_referer.engine.decision import Decision, Reason
from oss_referer.engine.model import RefererConfiguration
from oss_referer.engine.pattern import Pattern
from oss_referer.engine.policy import RefererPolicy
from oss_referer.search.parts import Parts
from oss_referer.search.url import WebURL, WebURLError

from . import rule_edits
from .proposal import APPID, MINI_PROGRAMS, ProposalError, SiteProfile, propose


class RemedyKind(StrEnum):
    """What a remedy does."""

    ALLOW_SITE = "allow-site"
    DENY_SITE = "deny-site"
    ALLOW_EMPTY = "allow-empty"
    DENY_EMPTY = "deny-empty"
    NARROW = "narrow"
    """Replace the blacklist entries that match by entries that deny less."""
    LEAVE_OUT = "leave-out"
    """Leave out the blacklist entries that match."""


class Remedy(NamedTuple):
    """A change of rules that reverses the verdict on a request."""

    kind: RemedyKind
    site: str
    """The origin or the mini program that it is about, "" for requests without a Referer."""
    old: RefererConfiguration
    new: RefererConfiguration

    @property
    def host(self) -> str:
        """The host of the site."""
        return WebURL.parse(self.site).host if self.site else ""

    @property
    def edits(self) -> tuple[tuple[str, str, str], ...]:
        """What is changed: `+` or `-`, the name of the list or the switch, an entry or a value."""
        return tuple(
            ("+", name, after) if after is not None else ("-", name, before or "")
            for name, before, after in rule_edits.find(self.old, self.new)
        )

    def to_dict(self) -> dict[str, object]:
        """Return what it changes as values for JSON."""
        return {
            "kind": self.kind.value,
            "site": self.site,
            "edits": [
                dict(zip(("sign", "where", "text"), edit, strict=True)) for edit in self.edits
            ],
        }


def find(
    policy: RefererPolicy, referer: str | None, others: Iterable[str] = ()
) -> tuple[Remedy, ...]:
    """Find the remedies that reverse the verdict on a Referer, the smallest change first.

    `others` are Referers of other sites: those that a blacklist entry denies are to stay denied
    when it becomes narrower. There are none for a Referer that is not the address of a page.
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
    """The entries that allow it: for a site on https only that scheme."""


def read_site(referer: str) -> Site | None:
    """Read the site of a Referer; None if `generate` writes no entry for it."""
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
        both, own = (propose(SiteProfile(one.origin)).configuration for one in (plain, url))
    except ProposalError:
        return None
    return Site(url.origin, both.whitelist, own.whitelist)


def _on_empty(policy: RefererPolicy, decision: Decision) -> Iterator[Remedy]:
    rules = policy.configuration
    if decision.reason is Reason.EMPTY_DENIED:
        yield Remedy(RemedyKind.ALLOW_EMPTY, "", rules, replace(rules, allow_empty_referer=True))
    elif policy.reading.has_whitelist:  # without one the switch has no effect
        yield Remedy(RemedyKind.DENY_EMPTY, "", rules, replace(rules, allow_empty_referer=False))


def _allow(policy: RefererPolicy, referer: str, site: Site) -> Iterator[Remedy]:
    rules = policy.configuration
    new = _add(rules, site.entries)
    if not RefererPolicy.compile(new, policy.assumptions).allows(referer):
        new = replace(new, truncate_path=False)  # with it, no entry with a slash matches
    yield Remedy(RemedyKind.ALLOW_SITE, site.address, rules, new)


def _deny(policy: RefererPolicy, referer: str, site: Site) -> Iterator[Remedy]:
    """Take the site out of the whitelist if that suffices, or else put it on the blacklist."""
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
    """Narrow or leave out the blacklist entries that match, and allow the site where needed."""
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
    """Return entries with the slash that ends their hosts; () if one ends its host already."""
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
