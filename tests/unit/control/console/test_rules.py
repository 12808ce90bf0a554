"""The rules page without a browser: conflicts, corrections with their proof, proposed Referers."""

from __future__ import annotations

import json
import time
from html import unescape
from typing import Any

import pytest
from oss_emulator.control.api.route import ApiError
from oss_emulator.protocol.errors import OSSError

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


# --- Corrections


PORT = "https://www.example.com:*/"


def test_correction_that_keeps_the_entry_says_what_it_adds(ask: ApiCaller) -> None:
    body = {"rules": members(PORT, empty=False), "bucket": BUCKET}
    text = ask.html("rules/review", body)
    line = text[text.index("1 entry requires a port") :].partition("</table>")[0]
    assert "Add beside it" in line
    assert "Replace" not in line
    assert ">https://www.example.com/<" in line
    named = {"rule": "wildcard-port", "list": "whitelist", "entry": PORT}
    corrected = ask("POST", "rules/correct", {**body, **named}).json["rules"]
    assert corrected["RefererList"]["Referer"][:2] == [PORT, "https://www.example.com/"]


def test_correction_comes_with_the_proof_of_what_it_changes(ask: ApiCaller) -> None:
    rules = members("https://shop.cn/a/b.html", empty=False)
    (risky,) = (
        finding
        for finding in ask("POST", "rules/review", {"rules": rules, "bucket": BUCKET}).json[
            "findings"
        ]
        if finding["safe"] is False
    )
    named = {name: risky[name] for name in ("rule", "list", "entry")}
    answer = ask("POST", "rules/correct", {"rules": rules, **named}).json
    assert answer["finding"]["decide"]
    assert answer["difference"]["changes"]
    proof = ask.html("rules/correct", {"rules": rules, **named})
    assert "Would be allowed" in proof
    assert answer["rules"]["RefererList"]["Referer"][0] in proof


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
    body = {"rules": members("http://www.example.com"), "bucket": BUCKET}
    answer = ask("POST", "rules/answer", body).json
    assert answer["answer"] == "Strangers get in, and 1 of your 2 addresses cannot."
    safe = ["https://www.example.com/", "http://www.example.com/"]
    assert answer["rules"]["whitelist"] == safe
    stranger = next(
        one for one in answer["who"] if one["referer"] == "http://www.example.com.evil.test/"
    )
    assert (stranger["now"]["allowed"], stranger["then"]["allowed"]) == (True, False)
    text = ask.html("rules/answer", body)
    assert 'data-answer="Strangers get in' in text
    assert "Sites taken from the entries:" in text
    used = json.loads(unescape(text.partition('data-use="')[2].partition('"')[0]))
    assert used["RefererList"] == {"Referer": safe}
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
    expected = ["https://*.console.aliyun.com/", "https://a.test/", "https://b.test/"]
    assert sorted(answer["rules"]["whitelist"]) == expected
    assert "--console" not in ask.html("rules/answer", body)


def test_text_that_is_not_a_site_is_named_in_place_of_the_answer(ask: ApiCaller) -> None:
    body = {"rules": members("https://a.test/"), "bucket": BUCKET, "site": "nonsense"}
    assert "'nonsense' is not the address" in ask("POST", "rules/answer", body).json["error"]
    text = ask.html("rules/answer", body)
    assert "notice warn" in text
    assert "data-use" not in text


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
    """R-42: 20 KB, here with a finding on each entry."""
    entries = [f"*.{number:03}.{'long' * 14}.example{number % 50}.cn/x/y" for number in range(250)]
    assert 19_000 <= len("".join(entries)) <= 20 * 1024
    body = {"rules": members(*entries), "bucket": BUCKET}
    began = time.process_time()
    review = ask("POST", "rules/review", body).json
    assert time.process_time() - began < 5
    assert {finding["position"] for finding in review["findings"]} >= set(range(250))


def test_lines_of_all_findings_are_marked_and_some_are_described(ask: ApiCaller) -> None:
    body = {
        "rules": members(*(f" http://{number}.test/" for number in range(70)), "http://a.test"),
        "bucket": BUCKET,
    }
    text = ask.html("rules/review", body)
    marks = text.partition('data-marks="')[2].partition('"')[0].split()
    assert {mark.split(":")[1] for mark in marks} == {str(number) for number in range(71)}
    assert text.count('<li class="cause"') < 10
    assert text.count("data-goto") <= 60 * text.count('<li class="cause"')
