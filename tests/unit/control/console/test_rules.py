"""The rules page without a browser: conflicts, corrections with their proof, proposed Referers."""

from __future__ import annotations

import json
import time
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
    assert "got other rules, which were not replaced" in refused.value.sentence
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
    button = text[text.index('data-correct="wildcard-port"') :].partition("</button>")[0]
    assert "Add beside it" in button
    assert "Replace" not in button
    assert ">https://www.example.com/<" in button
    assert PORT not in button


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
    assert "notice warn" in proof
    assert "Would be allowed" in proof
    assert json.dumps(answer["rules"]["RefererList"]["Referer"][0]) in proof.replace("&#34;", '"')


def test_corrections_that_are_not_safe_are_left_to_ask_about(ask: ApiCaller) -> None:
    path = "https://www.example.com/a/*"
    rules = members(" http://a.test/", path, empty=False)
    answer = ask("POST", "rules/correct", {"rules": rules}).json
    assert "http://a.test/" in answer["rules"]["RefererList"]["Referer"]
    assert path in answer["rules"]["RefererList"]["Referer"]
    assert [finding["entry"] for finding in answer["left"]] == [path]


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


@pytest.mark.parametrize(
    ("given", "site"), [("", "https://m.example.net"), ("https://a.test/b", "https://a.test/b")]
)
def test_site_of_the_scenarios_follows_the_rules_until_one_is_given(
    ask: ApiCaller, given: str, site: str
) -> None:
    rules = members("https://m.example.net/")
    body = {"rules": rules, "bucket": BUCKET, "site": given}
    assert ask("POST", "rules/review", body).json["site"] == site


# --- Without scripts


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
        "rules": members(*(f" http://{number}.test/" for number in range(70))),
        "bucket": BUCKET,
    }
    text = ask.html("rules/review", body)
    marks = text.partition('data-marks="')[2].partition('"')[0].split()
    assert {mark.split(":")[1] for mark in marks} == {str(number) for number in range(70)}
    assert text.count('<li class="finding"') < 70
