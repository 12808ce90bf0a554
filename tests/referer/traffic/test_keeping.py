"""Rules that keep recorded requests: the fewest, and what they state is what a replay counts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from itertools import chain, combinations
from math import ceil
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_referer import RefererConfiguration, RefererPolicy, Signing
from oss_referer.plan import Wish, plan
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.keeping import keep
from oss_referer.traffic.log_files import Rejects
from oss_referer.traffic.report import ReadLogs, ReplayQuestion, collect, replay
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic

from tests.referer.traffic.generator import generate, text
from tests.thorough import cases

NOTHING = RefererConfiguration(allow_empty_referer=False)
SITES = (
    *("http://www.example.com", "http://shop.example.com", "http://example.com", "*.example.com"),
    *("http://thief.test", "*.thief.test", "http://absent.test"),
)


def traffic(counts: dict[str, int]) -> Traffic:
    return Traffic(tuple(RequestGroup(Asked(referer=one), count) for one, count in counts.items()))


@pytest.mark.parametrize("seed", range(cases(12, 100)))
def test_replay_of_the_rules_counts_what_they_state(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    sites = tuple(chance.sample(SITES, 3))
    share = Decimal(chance.choice(["0.5", "0.8", "0.95", "0.999", "1"]))
    log = tmp_path / "a.log"
    # A replay names a Referer without a scheme as it names the host, which never sends it.
    lines = [one for one in generate(seed, 400, NOTHING)[0] if one.referer != "www.example.com"]
    log.write_bytes(text(lines))
    wish = Wish(sites)

    def read(number: int) -> ReadLogs:
        folder = tmp_path / str(number)
        folder.mkdir()
        return ReadLogs([log], DuckDBEngine(folder), folder, Rejects())

    logs = read(1)
    with closing(logs.engine):
        whole = Judge(plan(NOTHING, wish).answer(first=True))
        kept = keep(collect(ReplayQuestion(whole), logs), wish, NOTHING, share)
    logs = read(2)
    with closing(logs.engine):
        report = replay(ReplayQuestion(Judge(kept.rules), top=100), logs)
    owned = plan(NOTHING, wish).owned
    revoked = sum(
        row["revoked"]["requests"]
        for row in report["hosts"]
        if owned.find(f"http://{row['host']}/") or owned.find(f"https://{row['host']}/")
    )
    assert kept.wanted.requests > 0
    assert revoked == kept.wanted.requests - kept.kept.requests
    assert sum(kept.lost.values()) == revoked
    assert kept.share >= share or kept.sites == sites


HOSTS = ("a.test", "w.a.test", "x.a.test", "v.w.a.test", "b.test")
pages = st.dictionaries(
    st.builds("{}://{}/".format, st.sampled_from(["https", "http"]), st.sampled_from(HOSTS)),
    st.integers(1, 9),
    min_size=1,
    max_size=5,
)
shares = st.sampled_from(["0.3", "0.5", "0.8", "0.95", "1"]).map(Decimal)


def smallest(recorded: Traffic, sites: Sequence[str], target: int) -> int:
    """Return the fewest entries of a plan of some of the sites that keeps enough requests."""
    found = []
    for some in chain.from_iterable(combinations(sites, size) for size in range(1, len(sites) + 1)):
        rules = plan(NOTHING, Wish(some)).answer(first=True)
        policy = RefererPolicy.compile(rules)
        kept = sum(
            one.requests for one in recorded.groups if one.asked.answer(policy).reason.allows
        )
        if kept >= target:
            found.append(len(rules.whitelist) + len(rules.blacklist))
    return min(found)


@settings(max_examples=cases(15, 100), deadline=None)
@given(pages, st.booleans(), shares)
def test_no_plan_with_fewer_entries_keeps_as_much(
    counts: dict[str, int], wild: bool, share: Decimal
) -> None:
    recorded = traffic(counts)
    named = ("*.a.test", "http://b.test") if wild else tuple(f"http://{host}" for host in HOSTS)
    kept = keep(recorded, Wish(named), NOTHING, share)
    assert (kept.wanted.requests, kept.share >= share) == (recorded.requests, True)
    single = [page.removesuffix("/") for page in counts]
    candidates = dict.fromkeys((*single, *(one for one in named if "*" in one)))
    entries = len(kept.rules.whitelist) + len(kept.rules.blacklist)
    assert entries == smallest(recorded, [*candidates], ceil(share * recorded.requests))


def test_wildcard_is_chosen_where_it_costs_less() -> None:
    counts = {f"https://m{number}.example.com/": 1 for number in range(8)}
    kept = keep(traffic(counts), Wish(("*.example.com",)), NOTHING, Decimal(1))
    assert kept.sites == ("*.example.com",)
    assert kept.rules.blacklist
    kept = keep(traffic(counts), Wish(("*.example.com",)), NOTHING, Decimal("0.25"))
    assert kept.sites == ("https://m0.example.com", "https://m1.example.com")


def test_mini_program_stays_by_its_appid() -> None:
    page = "https://servicewechat.com/{}/7/page-frame.html"
    ours, others = page.format("wx0123456789abcdef"), page.format("wxfedcba9876543210")
    recorded = traffic({ours: 5, others: 7, "https://www.example.com/": 1})
    wish = Wish(("https://www.example.com",), mini_programs=("wx0123456789abcdef",))
    kept = keep(recorded, wish, NOTHING, Decimal("0.5"))
    assert (kept.kept.requests, kept.wanted.requests) == (6, 6)
    policy = RefererPolicy.compile(kept.rules)
    assert (policy.allows(ours), policy.allows(others)) == (True, False)


def test_only_answered_requests_count_on_which_rules_decide() -> None:
    page = "https://www.example.com/"
    kinds = (
        Asked(referer=page),
        Asked(referer=page, status=404),
        Asked(referer=page, cached=True),
        Asked(referer=page, signed=None),
        Asked(referer=page, signed=Signing.HEADER),
        Asked(referer=page, method="OPTIONS"),
        Asked(),
    )
    recorded = Traffic(tuple(map(RequestGroup, kinds)))
    kept = keep(recorded, Wish(("https://www.example.com",)), NOTHING, Decimal(1))
    assert (kept.wanted.requests, kept.empty.requests) == (1, 1)


def test_site_that_nobody_recorded_is_named() -> None:
    wish = Wish(("https://www.example.com", "https://new.example.net"))
    kept = keep(traffic({"https://www.example.com/": 1}), wish, NOTHING, Decimal(1))
    assert (kept.sites, kept.unseen) == (("https://www.example.com",), ("https://new.example.net",))


def test_referer_without_a_slash_cannot_be_kept() -> None:
    """No safe entry matches it, so the rules keep less than was asked for."""
    recorded = traffic({"https://www.example.com": 3, "https://www.example.com/": 1})
    kept = keep(recorded, Wish(("https://www.example.com",)), NOTHING, Decimal("0.9"))
    assert (kept.kept.requests, kept.wanted.requests) == (1, 4)
    assert kept.lost == {"https://www.example.com/": 3}
