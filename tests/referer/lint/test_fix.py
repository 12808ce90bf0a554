"""`lint.fix`: safe changes do no harm, and changes come to an end, whatever the rules are.

With the default policy of browsers, a safe change lets in no page of a stranger and locks out no
page of the sites that are meant. A search by brute force says so, which shares no code with the
plan.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, Stage, lint
from oss_referer.engine import header
from oss_referer.lint import Evidence, Finding, Severity

from tests.referer.lint.random_rules import entry, rules, seeded
from tests.rows import read_cases, rows
from tests.thorough import cases

from . import brute_force
from .risky_entries import Case, Meant

TABLES = read_cases("referer.lint")

CASES, CONFIGURATIONS, PARTS = cases(16, 20_000), cases(6, 3_000), 6

DEAD = {"impossible-host", "missing-scheme", "keyword", "never-matches"}
"""The rules that say that no Referer of a browser matches an entry."""


def is_mistake(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE


def harm(case: Case, fixed: RefererConfiguration, meant: list[Meant]) -> Iterator[str]:
    """Yield the harm of a fix to the sites that are meant."""
    if fixed == case.rules:
        return
    tried = brute_force.candidates((case.rules, fixed), (*meant, *case.black))
    excepted = case.black if meant is case.white else []
    yield from brute_force.harm(case.rules, fixed, tried, meant, excepted)
    for referer in tried:
        before, after = (brute_force.allows(one, referer) for one in (case.rules, fixed))
        if after and not before and _blacklists(case, referer):
            yield f"lets in the blacklisted {referer}"


def _blacklists(case: Case, referer: str) -> bool:
    """Return whether the blacklist names a page and denies it."""
    return brute_force.is_by_default(referer) and any(
        brute_force.matches_sent(text, case.rules, referer)
        and any(brute_force.names(one, referer) for one in meant)
        for text, meant in case.written[Stage.BLACKLIST]
    )


def false_claims(case: Case, finding: Finding) -> Iterator[str]:
    """Yield the claims of a finding that the search by brute force refutes."""
    referer = finding.referer
    if finding.evidence in (Evidence.ALLOWED, Evidence.DENIED) and referer is not None:
        if not brute_force.is_sent(referer):
            yield f"no browser sends {referer}"
        if brute_force.allows(case.rules, referer) is not (finding.evidence is Evidence.ALLOWED):
            yield f"{referer} gets another verdict"
    if finding.place and finding.rule in DEAD:
        tried = brute_force.candidates((case.rules,), (*case.white, *case.black))
        text = finding.place.entry
        yield from (f"{text} matches {one}" for one in tried if brute_force.matches(text, one))


def check(seed: int) -> Iterator[str]:
    """Yield the mistakes in the safe changes of random rules."""
    case = Case(seed)
    for sites, meant in (((), case.white), (case.written_sites, case.sites)):
        fixed = lint.fix(case.rules, sites=sites)
        for finding in filter(is_mistake, fixed.found):
            yield from (f"{sites} {finding.rule}: {one}" for one in false_claims(case, finding))
        for one in harm(case, fixed.configuration, meant):
            yield f"{sites} --fix {one}: {fixed.configuration}"


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_safe_changes_do_no_harm(part: int) -> None:
    for seed in range(part, CASES, PARTS):
        wrong = list(check(seed))
        assert not wrong, (seed, Case(seed).rules, wrong[:5])


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_only_questions_without_answers_remain_after_answers(part: int) -> None:
    """They can be accepted rule by rule."""
    for seed in range(part, CONFIGURATIONS, PARTS):
        configuration = rules(seeded(seed))
        fixed = lint.fix(configuration, unsafe=True)
        left = list(filter(is_mistake, fixed.left))
        assert not any(item.change for item in left), (seed, configuration)
        assert all(item.decide for item in left), (seed, configuration)
        if seed % 10 == 0:
            again = lint.lint(fixed.configuration, accepted={item.rule for item in left}).found
            assert not any(map(is_mistake, again)), (seed, configuration)


@rows("entry, fixed", *TABLES["fix_lets_in_no_guessed_site"])
def test_fix_lets_in_no_guessed_site(entry: str, fixed: tuple[str, ...]) -> None:
    assert lint.fix(RefererConfiguration(whitelist=(entry,))).configuration.whitelist == fixed


def test_site_on_http_keeps_its_pages_on_https() -> None:
    rules = RefererConfiguration(whitelist=("*", "http://*", "https://shop.example.org"))
    fixed = lint.fix(rules, sites=("http://www.example.com",)).configuration
    assert RefererPolicy.compile(fixed).allows("https://www.example.com/")


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 3])
def test_many_random_entries_are_linted_without_an_error(seed: int) -> None:
    random = seeded(seed)
    entries = tuple(entry(random) for _ in range(cases(30, 3_000)))
    parted = len(entries) * (seed + 1) // 4
    configuration = RefererConfiguration(whitelist=entries[:parted], blacklist=entries[parted:])
    for finding in lint.lint(configuration).found:
        assert finding.reason.endswith(".")


@pytest.mark.thorough
def test_any_text_is_linted_without_an_error() -> None:
    random = seeded(0)
    letters = "htps:/.*?,;\"'\\ \n\t#@[]{}()|^$%&=+-_~aA0例é\u202e\ud800\x00😀"
    for _ in range(cases(8, 200)):
        texts = ["".join(random.choices(letters, k=random.randrange(40))) for _ in range(6)]
        rules = RefererConfiguration(whitelist=tuple(texts[:3]), blacklist=tuple(texts[3:]))
        shown = [item.referer or "" for item in lint.fix(rules).found]
        assert all(map(header.is_sendable, shown)), texts
