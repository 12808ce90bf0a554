"""Findings of the linter, the suspicions behind them, and findings as remarks in one line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Reason, Sentence, Stage
from oss_referer.engine.header import is_sendable
from oss_referer.lint.risk import Risk
from oss_referer.remarks import Remark
from oss_referer.remarks import Severity as Severity
from oss_referer.search.entry import example
from oss_referer.sources.places import Place

NOTHING = Sentence("")
"""The owner has nothing to decide."""

LEAVE_OUT = Sentence("correct it, or leave it out")


class Evidence(StrEnum):
    """The claim of a finding about its Referer."""

    ALLOWED = "is allowed"
    DENIED = "is denied"
    UNMATCHED = "is not matched by this entry"
    UNCHANGED = "gets the same decision without this entry"
    ASSUMED = "is decided by an assumption"


class Switch(StrEnum):
    """A switch that a correction may set, by the name of its field in RefererConfiguration."""

    ALLOW_TRUNCATE_QUERY_STRING = "allow_truncate_query_string"
    TRUNCATE_PATH = "truncate_path"

    @property
    def element(self) -> str:
        """The name of its element in XML."""
        return "".join(word.capitalize() for word in self.value.split("_"))


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry in its list."""

    list: Stage
    """Stage.WHITELIST or Stage.BLACKLIST."""
    position: int
    """The position in the list, from 0."""
    entry: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A proposed correction. Without one, `decide` says what only the owner can decide."""

    instead: tuple[str, ...] | None = None
    """The entries that replace the wrong one; an empty tuple removes it."""
    whitelist: tuple[str, ...] = ()
    """Entries to add to the whitelist."""
    blacklist: tuple[str, ...] = ()
    """Entries to add to the blacklist."""
    switch: tuple[Switch, bool] | None = None
    """A switch to set, and its value."""
    decide: Sentence = NOTHING
    risk: Risk | None = None
    """A risk that the rule knows and only a person can accept; None without a known risk."""

    @property
    def changes(self) -> bool:
        return self.instead is not None or bool(self.whitelist or self.blacklist or self.switch)

    def added(self, stage: Stage) -> tuple[str, ...]:
        """Return the entries to add to a list."""
        return self.whitelist if stage is Stage.WHITELIST else self.blacklist


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A problem that a rule suspects; it becomes a finding if the engine confirms it."""

    evidence: Evidence
    referers: tuple[str | None, ...]
    """The Referers to try, the clearest first; None is a request without a Referer."""
    reason: Sentence
    correction: Correction = Correction()
    place: EntryPlace | None = None
    """For `suspect` functions: the entry; None for the rules as a whole."""
    is_dead: bool = False
    """Whether the rule claims that no Referer of a browser matches; a search must confirm it."""
    severity: Severity | None = None
    """The severity; None for that of the rule."""

    @classmethod
    def unmatched(cls, corrected: str, reason: Sentence, risk: Risk | None = None) -> Self:
        """Suspect that an entry does not match a page that the corrected entry matches.

        If `corrected` is "", the owner decides what to do with the entry.
        """
        if corrected:
            page, correction = example(corrected), Correction((corrected,), risk=risk)
            page = page if is_sendable(page) else STRANGER
        else:
            page, correction = STRANGER, Correction(decide=LEAVE_OUT)
        return cls(Evidence.UNMATCHED, (page,), reason, correction)


Suspicions = Iterator[Suspicion]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, the Referer that shows it, and a correction."""

    rule: str
    severity: Severity
    reason: Sentence
    evidence: Evidence
    referer: str | None
    decision_reason: Reason
    """Why all rules together allow or deny that Referer."""
    correction: Correction
    place: EntryPlace | None
    safe: Correction | None = None
    """The safe part of the correction; None if no part is safe."""
    risk: Risk | None = None
    """Why the correction is not safe; None if it is."""
    rare: tuple[Sentence, ...] = ()
    """Effects of a safe correction on pages that send their whole URL, or on other ports."""
    also: tuple[str, ...] = ()
    """The later rules of the linter that contributed to the correction."""
    common: bool = False
    """Whether the finding applies to nearly every configuration."""

    @property
    def is_safe(self) -> bool:
        """Whether the whole correction is safe."""
        return self.correction.changes and not self.risk

    @property
    def decide(self) -> Sentence:
        """The decision that is left to the owner, or the risk to accept; "" without any."""
        return self.correction.decide or (self.risk.said if self.risk else NOTHING)

    def to_dict(self, line: int | None = None) -> dict[str, object]:
        """Return the finding as values for JSON; `line` is the line of its entry in a file."""
        place, correction = self.place, self.correction
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
            "instead": correction.instead,
            "add": correction.whitelist,
            "add_to_blacklist": correction.blacklist,
            "set": {switch[0].element: switch[1]} if (switch := correction.switch) else {},
            "decide": self.decide or None,
            "safe": self.is_safe if correction.changes else None,
            "rare": self.rare,
            "also": self.also,
            "common": self.common,
        }


def group(found: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Group the findings of a rule that differ only in their entries."""
    causes: dict[object, list[Finding]] = {}
    for item in found:
        said = (item.reason.template, item.decide.template, item.is_safe, item.correction.changes)
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
    correction, switch = finding.correction, finding.correction.switch
    entry = f"{finding.place.entry.strip() or 'a blank entry'}: " if finding.place else ""
    shown = "A request without a Referer" if finding.referer is None else finding.referer
    steps = [
        f"write {', '.join(correction.instead)}" if correction.instead else "",
        "leave it out" if correction.instead == () else "",
        f"add {', '.join(correction.whitelist)}" if correction.whitelist else "",
        f"add {', '.join(correction.blacklist)} to the blacklist" if correction.blacklist else "",
        f"set {switch[0].element} {str(switch[1]).lower()}" if switch else "",
        correction.decide,
    ]
    advice = "; ".join(filter(None, steps))
    ending = f" To correct it: {advice}." if advice else ""
    risk = f" Not safe: {finding.risk.said}" if finding.risk else ""
    return f"{entry}{finding.reason} {shown} {finding.evidence}.{ending}{risk}"
