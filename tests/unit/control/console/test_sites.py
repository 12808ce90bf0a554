"""The answer of the first screen: who is locked out, since when and why."""

from __future__ import annotations

import re
from typing import Any

import pytest
from oss_emulator.control.console.nearest import find_nearest
from oss_emulator.control.console.requests import GROUPED, GROUPS
from oss_emulator.control.console.sites import SHOWN
from oss_emulator.control.traffic import MOST
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.sources import referer_xml

from tests.rows import rows
from tests.unit.control.caller import ApiCaller

SITE, BLOG, THIEF = "https://www.example.com/", "https://blog.example.com/", "http://thief.test/"


@pytest.fixture
def ask() -> ApiCaller:
    """A public bucket with an object, whose rules allow all hosts of a domain."""
    caller = ApiCaller()
    caller.oss("PUT", "/img", x_oss_acl="public-read")
    caller.oss("PUT", "/img/a.png", b"x", content_length="1")
    put(caller, "https://*.example.com/")
    return caller


def put(ask: ApiCaller, *whitelist: str, blacklist: tuple[str, ...] = ()) -> None:
    rules = RefererConfiguration(True, whitelist=whitelist, blacklist=blacklist)
    ask.oss("PUT", "/img?referer", referer_xml.format(rules))


def get(ask: ApiCaller, *referers: str) -> None:
    for referer in referers:
        ask.record("/img/a.png", referer)


def bands(ask: ApiCaller, query: str = "") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for site in ask("GET", f"requests{query}").json["sites"]:
        found.setdefault(site["band"], []).append(site["site"])
    return found


def answer(ask: ApiCaller, query: str = "") -> str:
    page = ask.html(f"requests{query}")
    part = re.search(r'<section class="answer".*?</section>', page, re.DOTALL)
    assert part is not None
    return re.sub(r"\s+", " ", re.sub(r"<(?!ins|del)[^>]*>", "", part[0])).strip()


def test_site_below_a_domain_of_an_entry_is_likely_yours(ask: ApiCaller) -> None:
    put(ask, SITE, "https://servicewechat.com/wx0123456789abcdef/")
    stranger = "https://servicewechat.com/wxfedcba9876543210/1/page-frame.html"
    get(ask, BLOG, THIEF, SITE, stranger)
    assert bands(ask) == {
        "yours": ["https://blog.example.com"],
        "strangers": ["https://servicewechat.com/wxfedcba9876543210/", "http://thief.test"],
        "in": ["https://www.example.com"],
    }


def test_answer_names_bucket_time_and_the_change_that_locked_out(ask: ApiCaller) -> None:
    get(ask, BLOG, SITE)
    assert "is locked out Sites that get in: 2. Strangers kept out: 0." in answer(ask)
    put(ask, SITE)
    get(ask, BLOG, SITE, THIEF)
    said = answer(ask)
    assert said.startswith("1 of your sites is locked out blog.example.com 1 of img since ")
    assert ", when its rules changed what changed" in said
    assert "<del>- https://*.example.com/" in said
    assert f"<ins>+ {SITE}" in said
    assert "Put the earlier rules back" in said


def test_site_that_new_rules_deny_is_locked_out_before_its_next_request(ask: ApiCaller) -> None:
    get(ask, BLOG)
    put(ask, SITE)
    assert bands(ask) == {"yours": ["https://blog.example.com"]}
    said = answer(ask)
    assert said.startswith("1 of your sites is locked out blog.example.com 1 of img since ")
    assert "<del>- https://*.example.com/" in said
    put(ask, "https://*.example.com/")
    assert bands(ask) == {"in": ["https://blog.example.com"]}


def test_no_change_is_blamed_for_a_site_that_never_got_in(ask: ApiCaller) -> None:
    put(ask, SITE)
    get(ask, BLOG)
    assert "when its rules changed" not in answer(ask)


def test_earlier_rules_are_put_back_and_that_is_undone(ask: ApiCaller) -> None:
    get(ask, BLOG)
    put(ask, SITE)
    get(ask, BLOG)
    page = ask.html("requests")
    (change,) = re.findall(r'name="change" value="(\d+)"', page)
    body = {"change": change}
    assert ask("PUT", "requests/rules", body).status == 200
    assert bands(ask) == {"in": ["https://blog.example.com"]}
    assert ask("GET", "rules/img").json["rules"]["RefererList"]["Referer"] == [
        "https://*.example.com/"
    ]
    assert ask("PUT", "requests/rules", body).status == 409
    made = ask.controls.rule_changes.all()[-1]
    assert made.undoes == int(change)
    ask("PUT", "requests/rules", {"change": str(made.number)})
    assert bands(ask) == {"yours": ["https://blog.example.com"]}


@rows("body", {}, {"change": "99"}, {"change": 1})
def test_change_that_is_unknown_is_not_put_back(ask: ApiCaller, body: dict[str, Any]) -> None:
    assert ask("PUT", "requests/rules", body).status == 404


def test_earlier_rules_are_not_offered_after_another_change(ask: ApiCaller) -> None:
    get(ask, BLOG)
    put(ask, SITE)
    get(ask, BLOG)
    put(ask, SITE, "https://shop.example.com/")
    assert "when its rules changed" in answer(ask)
    assert "Put the earlier rules back" not in answer(ask)


def test_site_is_in_as_soon_as_the_rules_allow_it(ask: ApiCaller) -> None:
    put(ask, SITE)
    get(ask, BLOG)
    put(ask, SITE, BLOG)
    assert bands(ask) == {"in": ["https://blog.example.com"]}
    assert "now in" in ask.html("requests")


def headlines(ask: ApiCaller, query: str = "") -> list[tuple[str, int, list[str]]]:
    found = ask("GET", f"requests{query}").json["headlines"]
    return [(one["kind"], one["number"], [name for name, *_ in one["names"]]) for one in found]


EVIL = "https://www.example.com.evil.test/"


def test_answer_says_who_is_locked_out_who_gets_in_wrongly_and_what_is_private(
    ask: ApiCaller,
) -> None:
    ask.oss("PUT", "/private")
    put(ask, "https://www.example.com*")
    get(ask, SITE, BLOG, THIEF, EVIL)
    for _ in range(6):
        ask.record("/private/a.png", SITE)
    found = [
        ("out", 1, ["blog.example.com"]),
        ("wrong", 1, ["www.example.com.evil.test"]),
        ("private", 6, ["private"]),
    ]
    assert headlines(ask) == found
    assert headlines(ask, "?q=site:www.example.com") == found  # whatever is searched for
    assert bands(ask)["wrong"] == ["https://www.example.com.evil.test"]
    assert "Permissions deny 6 reads without a signature: private" in answer(ask)
    ask.oss("PUT", "/private?acl", x_oss_acl="public-read")
    assert [kind for kind, *_ in headlines(ask)] == ["out", "wrong"]


@rows(
    "whitelist, referer, is_wrong",
    (["https://www.example.com*"], EVIL, True),
    (["https://www.example.com*"], "https://m.example.com/", False),
    (["*"], EVIL, False),
    (["*", SITE], EVIL, True),
    (["*example*", SITE], "https://example.cn/", False),
    (["*test*", SITE], "https://thief.test/", True),
    (["http://192.168.*", SITE], "http://192.168.1.2/", False),
    (["https://*.qq.com/"], "https://mail.qq.com/", False),
    (["https://mp.weixin.qq.com*", "https://mail*"], "https://mail.qq.com/", True),
)
def test_stranger_gets_in_wrongly_if_the_list_means_others(
    ask: ApiCaller, whitelist: list[str], referer: str, is_wrong: bool
) -> None:
    put(ask, *whitelist)
    get(ask, referer)
    assert ("wrong" in bands(ask, f"?q=site:{referer.split('/')[2]}")) is is_wrong


def test_site_that_permissions_deny_is_not_shown_as_one_that_gets_in(ask: ApiCaller) -> None:
    put(ask, "https://www.example.com*")
    ask.oss("PUT", "/img?acl", x_oss_acl="private")
    get(ask, SITE, EVIL)
    assert bands(ask) == {"in": ["https://www.example.com.evil.test", "https://www.example.com"]}
    page = ask.html("requests")
    assert page.count('not-checked"><span class="hidden">denied by permissions') == 2
    assert 'allowed"><span class="hidden">gets in' not in page
    ask.oss("PUT", "/img?acl", x_oss_acl="public-read")
    get(ask, SITE, EVIL)
    assert bands(ask) == {
        "wrong": ["https://www.example.com.evil.test"],
        "in": ["https://www.example.com"],
    }


def test_host_of_a_shared_platform_is_not_yours(ask: ApiCaller) -> None:
    put(ask, "https://mp.weixin.qq.com/", "https://shop.example.com/")
    get(ask, "https://mail.qq.com/", BLOG)
    assert bands(ask) == {
        "yours": ["https://blog.example.com"],
        "strangers": ["https://mail.qq.com"],
    }


def test_site_is_one_row_with_its_buckets(ask: ApiCaller) -> None:
    ask.oss("PUT", "/other", x_oss_acl="public-read")
    put(ask, SITE)
    get(ask, BLOG)
    ask.record("/other/a.png", BLOG)
    (row,) = ask("GET", "requests").json["sites"]
    assert (row["band"], row["buckets"], row["denied"]) == ("yours", ["img", "other"], 1)


def test_a_hundred_buckets_have_a_headline_of_one_line(ask: ApiCaller) -> None:
    put(ask, SITE)
    document = ask.oss("GET", "/img?referer").body
    assert isinstance(document, bytes)
    for number in range(99):  # and one more: the most of an account
        ask.oss("PUT", f"/bucket{number}", x_oss_acl="public-read")
        ask.oss("PUT", f"/bucket{number}?referer", document)
        ask.record(f"/bucket{number}/a.png", BLOG)
    said = answer(ask).partition("and of 98 other buckets or changes")[0]
    assert said.startswith("1 of your sites is locked out blog.example.com 1 of bucket")
    assert len(said) < 120
    assert "+96" in ask.html("requests")


@rows("sort, first", ("site", "one.test"), ("denied", "two.test"), ("last", "one.test"))
def test_sites_are_sorted_by_a_column(ask: ApiCaller, sort: str, first: str) -> None:
    get(ask, "https://two.test/", "https://two.test/", "https://one.test/")
    found = ask("GET", f"requests?sort={sort}").json["sites"]
    assert found[0]["site"] == f"https://{first}"


def test_embed_test_is_marked_and_nothing_is_offered(ask: ApiCaller) -> None:
    put(ask, SITE)
    entry = ask.record("/img/a.png?embed-test=1", "https://blog.example.com.embed.localhost/")
    assert headlines(ask) == []
    assert bands(ask) == {"test": ["embed-test:"]}
    assert "data-allow" not in ask.html("requests")
    story = ask.html(f"requests/{entry.number}")
    assert "A page of the embed test sent this" in story
    assert 'id="fix"' not in story


def test_search_filters_the_sites_and_the_requests_over_time(ask: ApiCaller) -> None:
    get(ask, BLOG, THIEF, THIEF)
    page = ask.html("requests?q=site:thief.test")
    legend = re.findall(r'data-toggle="is:(\w+)".*?</span>\s*(\d+)', page, re.DOTALL)
    assert legend[:2] == [("allowed", "0"), ("denied", "2")]
    assert "blog.example.com" not in page[page.index('id="sites"') :]


def test_site_of_which_the_blacklist_denies_a_page_gets_in_partly(ask: ApiCaller) -> None:
    put(ask, SITE, blacklist=(f"{SITE}embed/",))
    get(ask, SITE, f"{SITE}embed/")
    assert bands(ask) == {"in": ["https://www.example.com"]}
    assert "gets in, except some of its pages" in ask.html("requests")


def test_site_of_a_bucket_that_is_gone_is_one_of_the_others(ask: ApiCaller) -> None:
    get(ask, THIEF)
    ask.oss("DELETE", "/img/a.png")
    ask.oss("DELETE", "/img")
    assert bands(ask) == {}
    assert "Sites not shown: 1, with requests: 1." in ask.html("requests")


def test_two_hundred_sites_are_shown(ask: ApiCaller) -> None:
    put(ask, SITE)
    get(ask, BLOG, *(f"https://site{number}.test/" for number in range(MOST - 1)))
    found = bands(ask)
    assert (len(found["yours"]), len(found["strangers"])) == (1, SHOWN - 1)
    assert ask("GET", "requests").json["others"] == MOST - SHOWN


def test_sites_are_those_of_the_search(ask: ApiCaller) -> None:
    get(ask, BLOG, THIEF)
    assert bands(ask, "?q=site:thief.test") == {"strangers": ["http://thief.test"]}
    assert bands(ask, "?q=bucket:other") == {}


def test_failures_are_counted_in_the_answer(ask: ApiCaller) -> None:
    ask.record("/missing-bucket/a")
    ask.record("/img/a.png?OSSAccessKeyId=oss-emulator&Expires=1&Signature=x")
    said = answer(ask)
    assert "Failed for other reasons: not found: 1 · signature expired: 1" in said
    assert "signature expired" in ask.html("requests")


def test_fresh_server_shows_two_commands_with_their_answers() -> None:
    caller = ApiCaller()
    caller.oss("PUT", "/img", x_oss_acl="public-read")
    caller.oss("PUT", "/img/a.png", b"x", content_length="1")
    put(caller, "https://www.example.com/")
    page = re.sub(r"<[^>]*>", "", caller.html("requests"))
    assert re.findall(r"asks: (\w+) (\d+)", page) == [("allowed", "200"), ("denied", "403")]
    assert page.count("curl -i -H") == 2
    assert caller.journal.entries() == []
    put(caller)
    assert re.findall(r"asks: \w+ (\d+)", re.sub(r"<[^>]*>", "", caller.html("requests"))) == [
        "200",
        "200",
    ]


@rows(
    "entry, referer, marked",
    ("https://www.example.com/", "https://blog.example.com/a", "https://[www].example.com/"),
    ("https://www.example.com/", "https://web.example.com/", "https://[www].example.com/"),
    ("https://shop.example.com/", "http://shop.example.com/", "[https]://shop.example.com/"),
    ("https://www.example.com/", "https://thief.test/", "https://[www.example.com]/"),
    ("https://a.test/gallery/", "https://a.test/", "https://a.test/[gallery/]"),
    ("https://a.test/b", "https://a.test/B", "https://a.test/[b]"),
    ("http://a.test:8080/", "http://a.test/", "http://a.test[:8080]/"),
)
def test_nearest_entry_has_the_part_that_differs(entry: str, referer: str, marked: str) -> None:
    policy = RefererPolicy.compile(RefererConfiguration(whitelist=(entry,)))
    miss = find_nearest(policy.reading.whitelist.patterns, referer)
    assert miss is not None
    near = miss.ours
    assert f"{near.before}[{near.differs}]{near.after}" == marked


def test_bars_go_up_for_allowed_and_down_for_denied(ask: ApiCaller) -> None:
    get(ask, SITE, SITE, THIEF)
    page = ask.html("requests")
    strip = page[page.index('id="strip"') :]
    up, down = (re.findall(rf'class="{name}" d="([^"]*)"', strip)[0] for name in ("up", "down"))
    tall = [float(re.findall(r"v(-?[\d.]+)h", path)[0]) for path in (up, down)]
    assert tall[0] == -2 * tall[1] < 0


def test_list_by_site_names_a_referer_with_spaces_and_ends(ask: ApiCaller) -> None:
    get(ask, *["no address is:denied"] * (GROUPED + 1))
    page = ask.html("requests")
    assert 'data-query="site:&#34;no address is:denied&#34; bucket:img"' in page
    get(ask, *(f"http://{number}.test/" for number in range(GROUPS)))
    page = ask.html("requests")
    assert page.count("data-group=") == GROUPS
    assert "Sites not listed here: 1." in page


def test_edited_rules_show_what_they_would_change(ask: ApiCaller) -> None:
    get(ask, SITE, SITE, BLOG, THIEF)
    draft = ask("GET", "rules/img").json["rules"]
    asked = {"drafts": {"img": {**draft, "RefererList": {"Referer": [SITE, THIEF]}}, "gone": draft}}
    (found,) = ask("POST", "requests/drafts", asked).json["drafts"]
    assert found == {
        "bucket": "img",
        "decided": 4,
        "denied": {"https://blog.example.com": 1},
        "allowed": {"http://thief.test": 1},
    }
    page = ask.html("requests/drafts", asked)
    assert "https://blog.example.com" in page
    assert "Newly denied: 1" in page


def test_edited_rules_that_change_nothing_are_not_named(ask: ApiCaller) -> None:
    get(ask, SITE)
    asked = {"drafts": {"img": ask("GET", "rules/img").json["rules"]}}
    assert ask("POST", "requests/drafts", asked).json == {"drafts": []}


@rows("drafts", None, [], {"img": {"RefererList": 1}})
def test_drafts_that_are_no_rules_get_400(ask: ApiCaller, drafts: object) -> None:
    assert ask("POST", "requests/drafts", {"drafts": drafts}).status == 400
