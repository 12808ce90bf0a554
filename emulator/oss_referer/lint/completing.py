"""Completing a correction: the corrected entry goes through all further rules of the linter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from oss_referer.engine.sentence import Sentence
from oss_referer.search.entry import is_blank

from .finding import NOTHING, EntryPlace, Finding
from .rule import LintRule
from .subject import LintedEntry, Subject


@dataclass(frozen=True, slots=True)
class _Corrected:
    """What an entry becomes."""

    entries: tuple[str, ...]
    blacklist: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """The rules that changed it."""
    risk: Sentence = NOTHING
    """The risk of one of these changes, if a rule knows one."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """The correction of one entry by rule after rule."""

    place: EntryPlace
    subject: Subject
    careful: bool
    """Whether it ends before a change that is known to be a risk."""

    def correct(self, text: str, rules: Sequence[LintRule], given: frozenset[str]) -> _Corrected:
        """Correct an entry by the rules, and name those that add to the `given` entries."""
        if is_blank(text):
            return _Corrected(())
        entry = LintedEntry.read(self.place, text)
        for number, rule in enumerate(rules, 1):
            suspicion = rule.examine(entry, self.subject) if rule.examine else None
            if suspicion is None or (suspicion.is_dead and not self.subject.is_dead(entry.text)):
                continue
            instead, risk = suspicion.correction.instead, suspicion.correction.risk
            if instead is None or (self.careful and risk):
                break  # only the owner can go on
            results = self.correct_all(instead, rules[number:], given)
            named = () if given.issuperset(instead) and instead else (rule.name,)
            return _Corrected(
                results.entries,
                _union([suspicion.correction.blacklist, results.blacklist]),
                _union([named, results.rules]),
                risk or results.risk,
            )
        return _Corrected((entry.text,))

    def correct_all(
        self, texts: tuple[str, ...], rules: Sequence[LintRule], given: frozenset[str]
    ) -> _Corrected:
        """Correct the entries that replace one."""
        results = [self.correct(text, rules, given | {*texts}) for text in texts]
        return _Corrected(
            _union(item.entries for item in results),
            _union(item.blacklist for item in results),
            _union(item.rules for item in results),
            next((item.risk for item in results if item.risk), NOTHING),
        )


def complete(finding: Finding, subject: Subject, rules: Sequence[LintRule]) -> Finding:
    """Return a finding whose corrected entries break none of the further rules.

    Its `safe` correction goes only as far as no rule knows a risk; it is not proved yet.
    """
    correction, place = finding.correction, finding.place
    if correction.instead is None or place is None:
        return replace(finding, safe=None if correction.risk else correction)
    whole, careful = (
        _Chain(place, subject, is_careful).correct_all(correction.instead, rules, frozenset())
        for is_careful in (False, True)
    )
    written = [
        replace(
            correction,
            instead=item.entries,
            blacklist=_union([correction.blacklist, item.blacklist]),
            risk=correction.risk or item.risk,
        )
        for item in (whole, careful)
    ]
    return replace(
        finding,
        correction=written[0],
        safe=None if correction.risk else written[1],
        also=whole.rules,
    )


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))
