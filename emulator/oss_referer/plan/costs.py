"""Costs: the pages of an owner that rules newly deny or let in, and strangers newly let in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ParamSpec

from oss_referer.engine import RefererPolicy
from oss_referer.plan.proof import (
    Exclusion,
    Family,
    Owned,
    covers,
    may_be_of,
    needs_path,
    seek,
)
from oss_referer.plan.proving import Prover, Searches
from oss_referer.search.automaton import (
    BUDGET,
    Budget,
    CompiledRules,
    SearchedEntry,
    UndecidedError,
)
from oss_referer.search.entry import choose_stranger
from oss_referer.search.sent import SentReferers

P = ParamSpec("P")
_STEPS = 10 * BUDGET
"""The most steps of all searches of a comparison."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What other rules change, over all Referers that browsers send by default."""

    denied: tuple[str, ...]
    """Pages of the owner that are newly denied."""
    admitted: tuple[str, ...]
    """Pages of the owner that are newly let in."""
    strangers: tuple[str, ...]
    """Referers of strangers who are newly let in, one for each entry."""
    kept_out: tuple[str, ...]
    """Referers of strangers who are newly kept out, one for each entry."""
    is_searched: bool
    """Whether all searches have ended, so that what is not named is proved."""


def compare(
    owned: Owned,
    old: RefererPolicy,
    new: RefererPolicy,
    exceptions: Sequence[SearchedEntry] = (),
) -> Costs:
    """Compare rules; `exceptions` are entries of sites that a blacklist means to deny."""
    return _Comparison(owned, CompiledRules(old), CompiledRules(new), exceptions).make()


class _Comparison:
    def __init__(
        self,
        owned: Owned,
        old: CompiledRules,
        new: CompiledRules,
        exceptions: Sequence[SearchedEntry],
    ) -> None:
        self._owned, self._old, self._new, self._exceptions = owned, old, new, exceptions
        rules = old.policy.configuration, new.policy.configuration
        texts = (text for one in rules for text in (*one.whitelist, *one.blacklist))
        self._stranger = choose_stranger((*texts, *(site.host for site in owned.sites)))
        self._prover = Prover((), Searches(owned, self._stranger), ())
        self._budget = Budget(_STEPS)
        self._is_searched = True

    def make(self) -> Costs:
        if self._old.policy.configuration == self._new.policy.configuration:
            return Costs((), (), (), (), is_searched=True)
        denied = tuple(dict.fromkeys(self._find_own(self._new, self._old)))
        admitted = tuple(dict.fromkeys(self._find_own(self._old, self._new)))
        strangers, kept_out = (
            tuple(dict.fromkeys(self._find_strangers(*rules)))
            for rules in ((self._old, self._new), (self._new, self._old))
        )
        return Costs(denied, admitted, strangers, kept_out, self._is_searched)

    def _find_own(self, denying: CompiledRules, allowing: CompiledRules) -> Iterator[str]:
        """Yield own pages that one of the rules denies and the other one lets in."""
        for page in self._owned.singles:
            is_excepted = any(one.pattern.matches(page) for one in self._exceptions)
            if allowing.policy.allows(page) and not denying.policy.allows(page) and not is_excepted:
                yield page
        for family in self._owned.families:
            found = self._try(self._find_of, family, denying, allowing)
            if found is not None:
                yield found

    def _find_of(
        self, family: Family, denying: CompiledRules, allowing: CompiledRules
    ) -> str | None:
        within, known = [[family.entry]], self._exceptions

        def lets_in(referer: str) -> SearchedEntry | None:
            return allowing.denying(referer) or denying.allowing(referer)

        wider = denying.allowing(family.sample)
        wanted = family.entry.pattern
        if wider is None or not covers(wider.pattern, wanted, denying.cut):
            for entry in _without(allowing.white, denying.white):
                if may_be_of(entry, family):
                    found = self._seek(entry, family.pages, within, lets_in, known)
                    if found is not None:
                        return found
        for entry in _without(denying.black, allowing.black):
            if may_be_of(entry, family):
                lists = [*within, allowing.white]
                found = self._seek(entry, family.pages, lists, allowing.denying, known)
                if found is not None:
                    return found
        return None

    def _find_strangers(self, old: CompiledRules, new: CompiledRules) -> Iterator[str]:
        """Yield strangers whom the new rules let in and the old ones deny."""
        for entry in _without(new.white, old.white):
            first = self._prover.find_stranger(entry, new)
            if first.stranger is None:
                self._is_searched &= first.is_searched
            elif not old.policy.allows(first.stranger):
                yield first.stranger
            elif found := self._try(self._find_stranger, entry, old, new):
                yield found
        own = [one.entry for one in self._owned.families if one.site.is_mini_program]
        pages = self._owned.strangers()
        for entry in _without(old.black, new.black):
            if needs_path(entry) and "." in entry.pattern.body.rpartition("*")[2].rstrip("/"):
                continue  # it denies hosts in a path, which no page sends by default
            if found := self._try(self._seek, entry, pages, [new.white], new.denying, own):
                yield found

    def _find_stranger(
        self, entry: SearchedEntry, old: CompiledRules, new: CompiledRules
    ) -> str | None:
        with self._budget.lend(BUDGET) as budget:
            found = self._owned.find_stranger(
                entry,
                lambda referer: new.denying(referer) or old.allowing(referer),
                budget,
                self._stranger,
                [one for one in old.white if one.pattern.body == entry.pattern.body],
            )
        return found[0] if found else None

    def _seek(
        self,
        entry: SearchedEntry,
        pages: SentReferers,
        within: Sequence[Sequence[SearchedEntry]],
        excluded: Exclusion,
        known: Sequence[SearchedEntry],
    ) -> str | None:
        with self._budget.lend(BUDGET) as budget:
            return seek(entry, pages, excluded, budget, within, excluding=known)

    def _try(self, search: Callable[P, str | None], *args: P.args, **named: P.kwargs) -> str | None:
        try:
            return search(*args, **named)
        except UndecidedError:
            self._is_searched = False
            return None


def _without(
    some: Sequence[SearchedEntry], others: Sequence[SearchedEntry]
) -> Iterator[SearchedEntry]:
    """Yield the entries that are not among the others."""
    known = {(one.pattern.body, one.cut) for one in others}
    return (one for one in some if (one.pattern.body, one.cut) not in known)
