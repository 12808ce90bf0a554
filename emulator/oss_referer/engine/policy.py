"""RefererPolicy: the rules of one bucket, compiled once, that decide on every request.

A `RefererConfiguration` holds the rules as they were written. A `Reading` is their meaning under
some assumptions. A `RefererPolicy` compares the chosen reading with the others, to say which
assumptions a decision rests on.

The steps of a decision: the kind of request (R-01, R-04), an empty Referer (R-11), truncation
(R-26, R-27), the blacklist (R-12), the whitelist (R-13, R-14).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from . import header
from .assumptions import (
    DEFAULT,
    Assumptions,
    CutEntries,
    CutPath,
    EmptyWhitelist,
    JoinedEntry,
    LetterCase,
    TruncationConflict,
    WhiteSpace,
)
from .decision import (
    EXEMPTIONS,
    Decision,
    Reason,
    RequestKind,
    Scope,
    Signing,
    Stage,
    Step,
    StepResult,
    classify,
    facts_of,
    is_checked,
)
from .entry_list import EntryList
from .pattern import Pattern

MAX_SIZE = 20 * 1024
"""The most bytes of entries that PutBucketReferer accepts (R-42)."""

MAX_EXAMINED = 5 * MAX_SIZE
"""The most bytes of entries that the linter examines and `translate` accepts."""


@dataclass(frozen=True, slots=True)
class RefererConfiguration:
    """The rules that PutBucketReferer sets and GetBucketReferer returns (R-30, R-31).

    Entries are verbatim, with their order, duplicates, blanks and surrounding white space (P-34).
    The defaults are those of a bucket without rules (R-15).
    """

    allow_empty_referer: bool = True
    allow_truncate_query_string: bool = True
    truncate_path: bool = False
    whitelist: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of the entries of both lists together, in UTF-8 (R-42)."""
        entries = (*self.whitelist, *self.blacklist)
        return sum(len(entry.encode(errors="surrogatepass")) for entry in entries)


class BareDecision(NamedTuple):
    """A decision on a Referer without its steps, which is fast enough for millions of Referers."""

    reason: Reason
    seen: str
    """The Referer as it was compared."""
    entry: Pattern | None = None
    """The entry that decided: the first match in configured order; None if none matches."""


class Reading:
    """A configuration, compiled under some assumptions.

    `other` is a reading of the same rules. The new reading shares its equal lists and entries,
    because compiling takes much longer than reading.
    """

    def __init__(
        self,
        configuration: RefererConfiguration,
        assumptions: Assumptions,
        other: Reading | None = None,
    ) -> None:
        self._configuration = configuration
        self._assumptions = assumptions
        self._ignores_case = assumptions.letter_case is LetterCase.INSENSITIVE
        self.cuts_path = configuration.truncate_path and (
            configuration.allow_truncate_query_string
            or assumptions.truncation_conflict is not TruncationConflict.NOT_CUT
        )
        """Whether TruncatePath cuts a Referer (R-27)."""
        keeps_query = not (self.cuts_path or configuration.allow_truncate_query_string)
        self.lowers_query = keeps_query and assumptions.letter_case is LetterCase.QUERY_INSENSITIVE
        """Whether letter case does not matter after the `?` of a Referer (R-41)."""
        white, black = (other.whitelist, other.blacklist) if other else (None, None)
        self.whitelist: EntryList = self._compile(configuration.whitelist, white)
        self.blacklist: EntryList = self._compile(configuration.blacklist, black)
        self.has_whitelist = self._is_list(configuration.whitelist, self.whitelist)
        self.has_blacklist = self._is_list(configuration.blacklist, self.blacklist)
        self.needs_whitelist = self.has_whitelist or (
            self.has_blacklist and assumptions.empty_whitelist is EmptyWhitelist.DENIES
        )
        """Whether a Referer that no entry matches is denied (R-13, R-14)."""
        lists = (self.whitelist, self.blacklist, self.has_whitelist, self.needs_whitelist)
        self.lists: tuple[EntryList, EntryList, bool, bool] = (
            other.lists if other and lists == other.lists else lists
        )
        """The entries to compare a Referer with; the tuple of `other` if it is equal."""
        self._cuts = (
            self._ignores_case,
            self.lowers_query,
            self.cuts_path and assumptions.cut_path,
        )

    def decide(self, sent: str) -> BareDecision:
        """Decide on a trimmed Referer (R-11 to R-14)."""
        if not sent:
            if self._configuration.allow_empty_referer:
                return BareDecision(Reason.EMPTY_ALLOWED, "")
            denied = Reason.EMPTY_DENIED if self.has_whitelist else Reason.EMPTY_WITHOUT_WHITELIST
            return BareDecision(denied, "")
        seen = self.see(sent)
        if entry := self.blacklist.first(seen):
            return BareDecision(Reason.BLACKLISTED, seen, entry)
        if entry := self.whitelist.first(seen):
            return BareDecision(Reason.WHITELISTED, seen, entry)
        reason = Reason.NOT_WHITELISTED if self.needs_whitelist else Reason.NO_WHITELIST
        return BareDecision(reason, seen)

    def differs(self, other: Reading) -> bool:
        """Return whether another reading of these rules may decide on some Referer differently."""
        return self.lists is not other.lists or self._cuts != other._cuts

    def compares_alike(self, sent: str, decided: BareDecision, other: Reading) -> bool:
        """Return whether this reading compares a Referer as `other` did, with the same entries."""
        return self.lists is other.lists and self.see(sent) == decided.seen

    def needs_lower_query(self, sent: str, entry: Pattern) -> bool:
        """Return whether an entry matches a Referer only because of R-41."""
        exact = Pattern.of(entry.text, entry.body)
        return self.lowers_query and not exact.matches(self.cut(sent))

    @cached_property
    def sees_only_origins(self) -> bool:
        """Whether entries compare at most the host of a Referer and one character after it."""
        return all(
            header.is_origin(entry.body) and not entry.has_wildcards
            for entry in (*self.whitelist.patterns, *self.blacklist.patterns)
        )

    def cut(self, text: str) -> str:
        """Return a Referer, truncated as the rules say."""
        if self.cuts_path:
            slash = self._assumptions.cut_path is CutPath.WITH_SLASH
            return header.cut_path(text, keep_slash=slash)  # the query goes with the path
        if self._configuration.allow_truncate_query_string:
            return header.cut_query(text)
        return text

    def see(self, sent: str) -> str:
        """Return a Referer as entries are compared with it: truncated, and in one letter case."""
        seen = self.cut(sent)
        if self._ignores_case:
            return seen.casefold()
        return header.lower_query(seen) if self.lowers_query else seen

    def _compile(self, entries: Iterable[str], other: EntryList | None) -> EntryList:
        read = [
            (text, body, self.lowers_query and _differs_in_query(body))
            for text, body in self._read_all(entries)
        ]
        patterns = other.patterns if other else ()
        known = {(item.text, item.body, item.lowers_query): item for item in patterns}
        compiled = tuple(
            known.get(item) or Pattern.of(item[0], item[1], lowers_query=item[2]) for item in read
        )
        return other if other and compiled == other.patterns else EntryList(compiled)

    def _read_all(self, entries: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield each entry with the part of it that is compared."""
        separates = self._assumptions.joined_entry is JoinedEntry.SEPARATED
        for text in entries:
            for part in text.split(",") if separates else [text]:
                body = self._read(part)
                if body or self._assumptions.white_space in _MATCHED_BLANKS:
                    yield text, body

    def _read(self, part: str) -> str:
        """Return the part of an entry that is compared."""
        verbatim = self._assumptions.white_space is WhiteSpace.VERBATIM
        body = part if verbatim else part.strip(header.WHITE_SPACE)
        if self._assumptions.cut_entries is CutEntries.CUT:
            body = self._cut_entry(body)
        return body.casefold() if self._ignores_case else body

    def _cut_entry(self, body: str) -> str:
        """Cut the path or query of an entry; a `?` in its host is a wildcard (R-21)."""
        start = body.find("/", body.find("://") + 3 if "://" in body else 0)
        if start < 0:
            return body
        if self.cuts_path:
            return body[: start + (self._assumptions.cut_path is CutPath.WITH_SLASH)]
        truncates = self._configuration.allow_truncate_query_string
        return body[:start] + header.cut_query(body[start:]) if truncates else body

    def _is_list(self, entries: tuple[str, ...], compiled: EntryList) -> bool:
        counts_blanks = self._assumptions.white_space is WhiteSpace.BLANK_COUNTS
        return bool(entries if counts_blanks else compiled.patterns)


def _differs_in_query(body: str) -> bool:
    """Return whether an entry has a capital after a wildcard, which may match in a query."""
    wild = min((place for mark in "*?" if (place := body.find(mark)) >= 0), default=len(body))
    return body[wild:] != header.lower(body[wild:])


_MATCHED_BLANKS = (WhiteSpace.BLANK_MATCHES, WhiteSpace.VERBATIM)
"""The variants in which an empty entry matches every Referer."""


# A decision contains its Referer, so both the number and the length of cached Referers are bounded.
CACHED_DECISIONS = 2_048
CACHED_REFERER_LENGTH = 512  # characters


class RefererPolicy:
    """The compiled rules of one configuration. Create it with `compile`; threads may share it."""

    def __init__(self, configuration: RefererConfiguration, assumptions: Assumptions) -> None:
        self.configuration = configuration
        self.assumptions = assumptions
        self._chosen = tuple(assumptions.chosen().items())
        self.reading = Reading(configuration, assumptions)
        """The compiled lists, for questions that a decision does not answer."""
        self.checked = frozenset(
            kind for kind in RequestKind if is_checked(kind, assumptions.checked_requests)
        )
        """The kinds of request that the rules are consulted for."""
        self._decide_cached = lru_cache(CACHED_DECISIONS)(self._decide)

    @classmethod
    def compile(
        cls, configuration: RefererConfiguration, assumptions: Assumptions = DEFAULT
    ) -> RefererPolicy:
        """Compile a configuration, which never fails."""
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

        `referer` is the value of the first Referer header, or None; `further` are the values of
        further Referer headers (R-29); `method` is in upper case. A cached Referer costs a lookup.
        The cost of a new one grows with its length, but hardly with the number of entries.
        """
        return self.decide_on(classify(signed, method, scope), referer, further)

    def decide_on(
        self, kind: RequestKind, referer: str | None, further: tuple[str, ...] = ()
    ) -> Decision:
        """Decide on one request of a known kind; the other arguments are those of `decide`."""
        if further or (referer and len(referer) > CACHED_REFERER_LENGTH):
            return self._decide(kind, referer, *further)
        return self._decide_cached(kind, referer)

    @property
    def sees_only_origins(self) -> bool:
        """Whether decisions compare at most a host and one character after it, in every reading."""
        return all(reading.sees_only_origins for reading in self.readings)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The chosen reading of the rules, and those that may decide some Referer differently."""
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

        It caches nothing and records no step, so it suits millions of different Referers.
        """
        if classify(signed, method, scope) not in self.checked:
            return True
        return self.reading.decide(header.trim(referer)).reason.allows

    def _decide(self, kind: RequestKind, *referers: str | None) -> Decision:
        sent = self._sent(self.assumptions, *referers)
        decided = self.reading.decide(sent)
        found = set(self.rests_on(kind, sent, decided, referers))
        variants = tuple(item for item in self._chosen if item in found)
        if kind not in self.checked:
            step = Step(Stage.REQUEST, StepResult.NOT_CHECKED, facts_of(kind), kind)
            return Decision(EXEMPTIONS[kind], (step,), variants=variants)
        steps = tuple(self._steps(kind, sent, decided))
        return Decision(decided.reason, steps, decided.seen, variants)

    def rests_on(
        self,
        kind: RequestKind,
        sent: str,
        decided: BareDecision,
        referers: Sequence[str | None] = (),
    ) -> Iterator[tuple[str, StrEnum]]:
        """Yield each assumption (field and value) of which another variant changes the verdict.

        `sent` is the Referer that was decided on, `referers` are all Referers of the request.
        """
        if decided.reason.ec is not None and kind in self._kinds_in_question:
            yield "checked_requests", self.assumptions.checked_requests
        if kind not in self.checked:
            return
        for name, reading in self._other_readings:
            if reading.compares_alike(sent, decided, self.reading):
                continue
            if reading.decide(sent).reason.ec != decided.reason.ec:
                yield name, getattr(self.assumptions, name)
        if len(referers) > 1:
            for name, assumptions in self.assumptions.alternatives("repeated_header"):
                other = self._sent(assumptions, *referers)
                if self.reading.decide(other).reason.ec != decided.reason.ec:
                    yield name, self.assumptions.repeated_header

    @cached_property
    def _kinds_in_question(self) -> frozenset[RequestKind]:
        """The kinds of request that the chosen variant of R-04 and another treat differently."""
        rules = [
            other.checked_requests for _, other in self.assumptions.alternatives("checked_requests")
        ]
        others = [{kind for kind in RequestKind if is_checked(kind, rule)} for rule in rules]
        return frozenset(kind for other in others for kind in self.checked ^ other)

    @cached_property
    def _other_readings(self) -> list[tuple[str, Reading]]:
        """The readings that may decide differently on some Referer, by field of Assumptions."""
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

    def _steps(self, kind: RequestKind, sent: str, decided: BareDecision) -> Iterator[Step]:
        yield Step(Stage.REQUEST, StepResult.CHECKED, facts_of(kind), kind)
        if not sent:
            yield Step(Stage.EMPTY, _EMPTY[decided.reason], ("R-10", "R-11"))
            return
        if (cut := self.reading.cut(sent)) != sent:
            path = self.reading.cuts_path
            stage, number = (Stage.PATH, "R-27") if path else (Stage.QUERY, "R-26")
            yield Step(stage, StepResult.CUT, (number,), cut)
        listed = decided if decided.reason is Reason.BLACKLISTED else None
        yield self._consult(Stage.BLACKLIST, "R-12", sent, listed)
        if listed is None:
            yield self._consult_whitelist(sent, decided)

    def _consult_whitelist(self, sent: str, decided: BareDecision) -> Step:
        if decided.reason is Reason.NO_WHITELIST:
            return Step(Stage.WHITELIST, StepResult.NO_ENTRIES, ("R-14",))
        if not self.reading.has_whitelist:
            return Step(Stage.WHITELIST, StepResult.DENIED, ("R-14",))
        listed = decided if decided.reason is Reason.WHITELISTED else None
        return self._consult(Stage.WHITELIST, "R-13", sent, listed)

    def _consult(self, stage: Stage, number: str, sent: str, listed: BareDecision | None) -> Step:
        if listed is not None and listed.entry is not None:
            wildcards = ("R-21",) if listed.entry.has_wildcards else ()
            lowered = ("R-41",) if self.reading.needs_lower_query(sent, listed.entry) else ()
            facts = (number, "R-20", *wildcards, *lowered)
            return Step(stage, StepResult.MATCHED, facts, listed.entry.text)
        entries = self.reading.blacklist if stage is Stage.BLACKLIST else self.reading.whitelist
        outcome = StepResult.UNMATCHED if entries.patterns else StepResult.NO_ENTRIES
        return Step(stage, outcome, (number,))


_ABOUT_RULES = """
    empty_whitelist letter_case white_space cut_path truncation_conflict cut_entries joined_entry
""".split()
"""The assumptions about how rules are read.

`checked_requests` and `repeated_header` concern requests. No decision depends on the others.
"""

_EMPTY = {
    Reason.EMPTY_ALLOWED: StepResult.ALLOWED,
    Reason.EMPTY_DENIED: StepResult.DENIED,
    Reason.EMPTY_WITHOUT_WHITELIST: StepResult.WITHOUT_WHITELIST,
}
