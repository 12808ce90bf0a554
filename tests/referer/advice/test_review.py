"""Reviews: the rules that they propose, their wording, and one screen of text."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, lint
from oss_referer.advice.answer import Setting
from oss_referer.advice.proposal import ProposalError, SiteProfile, propose
from oss_referer.advice.review import PLACE, Review, Wish, review
from oss_referer.advice.sites import read
from oss_referer.browser import strangers
from oss_referer.lint import Severity
from oss_referer.search.url import WebURL
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import review as layout
from oss_referer.terminal.output import width_of
from oss_referer.terminal.review import HEIGHT, SHOWN, WIDTH

from tests.thorough import cases

PUBLISHED: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[3] / "fixtures" / "lab" / "published.toml").read_text(encoding="utf-8")
)["configuration"]
MISSPELT = {"C++ test, wwww and taobao?", "PHP page, four w's"}
"""Published rules whose misspelt hosts only their owner can correct."""


def rules(*white: str, black: tuple[str, ...] = (), empty: bool = False) -> RefererConfiguration:
    return RefererConfiguration(empty, whitelist=white, blacklist=black)


def four(host: str) -> tuple[str, ...]:
    """Return the safe entries for a host and its sub-domains."""
    hosts = f"*.{host}", host
    return tuple(f"{scheme}://{name}/" for scheme in ("https", "http") for name in hosts)


def two(host: str) -> tuple[str, ...]:
    return f"https://{host}/", f"http://{host}/"


def guards(host: str) -> tuple[str, ...]:
    return f"https://*/*.{host}/", f"http://*/*.{host}/"


WWW = "www.example.com"
KEEP = "https://www.example.com/"
APPID = "wx0123456789abcdef"
PROGRAM = f"https://servicewechat.com/{APPID}/"


@pytest.mark.parametrize(
    ("entries", "white", "black"),
    [
        (("*.example.com",), four("example.com"), guards("example.com")),
        (("*example.com",), four("example.com"), guards("example.com")),
        ((".example.com",), four("example.com"), guards("example.com")),
        (("http://*.example.com",), four("example.com"), guards("example.com")),
        (("https://*.example.com/*",), ("https://*.example.com/*", "https://example.com/"),
         ("https://*/*.example.com/",)),
        (("https://img*.example.com/",), ("https://img*.example.com/",),
         ("https://*/*.example.com/",)),
        ((WWW,), two(WWW), ()),
        (("*www.example.com",), two(WWW), ()),
        (("http://www.example.com",), two(WWW), ()),
        (("https://www.example.com",), (KEEP,), ()),
        (("https://www.example.com*",), (KEEP,), ()),
        (("https://www.example.com:443/",), (KEEP,), ()),
        (("HTTPS://WWW.EXAMPLE.COM/",), (KEEP,), ()),
        (("https:/www.example.com",), (KEEP,), ()),
        (("https://www.example.com/album/",), (KEEP,), ()),
        (("https://user@www.example.com/",), (KEEP,), ()),
        (("'https://www.example.com/'",), (KEEP,), ()),
        (("https://www.example.com/*",), ("https://www.example.com/*",), ()),
        (("*://www.example.com/",), two(WWW), ()),
        (("https://例子.example.com/",), ("https://xn--fsqu00a.example.com/",), ()),
        ((r"https?://www\.example\.com/.*",), two(WWW), ()),
        (("https?://www.example.com*",), two(WWW), ()),
        ((r"^https?://([^/]+\.)?example\.com(/|$)",), four("example.com"), guards("example.com")),
        ((r"(www\.)?example\.com",),
         ("https://www.example.com/", "https://example.com/", "http://www.example.com/",
          "http://example.com/"), ()),
        (("https://a.example.com, https://b.example.com",),
         ("https://a.example.com/", "https://b.example.com/"), ()),
        (("http://localhost:3000",), ("http://localhost:3000/",), ()),
        (("https://localhost*",), ("https://localhost/", "https://localhost:*/"), ()),
        (("127.0.0.1",), two("127.0.0.1"), ()),
        (("http://192.168.*", KEEP), (KEEP,), ()),
        (("https://www.example.*", KEEP), (KEEP,), ()),
        (("*.github.io", "https://me.github.io"), ("https://me.github.io/",), ()),
        (("http://www.*.com", KEEP), (KEEP,), ()),
        (("${var.site}", KEEP), (KEEP,), ()),
        (("file://", "capacitor://localhost", KEEP), (KEEP,), ()),
        (("*", KEEP), (KEEP,), ()),
        (("*servicewechat.com",), ("https://servicewechat.com/",), ()),
        (("*.console.aliyun.com",), ("https://*.console.aliyun.com/",),
         ("https://*/*.console.aliyun.com/",)),
        (("*.github.io",), (PLACE.entry("https"),), ()),
        (("${var.site}",), (PLACE.entry("https"),), ()),
        (("h", "t", "t", "p"), (PLACE.entry("https"),), ()),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_entries_become_safe_ones(
    entries: tuple[str, ...], white: tuple[str, ...], black: tuple[str, ...]
) -> None:
    found = review(rules(*entries)).rules
    assert {*found.whitelist} == {*white}
    assert {*found.blacklist} == {*black}
    assert not found.allow_empty_referer


@pytest.mark.parametrize("profile", [
    SiteProfile(("http://www.example.com",), subdomains=True, console=True),
    SiteProfile((KEEP,), mini_programs=(APPID,), cdn=("cdn.example.net",), allow_empty=True),
    SiteProfile(("http://www.example.com:8080",)),
    SiteProfile(("https://[::1]/",)),
], ids=str)  # fmt: skip
def test_generated_rules_need_no_change(profile: SiteProfile) -> None:
    generated = propose(profile).configuration
    assert review(generated).rules == generated


@pytest.mark.parametrize(("entry", "witness"), [
    ("*.github.io", "https://evil.github.io/"),
    ("https://www.*.com/", "https://www.evil.com/"),
    ("https://www.example.com", "https://www.example.com.evil.test/"),
    ("*example.com", "https://notexample.com/"),
    ("https://*.example.com/", "https://evil.test/www.example.com/"),
    ("https://servicewechat.com", "https://servicewechat.com.evil.test/"),
    ("http://192.168.*", "http://192.168.evil.test/"),
])  # fmt: skip
def test_strangers_who_get_in_have_convincing_names(entry: str, witness: str) -> None:
    wrong = [item for item in review(rules(entry)).visitors if item.is_wrong]
    assert witness in [item.referer for item in wrong]
    assert not any(item.then.allowed for item in wrong if item.wanted is False)


def test_right_entries_keep_their_order_and_words() -> None:
    entries = ("https://b.example.com/*", "http://old.example.com", "https://a.example.com/")
    found = review(rules(*entries)).rules.whitelist
    assert found == (entries[0], *two("old.example.com"), entries[2])


def test_named_sites_decide_who_is_meant() -> None:
    found = review(
        rules("*.aliyun.com", "*.example.com", black=("*.forbidden.com",), empty=True),
        Wish((KEEP,), app=True),
    )
    assert found.rules.whitelist == (
        "https://*.example.com/", "https://example.com/",
        "http://*.example.com/", "http://example.com/",
    )  # fmt: skip
    assert [(line.entry, line.why) for line in found.left_out] == [
        ("*.aliyun.com", "you named no site there; --console keeps its preview"),
        ("*.forbidden.com", "no entry lets it in"),
    ]
    assert found.answer == "Strangers get in, and 2 of your 5 addresses cannot."
    assert found.taken is None
    assert found.costs.let_in == ("example.com",)
    assert found.costs.locked_out == ("*.aliyun.com", "the strangers marked !")
    assert [item.referer for item in found.visitors if item.is_wrong] == [
        "https://example.com/",
        "https://www.example.com.evil.test/",
        "https://evil.test/www.example.com/",
        None,
    ]


def test_flags_add_what_they_name() -> None:
    wish = Wish((KEEP,), mini_programs=(APPID,), console=True, cdn=("https://cdn.example.net",))
    found = review(rules("https://servicewechat.com/"), wish)
    assert found.rules.whitelist == (
        KEEP, PROGRAM, "https://*.console.aliyun.com/", "https://cdn.example.net/",
    )  # fmt: skip
    assert any("B-04" in note and "R-36" in note for note in found.notes)


@pytest.mark.parametrize(("black", "kept"), [
    (("https://bad.example.com/",), ("https://bad.example.com/", "http://bad.example.com/")),
    (("bad.example.com",), two("bad.example.com")),
    (("*.forbidden.com",), ()),
    (("https://example.com/",), ()),
    (("https://www.example.com/embed/",), two(WWW)),
    (("*",), ()),
], ids=str)  # fmt: skip
def test_blacklist_keeps_what_keeps_somebody_out(
    black: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    found = review(rules(*four("example.com"), black=black)).rules.blacklist
    assert found == (*kept, *guards("example.com"))


@pytest.mark.parametrize(("white", "black", "proposed"), [
    ((), (), ("*",)),
    (("*",), (), ("*",)),
    (("http*",), (), ("*",)),
    (("*",), two("bad.example"), ("*",)),
    ((), two("bad.example"), ("*",)),
    (("*", KEEP), two("bad.example"), ("*",)),
    (("*",), two("evil.test"), ("*",)),
], ids=str)  # fmt: skip
def test_rules_for_everybody_say_so(
    white: tuple[str, ...], black: tuple[str, ...], proposed: tuple[str, ...]
) -> None:
    found = review(rules(*white, black=black)).rules
    assert (found.whitelist, found.blacklist) == (proposed, black)


def test_host_of_an_example_can_be_the_owners() -> None:
    found = review(rules("https://evil.test", empty=True))
    assert found.rules.whitelist == ("https://evil.test/",)
    seen = {item.referer: item.wanted for item in found.visitors}
    assert (seen["https://evil.test/"], seen["https://wxyz-0.invalid/"]) == (True, False)


def seen_of(thief: str, white: str, black: str) -> list[object]:
    """Return what review and lint say of rules against a thief, without the name of the thief."""
    written = rules(white, black=(black.format(thief),))
    found = review(written)
    kept = [entry.replace(thief, "thief") for entry in found.rules.blacklist]
    left_out = [(line.entry.replace(thief, "thief"), line.why) for line in found.left_out]
    marks = {(item.who, item.now.allowed, item.then.allowed) for item in found.visitors}
    linted = [(item.rule, item.place and item.place.list) for item in lint.run(written)]
    return [found.answer, found.rules.whitelist, kept, left_out, marks, linted]


@pytest.mark.parametrize(
    "white", ["*example.com*", "*://*.example.com/", "https://www.example.com"]
)
@pytest.mark.parametrize("black", ["https://{}/", "*{}", "http*://{}", "*{}/*"])
def test_host_of_a_thief_makes_no_difference(white: str, black: str) -> None:
    expected = seen_of("leech.example.net", white, black)
    for thief in ("evil.test", "wxyz-0.invalid", "thief.example.org"):
        assert seen_of(thief, white, black) == expected


def test_all_https_pages_are_not_everybody() -> None:
    found = review(rules("https://*"))
    assert found.answer == "The rules name no site: write * to let in everybody."
    assert found.costs.let_in == ("anybody by http",)


def test_page_of_a_wildcard_is_one_that_is_denied() -> None:
    white = ("http://*.example.com/", "https://www.example.com/")
    found = review(rules(*white, black=guards("example.com")))
    assert (found.costs.let_in, found.costs.locked_out) == (("*.example.com", "example.com"), ())
    assert found.answer == "Strangers stay out, but so do 3 of your 5 addresses."


def test_site_that_only_the_old_blacklist_names_is_let_in() -> None:
    old = RefererConfiguration(blacklist=two("thief.example"))
    assert review(RefererConfiguration(), live=old).costs.let_in == ("thief.example",)


def test_guard_of_a_domain_is_one_for_its_sub_domains() -> None:
    wish = SiteProfile(("http://img.example.com", "https://example.com"), subdomains=True)
    assert not review(propose(wish).configuration).changed


def test_bucket_without_rules_needs_no_change() -> None:
    found = review(RefererConfiguration())
    assert not found.changed
    assert found.answer == "Nothing to change: the rules name no site, and everybody gets in."
    assert review(RefererConfiguration(), Wish((KEEP,))).rules.whitelist == (KEEP,)


def test_app_that_is_locked_out_is_a_choice_of_the_owner() -> None:
    found = review(rules(KEEP), Wish(app=True))
    assert not found.changed
    assert "your app stays out" in found.answer
    assert "true lets in both" in found.costs.choice


def test_truncated_path_is_turned_off_because_entries_need_a_slash() -> None:
    found = review(replace(rules("https://www.example.com"), truncate_path=True))
    assert (found.rules.whitelist, found.rules.truncate_path) == ((KEEP,), False)
    assert any("R-27" in note for note in found.notes)


def test_costs_are_compared_with_the_live_rules() -> None:
    found = review(rules(KEEP), Wish((KEEP,)), live=rules("https://www.example.com"))
    assert not found.changed
    assert found.costs.locked_out == ("the strangers marked !",)


def test_checks_name_the_status_and_the_code_to_expect() -> None:
    found = review(rules("*.example.com"))
    assert 3 <= len(found.checks) <= 6
    policy = RefererPolicy.compile(found.rules)
    for check in found.checks:
        decision = policy.decide(check.referer)
        assert (check.status, check.ec) == (200 if decision.allowed else 403, decision.ec)


@pytest.mark.parametrize("wish", [
    Wish(("ftp://www.example.com",)), Wish(("*.github.io",)), Wish(mini_programs=("x",)),
    Wish(cdn=("https://",)),
], ids=str)  # fmt: skip
def test_wish_for_nobody_is_refused(wish: Wish) -> None:
    with pytest.raises(ProposalError):
        review(rules(KEEP), wish)


# What must hold for all rules


def mistakes(before: RefererConfiguration, wish: Wish) -> Iterator[str]:
    """Yield the mistakes in the review of rules."""
    found = review(before, wish)
    policy = RefererPolicy.compile(found.rules)
    again = review(found.rules, wish)
    if again.changed:
        yield f"another review changes its rules: {again.rules}"
    if found.rules.allow_empty_referer != before.allow_empty_referer:
        yield "it changes AllowEmptyReferer"
    for item in found.visitors:
        for referer in filter(None, (item.referer, *item.others)):
            if item.wanted not in (None, policy.allows(referer)):
                yield f"wanted {item.wanted}: {referer}"
    is_without_effect = wish.app and found.rules == before and not before.allow_empty_referer
    for problem in lint.run(found.rules):
        unavoidable = is_without_effect and problem.rule == "empty-without-whitelist"
        if problem.severity is Severity.ERROR and not unavoidable:
            yield f"lint: {problem.rule}: {problem.place}"
    if any(map(str.strip, found.rules.whitelist)) and found.rules.whitelist != ("*",):
        sites = [site for entry in found.rules.whitelist for site in read(entry).sites]
        own = [WebURL.parse(site.page(scheme)) for site in sites for scheme in site.schemes]
        for stranger in strangers.search(policy, own).found:
            if ".localhost" not in stranger.referer:  # nobody can register such a host
                yield f"a stranger gets in: {stranger.referer}"
    if len(before.whitelist) + len(before.blacklist) <= SHOWN:
        yield from screen_mistakes(found)


def screen_mistakes(found: Review) -> Iterator[str]:
    lines = layout.text(found, Setting(RulesForm.XML, "FILE", "oss://BUCKET", ""))
    if len(lines) > HEIGHT:
        yield f"{len(lines)} lines"
    if wide := [line for line in lines if width_of(line) > WIDTH and "://" not in line]:
        yield f"too wide: {wide}"
    if lines[0] != found.answer:
        yield "the first line is not the answer"


HOSTS = (
    "www.example.com example.com m.example.com example.com.cn www.example.org me.github.io "
    "localhost 127.0.0.1 192.168.1.10 www.example.test xn--fsqu00a.example.com 例子.example.com "
    "[::1] intranet "
    "img.shop.example.com www.bbc.co.uk servicewechat.com oss.console.aliyun.com a-b.example.net"
).split()
SHAPES = (
    *r"""
{s}{h} {s}{h}/ {s}{h}/* {s}{h}* {s}*.{h} {s}*.{h}/ {s}*.{h}/* {s}*{h} {s}*{h}* {s}{h}:8080 {s}{h}:*
{s}{h}:*/ {s}{h}:443/ {s}{h}:80 {s}{h}/a/b.html {s}{h}/?a=1 ^{s}{e} https?://{e}/.* https?://{h}*
^https?://([^/]+\.)?{e}(/|$) (www\.)?{e} {s}{h},{s}m.{h} '{s}{h}/' {s}u@{h}/ {s}.{h} {s}img*.{h}/
{s}www?.{h} {s}?.{h}/ {s}*.*.{h}/ {s}{p}* {s}{p}.* {s}{h}. {s}{h}// {s}https://{h}/ {s}*.{h}:8443/
{s}${{var.d}}/ * http* https:// {s}* file:// capacitor://localhost *.com *.github.io
https://servicewechat.com/wx0123456789abcdef/ *servicewechat.com *.console.aliyun.com {s}192.168.*
https://*.console.aliyun.com/ {s}www.*.com/ https://*/*.{h}/ {s}10.0.0.?/ {s}-{h} {s}*-{h}
""".split(),
    *(" {s}{h}/ ", "\u200b{s}{h}/", "{s}{h} {s}m.{h}", ""),
)
SCHEMES = ("https://", "http://", "", "*://", "http*://", "https:/", "//", "HTTPS://", "http?://")
OWN = (KEEP, "http://example.org", "*.example.com", "http://localhost:3000", "me.github.io")


def make_entry(chance: random.Random) -> str:
    host = chance.choice(HOSTS)
    escaped, begin = host.replace(".", r"\."), host.rpartition(".")[0] or host
    scheme = chance.choice(SCHEMES)
    return chance.choice(SHAPES).format(s=scheme, h=host, e=escaped, p=begin)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(8))
def test_reviews_of_random_rules_hold(seed: int) -> None:
    for number in range(cases(8, 250)):
        chance = random.Random(1000 * seed + number)  # noqa: S311 - reproducible
        made = RefererConfiguration(
            chance.random() < 0.5,
            chance.random() < 0.8,
            chance.random() < 0.1,
            tuple(make_entry(chance) for _ in range(chance.choice([0, 1, 1, 2, 2, 3, 4, 7]))),
            tuple(make_entry(chance) for _ in range(chance.choice([0, 0, 0, 1, 1, 2, 3]))),
        )
        wish = Wish(
            tuple(chance.sample(OWN, chance.choice([0, 0, 0, 1, 1, 2]))),
            chance.random() < 0.3,
            (APPID,) * (chance.random() < 0.2),
            chance.random() < 0.2,
            ("cdn.example.net",) * (chance.random() < 0.1),
        )
        assert [*mistakes(made, wish)] == [], (made, wish)


@pytest.mark.parametrize("found", PUBLISHED, ids=lambda found: found["name"])
def test_published_rules_get_a_complete_answer(found: dict[str, Any]) -> None:
    """The evident sites get in, strangers do not, and the rules are complete."""
    before = RefererConfiguration(
        found["allow_empty_referer"],
        whitelist=tuple(found["whitelist"]),
        blacklist=tuple(found["blacklist"]),
    )
    assert [*mistakes(before, Wish())] == []
    answer = review(before)
    assert answer.costs.choice
    allows = RefererPolicy.compile(answer.rules).allows
    pages = [site.page(scheme) for text in found["sites"] for site, scheme in _pages(text)]
    assert all(map(allows, pages)) is (found["name"] not in MISSPELT)
    assert answer.rules.whitelist == ("*",) or not allows("https://evil.test/")


def _pages(text: str) -> Iterator[tuple[Any, str]]:
    return ((site, scheme) for site in read(text).sites for scheme in site.schemes)


def test_console_page_that_a_person_names_stays_where_it_is() -> None:
    wish = Wish(("https://oss.console.aliyun.com", "https://www.example.com"))
    found = review(rules("oss.console.aliyun.com", "www.example.com", ""), wish)
    assert not review(found.rules, wish).changed
    assert "oss.console" not in str([one.entry for one in found.left_out])
    lines = layout.text(found, Setting(RulesForm.XML, "new.xml", "oss://BUCKET", ""))
    assert '  Left out: "" (it is blank).' in lines


@pytest.mark.parametrize(
    ("entry", "white"),
    [
        (r"^https://cdn\.bücher\.example.*", ("https://cdn.xn--bcher-kva.example/",)),
        ("https://*.example.com:*", (*four("example.com")[:2], "https://*.example.com:*/")),
        ("http://*.example.com:*", four("example.com")),
        ("http://www.example.com:80*", two(WWW)),
        ("http://www.example.com:8080*", ("http://www.example.com:8080/",)),
    ],
)
def test_hosts_and_ports_are_read_whole(entry: str, white: tuple[str, ...]) -> None:
    found = review(rules(entry))
    assert found.rules.whitelist[: len(white)] == white
    assert not review(found.rules).changed
    assert not [one for one in lint.run(found.rules) if one.severity is Severity.ERROR]


def test_witness_has_a_host_that_somebody_can_have() -> None:
    found = review(rules("https://www.?.example.com"))
    assert "https://www./.example.com/" not in [one.referer for one in found.visitors]
