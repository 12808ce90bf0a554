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


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"requests": []}, 400, "either rules"),
        ({"bucket": "bucket", "rules": {}, "requests": []}, 400, "either rules"),
        ({"bucket": "none", "requests": []}, 404, "no bucket none"),
        ({"rules": "<x/>", "requests": []}, 400, "cannot be read"),
        ({"bucket": "bucket"}, 400, "must be a list"),
        ({"bucket": "bucket", "requests": [1]}, 400, "must be a list"),
        ({"bucket": "bucket", "requests": [{"signed": "twice"}]}, 400, "signed must be one of"),
        ({"bucket": "bucket", "requests": [{"referer": 1}]}, 400, "must be texts"),
    ],
)
def test_bad_question_is_refused(
    ask: ApiCaller, body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = ask("POST", "referer/check", body)
    assert answer.status == status
    assert sentence in answer.json["error"]
