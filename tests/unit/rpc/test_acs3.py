"""Signature V3: requests that the SDK signed, the example of the documentation, and refusals."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.protocol.message import Request
from oss_emulator.rpc import acs3
from oss_emulator.rpc.errors import RPCError
from oss_emulator.rpc.request import RPCRequest

from tests.unit.sts.requests import answer_v3, parse, sign_v3


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "value", ["", " ", "+", "~", "*", "%", "/", "ä中", "a=b&c", "'\"", "!()", "a:b,c"]
)
def test_request_that_the_sdk_signed_is_accepted(method: str, value: str) -> None:
    """P-61"""
    sent = sign_v3({"b": value, "A": "1", "a": "2"}, method=method)
    assert answer_v3(sent).status == 200


def test_parameters_in_a_form_are_signed_by_their_hash() -> None:
    form = {
        "RoleArn": "acs:ram::1000000000000001:role/worker",
        "RoleSessionName": "night",
    }
    kind = "application/x-www-form-urlencoded"
    sent = sign_v3({}, form, x_acs_action="AssumeRole", content_type=kind)
    assert parse(answer_v3(sent))["AssumedRoleUser"]["Arn"].endswith("role/worker/night")
    request, body = sent
    changed = parse(answer_v3((request, body.replace(b"night", b"light"))))
    assert changed["Code"] == "SignatureDoesNotMatch"


def test_string_to_sign_is_that_of_the_documented_example() -> None:
    """The fixed values of "Request syntax and signature method V3", with its access key."""
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    target = "/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"
    request = RPCRequest.parse(Request.parse("POST", target, headers.items(), 0.0), b"")
    text = acs3.string_to_sign(acs3.canonical_request(request, tuple(headers)))
    assert text == (
        "ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    )
    assert acs3.sign(text, "YourAccessKeySecret") == (
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x_acs_action", "AssumeRole"),
        ("x_acs_signature_nonce", "another"),
        ("x_acs_content_sha256", "0" * 64),
        ("accept", "*/*"),
        ("host", "sts.cn-hangzhou.aliyuncs.com"),
    ],
)
def test_changed_header_does_not_fit_the_signature(name: str, value: str) -> None:
    answer = parse(answer_v3(sign_v3({}), **{name: value}))
    assert answer["Code"] == "SignatureDoesNotMatch"
    assert "server StringToSign is [ACS3-HMAC-SHA256\n" in answer["Message"]
    assert "server CanonicalRequest is [POST\n/\n\n" in answer["Message"]


def test_changed_query_does_not_fit_the_signature() -> None:
    request, body = sign_v3({"a": "1"})
    changed = request._replace(query={"a": "2"})
    assert parse(answer_v3((changed, body)))["Code"] == "SignatureDoesNotMatch"


def test_bytes_that_are_not_utf8_are_signed_as_they_came() -> None:
    request, body = sign_v3({"Format": "JSON", "a": "x"})
    for changed in (
        request._replace(query={**request.query, "a": "\udcff"}),
        request._replace(headers={**request.headers, "accept": "\udcff"}),
    ):
        assert parse(answer_v3((changed, body)))["Code"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x_acs_date", "MissingTimestamp"),
        ("x_acs_signature_nonce", "MissingSignatureNonce"),
        ("x_acs_content_sha256", "MissingContentSha256"),
        ("x_acs_version", "InvalidVersion"),
        ("x_acs_action", "MissingAction"),
    ],
)
def test_required_header_must_be_there(name: str, code: str) -> None:
    without: dict[str, Any] = {name: None}
    response = answer_v3(sign_v3({"Format": "JSON"}, None, **without))
    assert (response.status, parse(response)["Code"]) == (400, code)


@pytest.mark.parametrize("name", ["x-acs-extra", "x-acs-security-token"])
def test_all_headers_of_the_service_must_be_signed(name: str) -> None:
    answer = parse(answer_v3(sign_v3({}), **{name: "1"}))
    assert answer["Code"] == "IncompleteSignature"
    assert answer["Message"].endswith(f"SignedHeaders must name {name}.")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ACS3-HMAC-SHA256", "IncompleteSignature"),
        ("ACS3-HMAC-SHA256 Credential=a,Signature=b", "IncompleteSignature"),
        ("ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=b", "IncompleteSignature"),
        ("ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=b", "InvalidSignatureMethod"),
    ],
)
def test_malformed_authorization_is_refused(text: str, code: str) -> None:
    with pytest.raises(RPCError) as caught:
        acs3.Authorization.parse(text)
    assert caught.value.spec().code == code


def test_authorization_may_have_spaces_after_commas() -> None:
    found = acs3.Authorization.parse(
        "ACS3-HMAC-SHA256 Credential=key, SignedHeaders=Host;x-acs-date, Signature=0f"
    )
    assert found == ("ACS3-HMAC-SHA256", "key", ("host", "x-acs-date"), "0f")
