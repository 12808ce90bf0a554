"""The causes of what the linter finds, as a page shows them: what each fix does to people."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from oss_referer import lint
from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration, RefererPolicy, Stage
from oss_referer.lint import Finding
from oss_referer.lint.finding import WIDENS
from oss_referer.lint.risk import UNPROVED
from oss_referer.search.entry import example


class Consequence(StrEnum):
    """What the fix of a cause does."""

    LOCKS_OUT_NOBODY = "locks-out-nobody"
    MAY_LOCK_OUT = "may-lock-out"
    LETS_IN_A_STRANGER = "lets-in-a-stranger"
    OPENS_THE_SITE = "opens-the-site"
    OPEN_ALREADY = "open-already"
    """Another entry lets the whole site in."""
    YOUR_CHOICE = "your-choice"
    NOT_CHECKED_IN_TIME = "not-checked-in-time"


_OF_RISKS: Final[Mapping[str, Consequence]] = {
    UNPROVED.template: Consequence.NOT_CHECKED_IN_TIME,
    WIDENS.template: Consequence.OPENS_THE_SITE,
    "It locks out requests without a Referer.": Consequence.YOUR_CHOICE,
    "It lets in requests without a Referer.": Consequence.YOUR_CHOICE,
}
_OF_BEGINNINGS: Final[Mapping[str, Consequence]] = {
    "It locks out ": Consequence.MAY_LOCK_OUT,
    "It lets in ": Consequence.LETS_IN_A_STRANGER,
}


class Cause(NamedTuple):
    """Findings in which one rule of the linter says the same of several entries."""

    letter: str
    """Ties it to the marks of its lines; "" for one that nearly all rules have."""
    findings: Sequence[Finding]
    consequence: Consequence
    line: int = 0
    """The line of the whitelist that lets the site in already; 0 for none."""

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def is_safe(self) -> bool:
        return self.first.is_safe

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
        _make("" if group[0].common else _letter(number), group, rules, policy)
        for number, group in enumerate(groups)
    )


def _letter(number: int) -> str:
    """Return A to Z, then A2 to Z2 and so on."""
    turn, place = divmod(number, 26)
    return f"{chr(ord('A') + place)}{turn + 1 if turn else ''}"


def _make(
    letter: str, found: Sequence[Finding], rules: RefererConfiguration, policy: RefererPolicy
) -> Cause:
    first = found[0]
    if first.is_safe:
        return Cause(letter, found, Consequence.LOCKS_OUT_NOBODY)
    risk = first.risk.template if first.correction.changes else ""
    begins = (what for begin, what in _OF_BEGINNINGS.items() if risk.startswith(begin))
    consequence = _OF_RISKS.get(risk) or next(begins, Consequence.YOUR_CHOICE)
    if consequence is Consequence.OPENS_THE_SITE:
        if first.place is None or first.place.list is Stage.BLACKLIST:
            return Cause(letter, found, Consequence.MAY_LOCK_OUT)
        lines = [*_find_open(found, rules.whitelist, policy)]
        if all(lines):
            return Cause(letter, found, Consequence.OPEN_ALREADY, lines[0])
    return Cause(letter, found, consequence)


def _find_open(
    found: Sequence[Finding], white: Sequence[str], policy: RefererPolicy
) -> Iterator[int]:
    """Yield for each finding the line that lets in the whole site already, or 0."""
    for item in found:
        pages = [example(text) for text in item.correction.instead or ()]
        entries = [policy.decide(page).entry for page in pages if policy.allows(page)]
        own = item.place.entry if item.place else None
        others = [white.index(one) + 1 for one in entries if one in white and one != own]
        yield others[0] if others and len(others) == len(pages) else 0
