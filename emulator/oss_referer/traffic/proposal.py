"""The smallest rules that keep the traffic of given hosts.

An entry is an origin with its closing slash, or a wildcard for the sub-domains of a host. A
wildcard needs a second entry in the blacklist: its `*` also matches another host and the `/` after
it, which `https://*/*.example.com/` denies (R-21).

A wildcard covers all origins below it, so wildcards form trees. For each number of entries, the
most traffic that a tree can keep follows from its branches: use the wildcard, or the best
combination of the branches with as many entries. So no rules with fewer entries keep the traffic.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from math import ceil

from oss_referer.engine import RefererConfiguration
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.search.entry import parse_entry

MOST_ENTRIES = 200
"""The most entries of a proposal."""
_STAR = "*."


@dataclass(frozen=True, slots=True)
class HostName:
    """A host, or all its sub-domains if `*.` precedes it."""

    text: str

    @property
    def is_wildcard(self) -> bool:
        return self.text.startswith(_STAR)

    def covers(self, host: str) -> bool:
        """Return whether the name covers a host, regardless of port and letter case."""
        name = host.lower().rpartition(":")[0] if ":" in host else host.lower()
        return name.endswith(self.text[1:]) if self.is_wildcard else name == self.text

    def contains(self, other: "HostName") -> bool:
        """Return whether the name is a wildcard that covers all hosts of a different name."""
        return self.is_wildcard and other.text.endswith(self.text[1:]) and self != other


@dataclass(frozen=True, slots=True)
class RuleProposal:
    """Rules, and the traffic of the wanted hosts that they keep."""

    rules: RefererConfiguration
    kept: int
    """The bytes of wanted traffic that the rules keep."""
    wanted: int
    """The bytes of all wanted traffic."""
    suffices: bool
    """Whether the rules keep the requested share."""

    @property
    def entries(self) -> int:
        return len(self.rules.whitelist) + len(self.rules.blacklist)


@dataclass(frozen=True, slots=True)
class _EntryChoice:
    """Some entries, and the bytes that they keep."""

    weight: int = 0
    whitelist: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()

    def __add__(self, other: "_EntryChoice") -> "_EntryChoice":
        return _EntryChoice(
            self.weight + other.weight,
            self.whitelist + other.whitelist,
            self.blacklist + other.blacklist,
        )

    def rules(self, allow_empty: bool) -> RefererConfiguration:
        return RefererConfiguration(
            allow_empty_referer=allow_empty,
            whitelist=tuple(sorted(set(self.whitelist))),
            blacklist=tuple(sorted(set(self.blacklist))),
        )


_Curve = list[_EntryChoice]
"""The best choice for each number of entries, from 0."""


def propose(
    wanted: Sequence[HostName],
    blocked: Sequence[HostName],
    traffic: Mapping[str, int],
    keep: Decimal,
    *,
    others: int = 0,
    allow_empty: bool = False,
) -> RuleProposal:
    """Return the rules with the fewest entries that keep the share `keep` of the wanted traffic.

    `traffic` has the bytes of each wanted origin with a `/` after it in its Referers. `others` is
    the wanted traffic that no safe entry can keep. The rules never keep blocked hosts.
    """
    open_ = {
        origin: size
        for origin, size in traffic.items()
        if not any(name.covers(origin.partition("://")[2]) for name in blocked)
    }
    wildcards = sorted({name for name in wanted if name.is_wildcard}, key=lambda name: name.text)
    curve = [_EntryChoice()]
    for scheme in dict.fromkeys(origin.partition("://")[0] for origin in sorted(open_)):
        own = {o: size for o, size in open_.items() if o.startswith(f"{scheme}://")}
        curve = _join(curve, _branch(scheme, None, own, wildcards, blocked))
    whole = sum(open_.values()) + others
    target = ceil(keep * whole)
    fitting = [item for item in curve if item.rules(allow_empty).size <= MAX_SIZE]
    best = next((item for item in fitting if item.weight >= target), fitting[-1])
    return RuleProposal(best.rules(allow_empty), best.weight, whole, best.weight >= target)


def _branch(
    scheme: str,
    top: HostName | None,
    traffic: dict[str, int],
    wildcards: Sequence[HostName],
    blocked: Sequence[HostName],
) -> _Curve:
    """Return the curve of the origins below the wildcard `top`, or of all origins if it is None."""
    within = [name for name in wildcards if top is None or top.contains(name)]
    children = [name for name in within if not any(other.contains(name) for other in within)]
    rest, curve = dict(traffic), [_EntryChoice()]
    for child in children:
        below = {o: size for o, size in rest.items() if _matches(scheme, child, o)}
        rest = {o: size for o, size in rest.items() if o not in below}
        curve = _join(curve, _branch(scheme, child, below, within, blocked))
    curve = _join(curve, _singles(rest))
    return curve if top is None else _or_wildcard(curve, _wildcard(scheme, top, traffic, blocked))


def _matches(scheme: str, name: HostName, origin: str) -> bool:
    """Return whether the entry of a wildcard matches an origin; it matches none with a port."""
    return parse_entry(f"{scheme}://{name.text}/").matches(f"{origin}/")


def _singles(traffic: Mapping[str, int]) -> _Curve:
    """Return the curve of single origins, the largest first."""
    ranked = sorted(traffic, key=lambda origin: (-traffic[origin], origin))[:MOST_ENTRIES]
    single = [
        _EntryChoice(traffic[origin], (f"{origin}/",)) for origin in ranked if traffic[origin]
    ]
    return list(accumulate(single, initial=_EntryChoice()))


def _wildcard(
    scheme: str, name: HostName, traffic: Mapping[str, int], blocked: Iterable[HostName]
) -> _EntryChoice:
    """Return the choice of a wildcard in its safe form, with the blocked hosts below it."""
    below = [item for item in blocked if name.covers(item.text.removeprefix(_STAR)) or item == name]
    return _EntryChoice(
        sum(traffic.values()),
        (f"{scheme}://{name.text}/",),
        (f"{scheme}://*/{name.text}/", *(f"{scheme}://{item.text}/" for item in below)),
    )


def _or_wildcard(curve: _Curve, wildcard: _EntryChoice) -> _Curve:
    cost = len(wildcard.whitelist) + len(wildcard.blacklist)
    if wildcard.weight <= curve[min(cost, len(curve) - 1)].weight:
        return curve
    return [item for item in curve[:cost] if item.weight < wildcard.weight] + [
        *[curve[-1]] * max(0, cost - len(curve)),
        wildcard,
    ]


def _join(one: _Curve, other: _Curve) -> _Curve:
    """Return the best combinations of two parts, for each number of entries."""
    length = min(len(one) + len(other) - 1, MOST_ENTRIES + 1)
    joined = []
    for count in range(length):
        first = max(0, count - len(other) + 1)
        last = min(count, len(one) - 1)
        split = max(
            range(first, last + 1), key=lambda part: one[part].weight + other[count - part].weight
        )
        joined.append(one[split] + other[count - split])
    return joined
