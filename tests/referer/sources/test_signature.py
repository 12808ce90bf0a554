"""The client's signature: the server's verifier accepts it, and refuses it for another request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import parse, verify
from oss_referer.sources.account import GivenKey
from oss_referer.sources.bucket import format_query, quote_path, sign

REGION, BUCKET, NOW = "cn-hangzhou", "examplebucket", time.time()
KEY = GivenKey("id", "secret", None)


def signed(
    method: str = "GET",
    object_key: str = "",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    key: GivenKey = KEY,
    **changes: Any,
) -> Request:
    """Return a request as the server gets it; `changes` are made after it was signed."""
    query = query or {}
    fields = sign(
        *(method, BUCKET, object_key, query, headers or {}), key=key, region=REGION, now=NOW
    )
    target = f"{quote_path(f'/{BUCKET}/{object_key}')}?{format_query(query)}"
    changed = changes.pop("fields", {})
    return Request.parse(
        changes.get("sent_method", method),
        changes.get("target", target),
        list({**fields, **changed}.items()),
        NOW,
    )


def check(request: Request, object_key: str = "", secret: str = KEY.secret) -> None:
    claim = parse(request)
    assert claim is not None
    verify(claim, request, Target(BUCKET, object_key), secret, REGION)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"query": {"referer": ""}},
        {"query": {"list-type": "2", "prefix": "a b+ü/~*", "max-keys": "5", "A": "&="}},
        {"object_key": "logs/2026 11+ü~'()*!#?%2F//.log"},
        {"object_key": "\udcff"},
        {"method": "PUT", "headers": {"content-type": "application/xml", "content-md5": "abc=="}},
        {"headers": {"x-oss-acl": "  private ", "referer": "https://www.example.com/"}},
        {"key": GivenKey("id", "secret", "a/token+=")},
        {"key": GivenKey("id", "sécret", None)},
    ],
)
def test_server_accepts_the_signature(request_: dict[str, Any]) -> None:
    """P-14"""
    key = request_.get("key", KEY)
    check(signed(**request_), request_.get("object_key", ""), key.secret)


@pytest.mark.parametrize(
    "changes",
    [
        {"sent_method": "PUT"},
        {"target": f"/{BUCKET}/?acl"},
        {"fields": {"content-type": "text/plain"}},
        {"fields": {"x-oss-security-token": "another"}},
        {"fields": {"x-oss-meta-a": "added"}},
    ],
)
def test_server_refuses_the_signature_of_another_request(changes: dict[str, Any]) -> None:
    with pytest.raises(OSSError, match="signature"):
        check(signed(query={"referer": ""}, **changes))


def test_server_refuses_the_signature_of_another_key() -> None:
    with pytest.raises(OSSError, match="signature"):
        check(signed(), secret="another")
