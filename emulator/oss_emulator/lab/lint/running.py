"""Running the rules of the linter over a configuration: once, or until all is corrected."""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from oss_emulator.lab.entry import is_blank, parse_entry
from oss_emulator.lab.parts import example
from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.decision import Stage
from oss_emulator.referer.gram_index import GramIndex
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, EntryPlace, Finding, Severity, Suspicion
from .fixing import follow
from .rule import RULES, LintRule
from .subject import LintedEntry, Subject

MOST = 1_000
"""The number of entries with findings after which a lint ends."""

MOST_FIXED = 800
"""The most entries whose corrections `oss-emulator lint --fix` follows, so that it ends in time."""

ROUNDS = 3
"""The most rounds that corrections take until none is left."""

_LAST = Sentence(
    "write the sites to allow: without this entry the whitelist is empty, which allows everybody"
)


def run(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
    most: int = MOST,
) -> tuple[Finding, ...]:
    """Lint a configuration and return the findings, the most severe first.

    Rules named in `accepted` find nothing. If such a rule would leave an entry for the owner to
    decide, the whole entry is accepted. After `most` entries with findings, no further entry is
    examined by itself.
    """
    subject, rules = Subject(configuration, assumptions), tuple(rules)
    if accepted:
        for item in run(configuration, rules, assumptions, most=most):
            if item.place is not None and item.rule in accepted and item.correction.decide:
                subject.reported.add(item.place)
        rules = tuple(rule for rule in rules if rule.name not in accepted)
    examining = [rule for rule in rules if rule.examine is not None]
    found: list[Finding] = []
    for number, entry in enumerate(subject.entries):
        if len(found) >= most:
            subject.stopped = number
            break
        if entry.place not in subject.reported:
            found += _examine(entry, subject, examining)
    subject.reported.update(item.place for item in found if item.place)
    for rule in rules:
        for finding in _suspect(rule, subject):
            found.append(_complete(finding, subject, examining))
            if finding.place is not None:
                subject.reported.add(finding.place)
    found = list(_keep_closed(subject, list(_keep_open(subject, found))))
    return tuple(sorted(found, key=_rank))


@dataclass(frozen=True, slots=True)
class Fixed:
    """Corrected rules, and what is left for their owner to decide."""

    configuration: RefererConfiguration
    rounds: int
    """How often corrections were followed."""
    left: tuple[Finding, ...]
    """The findings on the corrected rules."""


def fix(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
) -> Fixed:
    """Follow all corrections and lint again, until no correction is left."""
    rules = tuple(rules)
    for rounds in range(ROUNDS + 1):
        found = run(configuration, rules, assumptions, accepted, sys.maxsize)
        if rounds == ROUNDS or not any(item.correction.changes for item in found):
            break
        configuration = follow(configuration, found)
    return Fixed(configuration, rounds, found)


def _rank(finding: Finding) -> tuple[int, int, int]:
    """Order by severity, then the whitelist, the blacklist and the switches."""
    place = finding.place
    number = 0 if place is None else place.position
    after = 2 if place is None else int(place.list is Stage.BLACKLIST)
    return list(Severity).index(finding.severity), after, number


def _examine(entry: LintedEntry, subject: Subject, rules: Sequence[LintRule]) -> Iterator[Finding]:
    """Yield the finding about an entry, if there is one."""
    for number, rule in enumerate(rules, 1):
        suspicion = rule.examine(entry, subject) if rule.examine else None
        finding = _confirm(rule, suspicion, subject, entry.place) if suspicion else None
        if finding is not None:
            yield _complete(finding, subject, rules[number:])
            return


def _suspect(rule: LintRule, subject: Subject) -> Iterator[Finding]:
    for suspicion in rule.suspect(subject) if rule.suspect else ():
        if suspicion.place is None or suspicion.place not in subject.reported:
            finding = _confirm(rule, suspicion, subject, suspicion.place)
            if finding is not None:
                yield finding


def _confirm(
    rule: LintRule, suspicion: Suspicion, subject: Subject, place: EntryPlace | None
) -> Finding | None:
    for referer in suspicion.referers:
        if subject.holds(suspicion.evidence, referer, place):
            return Finding(
                rule.name,
                rule.severity,
                suspicion.reason,
                suspicion.evidence,
                referer,
                outcome=subject.judge(referer).reason,
                correction=suspicion.correction,
                place=place,
                common=rule.common,
            )
    return None


# Complete corrections


@dataclass(frozen=True, slots=True)
class _Corrected:
    """What an entry becomes."""

    entries: tuple[str, ...]
    blacklist: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """The rules that changed it."""


def _complete(finding: Finding, subject: Subject, rules: Sequence[LintRule]) -> Finding:
    """Return a finding whose corrected entries break none of the further rules."""
    correction, place = finding.correction, finding.place
    if correction.instead is None or place is None:
        return finding
    given = frozenset(correction.instead)
    results = [_correct(text, place, subject, rules, given) for text in correction.instead]
    complete = replace(
        correction,
        instead=_union(item.entries for item in results),
        blacklist=_union([correction.blacklist, *(item.blacklist for item in results)]),
    )
    return replace(finding, correction=complete, also=_union(item.rules for item in results))


def _correct(
    text: str, place: EntryPlace, subject: Subject, rules: Sequence[LintRule], given: frozenset[str]
) -> _Corrected:
    """Correct an entry by the rules, and name those that add to the `given` entries."""
    if is_blank(text):
        return _Corrected(())
    entry = LintedEntry.read(place, text)
    for number, rule in enumerate(rules, 1):
        suspicion = rule.examine(entry, subject) if rule.examine else None
        if suspicion is None:
            continue
        instead = suspicion.correction.instead
        if instead is None:
            break  # only the owner can go on
        further = rules[number:]
        results = [_correct(item, place, subject, further, given | {*instead}) for item in instead]
        named = () if given.issuperset(instead) and instead else (rule.name,)
        return _Corrected(
            _union(item.entries for item in results),
            _union([suspicion.correction.blacklist, *(item.blacklist for item in results)]),
            _union([named, *(item.rules for item in results)]),
        )
    return _Corrected((entry.text,))


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


# Corrections that would go too far


def _keep_open(subject: Subject, found: Sequence[Finding]) -> Iterator[Finding]:
    """Remove the corrections that would deny a site that the whitelist names."""
    written = set(subject.configuration.blacklist)
    added = _union(
        item.correction.instead or ()
        for item in found
        if item.place is not None and item.place.list is Stage.BLACKLIST
    )
    filed = GramIndex(parse_entry(text) for text in added if text not in written)
    denied = set()
    for text in follow(subject.configuration, found).whitelist if filed.patterns else ():
        page = "" if is_blank(text) else example(text)
        for entry in filed.candidates(page) if page else ():
            if entry.matches(page) and subject.covers([entry], parse_entry(text)):
                denied.add(entry.text)
    for item in found:
        instead = item.correction.instead
        if item.place is None or item.place.list is Stage.WHITELIST or not instead:
            yield item
        else:
            kept = tuple(text for text in instead if text not in denied)
            yield replace(item, correction=replace(item.correction, instead=kept))


def _keep_closed(subject: Subject, found: Sequence[Finding]) -> Iterator[Finding]:
    """Let the owner decide about the last entry of a whitelist: an empty one allows everybody."""
    opens = subject.has_whitelist and all(
        map(is_blank, follow(subject.configuration, found).whitelist)
    )
    for item in found:
        place = item.place
        is_white = place is not None and place.list is Stage.WHITELIST and not is_blank(place.entry)
        if opens and is_white and item.correction.instead is not None:
            yield replace(item, correction=Correction(decide=_LAST))
        else:
            yield item
