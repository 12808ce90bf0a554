"""The laws of advice hold for the plan and for the linter, which explains it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import pytest
from oss_referer import RefererConfiguration, lint
from oss_referer.lint import Severity
from oss_referer.plan import Change, Plan, Wish, apply, plan
from oss_referer.plan import Site as PlannedSite
from oss_referer.plan.lines import WhoGetsIn

from tests.referer.plan import laws, lists, oracle
from tests.referer.plan.laws import About, Binding, Claim, Said
from tests.referer.plan.lists import Case, Known
from tests.thorough import cases

CASES, PARTS = cases(40, 10_000), 12


@lru_cache(4_096)
def plan_for(case: Case) -> Plan:
    return plan(case.rules, wish_of(case), case.assumptions)


@lru_cache(4_096)
def lint_of(case: Case) -> lint.Linted:
    return lint.lint(case.rules, assumptions=case.assumptions, sites=wish_of(case).sites)


def wish_of(case: Case) -> Wish:
    """Return what a person states beside the rules."""
    return Wish(
        tuple(url for site in case.stated if site.host for url in _urls(site)),
        mini_programs=tuple(site.appid for site in case.stated if site.appid),
    )


def as_stated(case: Case) -> Case:
    """Return a case that states nothing if a person cannot write its sites, such as a network."""
    if any(site.network or site.label or site.appid == "" for site in case.stated):
        return replace(case, stated=())
    return case


def _urls(site: oracle.Site) -> Iterator[str]:
    host = f"*.{site.host}" if site.subdomains else site.host
    for scheme in site.schemes:
        yield f"{scheme}://{host}" if site.port is None else f"{scheme}://{host}:{site.port}"


def safe(case: Case) -> Sequence[Change]:
    return [line.change for line in plan_for(case).lines if line.change]


def is_clean(case: Case) -> bool:
    if wish_of(case).mini_programs:  # the linter takes no appids
        return plan_for(case).is_done
    return all(finding.severity is Severity.NOTE for finding in lint_of(case).found)


def fix(case: Case) -> RefererConfiguration:
    """Return the rules after one round of what `lint --fix` does."""
    return plan_for(case).corrected if wish_of(case).mini_programs else lint_of(case).correct()


def claims(case: Case) -> Iterator[Claim]:
    """Yield what the verdicts of a plan say about the rules before and after its changes."""
    planned = plan_for(case)
    now, then, after = planned.now, planned.then, planned.corrected
    for about, verdict, found in (
        (About.STRANGERS_NOW, now, now.strangers),
        (About.STRANGERS_AFTER, then, then.strangers),
        (About.OWN_DENIED_NOW, now, now.denied),
        (About.OWN_DENIED_AFTER, then, then.denied),
    ):
        is_own = about in (About.OWN_DENIED_NOW, About.OWN_DENIED_AFTER)
        if is_own and not planned.owned.sites:
            continue  # nothing is said of own pages if no entry names a site
        yield Claim(about, _said(verdict, found), case.rules, after, found, by_default=is_own)


def _said(verdict: WhoGetsIn, found: Sequence[str]) -> Said:
    if found:
        return Said.THESE
    return Said.NONE if verdict.is_searched else Said.NOT_SEARCHED


def owned(case: Case) -> Sequence[oracle.Site]:
    """Return the sites that the plan takes for the owner's."""
    return [_site_of(site) for site in plan_for(case).owned.sites]


def _site_of(site: PlannedSite) -> oracle.Site:
    if site.is_mini_program:
        return oracle.Site(appid=site.path.strip("/"))
    label, _, host = site.host.partition(".") if site.is_wild else ("", "", site.host)
    is_any = site.port == "*"
    port = int(site.port) if site.port and not is_any else None
    is_below = label == "*"
    return oracle.Site(
        host,
        site.schemes,
        port,
        any_port=is_any,
        subdomains=is_below,
        apex=not is_below,
        label="" if is_below else label,
    )


BINDING = Binding(
    safe=safe,
    apply=lambda case, changes: apply(case.rules, changes),
    planned=lambda case: plan_for(case).answer(first=True),
    clean=is_clean,
    idle=lambda case: plan_for(case).is_done,
    faces={"plan": lambda case: plan_for(case).corrected, "lint --fix": fix},
    claims=claims,
    wish=owned,
    asks=lambda case: bool(plan_for(case).questions),
)


@pytest.mark.parametrize("known", lists.KNOWN, ids=lambda known: known.case.name)
def test_laws_hold_for_a_known_list(known: Known) -> None:
    broken = laws.check_known(known, BINDING)
    assert not broken, "\n".join(map(str, broken))


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_laws_hold_for_lists_that_others_wrote(part: int) -> None:
    for number in range(part, CASES, PARTS):
        broken = laws.check(as_stated(lists.case(number)), BINDING)
        assert not broken, "\n".join(map(str, broken))


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_plan_follows_the_names_and_the_order_of_a_list(part: int) -> None:
    for number in range(part, CASES // 6, PARTS):
        for pair in lists.pairs(number):
            broken = laws.check_pair(
                pair, lambda case: plan_for(as_stated(case)).answer(first=True)
            )
            assert not broken, "\n".join(map(str, broken))
