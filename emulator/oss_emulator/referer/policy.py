"""RefererPolicy: the rules of one bucket, compiled once, that decide on every request.

The steps of a decision: the kind of request (R-01, R-04), an empty Referer (R-11), truncation
(R-26, R-27), the blacklist (R-12), the whitelist (R-13, R-14).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from . import header
from .decision import Decision, Outcome, Reason, Stage, Step
from .entries import Entries
from .model import RefererConfiguration
from .pattern import Pattern
from .request import CHECKED, EXEMPT, RequestKind, Scope, Signing, classify

# A decision contains its Referer, so both the number and the length of cached Referers are bounded.
CACHED_DECISIONS = 2_048
CACHED_REFERER_LENGTH = 512  # characters


class RefererPolicy:
    """The decisions of one configuration. Made with `compile`; threads may share it."""

    def __init__(self, configuration: RefererConfiguration) -> None:
        self.configuration = configuration
        self._blacklist = _List(Stage.BLACKLIST, ("R-12",), configuration.blacklist, self._truncate)
        self._whitelist = _List(Stage.WHITELIST, ("R-13",), configuration.whitelist, self._truncate)
        self._decide_cached = lru_cache(CACHED_DECISIONS)(self._decide)

    @classmethod
    def compile(cls, configuration: RefererConfiguration) -> RefererPolicy:
        """Compile a configuration. Every configuration can be compiled."""
        return cls(configuration)

    def decide(
        self,
        referer: str | None,
        *,
        signed: Signing = Signing.NONE,
        method: str = "GET",
        scope: Scope = Scope.OBJECT,
    ) -> Decision:
        """Decide on one request.

        `referer` is the value of the first Referer header (R-29), or None; `method` is in upper
        case. A Referer seen before costs one dictionary lookup. The cost of a new one grows with
        its length and hardly with the number of entries.
        """
        request = classify(signed, method, scope)
        if request in EXEMPT:
            return EXEMPT[request]
        if referer and len(referer) > CACHED_REFERER_LENGTH:
            return self._decide(request, referer)
        return self._decide_cached(request, referer)

    def _decide(self, request: RequestKind, referer: str | None) -> Decision:
        sent = header.trim(referer)
        seen = self._truncate(sent)
        steps = [CHECKED[request]]
        if not sent:
            steps.append(self._judge_empty())
        else:
            if seen != sent:
                steps.append(self._note_truncation(seen))
            steps.append(self._blacklist.consult(sent, seen))
            if steps[-1].outcome is not Outcome.MATCHED:
                steps.append(self._consult_whitelist(sent, seen))
        last = steps[-1]
        return Decision(_REASONS[last.stage, last.outcome], tuple(steps), seen)

    def _judge_empty(self) -> Step:
        facts = ("R-10", "R-11")
        if self.configuration.allow_empty_referer:
            return Step(Stage.EMPTY, Outcome.ALLOWED, facts)
        if not self._whitelist.is_empty:
            return Step(Stage.EMPTY, Outcome.DENIED, facts)
        return Step(Stage.EMPTY, Outcome.WITHOUT_WHITELIST, facts, self._whitelist.ignored_blanks)

    def _consult_whitelist(self, sent: str, seen: str) -> Step:
        step = self._whitelist.consult(sent, seen)
        if step.outcome is not Outcome.NO_ENTRIES:
            return step
        if self._blacklist.is_empty:
            return replace(step, facts=("R-14",))
        return replace(step, facts=(), assumed=("R-14", *step.assumed))

    def _truncate(self, text: str) -> str:
        if self.configuration.truncate_path:
            return header.cut_path(text)  # the query goes with the path
        if self.configuration.allow_truncate_query_string:
            return header.cut_query(text)
        return text

    def _note_truncation(self, seen: str) -> Step:
        if self.configuration.truncate_path:
            return Step(Stage.PATH, Outcome.CUT, ("R-27",), detail=seen)
        return Step(Stage.QUERY, Outcome.CUT, ("R-26",), detail=seen)


_REASONS = {
    (Stage.EMPTY, Outcome.ALLOWED): Reason.EMPTY_ALLOWED,
    (Stage.EMPTY, Outcome.WITHOUT_WHITELIST): Reason.EMPTY_WITHOUT_WHITELIST,
    (Stage.EMPTY, Outcome.DENIED): Reason.EMPTY_DENIED,
    (Stage.BLACKLIST, Outcome.MATCHED): Reason.BLACKLISTED,
    (Stage.WHITELIST, Outcome.MATCHED): Reason.WHITELISTED,
    (Stage.WHITELIST, Outcome.UNMATCHED): Reason.NOT_WHITELISTED,
    (Stage.WHITELIST, Outcome.NO_ENTRIES): Reason.NO_WHITELIST,
}
"""The reason that follows from each last step."""


class _List:
    """A whitelist or blacklist, and what would match under other assumptions."""

    def __init__(
        self,
        stage: Stage,
        facts: tuple[str, ...],
        texts: tuple[str, ...],
        truncate: Callable[[str], str],
    ) -> None:
        self._stage = stage
        self._facts = facts
        self._entries = Entries(texts)
        self._truncate = truncate

    @property
    def is_empty(self) -> bool:
        """Whether no entry can match; blank ones are ignored (R-25)."""
        return not self._entries.patterns

    @property
    def ignored_blanks(self) -> tuple[str, ...]:
        """The assumption that blank entries are ignored, if the list contains any."""
        return ("R-25",) if self._entries.has_blanks else ()

    def consult(self, sent: str, seen: str) -> Step:
        """Compare a Referer with the entries: `sent` as it came, `seen` as truncation left it."""
        if self.is_empty:
            return Step(self._stage, Outcome.NO_ENTRIES, self._facts, self.ignored_blanks)
        candidates = self._entries.candidates(seen)
        entry = next((entry for entry in candidates if entry.matches(seen)), None)
        if entry is None:
            assumed = self._would_have_matched(candidates, sent, seen)
            return Step(self._stage, Outcome.UNMATCHED, self._facts, assumed)
        facts = (*self._facts, "R-20", *(("R-21",) if entry.has_wildcards else ()))
        assumed = ("R-25",) if entry.text != entry.trimmed else ()
        return Step(self._stage, Outcome.MATCHED, facts, assumed, entry.text)

    def _would_have_matched(
        self, candidates: list[Pattern], sent: str, seen: str
    ) -> tuple[str, ...]:
        """Return the assumptions without one of which an entry would match."""
        folded = seen.casefold()
        slash = seen + "/"  # what TruncatePath would leave if it kept the "/" of the path
        otherwise = {
            "R-24": any(
                entry.folded.matches(folded)
                for entry in candidates
                if folded != seen or entry.folded is not entry
            ),
            "R-25": self._entries.has_blanks,
            "R-27": sent.startswith(slash)
            and any(entry.matches(slash) for entry in self._entries.candidates(slash)),
            "R-28": seen != sent
            and any(
                entry.matches(sent) and self._truncate(entry.trimmed) != entry.trimmed
                for entry in self._entries.candidates(sent)
            ),
        }
        return tuple(fact for fact, matched in otherwise.items() if matched)
