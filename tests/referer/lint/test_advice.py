"""Advice on entries as they are found in the wild, compared with a brute-force search.

No finding is false, rules without findings are right, and no safe fix does harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from oss_referer import RefererConfiguration, lint
from oss_referer.lint import Evidence, Finding, Severity

from tests.thorough import cases

from . import brute_force, wild_entries
from .wild_entries import Meant

CASES, PARTS = cases(16, 20_000), 8

DEAD = {"impossible-host", "missing-scheme", "keyword", "never-matches"}
"""The rules that say that no Referer of a browser matches an entry."""
OPEN = {
    *("open-host", "loose-wildcard", "wildcard-in-path", "wildcard-domain", "wildcard-scheme"),
    "other-sites",
}
"""The rules that say that pages of other sites get in."""
ONLY_ON = {
    "regular-expression": {"expression"},
    "invisible-character": {"invisible"},
    "template": {"template", "keyword"},  # `<none>` may be both
    "keyword": {"keyword"},
    "joined": {"joined", "wrapped"},
    "quoted": {"wrapped"},
    "white-space": {"white", "wrapped"},
}
"""The rules that must only be found on entries with one of these properties."""


class Case:
    """Random rules with what was meant, and the Referers to try on them."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - the same cases every time
        self.seed = seed
        count = random.choice([1, 1, 1, 2, 3])
        self.white = [self._draw(random) for _ in range(count)]
        self.black = [wild_entries.draw(random) for _ in range(random.choice([0, 0, 0, 1]))]
        self.cuts_query = random.random() < 0.85
        self.rules = self._rules()
        self.is_sure = all(entry.is_sure for entry in (*self.white, *self.black))

    @staticmethod
    def _draw(random: Random) -> Meant:
        return (wild_entries.draw_list if random.random() < 0.06 else wild_entries.draw)(random)

    def _rules(self) -> RefererConfiguration:
        white, black = (tuple(one.text for one in some) for some in (self.white, self.black))
        return RefererConfiguration(False, self.cuts_query, whitelist=white, blacklist=black)

    def tags(self, entry: str) -> set[str]:
        found = [one for one in (*self.white, *self.black) if one.text == entry]
        return {tag for one in found for tag in one.tags} | {
            "slip" for one in found if not one.is_sure
        }

    def candidates(self, *fixed: RefererConfiguration) -> list[str]:
        return brute_force.candidates((self.rules, *fixed), (*self.white, *self.black))

    def is_foreign(self, referer: str) -> bool:
        """Whether a page belongs to none of the sites that the whitelist names."""
        return not any(brute_force.owns(one, referer) for one in self.white)

    def harm(self, fixed: RefererConfiguration) -> Iterator[str]:
        """Yield the harm of a fix; a safe fix does none."""
        tried = self.candidates(fixed)
        return brute_force.harm(self.rules, fixed, tried, self.white, [])

    def wrong(self, rules: RefererConfiguration) -> Iterator[str]:
        """Yield the mistakes in rules that are called clean."""
        for referer in self.candidates(rules):
            if brute_force.allows(rules, referer) and self.is_foreign(referer):
                yield f"allows {referer}"
        for page in (page for one in self.white for page in one.pages):
            is_exception = any(
                brute_force.matches_sent(entry, rules, page) for entry in rules.blacklist
            )
            if not brute_force.allows(rules, page) and not is_exception:
                yield f"denies {page}"


def is_mistake(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE


def false_claims(case: Case, finding: Finding, tried: list[str]) -> Iterator[str]:
    """Yield the claims of a finding that the brute-force search refutes."""
    rules, referer = case.rules, finding.referer
    entry = finding.place.entry if finding.place else ""
    if referer is not None and finding.evidence is not Evidence.ASSUMED:
        if finding.evidence in (Evidence.ALLOWED, Evidence.DENIED):
            if not brute_force.is_sent(referer):
                yield "a Referer that no browser sends"
            if brute_force.allows(rules, referer) is not (finding.evidence is Evidence.ALLOWED):
                yield "another verdict"
        if finding.evidence is Evidence.UNMATCHED and brute_force.matches_sent(
            entry, rules, referer
        ):
            yield "a Referer that does match"
    opens = finding.rule in OPEN and finding.evidence is Evidence.ALLOWED
    if (
        opens
        and case.is_sure
        and "port" not in finding.reason
        and not case.is_foreign(referer or "")
    ):
        yield f"a stranger that is none: {referer}"
    if finding.rule in DEAD:
        yield from (
            f"matches {item}" for item in tried if brute_force.matches_sent(entry, rules, item)
        )
    tags = case.tags(entry)
    if finding.rule in ONLY_ON and not tags & {*ONLY_ON[finding.rule], "slip"}:
        yield f"not on an entry that is {', '.join(tags) or 'plain'}"


def check(seed: int) -> Iterator[str]:
    """Yield the mistakes in the advice on random rules."""
    case = Case(seed)
    fixed = lint.fix(case.rules)
    found = fixed.found
    tried = case.candidates()
    for finding in filter(is_mistake, found):
        for claim in false_claims(case, finding, tried):
            yield f"{finding.rule} is false: {claim}"
        if finding.safe is not None and case.is_sure and len(found) > 1:  # otherwise `fix` shows it
            one = lint.follow(case.rules, [finding])
            yield from (f"{finding.rule} is called safe: {item}" for item in case.harm(one))
    if case.is_sure and not any(map(is_mistake, found)):
        yield from (f"called clean: {item}" for item in case.wrong(case.rules))
    if case.is_sure:
        yield from (f"--fix {item}" for item in case.harm(fixed.configuration))
    for result in (fixed, lint.fix(case.rules, unsafe=True)) if seed % 4 == 0 else (fixed,):
        left = list(filter(is_mistake, result.left))
        yield from (f"{item.rule} does not say decide" for item in left if not item.decide)
        if case.is_sure and not left:
            yield from (f"fixed, but {item}" for item in case.wrong(result.configuration))


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_advice_agrees_with_a_search_by_brute_force(part: int) -> None:
    for seed in range(part, CASES, PARTS):
        wrong = list(check(seed))
        assert not wrong, (seed, Case(seed).rules, wrong[:5])
