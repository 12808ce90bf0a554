"""Findings of the linter, the suspicions behind them, and findings as remarks in one line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from oss_referer.engine import Reason, Sentence, Stage
from oss_referer.plan import Change, EntryPlace, Line
from oss_referer.plan.changes import NO_CHANGE
from oss_referer.plan.reading import UNSAID
from oss_referer.remarks import Remark
from oss_referer.remarks import Severity as Severity
from oss_referer.sources.places import Place


class Evidence(StrEnum):
    """The claim of a finding about its Referer."""

    ALLOWED = "is allowed"
    DENIED = "is denied"
    UNMATCHED = "is not matched by this entry"
    UNCHANGED = "gets the same decision without this entry"
    ASSUMED = "is decided by an assumption"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A problem that a rule suspects; it becomes a finding if the engine confirms it."""

    evidence: Evidence
    referers: tuple[str | None, ...]
    """The Referers to try, the clearest first; None is a request without a Referer."""
    reason: Sentence
    place: EntryPlace | None = None
    """For `suspect` functions: the entry; None for the rules as a whole."""
    is_dead: bool = False
    """Whether the rule claims that no Referer of a browser matches; a search must confirm it."""
    line: Line | None = None
    """The line of the plan that it explains; None for that of the entry or of the rule."""


Suspicions = Iterator[Suspicion]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, the Referer that shows it, and what the plan does about it."""

    rule: str
    severity: Severity
    reason: Sentence
    evidence: Evidence
    referer: str | None
    decision_reason: Reason
    """Why all rules together allow or deny that Referer."""
    place: EntryPlace | None
    line: Line | None = None
    """The line of the plan; None if the plan neither changes nor asks anything."""
    common: bool = False
    """Whether the finding applies to nearly every configuration."""

    @property
    def change(self) -> Change:
        """The safe change, or else the first answer to the question."""
        if self.line is None:
            return NO_CHANGE
        options = self.line.options
        return options[0].change if options else self.line.change

    @property
    def is_safe(self) -> bool:
        return self.line is not None and bool(self.line.change)

    @property
    def decide(self) -> Sentence:
        """The question that is left to the owner; "" without one."""
        return self.line.question if self.line else UNSAID

    def to_dict(self, line: int | None = None) -> dict[str, object]:
        """Return the finding as values for JSON; `line` is the line of its entry in a file."""
        place, change = self.place, self.change
        options = self.line.options if self.line else ()
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "list": place.list.value if place else None,
            "position": place.position if place else None,
            "entry": place.entry if place else None,
            "line": line,
            "reason": self.reason,
            "referer": self.referer,
            "claim": self.evidence.value,
            "allowed": self.decision_reason.allows,
            "ec": self.decision_reason.ec,
            **change.to_dict(),
            "decide": self.decide or None,
            "options": [{"said": one.said, **one.change.to_dict()} for one in options],
            "safe": self.is_safe if change else None,
            "common": self.common,
        }


def group_alike(found: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Group the findings of a rule that differ only in their entries."""
    causes: dict[object, list[Finding]] = {}
    for item in found:
        said = (item.reason.template, item.decide.template, item.is_safe, bool(item.change))
        place = item.place.list if item.place else item.rule
        causes.setdefault((item.rule, item.severity, place, said), []).append(item)
    return tuple(map(tuple, causes.values()))


def remark(
    found: Iterable[Finding], source: str, places: Mapping[tuple[Stage, int], Place]
) -> Iterator[Remark]:
    """Yield a remark for each finding, or a single remark without a severity if there is none."""
    empty = True
    for item in found:
        empty = False
        place = item.place
        name = f"{place.list.value}[{place.position}]" if place else "rules"
        yield Remark(
            source=source,
            kind=item.rule,
            group=item.rule,
            name=f"{name}: {place.entry}" if place else name,
            severity=item.severity,
            message=describe(item),
            place=places.get((place.list, place.position), (1, 1)) if place else (1, 1),
            entry=name,
        )
    if empty:
        yield Remark(source=source, kind="lint", group="lint", name="rules")


def describe(finding: Finding) -> str:
    """Describe a finding in one line: what is wrong, what shows it, what to do."""
    change, switch = finding.change, finding.change.switch
    entry = f"{finding.place.entry.strip() or 'a blank entry'}: " if finding.place else ""
    shown = "A request without a Referer" if finding.referer is None else finding.referer
    steps = [
        f"write {', '.join(change.instead)}" if change.instead else "",
        "leave it out" if change.instead == () else "",
        f"add {', '.join(change.whitelist)}" if change.whitelist else "",
        f"add {', '.join(change.blacklist)} to the blacklist" if change.blacklist else "",
        f"set {switch[0].element} {str(switch[1]).lower()}" if switch else "",
    ]
    advice = "; ".join(filter(None, steps))
    ending = f" To correct it: {advice}." if advice and finding.is_safe else ""
    question = f" {finding.decide}" if finding.decide else ""
    answer = f" One answer: {advice}." if advice and not finding.is_safe else ""
    return f"{entry}{finding.reason} {shown} {finding.evidence}.{ending}{question}{answer}"
