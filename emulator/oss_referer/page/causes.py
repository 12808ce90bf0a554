"""The causes of what the linter finds, as a page shows them: what each fix does to people."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from oss_referer import lint
from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration, RefererPolicy, Stage
from oss_referer.lint import Finding
from oss_referer.lint.risk import WIDENS, RiskKind
from oss_referer.search.entry import example


class Cause(NamedTuple):
    """Findings in which one rule of the linter says the same of several entries."""

    letter: str
    """Ties it to the marks of its lines; "" for one that nearly all rules have."""
    findings: Sequence[Finding]
    line: int = 0
    """The line of the whitelist that lets the site in already; 0 for none."""

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def is_safe(self) -> bool:
        return self.first.is_safe

    @property
    def consequence(self) -> str:
        """What its fix does to people, as the texts name it."""
        risk, place = self.first.risk, self.first.place
        if self.is_safe:
            return "locks-out-nobody"
        if self.line:
            return "open-already"
        if risk is WIDENS and not (place and place.list is Stage.WHITELIST):
            return RiskKind.LOCKS_OUT
        return risk.kind if risk else RiskKind.CHOICE

    def names(self) -> dict[str, Any]:
        """Return what names it when rules are sent again."""
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
    """Lint rules and group what is found, with letters; what nearly all rules have comes last."""
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
    """Return a line of the whitelist that lets in the whole site already; 0 for none."""
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
