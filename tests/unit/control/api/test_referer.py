"""`referer/check`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.control.api.caller import ApiCaller
from tests.unit.control.api.conftest import RULES

REQUESTS = [{"referer": "http://good.test/a"}, {"referer": None}, {"signed": "header"}]


@pytest.mark.parametrize("source", [{"bucket": "bucket"}, {"rules": RULES.decode()}])
def test_requests_are_decided(ask: ApiCaller, source: dict[str, Any]) -> None:
    answer = ask("POST", "referer/check", {**source, "requests": REQUESTS})
    assert [decision["ec"] for decision in answer.json["decisions"]] == [
        None,
        "0003-00000501",
        None,
    ]


def test_bucket_without_rules_allows_all(ask: ApiCaller) -> None:
    ask.oss("DELETE", "/bucket?referer")
    ask.oss("PUT", "/other")
    answer = ask("POST", "referer/check", {"bucket": "other", "requests": REQUESTS})
    assert all(decision["allowed"] for decision in answer.json["decisions"])


@pytest.mark.parametrize("source", [{"bucket": "bucket"}, {"rules": RULES.decode()}])
def test_requests_are_decided_under_the_assumptions_in_the_body(
    ask: ApiCaller, source: dict[str, Any]
) -> None:
    """R-24"""
    body = {**source, "requests": [{"referer": "HTTP://GOOD.test/"}]}
    for variant, allowed in (("case-sensitive", False), ("case-insensitive", True)):
        answer = ask("POST", "referer/check", {**body, "assumptions": {"letter_case": variant}})
        (decision,) = answer.json["decisions"]
        assert decision["allowed"] is allowed
        assert decision["variants"] == {"letter_case": variant}


def test_rules_without_a_list_are_read_if_that_is_assumed(ask: ApiCaller) -> None:
    """R-30"""
    rules = (
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer></RefererConfiguration>"
    )
    body = {"rules": rules, "requests": REQUESTS}
    assert ask("POST", "referer/check", body).status == 400
    optional = {"assumptions": {"missing_list": "list-optional"}}
    assert ask("POST", "referer/check", {**body, **optional}).status == 200


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"requests": []}, 400, "either rules"),
        ({"bucket": "bucket", "rules": {}, "requests": []}, 400, "either rules"),
        ({"bucket": "none", "requests": []}, 404, "bucket none does not exist"),
        ({"rules": "<x/>", "requests": []}, 400, "cannot be read"),
        ({"bucket": "bucket"}, 400, "must be a list"),
        ({"bucket": "bucket", "requests": [1]}, 400, "must be a list"),
        ({"bucket": "bucket", "requests": [{"signed": "twice"}]}, 400, "signed must be one of"),
        ({"bucket": "bucket", "requests": [{"referer": 1}]}, 400, "must be strings"),
        (
            {"bucket": "bucket", "assumptions": {"empty_whitelist": "denies"}, "requests": []},
            400,
            'assumptions.empty_whitelist is "denies"; write "empty-whitelist-allows" or ',
        ),
        (
            {"bucket": "bucket", "assumptions": {"r99": "x"}, "requests": []},
            400,
            "assumptions.r99 is unknown; use checked_requests, check_order, empty_whitelist",
        ),
    ],
)
def test_bad_question_is_refused(
    ask: ApiCaller, body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = ask("POST", "referer/check", body)
    assert answer.status == status
    assert sentence in answer.json["error"]
