"""Effects: which of some pages the answer to a question of a plan lets in or locks out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from oss_referer.engine import (
    Assumptions,
    GramIndex,
    RefererConfiguration,
    RefererPolicy,
    Stage,
    header,
)
from oss_referer.plan import LISTS, Change, Plan, Switch, apply
from oss_referer.search.entry import is_blank

Pages = tuple[str | None, ...]


def take_alone(plan: Plan, change: Change) -> tuple[Change, ...]:
    """Return the changes of an answer that is taken alone, without the safe changes of the plan.

    An empty whitelist lets in everybody. So an answer that removes the last entry brings the
    entries for the sites that a person named.
    """
    whitelist = Stage.WHITELIST
    if change.place is None or change.place.list is not whitelist or change.added(whitelist):
        return (change,)
    places = (line.place for line in plan.lines if line.place and line.place != change.place)
    if any(place.list is whitelist and not is_blank(place.entry) for place in places):
        return (change,)
    return (*(line.change for line in plan.lines if line.place is None and line.change), change)


class Effects:
    """The effects of changes on some rules.

    Rules with hundreds of entries have hundreds of answers. Each compiles only the entries that may
    match the pages, which changes no verdict.
    """

    def __init__(self, rules: RefererConfiguration, assumptions: Assumptions) -> None:
        self._rules, self._assumptions = rules, assumptions
        self._policy = RefererPolicy.compile(rules, assumptions)
        self._file = cache(self._file_entries)

    def compare(
        self, changes: Sequence[Change], pages: Iterable[str | None]
    ) -> tuple[Pages, Pages]:
        """Return the pages that changes let in, and those that they lock out.

        At most one of the changes has a place.
        """
        tried = tuple(pages)
        after = self._make(changes, tried)
        turned = [page for page in tried if after.allows(page) is not self._policy.allows(page)]
        gained = tuple(page for page in turned if after.allows(page))
        return gained, tuple(page for page in turned if page not in gained)

    def _make(self, changes: Sequence[Change], pages: Pages) -> RefererPolicy:
        """Compile the changed rules, with the entries that may match the pages."""
        policy, filed = self._file(frozenset(one.switch for one in changes if one.switch))
        seen = [policy.reading.see(header.trim(page)) for page in pages if page]
        place = next((one.place for one in changes if one.place), None)
        lists: dict[str, Any] = {}
        for stage, (index, counted) in zip(LISTS, filed, strict=True):
            found = [*index.patterns[:2]]  # so that the list is empty only if all of it is
            found += (one for page in seen for one in index.candidates(page))
            first = (place.entry,) if place and place.list is stage else ()
            texts = dict.fromkeys((*first, *(one.text for one in found)))
            lists[stage.value] = tuple(text for text in texts for _ in range(counted[text]))
        rules = replace(policy.configuration, **lists)
        moved = (
            replace(one, place=replace(one.place, position=0)) if one.place else one
            for one in changes
        )
        return RefererPolicy.compile(apply(rules, moved), self._assumptions)

    def _file_entries(
        self, switches: frozenset[tuple[Switch, bool]]
    ) -> tuple[RefererPolicy, Sequence[tuple[GramIndex, Counter[str]]]]:
        """Return the rules with some switches, and the entries of each list, filed and counted."""
        values: dict[str, Any] = {switch.value: value for switch, value in switches}
        policy = RefererPolicy.compile(replace(self._rules, **values), self._assumptions)
        reading = policy.reading
        return policy, [
            (GramIndex(compiled.patterns), Counter(getattr(self._rules, stage.value)))
            for stage, compiled in zip(LISTS, (reading.whitelist, reading.blacklist), strict=True)
        ]
