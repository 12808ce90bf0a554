"""Calls of the RPC style: their parameters, products and signatures."""

from __future__ import annotations

from typing import Any

import pytest
from aliyunsdkcore.auth.composer import rpc_signature_composer
from aliyunsdkcore.request import RpcRequest
from oss_emulator import rpc
from oss_emulator.kms import KMS
from oss_emulator.protocol.dates import parse_iso
from oss_emulator.protocol.message import Request
from oss_emulator.rpc import acs3
from oss_emulator.rpc.authentication import claim
from oss_emulator.rpc.errors import RPCError
from oss_emulator.rpc.product import Product
from oss_emulator.rpc.request import RPCRequest, string_to_sign
from oss_emulator.sts import STS
from oss_referer import Signing

from tests.rows import read_cases, rows
from tests.unit.sts.requests import (
    ENVIRONMENT,
    MATERIAL,
    NOW,
    answer_v3,
    ask,
    check_refused,
    credentials,
    parameters,
    parse,
    sign_v3,
)

CASES = read_cases("unit.rpc")


# --- Requests: their action, parameters and format, and signature V1

V3 = {"x-acs-action": "AssumeRole", "x-acs-version": "2015-04-01"}


def request(target: str, headers: dict[str, str], method: str = "GET") -> Request:
    return Request.parse(method, target, headers.items(), 0.0)


@rows(
    ("target", "headers", "as_json"),
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
)
def test_format_decides_and_then_accept(
    target: str, headers: dict[str, str], as_json: bool
) -> None:
    """P-61"""
    assert RPCRequest.parse(request(target, headers), b"").as_json is as_json


@rows("target, headers, expected", *CASES["action_is_in_parameters_or_headers"])
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


@rows(("changes", "status", "code"), *REFUSED)
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
    # aliyun-python-sdk-core 2.16 recognizes a wrong secret by this comparison.
    assert message.split(":")[1] == request.string_to_sign


@rows("value", "", " ", "+", "~", "*", "%", "/", "ä中", "a=b&c", "'\"", "!()", "a:b,c")
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


# --- Which hosts and requests belong to a service


@rows(
    ("host", "expected", "region"),
    ("sts.aliyuncs.com", STS, ""),
    ("sts.cn-hangzhou.aliyuncs.com", STS, "cn-hangzhou"),
    ("sts-vpc.cn-hangzhou.aliyuncs.com", STS, "cn-hangzhou"),
    ("kms.us-west-1.aliyuncs.com", KMS, "us-west-1"),
    ("kms-vpc.cn-shanghai-finance-1.aliyuncs.com", KMS, "cn-shanghai-finance-1"),
    ("sts.oss-cn-hangzhou.aliyuncs.com", None, ""),
    ("kms.oss-cn-hangzhou.aliyuncs.com", None, ""),
    ("kst-1.cryptoservice.kms.aliyuncs.com", None, ""),
    ("oss-cn-hangzhou.aliyuncs.com", None, ""),
    ("sts.aliyuncs.com.example.com", None, ""),
)
def test_host_names_a_service_and_its_region(
    host: str, expected: Product | None, region: str
) -> None:
    for product in (STS, KMS):
        assert product.is_host(host) is (product is expected)
        assert product.region(host) == (region if product is expected else "")


@rows(
    ("target", "headers", "expected"),
    ("/_emulator/sts", {}, STS),
    ("/_emulator/sts/", {}, STS),
    ("/_emulator/sts/x", {}, None),
    ("/_emulator/kms", {}, KMS),
    ("/?Action=GetCallerIdentity&Version=2015-04-01", {}, STS),
    ("/?Action=Encrypt&Version=2016-01-20", {}, KMS),
    ("/bucket?Action=GetCallerIdentity&Version=2015-04-01", {}, None),
    ("/?Action=GetCallerIdentity", {}, None),
    ("/?Version=2015-04-01", {}, None),
    ("/", V3, STS),
    ("/", {**V3, "x-acs-version": "2016-01-20"}, KMS),
    ("/", {**V3, "x-acs-version": "2014-05-26"}, None),
    ("/?acl", {}, None),
    ("/", {}, None),
)
def test_request_to_the_own_endpoint_names_a_service(
    target: str, headers: dict[str, str], expected: Product | None
) -> None:
    request = Request.parse("GET", target, headers.items(), 0.0)
    for product in (STS, KMS):
        assert product.is_at_endpoint(request) is (product is expected)


# --- Signature V3: requests that the SDK signed, the example of the documentation, and refusals


@rows("method", "GET", "POST")
@rows("value", "", " ", "+", "~", "*", "%", "/", "ä中", "a=b&c", "'\"", "!()", "a:b,c")
def test_request_that_the_sdk_signed_is_accepted(method: str, value: str) -> None:
    """P-61"""
    sent = sign_v3({"b": value, "A": "1", "a": "2"}, method=method)
    assert answer_v3(sent).status == 200


def test_parameters_in_a_form_are_signed_by_their_hash() -> None:
    form = {"RoleArn": "acs:ram::1000000000000001:role/worker", "RoleSessionName": "night"}
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


@rows("name, value", *CASES["changed_header_does_not_fit_the_signature"])
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


@rows(("name", "code"), *CASES["required_header_must_be_there"])
def test_required_header_must_be_there(name: str, code: str) -> None:
    without: dict[str, Any] = {name: None}
    response = answer_v3(sign_v3({"Format": "JSON"}, None, **without))
    assert (response.status, parse(response)["Code"]) == (400, code)


@rows("name", "x-acs-extra", "x-acs-security-token")
def test_all_headers_of_the_service_must_be_signed(name: str) -> None:
    answer = parse(answer_v3(sign_v3({}), **{name: "1"}))
    assert answer["Code"] == "IncompleteSignature"
    assert answer["Message"].endswith(f"SignedHeaders must name {name}.")


@rows("text, code", *CASES["malformed_authorization_is_refused"])
def test_malformed_authorization_is_refused(text: str, code: str) -> None:
    with pytest.raises(RPCError) as caught:
        acs3.Authorization.parse(text)
    assert caught.value.spec().code == code


def test_authorization_may_have_spaces_after_commas() -> None:
    found = acs3.Authorization.parse(
        "ACS3-HMAC-SHA256 Credential=key, SignedHeaders=Host;x-acs-date, Signature=0f"
    )
    assert found == ("key", ("host", "x-acs-date"), "0f")


# --- Who signed a request with V3, and every refusal; test_signature.py has those of V1

REFUSED_SIGNATURES: list[tuple[dict[str, str], int, str]] = CASES["refused_signatures"]


@rows(("changes", "status", "code"), *REFUSED_SIGNATURES)
def test_signature_of_a_caller_is_refused(changes: dict[str, str], status: int, code: str) -> None:
    response = answer_v3(sign_v3({}, **changes))  # type: ignore[arg-type]
    assert (response.status, parse(response)["Code"]) == (status, code)


def test_user_is_known_by_a_signature_v3() -> None:
    request, body = sign_v3({})
    given = rpc.answer(STS, request, body, ENVIRONMENT, MATERIAL)
    assert (given.signing, given.access_key_id) == (Signing.HEADER, "assumer-key")
    assert given.caller.name == "assumer"


def test_session_signs_with_its_token_in_a_header() -> None:
    found = credentials()
    sent = sign_v3(
        {},
        key=found["AccessKeyId"],
        secret=found["AccessKeySecret"],
        x_acs_security_token=found["SecurityToken"],
    )
    assert parse(answer_v3(sent))["IdentityType"] == "AssumedRoleUser"


@rows(
    ("target", "authorization", "body", "expected"),
    ("/", "", b"", (Signing.NONE, "")),
    ("/?AccessKeyId=a", "", b"", (Signing.URL, "a")),
    ("/", "", b"AccessKeyId=a", (Signing.FORM, "a")),
    ("/", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host", b"", (Signing.HEADER, "a")),
    ("/", "ACS3-HMAC-SHA256", b"", (Signing.HEADER, "")),
    ("/", "Basic YTpi", b"", (Signing.NONE, "")),
)
def test_claim_says_where_and_with_which_key(
    target: str, authorization: str, body: bytes, expected: tuple[Signing, str]
) -> None:
    headers = [("Authorization", authorization)] if authorization else []
    request = Request.parse("POST", target, headers, 0.0)
    assert claim(RPCRequest.parse(request, body)) == expected
