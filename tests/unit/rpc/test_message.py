"""What a request to an RPC service asks for: its action, its parameters, the form of the answer."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.message import Request
from oss_emulator.rpc.message import RPCRequest

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
    assert RPCRequest.parse(request(target, headers), b"").as_json is as_json


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
    found = RPCRequest.parse(request(target, headers), b"")
    assert (found.action, found.version) == expected


def test_only_a_post_has_a_form_and_the_query_wins() -> None:
    body = b"a=form&b=form"
    found = RPCRequest.parse(request("/?a=query", {}, "POST"), body)
    assert found.parameters == {"a": "query", "b": "form"}
    assert RPCRequest.parse(request("/?a=query", {}), body).parameters == {"a": "query"}
