"""What a request to STS asks for: its action, its parameters, the form of the answer."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.message import Request
from oss_emulator.sts.message import STSRequest, names_action

V3 = {"x-acs-action": "AssumeRole", "x-acs-version": "2015-04-01"}


def request(target: str, headers: dict[str, str], method: str = "GET") -> Request:
    return Request.parse(method, target, headers.items(), 0.0)


@pytest.mark.parametrize(
    ("target", "headers", "as_json"),
    [
        ("/?Action=a", {}, False),
        ("/?Action=a", {"accept": "application/json"}, False),
        ("/?Action=a&Format=JSON", {}, True),
        ("/?Action=a&Format=json", {}, True),
        ("/?Format=XML", V3, False),
        ("/", V3, True),
        ("/", {**V3, "accept": "application/json"}, True),
        ("/", {**V3, "accept": "*/*"}, True),
        ("/", {**V3, "accept": "application/xml"}, False),
        ("/", {**V3, "accept": "text/xml"}, False),
    ],
)
def test_format_decides_and_then_accept(
    target: str, headers: dict[str, str], as_json: bool
) -> None:
    """P-61"""
    assert STSRequest.parse(request(target, headers), b"").as_json is as_json


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/?Action=a&Version=1", {}, ("a", "1")),
        ("/", {"x-acs-action": "a", "x-acs-version": "1"}, ("a", "1")),
        ("/?Action=a", {"x-acs-action": "b", "x-acs-version": "1"}, ("a", "1")),
        ("/", {}, ("", "")),
    ],
)
def test_action_is_in_parameters_or_headers(
    target: str, headers: dict[str, str], expected: tuple[str, str]
) -> None:
    found = STSRequest.parse(request(target, headers), b"")
    assert (found.action, found.version) == expected


def test_only_a_post_has_a_form_and_the_query_wins() -> None:
    body = b"a=form&b=form"
    found = STSRequest.parse(request("/?a=query", {}, "POST"), body)
    assert found.parameters == {"a": "query", "b": "form"}
    assert STSRequest.parse(request("/?a=query", {}), body).parameters == {"a": "query"}


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/?Action=AssumeRole&Version=2015-04-01", {}, True),
        ("/", V3, True),
        ("/", {**V3, "x-acs-version": "2014-05-26"}, False),
        ("/?Version=2015-04-01", {}, False),
        ("/?acl", {}, False),
        ("/", {}, False),
    ],
)
def test_request_to_sts_is_known_by_its_action(
    target: str, headers: dict[str, str], expected: bool
) -> None:
    assert names_action(request(target, headers)) is expected
