"""Who signed a request with V3, and every refusal; test_signature.py has those of V1."""

from __future__ import annotations

import pytest
from oss_emulator import rpc
from oss_emulator.protocol.message import Request
from oss_emulator.rpc.authentication import claim
from oss_emulator.rpc.request import RPCRequest
from oss_emulator.sts import STS
from oss_referer import Signing

from tests.unit.sts.requests import ENVIRONMENT, MATERIAL, answer_v3, credentials, parse, sign_v3

REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({"key": "unknown-key"}, 404, "InvalidAccessKeyId.NotFound"),
    ({"key": "STS.unknown"}, 400, "MissingSecurityToken"),
    ({"x_acs_security_token": "CAIS"}, 400, "InvalidSecurityToken.MismatchWithAccessKey"),
    ({"secret": "wrong"}, 400, "SignatureDoesNotMatch"),
    ({"x_acs_date": "yesterday"}, 400, "InvalidTimeStamp.Format"),
    ({"x_acs_date": "2023-11-14T21:58:19Z"}, 400, "InvalidTimeStamp.Expired"),
    ({"x_acs_date": "2023-11-14T22:28:21Z"}, 400, "InvalidTimeStamp.Expired"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED)
def test_bad_signature_is_refused(changes: dict[str, str], status: int, code: str) -> None:
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


@pytest.mark.parametrize(
    ("target", "authorization", "body", "expected"),
    [
        ("/", "", b"", (Signing.NONE, "")),
        ("/?AccessKeyId=a", "", b"", (Signing.URL, "a")),
        ("/", "", b"AccessKeyId=a", (Signing.FORM, "a")),
        ("/", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host", b"", (Signing.HEADER, "a")),
        ("/", "ACS3-HMAC-SHA256", b"", (Signing.HEADER, "")),
        ("/", "Basic YTpi", b"", (Signing.NONE, "")),
    ],
)
def test_claim_says_where_and_with_which_key(
    target: str, authorization: str, body: bytes, expected: tuple[Signing, str]
) -> None:
    headers = [("Authorization", authorization)] if authorization else []
    request = Request.parse("POST", target, headers, 0.0)
    assert claim(RPCRequest.parse(request, body)) == expected
