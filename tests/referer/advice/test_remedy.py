"""Proposed changes: remedies, edits of rules, trials, nearest entries and programs."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given, strategies
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy
from oss_referer.advice import diff, remedy
from oss_referer.advice.diff import RuleEdit
from oss_referer.advice.programs import format_oss2, format_ossutil
from oss_referer.advice.remedy import Difference, Remedy
from oss_referer.browser import probes
from oss_referer.browser.probes import DEFAULT_SITE, guess_site, propose_referers
from oss_referer.engine.assumptions import EmptyWhitelist
from oss_referer.search.url import WebURL

from tests.rows import rows

SITE, BLOG = "https://www.example.com/", "https://blog.example.com/"
THIEF = "http://thief.example.org/"


def find(
    referer: str | None, *whitelist: str, black: tuple[str, ...] = (), others: tuple[str, ...] = ()
) -> list[Remedy]:
    rules = RefererConfiguration(False, whitelist=whitelist, blacklist=black)
    policy = RefererPolicy.compile(rules)
    return [*remedy.find(policy, referer, others)]


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
    (found,) = remedy.find(policy, f"{BLOG}a")
    assert ("+", "TruncatePath", "false") in found.edits
    assert RefererPolicy.compile(found.new).allows(f"{BLOG}a")


def test_truncated_path_is_turned_off_to_deny_a_site() -> None:
    policy = RefererPolicy.compile(RefererConfiguration(truncate_path=True))
    (found,) = remedy.find(policy, THIEF)
    assert ("+", "TruncatePath", "false") in found.edits
    assert not RefererPolicy.compile(found.new).allows(THIEF)


def test_switch_is_no_remedy_without_a_whitelist() -> None:
    """AllowEmptyReferer has no effect then (R-11)."""
    policy = RefererPolicy.compile(RefererConfiguration(True))
    assert remedy.find(policy, None) == ()


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
    for found in remedy.find(policy, referer, _REFERERS):
        new = RefererPolicy.compile(found.new, policy.assumptions)
        assert new.allows(referer) is not decision.allowed
        assert found.edits


@pytest.mark.parametrize("referer", [SITE, "http://a.test/", "https://a.test:81/x"])
def test_allowing_a_site_changes_nothing_for_others(referer: str) -> None:
    for found in find(referer, BLOG):
        old, new = map(RefererPolicy.compile, (found.old, found.new))
        assert diff.find_change_elsewhere(old, new, found.host) is None


# --- the edits between two configurations


OLD = RefererConfiguration(True, whitelist=("http://a/", "http://b/"))


def test_changed_switches_and_entries_are_listed() -> None:
    new = RefererConfiguration(
        False, whitelist=("http://b/", "http://c/"), blacklist=("http://d/",), truncate_path=True
    )
    assert list(diff.find_edits(OLD, new)) == [
        RuleEdit("AllowEmptyReferer", "true", "false"),
        RuleEdit("TruncatePath", "false", "true"),
        RuleEdit("whitelist", "http://a/", None),
        RuleEdit("whitelist", None, "http://c/"),
        RuleEdit("blacklist", None, "http://d/"),
    ]


def test_order_and_repetition_make_no_difference() -> None:
    same = RefererConfiguration(True, whitelist=("http://b/", "http://a/", "http://b/"))
    assert list(diff.find_edits(OLD, same)) == []


# --- the Referers to try rules with: pages of the sites that they name


@pytest.mark.parametrize(
    ("whitelist", "site"),
    [
        ([], DEFAULT_SITE),
        (["*"], DEFAULT_SITE),
        (["https://*.example.net/"], "https://www.example.net"),
        (["https://*.example.net/", "http://m.example.org:8080/a"], "http://m.example.org:8080"),
        (["例え.test"], "https://xn--r8jz45g.test"),
        (["https://a b/", "https://good.test"], "https://good.test"),
    ],
)
def test_site_is_the_first_that_the_whitelist_names(whitelist: list[str], site: str) -> None:
    assert guess_site(RefererConfiguration(whitelist=tuple(whitelist))) == site


def test_referers_are_pages_of_each_site_and_of_strangers() -> None:
    rules = RefererConfiguration(
        whitelist=("https://a.test/", "http://a.test/", "https://*.b.test/"),
        blacklist=("https://denied.test/",),
    )
    assert propose_referers(rules) == (
        "https://a.test/",
        "https://a.test/page.html?id=1",
        "https://www.b.test/",
        "https://denied.test/",
        "https://a.test.evil.test/",
        probes.THIEF,
    )


def test_rules_with_many_sites_propose_a_few() -> None:
    rules = RefererConfiguration(whitelist=tuple(f"https://{n}.test/" for n in range(600)))
    assert len(propose_referers(rules)) < 10


@given(strategies.lists(strategies.text(max_size=20), max_size=5))
def test_any_entries_propose_urls(entries: list[str]) -> None:
    rules = RefererConfiguration(whitelist=tuple(entries), blacklist=tuple(entries))
    for referer in propose_referers(rules):
        assert "\n" not in referer
        assert WebURL.parse(referer)


# --- the nearest miss of a Referer: which entry, and where they differ


def find_nearest(whitelist: list[str], referer: str) -> remedy.NearMiss:
    rules = RefererConfiguration(whitelist=tuple(whitelist))
    found = remedy.find_nearest(RefererPolicy.compile(rules).reading.whitelist.patterns, referer)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("entry", "referer", "agrees", "parting"),
    [
        ("https://www.example.com/", "https://blog.example.com/a", "https://", "host"),
        ("http://www.example.com/", "https://www.example.com/", "http", "scheme"),
        ("www.example.com", "https://www.example.com/", "", "scheme"),
        (
            "https://www.example.com/",
            "https://www.example.com:8443/",
            "https://www.example.com",
            "port",
        ),
        (
            "https://www.example.com:8443/",
            "https://www.example.com/",
            "https://www.example.com",
            "port",
        ),
        (
            "https://www.example.com/",
            "https://www.example.com.evil.test/",
            "https://www.example.com",
            "host",
        ),
        (
            "https://www.example.com.cn/",
            "https://www.example.com/",
            "https://www.example.com",
            "host",
        ),
        (
            "https://www.example.com/shop/",
            "https://www.example.com/blog/",
            "https://www.example.com/",
            "path",
        ),
        (
            "https://www.example.com/shop/",
            "https://www.example.com/",
            "https://www.example.com/",
            "end",
        ),
        (
            "https://www.example.com/",
            "https://www.example.com",
            "https://www.example.com",
            "end",
        ),
        ("https://WWW.example.com/", "https://www.example.com/", "https://", "letter-case"),
        ("https://*.example.com/", "https://example.com/", "https://*", "host"),
        ("https://*.example.com/", "https://a.example.org/", "https://*.example.", "host"),
        ("https://?.example.com/", "https://ab.example.com/", "https://?", "host"),
        ("*.example.com", "https://example.org/", "*", "host"),
    ],
)
def test_entry_and_referer_part_where_they_differ(
    entry: str, referer: str, agrees: str, parting: str
) -> None:
    found = find_nearest([entry], referer)
    assert found.body[: found.agrees] == agrees
    assert found.parting is Difference(parting)


@pytest.mark.parametrize(
    ("whitelist", "referer", "entry"),
    [
        (["https://www.example.com/", "https://www.other.org/"], "https://blog.example.com/", 0),
        (["https://b.example.com/", "http://a.example.com/"], "https://a.example.com/", 1),
        (["https://www.example.org/", "https://www.example.com/"], "https://a.test/", 0),
        (
            ["https://www.example.com/a/", "https://www.example.com/ab/"],
            "https://www.example.com/abc",
            1,
        ),
    ],
)
def test_nearest_entry_is_that_of_the_nearest_host(
    whitelist: list[str], referer: str, entry: int
) -> None:
    assert find_nearest(whitelist, referer).entry == whitelist[entry]


@rows(
    ("entry", "referer", "ours", "theirs"),
    ("https://www.example.com/", "https://blog.example.com/a", "www", "blog"),
    ("https://www.example.com/", "https://web.example.com/", "www", "web"),
    ("https://example.com/", "https://blog.example.com/", "", "blog."),
    ("https://www.example.com.cn/", "https://www.example.com/", ".cn", ""),
    ("https://www.example.com/", "https://a.test/", "www.example.com", "a.test"),
    ("https://*.example.com/", "https://a.example.org/", "com", "org"),
    ("http://www.example.com/", "https://www.example.com/", "http", "https"),
    ("www.example.com", "https://www.example.com/", "", "https"),
    ("https://www.example.com/", "https://www.example.com:8443/", "", ":8443"),
    ("https://www.example.com/a/", "https://www.example.com/b/", "a/", "b/"),
    ("https://www.example.com/", "https://www.example.com", "/", ""),
)
def test_part_that_differs_is_marked(entry: str, referer: str, ours: str, theirs: str) -> None:
    marks = find_nearest([entry], referer).mark(referer)
    assert [one.differs for one in marks] == [ours, theirs]
    assert ["".join(one) for one in marks] == [entry, referer]


def test_entries_of_other_domains_are_not_related() -> None:
    assert not find_nearest(["https://www.example.com/"], "https://blog.other.com/").is_related
    assert find_nearest(["https://www.example.com/"], "https://blog.example.com/").is_related


def test_list_without_entries_has_no_nearest_miss() -> None:
    assert remedy.find_nearest((), "https://www.example.com/") is None


@given(
    strategies.lists(strategies.text("ab*?:/.h", min_size=1, max_size=12), min_size=1, max_size=4),
    strategies.text("ab:/.h?", min_size=1, max_size=20),
)
def test_agreeing_part_of_an_entry_matches(whitelist: list[str], referer: str) -> None:
    """As an entry, the part that agrees matches the Referer."""
    rules = RefererConfiguration(whitelist=tuple(whitelist), allow_truncate_query_string=False)
    policy = RefererPolicy.compile(rules)
    found = remedy.find_nearest(policy.reading.whitelist.patterns, referer)
    if found is None or policy.allows(referer):
        return
    before = found.body[: found.agrees]
    assert found.agrees < len(found.body)
    assert not before or RefererPolicy.compile(
        RefererConfiguration(whitelist=(before,), allow_truncate_query_string=False)
    ).allows(referer)


def test_many_entries_and_a_long_referer_take_a_moment() -> None:
    whitelist = [f"https://*{'a' * 12}{number}.example.com/" for number in range(200)]
    began = time.process_time()
    find_nearest(whitelist, "https://" + "a" * 20_000)
    assert time.process_time() - began < 2


# --- programs that put rules: their text, from which no entry can escape


ABOUT = 'https://a.test/"""\n\\'


@pytest.mark.parametrize("entry", ["http://例え.test/", "http://\U0001f600.test/", "\"'\u202e"])
def test_program_for_oss2_has_the_entries_as_they_are(entry: str) -> None:
    rules = RefererConfiguration(False, False, False, (entry,), ("http://b.test/",))
    texts = [
        node.value
        for node in ast.walk(ast.parse(format_oss2(rules, ABOUT, "examplebucket")))
        if isinstance(node, ast.Constant)
    ]
    assert {entry, "http://b.test/", "examplebucket"} <= set(texts)
    assert "OSS_BUCKET" not in texts


def test_program_for_oss2_says_what_oss2_cannot_set() -> None:
    assert "TruncatePath" in format_oss2(RefererConfiguration(truncate_path=True), ABOUT)
    program = format_oss2(RefererConfiguration(), ABOUT)
    assert "TruncatePath" not in program
    assert 'os.environ["OSS_BUCKET"]' in program


def test_script_for_ossutil_cannot_be_left_by_an_entry() -> None:
    rules = RefererConfiguration(whitelist=("x\nEND\nEND.\ntouch /evil",))
    lines = format_ossutil(rules, ABOUT, "a b").splitlines()
    assert lines[1] == "cat > referer.xml <<'END..'"
    assert lines.count("END..") == 1
    assert lines[-1].startswith("ossutil api put-bucket-referer --bucket 'a b' ")
    assert lines[-2] == "END.."
