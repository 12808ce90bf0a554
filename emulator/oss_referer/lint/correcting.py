"""Corrections of entries: completes them by all later rules, assesses their risks, applies them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from oss_referer.engine import DEFAULT, RefererConfiguration, RefererPolicy, Sentence, Stage
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.lint import joined, risk
from oss_referer.lint.finding import Correction, EntryPlace, Finding, Severity
from oss_referer.lint.risk import (
    GUESS,
    EditedRules,
    EntryEdit,
    NamedSites,
    Risk,
    Sites,
    find_names,
    read_host,
)
from oss_referer.lint.rule import LintRule
from oss_referer.lint.subject import LISTS, LintedEntry, Subject
from oss_referer.search.automaton import Budget, SearchedEntry
from oss_referer.search.entry import Parts, is_blank
from oss_referer.search.url import DEFAULT_PORTS

PlacedCorrection = tuple[EntryPlace | None, Correction]
"""A correction, and its entry; None for a correction of the rules as a whole."""


def follow(
    configuration: RefererConfiguration, found: Iterable[Finding], *, unsafe: bool = False
) -> RefererConfiguration:
    """Return a configuration with the safe corrections of some findings, or with all of them."""
    placed = ((item.place, item.correction if unsafe else item.safe) for item in found)
    return apply(configuration, [(place, one) for place, one in placed if one is not None])


def apply(
    configuration: RefererConfiguration, corrections: Iterable[PlacedCorrection]
) -> RefererConfiguration:
    """Return a configuration with some corrections, safe or not."""
    placed = tuple(corrections)
    changes: dict[str, Any] = {
        correction.switch[0].value: correction.switch[1]
        for _, correction in placed
        if correction.switch
    }
    for stage in LISTS:
        instead = {
            place.position: correction.instead
            for place, correction in placed
            if place and place.list is stage and correction.instead is not None
        }
        added = [text for _, correction in placed for text in correction.added(stage)]
        entries = getattr(configuration, stage.value)
        changes[stage.value] = tuple(_replace(entries, instead, added))
    return replace(configuration, **changes)


def _replace(
    entries: tuple[str, ...], instead: Mapping[int, tuple[str, ...]], added: Iterable[str]
) -> Iterator[str]:
    """Yield the corrected entries of a list. Corrections add no duplicates."""
    present = {text for position, text in enumerate(entries) if position not in instead}
    for position, text in enumerate(entries):
        if position not in instead:
            yield text
            continue
        for new in instead[position]:
            if new not in present:
                present.add(new)
                yield new
    yield from (new for new in dict.fromkeys(added) if new not in present)


@dataclass(frozen=True, slots=True)
class _Corrected:
    entries: tuple[str, ...]
    blacklist: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """The rules that changed the entry."""
    risk: Risk | None = None
    """The first risk of these changes that a rule knows."""
    error: Risk | None = None
    """An error that the correction leaves in an entry."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """Corrects one entry by rule after rule."""

    place: EntryPlace
    subject: Subject
    careful: bool
    """Whether the correction stops before a change with a known risk."""

    def correct(self, text: str, rules: Sequence[LintRule], given: frozenset[str]) -> _Corrected:
        """Correct an entry by the rules, and name the rules that add to the `given` entries."""
        if is_blank(text):
            return _Corrected(())
        entry = LintedEntry.read(self.place, text)
        for number, rule in enumerate(rules, 1):
            suspicion = rule.examine(entry, self.subject) if rule.examine else None
            if suspicion is None or (suspicion.is_dead and not self.subject.is_dead(entry.text)):
                continue
            instead, risk = suspicion.correction.instead, suspicion.correction.risk
            if instead is None or (self.careful and risk):  # only the owner can continue
                is_error = (suspicion.severity or rule.severity) is Severity.ERROR
                said = Sentence("It leaves another error. {}", suspicion.reason)
                return _Corrected((text,), error=Risk(said) if is_error else None)
            results = self.correct_all(instead, rules[number:], given)
            named = () if given.issuperset(instead) and instead else (rule.name,)
            return _Corrected(
                results.entries,
                _union([suspicion.correction.blacklist, results.blacklist]),
                _union([named, results.rules]),
                risk or results.risk,
                results.error,
            )
        return _Corrected((entry.text,))

    def correct_all(
        self, texts: tuple[str, ...], rules: Sequence[LintRule], given: frozenset[str]
    ) -> _Corrected:
        results = [self.correct(text, rules, given | {*texts}) for text in texts]
        return _Corrected(
            _union(item.entries for item in results),
            _union(item.blacklist for item in results),
            _union(item.rules for item in results),
            next((item.risk for item in results if item.risk), None),
            next((item.error for item in results if item.error), None),
        )


def complete(finding: Finding, subject: Subject, rules: Sequence[LintRule]) -> Finding:
    """Return a finding whose corrected entries break none of the later rules.

    Its `safe` correction stops before a risk that a rule knows, and is None if it would leave an
    error. `Assessor.assess` proves it later.
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
            risk=correction.risk or item.risk or item.error,
        )
        for item in (whole, careful)
    ]
    return replace(
        finding,
        correction=written[0],
        safe=None if written[1].risk else written[1],
        also=whole.rules,
    )


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


UNPROVED_TOGETHER = Risk(
    Sentence("It is not proved to be safe together with the other corrections.")
)

_MAX_STEPS = 1_200_000
"""The most steps of all searches of an assessment."""
_MAX_STEPS_OF_ONE = 300_000
"""The most steps of the searches for one correction."""
_MAX_STEPS_TOGETHER = 6_000_000
"""The most steps of the searches for all corrections together."""
_MAX_STEPS_RARE, _MAX_STEPS_RARE_OF_ONE = 400_000, 40_000
"""The most steps of the searches for rare effects, for all corrections and for one."""


class Assessor:
    """Assesses the corrections of a configuration by the sites that the owner means."""

    def __init__(
        self, subject: Subject, found: Sequence[Finding], sites: Sequence[str] = ()
    ) -> None:
        """Use the sites that the entries name if `sites` is empty."""
        self._subject, self._found, self._sites = subject, found, sites
        self._budget, self._budget_of_rare = Budget(_MAX_STEPS), Budget(_MAX_STEPS_RARE)
        self._bodies = {
            stage: Counter(text.strip(WHITE_SPACE) for text in texts)
            for stage, texts in subject.texts.items()
        }

    @cached_property
    def _named(self) -> NamedSites:
        white, black = (Sites.of(_read(self._subject, stage, self._found)) for stage in LISTS)
        given = Sites.of({site: [_by_both(site)] for site in self._sites}, are_given=True)
        return NamedSites(given if self._sites else white, black)

    @cached_property
    def _own(self) -> risk.OwnPages:
        return risk.OwnPages(self._named.white, self._subject.compiled)

    def assess(self, finding: Finding) -> Finding:
        """Return a finding with the safe part of its correction, its risk and its rare effects."""
        rules, whole, place = self._subject.configuration, finding.correction, finding.place
        if not whole.changes:
            return replace(finding, safe=None)
        edit = self._edit(place, whole)
        found = whole.risk or self._find_risk(place, whole, edit)
        if not found:
            return replace(finding, safe=whole, rare=self._find_rare(edit))
        part = finding.safe
        if part is None or part == whole or apply(rules, [(place, part)]) == rules:
            return replace(finding, safe=None, risk=found)
        is_safe = self._find_risk(place, part, self._edit(place, part)) is None
        return replace(finding, safe=part if is_safe else None, risk=found)

    def follow(
        self, configuration: RefererConfiguration, found: Sequence[Finding]
    ) -> RefererConfiguration:
        """Apply the safe corrections; if they are not safe together, apply as many as are."""
        after = follow(configuration, found)
        if after == configuration or self._compare(after, Budget(_MAX_STEPS_TOGETHER)) is None:
            return after
        budget = Budget(_MAX_STEPS)
        steps: list[PlacedCorrection] = []
        for item in found:
            if item.safe is not None:
                trial = [*steps, (item.place, item.safe)]
                if self._compare(apply(configuration, trial), budget) is None:
                    steps = trial
        return apply(configuration, steps)

    def _find_risk(
        self, place: EntryPlace | None, correction: Correction, edit: EntryEdit | None
    ) -> Risk | None:
        old = self._subject.compiled
        with self._budget.lend(_MAX_STEPS_OF_ONE) as budget:
            if edit is None:
                after = apply(self._subject.configuration, [(place, correction)])
                return self._compare(after, budget)
            new = EditedRules(old, edit)
            return risk.find_risk(old, new, edit, self._named, budget, self._own)

    def _find_rare(self, edit: EntryEdit | None) -> tuple[Sentence, ...]:
        old = self._subject.compiled
        if edit is None or not old.is_searchable:
            return ()
        with self._budget_of_rare.lend(_MAX_STEPS_RARE_OF_ONE) as budget:
            return risk.find_rare(old, EditedRules(old, edit), edit, self._named, budget)

    def _compare(self, after: RefererConfiguration, budget: Budget) -> Risk | None:
        new = RefererPolicy.compile(after, self._subject.assumptions)
        old = self._subject.compiled
        return risk.compare(old, new, self._named, budget, self._own)

    def _edit(self, place: EntryPlace | None, correction: Correction) -> EntryEdit | None:
        """Return the entries that a correction changes; None if only compiled rules show them."""
        subject = self._subject
        if correction.switch or subject.assumptions != DEFAULT or not subject.has_whitelist:
            return None
        out: list[str] = []
        added = {stage: correction.added(stage) for stage in LISTS}
        if place is not None and correction.instead is not None:
            added[place.list] = (*correction.instead, *added[place.list])
            body, bodies = place.entry.strip(WHITE_SPACE), self._bodies[place.list]
            if body and bodies[body] == 1 and body not in correction.instead:
                out.append(body)
                is_last = place.list is Stage.WHITELIST and not bodies.keys() - {"", body}
                if is_last and not correction.instead:
                    return None
        changes = []
        for stage, texts in added.items():
            changes.append(out if place and place.list is stage else ())
            new = (text.strip(WHITE_SPACE) for text in texts)
            changes.append([body for body in new if body and body not in self._bodies[stage]])
        return EntryEdit(*(self._watch(bodies) for bodies in changes))

    def _watch(self, bodies: Iterable[str]) -> tuple[SearchedEntry, ...]:
        return tuple(entry for body in bodies for entry in self._subject.compiled.read(body))


def _by_both(site: str) -> str:
    """Return a site without `http://` at the default port, to mean both schemes (B-07)."""
    return site.removeprefix("http://") if Parts.split(site).port is None else site


def is_site(text: str) -> bool:
    """Return whether a text names a site: a URL, a host, or `*.` with a domain."""
    parts = Parts.split(text)
    host = parts.host.removeprefix("*.")
    named = read_host(parts) if "*" not in host and "?" not in host else None
    is_whole = parts.rest[:1] in ("", "/", "?", "#")  # no user:password@
    return named is not None and is_whole and parts.scheme in (None, *DEFAULT_PORTS)


def read_sites(configuration: RefererConfiguration, found: Iterable[Finding]) -> tuple[str, ...]:
    """Return the sites that the whitelist names after the corrections of the findings."""
    readings = _read(Subject(configuration), Stage.WHITELIST, found)
    schemes: dict[str, set[str]] = {}
    for own in Sites.of(readings).hosts:
        name = f"*.{own.host}" if own.with_sub_domains else own.host
        ports = ("*",) if own.ports is None else sorted(own.ports) or ("",)
        for port in ports:
            schemes.setdefault(f"{name}:{port}" if port else name, set()).update(own.schemes)
    return tuple(
        f"{next(iter(spoken))}://{name}" if len(spoken) == 1 else name
        for name, spoken in schemes.items()
    )


def _read(subject: Subject, stage: Stage, found: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Return the readings of each entry of a list: the entry itself, or its correction."""
    corrected = {
        item.place: item.correction.instead
        for item in found
        if item.place and item.correction.instead and item.correction.risk != GUESS
    }
    readings: dict[str, tuple[str, ...]] = {}
    for place in subject.written:
        if place.list is not stage or is_blank(place.entry):
            continue
        entry = LintedEntry.read(place, place.entry)
        if place in corrected:
            readings[entry.text] = _read_corrected(subject, entry.text, corrected[place])
        elif not entry.is_foreign and (read_host(entry.parts) or not subject.is_dead(entry.text)):
            readings[entry.text] = (entry.text,)
        else:  # it names no host and matches no Referer, such as a placeholder
            for word in joined.split(entry.text):
                if read_host(Parts.split(word)):
                    readings[word] = (word,)
                else:
                    readings.update({name: (f"*.{name}",) for name in find_names(word)})
    return readings


def _read_corrected(subject: Subject, entry: str, corrected: tuple[str, ...]) -> tuple[str, ...]:
    """Return the readings of a corrected entry, which include the entry itself if it matches."""
    if subject.is_dead(entry):
        return corrected
    parts = Parts.split(entry)
    host = read_host(parts)
    if parts.scheme in DEFAULT_PORTS and host is not None:
        others = (text for text in corrected if read_host(Parts.split(text)) != host)
        return (entry, *others)  # one entry may join several
    # The author may have meant the wildcards that a correction removes.
    return (entry, *corrected) if set(parts.host) & set("*?") else corrected
