"""Subject: the configuration to lint, with the questions that the rules of the linter ask."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from oss_referer import engine
from oss_referer.browser.probes import STRANGER
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    BareDecision,
    Basis,
    Pattern,
    Reason,
    RefererPolicy,
    Sentence,
    Stage,
    header,
)
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.plan import EntryPlace, EntryReading, Kind, Line, Plan
from oss_referer.plan.proving import Searches
from oss_referer.search.automaton import CompiledRules
from oss_referer.search.entry import (
    Parts,
    choose_stranger,
    example,
    is_blank,
    parse_entry,
)
from oss_referer.search.sent import read_sent
from oss_referer.search.url import MAX_LENGTH


@dataclass(frozen=True, slots=True)
class LintedEntry:
    """An entry that is not blank, with its place and parts."""

    place: EntryPlace
    reading: EntryReading
    text: str
    """The entry without the white space around it."""
    parts: Parts
    pattern: Pattern

    @property
    def is_white(self) -> bool:
        return self.place.list is Stage.WHITELIST

    @property
    def is_foreign(self) -> bool:
        """Whether the scheme is neither http nor https, as in `mibrowser:home`."""
        return self.reading.kind is Kind.FOREIGN


class Subject:
    """A configuration, its policy and its entries."""

    def __init__(self, plan: Plan, assumptions: Assumptions = DEFAULT) -> None:
        configuration = plan.rules
        self.configuration = configuration
        self.assumptions = assumptions
        self.plan = plan
        self.lines = {line.place: line for line in plan.lines if line.place}
        """The lines of the plan, by their entries."""
        self._open = {id(line) for line in plan.lines if line.is_open}
        self.policy = RefererPolicy.compile(configuration, assumptions)
        self.compiled = CompiledRules(self.policy)
        self.cut = self.compiled.cut
        self.reported: set[EntryPlace] = set()
        """The entries that already have a finding."""
        self.stranger = choose_stranger((*configuration.whitelist, *configuration.blacklist))
        """A host that the rules do not name."""
        self._searches = Searches(plan.owned, self.stranger)

    @cached_property
    def entries(self) -> tuple[LintedEntry, ...]:
        """The entries of both lists, except blank ones and those longer than `MAX_LENGTH`."""
        return tuple(
            LintedEntry(place, line.reading, pattern.body, Parts.split(place.entry), pattern)
            for place, line in self.lines.items()
            if len(place.entry) <= MAX_LENGTH and not is_blank(place.entry)
            for pattern in [parse_entry(place.entry)]
        )

    @cached_property
    def whitelist(self) -> tuple[LintedEntry, ...]:
        return tuple(entry for entry in self.entries if entry.is_white)

    @cached_property
    def blacklist(self) -> tuple[LintedEntry, ...]:
        return tuple(entry for entry in self.entries if not entry.is_white)

    def find_line(self, place: EntryPlace | None, rule: str) -> Line | None:
        """Return the line of an entry, or the one about the rules that a lint rule explains."""
        if place is not None:
            return self.lines.get(place)
        return next((line for line in self.plan.lines if line.about == rule), None)

    def take(self, line: Line | None) -> Line | None:
        """Return a line that is open, the first time; only one finding explains it."""
        if line is None or id(line) not in self._open:
            return None
        self._open.remove(id(line))
        return line

    @property
    def unexplained(self) -> Iterator[Line]:
        """The open lines that no finding explains yet."""
        return (line for line in self.plan.lines if id(line) in self._open)

    @cached_property
    def has_whitelist(self) -> bool:
        return not all(map(is_blank, self.configuration.whitelist))

    @cached_property
    def has_blacklist(self) -> bool:
        return not all(map(is_blank, self.configuration.blacklist))

    def decide(self, referer: str | None) -> BareDecision:
        """Decide on a Referer, without naming the assumptions behind the decision."""
        return self.policy.reading.decide(header.trim(referer))

    def allows(self, referer: str | None) -> bool:
        return self.decide(referer).reason.allows

    def lacks(self, other: str, reason: Sentence) -> Suspicion | None:
        """Suspect that the rules lack an entry, if the whitelist denies its page."""
        page = example(other)
        if self.decide(page).reason is not Reason.NOT_WHITELISTED:
            return None
        return Suspicion(Evidence.DENIED, (page,), reason)

    def describe(
        self,
        reason: Sentence,
        *referers: str,
        place: EntryPlace | None = None,
        line: Line | None = None,
    ) -> Suspicion:
        """Suspect something that a verdict shows: on the first of some Referers that is sent."""
        referer = next(filter(read_sent, (*referers, STRANGER)))
        evidence = Evidence.ALLOWED if self.allows(referer) else Evidence.DENIED
        return Suspicion(evidence, (referer,), reason, place, line=line)

    def is_dead(self, entry: str) -> bool:
        """Return whether an entry matches no Referer of a browser; False if undecided."""
        return not self._searches.is_live(entry, self.compiled)

    def holds(self, evidence: Evidence, referer: str | None, place: EntryPlace | None) -> bool:
        """Return whether the engine confirms the claim of the evidence for a Referer."""
        if evidence is Evidence.ASSUMED:
            return self.policy.decide(referer).basis is Basis.ASSUMED
        if evidence is Evidence.ALLOWED:
            return self.allows(referer)
        if evidence is Evidence.DENIED:
            return not self.allows(referer)
        assert place is not None  # noqa: S101 - the other kinds of evidence concern an entry
        if evidence is Evidence.UNMATCHED:
            return not self._matches(place.entry, referer or "")
        return self._is_unchanged(referer, place)

    def _matches(self, entry: str, referer: str) -> bool:
        seen = self.compiled.see(referer)
        return any(item.pattern.matches(seen) for item in self.compiled.read(entry))

    def _is_unchanged(self, referer: str | None, place: EntryPlace) -> bool:
        entries = getattr(self.configuration, place.list.value)
        rest = entries[: place.position] + entries[place.position + 1 :]
        decided = self.decide(referer)
        settles = decided.entry is not None and decided.entry.text == place.entry
        is_still_a_list = is_blank(place.entry) or not all(map(is_blank, rest))
        if is_still_a_list and (not settles or place.entry in rest):
            return True  # without compiling all entries again
        changed: dict[str, Any] = {place.list.value: rest}
        changed_rules = replace(self.configuration, **changed)
        reading = engine.Reading(changed_rules, self.assumptions, self.policy.reading)
        return reading.decide(header.trim(referer)).reason.allows == decided.reason.allows
