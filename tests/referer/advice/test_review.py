"""Reviews: the rules that they propose, their wording, and one screen of text."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from oss_referer import RefererConfiguration, RefererPolicy, lint
from oss_referer.advice.adding import add, widen
from oss_referer.advice.answer import Setting, make
from oss_referer.advice.effects import Effects, take_alone
from oss_referer.advice.review import Review, review, sends_whole_url
from oss_referer.engine.assumptions import Assumptions, WhiteSpace
from oss_referer.lint import Severity
from oss_referer.plan import Wish, WishError, apply, plan, read_entry
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import review as layout
from oss_referer.terminal.output import width_of
from oss_referer.terminal.review import HEIGHT, WIDTH

from tests.referer.plan import lists
from tests.rows import rows
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


ANY = Wish()


def answer(
    *white: str, black: tuple[str, ...] = (), empty: bool = False, wish: Wish = ANY
) -> Review:
    return review(plan(rules(*white, black=black, empty=empty), wish))


SETTING = Setting(RulesForm.XML, "FILE", "oss://BUCKET", "")


def sentences(found: Review) -> list[str]:
    return [str(one) for part in make(found, SETTING) for one in part.said]


@rows(
    ("found", "said"),
    (answer(KEEP), "Nothing to change. Strangers stay out. Your addresses get in."),
    (
        answer(KEEP, empty=True),
        "Nothing to change. Strangers get in only without a Referer. Your addresses get in.",
    ),
    (answer("*", KEEP), "Everybody gets in by *. Your addresses get in."),
    (
        answer("*", KEEP, black=two("bad.example")),
        "Everybody gets in by *, apart from the blacklist. Your addresses get in.",
    ),
    (
        answer("*", black=two("bad.example")),
        "Nothing to change. Everybody gets in by *, apart from the blacklist. "
        "Requests without a Referer cannot get in.",
    ),
    (answer(empty=True), "Nothing to change. Everybody gets in: there is no whitelist."),
    (
        answer(black=two("bad.example")),
        "Everybody gets in, apart from the blacklist, also without a Referer: there is no "
        "whitelist. With * in it, requests without a Referer stay out.",
    ),
    (answer(black=("*",)), "Nobody gets in who sends a Referer."),
    (
        answer("https://*"),
        "Everybody gets in by https: https://*. Requests without a Referer cannot get in.",
    ),
    (
        answer("*://www.example.com/*"),
        "Strangers who send their whole URL get in: https://evil.test/://www.example.com/x/. "
        "Your addresses get in.",
    ),
    (
        answer("*.servicewechat.com"),
        "Strangers get in, such as https://evil.servicewechat.com.evil.test/. "
        "The entries name no site of yours.",
    ),
    (
        answer("https://www.example.com/a/"),
        "Strangers stay out. https://www.example.com/ cannot get in.",
    ),
    (
        answer("https://www.example.com/", "http://*.example.org", wish=Wish((KEEP,))),
        "Strangers get in, such as http://evil.example.org.evil.test/. Your addresses get in.",
    ),
    (
        answer(KEEP, wish=Wish(app=True)),
        "Nothing to change. Strangers stay out. Your addresses get in. "
        "Your app cannot get in: it sends no Referer.",
    ),
    (
        answer(*(f"https://{number:06}.example.com/a" for number in range(5_000))),
        "Not examined: the rules have 140,000 bytes of entries, and a bucket accepts 20,480.",
    ),
)
def test_first_sentence_is_what_the_searches_found(found: Review, said: str) -> None:
    assert found.answer == said


@rows(
    ("white", "black"),
    (("*.aliyun.com", "*.example.com"), ("*.forbidden.com",)),
    (("*", KEEP), two("bad.example")),
    (("*://www.example.com/*",), ()),
    (("https://www.google.*", "${var.x}", "http://192.168.*"), ()),
    ((), ()),
)
@rows("sites", (), (KEEP,))
def test_rules_are_those_of_the_plan(
    white: tuple[str, ...], black: tuple[str, ...], sites: tuple[str, ...]
) -> None:
    planned = plan(rules(*white, black=black), Wish(sites))
    found = review(planned)
    assert found.rules == planned.corrected
    again = plan(found.rules, Wish(sites))
    assert again.corrected == found.rules
    assert len(found.lines) == len(found.rules.whitelist + found.rules.blacklist)
    assert all(line.why for line in found.lines)


def test_named_sites_leave_entries_of_others_to_a_question() -> None:
    found = answer(
        "*.aliyun.com", "*.example.com", black=("*.forbidden.com",), empty=True,
        wish=Wish((KEEP,), app=True),
    )  # fmt: skip
    assert found.taken is None
    assert [one.entry for one in found.questions] == ["*.aliyun.com"]
    unnamed = [item.referer for item in found.visitors if item.who == "you did not name it"]
    hosts = "www.aliyun.com", "aliyun.com"
    assert unnamed == [f"{scheme}://{host}/" for host in hosts for scheme in ("https", "http")]
    assert found.costs.admitted == ("https://example.com/", "http://example.com/")
    assert found.costs.denied == found.costs.strangers == ()
    assert [item.referer for item in found.visitors if item.is_wrong] == [
        "https://example.com/",
        "http://example.com/",
        "https://evil.aliyun.com.evil.test/",
        "https://evil.example.com.evil.test/",
        None,
    ]
    assert [(line.entry, line.why) for line in found.lines][:3] == [
        ("*.aliyun.com", "you decide"),
        ("https://*.example.com/", "yours; / ends the host"),
        ("https://example.com/", "*. does not match it"),
    ]


def test_every_address_that_cannot_get_in_is_named() -> None:
    hosts = [f"a{number}.example.com" for number in range(30)]
    found = answer(*(f"https://{host}/a/" for host in hosts))
    assert found.answer.endswith("None of your 30 addresses gets in.")
    pages = [f"https://{host}/" for host in hosts]
    assert [row[1] for row in make(found, SETTING)[0].rows if row[0]] == pages
    assert f"Still locked out, yours: {', '.join(pages)}." in sentences(found)


def test_page_of_a_wildcard_is_one_that_is_denied() -> None:
    found = answer(*four("example.com"), black=("https://shop.example.com/", *guards(WWW)))
    assert "https://shop.example.com/" not in [
        item.referer for item in found.visitors if item.wanted
    ]  # an exception
    denied = answer("http://*.example.com/", KEEP, black=guards("example.com"))
    assert denied.answer == "Strangers stay out. 3 of your addresses cannot get in."
    assert "http://example.com/" in denied.costs.admitted


def test_stranger_whom_an_entry_lets_in_still_is_never_said_to_stay_out() -> None:
    found = answer("https://www.google.*", KEEP)
    assert found.answer.startswith("Strangers get in, such as https://www.google.evil.test/.")
    assert "It lets in strangers, such as https://www.google.evil.test/." in str(
        found.questions[0].now
    )


def test_list_without_whitelist_says_that_a_star_denies_empty_referers() -> None:
    question = answer(black=two("bad.example")).questions[0]
    assert question.entry is None
    assert [(one.said, one.effect) for one in question.answers] == [
        ("deny requests without a Referer: *", "locks out requests without a Referer"),
        ("let them in", "changes nothing for the pages named here"),
    ]


def test_answer_is_taken_alone_on_a_page_and_with_the_safe_changes_elsewhere() -> None:
    planned = plan(rules("*", "www.example.com"))
    effects = [
        review(planned, takes_alone=alone).questions[0].answers[0].effect for alone in (False, True)
    ]
    strangers = "https://evil.test/, http://evil.test/"
    own = "https://www.example.com/, http://www.example.com/"
    assert effects == [f"locks out {strangers}", f"locks out {own}, {strangers}"]


def test_effects_are_those_of_the_whole_rules() -> None:
    """Few of the entries are compiled, which changes no verdict, whatever is assumed."""
    for number in range(cases(40, 3_000)):
        case = lists.case(number)
        planned = plan(case.rules, assumptions=case.assumptions)
        pages = [*planned.owned.singles, *planned.now.strangers, "https://evil.test/", None]
        before = RefererPolicy.compile(case.rules, case.assumptions)
        effects = Effects(case.rules, case.assumptions)
        for line in planned.questions:
            for option in line.options:
                changes = take_alone(planned, option.change)
                after = RefererPolicy.compile(apply(case.rules, changes), case.assumptions)
                turned = [one for one in pages if before.allows(one) is not after.allows(one)]
                gained, lost = effects.compare(changes, pages)
                assert {*gained} == {*filter(after.allows, turned)}, (number, option)
                assert {*lost} == {*turned} - {*gained}, (number, option)


def test_question_about_a_blank_entry_is_described() -> None:
    matching = Assumptions(white_space=WhiteSpace.BLANK_MATCHES)
    found = review(plan(rules(KEEP, ""), assumptions=matching), None, matching)
    assert [one.entry for one in found.questions] == [""]


def test_costs_are_compared_with_the_live_rules() -> None:
    live = rules("https://www.example.com", "https://old.example.net/", empty=True)
    wish = Wish(saved=live)
    found = review(plan(rules(KEEP, "*.example.org"), wish), live)
    assert found.costs.denied == ("https://old.example.net/",)
    assert {"https://example.org/", "http://example.org/"} < {*found.costs.admitted}
    assert len(found.costs.admitted) == 4
    said = sentences(found)
    assert "Newly locked out, yours: https://old.example.net/." in said
    assert "No stranger is newly let in." in said
    assert "Newly locked out: requests without a Referer." in said


def test_strangers_newly_let_in_by_the_proposed_rules_are_named() -> None:
    found = review(plan(rules("*.example.org", "*", "")), rules("https://www.example.org/"))
    assert found.costs.strangers[-1:] == ("https://evil.test/",)
    assert any(one.startswith("Newly let in, strangers: ") for one in sentences(found))


def test_search_that_ended_early_is_said() -> None:
    found = review(plan(rules(*(f"https://{n:06}.example.com/a" for n in range(5_000)))),
                   rules(KEEP))  # fmt: skip
    assert "Not searched to the end: more may be newly locked out or let in." in sentences(found)
    assert not any(one.startswith("No ") for one in sentences(found))


def test_host_of_an_example_can_be_the_owners() -> None:
    found = answer("https://evil.test", empty=True)
    assert found.rules.whitelist == ("https://evil.test/",)
    seen = {item.referer: item.wanted for item in found.visitors}
    assert (seen["https://evil.test/"], seen["https://wxyz-0.invalid/"]) == (True, False)


def seen_of(thief: str, white: str, black: str) -> list[object]:
    """Return what a review says of rules against a thief, without the name of the thief."""
    found = answer(white, black=(black.format(thief),))
    kept = [(line.entry.replace(thief, "thief"), line.why) for line in found.lines]
    marks = {(item.who, item.now.allowed, item.then.allowed) for item in found.visitors}
    return [kept, marks, len(found.questions)]


@rows("white", "*example.com*", "*://*.example.com/", "https://www.example.com")
@rows("black", "https://{}/", "*{}", "http*://{}", "*{}/*")
def test_host_of_a_thief_makes_no_difference(white: str, black: str) -> None:
    expected = seen_of("leech.example.net", white, black)
    for thief in ("evil.test", "wxyz-0.invalid", "thief.example.org"):
        assert seen_of(thief, white, black) == expected


def test_flags_add_what_they_name() -> None:
    wish = Wish((KEEP,), mini_programs=(APPID,), console=True, cdn=("https://cdn.example.net",))
    found = answer(wish=wish)
    assert {*found.rules.whitelist} == {
        KEEP, PROGRAM, "https://*.console.aliyun.com/", "https://cdn.example.net/",
    }  # fmt: skip
    who = {item.who for item in found.visitors if item.wanted}
    assert who == {"yours", "your mini program", "console's preview", "CDN's style sheets"}
    assert any("B-04" in note and "R-36" in note for note in found.notes)


def test_truncated_path_is_turned_off_because_entries_need_a_slash() -> None:
    found = review(plan(replace(rules("https://www.example.com"), truncate_path=True)))
    assert (found.rules.whitelist, found.rules.truncate_path) == ((KEEP,), False)
    assert any("R-27" in note for note in found.notes)


def test_checks_name_the_status_and_the_code_to_expect() -> None:
    found = answer("*.example.com")
    assert 3 <= len(found.checks) <= 6
    policy = RefererPolicy.compile(found.rules)
    for check in found.checks:
        decision = policy.decide(check.referer)
        assert (check.status, check.ec) == (200 if decision.allowed else 403, decision.ec)


@rows(
    "wish",
    Wish(("ftp://www.example.com",)),
    Wish(("*.github.io",)),
    Wish(mini_programs=("x",)),
    Wish(cdn=("https://",)),
)
def test_wish_for_nobody_is_refused(wish: Wish) -> None:
    with pytest.raises(WishError):
        plan(rules(KEEP), wish)


# What must hold for all rules


def mistakes(before: RefererConfiguration, wish: Wish) -> Iterator[str]:
    """Yield the mistakes in the review of rules."""
    planned = plan(before, wish)
    found = review(planned)
    if found.rules != planned.corrected:
        yield "its rules are not those of the plan"
    if plan(found.rules, wish).corrected != found.rules:
        yield "another review changes its rules"
    strangers = [one for one in found.costs.strangers if not sends_whole_url(one)]
    if found.costs.denied or strangers:
        yield f"safe changes have costs: {found.costs}"
    now, then = (RefererPolicy.compile(one) for one in (before, found.rules))
    for item in found.visitors:
        if (now.allows(item.referer), then.allows(item.referer)) != (
            item.now.allowed,
            item.then.allowed,
        ):
            yield f"another decision: {item.referer}"
    named = {item.referer for item in found.visitors if item.wanted and item.is_wrong}
    if missing := {*planned.now.denied} - named:
        yield f"not named: {missing}"
    if "Strangers stay out" in found.answer:
        if let_in := [line.stranger for line in planned.lines if line.stranger]:
            yield f"strangers get in: {let_in}"
        if not planned.now.is_searched:
            yield "not searched, and yet strangers stay out"
    for problem in lint.lint(found.rules).found:
        is_error = problem.severity is Severity.ERROR and not planned.questions
        if is_error and found.rules.size:
            yield f"lint: {problem.rule}: {problem.place}"
    yield from screen_mistakes(found)


def screen_mistakes(found: Review) -> Iterator[str]:
    lines = layout.text(found, SETTING)
    if len(lines) > HEIGHT and len(found.lines) <= 6:
        yield f"{len(lines)} lines"
    if wide := [line for line in lines if width_of(line) > WIDTH and "://" not in line]:
        yield f"too wide: {wide}"
    if not found.answer.startswith(lines[0]):
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
    for number in range(cases(4, 250)):
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


@rows("found", *PUBLISHED)
def test_published_rules_get_a_complete_answer(found: dict[str, Any]) -> None:
    """The evident sites get in, unless a question is about them."""
    before = RefererConfiguration(
        found["allow_empty_referer"],
        whitelist=tuple(found["whitelist"]),
        blacklist=tuple(found["blacklist"]),
    )
    assert [*mistakes(before, Wish())] == []
    planned = plan(before)
    assert review(planned).choice
    allows = RefererPolicy.compile(planned.corrected).allows
    named = (site for text in found["sites"] for site in read_entry(text).sites)
    pages = [site.page(scheme) for site in named for scheme in site.schemes]
    assert all(map(allows, pages)) or planned.questions or found["name"] in MISSPELT


def test_blank_entry_is_shown_as_left_out() -> None:
    lines = layout.text(answer(WWW, ""), SETTING)
    assert '  Left out: "" (it is blank).' in lines


def test_site_that_the_blacklist_names_too_stands_once_as_yours() -> None:
    made = review(plan(rules("https://t.cn:*/", black=("*/*.t.cn/*",))))
    shown = [str(one.who) for one in made.visitors if one.referer == "https://t.cn/"]
    assert shown == ["yours"]
    assert made.costs.admitted == ("https://t.cn/",)


# --- Adding: a site more in rules, by the changes of the plan

SITE, OTHER = "https://a.test", "https://b.test/"


def white(*entries: str, site: str = SITE) -> tuple[str, ...]:
    """Return the whitelist after a site was added to some entries."""
    return add(RefererConfiguration(False, whitelist=entries), Wish((site,))).whitelist


@rows(
    ("before", "after"),
    ([], ["https://a.test/"]),
    ([OTHER], [OTHER, "https://a.test/"]),
    (["https://a.test/"], ["https://a.test/"]),
    (["https://*.example.com", OTHER], ["https://*.example.com", OTHER, "https://a.test/"]),
    # An entry for this site that does not work becomes right.
    (["https://a.test:443/", OTHER], ["https://a.test/", OTHER]),
)
def test_only_entries_of_the_site_change(before: list[str], after: list[str]) -> None:
    assert white(*before) == tuple(after)


def test_site_is_added_where_all_corrections_together_need_too_much_room() -> None:
    """R-42: then each change of the plan is a question."""
    entries = [f"https://*.site{number}.com" for number in range(500)]
    assert plan(RefererConfiguration(whitelist=tuple(entries)), Wish((SITE,))).questions
    assert white(*entries) == (*entries, "https://a.test/")


def test_mini_program_is_added_beside_others() -> None:
    first = "https://servicewechat.com/wx0123456789abcdef/"
    rules = RefererConfiguration(whitelist=(first, OTHER))
    added = add(rules, Wish(mini_programs=("wxfedcba9876543210",))).whitelist
    assert added == (first, OTHER, "https://servicewechat.com/wxfedcba9876543210/")


ENTRIES = strategies.sampled_from(
    """https://a.test/ http://a.test a.test https://*.example.com *.example.com * ${site} ?
    https://10.0.0.* wx0123456789abcdef https://servicewechat.com/wx0123456789abcdef/""".split()
)


@given(strategies.lists(ENTRIES, max_size=4), strategies.booleans())
@settings(max_examples=cases(60, 2_000))
def test_added_site_gets_in_and_those_that_got_in_stay(entries: list[str], cuts: bool) -> None:
    rules = RefererConfiguration(False, whitelist=tuple(entries), truncate_path=cuts)
    old, new = (RefererPolicy.compile(one) for one in (rules, add(rules, Wish((SITE,)))))
    assert new.allows("https://a.test/")
    for page in ("http://a.test/", "https://www.example.com/", "https://evil.test/"):
        assert new.allows(page) or not old.allows(page) or not rules.whitelist


def test_sub_domains_are_those_of_the_domain() -> None:
    assert widen("https://www.example.com") == "https://*.example.com/"
    assert widen("nonsense") == "nonsense"
    with pytest.raises(WishError, match="no sub-domains of its own"):
        widen("https://10.0.0.1")
