"""Proposals are the smallest rules: an exhaustive search finds none with fewer entries."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, combinations
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.traffic.proposal import HostName, propose

from tests.cases import read_cases
from tests.thorough import cases

CASES = read_cases("referer-traffic")

HOSTS = ["a.test", "w.a.test", "x.a.test", "y.a.test", "v.w.a.test", "u.w.a.test", "b.test"]
WILDCARDS = ["*.a.test", "*.w.a.test", "*.b.test"]
origins = st.dictionaries(
    st.builds("{}://{}".format, st.sampled_from(["https", "http"]), st.sampled_from(HOSTS)),
    st.integers(1, 9),
    min_size=1,
    max_size=6,
)
names = st.lists(st.sampled_from(WILDCARDS), max_size=2, unique=True)
blocked_names = st.lists(
    st.sampled_from(["x.a.test", "z.a.test", "v.w.a.test", "*.w.a.test"]), max_size=1
)
shares = st.sampled_from(["0.3", "0.5", "0.8", "0.95", "1"]).map(Decimal)


def kept(rules: RefererConfiguration, traffic: dict[str, int]) -> int:
    policy = RefererPolicy.compile(rules)
    return sum(size for origin, size in traffic.items() if policy.allows(f"{origin}/"))


def is_safe(rules: RefererConfiguration, blocked: Sequence[HostName], schemes: set[str]) -> bool:
    """Whether no wildcard lets in a stranger by its path, and no blocked host is let in."""
    policy = RefererPolicy.compile(rules)
    holes = [
        f"{scheme}://evil.test/z{entry.partition('://*')[2]}"
        for entry in rules.whitelist
        if "*" in entry
        for scheme in [entry.partition("://")[0]]
    ]
    denied = [
        f"{scheme}://{name.text.replace('*', 'q')}/" for scheme in schemes for name in blocked
    ]
    return not any(policy.allows(referer) for referer in [*holes, *denied])


def smallest(
    traffic: dict[str, int], wildcards: Sequence[str], blocked: Sequence[HostName], target: int
) -> int | None:
    """Return the smallest number of entries that suffices, by trying every set."""
    schemes = {origin.partition("://")[0] for origin in traffic}
    whitelist = [f"{origin}/" for origin in traffic]
    whitelist += [f"{scheme}://{name}/" for scheme in schemes for name in wildcards]
    blacklist = [f"{scheme}://*/{name}/" for scheme in schemes for name in wildcards]
    blacklist += [f"{scheme}://{name.text}/" for scheme in schemes for name in blocked]
    candidates = [*((True, entry) for entry in whitelist), *((False, e) for e in blacklist)]
    subsets = (combinations(candidates, size) for size in range(len(candidates) + 1))
    for subset in chain.from_iterable(subsets):
        rules = RefererConfiguration(
            allow_empty_referer=False,
            whitelist=tuple(entry for white, entry in subset if white),
            blacklist=tuple(entry for white, entry in subset if not white),
        )
        if rules.whitelist and kept(rules, traffic) >= target and is_safe(rules, blocked, schemes):
            return len(subset)
    return None


@settings(max_examples=cases(20, 80), deadline=None)
@given(origins, names, blocked_names, shares)
def test_no_smaller_rules_keep_as_much(
    traffic: dict[str, int], wildcards: list[str], blocked: list[str], keep: Decimal
) -> None:
    denied = [HostName(name) for name in blocked]
    wanted = [HostName(name) for name in (*wildcards, *HOSTS)]
    proposal = propose(wanted, denied, traffic, keep)
    open_ = {
        origin: size
        for origin, size in traffic.items()
        if not any(name.covers(origin.partition("://")[2]) for name in denied)
    }
    target = ceil(keep * sum(open_.values()))
    assert proposal.suffices
    assert proposal.wanted == sum(open_.values())
    assert kept(proposal.rules, open_) == proposal.kept >= target
    if not open_:
        assert proposal.entries == 0
        return
    schemes = {origin.partition("://")[0] for origin in traffic}
    assert is_safe(proposal.rules, denied, schemes)
    if len(open_) + len(wildcards) + len(denied) <= 8:
        assert proposal.entries == smallest(open_, wildcards, denied, target)


def test_wildcard_is_taken_when_it_saves_entries() -> None:
    traffic = {f"https://{letter}.example.com": 1 for letter in "abc"}
    proposal = propose([HostName("*.example.com")], [], traffic, Decimal(1))
    assert proposal.rules.whitelist == ("https://*.example.com/",)
    assert proposal.rules.blacklist == ("https://*/*.example.com/",)


def test_blocked_host_below_a_wildcard_is_denied() -> None:
    traffic = {f"https://{letter}.example.com": 1 for letter in "abcdef"}
    proposal = propose(
        [HostName("*.example.com")], [HostName("bad.example.com")], traffic, Decimal(1)
    )
    assert "https://bad.example.com/" in proposal.rules.blacklist
    assert not RefererPolicy.compile(proposal.rules).allows("https://bad.example.com/a")


def test_smallest_host_is_given_up_first() -> None:
    traffic = {"https://a.test": 990, "https://b.test": 9, "https://c.test": 1}
    wanted = [HostName(name) for name in ("a.test", "b.test", "c.test")]
    proposal = propose(wanted, [], traffic, Decimal("0.999"))
    assert proposal.rules.whitelist == ("https://a.test/", "https://b.test/")
    assert (proposal.kept, proposal.wanted) == (999, 1000)


def test_rules_are_never_larger_than_a_bucket_takes() -> None:
    """R-42"""
    names = [f"{'a' * 60}.{'b' * 60}.site{number:03}.test" for number in range(180)]
    traffic = {f"https://{name}": 1 for name in names}
    proposal = propose([HostName(name) for name in names], [], traffic, Decimal(1))
    assert not proposal.suffices
    assert 20_300 < proposal.rules.size <= 20_480


def test_unreachable_share_is_reported() -> None:
    proposal = propose([HostName("a.test")], [], {"https://a.test": 90}, Decimal(1), others=10)
    assert not proposal.suffices
    assert (proposal.kept, proposal.wanted) == (90, 100)


@pytest.mark.parametrize(("name", "host", "covered"), CASES["name_covers_its_hosts"])
def test_name_covers_its_hosts(name: str, host: str, covered: bool) -> None:
    assert HostName(name).covers(host) is covered
