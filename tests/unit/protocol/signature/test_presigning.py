"""Signed URLs that the emulator makes itself: what they say, and that they verify."""

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import verify
from oss_emulator.protocol.signature.presigning import sign_url

from tests.unit.protocol.signature.requests import ISO, NOW, SCOPE, claimed


def signed(token: str | None, *headers: tuple[str, str]) -> Request:
    query = sign_url(
        "GET",
        "b",
        "a key",
        {"acl": ""},
        access_key_id="ak",
        secret="sk",
        region="cn-hangzhou",
        now=NOW,
        expires=60,
        token=token,
        headers=headers,
    )
    return Request.parse("GET", f"/b/a%20key?{query}", headers, NOW + 59)


@pytest.mark.parametrize("token", [None, "a token"])
def test_signed_url_names_its_key_and_time(token: str | None) -> None:
    """P-16"""
    request = signed(token)
    assert request.query["x-oss-credential"] == f"ak/{SCOPE}"
    assert (request.query["x-oss-date"], request.query["x-oss-expires"]) == (ISO, "60")
    assert request.query.get("x-oss-security-token") == token
    assert request.query["acl"] == ""


@pytest.mark.parametrize("token", [None, "a token"])
def test_signed_url_is_verified_until_its_end(token: str | None) -> None:
    """P-16"""
    request, target = signed(token), Target("b", "a key")
    claim = claimed(request)
    assert claim.token == token
    verify(claim, request, target, "sk", "cn-hangzhou")
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        verify(claim, request, target, "another", "cn-hangzhou")
    with pytest.raises(OSSError, match="AccessDenied"):
        verify(claim, request._replace(received=NOW + 61), target, "sk", "cn-hangzhou")


def test_signed_url_needs_the_headers_that_it_was_made_for() -> None:
    """P-16"""
    request, target = (
        signed(None, ("x-oss-copy-source", "/b/c"), ("Referer", "r")),
        Target("b", "a key"),
    )
    verify(claimed(request), request, target, "sk", "cn-hangzhou")
    for source in ({}, {"x-oss-copy-source": "/b/d"}):
        with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
            verify(claimed(request), request._replace(headers=source), target, "sk", "cn-hangzhou")
