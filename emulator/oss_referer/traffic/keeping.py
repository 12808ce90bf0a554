"""The fewest sites whose rules keep a share of the recorded requests of wanted sites.

The plan of the chosen sites makes the rules, and a policy of these rules counts what they keep. A
site costs an entry, or two if http is needed too; a wildcard costs those of its plan, and stands
for all hosts below it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from math import ceil
from typing import NamedTuple

from oss_referer.engine import RefererConfiguration, RefererPolicy
from oss_referer.plan import Plan, Wish, plan, read_site
from oss_referer.traffic.effect import Load
from oss_referer.traffic.requests import RequestGroup, Traffic

MOST_ENTRIES = 200
"""The most entries of single sites to choose."""
_MOST_WILDCARDS = 6
"""The most wildcards of which every choice is tried; of more, all or none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rules for some of the wanted sites, and what they keep."""

    plan: Plan
    sites: tuple[str, ...]
    kept: Load
    wanted: Load
    """The answered requests of all wanted sites that the rules decide on."""
    lost: Mapping[str, int]
    """The requests that the rules deny, by the pages of their sites, the most first."""
    empty: Load
    """The answered requests without a Referer."""

    @property
    def rules(self) -> RefererConfiguration:
        return self.plan.answer(first=True)

    unseen: tuple[str, ...] = ()
    """The wanted sites of which nobody recorded a request."""

    @property
    def share(self) -> Decimal:
        return Decimal(self.kept.requests) / max(1, self.wanted.requests)


class _Choice(NamedTuple):
    """Some sites, what they cost, and the requests that they keep."""

    entries: int = 0
    requests: int = 0
    sites: tuple[str, ...] = ()

    def plus(self, other: "_Choice") -> "_Choice":
        return _Choice(
            self.entries + other.entries, self.requests + other.requests, self.sites + other.sites
        )


def keep(traffic: Traffic, wish: Wish, rules: RefererConfiguration, share: Decimal) -> Kept:
    """Return the fewest sites of a wish that keep a share of their requests, by new `rules`.

    All of the wish is kept if no choice reaches the share. Raises WishError.
    """
    whole, others = (plan(rules, one) for one in (wish, replace(wish, sites=())))
    policy = RefererPolicy.compile(whole.answer(first=True))
    served = [one for one in traffic.groups if _counts(one, policy)]
    wanted = [one for one in served if one.asked.home and whole.owned.find(one.asked.home)]
    of_sites = [one for one in wanted if not others.owned.find(one.asked.home or "")]
    total, sites = (sum(one.requests for one in some) for some in (wanted, of_sites))
    target = ceil(share * total)
    seen = {whole.owned.find(one.asked.home or "") for one in wanted}
    unseen = tuple(text for text in wish.sites if seen.isdisjoint(read_site(text)))
    for choice in _choices(wish, of_sites):
        if choice.requests + total - sites >= target:
            found = _try(replace(wish, sites=choice.sites), rules, served, wanted)
            if found.kept.requests >= target:
                return replace(found, unseen=unseen)
    return _try(wish, rules, served, wanted)


def _counts(group: RequestGroup, policy: RefererPolicy) -> bool:
    """Return whether a server answered requests on which the rules decide."""
    asked = group.asked
    return not asked.cached and asked.status < 400 and asked.is_checked_by(policy)


def _try(
    wish: Wish,
    rules: RefererConfiguration,
    served: Iterable[RequestGroup],
    wanted: Iterable[RequestGroup],
) -> Kept:
    planned = plan(rules, wish)
    policy = RefererPolicy.compile(planned.answer(first=True))
    kept = whole = empty = Load()
    lost = Counter[str]()
    for group in wanted:
        whole = whole.plus(group)
        if group.asked.answer(policy).reason.allows:
            kept = kept.plus(group)
        else:
            lost[group.asked.home or ""] += group.requests
    for group in served:
        empty = empty if group.asked.sent else empty.plus(group)
    return Kept(planned, wish.sites, kept, whole, dict(lost.most_common()), empty)


def _choices(wish: Wish, wanted: Sequence[RequestGroup]) -> Iterator[_Choice]:
    """Yield choices of sites, those with the fewest entries first; of these the one with most."""
    wildcards = [text for text in wish.sites if any(site.is_wild for site in read_site(text))]
    found: dict[int, _Choice] = {}
    for chosen in _subsets(wildcards):
        for one in _curve(chosen, wanted):
            before = found.get(one.entries)
            if one.sites and (before is None or before.requests < one.requests):
                found[one.entries] = one
    yield from (found[entries] for entries in sorted(found))


def _subsets(wildcards: Sequence[str]) -> Iterator[tuple[str, ...]]:
    sizes = range(len(wildcards) + 1)
    for size in sizes if len(wildcards) <= _MOST_WILDCARDS else (0, len(wildcards)):
        yield from combinations(wildcards, size)


def _curve(wildcards: tuple[str, ...], wanted: Iterable[RequestGroup]) -> list[_Choice]:
    """Return the best choice for each number of entries, with these wildcards and single sites."""
    first, left = _Choice(), list(wanted)
    for text in wildcards:
        planned = plan(RefererConfiguration(allow_empty_referer=False), Wish((text,)))
        covered = [one for one in left if planned.owned.find(one.asked.home or "")]
        left = [one for one in left if one not in covered]
        size = len(planned.corrected.whitelist) + len(planned.corrected.blacklist)
        first = first.plus(_Choice(size, sum(one.requests for one in covered), (text,)))
    hosts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in left:
        scheme, _, host = (one.asked.home or "").partition("://")
        # A Referer without a slash after its host matches no safe entry.
        if one.asked.sent.startswith(one.asked.home or "?"):
            hosts[host.removesuffix("/")][scheme] += one.requests
    curve = [first]
    for host, counts in sorted(hosts.items()):
        curve = _join(curve, [*_options(host, counts)])
    return curve


def _options(host: str, counts: Mapping[str, int]) -> Iterator[_Choice]:
    """Yield what a host may cost; a site named with http stands for https too."""
    if counts["https"]:
        yield _Choice(1, counts["https"], (f"https://{host}",))
    if counts["http"]:
        yield _Choice(2, counts["https"] + counts["http"], (f"http://{host}",))


def _join(curve: Sequence[_Choice], options: Iterable[_Choice]) -> list[_Choice]:
    best = {one.entries: one for one in curve}
    for option in options:
        for one in curve:
            both = one.plus(option)
            before = best.get(both.entries)
            fits = both.entries <= curve[0].entries + MOST_ENTRIES
            if fits and (before is None or before.requests < both.requests):
                best[both.entries] = both
    return [best[entries] for entries in sorted(best)]
