"""RefererPolicy: the rules of one bucket, compiled once, that decide on every request.

The steps of a decision: the kind of request (R-01, R-04), an empty Referer (R-11), truncation
(R-26, R-27), the blacklist (R-12), the whitelist (R-13, R-14).
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache

from . import header
from .assumptions import DEFAULT, Assumptions
from .decision import Decision, Outcome, Reason, Stage, Step
from .model import RefererConfiguration
from .reading import Judgement, Reading
from .request import EXEMPTIONS, RequestKind, Scope, Signing, classify, facts_of, is_checked

# A decision contains its Referer, so both the number and the length of cached Referers are bounded.
CACHED_DECISIONS = 2_048
CACHED_REFERER_LENGTH = 512  # characters


class RefererPolicy:
    """The decisions of one configuration. Made with `compile`; threads may share it."""

    def __init__(self, configuration: RefererConfiguration, assumptions: Assumptions) -> None:
        self.configuration = configuration
        self.assumptions = assumptions
        self._chosen = tuple(assumptions.chosen().items())
        self.reading = Reading(configuration, assumptions)
        """The lists, compiled; for questions that a decision does not answer."""
        self.checked = frozenset(
            kind for kind in RequestKind if is_checked(kind, assumptions.checked_requests)
        )
        """The kinds of request that the rules are consulted for."""
        self._decide_cached = lru_cache(CACHED_DECISIONS)(self._decide)

    @classmethod
    def compile(
        cls, configuration: RefererConfiguration, assumptions: Assumptions = DEFAULT
    ) -> "RefererPolicy":
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
        return self.decide_on(classify(signed, method, scope), referer, further)

    def decide_on(
        self, kind: RequestKind, referer: str | None, further: tuple[str, ...] = ()
    ) -> Decision:
        """Decide on one request whose kind is known already."""
        if further or (referer and len(referer) > CACHED_REFERER_LENGTH):
            return self._decide(kind, referer, *further)
        return self._decide_cached(kind, referer)

    @property
    def sees_only_origins(self) -> bool:
        """Whether no decision depends on what follows the host and the character after it.

        It holds under every assumption.
        """
        return all(reading.sees_only_origins for reading in self.readings)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The chosen reading of the rules, and others that may judge some Referer differently."""
        return (self.reading, *(reading for _, reading in self._other_readings))

    def allows(
        self,
        referer: str | None,
        *,
        signed: Signing = Signing.NONE,
        method: str = "GET",
        scope: Scope = Scope.OBJECT,
    ) -> bool:
        """Return `decide(...).allowed` for a request with at most one Referer, without the steps.

        It is for millions of new Referers: it caches nothing and records no step.
        """
        if classify(signed, method, scope) not in self.checked:
            return True
        return self.reading.judge(header.trim(referer)).reason.allows

    def _decide(self, kind: RequestKind, *referers: str | None) -> Decision:
        sent = self._sent(self.assumptions, *referers)
        judged = self.reading.judge(sent)
        found = set(self.rests_on(kind, sent, judged, referers))
        variants = tuple(item for item in self._chosen if item in found)
        if kind not in self.checked:
            step = Step(Stage.REQUEST, Outcome.NOT_CHECKED, facts_of(kind), kind)
            return Decision(EXEMPTIONS[kind], (step,), variants=variants)
        steps = tuple(self._steps(kind, sent, judged))
        return Decision(judged.reason, steps, judged.seen, variants)

    def rests_on(
        self, kind: RequestKind, sent: str, judged: Judgement, referers: Sequence[str | None] = ()
    ) -> Iterator[tuple[str, StrEnum]]:
        """Yield the chosen variants that matter: with another one, the verdict would differ.

        `sent` is the Referer that was judged, `referers` are all that were sent.
        """
        if judged.reason.ec is not None and kind in self._kinds_in_question:
            yield "checked_requests", self.assumptions.checked_requests
        if kind not in self.checked:
            return
        for name, reading in self._other_readings:
            if reading.judges_alike(sent, judged, self.reading):
                continue
            if reading.judge(sent).reason.ec != judged.reason.ec:
                yield name, getattr(self.assumptions, name)
        if len(referers) > 1:
            for name, assumptions in self.assumptions.alternatives("repeated_header"):
                other = self._sent(assumptions, *referers)
                if self.reading.judge(other).reason.ec != judged.reason.ec:
                    yield name, self.assumptions.repeated_header

    @cached_property
    def _kinds_in_question(self) -> frozenset[RequestKind]:
        """The kinds of request that are checked, or not, because of the chosen variant of R-04."""
        rules = [
            other.checked_requests for _, other in self.assumptions.alternatives("checked_requests")
        ]
        others = [{kind for kind in RequestKind if is_checked(kind, rule)} for rule in rules]
        return frozenset(kind for other in others for kind in self.checked ^ other)

    @cached_property
    def _other_readings(self) -> list[tuple[str, Reading]]:
        """Return the readings that may judge some Referer differently, each with its fact."""
        found = []
        for name, assumptions in self.assumptions.alternatives(*_ABOUT_RULES):
            reading = Reading(self.configuration, assumptions, self.reading)
            if reading.differs(self.reading):
                found.append((name, reading))
        return found

    @staticmethod
    def _sent(assumptions: Assumptions, *referers: str | None) -> str:
        sent = [referer for referer in referers if referer is not None]
        return header.trim(header.choose(sent, assumptions.repeated_header))

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
        yield self._consult(Stage.BLACKLIST, "R-12", sent, listed)
        if listed is None:
            yield self._consult_whitelist(sent, judged)

    def _consult_whitelist(self, sent: str, judged: Judgement) -> Step:
        if judged.reason is Reason.NO_WHITELIST:
            return Step(Stage.WHITELIST, Outcome.NO_ENTRIES, ("R-14",))
        if not self.reading.has_whitelist:
            return Step(Stage.WHITELIST, Outcome.DENIED, ("R-14",))
        listed = judged if judged.reason is Reason.WHITELISTED else None
        return self._consult(Stage.WHITELIST, "R-13", sent, listed)

    def _consult(self, stage: Stage, number: str, sent: str, listed: Judgement | None) -> Step:
        if listed is not None and listed.entry is not None:
            wildcards = ("R-21",) if listed.entry.has_wildcards else ()
            lowered = ("R-41",) if self.reading.needs_lower_query(sent, listed.entry) else ()
            facts = (number, "R-20", *wildcards, *lowered)
            return Step(stage, Outcome.MATCHED, facts, listed.entry.text)
        entries = self.reading.blacklist if stage is Stage.BLACKLIST else self.reading.whitelist
        outcome = Outcome.UNMATCHED if entries.patterns else Outcome.NO_ENTRIES
        return Step(stage, outcome, (number,))


_ABOUT_RULES = """
    empty_whitelist letter_case white_space cut_path truncation_conflict cut_entries joined_entry
""".split()
"""The assumptions about how rules are read.

checked_requests and repeated_header are about requests, and no decision depends on the others.
"""

_EMPTY = {
    Reason.EMPTY_ALLOWED: Outcome.ALLOWED,
    Reason.EMPTY_DENIED: Outcome.DENIED,
    Reason.EMPTY_WITHOUT_WHITELIST: Outcome.WITHOUT_WHITELIST,
}
