"""Runs the rules of the linter over a configuration and its plan.

The plan says what to change and what to ask, and the linter says what is wrong there. So each
change and each question of the plan is an error or a warning, and everything else is a note.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration, header
from oss_referer.engine.policy import MAX_EXAMINED
from oss_referer.lint import matching, spelling, together
from oss_referer.lint.finding import Evidence, Finding, Severity, Suspicion
from oss_referer.lint.rule import LintRule
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import LISTS, EntryPlace, Plan, Wish, plan
from oss_referer.remarks import RemarkKind
from oss_referer.search.sent import read_sent

RULES = tuple(
    one
    for module in (spelling, matching, together)
    for one in vars(module).values()
    if isinstance(one, LintRule)
)
"""All rules of the linter, in the order in which they run."""

KINDS = tuple(
    RemarkKind(id=rule.name, title=rule.title, page=rule.page, severity=rule.severity)
    for rule in RULES
)
"""A kind for each rule of the linter."""

_BEYOND = tuple(rule for rule in RULES if rule.name == "too-large")
"""The only rule for lists with more than MAX_EXAMINED bytes; `accepted` does not apply to it."""


@dataclass(frozen=True, slots=True)
class Linted:
    """A plan, and the findings about it."""

    plan: Plan
    found: tuple[Finding, ...]
    """The most severe first."""

    def correct(self, *, unsafe: bool = False) -> RefererConfiguration:
        """Return the rules after the safe changes; with `unsafe`, also the first answers."""
        chosen = {id(item.line) for item in self.found}
        lines = (line for line in self.plan.lines if id(line) in chosen)
        return self.plan.answer(first=unsafe, lines=lines)


def lint(
    configuration: RefererConfiguration,
    rules: Iterable[LintRule] = RULES,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
    *,
    sites: Sequence[str] = (),
    meant: Collection[str] = (),
) -> Linted:
    """Lint a configuration, and return the findings with their plan.

    `sites` are the owner's sites, such as `https://www.example.com` and `*.example.org`; by default
    the sites that the entries name. `meant` are entries that are meant as they are, and so are
    those about which rules named in `accepted` find something. For lists with more than
    MAX_EXAMINED bytes, only the size is checked. Raises WishError for `sites` that are not sites.
    """
    chosen = tuple(rules)
    if configuration.size > MAX_EXAMINED:
        chosen, accepted = _BEYOND, ()
    wish = Wish(tuple(sites), meant=frozenset(meant))
    planned = plan(configuration, wish, assumptions)
    found = _find(planned, chosen, assumptions)
    if accepted:
        more = {item.place.entry for item in found if item.place and item.rule in accepted}
        planned = plan(configuration, replace(wish, meant=wish.meant | more), assumptions)
        left = _find(planned, chosen, assumptions)
        found = [item for item in left if item.rule not in accepted]
    return Linted(planned, tuple(sorted(found, key=_rank)))


@dataclass(frozen=True, slots=True)
class Fixed:
    """Corrected rules, with the findings before and after."""

    configuration: RefererConfiguration
    left: tuple[Finding, ...]
    """The findings on the corrected rules."""
    found: tuple[Finding, ...]
    """The findings on the original rules."""
    unsafe: tuple[Finding, ...] = ()
    """The findings whose question was answered."""


def fix(
    configuration: RefererConfiguration,
    assumptions: Assumptions = DEFAULT,
    accepted: Collection[str] = (),
    *,
    unsafe: bool = False,
    sites: Sequence[str] = (),
    meant: Collection[str] = (),
) -> Fixed:
    """Make the safe changes of the plan; with `unsafe`, also give the first answers."""
    first = lint(configuration, RULES, assumptions, accepted, sites=sites, meant=meant)
    after = first.correct(unsafe=unsafe)
    risky = (item for item in first.found if unsafe and not item.is_safe and item.change)
    left = lint(after, RULES, assumptions, accepted, sites=sites, meant=meant)
    return Fixed(after, left.found, first.found, tuple(risky))


_ORDER = tuple(Severity)


def _rank(finding: Finding) -> tuple[int, int, int]:
    place = finding.place
    where = (LISTS.index(place.list), place.position) if place else (-1, -1)
    return (_ORDER.index(finding.severity), *where)


def _find(planned: Plan, rules: Sequence[LintRule], assumptions: Assumptions) -> list[Finding]:
    """Return a finding for each line of the plan that is open, and notes."""
    subject = Subject(planned, assumptions)
    examining = [rule for rule in rules if rule.examine is not None]
    found: list[Finding] = []
    for entry in subject.entries:
        line = subject.lines.get(entry.place)
        if line is not None and not line.is_twin:
            found += _examine(entry, subject, examining)
    for rule in rules:
        for suspicion in rule.suspect(subject) if rule.suspect else ():
            found += _confirm(rule, suspicion, subject, suspicion.place)
    return found


def _examine(entry: LintedEntry, subject: Subject, rules: Iterable[LintRule]) -> Iterator[Finding]:
    """Yield the first finding about an entry."""
    for rule in rules:
        suspicion = rule.examine(entry, subject) if rule.examine else None
        for finding in _confirm(rule, suspicion, subject, entry.place) if suspicion else ():
            yield finding
            return


def _confirm(
    rule: LintRule, suspicion: Suspicion, subject: Subject, place: EntryPlace | None
) -> Iterator[Finding]:
    """Yield the finding of a suspicion that the engine confirms."""
    if suspicion.is_dead and place is not None and not subject.is_dead(place.entry):
        return
    shown = (one for one in suspicion.referers if _may_show(suspicion, one))
    referer = next((one for one in shown if subject.holds(suspicion.evidence, one, place)), _NONE)
    if referer is _NONE:
        return
    line = subject.take(suspicion.line or subject.find_line(place, rule.name))
    severity = Severity.NOTE if line is None else rule.severity
    if line is not None and severity is Severity.NOTE:
        severity = Severity.WARNING
    if place is not None:
        subject.reported.add(place)
    yield Finding(
        rule=rule.name,
        severity=severity,
        reason=suspicion.reason,
        evidence=suspicion.evidence,
        referer=referer,
        decision_reason=subject.decide(referer).reason,
        place=place,
        line=line,
        common=rule.common,
    )


_NONE: Final = "\n"
"""No Referer: no header contains a line end."""


def _may_show(suspicion: Suspicion, referer: str | None) -> bool:
    """Return whether a Referer may be evidence: a header must be able to carry it.

    As evidence of a verdict, it must be a Referer that browsers send (B-02).
    """
    if referer is None:
        return True
    is_verdict = suspicion.evidence in (Evidence.ALLOWED, Evidence.DENIED)
    return read_sent(referer) is not None if is_verdict else header.is_sendable(referer)
