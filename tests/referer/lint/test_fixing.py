"""Corrections of random configurations come to an end, and nothing raises."""

from __future__ import annotations

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, lint
from oss_referer.engine import header
from oss_referer.lint import Finding, Severity

from tests.referer.lint.random_rules import entry, findings, rules, seeded
from tests.thorough import cases

CONFIGURATIONS, PARTS = cases(12, 3_000), 6

DECIDES = {
    "blacklist-only": "the documented recipe, if everybody else is welcome",
    "matches-all": "everybody is allowed, and no other entry names a site",
    "template": "a value that only its owner knows",
    "empty-allowed": "whether apps and the address bar must work",
    "keyword": "whether an empty Referer is meant",
    "regular-expression": "what an expression is meant to match",
    "impossible-host": "a host that nobody can guess",
    "never-matches": "an entry of which no rule knows what is meant",
    "other-sites": "a wildcard of which no rule knows what is meant",
    "shadowed": "which of the two lists is right",
    "needs-query": "a query without a host",
    "fragment": "a fragment without a host",
    "too-long": "an entry without a host",
    "wildcard-domain": "the name of a site that only its owner knows",
    "any-mini-program": "an appid that only its owner knows",
    "not-examined": "a search that ended too soon",
    "too-large": "the entries to leave out",
}
"""The rules that have no correction, and what their owner has to decide."""


def is_mistake(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_corrections_finish_in_at_most_three_rounds(part: int) -> None:
    """Only decisions of the owner remain, and they can be accepted rule by rule."""
    for seed in range(part, CONFIGURATIONS, PARTS):
        configuration = rules(seeded(seed))
        fixed = lint.fix(configuration, unsafe=True)
        left = list(filter(is_mistake, fixed.left))
        assert not any(item.correction.changes for item in fixed.left), (seed, configuration)
        assert all(item.decide for item in left), (seed, configuration)
        if seed % 10 == 0:
            again = lint.run(fixed.configuration, accepted={item.rule for item in left})
            assert not any(map(is_mistake, again)), (seed, configuration)


def test_site_on_http_keeps_its_pages_on_https() -> None:
    rules = RefererConfiguration(whitelist=("*", "http://*", "https://shop.example.org"))
    fixed = lint.fix(rules, sites=("http://www.example.com",)).configuration
    assert RefererPolicy.compile(fixed).allows("https://www.example.com/")


@pytest.mark.thorough
def test_only_some_rules_leave_a_decision_to_the_owner() -> None:
    """Other rules leave a decision only if their correction would empty the whitelist."""
    for seed in range(cases(24, 500)):
        for finding in findings(seed):
            if finding.correction.decide and finding.rule not in DECIDES:
                opens = "the whitelist is empty" in finding.correction.decide
                assert opens or finding.rule == "rests-on-assumption", (seed, finding)


@pytest.mark.thorough
def test_corrections_let_no_stranger_in() -> None:
    strangers = [
        f"{scheme}://stranger-{n}.example/" for scheme in ("http", "https") for n in (1, 2)
    ]
    opened = []
    for seed in range(cases(12, 300)):
        configuration = rules(seeded(seed))
        fixed = lint.fix(configuration).configuration
        old, new = (RefererPolicy.compile(item) for item in (configuration, fixed))
        opened += [
            (seed, item)
            for item in strangers
            if configuration.whitelist and new.decide(item).allowed and not old.decide(item).allowed
        ]
    assert opened == []


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 3])
def test_many_random_entries_are_linted_without_an_error(seed: int) -> None:
    random = seeded(seed)
    entries = tuple(entry(random) for _ in range(cases(60, 3_000)))
    parted = len(entries) * (seed + 1) // 4
    configuration = RefererConfiguration(whitelist=entries[:parted], blacklist=entries[parted:])
    for finding in lint.run(configuration):
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
