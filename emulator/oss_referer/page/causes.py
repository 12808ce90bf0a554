"""The causes of findings, as a page shows them, each with the consequence of its fix."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from oss_referer import lint
from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration, RefererPolicy, Stage
from oss_referer.lint import Finding
from oss_referer.lint.risk import WIDENS, RiskKind
from oss_referer.search.entry import example


class Cause(NamedTuple):
    """Findings of one rule of the linter that differ only in their entries."""

    letter: str
    """The letter that marks its lines; "" for a cause that applies to nearly all rules."""
    findings: Sequence[Finding]
    line: int = 0
    """The line of the whitelist that already lets the site in; 0 without one."""

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def is_safe(self) -> bool:
        return self.first.is_safe

    @property
    def consequence(self) -> str:
        """The consequence of the fix, as the name of a text."""
        risk, place = self.first.risk, self.first.place
        if self.is_safe:
            return "locks-out-nobody"
        if self.line:
            return "open-already"
        if risk is WIDENS and not (place and place.list is Stage.WHITELIST):
            return RiskKind.LOCKS_OUT
        return risk.kind if risk else RiskKind.CHOICE

    def names(self) -> dict[str, Any]:
        """Return the values that identify the cause in a later request."""
        place = self.first.place
        return {
            "rule": self.first.rule,
            "list": place.list.value if place else None,
            "entry": place.entry if place else None,
        }


def find(
    rules: RefererConfiguration,
    assumptions: Assumptions = DEFAULT,
    *,
    sites: Sequence[str] = (),
    accepted: Sequence[str] = (),
) -> tuple[Cause, ...]:
    """Lint rules and group the findings, with letters; causes of nearly all rules come last."""
    found = lint.run(rules, assumptions=assumptions, sites=sites, accepted=accepted)
    policy = RefererPolicy.compile(rules, assumptions)
    groups = sorted(lint.group(found), key=lambda cause: cause[0].common)
    return tuple(
        Cause(
            "" if group[0].common else _letter(number),
            group,
            _find_open(group, rules.whitelist, policy),
        )
        for number, group in enumerate(groups)
    )


def _letter(number: int) -> str:
    """Return A to Z, then A2 to Z2 and so on."""
    turn, place = divmod(number, 26)
    return f"{chr(ord('A') + place)}{turn + 1 if turn else ''}"


def _find_open(found: Sequence[Finding], white: Sequence[str], policy: RefererPolicy) -> int:
    """Return a line of the whitelist that already lets in the whole site; 0 without one."""
    lines = []
    for item in found:
        place = item.place
        if item.risk is not WIDENS or place is None or place.list is Stage.BLACKLIST:
            return 0
        pages = [example(text) for text in item.correction.instead or ()]
        entries = [policy.decide(page).entry for page in pages if policy.allows(page)]
        others = [white.index(one) + 1 for one in entries if one in white and one != place.entry]
        if not others or len(others) < len(pages):
            return 0
        lines.append(others[0])
    return lines[0]
