"""Reversal: the smallest changes of rules that reverse the verdict on a request.

To let a site in is the plan of the rules with that site more; the plan's entries name a site
otherwise too. Every remedy that is offered reverses the verdict.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from oss_referer.advice import diff
from oss_referer.advice.adding import add
from oss_referer.engine import (
    Decision,
    Pattern,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    header,
)
from oss_referer.plan import BOTH, Wish, read_site
from oss_referer.search.entry import Parts
from oss_referer.search.sent import SENDS_PATHS
from oss_referer.search.url import WebURL, WebURLError


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


def name_site(referer: str) -> str:
    """Return the origin or the mini program of a Referer; "" if no safe entry names it."""
    try:
        url = WebURL.parse(referer)
    except WebURLError:
        return ""
    found = read_site(referer if url.host == SENDS_PATHS else url.origin)
    if not found:
        return ""
    return found[0].entry("https") if found[0].is_mini_program else url.origin


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
    site = name_site(referer)
    if not site:
        return ()
    if decision.reason is Reason.BLACKLISTED:
        drafts = _free(policy, referer, site, others)
    elif decision.allowed:
        drafts = _deny(policy, referer, site)
    else:
        allowing = _allow(policy.configuration, site, policy)
        drafts = iter([Remedy(RemedyKind.ALLOW_SITE, site, policy.configuration, allowing)])
    turned = (
        draft
        for draft in drafts
        if RefererPolicy.compile(draft.new, policy.assumptions).allows(referer)
        is not decision.allowed
    )
    return tuple({draft.new: draft for draft in turned}.values())


def _on_empty(policy: RefererPolicy, decision: Decision) -> Iterator[Remedy]:
    rules = policy.configuration
    if decision.reason is Reason.EMPTY_DENIED:
        yield Remedy(RemedyKind.ALLOW_EMPTY, "", rules, replace(rules, allow_empty_referer=True))
    elif policy.reading.has_whitelist:  # without a whitelist the switch has no effect
        yield Remedy(RemedyKind.DENY_EMPTY, "", rules, replace(rules, allow_empty_referer=False))


def _allow(rules: RefererConfiguration, site: str, policy: RefererPolicy) -> RefererConfiguration:
    """Return rules that let in a site more, as the plan does."""
    programs = tuple(one.path.strip("/") for one in read_site(site) if one.is_mini_program)
    return add(rules, Wish(() if programs else (site,), mini_programs=programs), policy.assumptions)


def _name(site: str) -> tuple[str, ...]:
    """Return the entries that name a site, by both schemes if it has the default port."""
    return tuple(
        one.entry(scheme)
        for one in read_site(site)
        for scheme in (BOTH if one.port is None and not one.is_mini_program else one.schemes)
    )


def _deny(policy: RefererPolicy, referer: str, site: str) -> Iterator[Remedy]:
    """Remove the site from the whitelist if that is enough, or else add it to the blacklist."""
    rules, named = policy.configuration, _name(site)
    rest = tuple(entry for entry in rules.whitelist if entry.strip() not in named)
    without = replace(rules, whitelist=rest)
    compiled = RefererPolicy.compile(without, policy.assumptions)
    if compiled.reading.has_whitelist and not any(map(compiled.allows, named)):
        yield Remedy(RemedyKind.DENY_SITE, site, rules, without)
        return
    added = [entry for entry in named if entry not in rules.blacklist]
    new = replace(rules, blacklist=(*rules.blacklist, *added))
    if RefererPolicy.compile(new, policy.assumptions).allows(referer):
        new = replace(new, truncate_path=False)  # with it, entries with a slash match nothing
    yield Remedy(RemedyKind.DENY_SITE, site, rules, new)


def _free(
    policy: RefererPolicy, referer: str, site: str, others: Iterable[str]
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
            new = _allow(new, site, policy)
        kind = RemedyKind.NARROW if instead else RemedyKind.LEAVE_OUT
        yield Remedy(kind, site, rules, new)


def _close(entries: Iterable[str]) -> tuple[str, ...]:
    """Return entries with a slash that ends their hosts; () if one already ends its host."""
    parts = [Parts.split(entry) for entry in sorted(entries)]
    are_open = all(one.scheme and one.names_host and not one.rest for one in parts)
    return tuple(f"{one.origin}/" for one in parts) if are_open else ()


def _name_others(
    policy: RefererPolicy, patterns: Iterable[Pattern], site: str, others: Iterable[str]
) -> tuple[str, ...]:
    """Return entries for the other sites that some blacklist entries deny."""
    named = {
        entry
        for other in filter(None, map(name_site, sorted(set(others))))
        for entry in _name(other)
        if any(item.matches(policy.reading.see(entry)) for item in patterns)
    }
    return tuple(sorted(named - {*_name(site)}))
