"""Runs the rules of the linter over a configuration: once, or until all is corrected."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    GramIndex,
    RefererConfiguration,
    Sentence,
    Stage,
    header,
)
from oss_referer.engine.policy import MAX_EXAMINED
from oss_referer.lint.correcting import UNPROVED_TOGETHER, Assessor, apply, complete, follow
from oss_referer.lint.finding import Correction, EntryPlace, Evidence, Finding, Severity, Suspicion
from oss_referer.lint.rule import RULES, LintRule
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import example, is_blank, parse_entry
from oss_referer.search.sent import read_sent

_BEYOND = tuple(rule for rule in RULES if rule.name == "too-large")
"""The only rule for lists with more than MAX_EXAMINED bytes; `accepted` does not apply to it."""

ROUNDS = 3
"""The most rounds of corrections."""

_LAST = Sentence(
    "write the sites to allow: without this entry the whitelist is empty, which allows everybody"
)


def run(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
    *,
    sites: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Lint a configuration and return the findings, the most severe first.

    `sites` are the owner's sites, such as `https://www.example.com` and `*.example.org`, and `http://`
    stands for both schemes; by default the sites that the entries name.

    Rules named in `accepted` find nothing. If such a rule would ask the owner to decide about an
    entry, all rules accept the entry. For lists with more than MAX_EXAMINED bytes, only the size is
    checked.
    """
    return _run(configuration, tuple(rules), assumptions, accepted, sites)[0]


def _run(
    configuration: RefererConfiguration,
    rules: Sequence[LintRule],
    assumptions: Assumptions,
    accepted: Collection[str],
    sites: Sequence[str],
) -> tuple[tuple[Finding, ...], Assessor]:
    """Lint a configuration, and return the findings with the assessor of their corrections."""
    subject = Subject(configuration, assumptions)
    if configuration.size > MAX_EXAMINED:
        rules, accepted = _BEYOND, ()
    if accepted:
        for item in _find(Subject(configuration, assumptions), rules):
            if item.place is not None and item.rule in accepted and item.correction.decide:
                subject.reported.add(item.place)
        rules = tuple(rule for rule in rules if rule.name not in accepted)
    found = _find(subject, rules)
    assessor = Assessor(subject, found, sites)
    return tuple(sorted(map(assessor.assess, found), key=_rank)), assessor


def _find(subject: Subject, rules: Sequence[LintRule]) -> list[Finding]:
    """Return the findings before their corrections are assessed."""
    examining = [rule for rule in rules if rule.examine is not None]
    found: list[Finding] = []
    for entry in subject.entries if examining else ():
        if entry.place not in subject.reported:
            found += _examine(entry, subject, examining)
    subject.reported.update(item.place for item in found if item.place)
    for rule in rules:
        for finding in _suspect(rule, subject):
            found.append(complete(finding, subject, examining))
            if finding.place is not None:
                subject.reported.add(finding.place)
    return list(_keep_whitelist(subject, list(_let_named_sites_in(subject, found))))


@dataclass(frozen=True, slots=True)
class Fixed:
    """Corrected rules, with the findings before and after."""

    configuration: RefererConfiguration
    left: tuple[Finding, ...]
    """The findings on the corrected rules."""
    found: tuple[Finding, ...]
    """The findings on the original rules."""
    unsafe: tuple[Finding, ...] = ()
    """The findings with an unsafe correction that was applied."""


def fix(
    configuration: RefererConfiguration,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
    *,
    unsafe: bool = False,
    sites: Sequence[str] = (),
    meant: Callable[[Finding], bool] = lambda _: True,
) -> Fixed:
    """Apply the safe corrections, or with `unsafe` all, and lint again, until none is left.

    Only findings for which `meant` returns True are corrected.
    """
    before, first = _run(configuration, RULES, assumptions, accepted, sites)
    found, rounds = before, 0
    risky: list[Finding] = []
    while True:
        chosen = [*filter(meant, found)]
        after = (
            follow(configuration, chosen, unsafe=True)
            if unsafe
            else first.follow(configuration, chosen)
        )
        if rounds == ROUNDS or after == configuration:
            break
        risky += [item for item in chosen if unsafe and item.correction.changes and item.risk]
        configuration, rounds = after, rounds + 1
        found, _ = _run(configuration, RULES, assumptions, accepted, sites)
    left = (  # a safe correction that was not applied is not proved together with the others
        item if item.safe is None else replace(item, safe=None, risk=UNPROVED_TOGETHER)
        for item in found
    )
    return Fixed(configuration, tuple(left), before, tuple(risky))


def _rank(finding: Finding) -> tuple[int, int, int]:
    """Return a sort key: the severity, then the whitelist, the blacklist and the switches."""
    place = finding.place
    number = 0 if place is None else place.position
    after = 2 if place is None else int(place.list is Stage.BLACKLIST)
    return list(Severity).index(finding.severity), after, number


def _examine(entry: LintedEntry, subject: Subject, rules: Sequence[LintRule]) -> Iterator[Finding]:
    """Yield the first finding about an entry, if any."""
    for number, rule in enumerate(rules, 1):
        suspicion = rule.examine(entry, subject) if rule.examine else None
        finding = _confirm(rule, suspicion, subject, entry.place) if suspicion else None
        if finding is not None:
            yield complete(finding, subject, rules[number:])
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
    if suspicion.is_dead and place is not None and not subject.is_dead(place.entry):
        return None
    for referer in suspicion.referers:
        if place is not None and not _may_show(suspicion.evidence, referer):
            continue
        if subject.holds(suspicion.evidence, referer, place):
            return Finding(
                rule=rule.name,
                severity=suspicion.severity or rule.severity,
                reason=suspicion.reason,
                evidence=suspicion.evidence,
                referer=referer,
                decision_reason=subject.decide(referer).reason,
                correction=suspicion.correction,
                place=place,
                common=rule.common,
            )
    return None


def _may_show(evidence: Evidence, referer: str | None) -> bool:
    """Return whether a Referer may be evidence: a header must be able to carry it.

    As evidence of a verdict, it must be a Referer that browsers send (B-02).
    """
    if referer is None:
        return True
    is_verdict = evidence in (Evidence.ALLOWED, Evidence.DENIED)
    return read_sent(referer) is not None if is_verdict else header.is_sendable(referer)


# Corrections that would go too far


def _let_named_sites_in(subject: Subject, found: Sequence[Finding]) -> Iterator[Finding]:
    """Remove from the corrections each blacklist entry that would deny a site of the whitelist."""
    written = set(subject.configuration.blacklist)
    added = [
        text
        for item in found
        if item.place is not None and item.place.list is Stage.BLACKLIST
        for text in item.correction.instead or ()
    ]
    filed = GramIndex(parse_entry(text) for text in added if text not in written)
    whole = [(item.place, item.correction) for item in found]
    denied = set()
    for text in apply(subject.configuration, whole).whitelist if filed.patterns else ():
        page = "" if is_blank(text) else example(text)
        for entry in filed.candidates(page) if page else ():
            if entry.matches(page) and subject.covers([entry], parse_entry(text)):
                denied.add(entry.text)
    for item in found:
        instead = item.correction.instead
        if item.place is None or item.place.list is Stage.WHITELIST or not instead:
            yield item
        else:
            yield replace(
                item,
                correction=_leave_out(denied, item.correction),
                safe=item.safe and _leave_out(denied, item.safe),
            )


def _leave_out(denied: Collection[str], correction: Correction) -> Correction:
    kept = tuple(text for text in correction.instead or () if text not in denied)
    return replace(correction, instead=kept)


def _keep_whitelist(subject: Subject, found: Sequence[Finding]) -> Iterator[Finding]:
    """Leave the last entry of a whitelist to the owner: an empty whitelist allows everybody."""
    left = apply(subject.configuration, [(item.place, item.correction) for item in found]).whitelist
    opens = subject.has_whitelist and all(map(is_blank, left))
    for item in found:
        place = item.place
        is_white = place and place.list is Stage.WHITELIST and not is_blank(place.entry)
        if opens and is_white and item.correction.instead is not None:
            yield replace(item, correction=Correction(decide=_LAST), safe=None)
        else:
            yield item
