"""Diff: the Referers that two configurations decide differently, each with both decisions.

The Referers to try are generated from the entries of both. If none of them shows a difference, a
search covers all possible Referers, so "equivalent" is either proved or limited to a number of
tried Referers. `find_edits` lists the edits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, zip_longest
from typing import NamedTuple

from oss_referer.browser import probes
from oss_referer.browser.probes import Probe, ProbeKind
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    Decision,
    RefererConfiguration,
    RefererPolicy,
)
from oss_referer.search.automaton import UndecidedError
from oss_referer.search.difference import find_difference
from oss_referer.sources.referer_xml import SWITCHES


class RuleEdit(NamedTuple):
    """A switch that changed, or an entry that was added or removed."""

    name: str
    """The XML element of a switch, or the list of an entry."""
    before: str | None
    """The old value or the removed entry; None for an added one."""
    after: str | None
    """The new value or the added entry; None for a removed one."""


def find_edits(old: RefererConfiguration, new: RefererConfiguration) -> Iterator[RuleEdit]:
    """Yield the edits, regardless of the order of entries and of duplicates."""
    for name, field in SWITCHES.items():
        before, after = (str(getattr(rules, field)).lower() for rules in (old, new))
        if before != after:
            yield RuleEdit(name, before, after)
    for field in ("whitelist", "blacklist"):
        before, after = getattr(old, field), getattr(new, field)
        kept = {*before} & {*after}
        yield from (RuleEdit(field, entry, None) for entry in before if entry not in kept)
        yield from (RuleEdit(field, None, entry) for entry in after if entry not in kept)


COMPARISONS, FEWEST = 400_000, 20
"""The most comparisons of Referers with entries, and the fewest entries to make Referers from."""


class Certainty(StrEnum):
    """The Referers that a diff covers."""

    GIVEN = "given"  # the given ones
    GENERATED = "generated"  # those generated from the entries
    PROVED = "proved"  # all possible ones


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A Referer that the two configurations decide differently."""

    referer: str | None
    kind: ProbeKind | None
    """The subject of a generated Referer; None for a given one."""
    old: Decision
    new: Decision

    @property
    def opens(self) -> bool:
        """Whether the new rules allow the Referer."""
        return self.new.allowed

    @property
    def settled(self) -> tuple[object, ...]:
        """The reason and the entry of the old decision, then of the new one."""
        return (self.old.reason, self.old.entry, self.new.reason, self.new.entry)


@dataclass(frozen=True, slots=True)
class Diff:
    changes: tuple[ChangedDecision, ...]
    """The first Referer of each kind, for each pair of deciding entries."""
    tried: int
    """The number of Referers that the comparison tried."""
    certainty: Certainty

    @property
    def equivalent(self) -> bool:
        return not self.changes


def compare(
    old: RefererConfiguration,
    new: RefererConfiguration,
    referers: Sequence[str | None] | None = None,
    assumptions: Assumptions = DEFAULT,
) -> Diff:
    """Compare two configurations for anonymous requests with given or generated Referers."""
    both = RefererPolicy.compile(old, assumptions), RefererPolicy.compile(new, assumptions)
    if referers is not None:
        given = [(referer, None) for referer in dict.fromkeys(referers)]
        return Diff(_changes(both, given), len(given), Certainty.GIVEN)
    tried: list[Probe] = list(probes.make(_entries(old, new)))
    asked = [(probe.referer, probe.kind) for probe in tried]
    changes = _changes(both, asked)
    if changes:
        return Diff(changes, len(tried), Certainty.GENERATED)
    if not any(find_edits(old, new)):
        return Diff((), len(tried), Certainty.PROVED)
    try:
        witness = find_difference(both)
    except UndecidedError:
        return Diff((), len(tried), Certainty.GENERATED)
    found = () if witness is None else _changes(both, [(witness, ProbeKind.FOUND)])
    return Diff(found, len(tried) + len(found), Certainty.PROVED)


def _changes(
    policies: tuple[RefererPolicy, RefererPolicy],
    tried: Iterable[tuple[str | None, ProbeKind | None]],
) -> tuple[ChangedDecision, ...]:
    first: dict[object, ChangedDecision] = {}
    for referer, kind in tried:
        # Compare the verdicts first, which is fast, and explain only the few that differ.
        before, after = (policy.allows(referer) for policy in policies)
        if before != after:
            old, new = (policy.decide(referer) for policy in policies)
            change = ChangedDecision(referer, kind, old, new)
            first.setdefault((change.settled, kind or referer), change)
    # A changed ordinary page represents the other pages of its site, but not strangers.
    plainest: dict[object, ProbeKind] = {}
    for kind in (ProbeKind.PAGE, ProbeKind.ORIGIN, ProbeKind.ROOT_DOMAIN, ProbeKind.OTHER_SCHEME):
        for change in first.values():
            if change.kind is kind:
                plainest.setdefault(change.settled, kind)
    return tuple(
        change
        for change in first.values()
        if change.kind in (None, *probes.STRANGE, plainest.get(change.settled, change.kind))
    )


def _entries(old: RefererConfiguration, new: RefererConfiguration) -> list[str]:
    """Return the entries to make Referers from: all, or some of each list, changed ones first.

    Every Referer may be compared with every entry, so long lists contribute only some entries.
    """
    lists = (old.blacklist, old.whitelist, new.blacklist, new.whitelist)
    total = sum(map(len, lists))
    limit = max(FEWEST, COMPARISONS // max(total, 1))
    if total <= limit:
        return [entry for entries in lists for entry in entries]
    before, after = {*old.blacklist, *old.whitelist}, {*new.blacklist, *new.whitelist}
    changed = [
        sorted(dict.fromkeys(entries), key=lambda entry: entry in before and entry in after)
        for entries in lists
    ]
    taken = (entry for row in zip_longest(*changed) for entry in row if entry is not None)
    return list(islice(dict.fromkeys(taken), limit))
