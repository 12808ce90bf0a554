"""The rules page without a browser: conflicts, the plan of a bucket, proposed Referers."""

from __future__ import annotations

import json
import time
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


def test_review_says_which_rules_it_compared(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/"), "bucket": BUCKET}
    before = ask("POST", "rules/review", body).json["etag"]
    assert f'data-etag="{before.replace(chr(34), "&#34;")}"' in ask.html("rules/review", body)
    ask("PUT", f"rules/{BUCKET}", {"rules": members("https://b.test/")})
    assert ask("POST", "rules/review", body).json["etag"] != before


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
    assert "data-mean=" not in ask.html("rules/answer", {**body, "meant": ["https://b.*"]})


def test_entry_that_stays_shows_what_is_added_beside_it(ask: ApiCaller) -> None:
    text = ask.html("rules/answer", {"rules": members(PORT, empty=False), "bucket": BUCKET})
    line = text[text.index('data-place="whitelist:0"') :].partition("</li>")[0]
    assert "Add beside it" in line
    assert ">https://www.example.com/" in line


def test_answer_that_is_no_longer_asked_is_not_found(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/"), "bucket": BUCKET, "change": {"instead": []}}
    refused = ask("POST", "rules/take", body)
    assert (refused.status, refused.json["error"]) == (404, "The plan does not ask this any more.")
    refused = ask("POST", "rules/take", {**body, "site": "nonsense"})
    assert (refused.status, "is not the address" in refused.json["error"]) == (400, True)


PORT = "https://www.example.com:*/"


# --- Referers and site to try


def test_proposed_referers_follow_the_rules(ask: ApiCaller) -> None:
    rules = members("https://*.shop.example/", "https://m.example.net/", empty=False)
    shown = ask.html("rules/check", {"rules": rules})
    for referer in (
        "https://www.shop.example/",
        "https://m.example.net/",
        "shop.example.evil.test",
    ):
        assert referer in shown
    decisions = ask("POST", "rules/check", {"rules": rules}).json["decisions"]
    assert not decisions[0]["referer"]
    assert {decision["allowed"] for decision in decisions} == {True, False}


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
    assert 'data-answer="Strangers get in' in text
    assert "Sites taken from the entries:" in text
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
    ask("POST", "rules/review", body)
    assert time.process_time() - began < 10
    assert len(marks_of(text)) == 250


def marks_of(text: str) -> list[str]:
    return text.partition('data-marks="')[2].partition('"')[0].split()


def test_all_entries_are_marked_and_some_are_described(ask: ApiCaller) -> None:
    body = {
        "rules": members(*(f" http://{number}.test/" for number in range(170)), "http://a.test"),
        "bucket": BUCKET,
    }
    text = ask.html("rules/answer", body)
    assert marks_of(text) == [f"whitelist:{number}:changes" for number in range(171)]
    assert text.count('<li class="line') == 100
    assert "and 71 more" in text
