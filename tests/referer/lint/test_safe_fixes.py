"""Safe fixes of risky entries, compared with a brute-force search.

With the default policy of browsers, a safe fix lets in no page of a stranger and locks out no page
of the sites that are meant; it leaves AllowEmptyReferer alone and adds no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest
from oss_referer import RefererConfiguration, lint
from oss_referer.engine import Stage
from oss_referer.lint import EntryPlace, Finding, Severity

from tests.thorough import cases

from . import brute_force, risky_entries
from .wild_entries import Meant

CASES, PARTS = cases(32, 20_000), 8

OTHER_SITE = Meant("", ("shop.example.org",), ("https",))
"""A site that no entry names."""


class Case:
    """Random rules with what was meant, and the sites that a person names."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - the same cases every time
        white, black = random.choice([(1, 0), (1, 0), (2, 0), (3, 0), (1, 1), (3, 2), (0, 1)])
        self.written = {
            Stage.WHITELIST: [risky_entries.draw(random) for _ in range(white)],
            Stage.BLACKLIST: [risky_entries.draw(random) for _ in range(black)],
        }
        self.white, self.black = (
            [one for _, meant in entries for one in meant] for entries in self.written.values()
        )
        self.rules = RefererConfiguration(
            allow_empty_referer=random.random() < 0.5,
            allow_truncate_query_string=random.random() < 0.8,
            truncate_path=random.random() < 0.05,
            whitelist=tuple(text for text, _ in self.written[Stage.WHITELIST]),
            blacklist=tuple(text for text, _ in self.written[Stage.BLACKLIST]),
        )
        named = random.choice([entry for entry in self.white if entry.hosts] + [OTHER_SITE])
        self.sites = [replace(named, hosts=named.hosts[:1], page="")]

    @property
    def written_sites(self) -> tuple[str, ...]:
        """The sites as a person names them."""
        return tuple(
            f"{host}{port}" if "*" in host else f"{scheme}://{host}{port}"
            for one in self.sites
            for host in one.hosts
            for scheme in one.schemes
            for port in one.ports
        )

    def is_expression(self, place: EntryPlace) -> bool:
        """Whether an entry looks like a regular expression."""
        _, meant = self.written[place.list][place.position]
        return any("expression" in one.tags for one in meant)

    def harm(self, fixed: RefererConfiguration, meant: list[Meant]) -> Iterator[str]:
        """Yield the harm of a fix to the sites that are meant; a safe fix does none."""
        if fixed == self.rules:
            return
        tried = brute_force.candidates((self.rules, fixed), (*meant, *self.black))
        excepted = self.black if meant is self.white else []
        yield from brute_force.harm(self.rules, fixed, tried, meant, excepted)
        for referer in tried:
            before, after = (brute_force.allows(one, referer) for one in (self.rules, fixed))
            if after and not before and self._blacklists(referer):
                yield f"lets in the blacklisted {referer}"

    def _blacklists(self, referer: str) -> bool:
        """Return whether the blacklist names a page and denies it."""
        return brute_force.is_by_default(referer) and any(
            brute_force.matches_sent(text, self.rules, referer)
            and any(brute_force.names(one, referer) for one in meant)
            for text, meant in self.written[Stage.BLACKLIST]
        )


def _subject(finding: Finding) -> str:
    return finding.place.entry if finding.place else finding.rule


def new_errors(
    rules: RefererConfiguration, before: Iterable[Finding], after: Iterable[Finding]
) -> Iterator[str]:
    """Yield the errors of fixed rules on new entries, and on those that had no finding."""
    known = {_subject(item) for item in before if item.severity is not Severity.NOTE}
    if "truncate-path" in known:
        known.update(rules.whitelist)  # before this correction, they match nothing
    for item in after:
        if item.severity is Severity.ERROR and _subject(item) not in known:
            yield f"adds {item.rule} of {_subject(item)}"


def check(seed: int) -> Iterator[str]:
    """Yield the mistakes of safe fixes of random rules."""
    case = Case(seed)
    for sites, meant in (((), case.white), (case.written_sites, case.sites)):
        fixed = lint.fix(case.rules, sites=sites)
        for finding in fixed.found:
            if finding.place and finding.correction.changes and case.is_expression(finding.place):
                yield f"{finding.rule} offers {finding.correction}"
        safe = [finding for finding in fixed.found if finding.safe is not None]
        for finding in safe if len(safe) > 1 else ():  # otherwise `fix` follows it alone
            one = lint.follow(case.rules, [finding])
            for harm in (
                *case.harm(one, meant),
                *new_errors(case.rules, fixed.found, lint.run(one)),
            ):
                yield f"{sites} {finding.rule} {harm}: {finding.safe}"
        after, left = fixed.configuration, new_errors(case.rules, fixed.found, fixed.left)
        for harm in (*case.harm(after, meant), *left):
            yield f"{sites} --fix {harm}: {after}"


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_safe_fixes_do_no_harm(part: int) -> None:
    for seed in range(part, CASES, PARTS):
        wrong = list(check(seed))
        assert not wrong, (seed, Case(seed).rules, wrong[:5])


@pytest.mark.parametrize(
    ("entry", "fixed"),
    [
        ("https://user:pw@m.bücher.example", ("https://m.xn--bcher-kva.example/",)),
        ("https://user:pw@", ("https://user:pw@",)),
        ("wx0123456789abcdef", ("wx0123456789abcdef",)),
        ("www", ("www",)),
        ("(example.com|www.example.com)", ("(example.com|www.example.com)",)),
    ],
)
def test_fix_lets_in_no_guessed_site(entry: str, fixed: tuple[str, ...]) -> None:
    assert lint.fix(RefererConfiguration(whitelist=(entry,))).configuration.whitelist == fixed


def test_domain_beside_its_sub_domains_lets_in_no_other_mini_program() -> None:
    fixed = lint.fix(RefererConfiguration(whitelist=("*.servicewechat.com",)))
    assert "https://servicewechat.com/" not in fixed.configuration.whitelist
    assert "write https://servicewechat.com/YOUR-APPID/" in [str(one.decide) for one in fixed.left]


@pytest.mark.parametrize("text", ["https://u:pw@www.example.com/", "javascript:alert(1)"])
def test_text_with_a_user_or_without_a_host_is_not_a_site(text: str) -> None:
    assert not lint.is_site(text)
