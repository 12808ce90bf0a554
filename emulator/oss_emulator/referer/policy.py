"""RefererPolicy: the rules of one bucket, compiled once, that decide on every request.

The steps of a decision: the kind of request (R-01, R-04), an empty Referer (R-11), truncation
(R-26, R-27), the blacklist (R-12), the whitelist (R-13, R-14).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from . import header
from .assumptions import DEFAULT, Assumptions
from .decision import Decision, Outcome, Reason, Stage, Step
from .index import Index
from .model import RefererConfiguration
from .reading import Judgement, Reading
from .request import EXEMPTIONS, RequestKind, Scope, Signing, classify, facts_of, is_checked

# A decision contains its Referer, so both the number and the length of cached Referers are bounded.
CACHED_DECISIONS = 2_048
CACHED_REFERER_LENGTH = 512  # characters


class Ruling(NamedTuple):
    """What of a decision can be counted."""

    reason: Reason
    entry: str | None
    """The entry that settled it, as it was configured."""
    assumed: bool
    """Whether the decision rests on an assumption."""


class RefererPolicy:
    """The decisions of one configuration. Made with `compile`; threads may share it."""

    def __init__(self, configuration: RefererConfiguration, assumptions: Assumptions) -> None:
        self.configuration = configuration
        self.assumptions = assumptions
        self.reading = Reading(configuration, assumptions)
        """The lists, compiled; for questions that a decision does not answer."""
        self._checked = _checked(assumptions)
        self._decide_cached = lru_cache(CACHED_DECISIONS)(self._decide)

    @classmethod
    def compile(
        cls, configuration: RefererConfiguration, assumptions: Assumptions = DEFAULT
    ) -> RefererPolicy:
        """Compile a configuration. Every configuration can be compiled."""
        return cls(configuration, assumptions)

    def decide(
        self,
        referer: str | None,
        *further: str,
        signed: Signing = Signing.NONE,
        method: str = "GET",
        scope: Scope = Scope.OBJECT,
    ) -> Decision:
        """Decide on one request.

        `referer` is the value of the first Referer header, or None; `further` are those of any
        further ones (R-29); `method` is in upper case. A Referer seen before costs one dictionary
        lookup. The cost of a new one grows with its length and hardly with the number of entries.
        """
        kind = classify(signed, method, scope)
        if further or (referer and len(referer) > CACHED_REFERER_LENGTH):
            return self._decide(kind, referer, *further)
        return self._decide_cached(kind, referer)

    def judge(self, referer: str | None) -> Judgement:
        """Judge the Referer of an anonymous GET: the verdict of `decide`, without its story."""
        return self.reading.judge(header.trim(referer))

    def effort(self, referer: str) -> int:
        """Return how much of the rules is looked at for a Referer; it hardly grows with them."""
        lists = (self.reading.blacklist, self.reading.whitelist)
        return sum(entries.effort(referer) for entries in lists)

    def allows(
        self,
        referer: str | None,
        *,
        signed: Signing = Signing.NONE,
        method: str = "GET",
        scope: Scope = Scope.OBJECT,
    ) -> bool:
        """Return `decide(...).allowed` for a request with at most one Referer, without the story.

        It is for millions of new Referers: nothing is remembered and no step is written down.
        """
        if classify(signed, method, scope) not in self._checked:
            return True
        return self.reading.judge(header.trim(referer)).reason.allows

    def rule(self, kind: RequestKind, referer: str | None) -> Ruling:
        """Decide on a kind of request as `decide` does, without the steps."""
        judged = self.reading.judge(header.trim(referer))
        assumed = any(True for _ in self._rests_on(kind, (referer,), judged))
        if kind not in self._checked:
            return Ruling(EXEMPTIONS[kind], None, assumed)
        return Ruling(judged.reason, judged.entry.text if judged.entry else None, assumed)

    def _decide(self, kind: RequestKind, *referers: str | None) -> Decision:
        sent = self._sent(self.assumptions, *referers)
        judged = self.reading.judge(sent)
        variants = tuple(dict.fromkeys(self._rests_on(kind, referers, judged)))
        if kind not in self._checked:
            step = Step(Stage.REQUEST, Outcome.NOT_CHECKED, facts_of(kind), kind)
            return Decision(EXEMPTIONS[kind], (step,), variants=variants)
        steps = tuple(self._steps(kind, sent, judged))
        return Decision(judged.reason, steps, judged.seen, variants)

    def _rests_on(
        self, kind: RequestKind, referers: tuple[str | None, ...], judged: Judgement
    ) -> Iterator[tuple[str, StrEnum]]:
        """Yield the chosen variants without one of which the verdict would differ."""
        sent = self._sent(self.assumptions, *referers)
        verdict = judged.reason.ec if kind in self._checked else None
        for name, assumptions, checked, reading in self._alternatives:
            other = None
            if kind in checked:
                other_sent = self._sent(assumptions, *referers) if len(referers) > 1 else sent
                same = other_sent == sent and reading.judges_alike(sent, self.reading)
                other = (judged if same else reading.judge(other_sent)).reason.ec
            if other != verdict:
                yield name, getattr(self.assumptions, name)

    @cached_property
    def _alternatives(
        self,
    ) -> tuple[tuple[str, Assumptions, frozenset[RequestKind], Reading], ...]:
        """The assumptions that differ in one variant which matters to these rules.

        Each is the name of the fact, the assumptions, the kinds they check and their reading.
        """
        found = []
        for name, assumptions in self.assumptions.alternatives():
            if name in _ABOUT_REQUESTS:
                found.append((name, assumptions, _checked(assumptions), self.reading))
            elif name not in _ABOUT_ANSWERS:
                reading = Reading(self.configuration, assumptions, self.reading)
                if reading.differs(self.reading):
                    found.append((name, assumptions, self._checked, reading))
        return tuple(found)

    @staticmethod
    def _sent(assumptions: Assumptions, *referers: str | None) -> str:
        sent = [referer for referer in referers if referer is not None]
        return header.trim(header.choose(sent, assumptions.r29))

    def _steps(self, kind: RequestKind, sent: str, judged: Judgement) -> Iterator[Step]:
        yield Step(Stage.REQUEST, Outcome.CHECKED, facts_of(kind), kind)
        if not sent:
            yield Step(Stage.EMPTY, _EMPTY[judged.reason], ("R-10", "R-11"))
            return
        if (cut := self.reading.cut(sent)) != sent:
            path = self.reading.cuts_path
            stage, number = (Stage.PATH, "R-27") if path else (Stage.QUERY, "R-26")
            yield Step(stage, Outcome.CUT, (number,), cut)
        listed = judged if judged.reason is Reason.BLACKLISTED else None
        yield _consult(Stage.BLACKLIST, "R-12", self.reading.blacklist, listed)
        if listed is None:
            yield self._consult_whitelist(judged)

    def _consult_whitelist(self, judged: Judgement) -> Step:
        if judged.reason is Reason.NO_WHITELIST:
            return Step(Stage.WHITELIST, Outcome.NO_ENTRIES, ("R-14",))
        if not self.reading.has_whitelist:
            return Step(Stage.WHITELIST, Outcome.DENIED, ("R-14",))
        listed = judged if judged.reason is Reason.WHITELISTED else None
        return _consult(Stage.WHITELIST, "R-13", self.reading.whitelist, listed)


def _checked(assumptions: Assumptions) -> frozenset[RequestKind]:
    return frozenset(kind for kind in RequestKind if is_checked(kind, assumptions.r04))


def _consult(stage: Stage, number: str, entries: Index, listed: Judgement | None) -> Step:
    if listed is not None and listed.entry is not None:
        wildcards = ("R-21",) if listed.entry.has_wildcards else ()
        return Step(stage, Outcome.MATCHED, (number, "R-20", *wildcards), listed.entry.text)
    outcome = Outcome.UNMATCHED if entries.patterns else Outcome.NO_ENTRIES
    return Step(stage, outcome, (number,))


_ABOUT_REQUESTS = ("r04", "r29")
"""The assumptions about which requests are checked, and by which Referer."""

_ABOUT_ANSWERS = ("r05", "r30", "r39")
"""The assumptions that no decision depends on; every other one is about how rules are read."""

_EMPTY = {
    Reason.EMPTY_ALLOWED: Outcome.ALLOWED,
    Reason.EMPTY_DENIED: Outcome.DENIED,
    Reason.EMPTY_WITHOUT_WHITELIST: Outcome.WITHOUT_WHITELIST,
}
