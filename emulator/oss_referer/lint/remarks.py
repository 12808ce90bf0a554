"""Findings as remarks: each in one line, with its place."""

from collections.abc import Iterable, Iterator, Mapping

from oss_referer.engine.decision import Stage
from oss_referer.findings import Remark, RemarkKind
from oss_referer.sources.places import Place

from .finding import Finding
from .rule import RULES

KINDS = tuple(RemarkKind(rule.name, rule.title, rule.page, rule.severity) for rule in RULES)
"""A kind for each rule of the linter."""


def remark(
    found: Iterable[Finding], source: str, places: Mapping[tuple[Stage, int], Place]
) -> Iterator[Remark]:
    """Yield a remark for each finding, or one that nothing is wrong."""
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
    correction = finding.correction
    entry = f"{finding.place.entry.strip() or 'a blank entry'}: " if finding.place else ""
    shown = "A request without a Referer" if finding.referer is None else finding.referer
    steps = [
        f"write {', '.join(correction.instead)}" if correction.instead else "",
        "leave it out" if correction.instead == () else "",
        f"add {', '.join(correction.whitelist)}" if correction.whitelist else "",
        f"add {', '.join(correction.blacklist)} to the blacklist" if correction.blacklist else "",
        _switch(finding),
        correction.decide,
    ]
    advice = "; ".join(filter(None, steps))
    ending = f" To correct it: {advice}." if advice else ""
    risk = f" Not safe: {finding.risk}" if finding.risk else ""
    return f"{entry}{finding.reason} {shown} {finding.evidence}.{ending}{risk}"


def _switch(finding: Finding) -> str:
    if finding.correction.switch is None:
        return ""
    switch, value = finding.correction.switch
    return f"set {switch.element} {str(value).lower()}"
