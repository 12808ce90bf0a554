"""Requests: their action, parameters and format, and signature V1."""

from __future__ import annotations

import pytest
from aliyunsdkcore.auth.composer import rpc_signature_composer
from aliyunsdkcore.request import RpcRequest
from oss_emulator import rpc
from oss_emulator.protocol.dates import parse_iso
from oss_emulator.protocol.message import Request
from oss_emulator.rpc.request import RPCRequest, string_to_sign
from oss_emulator.sts import STS

from tests.unit.sts.requests import (
    ENVIRONMENT,
    MATERIAL,
    NOW,
    ask,
    check_refused,
    credentials,
    parameters,
    parse,
)

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


REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"AccessKeyId": None}, 400, "MissingAccessKeyId"),
    ({"AccessKeyId": "unknown-key"}, 404, "InvalidAccessKeyId.NotFound"),
    ({"AccessKeyId": "STS.unknown"}, 400, "MissingSecurityToken"),
    ({"SecurityToken": "CAIS"}, 400, "InvalidSecurityToken.MismatchWithAccessKey"),
    (
        {"AccessKeyId": "STS.unknown", "SecurityToken": "CAIS"},
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
    ),
    ({"SignatureMethod": "HMAC-SHA256"}, 400, "InvalidSignatureMethod"),
    ({"SignatureVersion": "2.0"}, 400, "InvalidSignatureMethod"),
    ({"SignatureNonce": ""}, 400, "MissingSignatureNonce"),
    ({"Timestamp": None}, 400, "MissingTimestamp"),
    ({"Timestamp": "yesterday"}, 400, "InvalidTimeStamp.Format"),
    ({"Timestamp": "2023-11-14T21:58:19Z"}, 400, "InvalidTimeStamp.Expired"),
    ({"Timestamp": "2023-11-14T22:28:21Z"}, 400, "InvalidTimeStamp.Expired"),
    ({"Signature": "x"}, 400, "SignatureDoesNotMatch"),
    ({"Signature": ""}, 400, "MissingSignature"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED)
def test_bad_signature_is_refused(changes: dict[str, str | None], status: int, code: str) -> None:
    check_refused(changes, status, code)


def test_sdk_recognizes_a_wrong_secret() -> None:
    request = RpcRequest("Sts", "2015-04-01", "GetCallerIdentity", "sts")
    request.set_accept_format("JSON")
    url = request.get_url("cn-hangzhou", "owner-key", "wrong")
    sent = Request.parse(request.get_method(), url, [("Host", "x")], 0.0)
    timed = Request.parse(
        request.get_method(), url, [("Host", "x")], parse_iso(sent.query["Timestamp"]) or 0.0
    )
    message = parse(rpc.answer(STS, timed, b"", ENVIRONMENT, MATERIAL).response)["Message"]
    # aliyun-python-sdk-core 2.16 recognizes a wrong secret so.
    assert message.split(":")[1] == request.string_to_sign


@pytest.mark.parametrize(
    "value", ["", " ", "+", "~", "*", "%", "/", "ä中", "a=b&c", "'\"", "!()", "a:b,c"]
)
def test_string_to_sign_is_that_of_the_sdk(value: str) -> None:
    found = {"Action": "x", "b": value, "A": "1"}
    compose = rpc_signature_composer.__dict__["__compose_string_to_sign"]
    assert string_to_sign("POST", {**found, "Signature": "s"}) == compose("POST", found)


def test_clocks_may_differ_by_fifteen_minutes() -> None:
    for stamp in ("2023-11-14T21:58:20Z", "2023-11-14T22:28:20Z"):
        assert ask(parameters(Timestamp=stamp)).status == 200


def test_expired_token_has_its_own_code() -> None:
    found = credentials()
    fields = {"AccessKeyId": found["AccessKeyId"], "SecurityToken": found["SecurityToken"]}
    later = parameters("GetCallerIdentity", **fields, Timestamp="2023-11-14T23:13:20Z")
    answer = parse(ask(later, found["AccessKeySecret"], at=NOW + 3600))
    assert answer["Code"] == "InvalidSecurityToken.Expired"
