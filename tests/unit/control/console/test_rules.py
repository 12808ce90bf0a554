"""The rules page without a browser: conflicts, the plan of a bucket as a list, its costs."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from oss_emulator.control.api.route import ApiError
from oss_emulator.protocol.errors import OSSError
from oss_referer import RefererConfiguration
from oss_referer.plan import Wish, plan
from oss_referer.sources.ossutil import convert_members, to_members

from tests.thorough import cases
from tests.unit.control.caller import ApiCaller

BUCKET = "examplebucket"


def members(*whitelist: str, empty: bool = True) -> dict[str, Any]:
    return {"AllowEmptyReferer": empty, "RefererList": {"Referer": list(whitelist)}}


@pytest.fixture
def ask() -> ApiCaller:
    caller = ApiCaller()
    caller.oss("PUT", f"/{BUCKET}")
    return caller


def put(ask: ApiCaller, rules: dict[str, Any], etag: str) -> Any:
    """Put rules in place of those with an entity tag; returns the JSON, raises `ApiError`."""
    body = json.dumps({"rules": rules}).encode()
    response = ask.response("PUT", f"rules/{BUCKET}", body, if_match=etag)
    return json.loads(bytes(response.body))  # type: ignore[arg-type]


# --- Other rules in the bucket


def test_rules_are_replaced_only_in_place_of_those_that_were_seen(ask: ApiCaller) -> None:
    seen = ask("GET", f"rules/{BUCKET}").json["etag"]
    mine = put(ask, members("https://mine.test/"), seen)
    assert mine["etag"] == ask("GET", f"rules/{BUCKET}").json["etag"] != seen
    with pytest.raises(ApiError) as refused:
        put(ask, members("https://late.test/"), seen)
    assert refused.value.status == 409
    assert "rules of the bucket have changed meanwhile" in refused.value.sentence
    assert ask("GET", f"rules/{BUCKET}").json["rules"] == mine["rules"]
    assert put(ask, members("https://late.test/"), mine["etag"])["rules"]["RefererList"] == {
        "Referer": ["https://late.test/"]
    }


def test_recorded_requests_of_wrong_types_are_refused(ask: ApiCaller) -> None:
    group = ["h", BUCKET, "none", "GET", "object", [], False, False, 200, "", 1, 1, ""]
    recorded = {"groups": [group], "skipped": {}, "service": []}
    body = {"rules": members(), "bucket": BUCKET, "recorded": recorded}
    refused = ask("POST", "rules/traffic", body)
    said = "these are not recorded requests; open their file again."
    assert (refused.status, refused.json["error"]) == (400, said)


def test_answer_says_which_rules_it_compared(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/"), "bucket": BUCKET}
    before = ask("POST", "rules/answer", body).json["etag"]
    assert f'data-etag="{before.replace(chr(34), "&#34;")}"' in ask.html("rules/answer", body)
    ask("PUT", f"rules/{BUCKET}", {"rules": members("https://b.test/")})
    assert ask("POST", "rules/answer", body).json["etag"] != before


def test_page_and_its_json_are_never_mixed_up_by_a_cache(ask: ApiCaller) -> None:
    """They have the same address, to which a reader goes back."""
    for accept in ("text/html", "application/json"):
        headers = ask.response("GET", f"rules/{BUCKET}", accept=accept).headers
        assert headers["Cache-Control"] == "no-store"
        assert "Accept" in headers["Vary"]


def test_rules_above_the_limit_are_refused_with_the_sentence_of_the_service(ask: ApiCaller) -> None:
    """R-42"""
    with pytest.raises(OSSError) as refused:
        ask("PUT", f"rules/{BUCKET}", {"rules": members("https://a.test/" + "x" * 20_480)})
    assert "limit" in str(refused.value.details["ErrorDetail"])


# --- The plan


def corrected(ask: ApiCaller, rules: dict[str, Any], **more: Any) -> Any:
    """Return the corrected rules for the bucket."""
    return ask("POST", "rules/take", {"rules": rules, "bucket": BUCKET, **more}).json["rules"]


ENTRIES = strategies.sampled_from(
    """https://www.example.com/ http://www.example.com https://*.example.com example.com * ?
    https://*.example.com/x https://a.test:* ${site} https://10.0.0.* wx0123456789abcdef""".split()
)
LISTS = strategies.lists(ENTRIES, max_size=5)


@given(LISTS, LISTS, LISTS)
@settings(
    max_examples=cases(40, 1_000), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_corrected_list_of_any_rules_is_that_of_the_plan(
    ask: ApiCaller, saved: list[str], white: list[str], black: list[str]
) -> None:
    """The sites that the rules of the bucket name are the owner's too."""
    before = RefererConfiguration(whitelist=tuple(saved))
    ask("PUT", f"rules/{BUCKET}", {"rules": to_members(before)})
    rules = RefererConfiguration(False, whitelist=tuple(white), blacklist=tuple(black))
    planned = plan(rules, Wish(saved=before))
    assert convert_members(corrected(ask, to_members(rules))) == planned.corrected


def test_site_of_the_saved_rules_stays_the_owners(ask: ApiCaller) -> None:
    ask("PUT", f"rules/{BUCKET}", {"rules": members("https://a.test/", "https://b.test/")})
    body = {"rules": members("https://a.test/"), "bucket": BUCKET}
    who = {one["referer"]: one for one in ask("POST", "rules/answer", body).json["who"]}
    assert (who["https://b.test/"]["wanted"], who["https://b.test/"]["wrong"]) == (True, True)


def test_entry_that_is_meant_is_not_asked_again(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/", "https://b.*"), "bucket": BUCKET}
    asked = ask("POST", "rules/answer", body).json["questions"]
    assert [one["entry"] for one in asked] == ["https://b.*"]
    assert ask("POST", "rules/answer", {**body, "meant": ["https://b.*"]}).json["questions"] == []
    assert 'data-mean="https://b.*"' in ask.html("rules/answer", body)
    kept = ask.html("rules/answer", {**body, "meant": ["https://b.*"]})
    assert "data-mean=" not in kept
    assert ("meant", "https://b.*") in lines_of(kept)


def lines_of(text: str) -> list[tuple[str, str]]:
    """Return what becomes of each line, and its text."""
    lines = re.findall(r'<li class="r ([\w-]+)".*?data-entry="(.*?)"', text, re.DOTALL)
    return [(fate, unescape(entry)) for fate, entry in lines]


def test_entry_that_stays_is_followed_by_what_comes_with_it(ask: ApiCaller) -> None:
    text = ask.html("rules/answer", {"rules": members(PORT, empty=False), "bucket": BUCKET})
    assert lines_of(text)[:2] == [("stays", PORT), ("comes", "https://www.example.com/")]


def test_removed_entry_says_whom_it_locks_out_until_its_site_is_given_up(ask: ApiCaller) -> None:
    ask("PUT", f"rules/{BUCKET}", {"rules": members("https://a.test/", "https://b.test/")})
    for _ in range(3):
        ask.record(f"/{BUCKET}/x", "https://b.test/page")
    body: dict[str, Any] = {"rules": members("https://a.test/"), "bucket": BUCKET}
    text = ask.html("rules/answer", body)
    assert 'data-answer="Your changes lock out b.test: 3 of the last 3 requests."' in text
    assert lines_of(text)[:2] == [("stays", "https://a.test/"), ("gone", "https://b.test/")]
    assert 'data-part="lock"' in text
    given_up = ask.html("rules/answer", {**body, "forgotten": ["https://b.test/"]})
    assert (
        'data-answer="Your site gets in, and strangers get in only without a Referer."' in given_up
    )
    assert 'data-part="lock"' not in given_up


def test_correction_is_a_difference_within_its_line(ask: ApiCaller) -> None:
    text = ask.html("rules/answer", {"rules": members("www.a.test"), "bucket": BUCKET})
    assert "<ins>https://</ins>www.a.test<ins>/</ins>" in text
    capital = ask.html("rules/answer", {"rules": members("https://A.test/"), "bucket": BUCKET})
    assert "https://<del>A</del><ins>a</ins>.test/" in capital


def test_requests_that_change_are_counted_for_both_buttons(ask: ApiCaller) -> None:
    ask("PUT", f"rules/{BUCKET}", {"rules": members("https://a.test/", empty=False)})
    for referer in ("https://a.test/", "https://b.test/", "https://b.test/"):
        ask.record(f"/{BUCKET}/x", referer)
    body = {"rules": members("https://a.test/", "b.test", empty=False), "bucket": BUCKET}
    plan, _, cost = ask.html("rules/answer", body).partition('data-part="cost"')
    assert "2 of the last 3 requests</b> change: 2 more get in, 0 newly denied" in plan
    assert "no request changes" in cost.partition("</div>")[0]


def test_list_that_no_bucket_takes_says_so(ask: ApiCaller) -> None:
    """R-42"""
    rules = members(*(f"https://{'long' * 20}{number}.test/" for number in range(250)))
    text = ask.html("rules/answer", {"rules": rules, "bucket": BUCKET})
    assert "data-too-large" in text
    assert "this list cannot be applied" in text


def test_long_list_folds_the_lines_that_stay(ask: ApiCaller) -> None:
    many = [f"https://www.{number}.test/" for number in range(40)]
    body = {"rules": members(*many[:20], "a.test", *many[20:]), "bucket": BUCKET}
    text = ask.html("rules/answer", body)
    assert text.count('<li class="fold">') == 2
    assert [entry for _, entry in lines_of(text) if entry in many] == many
    assert 'class="fold"' not in ask.html("rules/answer", {**body, "rules": members(*many[:9])})


def test_answer_that_is_no_longer_asked_is_not_found(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/"), "bucket": BUCKET, "change": {"instead": []}}
    refused = ask("POST", "rules/take", body)
    assert (refused.status, refused.json["error"]) == (404, "The plan does not ask this any more.")
    refused = ask("POST", "rules/take", {**body, "site": "nonsense"})
    assert (refused.status, "is not the address" in refused.json["error"]) == (400, True)


PORT = "https://www.example.com:*/"


# --- The answer of a review


def test_answer_is_about_the_edited_rules_and_an_object_of_the_bucket(ask: ApiCaller) -> None:
    ask.oss("PUT", f"/{BUCKET}/a%20b.jpg", b"x")
    body: dict[str, Any] = {"rules": members("http://www.example.com"), "bucket": BUCKET}
    answer = ask("POST", "rules/answer", body).json
    assert answer["answer"].startswith("Strangers get in, such as http://www.example.com.")
    safe = ["https://www.example.com/", "http://www.example.com/"]
    assert answer["rules"]["whitelist"] == safe
    stranger = next(
        one for one in answer["who"] if one["referer"] == "http://www.example.com.evil.test/"
    )
    assert (stranger["now"]["allowed"], stranger["then"]["allowed"]) == (True, False)
    text = ask.html("rules/answer", body)
    assert 'data-answer="1 of your 2 sites is locked out, and strangers can get in."' in text
    assert 'id="use"' in text
    assert corrected(ask, body["rules"])["RefererList"] == {"Referer": safe}
    assert f"http://localhost/{BUCKET}/a%20b.jpg" in text
    assert "oss-emulator apply" not in text


@pytest.mark.parametrize(
    "sites", ["https://a.test https://b.test", "https://a.test，https://b.test"]
)
def test_sites_that_a_reader_names_are_those_that_are_meant(ask: ApiCaller, sites: str) -> None:
    rules = members("https://*.aliyun.com", "https://thief.test/")
    body = {"rules": rules, "bucket": BUCKET, "site": sites}
    answer = ask("POST", "rules/answer", body).json
    assert answer["sites_taken"] is None
    written = {"https://a.test/", "https://b.test/"}
    assert {*answer["rules"]["whitelist"]} == {
        "https://*.aliyun.com",
        "https://thief.test/",
    } | written
    assert {one["entry"] for one in answer["questions"]} == {
        "https://*.aliyun.com",
        "https://thief.test/",
    }


def test_text_that_is_not_a_site_is_named_in_place_of_the_answer(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/"), "bucket": BUCKET, "site": "nonsense"}
    assert "'nonsense' is not the address" in ask("POST", "rules/answer", body).json["error"]
    text = ask.html("rules/answer", body)
    assert "notice warn" in text
    assert 'id="use"' not in text


def test_answer_escapes_what_rules_and_sites_contain(ask: ApiCaller) -> None:
    hostile = "<script>alert(1)</script>"
    for site in ("", hostile):
        body = {"rules": members(hostile, "https://a.test"), "bucket": BUCKET, "site": site}
        assert "<script" not in ask.html("rules/answer", body)


@pytest.mark.parametrize(("count", "seconds"), [(20, 0.3), (300, 4)])
def test_answer_to_long_rules_is_fast(ask: ApiCaller, count: int, seconds: float) -> None:
    rules = members(*(f"*.site{number}.com" for number in range(count)))
    ask.html("rules/answer", {"rules": members("*.a.test"), "bucket": BUCKET})
    began = time.process_time()
    text = ask.html("rules/answer", {"rules": rules, "bucket": BUCKET})
    assert time.process_time() - began < seconds
    assert f"site{count - 1}.com" in text


# --- Long lists


def test_rules_as_long_as_the_service_takes_are_reviewed_at_once(ask: ApiCaller) -> None:
    """R-42: 20 KB, here with a change or a question for each entry."""
    entries = [f"*.{number:03}.{'long' * 14}.example{number % 50}.cn/x/y" for number in range(250)]
    assert 19_000 <= len("".join(entries)) <= 20 * 1024
    body = {"rules": members(*entries), "bucket": BUCKET}
    began = time.process_time()
    text = ask.html("rules/answer", body)
    assert time.process_time() - began < 10
    assert len(marks_of(text)) == 250


def marks_of(text: str) -> list[str]:
    return text.partition('data-marks="')[2].partition('"')[0].split()


def test_all_entries_are_marked_and_described(ask: ApiCaller) -> None:
    body = {
        "rules": members(*(f" http://{number}.test/" for number in range(170)), "http://a.test"),
        "bucket": BUCKET,
    }
    text = ask.html("rules/answer", body)
    assert marks_of(text) == [f"whitelist:{number}:changes" for number in range(171)]
    assert [fate for fate, _ in lines_of(text)].count("changes") == 171


def test_correction_that_locks_out_a_page_of_a_removed_entry_names_it(ask: ApiCaller) -> None:
    ask("PUT", f"rules/{BUCKET}", {"rules": members("https://*.a.test/")})
    text = ask.html("rules/answer", {"rules": members("https://x.test"), "bucket": BUCKET})
    assert ("changes", "https://x.test") in lines_of(text)
    assert "locks out nobody" not in text
    assert '<span>locks out <code class="e">https://x.test.a.test/</code></span>' in text
