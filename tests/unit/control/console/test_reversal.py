"""Remedies: changes of rules that reverse the verdict on a request."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies
from oss_emulator.control.console import reversal
from oss_emulator.control.console.reversal import Remedy
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy
from oss_referer.engine.assumptions import EmptyWhitelist
from oss_referer.search import difference

SITE, BLOG = "https://www.example.com/", "https://blog.example.com/"
THIEF = "http://thief.example.org/"


def find(
    referer: str | None, *whitelist: str, black: tuple[str, ...] = (), others: tuple[str, ...] = ()
) -> list[Remedy]:
    rules = RefererConfiguration(False, whitelist=whitelist, blacklist=black)
    policy = RefererPolicy.compile(rules)
    return [*reversal.find(policy, referer, others)]


@pytest.mark.parametrize(
    ("referer", "white", "black", "edits"),
    [
        ("https://blog.example.com/a?b", [SITE], [], [[("+", "whitelist", BLOG)]]),
        (
            "http://blog.example.com/",
            [SITE],
            [],
            [[("+", "whitelist", BLOG), ("+", "whitelist", "http://blog.example.com/")]],
        ),
        (
            "https://blog.example.com:8443/",
            [SITE],
            [],
            [[("+", "whitelist", "https://blog.example.com:8443/")]],
        ),
        # An entry for one mini program must not allow all of them.
        (
            "https://servicewechat.com/wx0123456789abcdef/1/page-frame.html",
            [SITE],
            [],
            [[("+", "whitelist", "https://servicewechat.com/wx0123456789abcdef/")]],
        ),
        ("https://servicewechat.com/", [SITE], [], []),
        (None, [SITE], [], [[("+", "AllowEmptyReferer", "true")]]),
        # No page sends these, so no entry is safe.
        ("nonsense", [SITE], [], []),
        ("https://WWW.EXAMPLE.COM/", [SITE], [], []),
        # To deny a site
        (SITE, [SITE, BLOG], [], [[("-", "whitelist", SITE)]]),
        (
            SITE,
            ["https://*.example.com/"],
            [],
            [[("+", "blacklist", SITE), ("+", "blacklist", "http://www.example.com/")]],
        ),
        # Without its last entry, the whitelist would allow everybody.
        (
            SITE,
            [SITE],
            [],
            [[("+", "blacklist", SITE), ("+", "blacklist", "http://www.example.com/")]],
        ),
        (
            THIEF,
            [],
            [],
            [
                [
                    ("+", "blacklist", "https://thief.example.org/"),
                    ("+", "blacklist", "http://thief.example.org/"),
                ]
            ],
        ),
        # To allow a blacklisted site
        (
            "https://a.example.org/",
            [],
            ["https://a.example.org/"],
            [[("-", "blacklist", "https://a.example.org/")]],
        ),
        (
            "https://a.example.org/",
            [SITE],
            ["https://a.example.org/"],
            [
                [
                    ("+", "whitelist", "https://a.example.org/"),
                    ("-", "blacklist", "https://a.example.org/"),
                ]
            ],
        ),
    ],
)
def test_remedy_is_the_smallest_change(
    referer: str | None,
    white: list[str],
    black: list[str],
    edits: list[list[tuple[str, str, str]]],
) -> None:
    assert [[*found.edits] for found in find(referer, *white, black=tuple(black))] == edits


def test_blacklist_entry_becomes_as_narrow_as_the_other_sites_it_denies() -> None:
    others = ("https://b.example.org/x", "https://a.example.org/", "https://c.example.net/", "-")
    narrow, leave_out = find(
        "https://a.example.org/y", black=("https://*.example.org/",), others=others
    )
    assert narrow.new.blacklist == ("https://b.example.org/",)  # only https was denied before
    assert leave_out.new.blacklist == ()


def test_open_blacklist_entry_is_closed() -> None:
    """The entry is also the beginning of another host's name."""
    closed, left_out = find("https://a.example.org.cn/", black=("https://a.example.org",))
    assert closed.new.blacklist == ("https://a.example.org/",)
    assert left_out.new.blacklist == ()


def test_truncated_path_is_turned_off_where_no_entry_could_match() -> None:
    rules = RefererConfiguration(False, truncate_path=True, whitelist=("https://www.example.com",))
    policy = RefererPolicy.compile(rules)
    (found,) = reversal.find(policy, f"{BLOG}a")
    assert ("+", "TruncatePath", "false") in found.edits
    assert RefererPolicy.compile(found.new).allows(f"{BLOG}a")


def test_truncated_path_is_turned_off_to_deny_a_site() -> None:
    policy = RefererPolicy.compile(RefererConfiguration(truncate_path=True))
    (found,) = reversal.find(policy, THIEF)
    assert ("+", "TruncatePath", "false") in found.edits
    assert not RefererPolicy.compile(found.new).allows(THIEF)


def test_switch_is_no_remedy_without_a_whitelist() -> None:
    """AllowEmptyReferer has no effect then (R-11)."""
    policy = RefererPolicy.compile(RefererConfiguration(True))
    assert reversal.find(policy, None) == ()


_ENTRIES = [SITE, BLOG, "*", "https://*", "https://*.example.com/", "http://www.example.com", ""]
_REFERERS = [SITE, BLOG, "http://www.example.com/a?b", "https://a.test:81/", "https://1.2.3.4/"]


@given(
    strategies.lists(strategies.sampled_from(_ENTRIES), max_size=3),
    strategies.lists(strategies.sampled_from(_ENTRIES), max_size=2),
    strategies.sampled_from([*_REFERERS, "", None]),
    strategies.booleans(),
    strategies.sampled_from(EmptyWhitelist),
)
def test_each_remedy_turns_the_verdict(
    white: list[str], black: list[str], referer: str | None, cuts: bool, empty: EmptyWhitelist
) -> None:
    rules = RefererConfiguration(
        False, truncate_path=cuts, whitelist=tuple(white), blacklist=tuple(black)
    )
    policy = RefererPolicy.compile(rules, Assumptions(empty_whitelist=empty))
    decision = policy.decide(referer)
    for found in reversal.find(policy, referer, _REFERERS):
        new = RefererPolicy.compile(found.new, policy.assumptions)
        assert new.allows(referer) is not decision.allowed
        assert found.edits


@pytest.mark.parametrize("referer", [SITE, "http://a.test/", "https://a.test:81/x"])
def test_allowing_a_site_changes_nothing_for_others(referer: str) -> None:
    for found in find(referer, BLOG):
        old, new = map(RefererPolicy.compile, (found.old, found.new))
        assert difference.find_change_elsewhere(old, new, found.host) is None
